"""The ledger's hash tiles, as the pure code of the tree reads them."""

from __future__ import annotations

from collections.abc import Iterable

from comity.core.errors import ProofError
from comity.ledger import engines
from comity.ledger.models import Tile


class TileStore:
    """Reads hash tiles from the database, each once. Implements `tiles.HashReader`."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], bytes] = {}

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first `width` hashes (32 bytes each) of a tile."""
        key = (level, index)
        if len(self._seen.get(key, b"")) < width * 32:
            row = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True)
            self._seen[key] = bytes(row.first() or b"")
        hashes = self._seen[key]
        if len(hashes) < width * 32:
            raise ProofError("ledger.tile_missing", level=level, index=index)
        return hashes[: width * 32]

    def read_ahead(self, places: Iterable[tuple[int, int]]) -> None:
        """Fetch tiles, by level and index, in one question."""
        self._seen |= engines.tiles_at(places)
