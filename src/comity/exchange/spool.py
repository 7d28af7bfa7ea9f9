"""Sealed bytes on disk between nodes: what waits to go out, and what has come in; no database here.

Layout under COMITY_SPOOL: `outgoing/<message id>/` (message.sealed and blob-<n>.sealed),
`arriving/` (bodies being received), `inbox/<partner>/<sha256>.sealed` and
`blobs/<partner>/<sha256>.part`.
Nothing here can be read without the addressee's keys.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from comity.core.errors import Refused
from comity.exchange.arriving import Readable

PIECE_BYTES = 1 << 20
_REMEMBERED_BLOBS = 16
# Hashes of blobs that this process is receiving, so that a whole one need not be read again.
_hashes: OrderedDict[Path, tuple[int, hashlib._Hash]] = OrderedDict()


@dataclass(frozen=True)
class Arrived:
    """A body on stable storage. path: absolute. sha256: 64 hex digits."""

    path: Path
    sha256: str
    size: int


class ShortBody(Exception):
    """The connection ended before the announced number of bytes."""


def root() -> Path:
    """The spool's folder."""
    return Path(settings.COMITY_SPOOL)


def require_space(needed: int) -> None:
    """Raise Refused("storage.full") if this many bytes would eat into the reserve."""
    root().mkdir(mode=0o700, parents=True, exist_ok=True)
    if shutil.disk_usage(root()).free - needed < settings.COMITY_RESERVED_DISK_BYTES:
        raise Refused("storage.full")


def folder(*names: str) -> Path:
    """Return a folder of the spool, made if need be."""
    path = root().joinpath(*names)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def relative(path: Path) -> str:
    """Return a path as rows keep it."""
    return str(path.relative_to(root()))


def absolute(stored: str) -> Path:
    """Return the file that a row names."""
    return root() / stored


def sync_folder(path: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a new file that is durable afterwards, or gone if anything goes wrong."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=PIECE_BYTES) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def take_body(source: Readable, length: int) -> Arrived:
    """Stream a body of exactly `length` bytes to `arriving/` and fsync it; constant memory.

    Raises ShortBody or Refused("storage.full"); then nothing is left behind.
    """
    require_space(length)
    path = folder("arriving") / uuid.uuid4().hex
    digest = hashlib.sha256()
    with new_file(path) as file:
        for piece in _pieces(source, length):
            digest.update(piece)
            file.write(piece)
    return Arrived(path, digest.hexdigest(), length)


def _pieces(source: Readable, length: int) -> Iterator[bytes]:
    left = length
    while left:
        piece = source.read(min(left, PIECE_BYTES))
        if not piece:
            raise ShortBody
        left -= len(piece)
        yield piece


def place_message(arrived: Arrived, partner: uuid.UUID) -> Path:
    """Give a received message its lasting name; the same bytes get the same name."""
    shelf = folder("inbox", str(partner))
    target = shelf / f"{arrived.sha256}.sealed"
    arrived.path.rename(target)
    sync_folder(shelf)
    return target


def blob_path(partner: uuid.UUID, sealed_sha256: str) -> Path:
    """Where a blob of a partner grows."""
    return root() / "blobs" / str(partner) / f"{sealed_sha256}.part"


class BlobBusy(Exception):
    """Another part of this blob is being written."""


def write_part(
    path: Path,
    *,
    source: Callable[[], Readable],
    offset: int,
    length: int,
    expected_sha256: str,
) -> bool:
    """Write one part at its place and fsync it; return whether its bytes are the expected ones.

    source: gives the part's bytes, once the blob is locked. What a broken call leaves behind the
    offset that the row states is overwritten by the next.
    Raises ShortBody, BlobBusy or Refused("storage.full").
    """
    require_space(length)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlobBusy from None
        file.seek(offset)
        part, whole = hashlib.sha256(), _hash_up_to(path, offset)
        for piece in _pieces(source(), length):
            part.update(piece)
            if whole is not None:
                whole.update(piece)
            _write_all(file, piece)
        if part.hexdigest() != expected_sha256:
            _hashes.pop(path, None)
            return False
        os.fsync(file.fileno())
        if offset == 0:
            sync_folder(path.parent)
    if whole is not None:
        _remember(path, offset + length, whole)
    return True


def _write_all(file: BinaryIO, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[file.write(view) :]


def _hash_up_to(path: Path, offset: int) -> hashlib._Hash | None:
    if offset == 0:
        return hashlib.sha256()
    known = _hashes.pop(path, None)
    return known[1] if known is not None and known[0] == offset else None


def _remember(path: Path, offset: int, whole: hashlib._Hash) -> None:
    _hashes[path] = (offset, whole)
    while len(_hashes) > _REMEMBERED_BLOBS:
        _hashes.popitem(last=False)


def blob_digest(path: Path, size: int) -> str:
    """Return the SHA-256 (64 hex digits) of the first `size` bytes of a blob."""
    known = _hashes.pop(path, None)
    if known is not None and known[0] == size:
        return known[1].hexdigest()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for piece in _pieces(file, size):
            digest.update(piece)
    return digest.hexdigest()


def cut_to(path: Path, size: int) -> None:
    """Cut off what a broken call left behind the blob's last byte."""
    if path.stat().st_size > size:
        os.truncate(path, size)


def remove(stored: str) -> None:
    """Remove a file that a row named, and its folder if that is empty then."""
    if not stored:
        return
    path = absolute(stored)
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()


def remove_path(path: Path) -> None:
    """Remove a file that no row names."""
    _hashes.pop(path, None)
    path.unlink(missing_ok=True)


def old_arrivals(older_than_seconds: float) -> list[Path]:
    """Return the bodies that no call is receiving any more."""
    return [path for path in folder("arriving").iterdir() if _age(path) > older_than_seconds]


def outgoing_folders(older_than_seconds: float) -> list[Path]:
    """Return the folders of messages that were prepared so long ago."""
    return [path for path in folder("outgoing").iterdir() if _age(path) > older_than_seconds]


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
