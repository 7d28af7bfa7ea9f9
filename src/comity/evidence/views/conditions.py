"""What a lawyer says about a condition of use: a use respects it, or its last day is this."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.forms import ConfirmUseForm, LastDayForm
from comity.evidence.models import Item, UseCondition
from comity.evidence.rules import Recipient
from comity.exchange.models import Partner
from comity.ui.labels import label


@login_required
def confirm_use(request: HttpRequest, pk: int, condition: int) -> HttpResponse:
    """Confirm with a reason that a use respects a condition which software cannot judge."""
    actor, item, found = _found(request, pk, condition)
    form = ConfirmUseForm(request.POST or None, targets=_targets(actor))
    if form.is_valid():
        try:
            actions.confirm_use(actor, found, **form.facts())
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The use is confirmed in your name."))
            return redirect("item", pk=pk)
    return _page(request, item, found, form, _("Confirm a use"), _("Confirm the use"))


@login_required
def last_day(request: HttpRequest, pk: int, condition: int) -> HttpResponse:
    """Set the last day on which the item may be used."""
    actor, item, found = _found(request, pk, condition)
    form = LastDayForm(request.POST or None, initial={"last_day": found.last_day})
    if form.is_valid():
        try:
            actions.set_last_day(actor, found, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The last day of use is recorded."))
            return redirect("item", pk=pk)
    return _page(request, item, found, form, _("Last day of use"), _("Record the day"))


def _found(request: HttpRequest, pk: int, condition: int) -> tuple[Officer, Item, UseCondition]:
    actor = officer_of(request)
    item = fetch(Item.objects.visible_to(actor), pk=pk)
    require(actor, Act.ACCEPT_CONDITIONS)
    return actor, item, fetch(UseCondition.objects.filter(item=item), pk=condition)


def _page(
    request: HttpRequest, item: Item, condition: UseCondition, form: Any, title: str, button: str
) -> HttpResponse:
    actions.record_look(officer_of(request), item, part="condition")
    shown = {
        "item": item,
        "condition": condition,
        "forbids": [label(use, "Use") for use in condition.forbids],
        "form": form,
        "title": title,
        "button": button,
        "crumbs": [
            (_("Evidence"), reverse("items")),
            (item.number, reverse("item", args=[item.pk])),
            (title, None),
        ],
        "nav_current": "items",
    }
    status = 422 if form.errors else 200
    return render(request, "evidence/condition.html", shown, status=status)


def case_names(actor: Officer) -> dict[uuid.UUID, str]:
    """What the officer calls the cases of their teams."""
    names: dict[uuid.UUID, str] = {}
    for path in getattr(settings, "COMITY_RECORD_NAMES", ()):
        names |= import_string(path)(actor, "case")
    return names


def _targets(actor: Officer) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a use can be for: the officer's cases, partners, and who gets a package."""
    language = (get_language() or "en").split("-")[0]
    partners = [
        (f"partner:{one.node_id}", str(one.names.get(language) or one.node_id))
        for one in Partner.objects.active()
    ]
    cases = [(f"case:{uid}", name) for uid, name in case_names(actor).items()]
    handed = [(each.value, label(each)) for each in Recipient]
    return [
        (str(_("Use in a case")), cases),
        (str(_("A package for")), handed),
        (str(_("A letter to")), partners),
    ]


def target_words(target: str) -> str:
    """Who a recipient is, in words."""
    kind, _colon, name = target.partition(":")
    if kind == "case":
        return _("another case")
    return name if name else label(kind, "Recipient")
