"""What is known of an archive and its members, and how much of either is too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from comity.core.errors import Untrusted

if TYPE_CHECKING:
    from comity.core.archives.streams import MemberReader


class Thing(StrEnum):
    """What a member is. Links and special files are recorded and never followed or made."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"


@dataclass(frozen=True)
class Limits:
    """How much is read. Sizes in bytes, of what comes out.

    ratio: bytes out for a byte in, of a member or an archive of more than ratio_from bytes.
    """

    entries: int = 100_000
    name_bytes: int = 4096
    member_bytes: int = 64 << 30
    total_bytes: int = 256 << 30
    ratio: int = 250
    ratio_from: int = 16 << 20


@dataclass(frozen=True)
class Member:
    """One entry. index: its place in the archive, from 0. name: its bytes, data and never a path.

    size, stored_size: bytes, as the archive claims; reading compares. start: offset of its stored
    bytes. crc32: None where the archive states none. modified: ISO 8601, without a zone where the
    archive has none; empty if it states none. refusal: why its bytes are not read; empty if they
    are. remark: what a reader must know besides, such as a name that stands twice.
    """

    index: int
    name: bytes
    thing: Thing
    size: int
    stored_size: int
    start: int
    crc32: int | None = None
    modified: str = ""
    refusal: str = ""
    remark: str = ""
    method: int = 0
    at: int = 0


@dataclass(frozen=True)
class Contents:
    """The members in the archive's order. form: "zip", "tar", "tar.gz" or "gzip".

    unlisted_bytes: of the archive, that belong to no member: something may be hidden there.
    opened: what opens a member that is not refused; see `archives.open_member`.
    """

    form: str
    members: tuple[Member, ...]
    unlisted_bytes: int
    opened: Callable[[BinaryIO, Member], MemberReader]


def require_count(count: int, limits: Limits) -> None:
    """Raise Untrusted("archives.too_many")."""
    if count > limits.entries:
        raise Untrusted("archives.too_many", count=count)


def judged(members: list[Member], archive_size: int, limits: Limits) -> tuple[Member, ...]:
    """Refuse members that are too large or unpack too far; remark names that stand twice.

    archive_size: bytes. Raises Untrusted("archives.too_large" | "archives.bomb") for the whole.
    """
    total = sum(each.size for each in members)
    if total > limits.total_bytes:
        raise Untrusted("archives.too_large", size_bytes=total)
    if total > limits.ratio_from and total > limits.ratio * max(1, archive_size):
        raise Untrusted("archives.bomb", size_bytes=total)
    seen: set[bytes] = set()
    found = []
    for each in members:
        remark = "archives.name_twice" if each.name in seen else each.remark
        seen.add(each.name)
        found.append(replace(each, remark=remark, refusal=each.refusal or _excess(each, limits)))
    return tuple(found)


def _excess(member: Member, limits: Limits) -> str:
    if member.thing is Thing.LINK:
        return "archives.link"
    if member.thing is Thing.SPECIAL:
        return "archives.special"
    if len(member.name) > limits.name_bytes:
        return "archives.long_name"
    if member.size > limits.member_bytes:
        return "archives.member_too_large"
    unpacked = member.size > limits.ratio_from
    if unpacked and member.size > limits.ratio * max(1, member.stored_size):
        return "archives.member_bomb"
    return ""
