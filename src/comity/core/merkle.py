"""Tree hashes and proofs of the ledger: RFC 9162, section 2.1, with SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from comity.core.errors import ProofError

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the 32-byte hash of one entry (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash over two subtrees (RFC 9162, section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaf_hashes: Iterable[bytes]) -> bytes:
    """Return the root of the tree over these leaf hashes, in order (RFC 9162, section 2.1.1).

    Takes a stream of any length; memory grows with its logarithm only.
    """
    peaks: list[bytes] = []
    for size, leaf in enumerate(leaf_hashes, start=1):
        peaks.append(leaf)
        bits = size
        while bits & 1 == 0:
            right = peaks.pop()
            peaks[-1] = node_hash(peaks[-1], right)
            bits >>= 1
    return fold(peaks) if peaks else EMPTY_ROOT


def fold(peaks: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees, largest first; at least one."""
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf is in the tree with this root (RFC 9162, section 2.1.3.2).

    leaf and root: 32 bytes. index: 0-based, below size. size: leaves in the tree.
    path: sibling hashes, leaf side first.
    Raises ProofError if the path does not lead to the root.
    """
    if not 0 <= index < size:
        raise ProofError("merkle.index_out_of_range", index=index, size=size)
    _check_lengths([leaf, root, *path])
    position, last, current = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("merkle.path_too_long", index=index, size=size)
        position, last, current = climbed(position, last, current, sibling)
    if last != 0:
        raise ProofError("merkle.path_too_short", index=index, size=size)
    if current != root:
        raise ProofError("merkle.not_included", index=index, size=size)


def climbed(position: int, last: int, current: bytes, sibling: bytes) -> tuple[int, int, bytes]:
    """Return one step of section 2.1.3.2: position and last one of the level above, and the hash.

    last: of the rightmost node; above 0.
    """
    if position & 1 or position == last:
        current = node_hash(sibling, current)
        while position & 1 == 0 and position:
            position, last = position >> 1, last >> 1
    else:
        current = node_hash(current, sibling)
    return position >> 1, last >> 1, current


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the new tree begins with all of the old one (RFC 9162, section 2.1.4.2).

    Sizes: leaves, the old one not above the new. Roots: 32 bytes.
    path: as tiles.consistency_path gives it.
    The empty tree is a beginning of every tree; its path is empty.
    Raises ProofError if the path does not lead to both roots.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError("merkle.size_shrank", old_size=old_size, new_size=new_size)
    _check_lengths([old_root, new_root, *path])
    if old_size in (0, new_size):
        if path:
            raise ProofError("merkle.path_too_long", old_size=old_size, new_size=new_size)
        if old_root != (EMPTY_ROOT if old_size == 0 else new_root):
            raise ProofError("merkle.not_consistent", old_size=old_size, new_size=new_size)
        return
    if _replay(old_size, old_root, new_size, path) != (old_root, new_root):
        raise ProofError("merkle.not_consistent", old_size=old_size, new_size=new_size)


def _replay(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return the old and the new root to which a path leads; steps 3 to 6 of section 2.1.4.2."""
    position, last = old_size - 1, new_size - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    hashes = list(path)
    if position == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofError("merkle.path_too_short", old_size=old_size, new_size=new_size)
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("merkle.path_too_long", old_size=old_size, new_size=new_size)
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while position & 1 == 0 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofError("merkle.path_too_short", old_size=old_size, new_size=new_size)
    return old, new


def _check_lengths(hashes: Iterable[bytes]) -> None:
    if any(len(each) != HASH_SIZE for each in hashes):
        raise ProofError("merkle.hash_length")
