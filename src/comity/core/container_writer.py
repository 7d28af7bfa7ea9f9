"""Writes the container: one ZIP, back to back, hashed while it is written; see container.py.

Tens of thousands of small entries are the common case: what is known of one is a single small
object, and what the file says of it is made once.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import attrgetter
from typing import BinaryIO, cast

from comity.core import cms, manifests, ziplayout
from comity.core.errors import Refused, Untrusted
from comity.core.manifests import Listed
from comity.core.parts import Kept

Pieces = tuple[bytes, ...]
Source = bytes | Pieces | Kept | Callable[[], BinaryIO]
_CHUNK_BYTES = 1 << 20
_WRITTEN_AT_ONCE = 8  # pieces that wait for the disk


@dataclass(frozen=True, slots=True)
class Entry:
    """One file to put in.

    name: ASCII path, such as "data/E-000123/original.bin". source: the bytes, the pieces of which
    they are made (several entries may share one), bytes that are kept, or a function that
    opens them from the start; it may be called twice. media_type: such as "application/pdf".
    sha256: 64 hex digits that the bytes must have, or "" if any will do. size: of the bytes, if it
    is known like sha256: what is small is then read only once, while it is written.
    """

    name: str
    source: Source
    media_type: str
    sha256: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Seal:
    """What signs a container: key and certificate in PEM, and who stamps the signature."""

    key: bytes
    certificate: bytes
    stamper: cms.Stamper | None = None


@dataclass(frozen=True)
class ContainerDigest:
    """SHA-256 of a whole container in 64 hex digits, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class _Planned(Listed):
    """An entry that will be written. crc32: None until its bytes are read."""

    crc32: int | None = None
    source: Source = b""


def write_container(
    target: BinaryIO,
    entries: Iterable[Entry],
    seal: Seal,
    now: datetime,
    bag_info: Mapping[str, str] | None = None,
) -> ContainerDigest:
    """Write a sealed container; memory does not grow with the size of the entries.

    Entries are put in the order of their names. If one lies under data/, the content is a BagIt
    bag too, with bag_info (ASCII labels, one-line values) in its bag-info.txt; a bag needs a
    payload, so without one there are no bag files and bag_info goes nowhere. target needs write()
    only. now: aware.
    Raises Refused("container.source_changed") if a source is not what its entry says, or reads
    differently the second time; the caller then discards what is in the target. Raises Untrusted
    for names no reader would accept.
    """
    planned = [_planned(entry) for entry in entries]
    planned.sort(key=attrgetter("name"))
    ziplayout.require_distinct([*manifests.RESERVED, *(each.name for each in planned)])
    planned[:0] = [_own(*file) for file in manifests.leading_files(planned, bag_info or {}, now)]
    planned += _sealing(tuple(planned), seal, now)
    central = io.BytesIO()
    with _Sink(target) as sink:
        for each in planned:
            central.write(_written(sink, each))
        sink.put(ziplayout.directory_of(central.getvalue(), len(planned), sink.size))
        return sink.finish()


def _sealing(planned: Sequence[_Planned], seal: Seal, now: datetime) -> Iterator[_Planned]:
    """Sign the list of what is planned; it is long, and made again when its turn comes."""

    def listed() -> BinaryIO:
        return io.BytesIO(manifests.write_manifest(planned))

    manifest = manifests.write_manifest(planned)
    signature = cms.sign_detached(manifest, seal.key, seal.certificate, seal.stamper, now)
    yield _Planned(manifests.MANIFEST, "text/xml", *_measure(manifest), listed)
    yield _own(manifests.SIGNATURE, "application/pkcs7-signature", signature)


def _planned(entry: Entry) -> _Planned:
    ziplayout.require_name(entry.name)
    manifests.require_media_type(entry.media_type)
    if manifests.is_reserved(entry.name):
        raise Untrusted("container.reserved_name", entry=entry.name)
    source, crc32 = entry.source, None
    if entry.sha256 and entry.size is not None and callable(source):
        sha256, size = bytes.fromhex(entry.sha256), entry.size
    else:
        sha256, size, crc32 = _measure(source)
    if entry.sha256 and sha256.hex() != entry.sha256:
        raise Refused("container.source_changed", entry=entry.name)
    return _Planned(entry.name, sys.intern(entry.media_type), sha256, size, crc32, source)


def _own(name: str, media_type: str, data: bytes) -> _Planned:
    """A file of the container itself."""
    return _Planned(name, media_type, *_measure(data), data)


def _measure(source: Source) -> tuple[bytes, int, int]:
    """Give SHA-256, size and CRC of what a source holds."""
    if isinstance(source, Kept):
        return source.sha256, source.size, source.crc32
    if isinstance(source, bytes):
        return hashlib.sha256(source).digest(), len(source), zlib.crc32(source)
    digest, crc32, size = hashlib.sha256(), 0, 0
    for chunk in _chunks(source):
        digest.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        size += len(chunk)
    return digest.digest(), size, crc32


def _chunks(source: Source) -> Iterator[bytes]:
    if isinstance(source, tuple):
        yield from source
        return
    with cast("Callable[[], BinaryIO]", source)() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def _written(sink: _Sink, planned: _Planned) -> bytes:
    """Write an entry; give what the directory says of it."""
    offset, source, crc32 = sink.size, planned.source, planned.crc32
    if isinstance(source, bytes | tuple) and crc32 is not None:
        sink.put(ziplayout.local_header(planned.name, size=planned.size, crc32=crc32))
        for piece in (source,) if isinstance(source, bytes) else source:
            sink.put(piece)
    elif planned.size <= _CHUNK_BYTES:
        crc32 = _write_small(sink, planned)
    else:
        crc32 = _write_large(sink, planned)
    return ziplayout.central_header(planned.name, size=planned.size, crc32=crc32, offset=offset)


def _write_small(sink: _Sink, planned: _Planned) -> int:
    """Write an entry that fits into memory, read once; return its CRC."""
    with cast("Callable[[], BinaryIO]", planned.source)() as stream:
        data = stream.read(planned.size + 1)
    if (hashlib.sha256(data).digest(), len(data)) != (planned.sha256, planned.size):
        raise Refused("container.source_changed", entry=planned.name)
    crc32 = zlib.crc32(data)
    sink.put(ziplayout.local_header(planned.name, size=planned.size, crc32=crc32))
    sink.put(data)
    return crc32


def _write_large(sink: _Sink, planned: _Planned) -> int:
    """Write an entry in pieces; its CRC stands before them, so it may have to be read first."""
    crc32 = planned.crc32
    if crc32 is None:
        crc32 = reduce(lambda found, chunk: zlib.crc32(chunk, found), _chunks(planned.source), 0)
    sink.put(ziplayout.local_header(planned.name, size=planned.size, crc32=crc32))
    digest, again, size = hashlib.sha256(), 0, 0
    for chunk in _chunks(planned.source):
        digest.update(chunk)
        again, size = zlib.crc32(chunk, again), size + len(chunk)
        sink.put(chunk)
    if (digest.digest(), again, size) != (planned.sha256, crc32, planned.size):
        raise Refused("container.source_changed", entry=planned.name)
    return crc32


class _Sink:
    """Writes and hashes in a thread of its own, beside the reading; pieces worth a call each."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._digest = target, hashlib.sha256()
        self._held: list[bytes] = []
        self._held_size = 0
        self._writer = ThreadPoolExecutor(1)
        self._writing: deque[Future[None]] = deque()
        self.size = 0

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._writer.shutdown(cancel_futures=True)

    def put(self, data: bytes) -> None:
        """Take bytes; they are in the target when `finish` returns. Raises what writing raised."""
        self._held.append(data)
        self._held_size += len(data)
        self.size += len(data)
        if self._held_size >= _CHUNK_BYTES:
            self._pass_on()

    def finish(self) -> ContainerDigest:
        """Write what is held back; give the digest of everything."""
        self._pass_on()
        while self._writing:
            self._writing.popleft().result()
        return ContainerDigest(self._digest.hexdigest(), self.size)

    def _pass_on(self) -> None:
        data = b"".join(self._held)
        self._held, self._held_size = [], 0
        while len(self._writing) >= _WRITTEN_AT_ONCE:
            self._writing.popleft().result()
        self._writing.append(self._writer.submit(self._write, data))

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._target.write(data)
