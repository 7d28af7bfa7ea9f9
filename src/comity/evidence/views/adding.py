"""Taking items in from the page: one file, or several under one acquisition."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from comity.accounts.models import Membership, Officer, made_once, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.forms import AddItemForm
from comity.evidence.forms_custody import FactsForm
from comity.evidence.models import TEAM_KINDS, Item
from comity.evidence.rules import TITLE_AT_MOST, Fact
from comity.ui.labels import label
from comity.vault import arrivals, resumable
from comity.vault.models import Upload
from comity.vault.uploads import was_stopped

JSON = "application/json"
AGAIN = 5  # a sending that came several times at once


@login_required
def add(request: HttpRequest) -> HttpResponse:
    """Take a file into evidence; it has arrived before the form is looked at.

    A script that sent several files in pieces asks for JSON and is told what became of each.
    """
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    form = AddItemForm(
        request.POST or None,
        request.FILES if request.POST else None,
        holders=_holders(actor),
        compartments=actor.compartments,
        initial={"holder": request.GET.get("team", "")},
    )
    more = FactsForm(request.POST or None, prefix="more")
    if was_stopped(request):
        form.add_error(None, label("vault.disk_full"))
    elif _are_valid(form, more):
        form.cleaned_data["facts"] = more.facts()
        if request.headers.get("Accept") == JSON:
            return _each(actor, form.cleaned_data)
        if form.cleaned_data["upload"]:  # the entries of upload and item name the same uid
            form.cleaned_data["once"] = form.cleaned_data["upload"][0]
        once = Item.objects.visible_to(actor).filter(uid=form.cleaned_data["once"])
        try:
            made, is_new = made_once(once, lambda: _take_in(actor, form.cleaned_data))
        except (Refused, Untrusted) as refusal:
            form.add_error(None, label(refusal))
        else:
            resumable.end_uploads(arrivals.arrived(actor, form.cleaned_data["upload"]))
            if is_new:
                messages.success(request, _("The item is in the vault. Its custody has begun."))
            return redirect("item", pk=made.pk)
    if form.errors and request.headers.get("Accept") == JSON:
        return JsonResponse({"errors": form.errors.get_json_data() | _prefixed(more)}, status=422)
    return _page(request, actor, form, more)


def _are_valid(form: AddItemForm, more: FactsForm) -> bool:
    """Whether both parts of the form can stand; a digest is of one file."""
    both = form.is_valid() and more.is_valid()
    if form.is_bound and not more.is_valid():
        form.add_error(None, _("Something under “More about its custody” is not complete."))
    if both and len(form.cleaned_data["upload"]) > 1 and more.facts().get(Fact.STATED_DIGEST):
        form.add_error(None, label("evidence.one_digest"))
        return False
    return both


def _prefixed(more: FactsForm) -> dict[str, Any]:
    return {more.add_prefix(name): said for name, said in more.errors.get_json_data().items()}


def _page(request: HttpRequest, actor: Officer, form: AddItemForm, more: FactsForm) -> HttpResponse:
    named = getattr(form, "cleaned_data", {}).get("upload") or ()
    shown = {
        "form": form,
        "more": more,
        "pieces": arrivals.pieces(actor, named),
        "crumbs": [(_("Evidence"), reverse("items")), (_("Add an item"), None)],
        "nav_current": "items",
    }
    return render(request, "evidence/add.html", shown, status=422 if form.errors else 200)


def _take_in(actor: Officer, fields: dict[str, Any]) -> Item:
    if fields["upload"]:
        [upload] = arrivals.all_arrived(actor, fields["upload"][:1])
        source: BinaryIO = arrivals.opened(actor, upload)
        name, declared, size = *arrivals.stated(upload), upload.length
    else:
        sent = fields["file"]
        source, name = sent.file, sent.name or ""
        declared, size = sent.content_type or "", sent.size
    with source:
        return actions.ingest(
            actor,
            source,
            title=fields["title"],
            kind=fields["kind"],
            access=[fields["holder"]],
            origin=fields["origin"],
            acquisition=_acquisition(fields),
            original_name=name,
            declared_type=declared,
            compartment=fields["compartment"],
            expected_size=size,
            once=fields["once"],
        )


def _acquisition(fields: dict[str, Any]) -> actions.Acquisition:
    return actions.Acquisition(
        acquired_by=fields["acquired_by"],
        acquired_at=fields["acquired_at"],
        place=fields["place"],
        device=fields["device"],
        method=fields["method"],
        legal_authority=fields["legal_authority"],
        facts=fields["facts"],
    )


def _each(actor: Officer, fields: dict[str, Any]) -> HttpResponse:
    """Take in each file that has arrived, and say what became of it, by the upload's uid.

    An item has the uid of its upload, so sending the form again doubles nothing.
    """
    for _time in range(AGAIN):
        try:
            return _each_once(actor, fields)
        except IntegrityError:  # the same sending came twice at once: what the other made is there
            continue
    return _each_once(actor, fields)


def _each_once(actor: Officer, fields: dict[str, Any]) -> HttpResponse:
    there = actions.taken_already(actor, fields["upload"])
    arrived = [row for row in arrivals.arrived(actor, fields["upload"]) if row.uid not in there]
    told: dict[str, dict[str, str]] = {str(uid): _told(item) for uid, item in there.items()}
    shared = actions.Shared(
        kind=fields["kind"],
        access=[fields["holder"]],
        origin=fields["origin"],
        acquisition=_acquisition(fields),
        compartment=fields["compartment"],
    )
    numbers = {uid: at for at, uid in enumerate(fields["upload"], fields["first"] or 1)}
    incoming = [
        actions.Incoming(
            opened=_opening(actor, row),
            title=_title(fields, numbers[row.uid]),
            original_name=arrivals.stated(row)[0],
            once=row.uid,
        )
        for row in arrived
    ]
    try:
        results = list(actions.ingest_many(actor, incoming, shared))
    except (Refused, Untrusted) as refusal:
        return JsonResponse({"errors": {"__all__": [{"message": str(label(refusal))}]}}, status=422)
    told |= {str(row.uid): _told(result) for row, result in zip(arrived, results, strict=True)}
    done = {row.uid for row, one in zip(arrived, results, strict=True) if isinstance(one, Item)}
    resumable.end_uploads(
        [row for row in arrivals.arrived(actor, fields["upload"]) if row.uid in done | set(there)]
    )
    gone = {"error": str(label("vault.upload_gone"))}
    return JsonResponse({"files": {str(uid): told.get(str(uid), gone) for uid in fields["upload"]}})


def _opening(actor: Officer, upload: Upload) -> Callable[[], BinaryIO]:
    return partial(arrivals.opened, actor, upload)


def _title(fields: dict[str, Any], number: int) -> str:
    count = fields["count"] or len(fields["upload"])
    numbered = f" · {number}/{count}" if count > 1 else ""
    return str(fields["title"])[: TITLE_AT_MOST - len(numbered)] + numbered


def _told(result: Item | Refused | OSError) -> dict[str, str]:
    if isinstance(result, Item):
        return {"number": result.number, "url": reverse("item", args=[result.pk])}
    refused = result if isinstance(result, Refused) else Refused("vault.upload_gap")
    return {"error": str(label(refused))}


def _holders(actor: Officer) -> list[tuple[str, str]]:
    """The records whose teams the officer belongs to, in the words of the apps that hold them.

    COMITY_RECORD_NAMES: dotted paths of `f(actor, kind) -> {uid: words}`. A record that none of
    them names is shown by kind and the first digits of its uid.
    """
    held = (
        Membership.objects.live(timezone.now())
        .filter(officer=actor, kind__in=[kind for kind in TEAM_KINDS if kind != "person"])
        .order_by("-granted_at")
        .values_list("kind", "record")
    )
    names: dict[Any, str] = {}
    for path in getattr(settings, "COMITY_RECORD_NAMES", ()):
        for kind in TEAM_KINDS:
            names |= import_string(path)(actor, kind)
    return [
        (f"{kind}:{record}", names.get(record) or f"{label(kind, 'Team')} {str(record)[:8]}")
        for kind, record in dict.fromkeys(held)
    ]
