"""Asks a time-stamp authority over HTTP (RFC 3161, 3.4); the only network code of the ledger."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import httpx2
from django.conf import settings
from django.utils import timezone

from comity.core import timestamps
from comity.core.errors import Untrusted


@dataclass(frozen=True)
class Answer:
    """What an authority answered to one query, as it was sent and received (DER)."""

    authority: str
    request: bytes
    response: bytes
    stamp: timestamps.Stamp


class NoStamp(Exception):
    """No authority gave a usable stamp; `reasons` holds (authority, code, response bytes)."""

    def __init__(self, reasons: list[tuple[str, str, bytes]]) -> None:
        super().__init__("no stamp")
        self.reasons = reasons


def roots() -> list[bytes]:
    """The PEM certificates under which this node believes a time-stamp."""
    return [path.read_bytes() for path in settings.COMITY_TSA_ROOTS]


def ask(digest: bytes) -> Answer:
    """Return the first good stamp over a SHA-256 digest from the configured authorities, in order.

    Raises NoStamp when none is configured, reachable or believable. Never call in a transaction.
    """
    reasons: list[tuple[str, str, bytes]] = []
    for url in settings.COMITY_TSA_URLS:
        nonce = secrets.randbits(63)
        request = timestamps.make_request(digest, nonce)
        response = b""
        try:
            reply = httpx2.post(
                url,
                content=request,
                headers={"Content-Type": "application/timestamp-query"},
                timeout=settings.COMITY_TSA_TIMEOUT_SECONDS,
            )
            response = reply.content
            reply.raise_for_status()
            stamp = timestamps.verify_response(response, digest, nonce, roots(), timezone.now())
        except httpx2.HTTPError as failure:
            reasons.append((url, f"http.{type(failure).__name__}", response))
        except Untrusted as doubt:
            reasons.append((url, doubt.code, response))
        else:
            if stamp.trusted:
                return Answer(url, request, response, stamp)
            reasons.append((url, "timestamp.unknown_authority", response))
    raise NoStamp(reasons)


def stamper(digest: bytes) -> bytes:
    """Return a token over a digest: the form that `core.cms` and `core.documents` take.

    Raises NoStamp. Work that must not wait for trusted time catches it and goes on without a
    token; the next checkpoint's stamp covers what the ledger has of it.
    """
    return ask(digest).stamp.token
