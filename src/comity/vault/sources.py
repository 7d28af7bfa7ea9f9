"""Sources and targets of bytes that are watched while they are read and written."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
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


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a regular file for reading; never a link, a device or a pipe.

    Raises Refused("vault.not_a_regular_file"), with no path in it.
    """
    descriptor, _ = _opened(path)
    return os.fdopen(descriptor, "rb", buffering=0)


def _opened(path: str | os.PathLike[str]) -> tuple[int, os.stat_result]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as failure:
        if failure.errno in {errno.ELOOP, errno.ENXIO}:
            raise Refused("vault.not_a_regular_file") from failure
        raise
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise Refused("vault.not_a_regular_file")
    return descriptor, found


def read_regular(path: str | os.PathLike[str], below: int) -> bytes | None:
    """Return the whole of a regular file; None if it has `below` bytes or more.

    Raises Refused("vault.not_a_regular_file"), and ("vault.source_changed") if it changed
    meanwhile.
    """
    descriptor, before = _opened(path)
    try:
        if before.st_size >= below:
            return None
        # A byte more than there should be: whether the file has grown shows at once.
        content = os.read(descriptor, before.st_size + 1)
        while 0 < len(content) < before.st_size and (
            piece := os.read(descriptor, before.st_size + 1 - len(content))
        ):
            content += piece
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if len(content) != before.st_size or not _is_same(before, after):
        raise Refused("vault.source_changed")
    return content


@dataclass(frozen=True)
class RegularFile:
    """A file of this machine that is to be read; calling it opens it, as `open_regular`.

    told: is called with the number of its bytes when they were read.
    """

    path: str | os.PathLike[str]
    told: Callable[[int], None] | None = None

    def __call__(self) -> BinaryIO:
        """Open it. Raises as `open_regular`."""
        return open_regular(self.path)

    def has_been_read(self, size: int) -> None:
        """Tell who waits for it that so many bytes were read."""
        if self.told is not None:
            self.told(size)


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
    same = before is None or (after is not None and _is_same(before, after))
    if not same or (announced is not None and announced != size):
        raise Refused("vault.source_changed")


def _is_same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )
