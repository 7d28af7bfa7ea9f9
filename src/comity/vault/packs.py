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
from pathlib import Path
from typing import BinaryIO, NamedTuple

from comity.core import vaultfile
from comity.core.errors import Refused
from comity.vault import storage
from comity.vault.sealer import SMALL_BYTES as SMALL_BYTES
from comity.vault.sealer import PackWriter, Place, Read, Sealed
from comity.vault.sources import read_regular

PACK_BYTES = 16 << 20  # of plain bytes, after which a pack is closed
PACK_FILES = 4096


class Small(NamedTuple):
    """A small file in memory. sha256: of it, 64 hex digits."""

    content: bytes
    sha256: str

    def read(self) -> Read:
        """What is known of it without its content."""
        return Read(self.sha256, len(self.content), self.content[: storage.HEAD_BYTES])


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
    return small_of(content)


def small_of(content: bytes) -> Small:
    """Return a small file that is in memory."""
    return Small(content, hashlib.sha256(content).hexdigest())


def read_small_regular(path: str | os.PathLike[str]) -> Small | None:
    """Read a regular file if it is small. Raises as `sources.read_regular`."""
    content = read_regular(path, SMALL_BYTES)
    return None if content is None else small_of(content)


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
        self._digest, self._size = "", 0
        self._writer: PackWriter | None = None
        self._file = ExitStack()
        self._incoming: tuple[Path, BinaryIO] | None = None

    def add(self, files: Sequence[Small]) -> None:
        """Seal files and write them. Raises Refused("vault.disk_full"), after which nothing is."""
        different = {one.sha256: one for one in files if one.sha256 not in self._sealed}
        if not different:
            return
        with self._left_if_it_fails():
            target = self._opened(sum(len(one.content) for one in different.values()))[1]
            self._writer = self._writer or PackWriter(target)
            contents, keys = [one.content for one in different.values()], new_keys(len(different))
            places = self._writer.write(contents, key_list(keys))
        files = list(different.values())
        self._note([one.read() for one in files], keys, places)
        self._digest, self._size = self._writer.digest_hex(), self._writer.size

    def begin(self, size: int) -> Path:
        """Return the file that somebody else writes: see `filled`. size: of all the plain bytes.

        Raises Refused("vault.disk_full").
        """
        with self._left_if_it_fails():
            return self._opened(size)[0]

    def filled(self, files: Sequence[Read], keys: bytes, sealed: Sealed) -> None:
        """Note what was sealed into the file of `begin`. keys: 32 bytes for each of the files.

        Raises Refused("vault.disk_full"), after which nothing is.
        """
        with self._left_if_it_fails():
            if isinstance(sealed, OSError):
                raise sealed
        self._digest, places = sealed
        self._size = sum(place.size for place in places)
        self._note(files, keys, places)

    def _opened(self, size: int) -> tuple[Path, BinaryIO]:
        storage.require_space(size)
        if self._incoming is None:
            self._incoming = self._file.enter_context(storage.incoming_file())
        return self._incoming

    def _note(self, files: Sequence[Read], keys: bytes, places: Sequence[Place]) -> None:
        # A name is drawn, for no file on disk bears it.
        names = key_list(new_keys(len(files)))
        for file, key, name, place in zip(files, key_list(keys), names, places, strict=True):
            self._sealed[file.sha256] = _Sealed(file, key, name.hex(), place)

    @contextmanager
    def _left_if_it_fails(self) -> Iterator[None]:
        try:
            with _full_disk():
                yield
        except BaseException:
            self.leave()
            raise

    def finish(self) -> dict[str, storage.TakenIn]:
        """Return what the files became, by their digest, when the pack is durable.

        Raises Refused("vault.disk_full"), and leaves nothing behind.
        """
        if self._incoming is None:
            return {}
        path, target = self._incoming
        pack = storage.Section(self._digest, 0, self._size)
        with self._file, _full_disk():
            os.fchmod(target.fileno(), 0o400)
            os.fsync(target.fileno())
            storage.place(path, pack.pack)
        lookup, wrap = storage.lookups(), storage.wrapper()
        return {
            sha256: storage.TakenIn(
                sha256=sha256,
                size=one.file.size,
                stored_name=one.name,
                stored_size=one.place.size,
                wrapped_key=wrap(one.name, one.key),
                lookup=lookup(sha256),
                section=storage.Section(pack.pack, one.place.offset, pack.pack_size),
                head=one.file.head,
            )
            for sha256, one in self._sealed.items()
        }

    def leave(self) -> None:
        """Remove what was written; harmless after `finish`."""
        self._file.close()


def new_keys(count: int) -> bytes:
    """Return so many fresh keys of 32 bytes, from one draw of chance."""
    return secrets.token_bytes(vaultfile.KEY_SIZE * count)


def key_list(keys: bytes) -> list[bytes]:
    """Return each of the keys."""
    size = vaultfile.KEY_SIZE
    return [keys[at : at + size] for at in range(0, len(keys), size)]


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


class _Sealed(NamedTuple):
    """One file in the pack."""

    file: Read
    key: bytes
    name: str
    place: Place
