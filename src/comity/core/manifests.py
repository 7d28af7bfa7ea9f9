"""The lists inside a container: the signed ASiCManifest and the tag files of the BagIt bag.

Each has one byte form. A reader writes what it understood again and compares, so no list can say
more than was read, and no XML parser meets bytes from outside.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from comity.core.errors import Untrusted

MANIFEST = "META-INF/ASiCManifest001.xml"
SIGNATURE = "META-INF/signature001.p7s"
MIMETYPE = "mimetype"
MIMETYPE_BYTES = b"application/vnd.etsi.asic-e+zip"
BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
PAYLOAD_LIST, TAG_LIST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
BAG_FILES = (BAGIT, BAG_INFO, PAYLOAD_LIST, TAG_LIST)
RESERVED = (MIMETYPE, *BAG_FILES, MANIFEST, SIGNATURE)
PAYLOAD = "data/"
_RESERVED = frozenset(RESERVED)
MAX_LIST_BYTES = 64 << 20
_TEXT = "text/plain"
_BAGIT_BYTES = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_SOFTWARE = "comity"
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}/[a-z0-9][a-z0-9._+-]{0,126}")
_LABEL = re.compile(r"[A-Z][A-Za-z0-9-]{0,63}")
_OWN_LABELS = {"Bagging-Date", "Bag-Software-Agent", "Payload-Oxum"}
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#"'
    ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\n'
    f'<asic:SigReference URI="{SIGNATURE}" MimeType="application/pkcs7-signature"/>\n'
).encode("ascii")
_LINE = (
    b'<asic:DataObjectReference URI="%s" MimeType="%s">'
    b'<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>'
    b"<ds:DigestValue>%s</ds:DigestValue></asic:DataObjectReference>\n"
)
_TAIL = b"</asic:ASiCManifest>\n"
_LINE_PATTERN = re.compile(
    rb'<asic:DataObjectReference URI="([A-Za-z0-9._/-]+)" MimeType="([a-z0-9._+/-]+)">'
    rb"<ds:DigestMethod [^>]*><ds:DigestValue>([A-Za-z0-9+/]{43}=)</ds:DigestValue>"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry as the signed list names it. sha256: 32 bytes. size: bytes, from the ZIP."""

    name: str
    media_type: str
    sha256: bytes
    size: int = 0


def require_media_type(media_type: str) -> None:
    """Demand a lower-case media type without parameters.

    Raises Untrusted("container.media_type").
    """
    if not _is_media_type(media_type):
        raise Untrusted("container.media_type", media_type=ascii(media_type)[:80])


@lru_cache(64)  # many entries, few types
def _is_media_type(text: str) -> bool:
    return _MEDIA_TYPE.fullmatch(text) is not None


def is_reserved(name: str) -> bool:
    """Say whether a name belongs to the container itself, or would change what the bag is."""
    return name in _RESERVED or _is_reserved_top(name.partition("/")[0])


@lru_cache(64)  # nearly all entries lie in the same two folders
def _is_reserved_top(first: str) -> bool:
    folded = first.lower()
    bag_file = re.fullmatch(r"(tag)?manifest-.*\.txt|fetch\.txt", folded)
    return folded == "meta-inf" or bag_file is not None


def write_manifest(listed: Iterable[Listed]) -> bytes:
    """Write the ASiCManifest over these entries, in their order, one line each."""
    written = io.BytesIO()  # grows in place: the lines are many
    written.write(_HEAD)
    for entry in listed:
        name, media_type = entry.name.encode("ascii"), entry.media_type.encode("ascii")
        written.write(_LINE % (name, media_type, b2a_base64(entry.sha256, newline=False)))
    written.write(_TAIL)
    return written.getvalue()


def largest_manifest(count: int) -> int:
    """Give the most bytes that a list of this many entries can have."""
    longest_line = 640  # name, media type, digest and the words round them
    return len(_HEAD) + len(_TAIL) + count * longest_line


def parse_manifest(data: bytes, sizes: Mapping[str, int]) -> list[Listed]:
    """Read an ASiCManifest in the byte form written here. sizes: of entries, which it does not say.

    Raises Untrusted("container.manifest").
    """
    listed = []
    for match in _LINE_PATTERN.finditer(data):
        name, media_type = match[1].decode("ascii"), sys.intern(match[2].decode("ascii"))
        require_media_type(media_type)
        listed.append(Listed(name, media_type, a2b_base64(match[3]), sizes.get(name, 0)))
    if write_manifest(listed) != data:
        raise Untrusted("container.manifest")
    return listed


def require_all_listed(names: Sequence[str], listed: Sequence[str]) -> None:
    """Demand that the signed list names every entry but itself and the signature, and no other.

    Raises Untrusted("container.unlisted_entry" or "container.missing_entry").
    """
    inside, stated = set(names) - {MANIFEST, SIGNATURE}, set(listed)
    for entry in sorted(inside - stated):
        raise Untrusted("container.unlisted_entry", entry=entry)
    for entry in sorted(stated - inside):
        raise Untrusted("container.missing_entry", entry=entry)
    if [*listed, MANIFEST, SIGNATURE] != list(names):
        raise Untrusted("container.order")


def require_order(names: Sequence[str]) -> None:
    """Demand the order of the writer: mimetype, the bag's files, entries by name, the seal.

    Raises Untrusted("container.order").
    """
    has_payload = any(name.startswith(PAYLOAD) for name in names)
    head = [MIMETYPE, *(BAG_FILES if has_payload else ())]
    between = list(names[len(head) : -2])
    if list(names[: len(head)]) != head or between != sorted(between):
        raise Untrusted("container.order")
    for name in between:
        if is_reserved(name):
            raise Untrusted("container.reserved_name", entry=name)


def leading_files(
    listed: Sequence[Listed], bag_info: Mapping[str, str], now: datetime
) -> list[tuple[str, str, bytes]]:
    """Give the files that stand before the entries, as (name, media type, bytes).

    Raises ValueError for bag_info that no bag can hold.
    """
    if not any(entry.name.startswith(PAYLOAD) for entry in listed):
        return [(MIMETYPE, _TEXT, MIMETYPE_BYTES)]
    info = {
        **_checked_info(bag_info),
        "Bagging-Date": now.date().isoformat(),
        "Bag-Software-Agent": _SOFTWARE,
        "Payload-Oxum": _payload_oxum(listed),
    }
    text = "".join(f"{label}: {value}\n" for label, value in sorted(info.items()))
    files = {BAGIT: _BAGIT_BYTES, BAG_INFO: text.encode(), PAYLOAD_LIST: _payload_list(listed)}
    digests = {name: _sha256(data) for name, data in {MIMETYPE: MIMETYPE_BYTES, **files}.items()}
    digests |= {entry.name: entry.sha256 for entry in listed if not entry.name.startswith(PAYLOAD)}
    files[TAG_LIST] = _digest_lines(digests)
    return [
        (MIMETYPE, _TEXT, MIMETYPE_BYTES),
        *((name, _TEXT, data) for name, data in files.items()),
    ]


def require_bag(listed: Collection[Listed], read: Callable[[str], bytes]) -> bool:
    """Check mimetype, and that the bag's lists agree with the signed list; False: not a bag.

    read: gives an entry's checked bytes.
    Raises Untrusted("container.mimetype" or "bag.…").
    """
    if read(MIMETYPE) != MIMETYPE_BYTES:
        raise Untrusted("container.mimetype")
    if not any(entry.name.startswith(PAYLOAD) for entry in listed):
        return False
    if read(BAGIT) != _BAGIT_BYTES:
        raise Untrusted("bag.declaration")
    if read(PAYLOAD_LIST) != _payload_list(listed):
        raise Untrusted("bag.payload_list")
    tags = {
        entry.name: entry.sha256
        for entry in listed
        if entry.name != TAG_LIST and not entry.name.startswith(PAYLOAD)
    }
    if read(TAG_LIST) != _digest_lines(tags):
        raise Untrusted("bag.tag_list")
    stated = f"Payload-Oxum: {_payload_oxum(listed)}".encode()
    if [line for line in read(BAG_INFO).split(b"\n") if line.startswith(b"Payload-Oxum")] != [
        stated
    ]:
        raise Untrusted("bag.payload_oxum")
    return True


def _checked_info(bag_info: Mapping[str, str]) -> dict[str, str]:
    for label, value in bag_info.items():
        if not _LABEL.fullmatch(label) or label in _OWN_LABELS:
            raise ValueError(f"no bag-info label: {label}")
        if not value.isprintable() or value != value.strip():
            raise ValueError(f"no one-line value: {label}")
    return dict(bag_info)


def _payload_oxum(listed: Iterable[Listed]) -> str:
    sizes = [entry.size for entry in listed if entry.name.startswith(PAYLOAD)]
    return f"{sum(sizes)}.{len(sizes)}"


def _payload_list(listed: Iterable[Listed]) -> bytes:
    return _digest_lines(
        {entry.name: entry.sha256 for entry in listed if entry.name.startswith(PAYLOAD)}
    )


def _digest_lines(digests: Mapping[str, bytes]) -> bytes:
    written = io.BytesIO()
    for name in sorted(digests):
        written.write(f"{digests[name].hex()}  {name}\n".encode("ascii"))
    return written.getvalue()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
