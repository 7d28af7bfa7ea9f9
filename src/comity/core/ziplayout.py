"""ZIP in one byte form: stored entries, back to back, so that a reader can insist on every byte.

Header fields that carry no meaning here (times, attributes, versions) have one fixed value, which
the reader demands. Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from comity.core.errors import Untrusted

MAX_ENTRIES = 200_000
MAX_NAME_CHARACTERS = 200
_MAX_DIRECTORY_BYTES = 96 << 20
_NAME = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_EXTRA = struct.Struct("<HHQQ")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_DATE = 0x0021  # 1980-01-01, the first day that ZIP knows
_VERSION, _VERSION64 = 20, 45
_MADE_BY_UNIX = 3 << 8
_REGULAR_FILE = 0o100644 << 16
_STORED = 0


@dataclass(frozen=True, slots=True)
class Member:
    """One entry. size: bytes. offset: of its local header."""

    name: str
    size: int
    crc32: int
    offset: int

    @property
    def start(self) -> int:
        """The offset of its first byte."""
        extra = _LOCAL_EXTRA.size if self.size >= _FULL32 else 0
        return self.offset + _LOCAL.size + len(self.name) + extra


def require_name(name: str) -> None:
    """Demand a relative path of ASCII letters, digits, dot, underscore and hyphen.

    Raises Untrusted("container.bad_name").
    """
    climbs = "/." in f"/{name}" and {".", ".."} & set(name.split("/"))
    if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name) or climbs:
        raise Untrusted("container.bad_name", entry=ascii(name)[:80])


def require_distinct(names: Iterable[str]) -> None:
    """Demand names that no file system confuses: letter case, a file that is also a folder.

    Raises Untrusted("container.duplicate_entry").
    """
    seen: set[str] = set()
    folders: set[str] = set()
    for name in names:
        folded = name.lower()
        folder = folded.rpartition("/")[0]
        confused = folded in seen or folded in folders
        while folder and folder not in folders:
            confused = confused or folder in seen
            folders.add(folder)
            folder = folder.rpartition("/")[0]
        if confused:
            raise Untrusted("container.duplicate_entry", entry=name)
        seen.add(folded)


def local_header(name: str, *, size: int, crc32: int) -> bytes:
    """Give the header that stands before an entry's bytes."""
    large = size >= _FULL32
    extra = _LOCAL_EXTRA.pack(1, 16, size, size) if large else b""
    written = _FULL32 if large else size
    encoded = name.encode("ascii")
    fixed = _LOCAL.pack(
        b"PK\x03\x04",
        _VERSION64 if large else _VERSION,
        0,
        _STORED,
        0,
        _DATE,
        crc32,
        written,
        written,
        len(encoded),
        len(extra),
    )
    return fixed + encoded + extra


def directory(members: Sequence[Member], offset: int) -> bytes:
    """Give all that follows the last entry, when it begins at this offset."""
    headers = [
        central_header(each.name, size=each.size, crc32=each.crc32, offset=each.offset)
        for each in members
    ]
    return directory_of(b"".join(headers), len(members), offset)


def directory_of(central: bytes, count: int, offset: int) -> bytes:
    """Give the same of so many headers that are written already."""
    size = len(central)
    tail = b""
    if count >= _FULL16 or size >= _FULL32 or offset >= _FULL32:
        version = _MADE_BY_UNIX | _VERSION64
        tail = _END64.pack(
            b"PK\x06\x06", 44, version, _VERSION64, 0, 0, count, count, size, offset
        ) + _LOCATOR.pack(b"PK\x06\x07", 0, offset + size, 1)
    short = min(count, _FULL16)
    end = _END.pack(b"PK\x05\x06", 0, 0, short, short, min(size, _FULL32), min(offset, _FULL32), 0)
    return central + tail + end


def central_header(name: str, *, size: int, crc32: int, offset: int) -> bytes:
    """Give what the directory says of an entry whose local header stands at this offset."""
    large, far = size >= _FULL32, offset >= _FULL32
    values = [size, size] * large + [offset] * far
    extra = struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values) if values else b""
    encoded = name.encode("ascii")
    version = _VERSION64 if values else _VERSION
    written = _FULL32 if large else size
    fixed = _CENTRAL.pack(
        b"PK\x01\x02",
        _MADE_BY_UNIX | version,
        version,
        0,
        _STORED,
        0,
        _DATE,
        crc32,
        written,
        written,
        len(encoded),
        len(extra),
        0,
        0,
        0,
        _REGULAR_FILE,
        _FULL32 if far else offset,
    )
    return fixed + encoded + extra


def read_members(source: BinaryIO) -> list[Member]:
    """Read the entries of a ZIP that is, byte for byte, in the form written here.

    source: seekable. Every header is compared; the entries' own bytes are not read.
    Raises Untrusted("container.…").
    """
    end = source.seek(0, 2)
    count, size, offset = _read_end(source, end)
    if count > MAX_ENTRIES or size > _MAX_DIRECTORY_BYTES:
        raise Untrusted("container.too_many_entries", count=count)
    if end - offset - size not in {_END.size, _END64.size + _LOCATOR.size + _END.size}:
        raise Untrusted("container.directory")
    tail = _read_at(source, offset, end - offset)
    members = _parse_directory(tail[:size], count)
    require_distinct(member.name for member in members)
    position = 0
    for member in members:
        header = local_header(member.name, size=member.size, crc32=member.crc32)
        if member.offset != position:
            raise Untrusted("container.gap_or_overlap", entry=member.name)
        if _read_at(source, position, len(header)) != header:
            raise Untrusted("container.local_header", entry=member.name)
        position += len(header) + member.size
    if position != offset or tail != directory(members, offset):
        raise Untrusted("container.directory")
    return members


def _read_end(source: BinaryIO, end: int) -> tuple[int, int, int]:
    """Give (number of entries, size of the directory, its offset), as the last record claims."""
    record = _read_at(source, max(0, end - _END.size), _END.size)
    if len(record) < _END.size or not record.startswith(b"PK\x05\x06"):
        raise Untrusted("container.not_a_zip")
    _, _, _, _, count, size, offset, _ = _END.unpack(record)
    if count < _FULL16 and size < _FULL32 and offset < _FULL32:
        return count, size, offset
    before = _END64.size + _LOCATOR.size + _END.size
    record64 = _read_at(source, max(0, end - before), _END64.size)
    if len(record64) < _END64.size or not record64.startswith(b"PK\x06\x06"):
        raise Untrusted("container.directory")
    *_, count, size, offset = _END64.unpack(record64)
    return count, size, offset


def _parse_directory(central: bytes, count: int) -> list[Member]:
    members: list[Member] = []
    position = 0
    while position < len(central):
        if len(central) - position < _CENTRAL.size or len(members) >= count:
            raise Untrusted("container.directory")
        fields = _CENTRAL.unpack_from(central, position)
        extra_size = fields[11]
        after = position + _CENTRAL.size + fields[10] + extra_size
        if fields[0] != b"PK\x01\x02" or after > len(central):
            raise Untrusted("container.directory")
        name = central[position + _CENTRAL.size : after - extra_size].decode("latin-1")
        require_name(name)
        if fields[4] != _STORED or fields[3] & 1:
            raise Untrusted("container.compressed", entry=name)
        extra = central[after - extra_size : after]
        size, offset = _large_values(extra, size=fields[9], offset=fields[16])
        members.append(Member(name, size, fields[7], offset))
        position = after
    return members


def _large_values(extra: bytes, *, size: int, offset: int) -> tuple[int, int]:
    """Take 64-bit values from the extra field; any other extra field fails the comparison."""
    values = [
        each[0] for each in struct.iter_unpack("<Q", extra[4 : 4 + (len(extra) - 4) // 8 * 8])
    ]
    if size == _FULL32 and len(values) >= 2:
        size = values[0]
    if offset == _FULL32 and values:
        offset = values[-1]
    return size, offset


def _read_at(source: BinaryIO, offset: int, size: int) -> bytes:
    source.seek(offset)
    return source.read(size)
