"""Which fingerprints are near which: all of them at once, by the bits that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# numpy takes 30 MB of memory: it is loaded by whoever compares, not by every process of the node.
NEAR_BITS = 31  # of 256, as the makers of PDQ advise
LEAST_QUALITY = 50
MOST_NEAR = 20


def table(prints: Sequence[bytes]) -> np.ndarray:
    """Pack fingerprints of 32 bytes for `nearest`."""
    import numpy as np

    return np.frombuffer(b"".join(prints), dtype=np.uint64).reshape(-1, 4)


def nearest(wanted: bytes, among: np.ndarray) -> list[tuple[int, int]]:
    """Return (row, differing bits) of the nearest fingerprints, at most MOST_NEAR of them."""
    if not len(among):
        return []
    import numpy as np

    distances = np.bitwise_count(among ^ np.frombuffer(wanted, dtype=np.uint64)).sum(axis=1)
    rows = np.flatnonzero(distances <= NEAR_BITS)
    best = rows[np.argsort(distances[rows], kind="stable")][:MOST_NEAR]
    return [(int(row), int(distances[row])) for row in best]
