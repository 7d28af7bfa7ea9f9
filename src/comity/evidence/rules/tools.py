"""What tools make of items and read in them: closed sets and verdicts, pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Worked(StrEnum):
    """What redaction and excerpts are made of."""

    IMAGE = "image"
    PDF = "pdf"
    MEDIA = "media"
    TEXT = "text"


def worked_as(media_type: str) -> Worked | None:
    """Say how an item of this type is worked on; None if it is not."""
    if media_type == "application/pdf":
        return Worked.PDF
    if media_type == "text/plain":
        return Worked.TEXT
    family = media_type.partition("/")[0]
    return {"image": Worked.IMAGE, "audio": Worked.MEDIA, "video": Worked.MEDIA}.get(family)


class Reader(StrEnum):
    """What reads what outsiders attached about an item's origin."""

    C2PA = "c2pa"
    PROOFMODE = "proofmode"
    SIDECAR = "sidecar"
    NATIONAL = "national"


class Attested(StrEnum):
    """What could be checked of what an outsider said; none of it is this node's own word."""

    INTACT_KNOWN = "intact_known"
    INTACT_UNKNOWN = "intact_unknown"
    NOT_INTACT = "not_intact"
    NONE = "none"
    READER_MISSING = "reader_missing"
    UNREADABLE = "unreadable"
    HASH_FITS = "hash_fits"
    NOT_HERE = "not_here"
    NATIONAL_UNCHECKED = "national_unchecked"
    NATIONAL_VALID = "national_valid"
    NATIONAL_NOT_VALID = "national_not_valid"


CMS_TYPE = "application/pkcs7-signature"


def readers_for(media_type: str) -> tuple[Reader, ...]:
    """Which readers fit a type, by an item's content."""
    if media_type.partition("/")[0] in {"image", "audio", "video"}:
        return (Reader.C2PA,)
    return {
        "application/pdf": (Reader.C2PA,),
        "application/zip": (Reader.PROOFMODE,),
        "text/plain": (Reader.SIDECAR,),
        CMS_TYPE: (Reader.NATIONAL,),
    }.get(media_type, ())


# Doubts about who signed; every other failure is about what was signed.
_ABOUT_THE_SIGNER = ("signingCredential.", "timeStamp.", "claimSignature.outsideValidity")


def c2pa_verdict(state: str, failures: Iterable[str], successes: Iterable[str]) -> Attested:
    """Say what a C2PA report means. "Valid" alone is a signer that nobody here knows."""
    if state in {"None", "Elsewhere"}:
        return Attested.NONE
    failed = set(failures)
    about_content = {code for code in failed if not code.startswith(_ABOUT_THE_SIGNER)}
    if about_content or "claimSignature.validated" not in set(successes):
        return Attested.NOT_INTACT
    if state == "Trusted" and not failed and "signingCredential.trusted" in set(successes):
        return Attested.INTACT_KNOWN
    return Attested.INTACT_UNKNOWN


class Examiner(StrEnum):
    """The tools that look at an item by themselves, in the sandbox."""

    EXIFTOOL = "exiftool"
    STREAMS = "streams"
    PICTURES = "pictures"


class NotExaminedWhy(StrEnum):
    """Why a tool found nothing. Not one of them keeps an item from being taken in."""

    NO_SANDBOX = "no_sandbox"
    TIMED_OUT = "timed_out"
    ANSWER_TOO_LONG = "answer_too_long"
    TOOL_FAILED = "tool_failed"
    TOO_LARGE = "too_large"
    DAMAGED = "damaged"
    DISK_FULL = "disk_full"
    GAVE_UP = "gave_up"
    NO_TOOL = "no_tool"
    REFUSED = "refused"


class Picture(StrEnum):
    """Safe pictures of an item. THUMBNAIL: grey and blurred; the others are clear."""

    THUMBNAIL = "thumbnail"
    PAGE = "page"
    POSTER = "poster"
    WAVEFORM = "waveform"


class Writing(StrEnum):
    """How a machine makes text out of an item."""

    RECOGNITION = "recognition"
    SPEECH = "speech"
    TRANSLATION = "translation"


# The language an officer chooses, and Tesseract's code for it.
OCR_LANGUAGES = {"uk": "ukr", "ja": "jpn", "en": "eng", "ru": "rus"}


MOST_VIEWS_A_DAY = 500


# Archives that this node reads; all others are kept as they are and not looked into.
UNPACKED_TYPES = frozenset(
    {
        "application/zip",
        "application/gzip",
        "application/x-tar",
        "application/vnd.etsi.asic-e+zip",
    }
)


KEPT_CLOSED_TYPES = frozenset(
    {
        "application/x-7z-compressed",
        "application/vnd.rar",
        "application/x-ewf",
        "application/x-bzip2",
        "application/x-xz",
    }
)


MOST_DEEP = 5  # archives in archives
