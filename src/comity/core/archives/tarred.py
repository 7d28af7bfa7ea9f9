"""tar (POSIX.1-2001 ustar and pax, GNU long names), plain or in gzip; one file in gzip."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, cast

from comity.core.archives.forms import Contents, Limits, Member, Thing, judged, require_count
from comity.core.archives.streams import (
    GZIP,
    PIECE_BYTES,
    Forward,
    Inflated,
    MemberReader,
    Pieces,
    Stored,
)
from comity.core.errors import Untrusted

_BLOCK = 512
_MAX_EXTENSION_BYTES = 1 << 20
_FILES = frozenset(b"0\x007")
_FOLDER, _LINKS = ord("5"), frozenset(b"12")
_SPARSE = ord("S")
_NEXT_NAME, _NEXT_LINK, _NEXT_PAX, _ALL_PAX = (ord(sign) for sign in "LKxg")


@dataclass
class _Told:
    """What extension headers say about the entry that follows."""

    name: bytes | None = None
    size: int | None = None
    modified: str | None = None
    sparse: bool = False


def is_header(block: bytes) -> bool:
    """Say whether 512 bytes are a header: its checksum holds (POSIX.1-2001)."""
    if len(block) < _BLOCK or not block.strip(b"\x00"):
        return False
    try:
        stated = _number(block[148:156])
    except Untrusted:
        return False
    return stated == sum(block[:148]) + sum(block[156:_BLOCK]) + 8 * ord(" ")


def read(source: BinaryIO, limits: Limits) -> Contents:
    """List a tar. Raises Untrusted("archives.…")."""
    size = source.seek(0, 2)
    members, end = _members(source, size, limits)
    return Contents("tar", judged(members, size, limits), max(0, size - end), _opened)


def read_gzip(source: BinaryIO, limits: Limits) -> Contents:
    """List a tar in gzip, or the one file that a gzip holds; it is unpacked once to be counted.

    Raises Untrusted("archives.…").
    """
    packed = source.seek(0, 2)
    inside = _unpacked(source, packed, limits)
    head = inside.read(_BLOCK)
    size = len(head)
    while piece := inside.read(PIECE_BYTES):
        size += len(piece)
        if size > limits.total_bytes:
            raise Untrusted("archives.too_large", size_bytes=size)
    if not is_header(head):
        alone = Member(0, b"", Thing.FILE, size, packed, 0)
        opener = _gzip_opener(packed, limits)
        return Contents("gzip", judged([alone], packed, limits), 0, opener)
    members, end = _members(inside, size, limits)
    opener = _gzip_opener(packed, limits)
    return Contents("tar.gz", judged(members, packed, limits), max(0, size - end), opener)


def _unpacked(source: BinaryIO, packed: int, limits: Limits) -> BinaryIO:
    def begun() -> Pieces:
        return Inflated(Stored(source, 0, packed), GZIP, limits.ratio, limits.ratio_from)

    return cast("BinaryIO", io.BufferedReader(Forward(begun, 0), PIECE_BYTES))


def _opened(source: BinaryIO, member: Member) -> MemberReader:
    return MemberReader(lambda: Stored(source, member.start, member.size), member.size, None)


class _Opener:
    """Opens members of what a gzip holds, in one pass while they are asked for in order."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._packed, self._limits = packed, limits
        self._source: BinaryIO | None = None
        self._inside: BinaryIO | None = None

    def __call__(self, source: BinaryIO, member: Member) -> MemberReader:
        """Open a member; the pass goes on where the last one stood."""
        if self._inside is None or self._source is not source:
            self._source = source
            self._inside = _unpacked(source, self._packed, self._limits)
        return _opened(self._inside, member)


def _gzip_opener(packed: int, limits: Limits) -> _Opener:
    return _Opener(packed, limits)


def _members(source: BinaryIO, size: int, limits: Limits) -> tuple[list[Member], int]:
    """Give the members, and the offset behind the last block that means something."""
    members: list[Member] = []
    told, at = _Told(), 0
    while at + _BLOCK <= size:
        block = _read_at(source, at, _BLOCK)
        if not block.strip(b"\x00"):
            return members, _end_of_zeros(source, at, size)
        if not is_header(block):
            raise Untrusted("archives.directory", index=len(members))
        at += _BLOCK
        kind = block[156]
        length = _number(block[124:136])
        if kind in {_NEXT_NAME, _NEXT_LINK, _NEXT_PAX, _ALL_PAX}:
            _extend(told, kind, _extension(source, at, length))
        else:
            member = _member(len(members), block, told, at, length)
            length = member.stored_size
            members.append(member)
            require_count(len(members), limits)
            told = _Told()
        at += -(-length // _BLOCK) * _BLOCK
        if at > size + _BLOCK:
            raise Untrusted("archives.broken", index=len(members))
    return members, size


def _end_of_zeros(source: BinaryIO, at: int, size: int) -> int:
    """Skip the zero blocks that end a tar; return where they end."""
    source.seek(at)
    while at < size:
        piece = source.read(PIECE_BYTES)
        if not piece or piece.strip(b"\x00"):
            break
        at += len(piece)
    return at


def _extension(source: BinaryIO, at: int, length: int) -> bytes:
    if length > _MAX_EXTENSION_BYTES:
        raise Untrusted("archives.directory")
    return _read_at(source, at, length)


def _extend(told: _Told, kind: int, data: bytes) -> None:
    if kind == _NEXT_NAME:
        told.name = data.rstrip(b"\x00")
    elif kind == _NEXT_PAX:
        for name, value in _records(data):
            _note(told, name, value)


def _note(told: _Told, name: bytes, value: bytes) -> None:
    if name == b"path":
        told.name = value
    elif name == b"size":
        told.size = _decimal(value)
    elif name == b"mtime":
        told.modified = _moment(_decimal(value.partition(b".")[0]))
    elif name.startswith(b"GNU.sparse."):
        told.sparse = True


def _records(data: bytes) -> list[tuple[bytes, bytes]]:
    """The records of a pax header: each its own length, a name, "=" and a value."""
    found, at = [], 0
    while at < len(data.rstrip(b"\x00")):
        digits, _, _ = data[at : at + 20].partition(b" ")
        length = _decimal(digits)
        record = data[at + len(digits) + 1 : at + length]
        if length <= len(digits) + 1 or not record.endswith(b"\n"):
            raise Untrusted("archives.directory")
        name, _, value = record[:-1].partition(b"=")
        found.append((name, value))
        at += length
    return found


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 18:
        raise Untrusted("archives.directory")
    return int(digits)


def _member(index: int, block: bytes, told: _Told, start: int, length: int) -> Member:
    thing = _thing(block[156])
    name = told.name if told.name is not None else _name(block)
    if thing is Thing.FILE and name.endswith(b"/"):
        thing = Thing.FOLDER
    size = told.size if told.size is not None else length
    if thing is not Thing.FILE:
        size = 0 if thing is not Thing.SPECIAL else size
    sparse = told.sparse or block[156] == _SPARSE
    return Member(
        index=index,
        name=name,
        thing=thing,
        size=size,
        stored_size=size,
        start=start,
        modified=told.modified if told.modified is not None else _moment(_number(block[136:148])),
        refusal="archives.sparse" if sparse else "",
        at=start - _BLOCK,
    )


def _thing(kind: int) -> Thing:
    if kind in _FILES or kind == _SPARSE:
        return Thing.FILE
    if kind == _FOLDER:
        return Thing.FOLDER
    return Thing.LINK if kind in _LINKS else Thing.SPECIAL


def _name(block: bytes) -> bytes:
    name = block[:100].partition(b"\x00")[0]
    prefix = block[345:500].partition(b"\x00")[0] if block[257:263] == b"ustar\x00" else b""
    return prefix + b"/" + name if prefix else name


def _number(field: bytes) -> int:
    """An octal number, or a binary one of GNU. Raises Untrusted("archives.directory")."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \x00")
    if digits.strip(b"01234567"):
        raise Untrusted("archives.directory")
    return int(digits, 8) if digits else 0


def _moment(seconds: int) -> str:
    if not 0 < seconds < 1 << 33:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_at(source: BinaryIO, offset: int, size: int) -> bytes:
    source.seek(offset)
    data = source.read(size)
    if len(data) < min(size, _BLOCK):
        raise Untrusted("archives.broken")
    return data
