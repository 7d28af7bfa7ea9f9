"""Parts of uploads on disk: each sealed under a key of its own while it arrives; no database here.

Layout: `uploads/<name>` under COMITY_SPOOL, each file locked by its writer. A part that was not
ended does not open: the process was stopped, and what it holds is sent again.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
import time
import uuid
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings

from comity.core import vaultfile
from comity.core.errors import Refused, Untrusted
from comity.core.keyring import Keyring
from comity.vault import storage

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PART_BYTES = 32 * 1024 * 1024  # what a power cut can cost
_WRAP_LABEL = b"comity upload part key v1:"


@dataclass(frozen=True)
class Part:
    """A durable part. offset, size: in the plain bytes of the whole."""

    name: str
    offset: int
    size: int
    wrapped_key: bytes


class PartWriter:
    """A part that is being written."""

    def __init__(self, offset: int) -> None:
        """Raises Refused("vault.disk_full") if a part would touch the reserve."""
        _look_at_space()
        self._name, self._offset, self.size = uuid.uuid4().hex, offset, 0
        self._path = _folder() / self._name
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._file: BinaryIO = os.fdopen(os.open(self._path, flags, 0o600), "wb", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._key = vaultfile.new_key()
        self._writer = vaultfile.Writer(self._file, self._key)

    def write(self, piece: bytes) -> None:
        """Seal and write. Raises OSError, Refused("vault.disk_full")."""
        if self.size // PART_BYTES != (self.size + len(piece)) // PART_BYTES:
            _look_at_space()
        self._writer.write(piece)
        self.size += len(piece)

    def finish(self) -> Part:
        """End the part and return when it is durable. Raises OSError."""
        self._writer.finish()
        os.fsync(self._file.fileno())
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._file.close()
        root = Keyring(settings.COMITY_KEYS).vault_root
        wrapped = vaultfile.wrap_key(root, self._key, _WRAP_LABEL + self._name.encode())
        return Part(self._name, self._offset, self.size, wrapped)

    def abandon(self) -> None:
        """Let go of what was written."""
        self._file.close()
        remove(self._name)


class Joined(io.RawIOBase):
    """The parts of one upload as a seekable file of plain bytes; closing it closes what is open."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Take parts in order, without gaps. Raises Untrusted("vault.upload_gap")."""
        super().__init__()
        self._parts = list(parts)
        self._starts = [part.offset for part in self._parts]
        self.size = sum(part.size for part in self._parts)
        ends = [0, *(part.offset + part.size for part in self._parts)]
        if self._starts != ends[:-1]:
            raise Untrusted("vault.upload_gap")
        self._position, self._number = 0, -1
        self._reader: io.BufferedReader | None = None

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position in the plain bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move in the plain bytes, as io.IOBase.seek."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer from one part; each chunk is authentic. Raises Untrusted."""
        wanted = memoryview(buffer).cast("B")
        if self._position >= self.size or not wanted:
            return 0
        reader = self._at(bisect_right(self._starts, self._position) - 1)
        reader.seek(self._position - self._starts[self._number])
        count = reader.readinto(wanted)
        if not count:
            raise Untrusted("vaultfile.truncated")
        self._position += count
        return count

    def _at(self, number: int) -> io.BufferedReader:
        if self._reader is not None and number == self._number:
            return self._reader
        self._let_go()
        self._number, self._reader = number, _open(self._parts[number])
        return self._reader

    def _let_go(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def close(self) -> None:
        """Close the part that is open."""
        if not self.closed:
            self._let_go()
        super().close()


def _open(part: Part) -> io.BufferedReader:
    root = Keyring(settings.COMITY_KEYS).vault_root
    key = vaultfile.unwrap_key(root, part.wrapped_key, _WRAP_LABEL + part.name.encode())
    try:
        source = storage.open_regular(_folder() / part.name)
    except (OSError, Refused) as failure:
        raise Untrusted("vault.upload_gap") from failure
    try:
        reader = vaultfile.Reader(source, key)
    except Untrusted:
        source.close()
        raise
    if reader.size != part.size:
        reader.close()
        raise Untrusted("vaultfile.truncated")
    return io.BufferedReader(reader, storage.READ_AT_ONCE_BYTES)


def remove(name: str) -> None:
    """Remove a part."""
    with suppress(FileNotFoundError):
        (_folder() / name).unlink()


def abandoned(older_than_seconds: float) -> Iterator[str]:
    """Yield the names of parts that nobody writes to and that are this old; rows may name them."""
    for path in sorted(_folder().iterdir()):
        with suppress(OSError), path.open("rb") as file:
            if time.time() - os.fstat(file.fileno()).st_mtime < older_than_seconds:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path.name


def free_bytes() -> int:
    """How many bytes are free where parts are written."""
    return shutil.disk_usage(_folder()).free


def _look_at_space() -> None:
    if free_bytes() - PART_BYTES < settings.COMITY_RESERVED_DISK_BYTES:
        raise Refused("vault.disk_full")


def shares_disk_with_vault() -> bool:
    """Whether a finished upload is on the disk twice until its parts are gone."""
    vault = Path(settings.COMITY_VAULT)
    vault.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _folder().stat().st_dev == vault.stat().st_dev


def is_full(failure: OSError) -> bool:
    """Whether the disk is full."""
    return failure.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _folder() -> Path:
    folder = Path(settings.COMITY_SPOOL) / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
