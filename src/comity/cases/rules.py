"""What a charge and an element can be, and which moves are allowed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum

from comity.core.errors import Refused, WrongState

# A code names a person to those who hold the key to it: "P-0041", "W-07".
_PERSON_CODE = re.compile(r"[A-Z]{1,3}-[0-9]{1,6}")


class ChargeState(StrEnum):
    """A qualification is proposed by one officer and decided by another."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class ElementState(StrEnum):
    """What the items say about one element of an offence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_COVERED = "not_covered"


class Certainty(StrEnum):
    """How sure a statement about an incident is, in the words of the investigation."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    CLAIMED = "claimed"
    REFUTED = "refuted"


class PersonRole(StrEnum):
    """How a person stands to an incident; the person is a reference, never a name."""

    VICTIM = "victim"
    WITNESS = "witness"
    SUSPECT = "suspect"
    COMMANDER = "commander"


class Column(StrEnum):
    """The kinds of evidence that stand beside each other in the elements matrix."""

    IMAGES = "images"
    ACCOUNTS = "accounts"
    EXPERTS = "experts"
    RECORDS = "records"


class Cover(StrEnum):
    """How an element stands when all that was found about it is taken together."""

    COVERED = "covered"
    THIN = "thin"
    CONTESTED = "contested"
    GAP = "gap"
    QUESTION = "question"


NEXT: Mapping[ChargeState, frozenset[ChargeState]] = {
    ChargeState.PROPOSED: frozenset({ChargeState.CONFIRMED, ChargeState.REJECTED}),
    ChargeState.CONFIRMED: frozenset(),
    ChargeState.REJECTED: frozenset(),
}


def require_move(state: ChargeState, wanted: ChargeState) -> None:
    """Let the move pass or raise WrongState naming both states."""
    if wanted not in NEXT[state]:
        raise WrongState("cases.wrong_state", state=state, wanted=wanted)


def column_of(kind: str, group: str) -> Column:
    """Return the column of an evidence type; kind and group as in evidence_types.yaml."""
    if group == "imagery" or kind in _PICTURED:
        return Column.IMAGES
    return {"testimonial": Column.ACCOUNTS, "expert": Column.EXPERTS}.get(group, Column.RECORDS)


_PICTURED = frozenset({"photo", "cctv", "user-video", "osint-video", "media-item", "osint-post"})


def cover_of(state: ElementState | None, columns: Iterable[Column], *, question: bool) -> Cover:
    """Take an element's newest finding together. columns: one for each item the finding names.

    Support from one item alone is thin. A question is for a lawyer to answer; it is never a gap.
    """
    if state is ElementState.CONTRADICTED:
        return Cover.CONTESTED
    if state is ElementState.SUPPORTED:
        return Cover.COVERED if len(list(columns)) > 1 else Cover.THIN
    return Cover.QUESTION if question else Cover.GAP


def person_code(text: str) -> str:
    """Return a person's code in its one form. Raises Refused("cases.not_a_code") for a name."""
    code = unicodedata.normalize("NFKC", text).strip().upper()
    if not _PERSON_CODE.fullmatch(code):
        raise Refused("cases.not_a_code")
    return code


def plain_text(text: str) -> str:
    """Return text in form C without characters that are not seen but change how the rest is read.

    Lines and tabs stay. Controls, marks of writing direction and lone surrogates go.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (
        letter
        for letter in lines
        if letter in "\n\t"
        or (letter not in _DIRECTIONS and unicodedata.category(letter) not in {"Cc", "Cs"})
    )
    return unicodedata.normalize("NFC", "".join(kept)).strip()


# The marks of Unicode Annex 9 that override or isolate, and the two that only mark.
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def plain_line(text: str) -> str:
    """Return plain_text on one line, with single spaces."""
    return " ".join(plain_text(text).split())


LINES_AT_MOST = {"number": 40, "title": 200, "date_note": 120, "place": 200, "note": 300}


def bounded(field: str, text: str) -> str:
    """Return plain_line of a field that the database bounds; form C can be longer than what came.

    Raises Refused("cases.too_long", field=name).
    """
    line = plain_line(text)
    if len(line) > LINES_AT_MOST[field]:
        raise Refused("cases.too_long", field=field)
    return line
