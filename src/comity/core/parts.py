"""Files that are none: a part of a file, and bytes that are made while they are read."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

_KEPT_AT_ONCE_BYTES = 1 << 18


class Part(io.RawIOBase):
    """A part of a seekable file as a file of its own; several may be read in turns."""

    def __init__(self, source: BinaryIO, start: int, size: int) -> None:
        super().__init__()
        self._source, self._start, self._size, self._at = source, start, size, 0

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move within the part, as io.IOBase.seek; never before its start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Return the position in the part."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes, or all that are left of the part."""
        left = max(0, self._size - self._at)
        self._source.seek(self._start + self._at)
        data = self._source.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says object
        """Fill the buffer as far as the part goes; return how many bytes it holds."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def flowing(pieces: Iterable[bytes]) -> BinaryIO:
    """Give pieces of bytes as a file that is read once, from start to end."""
    return io.BufferedReader(_Flowing(iter(pieces)), 1 << 16)


class Kept:
    """Bytes that are made piece by piece and read when all are there: kept small, by zlib.

    Call it to open them from the start. sha256 (32 bytes), crc32, size (bytes): of all of them;
    true after `close`. They are packed and hashed in a thread of its own, beside the making.
    """

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(1)
        self._packing: Future[None] | None = None
        self._packer, self._digest = zlib.compressobj(1), hashlib.sha256()
        self._packed: list[bytes] = []
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self.sha256, self.crc32, self.size = b"", 0, 0

    def add(self, piece: bytes) -> None:
        """Keep the next bytes."""
        self._waiting.append(piece)
        self._waiting_size += len(piece)
        if self._waiting_size >= _KEPT_AT_ONCE_BYTES:
            self._pass_on()

    def close(self) -> None:
        """Nothing more comes."""
        self._pass_on()
        self._beside.submit(self._end).result()
        self._beside.shutdown()

    def _end(self) -> None:
        self._packed.append(self._packer.flush())
        self.sha256 = self._digest.digest()

    def _pass_on(self) -> None:
        if self._packing is not None:
            self._packing.result()
        self._packing = self._beside.submit(self._keep, b"".join(self._waiting))
        self._waiting, self._waiting_size = [], 0

    def _keep(self, data: bytes) -> None:
        self._digest.update(data)
        self.crc32, self.size = zlib.crc32(data, self.crc32), self.size + len(data)
        self._packed.append(self._packer.compress(data))

    def __call__(self) -> BinaryIO:
        """Open the bytes."""
        unpacker = zlib.decompressobj()
        return flowing(unpacker.decompress(piece) for piece in self._packed)


class _Flowing(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces, self._left = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says object
        held, size = [self._left], len(self._left)
        while size < len(buffer):
            piece = next(self._pieces, None)
            if piece is None:
                break
            held.append(piece)
            size += len(piece)
        data = b"".join(held)
        given = data[: len(buffer)]
        self._left = data[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)
