"""What the messages of a letter's conversation say, in the form that travels (docs/protocol)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from comity.core import canonical
from comity.core.documents.replies import Outcome
from comity.core.errors import Untrusted
from comity.core.law.letter_facts import Contact
from comity.core.law.records import from_plain, to_plain

LANGUAGES = ("uk", "ja", "en")
MOST_WORDS = 20_000
_CODE = re.compile(r"[a-z][a-z0-9_.-]{0,59}")
_REFERENCE_LENGTH = 120
Body = TypeVar("Body")
Words = Mapping[str, str]


@dataclass(frozen=True)
class Acknowledgement:
    """acknowledgement/1: registered under the requested side's own reference."""

    reference: str
    handling: Words
    expected_on: date | None = None
    contact: Contact | None = None


@dataclass(frozen=True)
class Condition:
    """A condition on use. forbids: codes of uses that software rules out."""

    code: str
    words: Words
    forbids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conditions:
    """conditions/1: what must be accepted before evidence leaves."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Acceptance:
    """conditions-accepted/1: the SHA-256 of exactly the conditions that were set."""

    conditions_sha256: str
    count: int


@dataclass(frozen=True)
class MeasureReport:
    """What was done on one measure, in the letter's order. language: of the report's source."""

    type: str
    outcome: Outcome
    language: str
    words: Words


@dataclass(frozen=True)
class HandedItem:
    """An item that travels as the attachment `name_code`. kind: id of evidence_types.yaml."""

    name_code: str
    number: str
    kind: str
    title: Words
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Ground:
    """Why a letter is refused, under which provision, and what would cure it."""

    code: str
    provision: Words
    cure: Words


@dataclass(frozen=True)
class Reply:
    """reply/1: the report with what is handed over, or the refusal with its ground."""

    reference: str
    return_required: bool = False
    reports: tuple[MeasureReport, ...] = ()
    items: tuple[HandedItem, ...] = ()
    conditions: tuple[Condition, ...] = ()
    ground: Ground | None = None


def digest_of(conditions: tuple[Condition, ...]) -> str:
    """Return the SHA-256 (64 hex digits) that names these conditions in an acceptance."""
    return canonical.digest_hex(to_plain(conditions))


def write(body: Any) -> dict[str, Any]:
    """Return a body as a message carries it."""
    plain: dict[str, Any] = to_plain(body)
    return plain


def read(kind: type[Body], body: Any) -> Body:
    """Read a body that a partner sent, strictly.

    Raises Untrusted("record.malformed" | "letter.body").
    """
    require_storable(body)
    found = from_plain(kind, body)
    if isinstance(found, Acknowledgement | Reply) and len(found.reference) > _REFERENCE_LENGTH:
        raise Untrusted("letter.body", part="reference")
    if isinstance(found, Conditions):
        _check_conditions(found.conditions)
    if isinstance(found, Reply):
        _check_reply(found)
    return found


def require_storable(value: Any) -> None:
    """Check that a body holds no character that a database cannot keep.

    Raises Untrusted("letter.body").
    """
    if isinstance(value, str) and "\x00" in value:
        raise Untrusted("letter.body", part="text")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            require_storable(key)
            require_storable(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            require_storable(inner)


def _check_conditions(conditions: tuple[Condition, ...]) -> None:
    for condition in conditions:
        _check_words(condition.words)
        if not all(_CODE.fullmatch(code) for code in (condition.code, *condition.forbids)):
            raise Untrusted("letter.body", part="conditions")


def _check_words(words: Words) -> None:
    if set(words) != set(LANGUAGES) or not all(
        0 < len(one) <= MOST_WORDS for one in words.values()
    ):
        raise Untrusted("letter.body", part="words")


def _check_reply(reply: Reply) -> None:
    _check_conditions(reply.conditions)
    if reply.ground is not None:
        _check_words(reply.ground.provision)
        _check_words(reply.ground.cure)
        if reply.reports or reply.items or not _CODE.fullmatch(reply.ground.code):
            raise Untrusted("letter.body", part="ground")
    for report in reply.reports:
        _check_words(report.words)
        if report.language not in LANGUAGES or not _CODE.fullmatch(report.type):
            raise Untrusted("letter.body", part="reports")
    for item in reply.items:
        _check_words(item.title)
        if not _CODE.fullmatch(item.kind) or len(item.number) > 40:
            raise Untrusted("letter.body", part="items")
