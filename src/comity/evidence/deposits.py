"""A folder into which others may write: nothing in it is reached or written through a link.

Every step goes from an open folder to the name in it, so whatever a depositor puts in the way, or
swaps meanwhile, ends in an error and never outside the folder.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from comity.core.errors import Refused

MOST_DEEP = 64  # folders one in the other; what lies deeper is not looked at
MOST_OF_ONE_NAME = 1000
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# A file's place: the names of the folders down to it, and its own.
Place = tuple[str, ...]


@dataclass(frozen=True)
class Deposit:
    """A folder and what lies in it. Every method raises OSError for what cannot be done."""

    path: Path

    @contextmanager
    def folder(self, names: Sequence[str] = (), *, make: bool = False) -> Iterator[int]:
        """Open a folder in it; raises NotADirectoryError for a link. make: those that are not."""
        descriptor = os.open(self.path, _FOLDER)
        try:
            for name in names:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(name, 0o700, dir_fd=descriptor)
                below = os.open(name, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)

    def state(self, place: Place) -> os.stat_result:
        """What the system says of a file, or of the link that stands there."""
        with self.folder(place[:-1]) as folder:
            return os.stat(place[-1], dir_fd=folder, follow_symlinks=False)

    def open(self, place: Place) -> BinaryIO:
        """Open a regular file. Raises Refused("vault.not_a_regular_file")."""
        try:
            with self.folder(place[:-1]) as folder:
                descriptor = os.open(place[-1], _READ, dir_fd=folder)
        except OSError as failure:
            if failure.errno in {errno.ELOOP, errno.ENXIO}:
                raise Refused("vault.not_a_regular_file") from failure
            raise
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Refused("vault.not_a_regular_file")
        return os.fdopen(descriptor, "rb", buffering=0)

    def places(self, *, besides: frozenset[str]) -> Iterator[tuple[Place, os.stat_result | None]]:
        """Yield what lies in it, in the order of the names; links and pipes too.

        besides: names at the top that are left out. Without a state: a folder that cannot be
        read, or lies too deep.
        """
        waiting: list[Place] = [()]
        while waiting:
            here = waiting.pop()
            inner: list[Place] = []
            try:
                found = self._states(here)
                if len(here) > MOST_DEEP:
                    raise OSError(errno.ELOOP, "too deep")
            except OSError:
                yield here, None
                continue
            for name, state in found:
                if not here and name in besides:
                    continue
                if stat.S_ISDIR(state.st_mode):
                    inner.append((*here, name))
                else:
                    yield (*here, name), state
            waiting += reversed(inner)

    def _states(self, here: Place) -> list[tuple[str, os.stat_result]]:
        found = []
        with self.folder(here) as folder:
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - of an open folder
                with suppress(FileNotFoundError):
                    found.append((name, os.stat(name, dir_fd=folder, follow_symlinks=False)))
        return found

    def move(self, place: Place, under: str) -> Place:
        """Move a file into a folder at the top, beside what is there under its name; return where.

        A name that has no room for a number is cut.
        """
        inner = (under, *place[:-1])
        with self.folder(place[:-1]) as source, self.folder(inner, make=True) as target:
            name = _free_name(target, place[-1])
            os.rename(place[-1], name, src_dir_fd=source, dst_dir_fd=target)
        return (*inner, name)

    def say(self, place: Place, text: str) -> None:
        """Write a new text file beside a file; nothing that is there is touched."""
        with self.folder(place[:-1]) as folder:
            name = _free_name(folder, place[-1], ".reason.txt")
            descriptor = os.open(name, _NEW, 0o600, dir_fd=folder)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)


def _free_name(folder: int, name: str, ending: str = "") -> str:
    """A name that is not in an open folder: with a number where it is. Raises FileExistsError."""
    for number in range(1, MOST_OF_ONE_NAME):
        free = _fitting(folder, name, f".{number}{ending}" if number > 1 else ending)
        try:
            os.stat(free, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return free
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _fitting(folder: int, name: str, ending: str) -> str:
    room = os.fpathconf(folder, "PC_NAME_MAX") - len(os.fsencode(ending))
    raw = os.fsencode(name)
    while len(raw) > room or (len(raw) < len(os.fsencode(name)) and raw[-1:] >= b"\x80"):
        raw = raw[:-1]  # never within a letter of several bytes
    return os.fsdecode(raw) + ending
