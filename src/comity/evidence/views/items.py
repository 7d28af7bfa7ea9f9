"""The list of items, and one item with its custody."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from comity.accounts.models import Officer, actor_names, fetch, officer_of
from comity.core.access import Act, require
from comity.evidence import actions, serving
from comity.evidence.forms import FilterForm
from comity.evidence.models import (
    TEAM_KINDS,
    CustodyRecord,
    Derivation,
    Expansion,
    Item,
    ItemAccess,
    Rendition,
    UseCondition,
    UseConfirmation,
    alike,
    holds_on,
    same_origin,
)
from comity.evidence.report import say_fact
from comity.evidence.rules import CustodyEvent, Derived, Fact, Origin, Recipient
from comity.evidence.rules.tools import (
    KEPT_CLOSED_TYPES,
    UNPACKED_TYPES,
    Picture,
    Worked,
    worked_as,
)
from comity.evidence.views.attestations import attested
from comity.evidence.views.conditions import case_names, target_words
from comity.evidence.views.keeping import kept
from comity.evidence.views.lineage import lineage
from comity.evidence.views.looking import looked_at
from comity.ui.labels import label, tone
from comity.ui.templatetags.comity import size, when

PER_PAGE = 50
_WANTED = "items_wanted"
MOST_CUSTODY = 200
MOST_TWINS = 5


@login_required
def items(request: HttpRequest) -> HttpResponse:
    """The items that the officer may see, newest first.

    What is looked for can name people: it is sent as a form and kept in the session, so that it
    stands in no address.
    """
    actor = officer_of(request)
    require(actor, Act.SEE_ITEMS)
    if request.method == "POST":
        wanted = {name: request.POST.get(name, "") for name in FilterForm.base_fields}
        request.session[_WANTED] = wanted
        return redirect(reverse("items") + ("?found=1" if any(wanted.values()) else ""))
    stated = request.session.get(_WANTED, {}) if "found" in request.GET else request.GET
    form = FilterForm(stated)
    form.is_valid()  # a part that cannot be read is said beside it; the others count
    rows = _filtered(actor, form.cleaned_data)
    actions.record_list(actor, part="list.items")
    drawn = Rendition.objects.filter(item=OuterRef("pk"), kind=Picture.THUMBNAIL)
    rows = rows.annotate(has_thumbnail=Exists(drawn))
    rows = rows.select_related("derivation").order_by("-pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = _counted(list(page.object_list))  # type: ignore[assignment]  # a list too
    return render(
        request,
        "evidence/items.html",
        {
            "form": form,
            "page_obj": page,
            "is_filtered": any(stated.get(name) for name in FilterForm.base_fields),
            "may_add": actor.may(Act.ADD_ITEM),
            "may_export": actor.may(Act.EXPORT_PACKAGE),
        },
    )


def _filtered(actor: Officer, wanted: dict[str, Any]) -> QuerySet[Item]:
    rows = Item.objects.visible_to(actor)
    columns = {
        "pk": "number",
        "kind": "kind",
        "origin": "origin",
        "sha256__startswith": "sha256",
        "created_at__date__gte": "since",
        "created_at__date__lte": "until",
    }
    rows = rows.filter(
        **{column: wanted[name] for column, name in columns.items() if wanted.get(name)}
    )
    for word in wanted.get("words", "").split():
        # A regular expression folds case in every script on both databases; LIKE not on SQLite.
        part = re.escape(word)
        rows = rows.filter(Q(title__iregex=part) | Q(original_name__iregex=part))
    if number := wanted.get("case", "").strip().casefold():
        cases = [uid for uid, name in case_names(actor).items() if number in name.casefold()]
        held = ItemAccess.objects.filter(kind="case", record__in=cases)
        rows = rows.filter(pk__in=held.values("item"))
    return rows


def _counted(shown: list[Item]) -> list[Item]:
    """Give each item of a page the number of its conditions, in one question for all."""
    keys = UseCondition.objects.filter(item__in=shown).values_list("item", flat=True)
    count = Counter(keys)
    for each in shown:
        each.condition_count = count[each.pk]  # type: ignore[attr-defined]  # for the template
    return shown


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
    is_open = serving.is_open(request, found)
    return render(
        request,
        "evidence/item.html",
        {
            "item": found,
            "crumbs": [(_("Evidence"), reverse("items")), (found.number, None)],
            "tags": _tags(found, conditions),
            "facts": _facts(found),
            "is_open": is_open,
            **looked_at(actor, found, is_open=is_open),
            "events": _events(found, custody, checked),
            "event_count": found.custody.count(),
            "altered": checked.altered,
            "removed": checked.removed,
            "rows_differ": checked.rows,
            "conditions": [_condition(each) for each in conditions],
            **_bound_twins(actor, found),
            "confirmed": _confirmed(actor, conditions),
            "disclosures": [(row, target_words(row.recipient)) for row in found.disclosures.all()],
            "archive": None if found.erased_at else _archive(found),
            "lineage": lineage(actor, found),
            "attested": attested(found),
            **_suggested(actor, found),
            "may_make": _may_make(actor, found),
            "may_add": actor.may(Act.ADD_ITEM) and not found.erased_at,
            "may_judge": actor.may(Act.ACCEPT_CONDITIONS) and not found.erased_at,
            "may_open": actor.may(Act.OPEN_ITEM) and not found.erased_at,
            "may_export": actor.may(Act.EXPORT_PACKAGE) and not found.erased_at,
            "nav_current": "items",
            **kept(actor, found),
        },
    )


def _archive(found: Item) -> dict[str, Any] | None:
    """What an archive's page says of its contents; None for what is no archive."""
    if found.media_type_sniffed in KEPT_CLOSED_TYPES:
        return {"closed": True}
    if found.media_type_sniffed not in UNPACKED_TYPES:
        return None
    return {"closed": False, "asked": Expansion.objects.filter(item=found).first()}


def _may_make(actor: Officer, found: Item) -> list[tuple[str, str, str]]:
    """The copies that can be made of the item: address, words, sign."""
    if not (actor.may(Act.ADD_ITEM) and actor.may(Act.OPEN_ITEM)):
        return []
    kind = worked_as(found.media_type_sniffed)
    offered = [("item_redact", _("Redact a copy"), "eye-off")] if kind else []
    if kind in {Worked.MEDIA, Worked.PDF}:
        offered.append(("item_excerpt", _("Make an excerpt"), "film"))
    return offered


def _suggested(actor: Officer, found: Item) -> dict[str, Any]:
    (likened, alike_count), (others, count) = alike(actor, found), same_origin(actor, found)
    return {
        "alike": likened,
        "more_alike": alike_count - len(likened),
        "same_origin": others,
        "same_origin_count": count,
        "more_of_origin": count - len(others),
        "suggested_count": alike_count + count,
    }


def _bound_twins(actor: Officer, found: Item) -> dict[str, Any]:
    """Other items of the same bytes that came with conditions; few are named, all are counted.

    What somebody else gave is not bound by a partner's conditions; the same file handed in again
    would be. Software cannot tell the two apart, so it says what a lawyer must look at.
    """
    same = Item.objects.visible_to(actor).filter(sha256=found.sha256, conditions__isnull=False)
    same = same.exclude(pk=found.pk).distinct().order_by("pk")
    twins = list(same[:MOST_TWINS])
    return {"twins": twins, "more_twins": same.count() - len(twins) if twins else 0}


def _tags(found: Item, conditions: list[UseCondition]) -> list[tuple[str, ...]]:
    shown, icon = tone(Origin(found.origin))
    tags: list[tuple[str, ...]] = [(shown, label(Origin(found.origin)), icon)]
    shown, icon = tone(found.compartment, "Compartment")
    tags.append((shown, label(found.compartment, "Compartment"), icon))
    made = Derivation.objects.filter(item=found).first()
    if made:
        tags.append(("note", label(Derived(made.how)), "git-compare-arrows"))
    if conditions:
        tags.append(("caution", _("Conditions of use"), "file-lock"))
    if found.distressing:
        tags.append(("caution", _("Distressing"), "eye-off"))
    if found.erased_at:
        tags.append(("urgent", _("Erased"), "file-warning"))
    elif holds_on(found).exists():
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
    names = names_in(custody)
    return [
        _event(found, record, names) | {"verified": record.pk not in checked.altered}
        for record in custody
    ]


def names_in(custody: list[CustodyRecord]) -> dict[str, str]:
    """The names of the officers in these records, by their name in the ledger."""
    return actor_names({who for one in custody for who in (one.actor, one.counterparty)})


def _event(found: Item, record: CustodyRecord, names: dict[str, str]) -> dict[str, Any]:
    said = [who_acted(record, names), *_said(record, names)]
    entry = record.entry
    index = entry.index if entry is not None else None
    return {
        "at": record.at,
        "text": label(CustodyEvent(record.event)),
        "url": "" if index is None else reverse("item_entry", args=[found.pk, index]),
        "note": " · ".join(said) + " ",
        "state": "late" if record.event == CustodyEvent.ANOMALY else "done",
    }


def who_acted(record: CustodyRecord, names: dict[str, str]) -> str:
    """The officer with their roles at that time, or this node."""
    who = names.get(record.actor, _("this node"))
    roles = ", ".join(label(role, "Role") for role in record.role.split(", ") if role != "node")
    return f"{who} ({roles})" if roles else who


def _other_side(said: str, names: dict[str, str]) -> str:
    """From whom or to whom, in words: an officer, a team, a recipient, or what was typed."""
    kind = said.partition(":")[0]
    if said in names or kind in TEAM_KINDS:
        return names.get(said) or label(kind, "Team")
    return target_words(said) if kind in {*Recipient, "partner"} else said


def _said(record: CustodyRecord, names: dict[str, str]) -> list[str]:
    derived = record.event == CustodyEvent.DERIVED  # then the note names the other item
    anomaly = record.event == CustodyEvent.ANOMALY  # then it is what was found, not a condition
    said = [
        _other_side(record.counterparty, names),
        record.place,
        record.device,
        label(record.method, "Derived" if derived else "Obtained"),
        record.note if derived else "",
        record.legal_authority,
        label(record.purpose, "Purpose"),
        label(record.condition, "" if anomaly else "UseCondition"),
    ]
    said += [f"{label(fact)}: {say_fact(fact, record.facts[fact])}" for fact in _telling(record)]
    return [words for words in said if words]


def _telling(record: CustodyRecord) -> list[Fact]:
    """What an event is read for at a glance; all of it stands on the page of the custody."""
    wanted = (
        Fact.NOT_STATED, Fact.SEAL, Fact.SEAL_INTACT, Fact.DAMAGE, Fact.DIGEST_MATCH, Fact.CHANGES,
    )  # fmt: skip
    return [fact for fact in wanted if record.facts.get(fact)]


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
