"""Archives read as what a stranger made: ZIP, tar, and tar or one file in gzip.

Nothing is written and no name is used as a path; bytes are streamed, so memory does not grow with
what an archive claims to hold. Every doubt is Untrusted("archives.…").
"""

from __future__ import annotations

from typing import BinaryIO

from comity.core.archives import tarred, zipped
from comity.core.archives.forms import Contents, Limits, Member, Thing
from comity.core.archives.streams import MemberReader
from comity.core.errors import Untrusted

__all__ = ["Contents", "Limits", "Member", "MemberReader", "Thing", "open_member", "read_contents"]

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")


def read_contents(source: BinaryIO, limits: Limits | None = None) -> Contents:
    """List what an archive holds, with what is wrong about each member.

    source: seekable, read from its first byte. Raises Untrusted("archives.not_an_archive" |
    "archives.too_many" | "archives.too_large" | "archives.overlap" | "archives.directory" | …) for
    an archive of which nothing can be believed.
    """
    allowed = limits or Limits()
    source.seek(0)
    head = source.read(512)
    if head.startswith(ZIP_MAGIC):
        return zipped.read(source, allowed)
    if head.startswith(GZIP_MAGIC):
        return tarred.read_gzip(source, allowed)
    if tarred.is_header(head):
        return tarred.read(source, allowed)
    raise Untrusted("archives.not_an_archive")


def open_member(source: BinaryIO, contents: Contents, member: Member) -> MemberReader:
    """Open a member's bytes, seekable; size and CRC are compared while it is read.

    source: the archive, as `read_contents` saw it; members may be opened one after the other.
    Raises Untrusted with the member's refusal if it has one; reading raises Untrusted(
    "archives.size" | "archives.crc" | "archives.broken").
    """
    if member.refusal:
        raise Untrusted(member.refusal, index=member.index)
    return contents.opened(source, member)
