"""Opening an item: the reason first, then its bytes, shown or saved."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from comity.accounts.models import fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import NotVisible, Refused, Untrusted
from comity.evidence import actions, media, serving
from comity.evidence.forms import OpenForm
from comity.evidence.models import Item
from comity.ui.labels import label


@login_required
def open_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask why; record it; then show the item. Its bytes are saved by a button of their own only."""
    actor = officer_of(request)
    require(actor, Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    exposure = actions.exposure_of(actor) if found.distressing else None
    form = OpenForm(request.POST or None, is_reached=bool(exposure and exposure.is_reached))
    if form.is_valid():
        try:
            actions.open_item(actor, found, **form.cleaned_data).close()
        except Refused as refusal:
            messages.error(request, label(refusal))
            return redirect("item", pk=pk)
        except Untrusted as doubt:
            messages.error(request, _damaged(found, doubt))
            return redirect("item", pk=pk)
        serving.remember_opening(request, found)
        return redirect(reverse("item", args=[pk]) + "#content")
    actions.record_look(actor, found, part="item")
    crumbs = [
        (_("Evidence"), reverse("items")),
        (found.number, reverse("item", args=[pk])),
        (_("Open"), None),
    ]
    return render(
        request,
        "evidence/open.html",
        {
            "item": found,
            "form": form,
            "exposure": exposure,
            "crumbs": crumbs,
            "nav_current": "items",
        },
    )


def _damaged(item: Item, doubt: Untrusted) -> str:
    return _("%(number)s cannot be opened. %(why)s This is recorded; tell the administrator.") % {
        "number": item.number,
        "why": label(doubt),
    }


@login_required
@require_safe
def save(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The item's bytes as a file with a neutral name."""
    return _bytes(request, pk, shown=False)


@login_required
@require_safe
def show(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The item's bytes for the page that shows them; nothing that a browser would save instead."""
    found = fetch(Item.objects.visible_to(officer_of(request)), pk=pk)
    if not media.shown_as(found.media_type_sniffed):
        raise NotVisible("item is not shown in a page")
    return _bytes(request, pk, shown=True)


def _bytes(request: HttpRequest, pk: int, *, shown: bool) -> HttpResponseBase:
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    if not serving.is_open(request, found):
        return redirect("item_open", pk=pk)
    try:
        reader = actions.read_opened(actor, found)
    except Refused as refusal:
        messages.error(request, label(refusal))
        return redirect("item", pk=pk)
    except Untrusted as doubt:
        messages.error(request, _damaged(found, doubt))
        return redirect("item", pk=pk)
    # A save that goes on after a break asks for the rest: that is one save of one opening.
    goes_on = "Range" in request.headers and serving.was_saved(request, found)
    if not shown and request.method == "GET" and not goes_on:
        actions.record_look(actor, found, part="saved")
        serving.remember_saving(request, found)
    return serving.send(request, found, reader, shown=shown)


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Hide the item again; the next look needs a reason of its own."""
    found = fetch(Item.objects.visible_to(officer_of(request)), pk=pk)
    serving.forget_opening(request, found)
    return redirect("item", pk=pk)


@login_required
@require_POST
def verify(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the stored bytes with the digest of the day the item was taken in."""
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    try:
        actions.verify_item(actor, found)
    except Refused as refusal:
        messages.error(request, label(refusal))
    except Untrusted as doubt:
        messages.error(request, _damaged(found, doubt))
    else:
        messages.success(request, _("The bytes are those that were taken in, unchanged."))
    return redirect("item", pk=pk)
