"""Sources and targets of bytes that are watched while they are read and written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Any, BinaryIO

from comity.core.errors import Refused

HEAD_BYTES = 4096
LOOK_AT_SPACE_EVERY_BYTES = 64 * 1024 * 1024


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


class WatchedTarget:
    """A file being written, with a look at the free space every 64 MiB.

    look: raises if there is too little. What else is asked of the file, the file itself answers.
    """

    def __init__(self, target: BinaryIO, look: Callable[[], None]) -> None:
        self._target, self._look = target, look
        self._until_look = LOOK_AT_SPACE_EVERY_BYTES

    def write(self, data: bytes | memoryview) -> int:
        """Write the bytes as the file does; raises what the look raises."""
        self._until_look -= len(data)
        if self._until_look <= 0:
            self._until_look = LOOK_AT_SPACE_EVERY_BYTES
            self._look()
        return self._target.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


class Nowhere:
    """Takes bytes and keeps none."""

    def write(self, data: memoryview) -> int:
        """Say that all was written."""
        return len(data)


def state_of(source: BinaryIO) -> os.stat_result | None:
    """What the system says about a source that is a regular file; None for any other."""
    try:
        found = os.fstat(source.fileno())
    except (OSError, AttributeError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def left_in(source: BinaryIO, state: os.stat_result | None) -> int | None:
    """How many bytes a source holds from where it stands; None if it cannot tell."""
    if state is not None:
        return max(0, state.st_size - source.tell())
    try:
        here = source.tell()
        end = source.seek(0, os.SEEK_END)
        source.seek(here)
    except (OSError, AttributeError, ValueError):
        return None
    return max(0, end - here)


def require_unchanged(
    source: BinaryIO, before: os.stat_result | None, size: int, announced: int | None
) -> None:
    """Raise Refused("vault.source_changed") if the source is not what it was, or not as announced.

    size: how many bytes were read. announced: how many there should be.
    """
    after = state_of(source)
    same = before is None or (
        after is not None
        and (before.st_size, before.st_mtime_ns, before.st_ctime_ns)
        == (after.st_size, after.st_mtime_ns, after.st_ctime_ns)
    )
    if not same or (announced is not None and announced != size):
        raise Refused("vault.source_changed")
