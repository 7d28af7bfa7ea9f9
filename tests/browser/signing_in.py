"""The door of a node: password, second step, confirming again, leaving."""

from __future__ import annotations

import time

from playwright.sync_api import expect

from comity.node.demo.signing_in import STEP_SECONDS, code
from tests.browser import posting
from tests.browser.seats import Seat

_used: dict[str, int] = {}


def fresh_code(seat: Seat) -> str:
    """The code of the moment; each is taken only once, so wait where this one is spent."""
    assert seat.part is not None
    secret = seat.part.totp_secret(seat.place.node_id)
    seat.until(lambda: _window() != _used.get(secret) and _holds_on(), "time stands still")
    _used[secret] = _window()
    return code(secret, time.time())


def _window() -> int:
    return int(time.time()) // STEP_SECONDS


def _holds_on() -> bool:
    """The code is good for long enough to be typed and sent."""
    return time.time() % STEP_SECONDS < STEP_SECONDS - 4


class Door:
    """Signing in and out as officers do."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def password(self, address: str, password: str) -> Door:
        """The first step."""
        self.seat.open("/account/login/")
        self.seat.fill(login=address, password=password).press("Sign in", within="main")
        return self

    def sign_in(self) -> Seat:
        """Both steps, as the officer of this seat."""
        seat, part = self.seat, self.seat.part
        assert part is not None
        self.password(part.address(seat.place.node_id), part.password)
        self.second_step()
        expect(seat.page.locator(".cm-account")).to_be_visible()
        return seat

    def enter(self) -> Seat:
        """Both steps by the same two forms, without drawing them: for all who come to work."""
        seat, part = self.seat, self.seat.part
        assert part is not None
        door = posting.read(seat, "/account/login/")
        login, password = part.address(seat.place.node_id), part.password
        second = posting.send(seat, door, "Sign in", login=login, password=password)
        inside = posting.send(seat, second, "Sign in", code=fresh_code(seat))
        assert inside.find_class("cm-account"), posting.said_on(inside)
        return seat

    def second_step(self) -> None:
        """The code of the authenticator app."""
        self.seat.sees("Second step")
        self.seat.fill(code=fresh_code(self.seat)).press("Sign in", within="main")

    def confirm_again(self) -> None:
        """What binds the authority asks for the second step once more."""
        self.seat.sees("Confirm that it is you")
        code = {"step-code": fresh_code(self.seat)}
        self.seat.fill(**code).press("Confirm", within="main")

    def stay_fresh(self) -> Seat:
        """Confirm by password at a page that asks for a fresh sign-in, without drawing it."""
        seat, part = self.seat, self.seat.part
        assert part is not None
        asked = posting.read(seat, "/account/reauthenticate/?next=/account/2fa/")
        posting.send(seat, asked, password=part.password)
        return seat

    def leave(self) -> None:
        """Sign out by the account menu."""
        page = self.seat.page
        page.locator(".cm-account summary").click()
        self.seat.press("Sign out", within=".cm-account")
        expect(page.locator("#id_login")).to_be_visible()
