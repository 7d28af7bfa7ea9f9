"""Files on disk: bytes taken in before any transaction, and the stored objects; no database here.

Layout under COMITY_VAULT: `incoming/` holds what is being written, each file locked by its writer;
`objects/ab/<sha256 of the stored bytes>` the sealed files: `sha256sum` checks them without keys.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import hmac
import io
import os
import shutil
import stat
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from django.conf import settings

from comity.core import vaultfile
from comity.core.errors import Refused, Untrusted
from comity.core.keyring import Keyring
from comity.core.parts import Part
from comity.vault import stores
from comity.vault.sources import HEAD_BYTES as HEAD_BYTES
from comity.vault.sources import LOOK_AT_SPACE_EVERY_BYTES as LOOK_AT_SPACE_EVERY_BYTES
from comity.vault.sources import Nowhere, WatchedSource
from comity.vault.sources import RegularFile as RegularFile
from comity.vault.sources import WatchedTarget as WatchedTarget
from comity.vault.sources import left_in as left_in
from comity.vault.sources import open_regular as open_regular
from comity.vault.sources import require_unchanged as require_unchanged
from comity.vault.sources import state_of as state_of

READ_AT_ONCE_BYTES = 128 * 1024
WHOLE_AT_MOST_BYTES = 1 << 20  # stored; what a package keeps in memory while it writes it
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_LOOKUP_LABEL = b"comity vault lookup v1"
_WRAP_LABEL = b"comity vault object key v1:"
_own = threading.local()


class Section(NamedTuple):
    """Where a small sealed file lies: the pack's name, and the offset in it in bytes.

    pack_size: of the whole pack, in bytes.
    """

    pack: str
    offset: int
    pack_size: int


@dataclass(frozen=True)
class TakenIn:
    """Bytes that are durable on disk and that no row names yet; `vault.actions.keep` makes the row.

    sha256: of the plain bytes, 64 hex digits. stored_name: SHA-256 of the stored bytes, likewise.
    Sizes in bytes. lookup: finds the same plain bytes again without telling anyone their digest.
    section: where it lies in a pack (`packs`); None for a file that is an object of its own.
    head: the first HEAD_BYTES of the plain bytes, to tell what they are without opening them.
    """

    sha256: str
    size: int
    stored_name: str
    stored_size: int
    wrapped_key: bytes
    lookup: bytes
    section: Section | None = None
    head: bytes = field(default=b"", repr=False, compare=False)

    @property
    def object_name(self) -> str:
        """The name of the object on disk that holds the bytes."""
        return self.section.pack if self.section else self.stored_name


def take_in(source: BinaryIO, *, expected_size: int | None = None) -> TakenIn:
    """Stream source once from where it stands to its end into the vault; return when it is durable.

    Order: write, fsync the file, rename it to its name, fsync the folders. If the machine stops
    anywhere in between, no row points here and the sweep removes what is left. Memory does not grow
    with the file. expected_size: bytes that the sender announced.
    Raises Refused("vault.disk_full") or Refused("vault.source_changed"), and leaves nothing behind.
    """
    before = state_of(source)
    announced = expected_size if expected_size is not None else left_in(source, before)
    require_space(announced or 0)
    key = vaultfile.new_key()
    with incoming_file() as (path, target):
        try:
            watched = WatchedSource(source, announced)
            sealed = _sealer().seal(
                cast("BinaryIO", watched),
                cast("BinaryIO", WatchedTarget(target, lambda: require_space(0))),
                key,
            )
            require_unchanged(source, before, sealed.plain_size, announced)
            os.fchmod(target.fileno(), 0o400)
            os.fsync(target.fileno())
            place(path, sealed.stored_sha256)
        except OSError as failure:
            if failure.errno in NO_SPACE:
                raise Refused("vault.disk_full") from failure
            raise
    return TakenIn(
        sha256=sealed.plain_sha256,
        size=sealed.plain_size,
        stored_name=sealed.stored_sha256,
        stored_size=sealed.stored_size,
        wrapped_key=wrapper()(sealed.stored_sha256, key),
        lookup=lookups()(sealed.plain_sha256),
        head=watched.head,
    )


def wrapper() -> Callable[[str, bytes], bytes]:
    """Return what wraps a file's key under the vault's root key; it opens under its name only."""
    root = Keyring(settings.COMITY_KEYS).vault_root
    return lambda name, key: vaultfile.wrap_key(root, key, _WRAP_LABEL + name.encode())


def lookups() -> Callable[[str], bytes]:
    """Return what gives the 32 bytes under which a plain digest (64 hex digits) is looked up."""
    root = Keyring(settings.COMITY_KEYS).vault_root
    key = hmac.digest(root, _LOOKUP_LABEL, "sha256")
    return lambda sha256: hmac.digest(key, bytes.fromhex(sha256), "sha256")


def open_object(
    stored_name: str, wrapped_key: bytes, section: Section | None = None, size: int = 0
) -> io.BufferedReader:
    """Open a stored file as a seekable file of its plain bytes; each chunk is checked when read.

    section, size: where it lies in a pack, and its stored size there.

    Raises Untrusted("vault.object_missing") or Untrusted("vaultfile.…").
    """
    key = _unwrapped(stored_name, wrapped_key)
    source = _stored_part(stored_name, section, size)
    try:
        reader = vaultfile.Reader(source, key)
    except Untrusted:
        source.close()
        raise
    return io.BufferedReader(reader, READ_AT_ONCE_BYTES)


class Shelf:
    """Opens stored files one after another: a pack that holds several of them stays open.

    What is small is decrypted at once; the caller compares its digest. Close it at the end.
    """

    def __init__(self) -> None:
        self._root = Keyring(settings.COMITY_KEYS).vault_root
        self._pack = ""
        self._packed: BinaryIO | None = None

    def open(
        self, stored_name: str, wrapped_key: bytes, section: Section | None, size: int
    ) -> BinaryIO:
        """Open a stored file, as `open_object` does; size: stored, in bytes."""
        if section is None or size > WHOLE_AT_MOST_BYTES:
            return open_object(stored_name, wrapped_key, section, size)
        packed = self._open_pack(section.pack)
        packed.seek(section.offset)
        sealed = packed.read(size)
        if len(sealed) < size:
            raise Untrusted("vaultfile.truncated")
        label = _WRAP_LABEL + stored_name.encode()
        key = vaultfile.unwrap_key(self._root, wrapped_key, label)
        return io.BytesIO(vaultfile.open_bytes(sealed, key))

    def _open_pack(self, name: str) -> BinaryIO:
        if self._packed is None or name != self._pack:
            self.close()
            self._pack, self._packed = name, open_object_bytes(name)
        return self._packed

    def close(self) -> None:
        """Close the pack that is open."""
        if self._packed is not None:
            self._packed.close()
            self._packed = None


def check_object(
    stored_name: str,
    wrapped_key: bytes,
    sha256: str,
    section: Section | None = None,
    size: int = 0,
) -> int:
    """Decrypt a whole file, compare its plain bytes with their digest and return their number.

    section, size: as in open_object. Raises Untrusted("vault.object_missing") or
    Untrusted("vaultfile.…").
    """
    key = _unwrapped(stored_name, wrapped_key)
    with _stored_part(stored_name, section, size) as source:
        return vaultfile.open_stream(source, cast("BinaryIO", Nowhere()), key, sha256)


def check_stored(stored_name: str) -> int:
    """Compare an object's stored bytes with its name, without any key; return their number.

    Raises Untrusted("vault.object_missing") or Untrusted("vaultfile.stored_digest_mismatch").
    """
    with open_object_bytes(stored_name) as source:
        return vaultfile.check_stored(source, stored_name)


def is_whole(stored_name: str, stored_size: int) -> bool:
    """Say whether an object is there in its full size; its content is not looked at.

    Raises Refused("vault.store_away").
    """
    try:
        found = _object_path(stored_name).lstat()
    except OSError:
        return _size_elsewhere(stored_name) == stored_size
    return stat.S_ISREG(found.st_mode) and found.st_size == stored_size


def _size_elsewhere(stored_name: str) -> int | None:
    """How large the object is in the object store; None if it is not there, or none is set."""
    store = stores.object_store()
    try:
        return store.size(stored_name) if store else None
    except stores.StoreAway as failure:
        raise Refused("vault.store_away") from failure


def hold(stored_name: str) -> bool:
    """Make an object young again, so that no sweep takes it before its row is committed.

    Returns whether it was still there. A sweep looks at age and removes under the same lock.
    Raises Refused("vault.store_away").
    """
    with _locked_object(stored_name, fcntl.LOCK_SH) as file:
        if file is None:
            return _size_elsewhere(stored_name) is not None
        os.utime(file.fileno())
        return True


def remove(stored_name: str) -> None:
    """Remove an object that no row names."""
    with suppress(FileNotFoundError):
        _object_path(stored_name).unlink()


def remove_if_old(stored_name: str, older_than_seconds: float) -> bool:
    """Remove an object that no row names, unless somebody has just taken hold of it."""
    with _locked_object(stored_name, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
        if file is None or _age_of(os.fstat(file.fileno())) < older_than_seconds:
            return False
        remove(stored_name)
        return True


def evict(stored_name: str) -> bool:
    """Remove this disk's copy of an object that lies in the object store, unless it is in hand."""
    with _locked_object(stored_name, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
        if file is None:
            return False
        remove(stored_name)
        return True


def open_local(stored_name: str) -> BinaryIO | None:
    """Open an object's bytes as they lie on this disk; None if they do not."""
    try:
        return open_regular(_object_path(stored_name))
    except (OSError, Refused):
        return None


def bring_back(stored_name: str, source: BinaryIO) -> bool:
    """Put a copy of an object in its place, durably, if its bytes are those of its name.

    Returns whether they were; if not, nothing has changed. Raises Refused("vault.disk_full").
    """
    require_space(source.seek(0, os.SEEK_END))
    source.seek(0)
    digest = hashlib.sha256()
    with incoming_file() as (path, target):
        while piece := source.read(READ_AT_ONCE_BYTES):
            digest.update(piece)
            vaultfile.write_full(target, memoryview(piece))
        if digest.hexdigest() != stored_name:
            return False
        os.fchmod(target.fileno(), 0o400)
        os.fsync(target.fileno())
        place(path, stored_name)
    return True


def object_names(older_than_seconds: float) -> Iterator[str]:
    """Yield the names of objects untouched for so long, shelf by shelf."""
    for shelf in _folders()[1].iterdir():
        with os.scandir(shelf) as found:
            for each in found:
                with suppress(FileNotFoundError):
                    if _age_of(each.stat(follow_symlinks=False)) >= older_than_seconds:
                        yield each.name


def abandoned_incoming(older_than_seconds: float) -> list[Path]:
    """Return the files in incoming/ whose writer is gone: old enough, and locked by nobody."""
    found = []
    for path in _folders()[0].iterdir():
        with suppress(OSError), path.open("rb") as file:
            if _age_of(os.fstat(file.fileno())) < older_than_seconds:
                continue
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found.append(path)
    return found


def last_sweep_seconds_ago() -> float:
    """Say how long ago the objects were last swept; very long if never."""
    marker = Path(settings.COMITY_VAULT) / "swept"
    return _age_of(marker.stat()) if marker.exists() else float("inf")


def mark_swept() -> None:
    """Remember that the objects were swept now."""
    _folders()
    (Path(settings.COMITY_VAULT) / "swept").touch()


def _age_of(found: os.stat_result) -> float:
    return time.time() - found.st_mtime


def _folders() -> tuple[Path, Path]:
    incoming, objects = (Path(settings.COMITY_VAULT) / name for name in ("incoming", "objects"))
    for folder in (incoming, objects):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return incoming, objects


def _object_path(stored_name: str) -> Path:
    if len(stored_name) != 64 or not set(stored_name) <= set("0123456789abcdef"):
        raise ValueError("an object's name is 64 hex digits")
    return Path(settings.COMITY_VAULT) / "objects" / stored_name[:2] / stored_name


def open_object_bytes(stored_name: str) -> BinaryIO:
    """Open an object as it is stored: from this disk, else the object store, by ranges.

    Raises Untrusted("vault.object_missing"), Refused("vault.store_away").
    """
    local = open_local(stored_name)
    if local is not None:
        return local
    store = stores.object_store()
    if store is None:
        raise Untrusted("vault.object_missing", stored_name=stored_name)
    try:
        return store.open(stored_name)
    except stores.StoreAway as failure:
        raise Refused("vault.store_away") from failure


def _stored_part(stored_name: str, section: Section | None, size: int) -> BinaryIO:
    if section is None:
        return open_object_bytes(stored_name)
    return cast("BinaryIO", _PackedFile(open_object_bytes(section.pack), section.offset, size))


class _PackedFile(Part):
    """A file in a pack; closing it closes the pack."""

    def close(self) -> None:
        if not self.closed:
            self._source.close()
        super().close()


def _unwrapped(stored_name: str, wrapped_key: bytes) -> bytes:
    root = Keyring(settings.COMITY_KEYS).vault_root
    return vaultfile.unwrap_key(root, wrapped_key, _WRAP_LABEL + stored_name.encode())


@contextmanager
def incoming_file() -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new locked file; whatever goes wrong, it is gone afterwards unless it was renamed."""
    path = _folders()[0] / uuid.uuid4().hex
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb", buffering=0) as target:
        fcntl.flock(target, fcntl.LOCK_EX)
        try:
            yield path, target
        finally:
            with suppress(FileNotFoundError):
                path.unlink()


def place(path: Path, stored_name: str) -> None:
    """Give a written and synced file its name, durably; if that fails it is gone."""
    target = _object_path(stored_name)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    path.rename(target)
    try:
        for folder in (target.parent, target.parent.parent):
            _sync_folder(folder)
    except OSError:
        remove(stored_name)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked_object(stored_name: str, how: int) -> Iterator[BinaryIO | None]:
    """Give the object's file, locked; None if it is gone or locked by somebody else."""
    with ExitStack() as stack:
        file: BinaryIO | None = None
        with suppress(FileNotFoundError, BlockingIOError):
            opened = stack.enter_context(_object_path(stored_name).open("rb"))
            fcntl.flock(opened, how)
            file = opened if os.fstat(opened.fileno()).st_nlink else None
        yield file


def _sealer() -> vaultfile.Sealer:
    """This thread's sealer: its buffers are made once (evidence.md C3)."""
    if not hasattr(_own, "sealer"):
        _own.sealer = vaultfile.Sealer()
    return cast("vaultfile.Sealer", _own.sealer)


def require_space(needed: int) -> None:
    """Refuse before the disk falls under the reserve that reads, ledger and database live on."""
    free = shutil.disk_usage(_folders()[0]).free
    if free - vaultfile.stored_size(needed) < settings.COMITY_RESERVED_DISK_BYTES:
        raise Refused("vault.disk_full")
