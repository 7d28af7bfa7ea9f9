"""A proof that one entry is in a ledger, to be checked offline: C2SP tlog-proof."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from comity.core import checkpoint as checkpoints
from comity.core import notes
from comity.core.errors import Untrusted
from comity.core.merkle import HASH_SIZE, climbed, leaf_hash, verify_inclusion

_HEAD = "c2sp.org/tlog-proof@v1"
_PATH_LIMIT = 63
_SHORT_BYTES = 1 << 16  # a copy for each level costs nothing
_LINE_SIZE = len(b2a_base64(bytes(HASH_SIZE)))
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


class Shown:
    """What proofs under one head have shown: where two meet on their way up, the rest is the same.

    Of neighbours in the tree each then needs two hashes instead of the whole path. The last proof
    is remembered, level by level: position, last position, hash, and the bytes that follow.
    """

    def __init__(self, head: checkpoints.Checkpoint) -> None:
        self._last = head.size - 1
        self._held: list[tuple[int, int, bytes, bytes]] = []
        self._climbed: list[tuple[int, int, bytes, bytes]] = []

    def again(self, data: bytes, index: int, entry: bytes) -> bool:
        """Say whether a file proves this entry by what `hold` was told of others.

        False says nothing: then `parse` and `verify_under` decide.
        """
        start = b"%s\nindex %d\n" % (_HEAD.encode(), index)
        self._climbed = []
        position, last, current, at = index, self._last, leaf_hash(entry), len(start)
        if not data.startswith(start) or len(data) > _SHORT_BYTES:
            return False
        while data[at : at + 1] not in {b"\n", b""} and last:
            sibling = _sibling(data[at : at + _LINE_SIZE])
            if sibling is None:
                return False
            position, last, current = climbed(position, last, current, sibling)
            at += _LINE_SIZE
            state = (position, last, current, data[at:])
            level = len(self._climbed)
            if level < len(self._held) and self._held[level] == state:
                self._held[:level] = self._climbed
                return True
            self._climbed.append(state)
        return False

    def hold(self) -> None:
        """The file that `again` did not know was found to prove its entry."""
        self._held = self._climbed


@lru_cache(maxsize=4096)
def _sibling(line: bytes) -> bytes | None:
    """The hash in a line of a path, if that is its only form."""
    try:
        sibling = a2b_base64(line)
    except ValueError:
        return None
    return sibling if len(sibling) == HASH_SIZE and b2a_base64(sibling) == line else None


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
