"""Many small files in one object: each sealed by itself, all written and synced at once.

A pack is sealed files one after the other (docs/protocol/vault-file.md). Each has a key of its
own, so one of them can be destroyed alone; the pack is named by the SHA-256 of its bytes like any
object, so `sha256sum` checks it without keys, and it is there whole or not at all. No database.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from comity.core import vaultfile
from comity.core.errors import Refused
from comity.vault import storage

SMALL_BYTES = 1 << 20  # from here on a file is an object of its own
PACK_BYTES = 16 << 20  # of plain bytes, after which a pack is closed
PACK_FILES = 4096


@dataclass(frozen=True)
class Small:
    """A small file in memory. sha256: of it, 64 hex digits."""

    content: bytes
    sha256: str


def read_small(source: BinaryIO, *, expected_size: int | None = None) -> Small | None:
    """Read source from where it stands to its end if it is small, else leave it where it stood.

    source: seekable. Returns None for a file of SMALL_BYTES or more.
    Raises Refused("vault.source_changed") if it changed while it was read, or is not as announced.
    """
    start = source.tell()
    before = storage.state_of(source)
    announced = expected_size if expected_size is not None else storage.left_in(source, before)
    if (announced or 0) >= SMALL_BYTES:
        return None
    most = SMALL_BYTES if announced is None else announced + 1
    # A regular file tells its size: whether more has come, its state says without another read.
    content = _read(source, most, until=0 if before is None else 1)
    if announced is None and len(content) >= SMALL_BYTES:
        source.seek(start)
        return None
    storage.require_unchanged(source, before, len(content), announced)
    return Small(content, hashlib.sha256(content).hexdigest())


def _read(source: BinaryIO, at_most: int, *, until: int) -> bytes:
    """Read to the end, or at most so much, or until so many bytes of that are left."""
    pieces, left = [], at_most
    while left > until and (piece := source.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Packing:
    """A pack that is being written: files are added, then it is finished, or left.

    Files of equal bytes are sealed once. Order of writing as `storage.take_in`; the pack is valid
    only under the name that its bytes give it, so half of one is none, and a sweep takes it.
    """

    def __init__(self) -> None:
        self._sealed: dict[str, _Sealed] = {}
        self._digest = hashlib.sha256()
        self._size = 0
        self._file = ExitStack()
        self._incoming: tuple[Path, BinaryIO] | None = None

    def add(self, files: Sequence[Small]) -> None:
        """Seal files and write them. Raises Refused("vault.disk_full"), after which nothing is."""
        different = {one.sha256: one for one in files if one.sha256 not in self._sealed}
        if not different:
            return
        try:
            with _full_disk():
                storage.require_space(sum(len(one.content) for one in different.values()))
                self._write(list(different.values()))
        except BaseException:
            self.leave()
            raise

    def _write(self, files: list[Small]) -> None:
        """One draw of chance, one digest and one write for all: each lets other threads in."""
        if self._incoming is None:
            self._incoming = self._file.enter_context(storage.incoming_file())
        drawn = secrets.token_bytes(64 * len(files))
        pieces = []
        for number, file in enumerate(files):
            key, name = (drawn[start : start + 32] for start in (64 * number, 64 * number + 32))
            stored = vaultfile.seal_bytes(file.content, key)
            self._sealed[file.sha256] = _Sealed(
                name.hex(),
                key,
                self._size,
                len(stored),
                len(file.content),
                file.content[: storage.HEAD_BYTES],
            )
            self._size += len(stored)
            pieces.append(stored)
        written = b"".join(pieces)
        self._digest.update(written)
        vaultfile.write_full(self._incoming[1], memoryview(written))

    def finish(self) -> dict[str, storage.TakenIn]:
        """Return what the files became, by their digest, when the pack is durable.

        Raises Refused("vault.disk_full"), and leaves nothing behind.
        """
        if self._incoming is None:
            return {}
        path, target = self._incoming
        pack = storage.Section(self._digest.hexdigest(), 0, self._size)
        with self._file, _full_disk():
            os.fchmod(target.fileno(), 0o400)
            os.fsync(target.fileno())
            storage.place(path, pack.pack)
        lookup, wrap = storage.lookups(), storage.wrapper()
        return {
            sha256: storage.TakenIn(
                sha256=sha256,
                size=one.plain_size,
                stored_name=one.name,
                stored_size=one.size,
                wrapped_key=wrap(one.name, one.key),
                lookup=lookup(sha256),
                section=replace(pack, offset=one.offset),
                head=one.head,
            )
            for sha256, one in self._sealed.items()
        }

    def leave(self) -> None:
        """Remove what was written; harmless after `finish`."""
        self._file.close()


@contextmanager
def _full_disk() -> Iterator[None]:
    try:
        yield
    except OSError as failure:
        if failure.errno in storage.NO_SPACE:
            raise Refused("vault.disk_full") from failure
        raise


def take_in_small(files: Sequence[Small]) -> list[storage.TakenIn]:
    """Seal small files into one pack and return when it is durable, in the order of the files.

    Raises Refused("vault.disk_full"), and leaves nothing behind.
    """
    packing = Packing()
    packing.add(files)
    taken = packing.finish()
    return [taken[file.sha256] for file in files]


@dataclass(frozen=True)
class _Sealed:
    """One file in the pack. Its name is drawn, for no file on disk bears it."""

    name: str
    key: bytes
    offset: int
    size: int
    plain_size: int
    head: bytes
