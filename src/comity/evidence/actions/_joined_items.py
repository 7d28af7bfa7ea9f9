"""Several items one behind the other, as a tool in the sandbox reads them."""

from __future__ import annotations

import bisect
import io
from collections.abc import Callable, Sequence
from itertools import accumulate
from types import TracebackType
from typing import Self

from comity.evidence.models import Item


class JoinedItems:
    """Readable and seekable; one item is open at a time. being_read: the one that was opened last.

    Reading raises what opening and reading an item raises.
    """

    def __init__(self, items: Sequence[Item], opened: Callable[[Item], io.BufferedReader]) -> None:
        self._items, self._opened = list(items), opened
        self._ends = list(accumulate(item.size for item in items))
        self._at = 0
        self._reader: io.BufferedReader | None = None
        self.being_read = self._items[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def seek(self, offset: int) -> int:
        """Go to a place, counted over all of them."""
        self._at = offset
        return offset

    def read(self, length: int) -> bytes:
        """Return the bytes from there, of as many items as they lie in."""
        pieces = []
        while length > 0 and self._at < self._ends[-1]:
            number = bisect.bisect_right(self._ends, self._at)
            piece = self._read_of(number, min(length, self._ends[number] - self._at))
            if not piece:
                break
            pieces.append(piece)
            self._at += len(piece)
            length -= len(piece)
        return b"".join(pieces)

    def _read_of(self, number: int, length: int) -> bytes:
        item = self._items[number]
        if self._reader is None or self.being_read is not item:
            self._close()
            self.being_read = item
            self._reader = self._opened(item)
        self._reader.seek(self._at - (self._ends[number] - item.size))
        return self._reader.read(length)

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
