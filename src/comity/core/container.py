"""The container: an ASiC-E signature over every entry, in one ZIP that unpacks to a BagIt bag.

Sources: ETSI EN 319 162-1 (ASiC-E with CAdES), RFC 8493 (BagIt). See docs/protocol/container.md.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from comity.core import cms, manifests, ziplayout
from comity.core.container_writer import ContainerDigest as ContainerDigest
from comity.core.container_writer import Entry as Entry
from comity.core.container_writer import Seal as Seal
from comity.core.container_writer import Source as Source
from comity.core.container_writer import write_container as write_container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure, moment
from comity.core.manifests import Listed
from comity.core.parts import Part

MAX_SIGNATURE_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True)
class Examination:
    """What a look at the whole container gave; signer: None if the signature does not hold."""

    findings: tuple[Finding, ...]
    signer: cms.Signer | None


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
    listed = manifests.parse_manifest(raw, {member.name: member.size for member in members})
    manifests.require_all_listed(names, [entry.name for entry in listed])
    manifests.require_order(names)
    digest = hashlib.sha256(raw).digest()
    return Container(source, by_name, {entry.name: entry for entry in listed}, digest)


class Container:
    """An opened container; its structure is in order, its bytes are not yet checked."""

    def __init__(
        self,
        source: BinaryIO,
        members: dict[str, ziplayout.Member],
        listed: dict[str, Listed],
        manifest_sha256: bytes,
    ) -> None:
        self._source = source
        self._members = members
        self._listed = listed
        self._manifest_sha256 = manifest_sha256

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
        listed = self.listed(name)
        return io.BufferedReader(_CheckedStream(self._part(name), listed), _BUFFER_BYTES)

    def view(self, name: str) -> BinaryIO:
        """Open an entry seekable and unchecked, for a reader that checks by itself.

        Raises Untrusted("container.missing_entry").
        """
        if name not in self._members:
            raise Untrusted("container.missing_entry", entry=name)
        return io.BufferedReader(self._part(name))

    def _part(self, name: str) -> Part:
        member = self._members[name]
        return Part(self._source, member.start, member.size)

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
                self._read_manifest(), signature, trusted_certs, now, stamp_roots=stamp_roots
            )
        except Untrusted as error:
            findings.append(failure("seal.signature", error, manifests.SIGNATURE))
            return Examination(tuple(findings), None)
        findings.extend(seal_findings(signer))
        return Examination(tuple(findings), signer)

    def _read_manifest(self) -> bytes:
        """Read the signed list again: of many entries it is too long to be kept."""
        member = self._members[manifests.MANIFEST]
        data = _read_member(self._source, member, member.size)
        if hashlib.sha256(data).digest() != self._manifest_sha256:
            raise Untrusted("container.entry_changed", entry=manifests.MANIFEST)
        return data

    def _size(self) -> int:
        return sum(member.size for member in self._members.values())

    def _changed_entries(self) -> Iterator[Finding]:
        for name, member in self._members.items():
            sha256, crc32 = _measure(self._source, member)
            listed = self._listed.get(name)
            if listed is not None and sha256 != listed.sha256:
                yield Finding("container.entry", False, name, {"reason": "digest"})
            elif crc32 != member.crc32:
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


def _measure(source: BinaryIO, member: ziplayout.Member) -> tuple[bytes, int]:
    """Give SHA-256 and CRC of an entry's bytes."""
    source.seek(member.start)
    digest, crc32, left = hashlib.sha256(), 0, member.size
    while left and (chunk := source.read(min(left, _CHUNK_BYTES))):
        digest.update(chunk)
        crc32 = zlib.crc32(chunk, crc32)
        left -= len(chunk)
    return digest.digest(), crc32


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

    def __init__(self, stream: Part, listed: Listed) -> None:
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
