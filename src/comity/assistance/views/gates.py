"""The gates on the page of a letter: what lacks before approval, and before evidence leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.assistance import actions
from comity.assistance.citations import provision_of, sure_of
from comity.assistance.forms.writing import language
from comity.assistance.models import LetterOfRequest
from comity.assistance.rules import (
    Guard,
    State,
    TextKind,
    blocks_approval,
    blocks_review,
    closed_guards,
)
from comity.core.access import Act, Actor
from comity.core.law.letters import Lack, MissingField, Severity
from comity.core.law.readings import fact_at
from comity.ui.labels import label

Line = dict[str, Any]
_TEXT_LACKS = frozenset({Lack.UNTRANSLATED, Lack.STALE, Lack.MACHINE_DRAFT})


@dataclass(frozen=True)
class Gates:
    """What the letter still lacks, for the list beside it and for its buttons."""

    lines: list[Line]
    ready: int
    total: int
    reviewable: bool
    approvable: bool
    texts_ready: bool


def gates_of(letter: LetterOfRequest, actor: Actor) -> Gates:
    """Group what is missing by where it is put right; verbs stand beside it for who has them."""
    lacks = actions.lacks_of(letter)
    texts = [one for one in lacks if one.lack in _TEXT_LACKS]
    parts = [one for one in lacks if one.lack not in _TEXT_LACKS]
    lines: list[Line] = []
    ready = total = 0
    for name, fields in _groups().items():
        own = [one for one in parts if _group_of(one) == name]
        closed = [one for one in own if blocks_approval(one.severity)]
        total += 1
        ready += not closed
        lines.append({"state": "ok" if not closed else "gate", "text": fields, "id": f"g-{name}"})
        lines += [_lack_line(letter, one, actor) for one in own]
    total += 1
    text_closed = [one for one in texts if blocks_approval(one.severity)]
    ready += not text_closed
    head = "ok" if not text_closed else "gate"
    lines.append({"state": head, "text": _("Texts in three languages"), "id": "g-texts"})
    lines += _text_lines(texts)
    return Gates(
        lines,
        ready,
        total,
        not any(blocks_review(one.severity, one.lack) for one in lacks),
        not any(blocks_approval(one.severity) for one in lacks),
        not text_closed,
    )


def _groups() -> dict[str, str]:
    return {
        "basis": _("Basis, facts, offence, text of the law"),
        "measures": _("Measures and their own fields"),
        "officials": _("Persons, contact, signature, way"),
    }


_BASIS_FIELDS = frozenset(
    {
        "legal_basis",
        "proceeding",
        "facts_summary",
        "offence_qualification",
        "text_of_provisions",
        "reciprocity_guarantee",
        "necessity_statement",
    }
)


def _group_of(one: MissingField) -> str:
    if one.measure is not None or one.field == "measures_requested":
        return "measures"
    return "basis" if one.field in _BASIS_FIELDS else "officials"


def _lack_line(letter: LetterOfRequest, one: MissingField, actor: Actor) -> Line:
    confirms = one.lack in {Lack.UNDECIDED, Lack.UNCONFIRMED}
    may = actor.may(Act.REVIEW_LETTER if confirms else Act.DRAFT_LETTER)
    action, url = _remedy(letter, one) if may else ("", "")
    state = "stop" if blocks_approval(one.severity) else "wait"
    return {
        "state": state,
        "text": f"{one.labels[language()]}: {label(one.lack)}",
        "action": action,
        "url": url,
        "note": label(one.severity) if one.severity is not Severity.MUST else "",
        "source": provision_of(one.reason),
        "sure": sure_of(one.reason),
    }


_STATEMENT_FIELDS = {
    "necessity_statement": TextKind.NECESSITY,
    "reciprocity_guarantee": TextKind.RECIPROCITY,
    "confidentiality": TextKind.CONFIDENTIALITY,
    "urgency": TextKind.URGENCY,
    "special_procedure": TextKind.SPECIAL_PROCEDURE,
    "persons_to_attend": TextKind.PERSONS_TO_ATTEND,
    "prior_contacts": TextKind.PRIOR_CONTACTS,
    "facts_summary": TextKind.FACT,
}
_PAGES = {
    "offence_qualification": "letter_offence_new",
    "text_of_provisions": "letter_paper_new",
    "persons_concerned": "letter_person_new",
    "contact_point": "letter_officials",
    "signature_and_seal": "letter_officials",
    "prosecutor_approval": "letter_officials",
    "proceeding": "letter_proceeding",
    "original_tracking": "letter_transmission",
    "deadline": "letter_transmission",
    "victim_witness_protection": "letter_transmission",
}


def _remedy(letter: LetterOfRequest, one: MissingField) -> tuple[str, str]:
    """The verb that puts a lack right, and where."""
    if letter.outgoing_state is not State.DRAFT:
        return "", ""
    if one.lack is Lack.UNDECIDED:
        measure = "" if one.measure is None else str(one.measure)
        query = f"?measure={measure}" if measure else ""
        return _("Decide"), reverse("letter_decide", args=[letter.pk, one.field]) + query
    if one.lack is Lack.UNCONFIRMED:
        return _("Confirm"), "#provisions"
    if one.field == "necessity_statement" or one.measure is None:
        kind = _STATEMENT_FIELDS.get(one.field)
        if kind is not None:
            return _("Write"), reverse("letter_text_new", args=[letter.pk, kind.value])
    if one.measure is not None:
        measures = {row.position: row.pk for row in letter.measures.all()}
        return _("Answer"), reverse("letter_measure", args=[letter.pk, measures[one.measure]])
    if one.field == "legal_basis":
        return _("Choose"), "#basis"
    page = _PAGES.get(one.field)
    return (_("Give"), reverse(page, args=[letter.pk])) if page else ("", "")


def _text_lines(texts: Iterable[MissingField]) -> list[Line]:
    counted: dict[tuple[str, Lack, Severity], list[MissingField]] = {}
    for one in texts:
        counted.setdefault((one.language, one.lack, one.severity), []).append(one)
    lines = []
    for (code, lack, severity), found in counted.items():
        words = ngettext("%(count)d text", "%(count)d texts", len(found)) % {"count": len(found)}
        lines.append(
            {
                "state": "stop" if blocks_approval(severity) else "wait",
                "text": f"{label(code, 'Language')}: {words}, {label(lack)}",
                "action": _("Translate"),
                "url": "#texts",
                "source": provision_of(found[0].reason),
                "sure": sure_of(found[0].reason),
            }
        )
    return lines


def guard_lines(letter: LetterOfRequest, actor: Actor) -> tuple[list[Line], bool]:
    """What a reply waits for before it leaves, and whether it may leave by this officer's hand."""
    execution = actions.execution_of(letter)
    closed = closed_guards(execution, actor.actor_id)
    facts = {
        Guard.CONDITIONS_ACCEPTED: "jurisdictions.JP.mla_refusal.no_assurance_on_conditions",
        Guard.ORIGINAL_RECEIVED: "jurisdictions.UA.channel.electronic_incoming",
    }
    lines = []
    for guard in Guard:
        line: Line = {
            "state": "stop" if guard in closed else "ok",
            "text": label(guard),
            "id": f"guard-{guard}",
        }
        if guard in facts:
            found = fact_at(facts[guard])
            line |= {"source": provision_of(found), "sure": sure_of(found)}
        lines.append(line)
    return lines, not closed
