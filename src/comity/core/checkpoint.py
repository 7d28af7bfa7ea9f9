"""The signed tree head: C2SP tlog-checkpoint, without extension lines."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.core import notes
from comity.core.errors import ProofError, Untrusted
from comity.core.merkle import HASH_SIZE

_SIZE_LIMIT = 2**63


@dataclass(frozen=True)
class Checkpoint:
    """What a ledger states about itself.

    origin: the ledger's name. size: leaves in the tree. root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class SignedCheckpoint:
    """A checkpoint that its ledger has signed, with all signatures that were verified."""

    checkpoint: Checkpoint
    signatures: tuple[notes.Signature, ...]

    @property
    def witnesses(self) -> tuple[notes.Signature, ...]:
        """The cosignatures: others that saw this ledger at this size, each with its time."""
        return tuple(
            each for each in self.signatures if each.algorithm is notes.Algorithm.COSIGNATURE
        )


def format(checkpoint: Checkpoint) -> str:  # noqa: A001 - read as checkpoint.format
    """Return the three lines of the note's text.

    Raises ValueError for an origin, size or root that no checkpoint can hold.
    """
    encoded = base64.b64encode(checkpoint.root).decode("ascii")
    text = f"{checkpoint.origin}\n{checkpoint.size}\n{encoded}\n"
    try:
        if parse(text) == checkpoint:
            return text
    except Untrusted:
        pass
    raise ValueError("not a checkpoint")


def parse(text: str) -> Checkpoint:
    """Read the text of a note as a checkpoint; says nothing about signatures.

    Raises Untrusted for anything but origin, size and root, one line each.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not lines[0].isprintable():
        raise Untrusted("checkpoint.malformed")
    origin, size, encoded, _ = lines
    root = notes.decode_base64(encoded)
    if len(root) != HASH_SIZE:
        raise Untrusted("checkpoint.malformed")
    return Checkpoint(origin, parse_decimal(size), root)


def parse_decimal(text: str) -> int:
    """Return a number below 2**63 in ASCII digits without leading zeroes.

    Raises Untrusted for anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        raise Untrusted("checkpoint.bad_number")
    number = int(text)
    if str(number) != text or number >= _SIZE_LIMIT:
        raise Untrusted("checkpoint.bad_number")
    return number


def sign(
    checkpoint: Checkpoint, signers: Iterable[notes.Signer], now: datetime | None = None
) -> bytes:
    """Return the signed note. A key that signs for the ledger bears the origin as its name.

    now: needed by cosigners only. Raises ValueError for a checkpoint that cannot be written.
    """
    return notes.sign(format(checkpoint), signers, now)


def verify(note: bytes, verifiers: Sequence[notes.Verifier]) -> SignedCheckpoint:
    """Return the checkpoint of a note that its ledger has signed.

    verifiers: keys of ledgers and of witnesses. The ledger's own signature is one by a plain
    Ed25519 key whose name is the origin; without it, cosignatures count for nothing.
    Raises Untrusted if it is not such a note, ProofError if a signature does not hold or the
    ledger's is missing.
    """
    opened = notes.open(note, verifiers)
    checkpoint = parse(opened.text)
    for signature in opened.signatures:
        is_plain = signature.algorithm is notes.Algorithm.ED25519
        if is_plain and signature.name == checkpoint.origin:
            return SignedCheckpoint(checkpoint, opened.signatures)
    raise ProofError("checkpoint.not_signed_by_its_ledger")
