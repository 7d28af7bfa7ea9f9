"""Where else sealed objects lie: a folder or an S3-compatible bucket, behind one interface.

COMITY_REPLICA holds a second copy of each object; COMITY_OBJECT_STORE holds the only one, and the
node's own disk what has just come in. Names and bytes are those of `vault/objects`, so `sha256sum`
checks either without keys. Nothing here believes what a store says: bytes count when their SHA-256
is their name. No database.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from django.conf import settings

from comity.core.errors import Untrusted

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore.store import ClientConfig, LocalStore, RetryConfig, S3Store

# obstore takes memory: it is loaded where a store is set, not by every process of the node.
# One request, made only if the name is free; above it, in parts, which no store takes on condition.
WHOLE_BYTES = 32 << 20
PART_BYTES = 8 << 20
READ_BYTES = 1 << 20
_AHEAD_BYTES = 8 << 20
_CALLS: ClientConfig = {"connect_timeout": "5s", "timeout": "60s"}
_RETRIES: RetryConfig = {"max_retries": 2}


class StoreAway(OSError):
    """The store does not answer, or not as it should; nothing is known about the object."""


class Store:
    """A folder or bucket of objects, each named by the SHA-256 of its bytes."""

    def __init__(self, url: str, credentials: tuple[tuple[str, str], ...] = ()) -> None:
        """url: path of a folder, or `s3://bucket/prefix`; credentials: what `s3_of` returns."""
        from obstore.store import LocalStore

        self.folder = None if url.startswith("s3://") else Path(url.removeprefix("file://"))
        if self.folder is not None:
            self._store: S3Store | LocalStore = LocalStore(self.folder, mkdir=True)
        else:
            self._store = _bucket(url, dict(credentials))

    def size(self, name: str) -> int | None:
        """How many bytes the object has; None if it is not there. Raises StoreAway."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            return int(obstore.head(self._store, _path(name))["size"])
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as failure:
            raise StoreAway("the store gives no answer") from failure

    def put(self, name: str, source: BinaryIO, *, again: bool = False) -> None:
        """Store an object whose bytes are those of its name, unless it is there.

        again: over what is there, since that is damaged. Raises StoreAway, and Untrusted(
        "vaultfile.stored_digest_mismatch"): then nothing of it is stored.
        """
        from obstore.exceptions import BaseError

        size = source.seek(0, io.SEEK_END)
        source.seek(0)
        try:
            if size <= WHOLE_BYTES:
                self._put_whole(name, source.read(), again=again)
            elif again or self.size(name) != size:
                self._put_parts(name, source)
        except (BaseError, OSError) as failure:
            raise StoreAway("the store takes nothing") from failure
        self._sync(name)

    def _put_whole(self, name: str, content: bytes, *, again: bool) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        if hashlib.sha256(content).hexdigest() != name:
            raise Untrusted("vaultfile.stored_digest_mismatch", stored_sha256=name)
        try:
            obstore.put(
                self._store,
                _path(name),
                content,
                mode="overwrite" if again else "create",
                use_multipart=False,
            )
        except (AlreadyExistsError, FileExistsError):
            if self.size(name) != len(content):  # half of it: a store that is not atomic
                self._put_whole(name, content, again=True)

    def _put_parts(self, name: str, source: BinaryIO) -> None:
        import obstore

        digest = hashlib.sha256()

        def pieces() -> Iterator[bytes]:
            while piece := source.read(PART_BYTES):
                digest.update(piece)
                yield piece

        obstore.put(self._store, _path(name), pieces(), chunk_size=PART_BYTES, max_concurrency=4)
        if digest.hexdigest() != name:
            self.remove(name)
            raise Untrusted("vaultfile.stored_digest_mismatch", stored_sha256=name)

    def _sync(self, name: str) -> None:
        """In a folder: let file and folders survive a power cut. A bucket answers for itself."""
        if self.folder is None:
            return
        path = self.folder / _path(name)
        for each in (path, path.parent, self.folder):
            descriptor = os.open(each, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def open(self, name: str) -> BinaryIO:
        """Open an object, seekable; only the ranges that are read are fetched.

        Raises Untrusted("vault.object_missing"), StoreAway.
        """
        size = self.size(name)
        if size is None:
            raise Untrusted("vault.object_missing", stored_name=name)
        return cast("BinaryIO", _Ranges(self._store, _path(name), size))

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is no error. Raises StoreAway."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        try:
            obstore.delete(self._store, _path(name))
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as failure:
            raise StoreAway("the store removes nothing") from failure


class _Ranges(io.RawIOBase):
    """An object as a seekable file: a block at a time, larger ones while it is read on."""

    def __init__(self, store: S3Store | LocalStore, path: str, size: int) -> None:
        super().__init__()
        self._store, self._path, self._size = store, path, size
        self._position = self._start = 0
        self._block = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        wanted = memoryview(buffer).cast("B")
        if self._position >= self._size or not wanted:
            return 0
        at = self._position - self._start
        if not 0 <= at < len(self._block):
            self._fetch(goes_on=at == len(self._block) > 0)
            at = 0
        piece = self._block[at : at + len(wanted)]
        wanted[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _fetch(self, *, goes_on: bool) -> None:
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        length = min(_AHEAD_BYTES if goes_on else READ_BYTES, self._size - self._position)
        try:
            found = obstore.get_range(self._store, self._path, start=self._position, length=length)
        except (NotFoundError, FileNotFoundError) as failure:
            raise Untrusted("vault.object_missing") from failure
        except (BaseError, OSError) as failure:
            raise StoreAway("the store gives no bytes") from failure
        if len(found) != length:
            raise Untrusted("vaultfile.truncated")
        self._start, self._block = self._position, memoryview(bytes(found))


def replica() -> Store | None:
    """The store of second copies, if one is set."""
    return _configured(settings.COMITY_REPLICA, _frozen(settings.COMITY_REPLICA_S3))


def object_store() -> Store | None:
    """The store that holds the objects in place of this node's disk, if one is set."""
    return _configured(settings.COMITY_OBJECT_STORE, _frozen(settings.COMITY_OBJECT_STORE_S3))


def _frozen(given: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in given.items() if value))


def _configured(url: str, credentials: tuple[tuple[str, str], ...]) -> Store | None:
    return _made(url, credentials) if url else None


@lru_cache(maxsize=8)
def _made(url: str, credentials: tuple[tuple[str, str], ...]) -> Store:
    return Store(url, credentials)


def _bucket(url: str, given: dict[str, str]) -> S3Store:
    from obstore.store import S3Store

    bucket, _slash, prefix = url.removeprefix("s3://").partition("/")
    endpoint = given.get("endpoint")
    if endpoint is None:
        return S3Store(bucket, prefix=prefix or None, client_options=_CALLS, retry_config=_RETRIES)
    calls: ClientConfig = {**_CALLS, "allow_http": endpoint.startswith("http://")}
    return S3Store(
        bucket,
        prefix=prefix or None,
        endpoint=endpoint,
        region=given.get("region", "us-east-1"),
        access_key_id=given.get("key_id", ""),
        secret_access_key=given.get("secret", ""),
        virtual_hosted_style_request=False,
        client_options=calls,
        retry_config=_RETRIES,
    )


def _path(name: str) -> str:
    if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        raise ValueError("an object's name is 64 hex digits")
    return f"{name[:2]}/{name}"
