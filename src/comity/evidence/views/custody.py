"""The custody of an item: all of it on one page, what happened outside the vault, and on paper."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.forms_custody import HandlingForm, ReportForm
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.report import fields_of
from comity.evidence.rules import CustodyEvent, DigestMatch, Fact
from comity.evidence.views.conditions import case_names
from comity.evidence.views.items import names_in, who_acted
from comity.ui.labels import label

PER_PAGE = 100


@login_required
@require_GET
def custody(request: HttpRequest, pk: int) -> HttpResponse:
    """Every event of an item's custody with every field, page by page, the newest first."""
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor), pk=pk)
    actions.record_look(actor, found, part="custody")
    all_rows = found.custody.select_related("entry__committed").order_by("-id")
    page = Paginator(all_rows, PER_PAGE).get_page(request.GET.get("page"))
    rows = list(page.object_list)
    checked = actions.check_custody(actor, found)
    names = names_in(rows) | _cases(actor)
    return render(
        request,
        "evidence/custody.html",
        {
            "item": found,
            "crumbs": _crumbs(found, _("Custody")),
            "page_obj": page,
            "events": [_event(found, row, names, checked) for row in rows],
            "checked": checked,
            "form": ReportForm(),
            "may_add": actor.may(Act.ADD_ITEM),
            "nav_current": "items",
        },
    )


def _event(
    found: Item, row: CustodyRecord, names: dict[str, str], checked: actions.CustodyCheck
) -> dict[str, Any]:
    index = row.entry.index if row.entry is not None else None
    fields = [(name, names.get(text, text)) for name, text in fields_of(row, names)]
    is_bad = (
        row.event == CustodyEvent.ANOMALY
        or row.facts.get(Fact.DIGEST_MATCH) == DigestMatch.OTHER
        or row.facts.get(Fact.SEAL_INTACT) == "no"
    )
    stated = [pair for pair in fields if pair[0] not in _own_names()]
    return {
        "at": row.at,
        "text": label(CustodyEvent(row.event)),
        "who": who_acted(row, names),
        "fields": stated,
        "more": [pair for pair in fields if pair not in stated],
        "is_bad": is_bad,
        "holds": row.pk not in checked.altered,
        "url": "" if index is None else reverse("item_entry", args=[found.pk, index]),
    }


def _own_names() -> set[str]:
    """Names of what the node states by itself of every event."""
    own = (
        Fact.RECORDED_AT, Fact.CLOCK, Fact.CLOCK_ERROR, Fact.SOFTWARE, Fact.ORGANISATION,
        Fact.AUTHENTICATION, Fact.SESSION,
    )  # fmt: skip
    columns = ("digest_before", "digest_after")
    return {label(fact) for fact in own} | {label(name, "Column") for name in columns}


def _cases(actor: Officer) -> dict[str, str]:
    """What the officer calls the cases that they see, by uid."""
    return {str(uid): name for uid, name in case_names(actor).items()}


def _crumbs(found: Item, here: str) -> list[tuple[str, str | None]]:
    return [
        (_("Evidence"), reverse("items")),
        (found.number, reverse("item", args=[found.pk])),
        (here, None),
    ]


@login_required
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """Record what happened to the item outside the vault."""
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    found = fetch(Item.objects.visible_to(actor), pk=pk)
    form = HandlingForm(request.POST or None)
    if form.is_valid():
        stated = form.cleaned_data
        happened = actions.Happened(
            event=CustodyEvent(stated["event"]),
            at=stated["at"],
            counterparty=stated["counterparty"],
            place=stated["place"],
            purpose=stated["purpose"],
            legal_authority=stated["legal_authority"],
            note=stated["note"],
            facts=form.facts(),
        )
        try:
            actions.record_handling(actor, found, happened)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("It stands in the custody and in the ledger."))
            return redirect("item_custody", pk=pk)
    actions.record_look(actor, found, part="custody")
    shown = {
        "item": found,
        "form": form,
        "crumbs": _crumbs(found, _("Record an event")),
        "nav_current": "items",
    }
    return render(request, "evidence/event.html", shown, status=422 if form.errors else 200)


@login_required
@require_POST
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the custody on paper, sealed; the bytes are compared before."""
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor), pk=pk)
    form = ReportForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a language."))
        return redirect("item_custody", pk=pk)
    try:
        sealed = actions.report_custody(
            actor,
            found,
            language=form.cleaned_data["language"],
            with_words=not form.cleaned_data["without_words"],
            names=_cases(actor),
        )
    except (Refused, Untrusted) as failure:
        messages.error(request, label(failure))
        return redirect("item_custody", pk=pk)
    name = f"custody-{found.number}-{form.cleaned_data['language']}.pdf"
    return HttpResponse(
        sealed,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
