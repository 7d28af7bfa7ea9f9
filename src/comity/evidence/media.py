"""What a file is by its first bytes, how it may be shown, and the neutral name to save it under."""

from __future__ import annotations

import codecs

from comity.evidence.rules.tools import CMS_TYPE, Examiner
from comity.vault.storage import HEAD_BYTES

UNKNOWN = "application/octet-stream"
EMPTY = "inode/x-empty"

# (offset, bytes, media type); the first that fits decides.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-dosexec"),
    (0, b"EVF\x09\x0d\x0a\xff\x00", "application/x-ewf"),
    (257, b"ustar", "application/x-tar"),
)
# By the first byte, for most files begin with that of no signature.
_ANYWHERE = tuple(each for each in _SIGNATURES if each[0])
_BY_FIRST = {
    first: tuple(each for each in _SIGNATURES if each[0] or each[1][0] == first)
    for first in {signature[0] for offset, signature, _ in _SIGNATURES if not offset}
}
_RIFF = {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo", b"WEBP": "image/webp"}
_BRANDS = {
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"avif": "image/avif",
    b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp",
    b"3gp6": "video/3gpp",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_INSIDE_ZIP = (
    (b"word/", _OFFICE + "wordprocessingml.document"),
    (b"xl/", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/", _OFFICE + "presentationml.presentation"),
)
_EXTENSIONS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/avif": "avif",
    "application/pdf": "pdf",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/ogg": "ogg",
    "audio/flac": "flac",
    "audio/mp4": "m4a",
    "audio/amr": "amr",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/3gpp": "3gp",
    "video/webm": "webm",
    "video/ogg": "ogv",
    "video/x-matroska": "mkv",
    "video/x-msvideo": "avi",
    "application/zip": "zip",
    "application/gzip": "gz",
    "application/x-7z-compressed": "7z",
    "application/vnd.rar": "rar",
    "application/x-tar": "tar",
    "application/rtf": "rtf",
    CMS_TYPE: "p7s",
    "application/vnd.etsi.asic-e+zip": "asice",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    _OFFICE + "wordprocessingml.document": "docx",
    _OFFICE + "spreadsheetml.sheet": "xlsx",
    _OFFICE + "presentationml.presentation": "pptx",
    "text/plain": "txt",
}
# What a browser draws without running anything in it. All else is saved, never shown.
SHOWN = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/webp": "image",
    "audio/mpeg": "audio",
    "audio/wav": "audio",
    "audio/ogg": "audio",
    "audio/mp4": "audio",
    "audio/flac": "audio",
    "video/mp4": "video",
    "video/webm": "video",
    "video/ogg": "video",
}

# What a picture can be drawn of in the sandbox, and how; see tools/pictures.
_DRAWN = {
    **dict.fromkeys(("image/png", "image/jpeg", "image/gif", "image/webp"), "image"),
    **dict.fromkeys(("image/tiff", "image/heic", "image/avif"), "pages"),
    "application/pdf": "pdf",
    **dict.fromkeys(
        (
            "application/rtf",
            "application/x-ole-storage",
            "application/vnd.oasis.opendocument.text",
            "application/vnd.oasis.opendocument.spreadsheet",
            _OFFICE + "wordprocessingml.document",
            _OFFICE + "spreadsheetml.sheet",
            _OFFICE + "presentationml.presentation",
        ),
        "office",
    ),
}
_STREAMED = ("audio", "video")  # read from where they lie; the rest is copied into the sandbox


def sniff(head: bytes) -> str:
    """Return the media type of a file from its first bytes (HEAD_BYTES of them are enough).

    UNKNOWN where no signature fits; never guesses from a name. Never raises.
    """
    if not head:
        return EMPTY
    for offset, signature, media_type in _BY_FIRST.get(head[0], _ANYWHERE):
        if head.startswith(signature, offset):
            return media_type
    return _container(head) or _cms(head) or _mpeg(head) or _text(head) or UNKNOWN


def _container(head: bytes) -> str:
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head.startswith(b"OggS"):
        return "video/ogg" if b"theora" in head[:200] else "audio/ogg"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video/webm" if b"webm" in head[:100] else "video/x-matroska"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(head)
    return ""


def _zip(head: bytes) -> str:
    if head[30:38] == b"mimetype":
        size = int.from_bytes(head[18:22], "little")
        stated = head[38 : 38 + min(size, 100)].decode("ascii", "replace").strip()
        if stated in _EXTENSIONS:
            return stated
    if head[30:49] == b"[Content_Types].xml" or b"_rels/.rels" in head:
        for folder, media_type in _INSIDE_ZIP:
            if folder in head:
                return media_type
    return "application/zip"


_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")


def _cms(head: bytes) -> str:
    """Find a CMS SignedData (RFC 5652): a sequence that begins with its object identifier."""
    at = head.find(_SIGNED_DATA, 0, 24)
    return CMS_TYPE if head.startswith(b"\x30") and at in {2, 3, 4, 5, 6} else ""


def _mpeg(head: bytes) -> str:
    """Find an MPEG audio frame: its 11 sync bits, and no reserved version, layer or rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    rate, sampling = head[2] >> 4, head[2] >> 2 & 3
    is_frame = version != 1 and layer != 0 and rate not in {0, 15} and sampling != 3
    return "audio/mpeg" if is_frame else ""


def _text(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "text/plain"
    if b"\0" in head:
        return ""
    try:
        # A character may be cut at the end of the head, so the decoder is not told that it ends.
        text = codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return ""
    controls = sum(char < " " and char not in "\t\n\r\f\x1b" for char in text)
    return "" if controls else "text/plain"


def shown_as(media_type: str) -> str:
    """Return "image", "audio" or "video" for what may be shown in a page, else an empty string."""
    return SHOWN.get(media_type, "")


def neutral_name(number: str, media_type: str) -> str:
    """Return the name a file is saved under: its number, and an ending that fits what it is."""
    return f"{number}.{_EXTENSIONS.get(media_type, 'bin')}"


def drawn_as(media_type: str) -> str:
    """Return how pictures are made of it in the sandbox; empty if none are.

    "image", "pages" (images that no browser draws), "video", "audio", "pdf" or "office".
    """
    family = media_type.partition("/")[0]
    return _DRAWN.get(media_type, "") or (family if family in _STREAMED else "")


def examiners(media_type: str) -> list[Examiner]:
    """Return the tools that look at a file of this type."""
    if media_type == EMPTY:
        return []
    wanted = [Examiner.EXIFTOOL]
    wanted += [Examiner.STREAMS] if media_type.startswith(_STREAMED) else []
    return [*wanted, *([Examiner.PICTURES] if drawn_as(media_type) else [])]


def ending(media_type: str) -> str:
    """Return the ending that a program expects of a file of this type."""
    return {"application/x-ole-storage": "doc"}.get(media_type) or _EXTENSIONS.get(
        media_type, "bin"
    )


def is_text_read(media_type: str) -> bool:
    """Say whether a machine can read text off its picture or pages."""
    return drawn_as(media_type) in {"image", "pages", "pdf", "office"}
