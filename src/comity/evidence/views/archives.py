"""What an archive holds: a list to look at, and its contents as items."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.archives import Contents, Member, Thing
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.actions.expanding import AT_ONCE_BYTES, AT_ONCE_MEMBERS
from comity.evidence.models import Expansion, Item
from comity.evidence.rules import kept_name
from comity.ui.labels import label

PER_PAGE = 200


@login_required
@require_GET
def contents(request: HttpRequest, pk: int) -> HttpResponse:
    """List what an archive holds, and what became of each file."""
    actor = officer_of(request)
    require(actor, Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    try:
        held = actions.list_members(actor, found)
    except (Refused, Untrusted) as doubt:
        messages.error(request, label(doubt))
        return redirect("item", pk=pk)
    asked = Expansion.objects.filter(item=found).first()
    refused = dict((asked.report if asked else {}).get("refused", []))
    page = Paginator(held.members, PER_PAGE).get_page(request.GET.get("page"))
    became = dict(actions.members_of(actor, found, [each.index for each in page]))
    shown = {
        "item": found,
        "held": held,
        "page_obj": page,
        "rows": [_row(each, became, refused) for each in page],
        "asked": asked,
        "may_add": actor.may(Act.ADD_ITEM),
        "crumbs": _crumbs(found),
        "nav_current": "items",
    }
    return render(request, "evidence/contents.html", shown)


def _crumbs(found: Item) -> list[tuple[str, Any]]:
    return [
        (_("Evidence"), reverse("items")),
        (found.number, reverse("item", args=[found.pk])),
        (_("Contents"), None),
    ]


def _row(member: Member, became: dict[int, Item], refused: dict[int, str]) -> dict[str, Any]:
    code = member.refusal or refused.get(member.index, "")
    return {
        "place": member.index + 1,
        "name": kept_name(member.name) or "–",
        "thing": member.thing,
        "size": member.size if member.thing is Thing.FILE else None,
        "modified": member.modified.replace("T", " "),
        "why": label(code) if code else "",
        "remark": label(member.remark) if member.remark else "",
        "item": became.get(member.index),
    }


@login_required
@require_POST
def expand(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the contents out as items: now if they are few, else in the background."""
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    try:
        held = actions.list_members(actor, found) if _is_small(found) else None
        asked = actions.ask_expansion(actor, found)
        if held is not None and _are_few(held):
            asked = actions.expand(actor, asked)
    except (Refused, Untrusted) as doubt:
        messages.error(request, label(doubt))
        return redirect("item", pk=pk)
    _say(request, actor, asked)
    return redirect(reverse("item", args=[pk]) + "#archive")


def _is_small(found: Item) -> bool:
    return found.size <= AT_ONCE_BYTES


def _are_few(held: Contents) -> bool:
    total = sum(each.size for each in held.members)
    return len(held.members) <= AT_ONCE_MEMBERS and total <= AT_ONCE_BYTES


def _say(request: HttpRequest, actor: Officer, asked: Expansion) -> None:
    if asked.done_at is None:
        said = _("The contents are being taken out. Come back to this page in a while.")
        messages.success(request, said)
    elif asked.failure:
        messages.error(request, label(asked.failure))
    else:
        taken = asked.report["taken"]
        said = ngettext("%(n)d file is an item now.", "%(n)d files are items now.", taken)
        messages.success(request, said % {"n": taken})
