"""ZIP as strangers write it (PKWARE APPNOTE 6.3.10): the directory against every local header."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import BinaryIO

from comity.core.archives.forms import Contents, Limits, Member, Thing, judged, require_count
from comity.core.archives.streams import RAW, Inflated, MemberReader, Pieces, Stored
from comity.core.errors import Untrusted

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_MAX_DIRECTORY_BYTES = 96 << 20
_MAX_COMMENT = 0xFFFF
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_AFTERWARDS = 0x8  # sizes and CRC stand behind the data too, and may be 0 before it
_DESCRIPTOR_BYTES = 24
_UNIX, _DARWIN = 3, 19
_KINDS = {0o100000: Thing.FILE, 0o040000: Thing.FOLDER, 0o120000: Thing.LINK, 0: Thing.FILE}


def read(source: BinaryIO, limits: Limits) -> Contents:
    """List a ZIP. Raises Untrusted("archives.…"); a member's own fault is its refusal."""
    size = source.seek(0, 2)
    count, length, offset, tail = _read_end(source, size)
    require_count(count, limits)
    if length > _MAX_DIRECTORY_BYTES or offset + length != tail:
        raise Untrusted("archives.directory")
    entries = _parse(_read_at(source, offset, length), count)
    members, ends = [], []
    for member, flags in entries:
        checked, end = _against_local(source, member, flags, offset)
        members.append(checked)
        ends.append(end)
    unlisted = _require_apart(members, ends, [flags for _, flags in entries], offset)
    return Contents("zip", judged(members, size, limits), unlisted, open_member)


def open_member(source: BinaryIO, member: Member) -> MemberReader:
    """Open a member that is not refused."""

    def begun() -> Pieces:
        packed = Stored(source, member.start, member.stored_size)
        return packed if member.method == _STORED else Inflated(packed, RAW)

    return MemberReader(begun, member.size, member.crc32)


def _read_end(source: BinaryIO, size: int) -> tuple[int, int, int, int]:
    """Give (entries, size of the directory, its offset, where it ends)."""
    start = max(0, size - _END.size - _MAX_COMMENT)
    tail = _read_at(source, start, size - start)
    found = []
    at = tail.find(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            record = _END.unpack_from(tail, at)
            if at + _END.size + record[7] == len(tail):
                found.append((start + at, record))
        at = tail.find(b"PK\x05\x06", at + 1)
    if len(found) != 1:  # none, or two that different programs would choose between
        raise Untrusted("archives.directory")
    at, (_, disk, first_disk, here, count, length, offset, _) = found[0]
    if disk or first_disk or here != count:
        raise Untrusted("archives.several_parts")
    if count < _FULL16 and length < _FULL32 and offset < _FULL32:
        return count, length, offset, at
    return _read_end64(source, at)


def _read_end64(source: BinaryIO, at: int) -> tuple[int, int, int, int]:
    locator = _read_at(source, max(0, at - _LOCATOR.size), _LOCATOR.size)
    if len(locator) < _LOCATOR.size or not locator.startswith(b"PK\x06\x07"):
        raise Untrusted("archives.directory")
    where = _LOCATOR.unpack(locator)[2]
    record = _read_at(source, where, _END64.size) if where < at else b""
    if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
        raise Untrusted("archives.directory")
    *_, disk, first_disk, here, count, length, offset = _END64.unpack(record)
    if disk or first_disk or here != count:
        raise Untrusted("archives.several_parts")
    return count, length, offset, where


def _parse(central: bytes, count: int) -> list[tuple[Member, int]]:
    found: list[tuple[Member, int]] = []
    at = 0
    while at < len(central):
        if len(central) - at < _CENTRAL.size or len(found) >= count:
            raise Untrusted("archives.directory")
        fields = _CENTRAL.unpack_from(central, at)
        name_end = at + _CENTRAL.size + fields[10]
        extra_end = name_end + fields[11]
        if fields[0] != b"PK\x01\x02" or extra_end + fields[12] > len(central):
            raise Untrusted("archives.directory")
        name = central[at + _CENTRAL.size : name_end]
        found.append((_member(len(found), name, fields, central[name_end:extra_end]), fields[3]))
        at = extra_end + fields[12]
    if len(found) != count:
        raise Untrusted("archives.directory")
    return found


def _member(index: int, name: bytes, fields: tuple[int, ...], extra: bytes) -> Member:
    made_by, flags, method, time, date = fields[1], fields[3], fields[4], fields[5], fields[6]
    size, stored, offset = _wide(extra, fields[9], fields[8], fields[16])
    refusal = ""
    if flags & _ENCRYPTED:
        refusal = "archives.encrypted"
    elif method not in {_STORED, _DEFLATED}:
        refusal = "archives.unknown_method"
    elif method == _STORED and size != stored:
        refusal = "archives.header_differs"
    return Member(
        index=index,
        name=name,
        thing=_thing(name, made_by >> 8, fields[15]),
        size=size,
        stored_size=stored,
        start=0,
        crc32=fields[7],
        modified=_moment(date, time),
        refusal=refusal,
        method=method,
        at=offset,
    )


def _wide(extra: bytes, size: int, stored: int, offset: int) -> tuple[int, int, int]:
    """Take what did not fit in 32 bits from the ZIP64 field, in the order of APPNOTE 4.5.3."""
    values = iter(_fields(extra).get(1, ()))
    try:
        size = next(values) if size == _FULL32 else size
        stored = next(values) if stored == _FULL32 else stored
        offset = next(values) if offset == _FULL32 else offset
    except StopIteration:
        raise Untrusted("archives.directory") from None
    return size, stored, offset


def _fields(extra: bytes) -> dict[int, tuple[int, ...]]:
    """The extra fields by their number, each as 64-bit values as far as it goes."""
    found: dict[int, tuple[int, ...]] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        whole = extra[at + 4 : at + 4 + length // 8 * 8]
        if len(whole) % 8 == 0:
            found.setdefault(kind, struct.unpack(f"<{len(whole) // 8}Q", whole))
        at += 4 + length
    return found


def _thing(name: bytes, system: int, attributes: int) -> Thing:
    if system in {_UNIX, _DARWIN}:
        thing = _KINDS.get(attributes >> 16 & 0o170000, Thing.SPECIAL)
        if thing is not Thing.FILE:
            return thing
    return Thing.FOLDER if name.endswith(b"/") else Thing.FILE


def _moment(date: int, time: int) -> str:
    """The DOS date and time, that know no zone; empty for one that no calendar has."""
    year, month, day = 1980 + (date >> 9), date >> 5 & 15, date & 31
    hour, minute, second = time >> 11, time >> 5 & 63, (time & 31) * 2
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return ""
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _against_local(
    source: BinaryIO, member: Member, flags: int, directory: int
) -> tuple[Member, int]:
    """Compare a member with its local header; give it with its data's start, and where that ends.

    Raises Untrusted("archives.overlap") if it reaches into the directory.
    """
    head = _read_at(source, member.at, _LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise Untrusted("archives.local_header", index=member.index)
    fields = _LOCAL.unpack(head)
    names, extra_size = fields[9], fields[10]
    start = member.at + _LOCAL.size + names + extra_size
    end = start + member.stored_size
    if end > directory:
        raise Untrusted("archives.overlap", index=member.index)
    behind = _read_at(source, member.at + _LOCAL.size, names + extra_size)
    same = behind[:names] == member.name and _agrees(fields, member, flags, behind[names:])
    refusal = member.refusal or ("" if same else "archives.header_differs")
    return replace(member, start=start, refusal=refusal), end


def _agrees(fields: tuple[int, ...], member: Member, flags: int, extra: bytes) -> bool:
    told = _ENCRYPTED | _AFTERWARDS
    if fields[2] & told != flags & told or fields[3] != member.method:
        return False
    crc, stored, size = fields[6], fields[7], fields[8]
    wide = iter(_fields(extra).get(1, ()))
    size = next(wide, size) if size == _FULL32 else size
    stored = next(wide, stored) if stored == _FULL32 else stored
    stated = (crc, stored, size)
    if flags & _AFTERWARDS and not any(stated):
        return True
    return stated == (member.crc32, member.stored_size, member.size)


def _require_apart(members: list[Member], ends: list[int], flags: list[int], directory: int) -> int:
    """Let no byte belong to two members; return how many before the directory belong to none.

    Raises Untrusted("archives.overlap"): one stored run read by many entries is a bomb.
    """
    spans = sorted(zip((each.at for each in members), ends, flags, strict=True))
    reached = unlisted = room = 0
    for at, end, flag in spans:
        if at < reached:
            raise Untrusted("archives.overlap")
        unlisted += max(0, at - reached - room)
        reached, room = end, _DESCRIPTOR_BYTES if flag & _AFTERWARDS else 0
    return unlisted + max(0, directory - reached - room)


def _read_at(source: BinaryIO, offset: int, size: int) -> bytes:
    source.seek(offset)
    return source.read(size)
