"""The tree kept as tiles of 256 hashes: C2SP tlog-tiles, height 8, without its HTTP paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from comity.core.errors import ProofError
from comity.core.merkle import EMPTY_ROOT, HASH_SIZE, fold

HEIGHT = 8
WIDTH = 1 << HEIGHT
_TILE_SIZE = WIDTH * HASH_SIZE


class HashReader(Protocol):
    """Where the tiles are kept."""

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` (1 to 256) hashes of a tile, 32 bytes each; more is allowed."""
        ...


@dataclass(frozen=True)
class TileWrite:
    """A tile as it has to be kept from now on: all its hashes, old and new."""

    level: int
    index: int
    data: bytes

    @property
    def width(self) -> int:
        """The number of hashes, 1 to 256; 256 means that the tile never changes again."""
        return len(self.data) // HASH_SIZE


def append(reader: HashReader, old_size: int, new_leaf_hashes: Sequence[bytes]) -> list[TileWrite]:
    """Return every tile that changes when these leaf hashes follow the first old_size leaves.

    Lowest level first. The caller stores all of them, or none. Reads at most one tile a level.
    Raises ProofError if a stored tile is shorter than the old size demands.
    """
    writes: list[TileWrite] = []
    level, start, hashes = 0, old_size, b"".join(new_leaf_hashes)
    while hashes:
        index, width = divmod(start, WIDTH)
        if width:
            hashes = _read(reader, level, index, width) + hashes
        rising: list[bytes] = []
        for offset in range(0, len(hashes), _TILE_SIZE):
            tile = hashes[offset : offset + _TILE_SIZE]
            writes.append(TileWrite(level, index + offset // _TILE_SIZE, tile))
            if len(tile) == _TILE_SIZE:
                rising.append(_top(tile))
        level, start, hashes = level + 1, index, b"".join(rising)
    return writes


def root(reader: HashReader, size: int) -> bytes:
    """Return the root (32 bytes) of the tree over the first size leaves.

    Raises ProofError if a stored tile is too short.
    """
    return _Subtrees(reader, size).over(0, size) if size else EMPTY_ROOT


def inclusion_path(reader: HashReader, index: int, size: int) -> list[bytes]:
    """Return the sibling hashes of a leaf, leaf side first (RFC 9162, section 2.1.3.1).

    index: 0-based, below size. Raises ProofError if it is not, or if a stored tile is too short.
    """
    if not 0 <= index < size:
        raise ProofError("merkle.index_out_of_range", index=index, size=size)
    return _inclusion(_Subtrees(reader, size), index, size)


def inclusion_paths(
    reader: HashReader, indexes: Iterable[int], size: int
) -> Iterator[tuple[int, list[bytes], list[bytes]]]:
    """Yield (index, below, above) for each of these leaves at little cost, as inclusion_path.

    Its path is below + above. Below the top of a full tile the siblings stand in its rows; above
    it they are the same list for all of its 256 leaves that follow each other.
    """
    subtrees = _Subtrees(reader, size)
    full, known = size // WIDTH, -1
    above: list[bytes] = []
    none: list[bytes] = []
    for index in indexes:
        if not 0 <= index < size:
            raise ProofError("merkle.index_out_of_range", index=index, size=size)
        tile, position = divmod(index, WIDTH)
        if tile >= full:
            yield index, _inclusion(subtrees, index, size), none
            continue
        if tile != known:
            known, above = tile, _inclusion(subtrees, index, size)[HEIGHT:]
        rows = subtrees.rows(tile)
        below = []
        for inner in range(HEIGHT):
            at = (position >> inner ^ 1) * HASH_SIZE
            below.append(rows[inner][at : at + HASH_SIZE])
        yield index, below, above


def inclusion_tiles(index: int, size: int) -> set[tuple[int, int]]:
    """Return level and index of every tile that inclusion_path reads; raises as it does."""
    if not 0 <= index < size:
        raise ProofError("merkle.index_out_of_range", index=index, size=size)
    places = _Places()
    _inclusion(places, index, size)
    return places.seen


def _inclusion(subtrees: _Subtrees | _Places, index: int, size: int) -> list[bytes]:
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(subtrees.over(middle, end))
            end = middle
        else:
            path.append(subtrees.over(start, middle))
            start = middle
    return path[::-1]


def consistency_path(reader: HashReader, old_size: int, new_size: int) -> list[bytes]:
    """Return the hashes that show one tree to be the beginning of another (RFC 9162, 2.1.4.1).

    Sizes: leaves, the old one not above the new. Empty for an old size of 0 and for equal sizes.
    Raises ProofError if the sizes are out of order, or if a stored tile is too short.
    """
    if not 0 <= old_size <= new_size:
        raise ProofError("merkle.size_shrank", old_size=old_size, new_size=new_size)
    if old_size == 0:
        return []
    subtrees = _Subtrees(reader, new_size)
    path: list[bytes] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(subtrees.over(middle, end))
            end = middle
        else:
            path.append(subtrees.over(start, middle))
            start = middle
    if start:
        path.append(subtrees.over(start, end))
    return path[::-1]


class _Subtrees:
    """Hashes of subtrees of one tree; reads and hashes each tile once."""

    def __init__(self, reader: HashReader, size: int) -> None:
        self._reader = reader
        self._size = size
        self._rows: dict[tuple[int, int], list[bytes]] = {}

    def over(self, start: int, end: int) -> bytes:
        """Return the hash over leaves start to end; start is a multiple of the largest subtree."""
        return fold([self._complete(*place) for place in _complete_within(start, end)])

    def rows(self, tile: int) -> list[bytes]:
        """Return the rows of a full tile of leaves, its leaves first."""
        self._complete(HEIGHT - 1, 2 * tile)
        return self._rows[0, tile]

    def _complete(self, height: int, index: int) -> bytes:
        level, inner = divmod(height, HEIGHT)
        tile, position = divmod(index, WIDTH >> inner)
        rows = self._rows.get((level, tile))
        if rows is None:
            width = min((self._size >> (HEIGHT * level)) - tile * WIDTH, WIDTH)
            rows = self._rows[level, tile] = [_read(self._reader, level, tile, width)]
        while len(rows) <= inner:
            rows.append((_remembered if level else _paired)(rows[-1]))
        return rows[inner][position * HASH_SIZE : (position + 1) * HASH_SIZE]


class _Places:
    """Notes the tiles that `_Subtrees` would look at, and hashes nothing."""

    def __init__(self) -> None:
        self.seen: set[tuple[int, int]] = set()

    def over(self, start: int, end: int) -> bytes:
        for height, index in _complete_within(start, end):
            level, inner = divmod(height, HEIGHT)
            self.seen.add((level, index // (WIDTH >> inner)))
        return b""


def _complete_within(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield height and index of the complete subtrees that make up these leaves, largest first."""
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def _read(reader: HashReader, level: int, index: int, width: int) -> bytes:
    data = reader.read_tile(level, index, width)
    if len(data) < width * HASH_SIZE:
        raise ProofError("tiles.too_short", level=level, index=index, width=width)
    return data[: width * HASH_SIZE]


def _paired(row: bytes) -> bytes:
    """Return the row above; an odd last hash has no parent yet.

    The same as merkle.node_hash of each pair, in one loop: appending and proofs live on it.
    """
    ends = range(2 * HASH_SIZE, len(row) + 1, 2 * HASH_SIZE)
    pairs = [b"\x01" + row[end - 2 * HASH_SIZE : end] for end in ends]
    return b"".join([sha256(pair).digest() for pair in pairs])


# The upper tiles are the same in proof after proof: about 3 MB hold those of ten million leaves.
_remembered = lru_cache(maxsize=512)(_paired)


def _top(row: bytes) -> bytes:
    while len(row) > HASH_SIZE:
        row = _paired(row)
    return row


def _split(size: int) -> int:
    """Return the largest power of two below size (RFC 9162, section 2.1.1)."""
    return 1 << (size - 1).bit_length() - 1
