"""Signed statements as compact JWS with ES256 (RFC 7515, RFC 7518), and only in one spelling."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from comity.core import canonical, certificates
from comity.core.errors import Untrusted

MAX_CHARACTERS = 1 << 18
_ALGORITHM = "ES256"


def _registry() -> jws.JWSRegistry:
    registry = jws.JWSRegistry(algorithms=[_ALGORITHM])
    # A certificate in the header (x5c) is longer than joserfc's 512 bytes.
    registry.max_header_length = registry.max_payload_length = MAX_CHARACTERS
    return registry


_REGISTRY = _registry()


@dataclass(frozen=True)
class Parts:
    """Header and payload of a statement whose signature nobody has checked yet."""

    header: dict[str, Any]
    payload: bytes
    text: str


def sign(payload: bytes, header: Mapping[str, object], key: ec.EllipticCurvePrivateKey) -> str:
    """Sign bytes and return header, payload and signature, base64url, with dots between.

    header: written canonically, with alg added. key: P-256.
    """
    protected = {**header, "alg": _ALGORITHM}
    ordered = {name: protected[name] for name in sorted(protected)}
    return jws.serialize_compact(ordered, payload, ECKey.import_key(key), registry=_REGISTRY)


def split(text: str, code: str) -> Parts:
    """Take a statement apart; no signature is checked.

    Raises Untrusted(code + ".malformed") or a code of `canonical` for whatever `sign` does not
    write: other algorithms, padding, another order or spacing of the header.
    """
    pieces = text.split(".") if len(text) <= MAX_CHARACTERS else []
    if len(pieces) != 3:
        raise Untrusted(f"{code}.malformed")
    raw_header, payload, signature = (_decoded(piece, code) for piece in pieces)
    header = canonical.decode(raw_header)
    if not isinstance(header, dict) or header.get("alg") != _ALGORITHM or len(signature) != 64:
        raise Untrusted(f"{code}.malformed")
    return Parts(header, payload, text)


def check(parts: Parts, certificate: x509.Certificate, code: str) -> None:
    """Check that the key of this certificate signed the statement.

    Whether the certificate is the right one, and valid, is the caller's question.
    Raises Untrusted(code + ".signature").
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Untrusted(f"{code}.signature") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Untrusted(f"{code}.signature")
    try:
        jws.deserialize_compact(parts.text, ECKey.import_key(key), registry=_REGISTRY)
    except (JoseError, ValueError):
        raise Untrusted(f"{code}.signature") from None


def thumbprint(certificate: x509.Certificate) -> str:
    """Return the header member x5t#S256: base64url of the SHA-256 of the DER (RFC 7515, 4.1.8)."""
    return _encoded(hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest())


def chain_member(certificate: x509.Certificate) -> str:
    """Return a member of the header's x5c: base64 of the DER (RFC 7515, 4.1.6)."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode("ascii")


def load_pem(certificate: bytes | str) -> x509.Certificate:
    """Read one PEM certificate, given as bytes or as the text in a descriptor."""
    pem = certificate.encode("utf-8") if isinstance(certificate, str) else certificate
    return certificates.load_certificate(pem)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _decoded(piece: str, code: str) -> bytes:
    try:
        data = base64.urlsafe_b64decode(piece.encode("ascii") + b"=" * (-len(piece) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise Untrusted(f"{code}.malformed") from None
    if _encoded(data) != piece:
        raise Untrusted(f"{code}.malformed")
    return data
