"""The verbs on what a letter says: texts, translations, measures, persons."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Manager, Max
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance.actions.course import draft_of, note, touch, translatable
from comity.assistance.models import (
    LetterOfRequest,
    LetterPerson,
    Measure,
    Paragraph,
    Translation,
)
from comity.assistance.rules import Event, State, TextKind, resets_review
from comity.core.access import Actor
from comity.core.errors import Incomplete, Refused
from comity.core.law import letter_facts as law
from comity.core.law.letters import requirement_fields
from comity.core.law.loader import LANGUAGES
from comity.ledger import actions as ledger

MOST_CHARACTERS = 20_000
_OF_A_PART = frozenset({TextKind.PURPOSE, TextKind.ANSWER, TextKind.LINK})


@transaction.atomic
def write_paragraph(
    actor: Actor,
    letter: LetterOfRequest,
    *,
    kind: TextKind,
    text: str,
    paragraph: Paragraph | None = None,
    neutral: bool = False,
    once: uuid.UUID | None = None,
) -> Paragraph:
    """Write a fact or a statement in the source language, or change it.

    A changed source makes its translations stale by itself. neutral: the same in every language.
    once: of the form that was sent. Raises NotAllowed, WrongState, Incomplete,
    Refused("letter.text_too_long" | "letter.no_such_part" | "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    if kind in _OF_A_PART and paragraph is None:
        raise Refused("letter.no_such_part")
    held = _held(letter, kind, paragraph)
    made = held or Paragraph(letter=letter, kind=kind, position=_next(letter.texts))
    _set_text(made, _sound(text), law.NEUTRAL if neutral else letter.source_language)
    if made.kind == TextKind.SUBJECT:
        letter.title = made.text[:200]
    revision = touch(letter, "title")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part=made.kind, revision=revision
    )
    return made


def _held(letter: LetterOfRequest, kind: TextKind, paragraph: Paragraph | None) -> Paragraph | None:
    if paragraph is not None:
        found = letter.texts.filter(pk=paragraph.pk).first()
        if found is None:
            raise Refused("letter.no_such_part")
        return found
    return None if kind is TextKind.FACT else letter.texts.filter(kind=kind).first()


def _sound(text: str) -> str:
    sound = text.replace("\r\n", "\n").strip()
    if not sound:
        raise Incomplete("letter.incomplete", missing=["text"])
    if len(sound) > MOST_CHARACTERS:
        raise Refused("letter.text_too_long", most=MOST_CHARACTERS)
    return sound


def _set_text(paragraph: Paragraph, text: str, language: str) -> None:
    paragraph.text, paragraph.language = text, language
    paragraph.changed_at = timezone.now()
    paragraph.save()


def _next(rows: Manager[Any]) -> int:
    top = rows.aggregate(top=Max("position"))["top"]
    return 0 if top is None else int(top) + 1


@transaction.atomic
def translate_paragraph(
    actor: Officer,
    paragraph: Paragraph,
    *,
    language: str,
    text: str,
    translator: str,
    certified: bool = False,
    machine_draft: bool = False,
) -> Translation:
    """Write a paragraph in another language, tied to the source text as it stands now.

    Another wording of a translation that was ready when the letter was reviewed makes the review
    begin anew. Raises NotAllowed, WrongState, Incomplete, Refused("letter.not_a_translation").
    """
    letter = translatable(actor, paragraph.letter)
    paragraph = Paragraph.objects.get(pk=paragraph.pk, letter=letter)
    if language not in LANGUAGES or paragraph.language in (language, law.NEUTRAL):
        raise Refused("letter.not_a_translation")
    sound = _sound(text)
    reset = _resets_review(letter, paragraph, language, sound)
    translation, _ = Translation.objects.update_or_create(
        paragraph=paragraph,
        language=language,
        defaults={
            "text": sound,
            "source_hash": law.text_hash(paragraph.text),
            "translator": translator.strip()[:120],
            "certified": certified and not machine_draft,
            "machine_draft": machine_draft,
            "by": actor,
            "at": timezone.now(),
        },
    )
    _count_translation(actor, letter, reset=reset)
    ledger.append(
        actor,
        "assistance.paragraph_translated",
        letter.subject,
        part=paragraph.kind,
        language=language,
        machine_draft=machine_draft,
        source=translation.source_hash,
        revision=letter.revision,
        review_reset=reset,
    )
    return translation


def _resets_review(letter: LetterOfRequest, paragraph: Paragraph, language: str, text: str) -> bool:
    held = paragraph.translations.filter(language=language).first()
    ready = paragraph.as_law().state(language) is law.TextState.GOOD
    changed = held is not None and held.text != text
    return resets_review(State(letter.state), ready=ready, changed=changed)


def _count_translation(actor: Officer, letter: LetterOfRequest, *, reset: bool) -> None:
    letter.revision += 1
    if reset:
        letter.state = State.DRAFT
        letter.reviewer = letter.reviewed_at = letter.review_asked_at = None
        note(actor, letter, Event.REVIEW_RESET)
    letter.save(update_fields=["revision", "state", "reviewer", "reviewed_at", "review_asked_at"])


@transaction.atomic
def remove_paragraph(actor: Actor, paragraph: Paragraph) -> None:
    """Take a fact or a statement out of a draft. Raises NotAllowed, WrongState, Refused."""
    letter = draft_of(actor, paragraph.letter)
    if paragraph.kind in _OF_A_PART | {TextKind.SUBJECT}:
        raise Refused("letter.part_needed")
    letter.texts.filter(pk=paragraph.pk).delete()
    revision = touch(letter)
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part=paragraph.kind, revision=revision
    )


@dataclass(frozen=True)
class Answer:
    """The answer to one field of a measure in the source language. neutral: same in every one."""

    text: str
    neutral: bool = False


@transaction.atomic
def add_measure(
    actor: Actor, letter: LetterOfRequest, measure_type: str, *, once: uuid.UUID | None = None
) -> Measure:
    """Ask for one more measure. once: of the form that was sent.

    Raises NotAllowed, WrongState, Refused("letter.unknown_type" | "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    requirement_fields(measure_type)
    measure = Measure.objects.create(
        letter=letter, position=_next(letter.measures), type=measure_type
    )
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.measure_added",
        letter.subject,
        measure=measure_type,
        revision=revision,
    )
    return measure


@transaction.atomic
def answer_measure(
    actor: Actor,
    measure: Measure,
    *,
    purpose: str,
    answers: Mapping[str, Answer],
    choices: Mapping[str, bool],
) -> None:
    """Say why a measure is needed and answer its own fields.

    answers: by field of request_types.yaml; an empty text removes the answer. choices: yes or no.
    Raises NotAllowed, WrongState, Incomplete, Refused("letter.unknown_field").
    """
    letter = draft_of(actor, measure.letter)
    measure = letter.measures.get(pk=measure.pk)
    known = {str(row["field"]) for row in requirement_fields(measure.type)} | {"physical_items"}
    if not set(answers) | set(choices) <= known:
        raise Refused("letter.unknown_field")
    _answer(measure, TextKind.PURPOSE, "", Answer(purpose))
    for field, answer in answers.items():
        _answer(measure, TextKind.ANSWER, field, answer)
    measure.choices = dict(choices)
    measure.save(update_fields=["choices"])
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.measure_answered",
        letter.subject,
        measure=measure.type,
        fields=sorted(field for field, answer in answers.items() if answer.text.strip()),
        revision=revision,
    )


def _answer(measure: Measure, kind: TextKind, field: str, answer: Answer) -> None:
    rows = measure.texts.filter(kind=kind, field=field)
    if not answer.text.strip():
        rows.delete()
        return
    held = rows.first() or Paragraph(
        letter_id=measure.letter_id, measure=measure, kind=kind, field=field
    )
    language = law.NEUTRAL if answer.neutral else measure.letter.source_language
    sound = _sound(answer.text)
    if (held.text, held.language) != (sound, language):
        _set_text(held, sound, language)


@transaction.atomic
def remove_measure(actor: Actor, measure: Measure) -> None:
    """Take a measure out of a draft; one stays. Raises NotAllowed, WrongState, Refused."""
    letter = draft_of(actor, measure.letter)
    if letter.measures.count() < 2:
        raise Refused("letter.part_needed")
    letter.measures.filter(pk=measure.pk).delete()
    for position, left in enumerate(letter.measures.order_by("position")):
        Measure.objects.filter(pk=left.pk).update(position=position)
    letter.decisions = [one for one in letter.decisions if one.get("measure") is None]
    revision = touch(letter, "decisions")
    ledger.append(
        actor,
        "assistance.measure_removed",
        letter.subject,
        measure=measure.type,
        revision=revision,
    )


@transaction.atomic
def name_person(
    actor: Actor,
    letter: LetterOfRequest,
    made: law.PersonConcerned,
    *,
    person: LetterPerson | None = None,
    once: uuid.UUID | None = None,
) -> LetterPerson:
    """Name a person and the link to the case, or change what is said of one.

    For a protected person only a pseudonym is given: birth, nationality and address are left out.
    once: of the form that was sent.
    Raises NotAllowed, WrongState, Incomplete, Refused("letter.pseudonym_only" |
    "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    if made.protected and (made.born_on or made.nationality or made.address):
        raise Refused("letter.pseudonym_only")
    row = LetterPerson.objects.filter(letter=letter, pk=person.pk).first() if person else None
    row = row or LetterPerson(letter=letter, position=_next(letter.persons))
    row.role, row.names, row.protected = made.role, dict(made.names), made.protected
    row.born_on = made.born_on
    row.nationality, row.address = dict(made.nationality), dict(made.address)
    row.save()
    link = row.texts.first() or Paragraph(letter=letter, kind=TextKind.LINK, person=row)
    _set_text(link, _sound(made.link.source), letter.source_language)
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.person_named",
        letter.subject,
        role=made.role,
        protected=made.protected,
        revision=revision,
    )
    return row


@transaction.atomic
def remove_person(actor: Actor, person: LetterPerson) -> None:
    """Take a person out of a draft. Raises NotAllowed, WrongState."""
    letter = draft_of(actor, person.letter)
    letter.persons.filter(pk=person.pk).delete()
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.person_removed",
        letter.subject,
        role=person.role,
        revision=revision,
    )
