"""The descriptor: what a node publishes about itself, signed with its seal key."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from comity.core import canonical, notes
from comity.core.errors import Untrusted
from comity.core.sealing import jws, keys
from comity.core.sealing.envelope import Recipient
from comity.core.sealing.fields import CODE, KEY_ID, NODE_ID, Fields, moment_text

TYPE = "comity-descriptor+jws"
LANGUAGES = ("uk", "ja", "en")
MAX_KEM_KEYS = 16
MAX_SUITE = 2**16 - 1
_MAX_PUBLIC_BYTES = 1 << 14
_STATE = re.compile(r"[A-Z]{2}")
_ANY_TEXT = re.compile(r"[\x20-\x7e\n]{1,16384}")
_ENDPOINT = re.compile(
    r"(?=.{1,300}\Z)https://([a-z0-9][a-z0-9.-]*|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?"
    r"(/[A-Za-z0-9._~-]+)*"
)
_HTTP_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")


@dataclass(frozen=True)
class KemKey:
    """A public key to seal to; see `keys.generate` for its bytes."""

    key_id: str
    suite: int
    public: bytes

    @classmethod
    def read(cls, value: object) -> KemKey:
        """Return the key from its JSON form {key_id, suite, public (base64)}.

        Keys of suites that are not known here are kept: a partner may be newer than we are.
        Raises Untrusted("descriptor.field") or a code of `keys.check_public`.
        """
        fields = Fields(value, "descriptor")
        key_id = fields.text("key_id", KEY_ID)
        suite = fields.number("suite", least=1, most=MAX_SUITE)
        public = fields.data("public", at_most=_MAX_PUBLIC_BYTES)
        fields.done()
        if key_id != keys.key_id_of(public):
            raise fields.odd("key_id")
        if suite in keys.ALL_SUITES:
            keys.check_public(suite, public)
        return cls(key_id, suite, public)


@dataclass(frozen=True)
class HttpKey:
    """The Ed25519 key that signs the node's HTTP calls: 32 bytes, and the name calls use for it."""

    keyid: str
    public: bytes


@dataclass(frozen=True)
class Descriptor:
    """Everything a partner must know to seal, send and verify.

    names: official name by language (uk, ja, en). state: ISO 3166-1 alpha-2. endpoint: https URL
    without a slash at its end. seal_certificate, tls_ca: PEM. kem_keys: newest first. ledger_key:
    note verifier (C2SP signed-note). suites: accepted in what is sealed to the node.
    issued_at: aware. serial: grows with every change.
    """

    node_id: str
    names: dict[str, str]
    state: str
    roles: tuple[str, ...]
    endpoint: str
    seal_certificate: str
    kem_keys: tuple[KemKey, ...]
    http_key: HttpKey
    ledger_key: str
    tls_ca: str
    suites: tuple[int, ...]
    max_message_bytes: int
    issued_at: datetime
    serial: int


def sign(descriptor: Descriptor, seal_key: ec.EllipticCurvePrivateKey) -> str:
    """Return the descriptor as compact JWS with the seal certificate in its header (x5c).

    Raises ValueError for a descriptor that `parse` would refuse.
    """
    payload = canonical.encode(
        vars(descriptor)
        | {
            "http_key": _http_form(descriptor),
            "issued_at": moment_text(descriptor.issued_at),
            "kem_keys": [_kem_form(key) for key in descriptor.kem_keys],
        }
    )
    certificate = jws.load_pem(descriptor.seal_certificate)
    text = jws.sign(payload, {"typ": TYPE, "x5c": [jws.chain_member(certificate)]}, seal_key)
    try:
        parse(text)
    except Untrusted as refusal:
        raise ValueError(f"{refusal.code} {refusal.facts}") from refusal
    return text


def parse(text: str, pinned_fingerprint: str | None = None) -> Descriptor:
    """Return the descriptor, signed by the seal key that it names.

    pinned_fingerprint: 64 hexadecimal digits that an officer confirmed. Without it the signature
    proves only that the descriptor is whole: anybody can publish one, so compare by voice.
    Raises Untrusted: descriptor.malformed, descriptor.signature, descriptor.field (facts: field),
    descriptor.fingerprint, or a code of `canonical`, `certificate`, `note` or `sealing`.
    """
    parts = jws.split(text, "descriptor")
    if set(parts.header) != {"alg", "typ", "x5c"} or parts.header["typ"] != TYPE:
        raise Untrusted("descriptor.malformed")
    descriptor = _read(canonical.decode(parts.payload))
    certificate = jws.load_pem(descriptor.seal_certificate)
    if parts.header["x5c"] != [jws.chain_member(certificate)]:
        raise Untrusted("descriptor.malformed")
    jws.check(parts, certificate, "descriptor")
    if pinned_fingerprint is not None and fingerprint(descriptor) != pinned_fingerprint:
        raise Untrusted("descriptor.fingerprint")
    return descriptor


def check_update(known: Descriptor, new: Descriptor) -> None:
    """Check that a parsed descriptor may replace the known one without asking an officer.

    Raises Untrusted: descriptor.other_node, descriptor.replayed (an older serial, or the same
    with other content), descriptor.fingerprint (keys changed: an officer compares again).
    """
    if new.node_id != known.node_id:
        raise Untrusted("descriptor.other_node")
    if new.serial < known.serial or (new.serial == known.serial and new != known):
        raise Untrusted("descriptor.replayed", serial=new.serial)
    if fingerprint(new) != fingerprint(known):
        raise Untrusted("descriptor.fingerprint")


def fingerprint(descriptor: Descriptor) -> str:
    """Return 64 hexadecimal digits over the seal certificate, the KEM keys and the HTTP key.

    SHA-256 of the canonical JSON of {http_key, kem_keys (by key_id), seal_certificate (SHA-256 of
    its DER)}. It stays the same while addresses, names, roles and limits change.
    """
    certificate = jws.load_pem(descriptor.seal_certificate)
    der_digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    by_id = sorted(descriptor.kem_keys, key=lambda key: key.key_id)
    return canonical.digest_hex(
        {
            "http_key": _http_form(descriptor),
            "kem_keys": [_kem_form(key) for key in by_id],
            "seal_certificate": der_digest,
        }
    )


def spoken_fingerprint(fingerprint_hex: str) -> str:
    """Return the fingerprint in groups of four digits, to read aloud and compare."""
    return " ".join(fingerprint_hex[at : at + 4] for at in range(0, len(fingerprint_hex), 4))


def recipient(
    descriptor: Descriptor, accepted_suites: Collection[int] = keys.ALL_SUITES
) -> Recipient:
    """Return the key to seal to: of the strongest suite that both sides accept, the newest.

    Raises Untrusted("descriptor.no_common_suite").
    """
    for suite in keys.STRONGEST_FIRST:
        if suite in accepted_suites and suite in descriptor.suites:
            for key in descriptor.kem_keys:
                if key.suite == suite:
                    return Recipient(descriptor.node_id, suite, key.key_id, key.public)
    raise Untrusted("descriptor.no_common_suite")


def _kem_form(key: KemKey) -> dict[str, Any]:
    return {"key_id": key.key_id, "public": _base64(key.public), "suite": key.suite}


def _http_form(descriptor: Descriptor) -> dict[str, Any]:
    key = descriptor.http_key
    return {"keyid": key.keyid, "public": _base64(key.public)}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _read(value: object) -> Descriptor:
    fields = Fields(value, "descriptor")
    descriptor = Descriptor(
        node_id=fields.text("node_id", NODE_ID),
        names=_names(fields.take("names")),
        state=fields.text("state", _STATE),
        roles=fields.texts("roles", CODE, at_most=50),
        endpoint=fields.text("endpoint", _ENDPOINT),
        seal_certificate=_certificate(fields, "seal_certificate"),
        kem_keys=_kem_keys(fields),
        http_key=_http_key(fields.take("http_key")),
        ledger_key=fields.text("ledger_key", _ANY_TEXT),
        tls_ca=_certificate(fields, "tls_ca"),
        suites=_suites(fields),
        max_message_bytes=fields.number("max_message_bytes", least=1, most=2**53 - 1),
        issued_at=fields.moment("issued_at"),
        serial=fields.number("serial", least=0, most=2**53 - 1),
    )
    fields.done()
    notes.Verifier.parse(descriptor.ledger_key)
    return descriptor


def _names(value: object) -> dict[str, str]:
    fields = Fields(value, "descriptor")
    names = {language: fields.words(language, at_most=200) for language in LANGUAGES}
    fields.done()
    return names


def _certificate(fields: Fields, name: str) -> str:
    pem = fields.text(name, _ANY_TEXT)
    jws.load_pem(pem)
    return pem


def _kem_keys(fields: Fields) -> tuple[KemKey, ...]:
    found = tuple(KemKey.read(one) for one in fields.members("kem_keys", at_most=MAX_KEM_KEYS))
    if not found or len({key.key_id for key in found}) != len(found):
        raise fields.odd("kem_keys")
    return found


def _http_key(value: object) -> HttpKey:
    fields = Fields(value, "descriptor")
    key = HttpKey(fields.text("keyid", _HTTP_KEY_ID), fields.data("public", at_most=32))
    fields.done()
    try:
        Ed25519PublicKey.from_public_bytes(key.public)
    except (ValueError, UnsupportedAlgorithm):
        raise fields.odd("public") from None
    return key


def _suites(fields: Fields) -> tuple[int, ...]:
    values = fields.members("suites", at_most=MAX_KEM_KEYS)
    each = [Fields({"suites": value}, "descriptor") for value in values]
    suites = tuple(one.number("suites", least=1, most=MAX_SUITE) for one in each)
    if not suites or len(set(suites)) != len(suites):
        raise fields.odd("suites")
    return suites
