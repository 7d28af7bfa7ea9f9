"""Pages of the requested side: register, accept, execute, set conditions, release, refuse."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any, BinaryIO

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import Officer, fetch, made_once, officer_of
from comity.assistance import actions
from comity.assistance.forms import desk as forms
from comity.assistance.forms.words import signatory_words
from comity.assistance.forms.writing import PostForm, language
from comity.assistance.models import LetterOfRequest, MeasureReport, Reply, ReplyItem
from comity.assistance.models.facts import facts_of
from comity.assistance.rules import require_report_open
from comity.assistance.views.shared import done, filled, letter_of, sent
from comity.core.access import Compartment
from comity.core.documents.letter import type_names
from comity.core.documents.replies import Outcome
from comity.core.errors import NotVisible
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.vault import arrivals, resumable


@login_required
def register(request: HttpRequest, pk: int) -> HttpResponse:
    """Register a letter and acknowledge it."""
    letter = letter_of(request, pk)
    last = (
        LetterOfRequest.objects.incoming().exclude(registered_at=None).order_by("-registered_at")
    ).first()
    known = last.contact if last else {}
    form = forms.RegisterForm(
        sent(request),
        initial={name: known.get(name) for name in ("email", "telephone", "languages")},
        words={
            **signatory_words(last.signatory if last else {}),
            "handling": last.handling if last else {},
            "contact": known.get("names", {}),
            "contact_position": known.get("position", {}),
        },
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.register_letter(officer_of(request), letter, form.registration()),
        rule=actions.require_registering,
        title=_("Register the letter"),
        button=_("Register and acknowledge"),
        said=_("The letter is registered; the acknowledgement is on its way."),
        text=_("The acknowledgement says nothing about whether the letter can be executed."),
    )


@login_required
def accept(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the letter admissible and say who executes it."""
    letter = letter_of(request, pk)
    form = forms.AcceptForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.accept_letter(officer_of(request), letter, **form.cleaned_data),
        rule=actions.require_accepting,
        title=_("Accept the letter"),
        button=_("Accept and hand over"),
        said=_("The letter is accepted. Those who execute it see it now."),
    )


@login_required
def original(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the paper original arrived."""
    letter = letter_of(request, pk)
    form = PostForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.record_original(
            officer_of(request),
            letter,
            form.cleaned_data["posted_on"],
            form.cleaned_data["reference"],
        ),
        rule=actions.require_original,
        title=_("Record the original"),
        button=_("Record the original"),
        said=_("The original is here."),
    )


@login_required
def report(request: HttpRequest, pk: int, place: int) -> HttpResponse:
    """Say what was done on one measure."""
    letter = letter_of(request, pk)
    measures = facts_of(letter).measures
    if place >= len(measures):
        raise NotVisible("access.not_visible", act="see_measure")
    held = MeasureReport.objects.filter(reply__letter=letter, position=place).first()
    form = forms.ReportForm(
        sent(request),
        initial={"outcome": held.outcome} if held else {},
        words={"report": held.words} if held else {},
    )
    return filled(
        request,
        letter,
        form,
        lambda: actions.execute_letter(
            officer_of(request), letter, reports=[_report(form, place, language())]
        ),
        rule=actions.require_reporting,
        title=type_names(measures[place].type)[language()],
        button=_("Keep the report"),
        said=_("The report is kept."),
    )


def _report(form: forms.ReportForm, place: int, written_in: str) -> actions.Report:
    outcome = Outcome(form.cleaned_data["outcome"])
    return actions.Report(place, outcome, form.words("report"), written_in)


@login_required
def hand_over(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an item of our evidence to the reply."""
    letter = letter_of(request, pk)
    form = forms.HandOverForm(sent(request), items=Item.objects.visible_to(officer_of(request)))
    return filled(
        request,
        letter,
        form,
        lambda: actions.execute_letter(
            officer_of(request),
            letter,
            items=[actions.Handed(form.cleaned_data["item"], form.words("title"))],
            once=form.cleaned_data["once"],
        ),
        rule=actions.require_reporting,
        title=_("Hand over an item"),
        button=_("Add to the reply"),
        said=_("The item is part of the reply. Nothing has left yet."),
    )


@login_required
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Take what was obtained into evidence and add it to the reply."""
    letter = letter_of(request, pk)
    form = forms.UploadForm(sent(request), request.FILES or None)
    return filled(
        request,
        letter,
        form,
        lambda: _take_in(request, letter, form),
        rule=actions.require_reporting,
        title=_("Add what was obtained"),
        button=_("Take in and add"),
        said=_("The file is an item of evidence now, and part of the reply."),
        upload=True,
        pieces=arrivals.pieces(officer_of(request), _named(form)),
    )


def _named(form: forms.UploadForm) -> list[uuid.UUID]:
    """Uploads in pieces that a form names which was sent and which can be read."""
    form.is_valid()
    return getattr(form, "cleaned_data", {}).get("upload") or []


def _take_in(request: HttpRequest, letter: LetterOfRequest, form: forms.UploadForm) -> None:
    officer = officer_of(request)
    actions.require_executing(officer, letter)
    require_report_open(letter.desk_state)
    rows = arrivals.arrived(officer, form.cleaned_data["upload"])
    once = form.cleaned_data["once"]
    made = Item.objects.visible_to(officer).filter(uid=once)
    item, _is_new = made_once(made, lambda: _ingest(officer, letter, form))
    handed = actions.Handed(item, form.words("title"))
    actions.execute_letter(officer, letter, items=[handed], once=once)
    resumable.end_uploads(rows)


def _ingest(officer: Officer, letter: LetterOfRequest, form: forms.UploadForm) -> Item:
    data = form.cleaned_data
    if data["upload"]:
        [row] = arrivals.all_arrived(officer, data["upload"])
        with arrivals.opened(officer, row) as source:
            return _item_of(officer, letter, form, (source, *arrivals.stated(row), row.length))
    file = data["file"]
    said = (file.file, file.name or "", file.content_type or "", file.size)
    return _item_of(officer, letter, form, said)


def _item_of(
    officer: Officer,
    letter: LetterOfRequest,
    form: forms.UploadForm,
    file: tuple[BinaryIO, str, str, int],
) -> Item:
    """file: its bytes, its name and type as stated, how many bytes it has."""
    data = form.cleaned_data
    source, name, declared, size = file
    return evidence.ingest(
        officer,
        source,
        title=form.words("title")[language()][:200],
        kind=data["kind"],
        access=[("letter", letter.uid)],
        origin=Origin.INVESTIGATION,
        acquisition=evidence.Acquisition(
            acquired_by=officer.name,
            acquired_at=timezone.now(),
            place=data["place"],
            method=data["method"],
            legal_authority=data["legal_authority"],
        ),
        compartment=Compartment.DISCLOSABLE,
        original_name=name,
        declared_type=declared,
        expected_size=size,
        once=data["once"],
    )


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int, handed: int) -> HttpResponse:
    """Take an item out of the reply."""
    letter = letter_of(request, pk)
    rows = ReplyItem.objects.filter(reply__letter=letter).select_related("reply__letter", "item")
    found = fetch(rows, pk=handed)
    verb = partial(actions.take_back_item, officer_of(request), found)
    return done(request, letter, verb, _("The item stays here."))


@login_required
def conditions(request: HttpRequest, pk: int) -> HttpResponse:
    """Set conditions on use before anything leaves."""
    letter = letter_of(request, pk)
    form = forms.ConditionsForm(sent(request))
    return filled(
        request,
        letter,
        form,
        lambda: actions.propose_conditions(officer_of(request), letter, form.conditions()),
        rule=actions.require_proposing,
        title=_("Set conditions on use"),
        button=_("Propose the conditions"),
        said=_("The conditions are on their way. Nothing leaves before they are accepted."),
        text=_("The report can no longer change once conditions are proposed."),
    )


@login_required
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign and release the reply."""
    letter = letter_of(request, pk)
    reply = Reply.objects.filter(letter=letter).first()
    form = forms.ReleaseForm(sent(request), words=signatory_words(letter.signatory))
    context: dict[str, Any] = {"items": reply.items.count() if reply else 0}
    return filled(
        request,
        letter,
        form,
        lambda: actions.release_reply(
            officer_of(request),
            letter,
            signatory=form.signatory(),
            return_required=form.cleaned_data["return_required"],
        ),
        rule=actions.require_releasing,
        title=_("Release the reply"),
        button=_("Sign and release"),
        said=_("The reply is sealed and on its way."),
        text=_("Items that leave with it: %(items)s.") % context,
    )


@login_required
def refuse(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse the letter on a ground, and say what would cure it."""
    letter = letter_of(request, pk)
    form = forms.RefuseForm(sent(request), state=letter.requested[:2])
    return filled(
        request,
        letter,
        form,
        lambda: actions.refuse_letter(officer_of(request), letter, form.ground()),
        rule=actions.require_refusing,
        title=_("Refuse the letter"),
        button=_("Refuse it"),
        said=_("The refusal is on its way."),
        text=_("Another basis, a condition or partial execution may be better than a refusal."),
    )
