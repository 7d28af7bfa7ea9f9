"""The container: an ASiC-E signature over every entry, in one ZIP that unpacks to a BagIt bag.

Sources: ETSI EN 319 162-1 (ASiC-E with CAdES), RFC 8493 (BagIt). See docs/protocol/container.md.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import BinaryIO

from comity.core import cms, manifests, ziplayout
from comity.core.errors import Refused, Untrusted
from comity.core.findings import Finding, failure, moment
from comity.core.manifests import Listed
from comity.core.parts import Part

Source = bytes | Callable[[], BinaryIO]
MAX_SIGNATURE_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_WRITTEN_AT_ONCE = 8  # pieces that wait for the disk
_MIMETYPE_MEDIA_TYPE = "text/plain"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file to put in.

    name: ASCII path, such as "data/E-000123/original.bin". source: the bytes, or a function that
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


@dataclass(frozen=True)
class Examination:
    """What a look at the whole container gave; signer: None if the signature does not hold."""

    findings: tuple[Finding, ...]
    signer: cms.Signer | None


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is known of bytes before they are written; crc32: None until they are read."""

    sha256: bytes
    crc32: int | None
    size: int


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
    ordered = sorted(entries, key=lambda entry: entry.name)
    _require_writable(ordered)
    listed = [_measured(entry) for entry in ordered]
    head = manifests.leading_files(listed, bag_info or {}, now)
    leading = [_measured(Entry(name, data, kind)) for name, kind, data in head]
    manifest = manifests.write_manifest([entry for entry, _ in [*leading, *listed]])
    signature = cms.sign_detached(manifest, seal.key, seal.certificate, seal.stamper, now)
    closing = [
        _measured(Entry(manifests.MANIFEST, manifest, "text/xml")),
        _measured(Entry(manifests.SIGNATURE, signature, "application/pkcs7-signature")),
    ]
    sources = [
        *(Entry(name, data, kind) for name, kind, data in head),
        *ordered,
        Entry(manifests.MANIFEST, manifest, "text/xml"),
        Entry(manifests.SIGNATURE, signature, "application/pkcs7-signature"),
    ]
    return _write_zip(target, sources, [measure for _, measure in [*leading, *listed, *closing]])


def open_container(source: BinaryIO) -> Container:
    """Read the structure of a container: ZIP headers, the list of entries, the bag's lists.

    source: seekable, and open as long as the container is used. The entries' bytes and the seal
    are not looked at: see `Container.examine`.
    Raises Untrusted("container.…") for anything that `write_container` does not write.
    """
    members = ziplayout.read_members(source)
    by_name = {member.name: member for member in members}
    names = [member.name for member in members]
    if manifests.MANIFEST not in by_name or manifests.SIGNATURE not in by_name:
        raise Untrusted("container.not_sealed")
    limit = manifests.largest_manifest(len(members))
    raw = _read_member(source, by_name[manifests.MANIFEST], limit)
    listed = manifests.parse_manifest(raw)
    manifests.require_all_listed(names, [entry.name for entry in listed])
    manifests.require_order(names)
    sized = [
        Listed(entry.name, entry.media_type, entry.sha256, by_name[entry.name].size)
        for entry in listed
    ]
    return Container(source, by_name, {entry.name: entry for entry in sized}, raw)


class Container:
    """An opened container; its structure is in order, its bytes are not yet checked."""

    def __init__(
        self,
        source: BinaryIO,
        members: dict[str, ziplayout.Member],
        listed: dict[str, Listed],
        manifest: bytes,
    ) -> None:
        self._source = source
        self._members = members
        self._listed = listed
        self._manifest = manifest

    def names(self) -> tuple[str, ...]:
        """Give the names of all entries, in the order of the file."""
        return tuple(self._members)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def listed(self, name: str) -> Listed:
        """Give what the signed list says of an entry.

        Raises Untrusted("container.missing_entry").
        """
        if name not in self._listed:
            raise Untrusted("container.missing_entry", entry=name)
        return self._listed[name]

    def open(self, name: str) -> BinaryIO:
        """Open an entry for reading from start to end, checked against the signed list.

        Raises Untrusted("container.missing_entry"); the last bytes are not
        given, but Untrusted("container.entry_changed") is raised, if they are not those listed.
        Do not use what was read before the end was reached.
        """
        return io.BufferedReader(_CheckedStream(self.view(name), self.listed(name)))

    def view(self, name: str) -> BinaryIO:
        """Open an entry seekable and unchecked, for a reader that checks by itself.

        Raises Untrusted("container.missing_entry").
        """
        if name not in self._members:
            raise Untrusted("container.missing_entry", entry=name)
        member = self._members[name]
        return io.BufferedReader(Part(self._source, member.start, member.size))

    def read(self, name: str, limit: int) -> bytes:
        """Give an entry's bytes, checked against the signed list. limit: most bytes accepted.

        Raises Untrusted("container.missing_entry", "container.entry_too_large" or
        "container.entry_changed").
        """
        listed = self.listed(name)
        data = _read_member(self._source, self._members[name], limit)
        if hashlib.sha256(data).digest() != listed.sha256:
            raise Untrusted("container.entry_changed", entry=name)
        return data

    def check(
        self, trusted_certs: Sequence[bytes], stamp_roots: Sequence[bytes], now: datetime
    ) -> list[Finding]:
        """Look at every byte and at the seal, and give what was found; see `examine`."""
        return list(self.examine(trusted_certs, stamp_roots, now).findings)

    def examine(
        self, trusted_certs: Sequence[bytes], stamp_roots: Sequence[bytes], now: datetime
    ) -> Examination:
        """Look at every byte and at the seal, and give findings and signer.

        trusted_certs, stamp_roots: PEM. now: aware.
        Findings: container.entry (only those that changed), container.entries, bag.lists,
        seal.signature, seal.signer, seal.time.
        """
        findings = [*self._changed_entries()]
        if not findings:
            facts = {"count": len(self._members), "size_bytes": self._size()}
            findings.append(Finding("container.entries", True, facts=facts))
        findings.extend(self._bag_findings())
        try:
            member = self._members[manifests.SIGNATURE]
            signature = _read_member(self._source, member, MAX_SIGNATURE_BYTES)
            signer = cms.verify_detached(
                self._manifest, signature, trusted_certs, now, stamp_roots=stamp_roots
            )
        except Untrusted as error:
            findings.append(failure("seal.signature", error, manifests.SIGNATURE))
            return Examination(tuple(findings), None)
        findings.extend(seal_findings(signer))
        return Examination(tuple(findings), signer)

    def _size(self) -> int:
        return sum(member.size for member in self._members.values())

    def _changed_entries(self) -> Iterator[Finding]:
        for name, member in self._members.items():
            measure = _measure(Part(self._source, member.start, member.size))
            listed = self._listed.get(name)
            if listed is not None and measure.sha256 != listed.sha256:
                yield Finding("container.entry", False, name, {"reason": "digest"})
            elif measure.crc32 != member.crc32:
                yield Finding("container.entry", False, name, {"reason": "crc32"})

    def _bag_findings(self) -> Iterator[Finding]:
        try:
            present = manifests.require_bag(
                self._listed.values(), lambda name: self.read(name, manifests.MAX_LIST_BYTES)
            )
        except Untrusted as error:
            yield failure("bag.lists", error)
            return
        if present:
            yield Finding("bag.lists", True)


def seal_findings(signer: cms.Signer) -> list[Finding]:
    """Say what a verified signature is worth: who signed it, and since when it exists."""
    shown = {
        "name": signer.subject,
        "signing_time": None if signer.signing_time is None else moment(signer.signing_time),
    }
    doubt = {} if signer.trusted else {"reason": signer.doubt}
    findings = [
        Finding("seal.signature", True, manifests.SIGNATURE),
        Finding(
            "seal.signer", signer.trusted or None, signer.fingerprint_sha256, {**shown, **doubt}
        ),
    ]
    stamp = signer.timestamp
    if stamp is None:
        findings.append(Finding("seal.time", None, facts={"reason": "none"}))
    else:
        facts = {"time": moment(stamp.gen_time), "authority": stamp.authority}
        doubt = {} if stamp.trusted else {"reason": "unknown"}
        findings.append(Finding("seal.time", stamp.trusted or None, facts={**facts, **doubt}))
    return findings


def _require_writable(entries: Sequence[Entry]) -> None:
    for entry in entries:
        ziplayout.require_name(entry.name)
        manifests.require_media_type(entry.media_type)
        if manifests.is_reserved(entry.name):
            raise Untrusted("container.reserved_name", entry=entry.name)
    ziplayout.require_distinct([*manifests.RESERVED, *(entry.name for entry in entries)])


def _measured(entry: Entry) -> tuple[Listed, _Measure]:
    if entry.sha256 and entry.size is not None and not isinstance(entry.source, bytes):
        measure = _Measure(bytes.fromhex(entry.sha256), None, entry.size)
    elif isinstance(entry.source, bytes):
        measure = _measure_bytes(entry.source)
    else:
        with entry.source() as stream:
            measure = _measure(stream)
    if entry.sha256 and measure.sha256.hex() != entry.sha256:
        raise Refused("container.source_changed", entry=entry.name)
    return Listed(entry.name, entry.media_type, measure.sha256, measure.size), measure


def _measure_bytes(data: bytes) -> _Measure:
    return _Measure(hashlib.sha256(data).digest(), zlib.crc32(data), len(data))


def _measure(stream: BinaryIO | io.RawIOBase) -> _Measure:
    digest, crc32, size = hashlib.sha256(), 0, 0
    for chunk in _chunks(stream):
        digest.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        size += len(chunk)
    return _Measure(digest.digest(), crc32, size)


def _chunks(stream: BinaryIO | io.RawIOBase) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK_BYTES):
        yield chunk


def _write_zip(
    target: BinaryIO, entries: Sequence[Entry], measures: Sequence[_Measure]
) -> ContainerDigest:
    with _Sink(target) as sink:
        members = _write_entries(sink, entries, measures)
        sink.put(ziplayout.directory(members, sink.size))
        return sink.finish()


def _write_entries(
    sink: _Sink, entries: Sequence[Entry], measures: Sequence[_Measure]
) -> list[ziplayout.Member]:
    members: list[ziplayout.Member] = []
    for entry, measure in zip(entries, measures, strict=True):
        offset = sink.size
        if isinstance(entry.source, bytes):
            crc32 = measure.crc32 or 0
            sink.put(ziplayout.local_header(entry.name, size=measure.size, crc32=crc32))
            sink.put(entry.source)
        elif measure.size <= _CHUNK_BYTES:
            crc32 = _write_small(sink, entry, measure)
        else:
            crc32 = _write_large(sink, entry, measure)
        members.append(ziplayout.Member(entry.name, measure.size, crc32, offset))
    return members


def _write_small(sink: _Sink, entry: Entry, measure: _Measure) -> int:
    """Write an entry that fits into memory, read once; return its CRC."""
    with _opened(entry.source) as stream:
        data = b"".join(_chunks(stream))
    found = _measure_bytes(data)
    if (found.sha256, found.size) != (measure.sha256, measure.size):
        raise Refused("container.source_changed", entry=entry.name)
    crc32 = found.crc32 or 0
    sink.put(ziplayout.local_header(entry.name, size=found.size, crc32=crc32))
    sink.put(data)
    return crc32


def _write_large(sink: _Sink, entry: Entry, measure: _Measure) -> int:
    """Write an entry in pieces; its CRC stands before them, so it may have to be read first."""
    crc32 = measure.crc32
    if crc32 is None:
        with _opened(entry.source) as stream:
            crc32 = reduce(lambda found, chunk: zlib.crc32(chunk, found), _chunks(stream), 0)
    sink.put(ziplayout.local_header(entry.name, size=measure.size, crc32=crc32))
    digest, again, size = hashlib.sha256(), 0, 0
    with _opened(entry.source) as stream:
        for chunk in _chunks(stream):
            digest.update(chunk)
            again, size = zlib.crc32(chunk, again), size + len(chunk)
            sink.put(chunk)
    if (digest.digest(), again, size) != (measure.sha256, crc32, measure.size):
        raise Refused("container.source_changed", entry=entry.name)
    return crc32


def _opened(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source()


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


def _read_member(source: BinaryIO, member: ziplayout.Member, limit: int) -> bytes:
    if member.size > limit:
        raise Untrusted("container.entry_too_large", entry=member.name, size_bytes=member.size)
    source.seek(member.start)
    data = source.read(member.size)
    if zlib.crc32(data) != member.crc32:
        raise Untrusted("container.entry_changed", entry=member.name)
    return data


class _CheckedStream(io.RawIOBase):
    """Reads forward once; gives the last bytes only if the digest is the listed one."""

    def __init__(self, stream: BinaryIO, listed: Listed) -> None:
        super().__init__()
        self._stream, self._listed, self._digest = stream, listed, hashlib.sha256()
        self._left = listed.size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says object
        data = self._stream.read(len(buffer))
        self._digest.update(data)
        self._left -= len(data)
        at_end = self._left <= 0 or not data
        if at_end and self._digest.digest() != self._listed.sha256:
            raise Untrusted("container.entry_changed", entry=self._listed.name)
        buffer[: len(data)] = data
        return len(data)
