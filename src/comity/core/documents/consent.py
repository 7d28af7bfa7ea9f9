"""The consent sheet: what a person agreed to, on paper for that person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from comity.core.documents.letter import contact_rows, letterhead_of
from comity.core.documents.pages import Paragraph, Rows, Section, Sheet, Signature, Table
from comity.core.documents.typesetting import typeset
from comity.core.documents.wording import say, say_date, word, wording
from comity.core.law import letter_facts as law


@dataclass(frozen=True)
class ConsentDecision:
    """One decision of the person. until: the last day included, None until withdrawn."""

    purpose: Mapping[str, str]
    recipient: Mapping[str, str]
    agreed: bool
    until: date | None = None


@dataclass(frozen=True)
class ConsentSheet:
    """What a person agreed to, for the person.

    person: as the person wishes to be named here, a pseudonym too. explained_in: language code.
    guardian: a representative signs as well; a child's assent and this consent are both needed.
    """

    hub: law.Authority
    person: str
    recorded_on: date
    recorded_by: law.Signatory
    explained_in: str
    decisions: tuple[ConsentDecision, ...]
    contact: law.Contact
    interpreter: str = ""
    guardian: bool = False


def render_consent_sheet(
    facts: ConsentSheet, *, language: str, reference: str, created: datetime
) -> bytes:
    """Return "what I agreed to" as PDF in uk, ja or en, in large letters and plain words.

    Raises Refused if words are missing in that language or a character is in no font.
    """
    sheet = Sheet(
        language=language,
        title=say(language, "consent.title"),
        letterhead=letterhead_of(facts.hub, language),
        addressee=(),
        marks=((say(language, "common.reference"), reference),),
        opening=say(language, "consent.opening"),
        sections=tuple(_consented(facts, language)),
        signatures=tuple(_consent_signatures(facts, language)),
        footer=reference,
        page=wording(language)["common"]["page"],
        plain=True,
    )
    return typeset((sheet,), created=created, author=word(facts.hub.names, language))


def _consented(facts: ConsentSheet, language: str) -> Iterator[Section]:
    recorder = facts.recorded_by
    by = f"{word(recorder.names, language)}, {word(recorder.position, language)}"
    if language == "ja":
        by = f"{word(recorder.position, language)} {word(recorder.names, language)}"
    rows = [
        ("person", facts.person),
        ("recorded_on", say_date(facts.recorded_on, language)),
        ("recorded_by", by),
        ("explained_in", say(language, f"common.language_{facts.explained_in}")),
    ]
    if facts.interpreter:
        rows.append(("interpreter", facts.interpreter))
    labelled = tuple((say(language, f"consent.{key}"), value) for key, value in rows)
    yield Section(say(language, "consent.who"), (Rows(labelled),))
    yield Section(say(language, "consent.lines"), (_decisions(facts, language),))
    rights = tuple(
        Paragraph(say(language, f"consent.right_{key}")) for key in ("withdraw", "help", "see")
    )
    yield Section(say(language, "consent.rights"), rights)
    where = Rows(tuple(contact_rows(facts.contact, language)))
    yield Section(say(language, "consent.where"), (where,))


def _decisions(facts: ConsentSheet, language: str) -> Table:
    head = tuple(
        say(language, f"consent.{key}") for key in ("purpose", "recipient", "decision", "until")
    )
    body = tuple(
        (
            word(one.purpose, language),
            word(one.recipient, language),
            say(language, "consent.agreed" if one.agreed else "consent.refused"),
            _until(one, language),
        )
        for one in facts.decisions
    )
    return Table(head, body, (6, 5, 5, 4))


def _until(one: ConsentDecision, language: str) -> str:
    if not one.agreed:
        return "—"
    return say_date(one.until, language) if one.until else say(language, "consent.no_end")


def _consent_signatures(facts: ConsentSheet, language: str) -> Iterator[Signature]:
    yield Signature("", say(language, "consent.person_signature"), "")
    if facts.guardian:
        yield Signature("", say(language, "consent.guardian_signature"), "")
    position = word(facts.recorded_by.position, language)
    yield Signature("", position, word(facts.recorded_by.names, language))
