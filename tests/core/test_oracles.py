"""Proofs judged by code of others: the Merkle verification of sigstore-python."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError

from comity.core import merkle, tiles
from tests.core.test_tiles import grown


def oracle(entry: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Let sigstore verify an inclusion proof. Raises VerificationError."""
    proof = SimpleNamespace(log_index=index, tree_size=size, hashes=list(path), root_hash=root)
    given = SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=entry))
    verify_merkle_inclusion(cast("Any", given))


def entry(number: int) -> bytes:
    """As `grown` has it."""
    return b"entry %d" % number


def test_every_proof_of_every_small_tree_is_sigstores() -> None:
    for size in range(1, 65):
        shelf, root = grown(size), merkle.root_of(map(merkle.leaf_hash, map(entry, range(size))))
        for index in range(size):
            path = tiles.inclusion_path(shelf, index, size)
            oracle(entry(index), index, size, path, root)


@pytest.mark.parametrize("size", [255, 256, 257, 1000, 5000])
def test_a_sample_of_large_trees_is_sigstores_too(size: int) -> None:
    shelf = grown(size)
    root = tiles.root(shelf, size)
    wanted = sorted({0, 1, size // 3, size // 2, size - 2, size - 1, *range(0, size, 97)})
    for index, below, above in tiles.inclusion_paths(shelf, wanted, size):
        oracle(entry(index), index, size, below + above, root)


@pytest.mark.parametrize("size", [2, 7, 33, 300])
def test_both_refuse_the_same_changed_proofs(size: int) -> None:
    shelf = grown(size)
    root = tiles.root(shelf, size)
    for index in {0, size // 2, size - 1}:
        path = tiles.inclusion_path(shelf, index, size)
        changed = [
            (index, path[:-1]),
            (index, [*path, bytes(32)]),
            ((index + 1) % size, path),
            *((index, [*path[:at], bytes(32), *path[at + 1 :]]) for at in range(len(path))),
        ]
        for place, steps in changed:
            with pytest.raises(VerificationError):
                oracle(entry(index), place, size, steps, root)
            leaf = merkle.leaf_hash(entry(index))
            with pytest.raises(merkle.ProofError):
                merkle.verify_inclusion(leaf, place, size, steps, root)
