"""Signed notes: C2SP signed-note with Ed25519, and the time-stamped cosignatures of witnesses."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from comity.core.errors import ProofError, Untrusted

NOTE_SIZE_LIMIT = 1 << 20
SIGNATURES_LIMIT = 100
_DASH = "\u2014 "
_PRIVATE = "PRIVATE+KEY+"


class Algorithm(IntEnum):
    """The signature type byte of a key (C2SP signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE = 0x04  # C2SP tlog-cosignature, version 1


@dataclass(frozen=True)
class Verifier:
    """A public key that may have signed a note.

    name: non-empty, without spaces and plus signs. public: 32 bytes.
    """

    name: str
    public: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read a verifier key, `name+keyid+base64(type || public key)`.

        Raises Untrusted for anything else, a key id that does not fit included.
        """
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        algorithm, public = _key_material(name, encoded)
        found = cls(name, public, algorithm)
        if found.key_id.hex() != key_id:
            raise Untrusted("note.key_id_mismatch")
        return found

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed."""
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public
        return hashlib.sha256(named).digest()[:4]

    @property
    def text(self) -> str:
        """The verifier key as one line, to be published and pinned."""
        return _key_text(self, self.public)

    def check(self, text: bytes, blob: bytes) -> Signature:
        """Return the signature that these bytes (without the key id) hold over a note's text.

        Raises ProofError if they do not.
        """
        at = None
        if self.algorithm is Algorithm.COSIGNATURE:
            seconds, blob = int.from_bytes(blob[:8], "big"), blob[8:]
            text = _cosigned(text, seconds)
            at = _moment(seconds)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, text)
        except (InvalidSignature, ValueError):
            raise ProofError("note.bad_signature", key=self.name) from None
        return Signature(self.name, self.key_id, self.algorithm, at)


@dataclass(frozen=True)
class Signer:
    """A private key that signs notes; seed: the 32 bytes of RFC 8032, never shown by repr."""

    name: str
    seed: bytes = field(repr=False)
    algorithm: Algorithm = Algorithm.ED25519

    @classmethod
    def parse(cls, text: str) -> Signer:
        """Read a signer key, `PRIVATE+KEY+name+keyid+base64(type || seed)`.

        Raises Untrusted for anything else; the error never holds the key.
        """
        if not text.startswith(_PRIVATE):
            raise Untrusted("note.not_a_signer_key")
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        key_id, _, encoded = rest.partition("+")
        algorithm, seed = _key_material(name, encoded)
        found = cls(name, seed, algorithm)
        if found.verifier.key_id.hex() != key_id:
            raise Untrusted("note.key_id_mismatch")
        return found

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Verifier(self.name, key.public_key().public_bytes_raw(), self.algorithm)

    @property
    def text(self) -> str:
        """The signer key as one line: a secret."""
        return _PRIVATE + _key_text(self.verifier, self.seed)

    def line(self, text: bytes, now: datetime | None = None) -> str:
        """Return the signature line over a note's text; a cosignature needs now (aware)."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        if self.algorithm is Algorithm.ED25519:
            blob = key.sign(text)
        elif now is None:
            raise ValueError("a cosignature states its time")
        else:
            seconds = int(now.timestamp())
            blob = seconds.to_bytes(8, "big") + key.sign(_cosigned(text, seconds))
        return f"{_DASH}{self.name} {_base64(self.verifier.key_id + blob)}\n"


@dataclass(frozen=True)
class Signature:
    """Who signed a note; at: the time that a cosigner states, otherwise None."""

    name: str
    key_id: bytes
    algorithm: Algorithm
    at: datetime | None


@dataclass(frozen=True)
class Note:
    """A note of which at least one signature has been verified; text ends in a newline."""

    text: str
    signatures: tuple[Signature, ...]


def sign(text: str, signers: Iterable[Signer], now: datetime | None = None) -> bytes:
    """Return the signed note: text, blank line, one signature line for each signer.

    text: ends in a newline, no other control characters. now: needed by cosigners only.
    Raises ValueError for a text that no note can hold, or without a signer.
    """
    _check_text(text)
    lines = [signer.line(text.encode(), now) for signer in signers]
    if not lines:
        raise ValueError("a note has a signature")
    return (text + "\n" + "".join(lines)).encode()


def cosign(note: bytes, signer: Signer, now: datetime | None = None) -> bytes:
    """Return the note with one more signature line; the caller has verified the note before.

    Raises Untrusted if it is not a note.
    """
    text, _ = _split(note)
    return note + signer.line(text.encode(), now).encode()


def open(note: bytes, verifiers: Sequence[Verifier]) -> Note:  # noqa: A001 - the specification's verb
    """Return the text and who signed it; signatures of unknown keys are passed over.

    Raises Untrusted if it is not a note, ProofError if the signature of a known key does not hold
    or no known key has signed (C2SP signed-note, "Signatures").
    """
    text, lines = _split(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found: dict[tuple[str, bytes], Signature] = {}
    for name, blob in lines:
        key = (name, blob[:4])
        if key in known and key not in found:
            found[key] = known[key].check(text.encode(), blob[4:])
    if not found:
        raise ProofError("note.no_known_signature")
    return Note(text, tuple(found.values()))


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """Return the text and the signature lines as (name, key id and signature)."""
    if len(note) > NOTE_SIZE_LIMIT:
        raise Untrusted("note.too_long")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Untrusted("note.not_utf8") from None
    at = whole.rfind("\n\n")
    text, block = whole[: at + 1], whole[at + 2 :]
    if at < 0 or not block.endswith("\n"):
        raise Untrusted("note.no_signatures")
    try:
        _check_text(text)
    except ValueError:
        raise Untrusted("note.control_character") from None
    lines = block[:-1].split("\n")
    if len(lines) > SIGNATURES_LIMIT:
        raise Untrusted("note.too_many_signatures")
    return text, [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _is_key_name(name):
        raise Untrusted("note.bad_signature_line")
    blob = decode_base64(encoded)
    if len(blob) < 5:
        raise Untrusted("note.bad_signature_line")
    return name, blob


def decode_base64(text: str) -> bytes:
    """Return the bytes of standard base64 with padding (RFC 4648, section 4), in its only form.

    Raises Untrusted for anything else.
    """
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise Untrusted("note.bad_base64") from None
    if _base64(data) != text:
        raise Untrusted("note.bad_base64")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(each < " " and each != "\n" for each in text):
        raise ValueError("not the text of a note")


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(each.isspace() for each in name)


def _key_material(name: str, encoded: str) -> tuple[Algorithm, bytes]:
    material = decode_base64(encoded)
    if not _is_key_name(name) or not name.isprintable() or len(material) != 33:
        raise Untrusted("note.bad_key")
    try:
        return Algorithm(material[0]), material[1:]
    except ValueError:
        raise Untrusted("note.unknown_algorithm", algorithm=material[0]) from None


def _key_text(verifier: Verifier, material: bytes) -> str:
    encoded = _base64(bytes([verifier.algorithm]) + material)
    return f"{verifier.name}+{verifier.key_id.hex()}+{encoded}"


def _cosigned(text: bytes, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n".encode() + text


def _moment(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise ProofError("note.bad_time") from None
