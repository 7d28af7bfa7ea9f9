"""Signed HTTP calls between nodes: RFC 9421 with Ed25519, RFC 9530 for the body.

Needs the `node` extra; the verifier does not import it. docs/protocol/exchange.md is the profile.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    VerifyResult,
    algorithms,
)

from comity.core.errors import Untrusted

TAG = "comity/1"
LABEL = "comity"
COMPONENTS = ("@method", "@target-uri", "content-type", "content-digest")
MAX_FIELD_CHARACTERS = 2048
_SIGNED_FIELDS = ("content-type", "content-digest", "signature-input", "signature")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_CONTENT_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")


@dataclass(frozen=True)
class VerifiedCall:
    """What a valid signature covers; nothing else in the call is proven.

    created: to the second, UTC. body_sha256: 64 hexadecimal digits that the caller compares with
    the body it received. The caller also remembers `(keyid, nonce)` and refuses a second use.
    """

    keyid: str
    nonce: str
    created: datetime
    content_type: str
    body_sha256: str


def sign_headers(
    *,
    method: str,
    target_uri: str,
    body_digest: bytes,
    key: Ed25519PrivateKey,
    keyid: str,
    created: datetime,
    nonce: str,
    content_type: str,
) -> dict[str, str]:
    """Return the four header fields to send with a call: all must be sent as they are.

    target_uri: absolute, as the receiver publishes it. body_digest: SHA-256 of the body (of
    nothing, if there is none), 32 bytes. created: aware. nonce: 16 to 64 characters of base64url,
    never used before with this key.
    Raises ValueError for a nonce, digest, method or address out of form.
    """
    if _NONCE.fullmatch(nonce) is None or len(body_digest) != 32 or created.tzinfo is None:
        raise ValueError("nonce, body digest or moment out of form")
    headers = {
        "Content-Type": content_type,
        "Content-Digest": f"sha-256=:{base64.b64encode(body_digest).decode('ascii')}:",
    }
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519, key_resolver=_OneKey(keyid, key)
    )
    try:
        signer.sign(
            _Call(method, target_uri, headers),
            key_id=keyid,
            created=created,
            nonce=nonce,
            label=LABEL,
            tag=TAG,
            covered_component_ids=COMPONENTS,
            use_existing_digest=True,
        )
    except HTTPMessageSignaturesException as error:
        raise ValueError("method, address, key name or content type out of form") from error
    return headers


def verify_headers(
    *,
    method: str,
    target_uri: str,
    headers: Mapping[str, str],
    public_key_for: Callable[[str], Ed25519PublicKey | None],
    now: datetime,
    max_skew_seconds: int,
) -> VerifiedCall:
    """Check the signature of a call and return what it covers.

    target_uri: rebuilt from the configured public address, never from the Host header.
    public_key_for: None for a key that is not known. now: aware; `created` may lie
    `max_skew_seconds` before or after it.
    Raises Untrusted: call.signature (missing, malformed or wrong), call.unknown_key, call.skew
    (facts: seconds that the other clock is ahead).
    """
    keys = _KnownKeys(public_key_for)
    call = _Call(method, target_uri, _signed_fields(headers))
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    try:
        results = verifier.verify(call, max_age=None, expect_tag=TAG, require_components=COMPONENTS)
    except HTTPMessageSignaturesException:
        raise Untrusted("call.unknown_key" if keys.missed else "call.signature") from None
    if len(results) != 1:
        raise Untrusted("call.signature")
    verified = _covered(results[0])
    ahead = verified.created - now
    if abs(ahead) > timedelta(seconds=max_skew_seconds):
        raise Untrusted("call.skew", seconds=int(ahead.total_seconds()))
    return verified


@dataclass(frozen=True)
class _Call:
    """A request as http-message-signatures wants to see it."""

    method: str
    url: str
    headers: dict[str, str]


class _OneKey(HTTPSignatureKeyResolver):
    def __init__(self, keyid: str, key: Ed25519PrivateKey) -> None:
        self._keyid, self._key = keyid, key

    def resolve_private_key(self, key_id: str) -> Ed25519PrivateKey:
        return self._key


class _KnownKeys(HTTPSignatureKeyResolver):
    def __init__(self, public_key_for: Callable[[str], Ed25519PublicKey | None]) -> None:
        self._public_key_for = public_key_for
        self.missed = False

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey | None:
        found = self._public_key_for(key_id)
        self.missed = found is None
        return found


class _Verifier(HTTPMessageVerifier):
    def validate_created_and_expires(self, sig_input: object, max_age: object = None) -> None:
        """Leave time to `verify_headers`: the library would read the clock."""


def _signed_fields(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the four fields, each of which must be there exactly once and short."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower in _SIGNED_FIELDS:
            if lower in found or len(value) > MAX_FIELD_CHARACTERS:
                raise Untrusted("call.signature")
            found[lower] = value
    if len(found) != len(_SIGNED_FIELDS):
        raise Untrusted("call.signature")
    return found


def _covered(result: VerifyResult) -> VerifiedCall:
    """Take everything from what the signature covers, never from the call."""
    digest = _CONTENT_DIGEST.fullmatch(result.covered_components['"content-digest"'])
    nonce, keyid = result.parameters.get("nonce"), result.parameters.get("keyid")
    created = result.parameters.get("created")
    if not isinstance(nonce, str) or _NONCE.fullmatch(nonce) is None or digest is None:
        raise Untrusted("call.signature")
    if not isinstance(keyid, str) or not isinstance(created, int):
        raise Untrusted("call.signature")
    if "expires" in result.parameters:  # this profile has one clock rule: created
        raise Untrusted("call.signature")
    try:
        moment = datetime.fromtimestamp(created, UTC)
    except (ValueError, OverflowError, OSError):
        raise Untrusted("call.signature") from None
    return VerifiedCall(
        keyid=keyid,
        nonce=nonce,
        created=moment,
        content_type=result.covered_components['"content-type"'],
        body_sha256=base64.b64decode(digest[1]).hex(),
    )
