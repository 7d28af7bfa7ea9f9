"""What the requested authority sends back on paper: acknowledgement and reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from comity.core.documents.letter import (
    addressee_of,
    contact_rows,
    footer_of,
    letterhead_of,
    signature_of,
    text_of,
    type_names,
)
from comity.core.documents.pages import Paragraph, Rows, Section, Sheet, Table
from comity.core.documents.typesetting import typeset
from comity.core.documents.wording import in_groups, say, say_count, say_date, word, wording
from comity.core.errors import Refused
from comity.core.law import letter_facts as law
from comity.core.law.loader import LANGUAGES


@dataclass(frozen=True)
class Acknowledgement:
    """Receipt of a letter, registered but not yet judged.

    requested sends it, requesting gets it. expected_on: None while it is not known.
    """

    requested: law.Authority
    requesting: law.Authority
    letter_reference: str
    registered: str
    received_on: date
    handling: Mapping[str, str]
    signatory: law.Signatory
    expected_on: date | None = None
    note: law.Paragraph | None = None
    contact: law.Contact | None = None


class Outcome(StrEnum):
    """What became of one measure."""

    EXECUTED = "executed"
    PARTLY = "partly"
    NOT_EXECUTED = "not_executed"


@dataclass(frozen=True)
class MeasureOutcome:
    """What was done on one measure, in the order of the letter."""

    type: str
    outcome: Outcome
    report: law.Paragraph


@dataclass(frozen=True)
class HandedItem:
    """A thing handed over. size_bytes and sha256 (64 hex digits) are of its content."""

    number: str
    title: Mapping[str, str]
    media_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class UseCondition:
    """A condition on use, with the provision on which it rests."""

    text: law.Paragraph
    provision: law.Provision | None = None


@dataclass(frozen=True)
class Reply:
    """The report on execution with the list of what is handed over."""

    requested: law.Authority
    requesting: law.Authority
    letter_reference: str
    outcomes: tuple[MeasureOutcome, ...]
    items: tuple[HandedItem, ...]
    conditions: tuple[UseCondition, ...]
    signatory: law.Signatory
    acceptance_needed: bool = False
    return_required: bool = False
    languages: tuple[str, ...] = LANGUAGES


def render_acknowledgement(
    facts: Acknowledgement,
    *,
    language: str,
    reference: str,
    created: datetime,
    message: bytes | None = None,
) -> bytes:
    """Return the acknowledgement as PDF in uk, ja or en, or all side by side.

    Same promise and refusals as `letter.render_letter`.
    """
    sheets = tuple(
        _sheet(
            "acknowledgement",
            (facts.requested, facts.requesting),
            _Marks(one, reference, created, message),
            tuple(_acknowledged(facts, one)),
            facts.signatory,
            say(one, "acknowledgement.no_effect"),
        )
        for one in _languages(language, LANGUAGES)
    )
    author = word(facts.requested.names, sheets[0].language)
    return typeset(sheets, created=created, author=author, message=message)


def render_reply(
    facts: Reply,
    *,
    language: str,
    reference: str,
    created: datetime,
    message: bytes | None = None,
) -> bytes:
    """Return the reply as PDF in uk, ja or en, or all side by side.

    Same promise and refusals as `letter.render_letter`; an unconfirmed provision of a condition
    is refused as well.
    """
    cited = [one.provision for one in facts.conditions if one.provision]
    if not all(provision.printable for provision in cited):
        raise Refused("documents.unconfirmed_provision")
    sheets = tuple(
        _sheet(
            "reply",
            (facts.requested, facts.requesting),
            _Marks(one, reference, created, message),
            tuple(_replied(facts, one, reference)),
            facts.signatory,
            say(one, "reply.closing"),
        )
        for one in _languages(language, facts.languages)
    )
    author = word(facts.requested.names, sheets[0].language)
    return typeset(sheets, created=created, author=author, message=message)


@dataclass(frozen=True)
class _Marks:
    language: str
    reference: str
    created: datetime
    message: bytes | None


def _languages(language: str, issued: tuple[str, ...]) -> tuple[str, ...]:
    wanted = issued if language == "all" else (language,)
    if not set(wanted) <= set(LANGUAGES):
        raise Refused("documents.unknown_language", language=language)
    return tuple(one for one in LANGUAGES if one in wanted)


def _sheet(
    kind: str,
    parties: tuple[law.Authority, law.Authority],
    marks: _Marks,
    sections: tuple[Section, ...],
    signatory: law.Signatory,
    closing: str,
) -> Sheet:
    language = marks.language
    sender, receiver = parties
    return Sheet(
        language=language,
        title=say(language, f"{kind}.title"),
        letterhead=letterhead_of(sender, language),
        addressee=addressee_of(receiver, language),
        marks=(
            (say(language, "common.reference"), marks.reference),
            (say(language, "common.date"), say_date(marks.created.date(), language)),
        ),
        opening=say(language, f"{kind}.opening"),
        sections=sections,
        closing=closing,
        signatures=(signature_of(signatory, language, seal=say(language, "common.seal")),),
        footer=footer_of(marks.reference, marks.message, language),
        page=wording(language)["common"]["page"],
    )


def _acknowledged(facts: Acknowledgement, language: str) -> Iterator[Section]:
    expected = (
        say_date(facts.expected_on, language)
        if facts.expected_on
        else say(language, "acknowledgement.expected_open")
    )
    rows = (
        ("letter_reference", facts.letter_reference),
        ("received_on", say_date(facts.received_on, language)),
        ("registered", facts.registered),
        ("handling", word(facts.handling, language)),
        ("expected", expected),
    )
    labelled = tuple((say(language, f"acknowledgement.{key}"), value) for key, value in rows)
    yield Section(say(language, "acknowledgement.received"), (Rows(labelled),))
    if facts.note:
        text = Paragraph(text_of(facts.note, language))
        yield Section(say(language, "acknowledgement.note"), (text,))
    if facts.contact:
        rows_of = Rows(tuple(contact_rows(facts.contact, language)))
        yield Section(say(language, "acknowledgement.contact"), (rows_of,))


def _replied(facts: Reply, language: str, reference: str) -> Iterator[Section]:
    named = (
        (say(language, "reply.letter_reference"), facts.letter_reference),
        (say(language, "reply.own_reference"), reference),
    )
    yield Section(say(language, "reply.request"), (Rows(named),))
    yield Section(say(language, "reply.outcomes"), tuple(_outcomes(facts, language)))
    if facts.items:
        yield _items(facts, language)
    if facts.conditions or facts.return_required:
        yield Section(say(language, "reply.conditions"), tuple(_conditions(facts, language)))


def _outcomes(facts: Reply, language: str) -> Iterator[Rows]:
    for number, one in enumerate(facts.outcomes, start=1):
        measure = say(language, "common.measure", number=str(number))
        joint = " " if language == "ja" else ". "
        outcome = say(language, f"reply.outcome_{one.outcome}")
        heading = f"{measure}{joint}{word(type_names(one.type), language)}"
        yield Rows(((outcome, text_of(one.report, language)),), heading)


def _items(facts: Reply, language: str) -> Section:
    head = (
        say(language, "common.number"),
        say(language, "reply.item_title"),
        say(language, "common.media_type"),
        say(language, "common.size_bytes"),
        say(language, "common.sha256"),
    )
    body = tuple(
        (
            item.number,
            word(item.title, language),
            item.media_type,
            say_count(item.size_bytes, language),
            in_groups(item.sha256),
        )
        for item in facts.items
    )
    text = say(language, "reply.items_text", count=str(len(facts.items)))
    table = Table(head, body, (4, 9, 5, 5, 10), small=True)
    return Section(say(language, "reply.items"), (Paragraph(text), table))


def _conditions(facts: Reply, language: str) -> Iterator[Paragraph]:
    if facts.conditions:
        yield Paragraph(say(language, "reply.conditions_text"))
    for condition in facts.conditions:
        text = text_of(condition.text, language)
        if condition.provision:
            label = say(language, "reply.condition_provision")
            cited = word(condition.provision.words, language)
            gap = "" if language == "ja" else " "
            colon = ":" if language != "ja" else "は、"
            stop = "。" if language == "ja" else "."
            text = f"{text}{gap}{label}{colon}{gap}{cited}{stop}"
        yield Paragraph(text)
    if facts.acceptance_needed:
        yield Paragraph(say(language, "reply.accept"))
    if facts.return_required:
        yield Paragraph(say(language, "reply.return_required"))
