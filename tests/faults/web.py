"""A browser without a browser: signs in with both factors, sends forms, follows nothing."""

from __future__ import annotations

import time
from typing import BinaryIO

import httpx2

from comity.node.demo.signing_in import code

Files = list[tuple[str, tuple[str, bytes | BinaryIO, str]]]


class SignInFailed(Exception):
    """The node answered, and did not let the officer in."""


class Browser:
    """One officer at one node's pages. Not for two threads."""

    def __init__(self, address: str, email: str, password: str, secret: str) -> None:
        self.address, self._email, self._password, self._secret = address, email, password, secret
        self._client = httpx2.Client(base_url=address, timeout=30.0, trust_env=False)
        self._token = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sign_in(self, attempts: int = 3) -> None:
        """Password, then the code of the moment; a code is good once, so wait for the next."""
        self._client.get("/account/login/").raise_for_status()
        self.post("/account/login/", {"login": self._email, "password": self._password})
        for attempt in range(attempts):
            if attempt:
                time.sleep(31 - time.time() % 30)
            self.post("/account/2fa/authenticate/", {"code": code(self._secret, time.time())})
            if self.get("/").status_code == 200:
                return
        raise SignInFailed(self.get("/").status_code)

    def get(self, path: str) -> httpx2.Response:
        return self._client.get(path)

    def post(
        self, path: str, fields: dict[str, str], files: Files | None = None
    ) -> httpx2.Response:
        """Send a form as this site's own page would."""
        name = next(
            (each for each in self._client.cookies if each.startswith("comity_csrf")), "csrftoken"
        )
        token = self._client.cookies.get(name, "")
        return self._client.post(
            path,
            data=fields | {"csrfmiddlewaretoken": token},
            files=files,  # type: ignore[arg-type]
            headers={"Origin": self.address, "Referer": self.address + path},
        )

    def cookies(self) -> str:
        """The Cookie line, for calls that are written by hand."""
        return "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())

    @property
    def csrf(self) -> str:
        """The token that a form of this site carries."""
        return next((v for n, v in self._client.cookies.items() if n.startswith("comity_csrf")), "")
