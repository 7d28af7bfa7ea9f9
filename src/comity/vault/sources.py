"""A source of bytes that is watched while it is read."""

from __future__ import annotations

from typing import BinaryIO

from comity.core.errors import Refused

HEAD_BYTES = 4096


class WatchedSource:
    """The source being read; one that gives more than it announced is not read to its end."""

    def __init__(self, source: BinaryIO, announced: int | None) -> None:
        self._source, self._left, self.head = source, announced, b""
        self._fill = getattr(source, "readinto", None)

    def readinto(self, buffer: memoryview) -> int:
        """Fill the buffer as the source does. Raises Refused("vault.source_changed")."""
        if self._fill is not None:
            count = self._fill(buffer) or 0
        else:
            piece = self._source.read(len(buffer))
            count = len(piece)
            buffer[:count] = piece
        if len(self.head) < HEAD_BYTES:
            self.head += bytes(buffer[: min(count, HEAD_BYTES - len(self.head))])
        if self._left is not None:
            self._left -= count
            if self._left < 0:
                raise Refused("vault.source_changed")
        return count
