"""Calls to a partner's node: TLS pinned to its own authority, every call signed."""

from __future__ import annotations

import hashlib
import secrets
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing.fields import moment_text
from comity.exchange.actions import http_keyid, keyring
from comity.exchange.models import Partner

if TYPE_CHECKING:
    import httpx2

# httpx2 and the signatures take 13 MB of memory: they are loaded by whoever makes a call.

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
LISTEN_SECONDS = 1.0
MAX_ANSWER_BYTES = 1 << 20
OCTETS = "application/octet-stream"
JOSE = "application/jose"
JSON = "application/json"
NOTHING = hashlib.sha256(b"").digest()

# OpenSSL's X509_V_ERR_* numbers, in the words of the codes that pages explain.
_CERTIFICATE_CODES = {
    9: "tls.not_yet_valid",
    10: "tls.expired",
    62: "tls.wrong_name",
    64: "tls.wrong_name",
}
_ALERTS = {
    "CERTIFICATE_REQUIRED": "tls.they_refuse_us",
    "UNKNOWN_CA": "tls.they_refuse_us",
    "BAD_CERTIFICATE": "tls.they_refuse_us",
    "CERTIFICATE_UNKNOWN": "tls.they_refuse_us",
    "DECRYPT_ERROR": "tls.they_refuse_us",
    "CERTIFICATE_EXPIRED": "tls.they_say_expired",
}


class NoAnswer(Exception):
    """The partner's node gave no answer. connected: the call broke after it had begun."""

    def __init__(self, code: str, *, connected: bool) -> None:
        super().__init__(code)
        self.code = code
        self.connected = connected


@dataclass(frozen=True)
class Answer:
    """What a partner's node answered. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_jose(self) -> bool:
        """Whether the body is a signed statement."""
        return self.headers.get("content-type", "").split(";")[0] == JOSE

    @property
    def text(self) -> str:
        """The body as the ASCII text of a signed statement; raises Untrusted if it is not ASCII."""
        try:
            return self.body.decode("ascii")
        except UnicodeDecodeError:
            raise Untrusted("receipt.malformed") from None

    @property
    def code(self) -> str:
        """The error code of a refusal, or `http.<status>`."""
        found = self._refusal().get("error")
        return found[:80] if isinstance(found, str) and found else f"http.{self.status}"

    @property
    def facts(self) -> dict[str, Any]:
        """The facts of a refusal."""
        found = self._refusal().get("facts")
        return found if isinstance(found, dict) else {}

    def _refusal(self) -> dict[str, Any]:
        if self.status < 400 or self.is_jose:
            return {}
        try:
            value = canonical.decode(self.body)
        except Untrusted:
            return {}
        return value if isinstance(value, dict) else {}

    def number(self, header: str) -> int | None:
        """A field that holds a plain decimal number."""
        value = self.headers.get(header, "")
        return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else None


def tls_context(partner: Partner) -> ssl.SSLContext:
    """Return a context that trusts the partner's own authority only, and shows our certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=partner.described().tls_ca)
    keys = Path(settings.COMITY_KEYS)
    context.load_cert_chain(keys / "tls-client.pem", keys / "tls-client.key")
    return context


@dataclass
class Line:
    """A connection to one partner, used for several calls. Use with `with`."""

    partner: Partner
    seconds: float = ANSWER_SECONDS
    _client: httpx2.Client = field(init=False)
    _endpoint: str = field(init=False)
    _answered: bool = field(init=False, default=False)

    def __enter__(self) -> Line:
        import httpx2

        self._endpoint = self.partner.described().endpoint
        self._client = httpx2.Client(
            verify=tls_context(self.partner),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(self.seconds, connect=CONNECT_SECONDS),
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | BinaryIO = b"",
        body_digest: bytes | None = None,
        content_type: str = OCTETS,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Answer:
        """Make one signed call. body_digest: SHA-256 of the body, needed if it is a file.

        Raises NoAnswer.
        """
        import httpx2

        from comity.core import httpsig

        if body_digest is None:
            body_digest = hashlib.sha256(body).digest() if isinstance(body, bytes) else NOTHING
        target = self._endpoint + path
        signed = httpsig.sign_headers(
            method=method,
            target_uri=target,
            body_digest=body_digest,
            key=keyring().http_key,
            keyid=http_keyid(),
            created=timezone.now(),
            nonce=secrets.token_urlsafe(24),
            content_type=content_type,
        )
        request = self._client.build_request(
            method,
            target,
            content=body,
            headers={**signed, **(headers or {})},
            timeout=httpx2.Timeout(seconds or self.seconds, connect=CONNECT_SECONDS),
        )
        return self._send(request)

    def get(self, path: str) -> Answer:
        """Fetch something that needs no signature. Raises NoAnswer."""
        return self._send(self._client.build_request("GET", self._endpoint + path))

    def _send(self, request: httpx2.Request) -> Answer:
        import httpx2

        try:
            response = self._client.send(request, stream=True)
            try:
                body = b"".join(_limited(response))
            finally:
                response.close()
        except httpx2.HTTPError as failure:
            code, begun = code_of(failure), not _never_connected(failure)
            if code == "net.cut" and not self._answered and (refused := self._refused()):
                code, begun = refused, False
            raise NoAnswer(code, connected=begun) from None
        self._answered = True
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)

    def _refused(self) -> str:
        """Why the other side ends the connection right after the handshake; "" if it does not.

        In TLS 1.3 we may speak before the server has judged our certificate (RFC 8446, figure 1).
        If it closes while our call is still coming in, its alert is thrown away with the
        connection; whoever says nothing reads it.
        """
        parts = urlsplit(self._endpoint)
        host, port = parts.hostname or "", parts.port or 443
        try:
            with (
                _connect(host, port) as plain,
                tls_context(self.partner).wrap_socket(plain, server_hostname=host) as secured,
            ):
                secured.settimeout(LISTEN_SECONDS)
                secured.recv(1)
        except OSError as failure:
            code = code_of(failure)
            return code if code.startswith("tls.") else ""
        return ""


def _limited(response: httpx2.Response) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > MAX_ANSWER_BYTES:
            raise NoAnswer("net.answer_too_large", connected=True)
        yield piece


def _never_connected(failure: httpx2.HTTPError) -> bool:
    import httpx2

    return isinstance(failure, httpx2.ConnectError | httpx2.ConnectTimeout) or code_of(
        failure
    ).startswith("tls.")


def _causes(failure: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    current: BaseException | None = failure
    while current is not None and current not in seen:
        seen.append(current)
        yield current
        current = current.__cause__ or current.__context__


def code_of(failure: BaseException) -> str:
    """Return why a call failed, as a code that pages explain in plain words."""
    import httpx2

    for cause in _causes(failure):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _CERTIFICATE_CODES.get(cause.verify_code, "tls.unknown_authority")
        if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return "net.cut"
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or ""
            return next((code for word, code in _ALERTS.items() if word in reason), "tls.failed")
        if isinstance(cause, socket.gaierror):
            return "net.no_address"
        if isinstance(cause, ConnectionRefusedError):
            return "net.refused"
        if isinstance(cause, TimeoutError | httpx2.TimeoutException):
            return "net.timeout"
    if isinstance(failure, httpx2.ConnectError):
        return "net.unreachable"
    return "net.cut"


# Diagnosis: what an officer is told when a partner's node does not answer


@dataclass(frozen=True)
class Step:
    """One thing that was tried. ok: None if it could not be tried. facts: numbers and codes."""

    code: str
    ok: bool | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """What a test of the connection found; descriptor: a newer one that was published, or ""."""

    steps: tuple[Step, ...]
    ahead_seconds: int | None = None
    descriptor: str = ""


def diagnose(partner: Partner) -> Diagnosis:
    """Try name, port, certificate and a signed call in turn, and stop at the first that fails."""
    parts = urlsplit(partner.described().endpoint)
    host, port = parts.hostname or "", parts.port or 443
    steps: list[Step] = []
    try:
        steps.append(_timed("name", lambda: socket.getaddrinfo(host, port)))
        steps.append(_timed("port", lambda: _connect(host, port).close()))
        steps.append(_certificate(partner, host, port))
    except OSError as failure:
        code = ("name", "port", "certificate")[len(steps)]
        steps.append(Step(code, False, {"reason": code_of(failure), "port": port}))
        return Diagnosis(tuple(steps))
    return _signed_call(partner, steps)


def _timed(code: str, work: Any) -> Step:
    started = time.monotonic()
    work()
    return Step(code, True, {"milliseconds": int((time.monotonic() - started) * 1000)})


def _connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=CONNECT_SECONDS)


def _certificate(partner: Partner, host: str, port: int) -> Step:
    with (
        _connect(host, port) as plain,
        tls_context(partner).wrap_socket(plain, server_hostname=host) as secured,
    ):
        shown = secured.getpeercert() or {}
    until = str(shown.get("notAfter", ""))
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(until), UTC) if until else None
    days = (ends - timezone.now()).days if ends else None
    return Step("certificate", True, {"days_left": days})


def _signed_call(partner: Partner, steps: list[Step]) -> Diagnosis:
    ours = canonical.encode({"at": moment_text(timezone.now())})
    started = time.monotonic()
    try:
        with Line(partner, seconds=10.0) as line:
            answer = line.call("POST", "/x/1/ping", body=ours, content_type=JSON)
            milliseconds = int((time.monotonic() - started) * 1000)
            if answer.status != 200:
                return _refused_call(steps, answer)
            said = canonical.decode(answer.body)
            newer = _newer_descriptor(line, partner, said)
    except NoAnswer as silence:
        return Diagnosis((*steps, Step("call", False, {"reason": silence.code})))
    except Untrusted as doubt:
        return Diagnosis((*steps, Step("call", False, {"reason": doubt.code})))
    ahead = -said["ahead_seconds"] if isinstance(said.get("ahead_seconds"), int) else None
    limit = settings.COMITY_CLOCK_SKEW_SECONDS
    close = None if ahead is None else abs(ahead) <= limit / 2
    done = (
        *steps,
        Step("call", True, {"milliseconds": milliseconds}),
        Step("clock", close, {"seconds": abs(ahead or 0), "limit": limit}),
    )
    return Diagnosis(done, ahead, newer)


def _refused_call(steps: list[Step], answer: Answer) -> Diagnosis:
    if answer.code == "call.skew":
        seconds = answer.facts.get("seconds", 0)
        facts = {"seconds": abs(seconds), "limit": settings.COMITY_CLOCK_SKEW_SECONDS}
        return Diagnosis((*steps, Step("clock", False, facts)), -seconds)
    return Diagnosis((*steps, Step("call", False, {"reason": answer.code})))


def _newer_descriptor(line: Line, partner: Partner, said: Any) -> str:
    if not isinstance(said, dict) or not isinstance(said.get("serial"), int):
        raise Untrusted("call.malformed")
    if said["serial"] <= partner.described().serial:
        return ""
    answer = line.get("/.well-known/comity")
    return answer.text if answer.status == 200 else ""
