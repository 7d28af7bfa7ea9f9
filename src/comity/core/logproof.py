"""A proof that one entry is in a ledger, to be checked offline: C2SP tlog-proof."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from comity.core import checkpoint as checkpoints
from comity.core import notes
from comity.core.errors import Untrusted
from comity.core.merkle import HASH_SIZE, leaf_hash, verify_inclusion

_HEAD = "c2sp.org/tlog-proof@v1"
_PATH_LIMIT = 63
_SIZE_LIMIT = notes.NOTE_SIZE_LIMIT + 65536


@dataclass(frozen=True)
class LogProof:
    """What a `.tlog-proof` file holds.

    index: 0-based. path: sibling hashes, leaf side first. checkpoint: the signed note.
    extra: bytes that nothing authenticates, or None.
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def write(proof: LogProof) -> bytes:
    """Return the file; the checkpoint stands in it byte for byte."""
    head = write_head(proof.index, proof.path, proof.extra)
    return head + write_tail((), proof.checkpoint)


def write_head(index: int, path: Iterable[bytes], extra: bytes | None = None) -> bytes:
    """Return the beginning of the file, with the lower part of the path."""
    stated = b"" if extra is None else b"extra " + b2a_base64(extra)
    return b"%s\n%sindex %d\n%s" % (_HEAD.encode(), stated, index, b"".join(map(b2a_base64, path)))


def write_tail(path: Iterable[bytes], checkpoint: bytes) -> bytes:
    """Return the rest, with the upper part of the path: the same for leaves that share it."""
    return b"".join([*map(b2a_base64, path), b"\n", checkpoint])


_decoded = lru_cache(maxsize=4096)(notes.decode_base64)  # upper parts are the same for many leaves


def parse(data: bytes) -> LogProof:
    """Read a `.tlog-proof` file; proves nothing yet.

    Raises Untrusted for anything else.
    """
    if len(data) > _SIZE_LIMIT:
        raise Untrusted("logproof.too_long")
    head, gap, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Untrusted("logproof.malformed") from None
    if not gap or lines.pop(0) != _HEAD or not lines:
        raise Untrusted("logproof.malformed")
    extra = None
    if lines[0].startswith("extra "):
        extra = notes.decode_base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index ") or len(lines) > 1 + _PATH_LIMIT:
        raise Untrusted("logproof.malformed")
    index = checkpoints.parse_decimal(lines[0].removeprefix("index "))
    path = tuple(map(_decoded, lines[1:]))
    if any(len(sibling) != HASH_SIZE for sibling in path):
        raise Untrusted("logproof.malformed")
    return LogProof(index, path, note, extra)


def verify(
    proof: LogProof, entry: bytes, verifiers: Sequence[notes.Verifier]
) -> checkpoints.SignedCheckpoint:
    """Check that the ledger committed to this entry at this index, and return its checkpoint.

    entry: the leaf's bytes, from which the leaf hash is computed anew. verifiers: trusted keys of
    the ledger and of witnesses, from outside the file.
    Raises Untrusted or ProofError for what does not hold.
    """
    signed = checkpoints.verify(proof.checkpoint, verifiers)
    verify_under(proof, entry, signed.checkpoint)
    return signed


def verify_under(proof: LogProof, entry: bytes, head: checkpoints.Checkpoint) -> None:
    """Check the path alone: it leads from this entry to the root of a head that holds.

    Raises ProofError.
    """
    verify_inclusion(leaf_hash(entry), proof.index, head.size, proof.path, head.root)
