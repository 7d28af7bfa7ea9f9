"""Tiles: every root and path that they give is the one of the plain definition."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import merkle, tiles
from comity.core.errors import ProofError


class Shelf:
    """Tiles kept in memory."""

    def __init__(self):
        self.tiles = {}

    def read_tile(self, level, index, width):
        return self.tiles.get((level, index), b"")[: 32 * width]

    def put(self, writes):
        for write in writes:
            self.tiles[write.level, write.index] = write.data


def leaves(start, end):
    return [merkle.leaf_hash(b"entry %d" % number) for number in range(start, end)]


def grown(*counts):
    shelf, size = Shelf(), 0
    for count in counts:
        shelf.put(tiles.append(shelf, size, leaves(size, size + count)))
        size += count
    return shelf


BIG = 66_000
BIG_LEAVES = leaves(0, BIG)
BIG_SHELF = grown(BIG)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=6))
def test_growing_in_steps_leaves_the_tiles_of_growing_at_once(counts):
    assert grown(*counts).tiles == grown(sum(counts)).tiles


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1100))
def test_the_root_is_the_defined_one_at_every_earlier_size(size):
    assert tiles.root(BIG_SHELF, size) == merkle.root_of(BIG_LEAVES[:size])


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 65_535, 65_536, 65_537, BIG])
def test_the_root_holds_where_tiles_become_full(size):
    assert tiles.root(grown(size), size) == merkle.root_of(BIG_LEAVES[:size])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, BIG), st.data())
def test_inclusion_paths_hold(size, data):
    index = data.draw(st.integers(0, size - 1))
    path, root = tiles.inclusion_path(BIG_SHELF, index, size), tiles.root(BIG_SHELF, size)
    merkle.verify_inclusion(BIG_LEAVES[index], index, size, path, root)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, BIG), st.data())
def test_consistency_paths_hold(size, data):
    old_size = data.draw(st.integers(0, size))
    path = tiles.consistency_path(BIG_SHELF, old_size, size)
    old_root, root = tiles.root(BIG_SHELF, old_size), tiles.root(BIG_SHELF, size)
    merkle.verify_consistency(old_size, old_root, size, root, path)


def test_a_tree_of_70_000_has_the_tiles_that_the_specification_counts():
    shelf = grown(70_000)
    widths = [(level, len(data) // 32) for (level, _), data in shelf.tiles.items()]
    assert widths.count((0, 256)) == 273
    assert widths.count((0, 112)) == widths.count((1, 17)) == widths.count((2, 1)) == 1
    assert len(widths) == 273 + 1 + 1 + 1 + 1


def test_a_full_first_tile_opens_the_level_above():
    writes = tiles.append(Shelf(), 0, leaves(0, 256))
    assert [(write.level, write.index, write.width) for write in writes] == [
        (0, 0, 256),
        (1, 0, 1),
    ]


def test_nothing_appended_changes_nothing():
    assert tiles.append(grown(10), 10, []) == []


def test_a_missing_or_short_tile_is_named():
    shelf = grown(300)
    shelf.tiles[0, 1] = shelf.tiles[0, 1][:-32]
    with pytest.raises(ProofError, match=r"tiles\.too_short"):
        tiles.root(shelf, 300)
    with pytest.raises(ProofError, match=r"tiles\.too_short"):
        tiles.append(shelf, 300, leaves(300, 301))


def test_one_changed_hash_breaks_the_root():
    shelf = grown(1000)
    root = tiles.root(shelf, 1000)
    changed = bytearray(shelf.tiles[0, 3])
    changed[40] ^= 1
    shelf.tiles[0, 3] = bytes(changed)
    assert tiles.root(shelf, 1000) != root


def test_places_outside_the_tree_are_refused():
    with pytest.raises(ProofError):
        tiles.inclusion_path(BIG_SHELF, 10, 10)
    with pytest.raises(ProofError):
        tiles.consistency_path(BIG_SHELF, 11, 10)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_the_tiles_that_a_path_needs_are_known_before(data):
    size = data.draw(st.integers(1, BIG))
    index = data.draw(st.integers(0, size - 1))

    class Noting(Shelf):
        def read_tile(self, level, index, width):
            asked.add((level, index))
            return BIG_SHELF.read_tile(level, index, width)

    asked = set()
    tiles.inclusion_path(Noting(), index, size)
    assert tiles.inclusion_tiles(index, size) == asked


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700, 1300])
def test_many_paths_are_the_single_ones(size: int) -> None:
    store = grown(size)
    places = {0, 1, 255, size // 3, size // 2, size - 2, size - 1}
    wanted = sorted(place for place in places if 0 <= place < size)
    found = {
        index: below + above for index, below, above in tiles.inclusion_paths(store, wanted, size)
    }
    assert found == {index: tiles.inclusion_path(store, index, size) for index in wanted}
    with pytest.raises(ProofError):
        list(tiles.inclusion_paths(store, [size], size))
