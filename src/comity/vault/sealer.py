"""Reading small files and sealing them into a pack: what needs no database and no settings.

It runs in a process of its own beside a large intake (`apart`), so that one core reads, hashes and
encrypts while the other writes rows. That process is told paths and keys over a socket, keeps
neither, and ends when the socket does: with the process that started it, however that ends.
"""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import BinaryIO, NamedTuple

from comity.core import vaultfile
from comity.core.errors import Refused
from comity.vault.sources import HEAD_BYTES, read_regular

SMALL_BYTES = 1 << 20  # from here on a file is an object of its own
_BUFFER_BYTES = 2 * SMALL_BYTES


class Place(NamedTuple):
    """Where a sealed file lies in its pack: bytes from its start, and how many."""

    offset: int
    size: int


class PackWriter:
    """Seals files one after the other into an open file. Making that durable is the caller's."""

    def __init__(self, target: BinaryIO, buffer: memoryview | None = None) -> None:
        """buffer: what `new_buffer` gave, to use again."""
        self._target, self._digest = target, hashlib.sha256()
        self._buffer = new_buffer() if buffer is None else buffer
        self.size = 0

    def write(self, contents: Sequence[bytes], keys: Sequence[bytes]) -> list[Place]:
        """Seal small files, each with its key; digest and write of several are one."""
        places, at = [], 0
        for content, key in zip(contents, keys, strict=True):
            if at + vaultfile.room_for(len(content)) > len(self._buffer):
                self._flush(at)
                at = 0
            size = vaultfile.seal_into(content, key, self._buffer[at:])
            places.append(Place(self.size + at, size))
            at += size
        self._flush(at)
        return places

    def _flush(self, count: int) -> None:
        written = self._buffer[:count]
        self._digest.update(written)
        vaultfile.write_full(self._target, written)
        self.size += count

    def digest_hex(self) -> str:
        """SHA-256 of what was written, 64 hex digits."""
        return self._digest.hexdigest()


def new_buffer() -> memoryview:
    """Return room for a few small files, for `PackWriter`."""
    return memoryview(bytearray(_BUFFER_BYTES))


class Read(NamedTuple):
    """A small file that is held to be sealed. sha256: 64 hex digits; size in bytes."""

    sha256: str
    size: int
    head: bytes


class Refusal(NamedTuple):
    """A file that is refused; by the code of a Refused without facts."""

    code: str


Given = str | bytes  # the path of a file, or the content of a small one
Answer = Read | Refusal | OSError | None  # None: it is no small file
Sealed = tuple[str, list[Place]] | OSError  # the pack's digest, and the places in it


def serve(link: Connection) -> None:
    """Read and seal what is asked for until the other side is gone."""
    held: list[bytes] = []
    buffer = new_buffer()
    while True:
        try:
            verb, *rest = link.recv()
        except (EOFError, ConnectionResetError):
            return
        if verb == "read":
            held, answers = _read(*rest)
            link.send(answers)
        else:
            link.send(_sealed(held, buffer, *rest))
            held = []


def _read(given: Sequence[Given], at_most_bytes: int) -> tuple[list[bytes], list[Answer]]:
    """Read the first of these until there are enough bytes; what is no small file is held empty."""
    held: list[bytes] = []
    answers: list[Answer] = []
    size = 0
    for one in given:
        content, answer = _read_one(one)
        held.append(content)
        answers.append(answer)
        size += len(content)
        if size >= at_most_bytes:
            break
    return held, answers


def _read_one(given: Given) -> tuple[bytes, Answer]:
    try:
        content = given if isinstance(given, bytes) else read_regular(given, SMALL_BYTES)
    except Refused as refusal:
        return b"", Refusal(refusal.code)
    except OSError as failure:
        return b"", OSError(failure.errno, failure.strerror)
    if content is None:
        return b"", None
    sha256 = hashlib.sha256(content).hexdigest()
    return content, Read(sha256, len(content), content[:HEAD_BYTES])


def _sealed(
    held: Sequence[bytes], buffer: memoryview, path: str, numbers: Sequence[int], keys: bytes
) -> Sealed:
    """Seal those of the files into the file at path, which is there; each takes 32 bytes of keys.

    Numbers count what was asked for in the last reading.
    """
    each = [keys[at : at + vaultfile.KEY_SIZE] for at in range(0, len(keys), vaultfile.KEY_SIZE)]
    try:
        with Path(path).open("r+b", buffering=0) as target:
            writer = PackWriter(target, buffer)
            places = writer.write([held[number] for number in numbers], each)
        return writer.digest_hex(), places
    except OSError as failure:
        return OSError(failure.errno, failure.strerror)


def main(descriptor: int) -> None:
    """Serve the process at the other end of a socket. descriptor: of this end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted ends us by going
    with Connection(descriptor) as link:
        try:
            serve(link)
        except BrokenPipeError:
            return
