"""The tree against the definition in RFC 9162, written out naively, and against published roots."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import merkle
from comity.core.errors import ProofError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/merkle.json").read_text("utf-8"))
ENTRIES = [bytes.fromhex(entry) for entry in VECTORS["entries_hex"]]


def naive_root(entries):
    """MTH of RFC 9162, section 2.1.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = largest_power_below(len(entries))
    left, right = naive_root(entries[:split]), naive_root(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def naive_inclusion(index, entries):
    """PATH of section 2.1.3.1."""
    if len(entries) == 1:
        return []
    split = largest_power_below(len(entries))
    if index < split:
        return [*naive_inclusion(index, entries[:split]), naive_root(entries[split:])]
    return [*naive_inclusion(index - split, entries[split:]), naive_root(entries[:split])]


def naive_consistency(old_size, entries, is_whole=True):
    """SUBPROOF of section 2.1.4.1."""
    if old_size == len(entries):
        return [] if is_whole else [naive_root(entries)]
    split = largest_power_below(len(entries))
    if old_size <= split:
        left = naive_consistency(old_size, entries[:split], is_whole)
        return [*left, naive_root(entries[split:])]
    right = naive_consistency(old_size - split, entries[split:], is_whole=False)
    return [*right, naive_root(entries[:split])]


def largest_power_below(size):
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def numbered(size):
    return [b"entry %d" % number for number in range(size)]


sizes = st.integers(1, 70)


@pytest.mark.parametrize("vector", VECTORS["roots"], ids=lambda vector: str(vector["size"]))
def test_published_roots(vector):
    leaves = [merkle.leaf_hash(entry) for entry in ENTRIES[: vector["size"]]]
    assert merkle.root_of(leaves).hex() == vector["root_hex"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: vector["what"])
def test_published_inclusion_paths(vector):
    path = [bytes.fromhex(sibling) for sibling in vector["path_hex"]]
    assert path == naive_inclusion(vector["index"], ENTRIES[: vector["size"]])
    leaf, root = merkle.leaf_hash(ENTRIES[vector["index"]]), naive_root(ENTRIES[: vector["size"]])
    merkle.verify_inclusion(leaf, vector["index"], vector["size"], path, root)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: vector["what"])
def test_published_consistency_paths(vector):
    old, new = vector["old_size"], vector["new_size"]
    path = [bytes.fromhex(sibling) for sibling in vector["path_hex"]]
    assert path == naive_consistency(old, ENTRIES[:new])
    old_root, new_root = naive_root(ENTRIES[:old]), naive_root(ENTRIES[:new])
    merkle.verify_consistency(old, old_root, new, new_root, path)


@settings(deadline=None)
@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_defined_one(entries):
    assert merkle.root_of(merkle.leaf_hash(entry) for entry in entries) == naive_root(entries)


@settings(deadline=None)
@given(sizes, st.data())
def test_a_true_inclusion_holds_and_every_change_fails(size, data):
    index = data.draw(st.integers(0, size - 1))
    entries = numbered(size)
    leaf, root = merkle.leaf_hash(entries[index]), naive_root(entries)
    path = naive_inclusion(index, entries)
    merkle.verify_inclusion(leaf, index, size, path, root)
    for wrong in wrong_inclusions(data, leaf, index, size, path, root):
        with pytest.raises(ProofError):
            merkle.verify_inclusion(*wrong)


def wrong_inclusions(data, leaf, index, size, path, root):
    yield flipped(data, leaf), index, size, path, root
    yield leaf, index, size, path, flipped(data, root)
    yield leaf, index, size, [*path, root], root
    yield leaf, size, size, path, root
    yield leaf, -1, size, path, root
    yield leaf[:-1], index, size, path, root
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], flipped(data, path[at]), *path[at + 1 :]]
        yield leaf, index, size, changed, root
        yield leaf, index, size, path[:-1], root
        yield leaf, index, size, path[1:], root
        other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
        yield leaf, other, size, path, root


def flipped(data, digest):
    at, bit = data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7))
    return digest[:at] + bytes([digest[at] ^ 1 << bit]) + digest[at + 1 :]


@settings(deadline=None)
@given(sizes, st.data())
def test_a_true_growth_holds_and_every_change_fails(size, data):
    old_size = data.draw(st.integers(1, size))
    entries = numbered(size)
    old_root, root = naive_root(entries[:old_size]), naive_root(entries)
    path = naive_consistency(old_size, entries)
    merkle.verify_consistency(old_size, old_root, size, root, path)
    for wrong in wrong_growths(data, old_size, old_root, size, root, path):
        with pytest.raises(ProofError):
            merkle.verify_consistency(*wrong)


def wrong_growths(data, old_size, old_root, size, root, path):
    yield old_size, flipped(data, old_root), size, root, path
    yield old_size, old_root, size, flipped(data, root), path
    yield old_size, old_root, size, root, [*path, root]
    yield size + 1, old_root, size, root, path
    yield -1, old_root, size, root, path
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], flipped(data, path[at]), *path[at + 1 :]]
        yield old_size, old_root, size, root, changed
        yield old_size, old_root, size, root, path[:-1]
        yield old_size, old_root, size, root, []


def test_an_inner_hash_is_no_entry():
    entries = numbered(4)
    inner, rest = naive_root(entries[:2]), naive_root(entries[2:])
    with pytest.raises(ProofError, match="path_too_short"):
        merkle.verify_inclusion(inner, 0, 4, [rest], naive_root(entries))


def test_a_path_that_goes_on_is_named_as_such():
    entries, extra = numbered(7), bytes(32)
    root, old_root = naive_root(entries), naive_root(entries[:3])
    path = [*naive_inclusion(2, entries), extra]
    with pytest.raises(ProofError, match="path_too_long"):
        merkle.verify_inclusion(merkle.leaf_hash(entries[2]), 2, 7, path, root)
    with pytest.raises(ProofError, match="path_too_long"):
        merkle.verify_consistency(3, old_root, 7, root, [*naive_consistency(3, entries), extra])


def test_every_tree_begins_with_the_empty_one():
    root = naive_root(numbered(5))
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, root, [])
    with pytest.raises(ProofError):
        merkle.verify_consistency(0, root, 5, root, [])
    with pytest.raises(ProofError):
        merkle.verify_consistency(0, merkle.EMPTY_ROOT, 5, root, [root])


@settings(deadline=None)
@given(
    st.integers(-2, 2**64),
    st.integers(-2, 2**64),
    st.lists(st.binary(max_size=40) | st.binary(min_size=32, max_size=32), max_size=70),
)
def test_rubbish_is_a_proof_error(first, second, path):
    digest = bytes(32)
    with pytest.raises(ProofError):
        merkle.verify_inclusion(digest, first, second, path, b"\x01" * 32)
    with pytest.raises(ProofError):
        merkle.verify_consistency(first, digest, second, b"\x01" * 32, path)
