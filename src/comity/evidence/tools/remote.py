"""The one file that a tool in the sandbox is given, and the frames in which it answers.

The node holds the key and the tool never does: it asks over a socket for bytes at an offset, and
the node decrypts those. A film of 40 GB is read without a readable copy of it anywhere.
Request: offset and length, big-endian, 8 and 4 bytes. Answer: the bytes that there are, after
their number in 4 bytes; fewer than asked at the end of the file.
Frame of an answer on standard output: two big-endian numbers of 4 and 8 bytes, then so many bytes
of JSON and of content.
"""

from __future__ import annotations

import io
import json
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

REQUEST, COUNT, FRAME = struct.Struct(">QI"), struct.Struct(">I"), struct.Struct(">IQ")
MOST_AT_ONCE = 1024 * 1024
READ_AHEAD_BYTES = 256 * 1024
SOCKET, SIZE = "COMITY_FILE_SOCKET", "COMITY_FILE_SIZE"
HEADER_AT_MOST = 1024 * 1024


class RemoteFile(io.RawIOBase):
    """The file, seekable; each read asks the node."""

    def __init__(self, link: socket.socket, size: int) -> None:
        super().__init__()
        self._link, self._size, self._at = link, size, 0

    def readable(self) -> bool:
        """It is read."""
        return True

    def seekable(self) -> bool:
        """It can be read from any place."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; ask nobody."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("before the beginning of the file")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Ask the node for the next bytes."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), MOST_AT_ONCE, max(0, self._size - self._at))
        if not wanted:
            return 0
        self._link.sendall(REQUEST.pack(self._at, wanted))
        (count,) = COUNT.unpack(_exactly(self._link, COUNT.size))
        view[:count] = _exactly(self._link, count)
        self._at += count
        return int(count)


def _exactly(link: socket.socket, count: int) -> bytes:
    pieces = []
    while count:
        piece = link.recv(count)
        if not piece:
            raise EOFError("the node has stopped answering")
        pieces.append(piece)
        count -= len(piece)
    return b"".join(pieces)


def given() -> io.BufferedReader:
    """The file that this process was started for."""
    link = socket.socket(fileno=int(os.environ[SOCKET]))
    return io.BufferedReader(RemoteFile(link, int(os.environ[SIZE])), READ_AHEAD_BYTES)


def room() -> Path:
    """The folder in memory that is this process's own."""
    return Path(os.environ["TMPDIR"])


def copied(to: Path) -> Path:
    """Copy the file to a place in the sandbox's memory, for a program that needs a path."""
    with given() as source, to.open("wb") as target:
        while piece := source.read(MOST_AT_ONCE):
            target.write(piece)
    return to


def copied_parts(folder: Path, sizes: Sequence[int]) -> list[Path]:
    """Copy files that lie one behind the other into a folder. sizes: of each, in bytes."""
    paths = [folder / f"item-{number}" for number in range(len(sizes))]
    with given() as source:
        for path, size in zip(paths, sizes, strict=True):
            with path.open("wb") as target:
                left = size
                while left and (piece := source.read(min(left, MOST_AT_ONCE))):
                    target.write(piece)
                    left -= len(piece)
    return paths


def answers() -> BinaryIO:
    """Standard output for frames alone: whatever else writes there goes nowhere."""
    own = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return os.fdopen(own, "wb")


def write_frame(target: BinaryIO, header: dict[str, Any], content: bytes = b"") -> None:
    """Write one answer."""
    words = json.dumps(header).encode()
    target.write(FRAME.pack(len(words), len(content)) + words + content)
    target.flush()


def read_frames(said: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Take apart what a tool answered; it may be hostile. Raises ValueError if it is malformed."""
    at = 0
    while at < len(said):
        if len(said) - at < FRAME.size:
            raise ValueError("a frame is cut short")
        words, content = FRAME.unpack_from(said, at)
        at += FRAME.size
        if words > HEADER_AT_MOST or words + content > len(said) - at:
            raise ValueError("a frame is longer than what was said")
        try:
            header = json.loads(said[at : at + words])
        except RecursionError as deep:
            raise ValueError("a header is nested too deep") from deep
        if not isinstance(header, dict):
            raise ValueError("a header is an object")
        yield header, said[at + words : at + words + content]
        at += words + content
