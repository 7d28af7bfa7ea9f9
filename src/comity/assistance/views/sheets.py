"""What the page of a letter shows, as plain values: stages, texts, course and clocks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.assistance.citations import provision_of, sure_of
from comity.assistance.forms.writing import language
from comity.assistance.models import LetterEvent, LetterOfRequest, Paragraph
from comity.assistance.rules import DeskState, Event, State, TextKind
from comity.assistance.views.shared import sourced
from comity.core.access import Actor
from comity.core.law import letter_facts as law
from comity.core.law.letters import label_of
from comity.core.law.loader import LANGUAGES
from comity.core.law.readings import fact_at
from comity.exchange.models import Receipt
from comity.ui.labels import label

Line = dict[str, Any]


def outgoing_stages(letter: LetterOfRequest, *, texts_ready: bool) -> list[Line]:
    """The way of a letter that we write."""
    names = [
        (_("Draft"), letter.author.name if letter.author else ""),
        (_("Legal review"), letter.reviewer.name if letter.reviewer else ""),
        (_("Translation"), _("ready") if texts_ready else _("not ready")),
        (_("Approval"), letter.approver.name if letter.approver else ""),
        (_("Sealed and sent"), ""),
        (_("Acknowledged"), letter.partner_reference),
        (_("Answered"), ""),
    ]
    return _staged(names, _outgoing_place(letter, texts_ready=texts_ready))


def _outgoing_place(letter: LetterOfRequest, *, texts_ready: bool) -> int:
    state = letter.outgoing_state
    if state is State.REVIEWED:
        return 3 if texts_ready else 2
    places = {
        State.DRAFT: 1 if letter.review_asked_at else 0,
        State.STOPPED: 4,
        State.APPROVED: 4,
        State.SENT: 5,
        State.ACKNOWLEDGED: 6,
        State.CONDITIONS_PROPOSED: 6,
        State.CONDITIONS_ACCEPTED: 6,
    }
    return places.get(state, 7)


def desk_stages(letter: LetterOfRequest) -> list[Line]:
    """The way of a letter that we answer."""
    names = [
        (_("Received"), ""),
        (_("Registered"), letter.own_reference),
        (_("Accepted"), ""),
        (_("Executed"), ""),
        (_("Conditions"), "" if letter.conditions.exists() else _("none set")),
        (_("Reply released"), ""),
    ]
    places = {
        DeskState.RECEIVED: 1,
        DeskState.REGISTERED: 2,
        DeskState.ACCEPTED: 3,
        DeskState.EXECUTING: 3,
        DeskState.CONDITIONS_PROPOSED: 4,
        DeskState.CONDITIONS_ACCEPTED: 5,
        DeskState.STOPPED: 5,
    }
    return _staged(names, places.get(letter.desk_state, 6))


def _staged(names: Sequence[tuple[str, str]], place: int) -> list[Line]:
    return [
        {
            "label": name,
            "note": note,
            "state": "done" if number < place else "now" if number == place else "",
        }
        for number, (name, note) in enumerate(names)
    ]


def text_rows(letter: LetterOfRequest, texts: Iterable[Paragraph]) -> list[Line]:
    """Facts and statements of a letter in three languages, beside each other."""
    rows = []
    fact_number = 0
    for one in texts:
        if one.kind == TextKind.FACT:
            fact_number += 1
        number = str(fact_number) if one.kind == TextKind.FACT else ""
        rows.append(_stated(TextKind(one.kind), number, one.as_law(), one))
    return rows


def _stated(
    kind: TextKind, number: str, paragraph: law.Paragraph, one: Paragraph | None = None
) -> Line:
    """A fact with its number, or a statement with its name, before the text of each language."""
    row = one_row(f"{label(kind)} {number}".strip(), paragraph, one)
    for cell in row["cells"]:
        name = f"{number}." if number else f"{label_of(kind)[cell['language']]}:"
        cell["shown"] = f"{name} {cell['text'] or '–'}"
    return row


def one_row(title: str, paragraph: law.Paragraph, one: Paragraph | None) -> Line:
    """One text in three languages with its title; one: its row, to change it."""
    cells = []
    for code in LANGUAGES:
        state = paragraph.state(code)
        source = paragraph.source_language in (code, law.NEUTRAL)
        cells.append(
            {
                "language": code,
                "text": paragraph.text(code),
                "state": str(state),
                "stale": state is not law.TextState.GOOD,
                "source": source,
            }
        )
    return {"title": title, "cells": cells, "paragraph": one}


def cells_of(paragraph: law.Paragraph) -> list[Line]:
    """One text in its three languages."""
    cells: list[Line] = one_row("", paragraph, None)["cells"]
    return cells


def received_rows(facts: law.LetterFacts) -> list[Line]:
    """The texts of a letter as it came."""
    rows = [_stated(TextKind.SUBJECT, "", facts.subject)] if facts.subject else []
    for number, one in enumerate(facts.facts, start=1):
        rows.append(_stated(TextKind.FACT, str(number), one))
    stated = (
        (TextKind.NECESSITY, facts.necessity),
        (TextKind.RECIPROCITY, facts.reciprocity),
        (TextKind.CONFIDENTIALITY, facts.confidentiality),
        (TextKind.URGENCY, facts.urgency),
        (TextKind.SPECIAL_PROCEDURE, facts.special_procedure),
        (TextKind.PERSONS_TO_ATTEND, facts.persons_to_attend),
        (TextKind.PRIOR_CONTACTS, facts.prior_contacts),
    )
    rows += [_stated(kind, "", text) for kind, text in stated if text is not None]
    return rows


def parallel_of(rows: Sequence[Line]) -> tuple[list[list[tuple[str, bool]]], list[tuple[str, str]]]:
    """The rows and heads that the component of three languages takes."""
    cells = [
        [(cell.get("shown") or cell["text"] or "–", cell["stale"]) for cell in row["cells"]]
        for row in rows
    ]
    heads = []
    for place, code in enumerate(LANGUAGES):
        stale = sum(1 for row in rows if row["cells"][place]["stale"])
        source = bool(rows) and all(row["cells"][place]["source"] for row in rows)
        words = ngettext("%(count)d text not ready", "%(count)d texts not ready", stale)
        note = _("authentic text") if source else words % {"count": stale}
        heads.append((code, note if source or stale else _("translation, ready")))
    return cells, heads


def course_of(letter: LetterOfRequest, actor: Actor) -> tuple[list[Line], set[str]]:
    """What happened, newest first, with the receipts of each message; and those of the letter."""
    events = list(letter.events.select_related("officer"))
    known = {event.message for event in events if event.message}
    receipts: dict[Any, list[str]] = {}
    for one in Receipt.objects.visible_to(actor).filter(message_id__in=known).order_by("at"):
        receipts.setdefault(one.message_id, []).append(one.event)
    lines = [_event_line(event, receipts.get(event.message, [])) for event in events]
    if lines:
        lines[0]["state"] = "now"
    return lines, set(receipts.get(letter.letter_message, []))


def _event_line(event: LetterEvent, got: Sequence[str]) -> Line:
    who = event.officer.name if event.officer else _("the exchange")
    told = f"{who}. {event.note}" if event.note else who
    if got:
        told = f"{told} · {_('Receipts')} {' '.join(sorted(set(got)))}"
    return {
        "at": event.at,
        "style": "short",
        "text": label(Event(event.event)),
        "note": told,
        "verified": bool(got),
        "state": "done",
    }


def clock_lines(letter: LetterOfRequest) -> list[Line]:
    """Clocks that run on this letter, each with the provision that sets it."""
    state = letter.requesting[:2] if letter.is_outgoing else letter.requested[:2]
    lines = []
    for rule, last, _end in letter.running_clocks(state):
        found = fact_at(rule.fact)
        lines.append(
            {
                "id": rule.id,
                "text": label(rule.id, "Clock"),
                "last": last,
                "provision": provision_of(found),
                "sure": sure_of(found),
                "rule": found.text(language()),
                "language": sourced(found, language())["language"],
            }
        )
    return lines
