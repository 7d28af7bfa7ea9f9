"""Many small files in one object: each sealed by itself, all written and synced at once.

A pack is sealed files one after the other (docs/protocol/vault-file.md). Each has a key of its
own, so one of them can be destroyed alone; the pack is named by the SHA-256 of its bytes like any
object, so `sha256sum` checks it without keys, and it is there whole or not at all. No database.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


def take_in_small(files: Sequence[Small]) -> list[storage.TakenIn]:
    """Seal small files into one pack and return when it is durable, in the order of the files.

    Files of equal bytes are sealed once. Order of writing as `storage.take_in`; the pack is valid
    only under the name that its bytes give it, so half of one is none.
    Raises Refused("vault.disk_full"), and leaves nothing behind.
    """
    if not files:
        return []
    different = {file.sha256: file for file in files}
    storage.require_space(sum(vaultfile.stored_size(len(one.content)) for one in files))
    sealed: dict[str, _Sealed] = {}
    with storage.incoming_file() as (path, target):
        try:
            pack = _write(different, target, sealed)
            os.fchmod(target.fileno(), 0o400)
            os.fsync(target.fileno())
            storage.place(path, pack)
        except OSError as failure:
            if failure.errno in storage.NO_SPACE:
                raise Refused("vault.disk_full") from failure
            raise
    pack_size = sum(one.size for one in sealed.values())
    lookup, wrap = storage.lookups(), storage.wrapper()
    taken = {
        sha256: storage.TakenIn(
            sha256=sha256,
            size=len(different[sha256].content),
            stored_name=one.name,
            stored_size=one.size,
            wrapped_key=wrap(one.name, one.key),
            lookup=lookup(sha256),
            section=storage.Section(pack, one.offset, pack_size),
            head=different[sha256].content[: storage.HEAD_BYTES],
        )
        for sha256, one in sealed.items()
    }
    return [taken[file.sha256] for file in files]


@dataclass(frozen=True)
class _Sealed:
    """One file in the pack. Its name is drawn, for no file on disk bears it."""

    name: str
    key: bytes
    offset: int
    size: int


def _write(different: Mapping[str, Small], target: BinaryIO, sealed: dict[str, _Sealed]) -> str:
    """Write the sealed files, note where each lies, and return the SHA-256 of the whole."""
    digest, at = hashlib.sha256(), 0
    for sha256, file in different.items():
        key = vaultfile.new_key()
        stored = vaultfile.seal_bytes(file.content, key)
        digest.update(stored)
        vaultfile.write_full(target, memoryview(stored))
        sealed[sha256] = _Sealed(secrets.token_hex(32), key, at, len(stored))
        at += len(stored)
    return digest.hexdigest()
