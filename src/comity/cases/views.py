"""Cases and incidents: what happened, what speaks about it, what it may be, and what is missing."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from comity.accounts import actions as accounts
from comity.accounts.models import fetch, made_once, officer_of
from comity.cases import actions, law
from comity.cases.forms import (
    AddItemsForm,
    AssessForm,
    CaseForm,
    ChargeForm,
    IncidentForm,
    OffenceForm,
    PersonReferenceForm,
)
from comity.cases.matrix import Matrix
from comity.cases.models import Case, Charge, ElementAssessment, Exhibit, Incident
from comity.cases.rules import Certainty, ChargeState, ElementState, PersonRole
from comity.core.access import Act, Actor, require
from comity.core.errors import Refused
from comity.core.law import offences
from comity.evidence.models import Item
from comity.ui.labels import label, tone
from comity.ui.templatetags.comity import when

PER_PAGE = 25
MOST_OFFERED = 100


def _offered(case: Case, actor: Actor) -> QuerySet[Item]:
    """The items that the case's team holds and the officer may see."""
    rows = Item.objects.visible_to(actor).filter(access__kind="case", access__record=case.uid)
    return rows.prefetch_related("conditions")


@login_required
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """The officer's cases."""
    actor = officer_of(request)
    require(actor, Act.SEE_CASES)
    rows = Case.objects.visible_to(actor).listed()
    accounts.record_look(actor, actor.subject, part="list.cases")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "cases/cases.html",
        {"page_obj": page, "may_open": actor.may(Act.OPEN_CASE)},
    )


@login_required
def case_new(request: HttpRequest) -> HttpResponse:
    """Open a case with its team."""
    actor = officer_of(request)
    require(actor, Act.OPEN_CASE)
    form = CaseForm(request.POST or None, maker=actor)
    if form.is_valid():
        once = Case.objects.visible_to(actor).filter(uid=form.cleaned_data["once"])
        try:
            made, is_new = made_once(once, lambda: actions.open_case(actor, **form.cleaned_data))
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            if is_new:
                messages.success(request, _("The case is open. Only its team sees it."))
            return redirect("case", pk=made.pk)
    return _form(request, form, _("Open a case"), _("Open the case"), [(_("Cases"), "cases", None)])


def _form(
    request: HttpRequest,
    form: Form,
    title: str,
    button: str,
    crumbs: list[tuple[str, str, int | None]],
    **more: Any,
) -> HttpResponse:
    """Show one form on a page of its own. crumbs: (text, URL name, number or None)."""
    trail = [(text, reverse(name, args=[pk] if pk else [])) for text, name, pk in crumbs]
    shown = {
        "form": form,
        "title": title,
        "button": button,
        "crumbs": [*trail, (title, None)],
        "text": "",
        "step": "",
        "nav_current": "cases",
    }
    return render(request, "cases/form.html", shown | more)


@login_required
@require_GET
def case(request: HttpRequest, pk: int) -> HttpResponse:
    """One case: its incidents and exhibits."""
    actor = officer_of(request)
    found = fetch(Case.objects.visible_to(actor).select_related("opened_by"), pk=pk)
    accounts.record_look(actor, found.subject, part="case")
    visible = Item.objects.visible_to(actor)
    exhibits = (
        Exhibit.objects.filter(case=found, item__in=visible)
        .select_related("item")
        .prefetch_related("item__conditions")
    )
    unfiled = _offered(found, actor).exclude(exhibits__case=found)[:MOST_OFFERED]
    return render(
        request,
        "cases/case.html",
        {
            "case": found,
            "crumbs": [(_("Cases"), reverse("cases")), (found.number, None)],
            "facts": [
                (_("Stage"), label(found.stage, "Stage")),
                (_("Opened"), when(found.opened_at, "date")),
                (_("Opened by"), found.opened_by.name),
            ],
            "incidents": found.incidents.prefetch_related("charges"),
            "exhibits": exhibits,
            "unfiled": unfiled if actor.may(Act.ADD_ITEM) else [],
            "may_record": actor.may(Act.RECORD_INCIDENT),
            "nav_current": "cases",
        },
    )


@login_required
@require_POST
def file_exhibit(request: HttpRequest, pk: int) -> HttpResponse:
    """Give an item of the case the next exhibit number."""
    actor = officer_of(request)
    found = fetch(Case.objects.visible_to(actor), pk=pk)
    item = fetch(Item.objects.visible_to(actor), pk=_number(request.POST.get("item")))
    try:
        exhibit = actions.file_exhibit(actor, found, item)
    except Refused as refusal:
        messages.error(request, label(refusal))
    else:
        messages.success(
            request, _("It is exhibit %(number)s of the case.") % {"number": exhibit.number}
        )
    return redirect("case", pk=pk)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else 0


@login_required
def incident_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what happened."""
    actor = officer_of(request)
    found = fetch(Case.objects.visible_to(actor), pk=pk)
    require(actor, Act.RECORD_INCIDENT)
    form = IncidentForm(request.POST or None)
    if form.is_valid():
        once = found.incidents.filter(uid=form.cleaned_data["once"])
        try:
            made, is_new = made_once(
                once, lambda: actions.record_incident(actor, found, **form.facts())
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            if is_new:
                messages.success(request, _("The incident is recorded. Now tie the items to it."))
            return redirect("incident", pk=made.pk)
    crumbs = [(_("Cases"), "cases", None), (found.number, "case", found.pk)]
    accounts.record_look(actor, found.subject, part="case")
    return _form(request, form, _("Record an incident"), _("Record the incident"), crumbs)


@login_required
@require_GET
def incident(request: HttpRequest, pk: int) -> HttpResponse:
    """One incident: the facts, the items, the people by code, the matrices and the gaps."""
    actor = officer_of(request)
    rows = Incident.objects.visible_to(actor).select_related("case", "recorded_by")
    found = fetch(rows, pk=pk)
    accounts.record_look(actor, found.subject, part="incident")
    visible = Item.objects.visible_to(actor)
    links = found.item_links.filter(item__in=visible).select_related("item", "added_by")
    links = links.prefetch_related("item__conditions").order_by("-added_at")
    shown = {link.item_id for link in links}
    matrices = [Matrix(charge, shown) for charge in _charges(found)]
    return render(
        request,
        "cases/incident.html",
        {
            "incident": found,
            "crumbs": [
                (_("Cases"), reverse("cases")),
                (found.case.number, reverse("case", args=[found.case_id])),
                (found.number, None),
            ],
            "tags": _tags(matrices),
            "facts": [
                (_("When"), _occurred(found)),
                (_("Where"), found.place),
                (_("Recorded by"), found.recorded_by.name),
            ],
            "links": links,
            "people": found.people.order_by("role", "code"),
            "matrices": matrices,
            "open_matrices": [one for one in matrices if one.charge.state != ChargeState.REJECTED],
            "may": {
                "record": actor.may(Act.RECORD_INCIDENT),
                "qualify": actor.may(Act.QUALIFY_INCIDENT),
                "assess": actor.may(Act.ASSESS_ELEMENT),
                "draft": actor.may(Act.DRAFT_LETTER),
            },
            "nav_current": "cases",
        },
    )


def _tags(matrices: list[Matrix]) -> list[tuple[str, str, str]]:
    """Status words of the incident: how many qualifications there are in each state."""
    states = [ChargeState(one.charge.state) for one in matrices]
    return [
        (tone(state)[0], f"{label(state)}: {states.count(state)}", tone(state)[1])
        for state in ChargeState
        if state in states
    ]


def _occurred(found: Incident) -> SafeString | str:
    """Say when it happened: a day, a moment, or from when to when."""
    began = timezone.localtime(found.occurred_from)
    if found.occurred_to is None:
        return when(began, "date" if not (began.hour or began.minute) else "full")
    ended = timezone.localtime(found.occurred_to)
    same_day = began.date() == ended.date()
    return format_html(
        _("{began} to {ended}"),
        began=when(began),
        ended=when(ended, "time" if same_day else "full"),
    )


def _charges(found: Incident) -> QuerySet[Charge]:
    findings = ElementAssessment.objects.select_related("by").prefetch_related("items__conditions")
    return found.charges.select_related("proposed_by", "decided_by").prefetch_related(
        Prefetch("assessments", queryset=findings)
    )


@login_required
def incident_items(request: HttpRequest, pk: int) -> HttpResponse:
    """Tie items to an incident."""
    actor = officer_of(request)
    found = fetch(Incident.objects.visible_to(actor).select_related("case"), pk=pk)
    require(actor, Act.RECORD_INCIDENT)
    offered = _offered(found.case, actor).exclude(incident_links__incident=found)
    newest = offered.filter(pk__in=list(offered.values_list("pk", flat=True)[:MOST_OFFERED]))
    form = AddItemsForm(
        request.POST or None, offered=newest, visible=Item.objects.visible_to(actor)
    )
    if form.is_valid():
        try:
            actions.add_items_to_incident(actor, found, **form.chosen())
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The items are tied to the incident."))
            return redirect("incident", pk=pk)
    accounts.record_look(actor, found.subject, part="incident")
    return _form(request, form, _("Tie items"), _("Tie to the incident"), _crumbs(found))


def _crumbs(found: Incident) -> list[tuple[str, str, int | None]]:
    return [
        (_("Cases"), "cases", None),
        (found.case.number, "case", found.case_id),
        (found.number, "incident", found.pk),
    ]


@login_required
def incident_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Say how a person stands to an incident, by code."""
    actor = officer_of(request)
    found = fetch(Incident.objects.visible_to(actor).select_related("case"), pk=pk)
    require(actor, Act.RECORD_INCIDENT)
    form = PersonReferenceForm(request.POST or None)
    if form.is_valid():
        fields = form.cleaned_data
        person = actions.PersonReference(
            fields["code"], PersonRole(fields["role"]), Certainty(fields["certainty"])
        )
        actions.refer_to_person(actor, found, person)
        return redirect("incident", pk=pk)
    accounts.record_look(actor, found.subject, part="incident")
    return _form(request, form, _("Who was involved"), _("Add the person"), _crumbs(found))


@login_required
def charge_new(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose what an incident is: first the offence, then what guides it."""
    actor = officer_of(request)
    found = fetch(Incident.objects.visible_to(actor).select_related("case"), pk=pk)
    require(actor, Act.QUALIFY_INCIDENT)
    offence = request.POST.get("offence") or request.GET.get("offence", "")
    if request.method == "GET":
        accounts.record_look(actor, found.subject, part="incident")
    if offence not in {one.id for one in offences.offences()}:
        form: Form = OffenceForm()
        shown = {"method": "get", "step": _("Step 1 of 2")}
        return _form(request, form, _("Qualify"), _("Continue"), _crumbs(found), **shown)
    form = ChargeForm(request.POST or None, offence=offence)
    if form.is_valid():
        try:
            actions.propose_charge(actor, found, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("It is proposed. Another officer decides."))
            return redirect("incident", pk=pk)
    shown = {"text": law.offence_title(offence), "step": _("Step 2 of 2")}
    return _form(request, form, _("Qualify"), _("Propose"), _crumbs(found), **shown)


@login_required
@require_POST
def charge_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm or reject what another officer proposed."""
    actor = officer_of(request)
    found = fetch(Charge.objects.visible_to(actor), pk=pk)
    require(actor, Act.QUALIFY_INCIDENT)
    decision = request.POST.get("decision")
    try:
        if decision not in {"confirm", "reject"}:
            raise Refused("cases.no_decision")
        actions.decide_charge(actor, found, confirmed=decision == "confirm")
    except Refused as refusal:
        messages.error(request, label(refusal))
    else:
        messages.success(request, _("Your decision is recorded."))
    return redirect("incident", pk=found.incident_id)


@login_required
def element(request: HttpRequest, pk: int, element: str) -> HttpResponse:
    """Say what the items tell about one element of a charge."""
    actor = officer_of(request)
    rows = Charge.objects.visible_to(actor).select_related("incident__case")
    found = fetch(rows.prefetch_related("assessments__by", "assessments__items"), pk=pk)
    require(actor, Act.ASSESS_ELEMENT)
    tied = Item.objects.visible_to(actor).filter(incident_links__incident=found.incident)
    tied = tied.prefetch_related("conditions")
    form = AssessForm(request.POST or None, tied=tied)
    if form.is_valid():
        try:
            actions.assess_element(
                actor,
                found,
                element=element,
                state=ElementState(form.cleaned_data["state"]),
                items=list(form.cleaned_data["items"]),
                note=form.cleaned_data["note"],
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The finding is recorded."))
            return redirect("incident", pk=found.incident_id)
    return _element_page(request, found, element, form)


def _element_page(request: HttpRequest, found: Charge, element: str, form: Form) -> HttpResponse:
    line = next((line for line in Matrix(found, ()).lines if line.row.element.id == element), None)
    if line is None:
        messages.error(request, label("cases.unknown_element"))
        return redirect("incident", pk=found.incident_id)
    earlier = [one for one in found.assessments.all() if one.element == element]
    accounts.record_look(officer_of(request), found.subject, part="charge")
    return _form(
        request,
        form,
        _("What proves it"),
        _("Record the finding"),
        _crumbs(found.incident),
        line=line,
        earlier=earlier[::-1],
    )
