"""The closed sets of evidence: origins, events of custody, uses, and why an item may leave."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any


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
    TRANSFER_STOPPED = "transfer_stopped"
    RECEIPT = "receipt"
    CONDITION_SET = "condition_set"
    USE_CONFIRMED = "use_confirmed"
    DERIVED = "derived"
    MOVED = "moved"
    HOLD_SET = "hold_set"
    HOLD_LIFTED = "hold_lifted"
    ERASURE_ORDERED = "erasure_ordered"
    ERASURE_REFUSED = "erasure_refused"
    ERASED = "erased"
    ANOMALY = "anomaly"
    HANDED_OVER = "handed_over"
    RETURNED = "returned"
    COPIED = "copied"
    SEAL_CHECKED = "seal_checked"


class Fact(StrEnum):
    """What a custody record states beside its columns (evidence.md B1, ISO/IEC 27037).

    The first group the node states itself, for every event; the others an officer states.
    """

    RECORDED_AT = "recorded_at"  # by this node's clock, where `at` is somebody's statement
    CLOCK = "clock"
    CLOCK_ERROR = "clock_error"  # at most, in milliseconds, as the system says
    SOFTWARE = "software"
    ORGANISATION = "organisation"
    AUTHENTICATION = "authentication"
    SESSION = "session"

    NOT_STATED = "not_stated"  # what nobody said: of acquired_by and acquired_at
    CASE = "case"
    RECEIPT = "receipt"
    COLLECTOR_CLOCK = "collector_clock"
    TOOL = "tool"
    EARLIER_CUSTODIAN = "earlier_custodian"
    STATED_DIGEST = "stated_digest"
    DIGEST_MATCH = "digest_match"
    SEAL = "seal"
    SEAL_INTACT = "seal_intact"
    DAMAGE = "damage"
    CHANGES = "changes"
    CHANGES_REASON = "changes_reason"
    CHANGES_BY = "changes_by"
    MARKS = "marks"  # where a copy leaves something out, or what an excerpt takes
    MARKS_WHY = "marks_why"
    ORIGINATOR_CONTROL = "originator_control"
    RETENTION = "retention"


STATED_FACTS = (
    Fact.RECEIPT, Fact.COLLECTOR_CLOCK, Fact.TOOL, Fact.EARLIER_CUSTODIAN, Fact.STATED_DIGEST,
    Fact.SEAL, Fact.SEAL_INTACT, Fact.DAMAGE, Fact.CHANGES, Fact.CHANGES_REASON, Fact.CHANGES_BY,
    Fact.ORIGINATOR_CONTROL, Fact.RETENTION,
)  # fmt: skip
FACT_AT_MOST = 200
YES, NO = "yes", "no"
_HEX = re.compile(r"[0-9a-f]+")
_DIGEST_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})  # MD5, SHA-1, SHA-2


class DigestMatch(StrEnum):
    """What an earlier custodian's digest says about the bytes that came in."""

    SAME = "same"
    OTHER = "other"
    NOT_COMPARED = "not_compared"  # of another kind than SHA-256


def plain_digest(stated: str) -> str | None:
    """Return a digest as hex digits without what people put between them; None if it is none."""
    digits = re.sub(r"[\s:-]", "", stated).lower()
    is_digest = len(digits) in _DIGEST_LENGTHS and _HEX.fullmatch(digits)
    return digits if is_digest else None


def digest_match(stated: str, sha256: str) -> DigestMatch:
    """Compare a stated digest (hex digits) with the SHA-256 of the bytes, 64 hex digits."""
    if len(stated) != len(sha256):
        return DigestMatch.NOT_COMPARED
    return DigestMatch.SAME if stated == sha256 else DigestMatch.OTHER


def missing_of(event: CustodyEvent, stated: Mapping[str, str]) -> list[str]:
    """What an event must state and does not. stated: facts, and counterparty and purpose."""
    needed = list(_NEEDED.get(event, ()))
    if stated.get(Fact.SEAL_INTACT) == NO:
        needed.append(Fact.DAMAGE)
    if stated.get(Fact.CHANGES):
        needed += [Fact.CHANGES_REASON, Fact.CHANGES_BY]
    return [str(name) for name in needed if not stated.get(name)]


_NEEDED: Mapping[CustodyEvent, tuple[str, ...]] = {
    CustodyEvent.HANDED_OVER: ("counterparty", "purpose"),
    CustodyEvent.RETURNED: ("counterparty",),
    CustodyEvent.COPIED: ("counterparty", Fact.TOOL),
    CustodyEvent.SEAL_CHECKED: (Fact.SEAL, Fact.SEAL_INTACT),
}
HANDLING = tuple(_NEEDED)


def handling_refused(
    event: CustodyEvent, at: datetime, history: Sequence[tuple[CustodyEvent, datetime]]
) -> str:
    """The code of why an event cannot have happened then; empty if it can.

    history: events of the item with their moments, in the order in which they were recorded.
    """
    received = [moment for one, moment in history if one is CustodyEvent.RECEIVED]
    if received and at < received[0]:
        return "evidence.before_received"
    moves = [pair for pair in history if pair[0] in _OUT_AND_BACK]
    out_since = moves[-1][1] if moves and moves[-1][0] is CustodyEvent.HANDED_OVER else None
    if event is CustodyEvent.HANDED_OVER and out_since is not None:
        return "evidence.is_out"
    if event is CustodyEvent.HANDED_OVER and moves and at < moves[-1][1]:
        return "evidence.before_last_move"
    if event is CustodyEvent.RETURNED:
        if out_since is None:
            return "evidence.is_not_out"
        return "evidence.before_last_move" if at < out_since else ""
    return ""


_OUT_AND_BACK = frozenset({CustodyEvent.HANDED_OVER, CustodyEvent.RETURNED})


class ErasureState(StrEnum):
    """Where an order to erase stands. WITHDRAWN: by who gave it; REJECTED: by the second person."""

    WAITING = "waiting"
    EXECUTED = "executed"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


class Derived(StrEnum):
    """How an item was made out of another; the original never changes.

    MEMBER: a file out of an archive. RENDERING: pages or pictures of a document.
    """

    REDACTION = "redaction"
    EXCERPT = "excerpt"
    MEMBER = "member"
    RENDERING = "rendering"
    TRANSCRIPT = "transcript"
    RECOGNISED_TEXT = "recognised_text"
    TRANSLATION = "translation"


# What may follow a person's consent to a scope: less than what she agreed to, and nothing besides.
FOLLOWS_CONSENT = frozenset({Derived.REDACTION, Derived.EXCERPT})


class Use(StrEnum):
    """What an item can be used for; a condition forbids some of them."""

    THIS_PROCEEDING = "this_proceeding"
    OTHER_PROCEEDING = "other_proceeding"
    EXPORT_TO_COURT = "export_to_court"
    ONWARD_TRANSFER = "onward_transfer"
    PUBLICATION = "publication"


class Ruling(StrEnum):
    """What a condition says about a use, as far as software can tell.

    LAWYER: only a named lawyer can say. UNKNOWN_PROCEEDING: nobody said for which case it is.
    """

    FORBIDDEN = "forbidden"
    ENDED = "ended"
    UNKNOWN_PROCEEDING = "unknown_proceeding"
    LAWYER = "lawyer"


@dataclass(frozen=True)
class Terms:
    """What is known of one condition.

    forbids: what the authority ruled out; empty when the condition is in words only, such as "no
    death penalty". cases: uids of the cases that the item came for; empty if none is known.
    last_day: last day of use, included; then the item is returned or destroyed.
    """

    forbids: frozenset[str]
    cases: frozenset[str]
    last_day: date | None


@dataclass(frozen=True)
class Wanted:
    """A use that somebody wants to make.

    case: uid of the case, UNKNOWN for one that this node does not have, ELSEWHERE for a proceeding
    of another authority, None where no case is meant.
    leaving: what happens when the item leaves; empty when it stays. target: who gets it.
    """

    case: str | None = None
    leaving: tuple[Use, ...] = ()
    target: str | None = None


UNKNOWN, ELSEWHERE = "", "elsewhere"


def rulings(terms: Terms, wanted: Wanted, on: date) -> Iterator[tuple[Ruling, str | None]]:
    """Say what a condition holds against a use on a day, each with what a lawyer must confirm.

    A look needs only that the last day has not passed. In the case that the item came for, its
    conditions were accepted in writing. For another case a lawyer confirms, if it is not forbidden;
    so for leaving under a condition that is in words only. What is done with it after it left
    (publication) no software sees.
    """
    if terms.last_day is not None and on > terms.last_day:
        yield Ruling.ENDED, None
    if wanted.case is not None:
        yield from _in_case(terms, wanted.case, wanted.target)
    barred = terms.forbids & set(wanted.leaving)
    if barred - {Use.PUBLICATION}:
        yield Ruling.FORBIDDEN, None
    elif wanted.leaving and (barred or not terms.forbids):
        yield Ruling.LAWYER, wanted.target


def _in_case(terms: Terms, case: str, target: str | None) -> Iterator[tuple[Ruling, str | None]]:
    if case != UNKNOWN and case in terms.cases:
        if Use.THIS_PROCEEDING in terms.forbids:
            yield Ruling.FORBIDDEN, None
        return
    if Use.OTHER_PROCEEDING in terms.forbids:
        if case == UNKNOWN:
            yield Ruling.UNKNOWN_PROCEEDING, None
            return
        if terms.cases or case == ELSEWHERE:
            yield Ruling.FORBIDDEN, None
            return
    yield Ruling.LAWYER, target if case in {UNKNOWN, ELSEWHERE} else f"case:{case}"


class Recipient(StrEnum):
    """Who gets a package in hand. OTHER: somebody who is named."""

    COURT = "court"
    DEFENCE = "defence"
    ICC = "icc"
    OTHER = "other"


LEAVING: dict[Recipient, tuple[Use, ...]] = {
    Recipient.COURT: (Use.EXPORT_TO_COURT,),
    Recipient.DEFENCE: (Use.EXPORT_TO_COURT,),
    Recipient.ICC: (Use.ONWARD_TRANSFER,),
    Recipient.OTHER: (Use.ONWARD_TRANSFER, Use.PUBLICATION),
}
# Those who take part in the proceeding that a package serves.
IN_THE_PROCEEDING = frozenset({Recipient.COURT, Recipient.DEFENCE})
# The purpose of consent under which a package leaves: "investigation and trial" (hub.rules).
HANDOVER_PURPOSE = "investigation"
IDENTIFIED = "identified"
ORDER = "order:"  # begins the reference of a basis that is a legal order
STATED_AT_MOST = 200
HANDOVER_AT_MOST = {"name": 120, "order": 180, "appearance": 500}


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
NAME_AT_MOST = 8000  # a path of 4096 bytes, some of them written as \\xNN
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
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
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
    if isinstance(name, str) and name.isascii() and name.isprintable():
        return name[:NAME_AT_MOST]
    raw = name if isinstance(name, bytes) else _bytes_of(name)
    text = raw.decode("utf-8", "backslashreplace")
    shown = (
        "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8"))
        if unicodedata.category(char) in _HIDDEN or char in _BIDI
        else char
        for char in text
    )
    return "".join(shown)[:NAME_AT_MOST]


_MOMENT = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6})(?:[.,](\d{1,3}))?")


def milliseconds(text: str) -> int | None:
    """Read a time such as 95, 1:35 or 0:01:35.250 as milliseconds; None for what is none.

    Seconds alone may be many; after a colon, and minutes anywhere, they are at most 59.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, part = found.groups()
    if int(minutes or 0) > 59 or (minutes is not None and int(seconds) > 59):
        return None
    whole = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds)
    return whole * 1000 + int((part or "0").ljust(3, "0"))


def time_code(ms: int) -> str:
    """Write milliseconds as H:MM:SS.mmm."""
    seconds, part = divmod(ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{part:03}"


def marks_in_words(detail: Mapping[str, Any]) -> list[str]:
    """Where something was left out, or what was taken over, in numbers that any reader knows.

    detail: of a derivation. Boxes are in pixels: page, left, top, width, height.
    """
    said = [
        f"p. {each.get('page', 1)}: {each['x']}, {each['y']}, {each['width']} × {each['height']}"
        for each in detail.get("regions", ())
    ]
    said += [
        f"{time_code(each['from_ms'])} – {time_code(each['to_ms'])}"
        for each in detail.get("stretches", ())
    ]
    said += [f"{each['from']} – {each['to']}" for each in detail.get("spans", ())]
    if "from_ms" in detail:
        said.append(f"{time_code(detail['from_ms'])} – {time_code(detail['to_ms'])}")
    if "from_page" in detail:
        said.append(f"p. {detail['from_page']} – {detail['to_page']}")
    return said


def plain_media_type(declared: str) -> str:
    """Return what a sender says a file is, without parameters; empty if it is no media type."""
    bare = declared.partition(";")[0].strip().lower()
    return bare if _MEDIA_TYPE.fullmatch(bare) else ""
