"""A proof that a ledger only grew: the body of a C2SP tlog-witness `add-checkpoint` request.

Whoever kept an older checkpoint checks with it that nothing before it was changed or taken away.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from comity.core import checkpoint as checkpoints
from comity.core import notes
from comity.core.checkpoint import SignedCheckpoint
from comity.core.errors import ProofError, Untrusted
from comity.core.merkle import HASH_SIZE, verify_consistency

MARK = b"old "  # the first bytes of such a file
_PATH_LIMIT = 63
_SIZE_LIMIT = notes.NOTE_SIZE_LIMIT + 65536


@dataclass(frozen=True)
class Growth:
    """old_size: leaves of the older tree. path: as tiles.consistency_path. checkpoint: the new."""

    old_size: int
    path: tuple[bytes, ...]
    checkpoint: bytes


def write(growth: Growth) -> bytes:
    """Return the file; the newer checkpoint stands in it byte for byte."""
    lines = [f"old {growth.old_size}"]
    lines.extend(base64.b64encode(each).decode("ascii") for each in growth.path)
    return ("\n".join(lines) + "\n\n").encode("ascii") + growth.checkpoint


def parse(data: bytes) -> Growth:
    """Read such a file; proves nothing yet. Raises Untrusted for anything else."""
    if len(data) > _SIZE_LIMIT:
        raise Untrusted("growth.too_long")
    head, gap, note = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Untrusted("growth.malformed") from None
    first = lines.pop(0)
    if not gap or not first.startswith("old ") or len(lines) > _PATH_LIMIT:
        raise Untrusted("growth.malformed")
    path = tuple(notes.decode_base64(line) for line in lines)
    if any(len(each) != HASH_SIZE for each in path):
        raise Untrusted("growth.malformed")
    return Growth(checkpoints.parse_decimal(first.removeprefix("old ")), path, note)


def verify(
    growth: Growth, old_note: bytes, verifiers: Sequence[notes.Verifier]
) -> tuple[SignedCheckpoint, SignedCheckpoint]:
    """Check that the ledger of the older checkpoint became that of the newer by growing only.

    verifiers: keys of the ledger, from outside the files. Returns both checkpoints, the older
    first. Raises Untrusted if a note is none, ProofError if a signature or the path does not hold,
    or the two are not of one ledger.
    """
    old = checkpoints.verify(old_note, verifiers)
    new = checkpoints.verify(growth.checkpoint, verifiers)
    before, after = old.checkpoint, new.checkpoint
    if before.origin != after.origin:
        raise ProofError("growth.another_ledger")
    if before.size != growth.old_size:
        raise ProofError("growth.another_size", size=before.size)
    verify_consistency(before.size, before.root, after.size, after.root, growth.path)
    return old, new
