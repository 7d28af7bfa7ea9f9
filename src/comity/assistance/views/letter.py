"""The page of one letter, for whoever asks and for whoever is asked."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, officer_of
from comity.assistance import actions
from comity.assistance.forms.writing import language, statement_kinds
from comity.assistance.models import LetterDocument, LetterOfRequest, Paragraph, Reply
from comity.assistance.models.facts import facts_of
from comity.assistance.models.letters import words_in
from comity.assistance.rules import (
    CONTENT_OPEN,
    DESK_NEXT,
    REPORT_OPEN,
    TAKE_BACK_OPEN,
    TRANSLATION_OPEN,
    DeskState,
    State,
    TextKind,
)
from comity.assistance.views import sheets
from comity.assistance.views.basis import basis_rows, cited_provisions
from comity.assistance.views.gates import Gates, gates_of, guard_lines
from comity.assistance.views.shared import letter_of, sourced
from comity.core.access import Act
from comity.core.documents.letter import type_names
from comity.core.errors import Refused
from comity.core.law import letter_facts as law
from comity.core.law.letters import label_of, requirement_fields
from comity.core.law.offences import elements_of
from comity.core.law.readings import fact_at
from comity.core.law.records import to_plain
from comity.ui.formats import full_date
from comity.ui.labels import label, tone


@login_required
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One letter of request."""
    found = letter_of(request, pk)
    officer = officer_of(request)
    accounts.record_look(officer, found.subject, part="letter")
    if found.is_outgoing:
        return render(request, "assistance/letter.html", _outgoing(found, officer))
    return render(request, "assistance/desk.html", _incoming(found, officer))


def _common(found: LetterOfRequest, officer: Officer) -> dict[str, Any]:
    course, receipts = sheets.course_of(found, officer)
    documents = [one for one in found.documents.order_by("-made_at", "id") if _current(found, one)]
    side = _("We ask") if found.is_outgoing else _("We are asked")
    return {
        "letter": found,
        "nav_current": "letters",
        "crumbs": [(_("Letters"), reverse("letters")), (side, None), (found.number, None)],
        "title": found.title or _("Letter of request"),
        "title_language": found.source_language,
        "facts": _facts(found),
        "course": course,
        "receipts": receipts,
        "clocks": sheets.clock_lines(found),
        "documents": documents,
        "side_by_side": next((one.pk for one in documents if one.language == "all"), None),
        "conditions": list(found.conditions.all()),
        "condition_source": sourced(fact_at(CONDITIONS_RULE), language()),
        "may_items": officer.may(Act.SEE_ITEMS),
        "stopped": found.state == State.STOPPED,  # on either side
        "late": found.withdrawn_late_at is not None and found.partner_asked_at is None,
        "may_ask": any(officer.may(act) for act in actions.ASKING),
        "may": {act.value: officer.may(act) for act in Act if "letter" in act or act in _OTHERS},
    }


CONDITIONS_RULE = "jurisdictions.JP.mla_refusal.no_assurance_on_conditions"
_OTHERS = {Act.RELEASE_REPLY, Act.ACCEPT_CONDITIONS}


def _current(found: LetterOfRequest, one: LetterDocument) -> bool:
    """Whether a document is of what the letter says now: one given back is printed anew."""
    if one.kind == "reply" and not found.is_outgoing:
        return one.revision == found.revision and found.released_at is not None
    if one.kind != "letter" or not found.is_outgoing:
        return True
    return one.revision == found.revision and found.approved_at is not None


def _facts(found: LetterOfRequest) -> list[tuple[Any, ...]]:
    reader = language()
    rows: list[tuple[Any, ...]] = [
        (_("Requesting"), law.authority(found.requesting).names[reader]),
        (_("Requested"), law.authority(found.requested).names[reader]),
        (_("Shared reference"), found.shared_reference),
    ]
    if found.case is not None:
        rows.append((_("Case"), found.case.number))
    if found.deadline:
        rows.append((_("Needed by"), full_date(found.deadline, reader)))
    return rows


def _state_tag(found: LetterOfRequest) -> tuple[str, str, str]:
    colour, icon = tone(found.state, found.kind)
    return (colour, label(found.state, found.kind), icon)


_PARTS = ("measures", "persons", "papers", "exhibits__item__conditions")


def _outgoing(found: LetterOfRequest, officer: Officer) -> dict[str, Any]:
    texts = Prefetch("texts", Paragraph.objects.prefetch_related("translations"))
    prefetch_related_objects([found], texts, *_PARTS)
    state = found.outgoing_state
    unsent = state in {State.DRAFT, State.REVIEWED, State.APPROVED, State.STOPPED}
    gates = gates_of(found, officer) if unsent and state is not State.STOPPED else None
    rows = sheets.text_rows(found, [one for one in found.texts.all() if not _of_part(one)])
    cells, heads = sheets.parallel_of(rows)
    bases, unknown = basis_rows(found) if state is State.DRAFT else ([], "")
    ready = gates.texts_ready if gates else True
    drafting = state in CONTENT_OPEN and officer.may(Act.DRAFT_LETTER)
    lawyer = officer.may(Act.DRAFT_LETTER) or officer.may(Act.REVIEW_LETTER)
    return {
        **_common(found, officer),
        "tags": _outgoing_tags(found, gates),
        "stages": sheets.outgoing_stages(found, texts_ready=ready),
        "state": state.value,
        "gates": gates,
        "bases": bases,
        "bases_unknown": unknown,
        "provisions": cited_provisions(found),
        **_title(next((one.as_law() for one in found.texts.all() if _is_subject(one)), None)),
        "texts": rows,
        "cells": cells,
        "heads": heads,
        "measures": [_measure(one, found) for one in found.measures.all()],
        "persons": [(one, words_in(one.names)) for one in found.persons.all()],
        "exhibits": [(one, words_in(one.title)) for one in found.exhibits.all()],
        "papers": [(one, words_in(one.title)) for one in found.papers.all()],
        "offences": [_offence(plain) for plain in found.offences],
        "statements": list(statement_kinds(found)),
        "drafting": drafting,
        "translating": state in TRANSLATION_OPEN and lawyer,
        "deciding": state in CONTENT_OPEN and lawyer,
        "confirming": state in CONTENT_OPEN and officer.may(Act.REVIEW_LETTER),
        "mine": _hands(found, officer),
        "gap": _gap(found),
        "links": _links(found),
        "giveable": unsent and (lawyer or officer.may(Act.APPROVE_LETTER)),
        **_received(found),
    }


def _links(found: LetterOfRequest) -> list[dict[str, Any]]:
    """What ties each person to the case, with its translations."""
    names = {one.pk: words_in(one.names) for one in found.persons.all()}
    return [
        sheets.one_row(names[one.person_id], one.as_law(), one)
        for one in found.texts.all()
        if one.person_id is not None
    ]


def _is_subject(one: Paragraph) -> bool:
    return one.kind == TextKind.SUBJECT


def _title(subject: law.Paragraph | None) -> dict[str, str]:
    """The subject in the reader's language where it is ready, for the head of the page."""
    reader = language()
    if subject is None or subject.state(reader) is not law.TextState.GOOD:
        return {}
    return {"title": subject.text(reader), "title_language": reader}


def _of_part(one: Paragraph) -> bool:
    return one.measure_id is not None or one.person_id is not None


def _hands(found: LetterOfRequest, officer: Officer) -> dict[str, bool]:
    """Which steps this officer has taken already and may not take again."""
    return {
        "author": found.author_id == officer.pk,
        "wrote": not actions.is_other_hand(officer, found),
        "author_or_reviewer": officer.pk in (found.author_id, found.reviewer_id),
    }


def _outgoing_tags(found: LetterOfRequest, gates: Gates | None) -> list[tuple[str, str, str]]:
    tags = [_state_tag(found)]
    if gates is not None and gates.ready < gates.total:
        closed = gates.total - gates.ready
        words = ngettext("%(count)d gate closed", "%(count)d gates closed", closed)
        tags.append(("urgent", words % {"count": closed}, "circle-x"))
    elif gates is not None:
        tags.append(("good", _("Complete"), "circle-check"))
    return tags


def _measure(one: Any, found: LetterOfRequest) -> dict[str, Any]:
    reader = language()
    texts = [text for text in found.texts.all() if text.measure_id == one.pk]
    rows = []
    for text in texts:
        name = _("Why") if not text.field else label_of(text.field)[reader]
        row = sheets.one_row(name, text.as_law(), text)
        rows.append(row)
    cells, heads = sheets.parallel_of(rows)
    answered = [(label_of_choice(name), value) for name, value in one.choices.items()]
    return {
        "measure": one,
        "name": type_names(one.type)[reader],
        "rows": rows,
        "cells": cells,
        "heads": heads,
        "choices": answered,
        "fields": len(requirement_fields(one.type)),
    }


def label_of_choice(name: str) -> str:
    """The words of a yes-or-no field; physical items are asked for beside the data's fields."""
    if name == "physical_items":
        return _("Physical items are asked for")
    return label_of(name)[language()]


def _offence(plain: dict[str, Any]) -> dict[str, Any]:
    return {
        "provision": words_in(plain["provision"]["words"]),
        "title": words_in(plain["title"]),
        "penalty": words_in(plain["penalty"]),
        "whole": all(
            plain[part].get(code) for part in ("title", "penalty") for code in ("uk", "ja", "en")
        ),
    }


def _gap(found: LetterOfRequest) -> str:
    """The element that the letter is to fill: an English paraphrase, for orientation only."""
    if found.charge is None or not found.element:
        return ""
    for offence_id in (found.charge.provision, found.charge.offence):
        if not offence_id:
            continue
        try:
            elements = elements_of(offence_id)
        except Refused:
            continue
        for one in elements:
            if one.id == found.element:
                return one.text
    return ""


def _received(found: LetterOfRequest) -> dict[str, Any]:
    """What came back: the report, the items and the ground of a refusal."""
    reply = (
        Reply.objects.filter(letter=found)
        .prefetch_related("reports", "items__item__conditions")
        .first()
    )
    ground = found.refusal
    return {
        "reply": reply,
        "reports": [_report(one) for one in reply.reports.all()] if reply else [],
        "handed": [(one, words_in(one.title)) for one in reply.items.all()] if reply else [],
        "ground": {
            "provision": words_in(ground["provision"]),
            "cure": words_in(ground["cure"]),
        }
        if ground
        else None,
    }


def _report(one: Any) -> dict[str, Any]:
    return {
        "report": one,
        "name": type_names(one.type)[language()],
        "text": words_in(one.words),
    }


def _incoming(found: LetterOfRequest, officer: Officer) -> dict[str, Any]:
    facts = facts_of(found)
    reader = language()
    rows = sheets.received_rows(facts)
    cells, heads = sheets.parallel_of(rows)
    received = _received(found)
    done = {one["report"].position for one in received["reports"]}
    guards, may_leave = guard_lines(found, officer)
    state = found.desk_state
    return {
        **_common(found, officer),
        **received,
        "tags": [_state_tag(found)],
        "stages": sheets.desk_stages(found),
        "state": state.value,
        **_title(facts.subject),
        "received": facts,
        "basis": [names.get(reader) or words_in(dict(names)) for names in facts.basis.names],
        "cited": [
            (words_in(dict(one.words)), one.confirmed_by, one.basis)
            for one in facts.basis.provisions
        ],
        "texts": rows,
        "cells": cells,
        "heads": heads,
        "offences": [_offence(to_plain(one)) for one in facts.offences],
        "people": [
            (one, words_in(dict(one.names)), sheets.cells_of(one.link)) for one in facts.persons
        ],
        "measures": [_asked(place, one, done) for place, one in enumerate(facts.measures)],
        "protection": [law.protection_labels(one)[reader] for one in facts.protection],
        "papers": [(one, words_in(one.title)) for one in found.papers.all()],
        "guards": guards,
        "may_leave": may_leave,
        **_ways(state),
        **_execution(found, officer),
    }


def _execution(found: LetterOfRequest, officer: Officer) -> dict[str, bool]:
    """Whether this officer may change what was done and what is handed over."""
    member = accounts.is_member(officer, kind="letter", record=found.uid)
    mine = member and officer.may(Act.EXECUTE_LETTER)
    return {
        "executing": mine and found.desk_state in REPORT_OPEN,
        "taking_back": mine and found.desk_state in TAKE_BACK_OPEN,
    }


def _ways(state: DeskState) -> dict[str, bool]:
    """Which ways the state leaves open."""
    following = DESK_NEXT[state]
    return {
        "refusable": DeskState.REFUSED in following,
        "releasable": DeskState.RELEASED in following or state is DeskState.CONDITIONS_PROPOSED,
        "unreleased": state not in {DeskState.RELEASED, DeskState.REFUSED, DeskState.CLOSED},
    }


def _asked(place: int, one: law.Measure, done: set[int]) -> dict[str, Any]:
    reader = language()
    known = [str(row["field"]) for row in requirement_fields(one.type)]
    rows = [sheets.one_row(_("Why"), one.purpose, None)]
    for field, answer in one.answers.items():
        name = label_of(field)[reader] if field in known else field
        rows.append(sheets.one_row(name, answer, None))
    cells, heads = sheets.parallel_of(rows)
    return {
        "place": place,
        "name": type_names(one.type)[reader],
        "rows": rows,
        "cells": cells,
        "heads": heads,
        "choices": [
            (label_of_choice(name), value)
            for name, value in one.choices.items()
            if name in known or name == "physical_items"
        ],
        "reported": place in done,
    }
