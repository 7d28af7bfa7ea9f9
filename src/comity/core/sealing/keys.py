"""Recipient keys: what a node publishes so that others can seal to it (HPKE, RFC 9180)."""

from __future__ import annotations

import hashlib
import secrets
from enum import IntEnum
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from comity.core.errors import Untrusted

_MLKEM_PUBLIC_BYTES = 1184
_PRIVATE_BYTES = 33
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_PrivateKey = hpke.MLKEM768X25519PrivateKey | ec.EllipticCurvePrivateKey
_PublicKey = hpke.MLKEM768X25519PublicKey | ec.EllipticCurvePublicKey


class Suite(IntEnum):
    """How a content key is wrapped; every suite uses HKDF-SHA256 and AES-256-GCM."""

    MLKEM768_X25519 = 1
    P256 = 2


# The hybrid also holds against a quantum computer.
STRONGEST_FIRST = (Suite.MLKEM768_X25519, Suite.P256)
ALL_SUITES = frozenset(Suite)

_HPKE = {
    Suite.MLKEM768_X25519: hpke.Suite(
        hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM
    ),
    Suite.P256: hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM),
}


class RecipientKey(NamedTuple):
    """A private key, its public key and the identifier of both; unpacks in this order."""

    private: bytes
    public: bytes
    key_id: str


def at_least(minimum: int) -> frozenset[Suite]:
    """Return the suites that are no weaker than this one.

    Raises ValueError for an unknown suite.
    """
    return frozenset(STRONGEST_FIRST[: STRONGEST_FIRST.index(Suite(minimum)) + 1])


def generate(suite: int) -> RecipientKey:
    """Make a recipient key of this suite.

    private: 33 bytes, the suite number and then a 32-byte seed (suite 1, expanded with SHAKE256
    as draft-ietf-hpke-pq does) or scalar (suite 2). public: 1184 bytes of ML-KEM-768 and 32 of
    X25519 (suite 1), or a 65-byte uncompressed point (suite 2).
    Raises ValueError for an unknown suite.
    """
    chosen = Suite(suite)
    if chosen is Suite.P256:
        secret = (secrets.randbelow(_P256_ORDER - 1) + 1).to_bytes(32)
    else:
        secret = secrets.token_bytes(32)
    private = bytes([chosen]) + secret
    public = public_of(private)
    return RecipientKey(private, public, key_id_of(public))


def key_id_of(public: bytes) -> str:
    """Return the first 16 bytes of the public key's SHA-256, as 32 hexadecimal digits."""
    return hashlib.sha256(public).digest()[:16].hex()


def suite_of(private: bytes) -> Suite:
    """Return the suite that a private key belongs to.

    Raises ValueError if it is no private key of `generate`'s form.
    """
    if len(private) != _PRIVATE_BYTES:
        raise ValueError("a private recipient key has 33 bytes")
    return Suite(private[0])


def public_of(private: bytes) -> bytes:
    """Return the public key that belongs to a private key of `generate`'s form."""
    secret = private[1:]
    if suite_of(private) is Suite.P256:
        key = ec.derive_private_key(int.from_bytes(secret), ec.SECP256R1()).public_key()
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    lattice, curve = _expand(secret)
    return lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()


def check_public(suite: int, public: bytes) -> None:
    """Check that this is a public key of this suite.

    Raises Untrusted("sealing.suite_unknown") or Untrusted("sealing.public_key").
    """
    _load_public(suite, public)


def wrap(secret: bytes, *, suite: int, public: bytes, info: bytes) -> bytes:
    """Encrypt a short secret to a recipient key, bound to `info` (RFC 9180, section 6.1).

    Returns the encapsulated key followed by the ciphertext: 1,136 bytes more than the secret in
    suite 1, 81 in suite 2. It does not say who sealed; the signature inside does.
    Raises Untrusted for a public key that is none.
    """
    key = _load_public(suite, public)
    try:
        return _HPKE[Suite(suite)].encrypt(secret, key, info)
    except ValueError:
        raise Untrusted("sealing.public_key") from None


def unwrap(wrapped: bytes, *, private: bytes, info: bytes) -> bytes:
    """Return the secret that `wrap` encrypted to this key with this `info`.

    Raises Untrusted("sealing.key_does_not_open") for everything else.
    """
    try:
        return _HPKE[suite_of(private)].decrypt(wrapped, _load_private(private), info)
    except (InvalidTag, ValueError):
        raise Untrusted("sealing.key_does_not_open") from None


def _load_private(private: bytes) -> _PrivateKey:
    if suite_of(private) is Suite.P256:
        return ec.derive_private_key(int.from_bytes(private[1:]), ec.SECP256R1())
    return hpke.MLKEM768X25519PrivateKey(*_expand(private[1:]))


def _load_public(suite: int, public: bytes) -> _PublicKey:
    if suite not in ALL_SUITES:
        raise Untrusted("sealing.suite_unknown", suite=suite)
    try:
        if suite == Suite.P256:
            if len(public) != 65:
                raise ValueError("not an uncompressed point")
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        return hpke.MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES]),
            x25519.X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:]),
        )
    except ValueError:
        raise Untrusted("sealing.public_key") from None


def _expand(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    """Return the two halves of the hybrid key: SHAKE256 of the seed, 64 and 32 bytes."""
    both = hashlib.shake_256(seed).digest(96)
    return (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(both[:64]),
        x25519.X25519PrivateKey.from_private_bytes(both[64:]),
    )
