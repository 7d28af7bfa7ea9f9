"""What leaves in hand: the court package, and the proofs of single entries."""

from __future__ import annotations

import uuid
from functools import partial
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.forms import PackageForm
from comity.evidence.models import Item
from comity.evidence.rules import Recipient
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.ui.labels import label

MOST_OFFERED = 200
PACKAGE = "application/vnd.etsi.asic-e+zip"


@login_required
def package(request: HttpRequest) -> HttpResponseBase:
    """Choose items and state why; the answer is the sealed package."""
    actor = officer_of(request)
    require(actor, Act.EXPORT_PACKAGE)
    visible = Item.objects.visible_to(actor).filter(erased_at=None)
    chosen = request.GET.getlist("item") + request.POST.getlist("items")
    sound = [each for each in chosen if each.isascii() and each.isdigit() and len(each) < 19]
    numbers = [int(each) for each in sound[:MOST_OFFERED]]
    newest = visible.values_list("pk", flat=True)[:MOST_OFFERED]
    offered = visible.filter(pk__in=[*numbers, *newest]).prefetch_related("conditions")
    form = PackageForm(
        request.POST or None,
        offered=offered,
        of_case=partial(actions.items_of_proceeding, actor),
        initial={"items": numbers, "case_ref": request.GET.get("case", "")},
    )
    if form.is_valid():
        try:
            return _hand_over(_exported(actor, form.cleaned_data))
        except (Refused, Untrusted) as refusal:
            form.add_error(None, label(refusal))
    actions.record_list(actor, part="list.items")
    crumbs = [(_("Evidence"), reverse("items")), (_("Export a package"), None)]
    shown = {"form": form, "crumbs": crumbs, "nav_current": "items"}
    shown["offered"] = MOST_OFFERED if visible.count() > MOST_OFFERED else 0
    return render(request, "evidence/package.html", shown, status=422 if form.errors else 200)


def _exported(actor: Officer, fields: dict[str, Any]) -> Path:
    return actions.export_package(
        actor,
        fields["chosen"],
        purpose=fields["purpose"],
        legal_basis=fields["legal_basis"],
        case_ref=fields["case_ref"],
        to=actions.Handover(
            recipient=Recipient(fields["recipient"]),
            name=fields["name"],
            order=fields["order"],
            appearance=fields["appearance"],
            keys=fields["keys"],
        ),
        language=fields["language"],
        message_ids=_messages(actor, fields) if fields["with_messages"] else (),
    )


def _messages(actor: Officer, fields: dict[str, Any]) -> list[uuid.UUID]:
    return actions.messages_about(actor, fields["chosen"])


def _hand_over(path: Path) -> FileResponse:
    """Send the package; its name in the spool is gone before the first byte leaves."""
    file = path.open("rb")
    path.unlink()
    is_clear = path.suffix == ".asice"
    name = f"package-{timezone.localdate():%Y-%m-%d}-{path.stem[:8]}{''.join(path.suffixes)}"
    response = FileResponse(
        file,
        as_attachment=True,
        filename=name,
        content_type=PACKAGE if is_clear else "application/octet-stream",
    )
    response["Cache-Control"] = "private, no-store"
    return response


def _entry(request: HttpRequest, pk: int, index: int) -> tuple[Item, Entry]:
    """An entry about an item, after keeping who looks at it."""
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor), pk=pk)
    rows = Entry.objects.filter(subject=found.subject).select_related("committed")
    row = fetch(rows, index=index)
    actions.record_look(actor, found, part="entry")
    return found, row


@login_required
@require_GET
def entry(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """One ledger entry of an item's custody, and what is needed to check it elsewhere."""
    found, row = _entry(request, pk, index)
    crumbs = [
        (_("Evidence"), reverse("items")),
        (found.number, reverse("item", args=[pk])),
        (_("Entry %(number)s") % {"number": index}, None),
    ]
    kept = getattr(row, "committed", None)
    return render(
        request,
        "evidence/entry.html",
        {
            "item": found,
            "entry": row,
            "details": sorted(kept.as_mapping().items()) if kept else [],
            "leaf_hex": bytes(row.leaf_hash or b"").hex(),
            "crumbs": crumbs,
            "nav_current": "items",
        },
    )


@login_required
@require_GET
def proof(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """The entry's `.tlog-proof`."""
    _item, row = _entry(request, pk, index)
    try:
        data = ledger.prove(row)
    except Refused:
        return redirect("item_entry", pk=pk, index=index)
    return _file(data, f"entry-{index}.tlog-proof", "text/plain; charset=utf-8")


@login_required
@require_GET
def body(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """The entry's bytes: the input of the leaf hash."""
    _item, row = _entry(request, pk, index)
    return _file(bytes(row.body), f"entry-{index}.json", "application/json")


@login_required
@require_GET
def details(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    """Salt and details, one after the other: their SHA-256 is the entry's commitment."""
    _item, row = _entry(request, pk, index)
    kept = getattr(row, "committed", None)
    if kept is None:
        return redirect("item_entry", pk=pk, index=index)
    data = bytes(kept.salt) + bytes(kept.details)
    return _file(data, f"entry-{index}-commitment.bin", "application/octet-stream")


def _file(data: bytes, name: str, media_type: str) -> HttpResponse:
    return HttpResponse(
        data,
        content_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
