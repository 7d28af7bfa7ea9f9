"""The closed sets of evidence: origins, events of custody, uses, and why an item may leave."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Origin(StrEnum):
    """Where an item came from; decides what must be asked before it leaves."""

    PERSON = "person"
    INVESTIGATION = "investigation"
    PARTNER = "partner"


class CustodyEvent(StrEnum):
    """What happened to an item (evidence.md B1)."""

    RECEIVED = "received"
    INGESTED = "ingested"
    VERIFIED = "verified"
    ACCESSED = "accessed"
    SHARED = "shared"
    EXPORTED = "exported"
    TRANSFERRED_OUT = "transferred_out"
    RECEIPT = "receipt"
    CONDITION_SET = "condition_set"
    ANOMALY = "anomaly"


class Use(StrEnum):
    """What an item can be used for; a condition forbids some of them."""

    THIS_PROCEEDING = "this_proceeding"
    OTHER_PROCEEDING = "other_proceeding"
    EXPORT_TO_COURT = "export_to_court"
    ONWARD_TRANSFER = "onward_transfer"
    PUBLICATION = "publication"


class BasisKind(StrEnum):
    """Why an item may leave: consent, a named legal order, or the investigation itself."""

    CONSENT = "consent"
    LEGAL = "legal"
    INVESTIGATION = "investigation"


class Purpose(StrEnum):
    """Why an officer opens an item; the answer stands in its custody."""

    CASE_WORK = "case_work"
    EXAMINATION = "examination"
    TRANSLATION = "translation"
    LEGAL_ASSISTANCE = "legal_assistance"
    DISCLOSURE = "disclosure"
    COURT = "court"
    SUPPORT = "support"
    SUPERVISION = "supervision"


OTHER_KIND = "other"
TITLE_AT_MOST = 200
NAME_AT_MOST = 1000
ACQUISITION_AT_MOST = {
    "acquired_by": 120,
    "place": 200,
    "device": 200,
    "method": 120,
    "legal_authority": 200,
}
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,58}/[a-z0-9][a-z0-9.+-]{0,58}")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_line(text: str) -> str:
    """Return text as one line that is what it looks like: NFC, no controls, no turning of order."""
    kept = (
        " " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char
        for char in unicodedata.normalize("NFC", text)
        if char not in _BIDI and unicodedata.category(char) not in {"Cs", "Cn"}
    )
    return " ".join("".join(kept).split())


def _bytes_of(name: str) -> bytes:
    """The bytes of a file's name as the system gave it (PEP 383), or of any other text."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")


def kept_name(name: str | bytes) -> str:
    r"""Return a foreign file name as it is kept: data to read, never a path to use.

    What is not printable, or not UTF-8, is written as \xNN, so nothing is lost by what a name
    could do to a screen, a database or a shell.
    """
    raw = name if isinstance(name, bytes) else _bytes_of(name)
    text = raw.decode("utf-8", "backslashreplace")
    shown = (
        "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8"))
        if unicodedata.category(char) in _HIDDEN or char in _BIDI
        else char
        for char in text
    )
    return "".join(shown)[:NAME_AT_MOST]


def plain_media_type(declared: str) -> str:
    """Return what a sender says a file is, without parameters; empty if it is no media type."""
    bare = declared.partition(";")[0].strip().lower()
    return bare if _MEDIA_TYPE.fullmatch(bare) else ""
