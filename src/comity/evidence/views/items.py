"""The list of items, one item with its custody, and taking an item in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from comity.accounts.models import (
    Membership,
    Officer,
    actor_names,
    fetch,
    made_once,
    officer_of,
)
from comity.core.access import Act, require
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions, media, serving
from comity.evidence.forms import AddItemForm, FilterForm
from comity.evidence.models import (
    TEAM_KINDS,
    CustodyRecord,
    Item,
    UseCondition,
    UseConfirmation,
)
from comity.evidence.rules import CustodyEvent, Origin, Recipient
from comity.evidence.views.conditions import case_names, target_words
from comity.evidence.views.keeping import kept
from comity.ui.labels import label, tone
from comity.ui.templatetags.comity import size, when
from comity.vault.uploads import was_stopped

PER_PAGE = 50
MOST_CUSTODY = 200


@login_required
@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """The items that the officer may see, newest first."""
    actor = officer_of(request)
    require(actor, Act.SEE_ITEMS)
    form = FilterForm(request.GET)
    wanted = form.cleaned_data if form.is_valid() else {}
    rows = _filtered(Item.objects.visible_to(actor), wanted)
    actions.record_list(actor, part="list.items")
    rows = rows.annotate(condition_count=Count("conditions", distinct=True)).order_by("-pk")
    return render(
        request,
        "evidence/items.html",
        {
            "form": form,
            "page_obj": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "is_filtered": any(request.GET.get(name) for name in FilterForm.base_fields),
            "may_add": actor.may(Act.ADD_ITEM),
            "may_export": actor.may(Act.EXPORT_PACKAGE),
        },
    )


def _filtered(rows: QuerySet[Item], wanted: dict[str, Any]) -> QuerySet[Item]:
    columns = {"pk": "number", "kind": "kind", "origin": "origin"}
    return rows.filter(
        **{column: wanted[name] for column, name in columns.items() if wanted.get(name)}
    )


@login_required
@require_GET
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One item: what it is, its custody, its conditions, where it went."""
    actor = officer_of(request)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    actions.record_look(actor, found, part="item")
    custody = list(found.custody.select_related("entry__committed").order_by("-id")[:MOST_CUSTODY])
    conditions = list(found.conditions.all())
    checked = actions.check_custody(actor, found)
    return render(
        request,
        "evidence/item.html",
        {
            "item": found,
            "crumbs": [(_("Evidence"), reverse("items")), (found.number, None)],
            "tags": _tags(found, conditions),
            "facts": _facts(found),
            "kind_shown": media.shown_as(found.media_type_sniffed),
            "is_open": serving.is_open(request, found),
            "events": _events(found, custody, checked),
            "altered": checked.altered,
            "removed": checked.removed,
            "conditions": [_condition(each) for each in conditions],
            "twins": _bound_twins(actor, found),
            "confirmed": _confirmed(actor, conditions),
            "disclosures": [(row, target_words(row.recipient)) for row in found.disclosures.all()],
            "may_judge": actor.may(Act.ACCEPT_CONDITIONS),
            "may_open": actor.may(Act.OPEN_ITEM) and not found.erased_at,
            "may_export": actor.may(Act.EXPORT_PACKAGE) and not found.erased_at,
            "nav_current": "items",
            **kept(actor, found),
        },
    )


def _bound_twins(actor: Officer, found: Item) -> list[Item]:
    """Other items of the same bytes that came with conditions; few are named.

    What somebody else gave is not bound by a partner's conditions; the same file handed in again
    would be. Software cannot tell the two apart, so it says what a lawyer must look at.
    """
    same = Item.objects.visible_to(actor).filter(sha256=found.sha256, conditions__isnull=False)
    return list(same.exclude(pk=found.pk).distinct().order_by("pk")[:5])


def _tags(found: Item, conditions: list[UseCondition]) -> list[tuple[str, ...]]:
    shown, icon = tone(Origin(found.origin))
    tags: list[tuple[str, ...]] = [(shown, label(Origin(found.origin)), icon)]
    shown, icon = tone(found.compartment, "Compartment")
    tags.append((shown, label(found.compartment, "Compartment"), icon))
    if conditions:
        tags.append(("caution", _("Conditions of use"), "file-lock"))
    if found.erased_at:
        tags.append(("urgent", _("Erased"), "file-warning"))
    elif found.holds.filter(lifted_at=None).exists():
        tags.append(("note", _("Legal hold"), "file-lock"))
    if found.stored_file.damage and not found.erased_at:
        tags.append(("urgent", _("Damaged"), "file-warning"))
    return tags


def _facts(found: Item) -> list[tuple[str, Any]]:
    return [
        (_("Kind"), label(found.kind, "ItemKind")),
        (_("Type by its content"), found.media_type_sniffed),
        (_("Size"), size(found.size)),
        (_("Taken in"), when(found.created_at, "full")),
    ]


def _events(
    found: Item, custody: list[CustodyRecord], checked: actions.CustodyCheck
) -> list[dict[str, Any]]:
    names = _names(custody)
    return [
        _event(found, record, names) | {"verified": record.pk not in checked.altered}
        for record in custody
    ]


def _names(custody: list[CustodyRecord]) -> dict[str, str]:
    """The names of the officers in these records, by their name in the ledger."""
    return actor_names({who for one in custody for who in (one.actor, one.counterparty)})


def _event(found: Item, record: CustodyRecord, names: dict[str, str]) -> dict[str, Any]:
    who = names.get(record.actor, _("this node"))
    roles = ", ".join(label(role, "Role") for role in record.role.split(", ") if role != "node")
    said = [f"{who} ({roles})" if roles else who, *_said(record, names)]
    entry = record.entry
    index = entry.index if entry is not None else None
    return {
        "at": record.at,
        "text": label(CustodyEvent(record.event)),
        "url": "" if index is None else reverse("item_entry", args=[found.pk, index]),
        "note": " · ".join(said) + " ",
        "state": "late" if record.event == CustodyEvent.ANOMALY else "done",
    }


def _other_side(said: str, names: dict[str, str]) -> str:
    """From whom or to whom, in words: an officer, a team, a recipient, or what was typed."""
    kind = said.partition(":")[0]
    if said in names or kind in TEAM_KINDS:
        return names.get(said) or label(kind, "Team")
    return target_words(said) if kind in {*Recipient, "partner"} else said


def _said(record: CustodyRecord, names: dict[str, str]) -> list[str]:
    anomaly = record.event == CustodyEvent.ANOMALY  # then it is what was found, not a condition
    said = [
        _other_side(record.counterparty, names),
        record.place,
        record.device,
        label(record.method, "Obtained"),
        record.legal_authority,
        label(record.purpose, "Purpose"),
        label(record.condition, "" if anomaly else "UseCondition"),
    ]
    return [words for words in said if words]


def _confirmed(actor: Officer, conditions: list[UseCondition]) -> list[dict[str, Any]]:
    rows = UseConfirmation.objects.filter(condition__in=conditions).select_related(
        "by", "condition"
    )
    names = {f"case:{uid}": name for uid, name in case_names(actor).items()} if rows else {}
    return [
        {
            "code": row.condition.code,
            "target": names.get(row.target) or target_words(row.target),
            "by": row.by.name,
            "at": row.at,
            "reason": row.reason,
        }
        for row in rows
    ]


def _condition(condition: UseCondition) -> dict[str, Any]:
    return {
        "pk": condition.pk,
        "code": condition.code,
        "last_day": condition.last_day,
        "texts": [
            (language, text)
            for language, text in (
                ("uk", condition.text_uk),
                ("ja", condition.text_ja),
                ("en", condition.text_en),
            )
            if text
        ],
        "forbids": [label(use, "Use") for use in condition.forbids],
        "set_by": condition.set_by_node,
        "at": condition.at,
    }


@login_required
def add(request: HttpRequest) -> HttpResponse:
    """Take a file into evidence. The upload is in the spool before the form is looked at."""
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    wanted = request.POST or None
    form = AddItemForm(
        wanted,
        request.FILES if wanted else None,
        holders=_holders(actor),
        compartments=actor.compartments,
        initial={"holder": request.GET.get("team", "")},
    )
    if was_stopped(request):
        form.add_error(None, label("vault.disk_full"))
    elif form.is_valid():
        once = Item.objects.visible_to(actor).filter(uid=form.cleaned_data["once"])
        try:
            made, is_new = made_once(once, lambda: _take_in(actor, form.cleaned_data))
        except (Refused, Untrusted) as refusal:
            form.add_error(None, label(refusal))
        else:
            if is_new:
                messages.success(request, _("The item is in the vault. Its custody has begun."))
            return redirect("item", pk=made.pk)
    crumbs = [(_("Evidence"), reverse("items")), (_("Add an item"), None)]
    shown = {"form": form, "crumbs": crumbs, "nav_current": "items"}
    return render(request, "evidence/add.html", shown, status=422 if form.errors else 200)


def _take_in(actor: Officer, fields: dict[str, Any]) -> Item:
    upload = fields["file"]
    with upload:
        return actions.ingest(
            actor,
            upload.file,
            title=fields["title"],
            kind=fields["kind"],
            access=[fields["holder"]],
            origin=fields["origin"],
            acquisition=actions.Acquisition(
                acquired_by=fields["acquired_by"],
                acquired_at=fields["acquired_at"],
                place=fields["place"],
                device=fields["device"],
                method=fields["method"],
                legal_authority=fields["legal_authority"],
            ),
            original_name=upload.name or "",
            declared_type=upload.content_type or "",
            compartment=fields["compartment"],
            expected_size=upload.size,
            once=fields["once"],
        )


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
