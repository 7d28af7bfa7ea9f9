"""What keeps an item and what ends it: holds, moves of its carrier, erasure by two officers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.accounts import step_up
from comity.accounts.models import Officer, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.forms import EraseForm, HoldForm, LiftForm, MoveForm
from comity.evidence.models import ErasureOrder, Item, LegalHold, holds_on, may_carry_out
from comity.evidence.rules import ErasureState
from comity.ui.labels import label

SECONDS = 20  # of work on a whole tree in one request; the same form goes on


@login_required
def hold(request: HttpRequest, pk: int) -> HttpResponse:
    """Place a legal hold."""
    actor, item = _item(request, pk, Act.PLACE_HOLD)
    return _asked(
        request,
        item,
        HoldForm(request.POST or None),
        title=_("Place a legal hold"),
        text=_(
            "While a hold is in force, nobody can erase the item. Anyone who tries is recorded."
        ),
        done=_("The hold is in force."),
        act=lambda stated: actions.place_hold(actor, item, **stated),
    )


@login_required
def lift(request: HttpRequest, pk: int, hold: int) -> HttpResponse:
    """Lift one hold."""
    actor, item = _item(request, pk, Act.PLACE_HOLD)
    found = fetch(LegalHold.objects.filter(item=item), pk=hold)
    rule = _(
        "Who placed it lifts it. Anybody else asks, and another officer agrees. Who lifted a hold "
        "neither orders nor carries out the erasure."
    )
    return _asked(
        request,
        item,
        LiftForm(request.POST or None),
        title=_("Lift the hold"),
        text=" ".join([_("The hold rests on: %(basis)s") % {"basis": found.legal_basis}, rule]),
        done=_("Recorded. The page says whether the hold has ended or waits for another officer."),
        act=lambda stated: actions.lift_hold(actor, found, **stated),
        confirmed=True,
    )


@login_required
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Record who has the carrier now, and where."""
    actor, item = _item(request, pk, Act.ADD_ITEM)
    return _asked(
        request,
        item,
        MoveForm(request.POST or None),
        title=_("Record a move"),
        text=_(
            "For the carrier or the paper original. The bytes in the vault stay where they are."
        ),
        done=_("The move is recorded."),
        act=lambda stated: actions.move_item(actor, item, **stated),
    )


@login_required
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Order that the item is erased."""
    actor, item = _item(request, pk, Act.ORDER_ERASURE)
    return _asked(
        request,
        item,
        EraseForm(request.POST or None, below=len(actions.living_tree(actor, item)) - 1),
        title=_("Order the erasure"),
        text=_(
            "Another officer carries it out. Then its key is destroyed: nobody can open the item "
            "again. Its custody and the ledger stay."
        ),
        done=_("The erasure is ordered. It waits for another officer."),
        act=lambda stated: _order(request, actor, item, **stated),
        confirmed=True,
    )


def _order(
    request: HttpRequest, actor: Officer, item: Item, *, whole_tree: bool = False, **stated: str
) -> None:
    if not whole_tree:
        actions.order_erasure(actor, item, **stated)
        return
    _tell(request, actions.order_erasure_of_tree(actor, item, seconds=SECONDS, **stated))


def _tell(request: HttpRequest, progress: actions.Progress) -> None:
    """Say how far the work on a whole tree came."""
    done, refused, left = progress.done, progress.refused, progress.left
    messages.info(request, ngettext("%(n)d item done.", "%(n)d items done.", done) % {"n": done})
    if refused:
        said = ngettext(
            "%(n)d item is kept by a hold, an officer or another order.",
            "%(n)d items are kept by a hold, an officer or another order.",
            refused,
        )
        messages.warning(request, said % {"n": refused})
    if left:
        said = ngettext(
            "%(n)d item is left: send the form again to go on.",
            "%(n)d items are left: send the form again to go on.",
            left,
        )
        messages.warning(request, said % {"n": left})


def _item(request: HttpRequest, pk: int, act: Act) -> tuple[Officer, Item]:
    actor = officer_of(request)
    item = fetch(Item.objects.visible_to(actor), pk=pk)
    require(actor, act)
    return actor, item


def _asked(
    request: HttpRequest,
    item: Item,
    form: forms.Form,
    *,
    title: str,
    text: str,
    done: str,
    act: Callable[[dict[str, Any]], object],
    confirmed: bool = False,
) -> HttpResponse:
    """Do what the form asks, or show it with what is wrong.

    confirmed: only right after the second step.
    """
    if form.is_valid():
        if confirmed and (asked := step_up.demanded(request)) is not None:
            return asked
        try:
            act(form.cleaned_data)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, done)
            return redirect(reverse("item", args=[item.pk]) + "#keeping")
    actions.record_look(officer_of(request), item, part="keeping")
    shown = _shown(item, title) | {"form": form, "text": text}
    status = 422 if form.errors else 200
    return render(request, "evidence/keeping_form.html", shown, status=status)


def _shown(item: Item, title: str) -> dict[str, Any]:
    return {
        "item": item,
        "title": title,
        "crumbs": [
            (_("Evidence"), reverse("items")),
            (item.number, reverse("item", args=[item.pk])),
            (title, None),
        ],
        "nav_current": "items",
    }


@login_required
def erasure(request: HttpRequest, pk: int) -> HttpResponse:
    """An order that waits: what it would do; the second person decides, the first may withdraw."""
    actor = officer_of(request)
    item = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=pk)
    rows = ErasureOrder.objects.filter(item=item, state=ErasureState.WAITING)
    order = rows.select_related("item", "ordered_by").first()
    if order is None:
        messages.info(request, label("evidence.erasure_decided"))
        return redirect(reverse("item", args=[pk]) + "#keeping")
    if request.method == "POST":
        wanted = request.POST.get("decision") in {"execute", "execute_tree"}
        erases = wanted and may_carry_out(actor, order)
        if erases and (asked := step_up.demanded(request)) is not None:
            return asked
        try:
            _decide(request, actor, order)
        except Refused as refusal:
            messages.error(request, label(refusal))
        return redirect(reverse("item", args=[pk]) + "#keeping")
    actions.record_look(actor, item, part="keeping")
    shown = {
        "order": order,
        "is_own": order.ordered_by_id == actor.pk,
        "may_carry_out": may_carry_out(actor, order),
        "holds": holds_on(item),
        "is_needed": actions.is_needed(item),
        "copies": _copies(actor, item),
        "orders_below": len(actions.orders_in_tree(actor, item)) - 1,
    }
    return render(request, "evidence/erasure.html", _shown(item, _("Erasure")) | shown)


def _copies(actor: Officer, item: Item) -> list[Item]:
    """What was made out of the item and is still there, as far as the officer sees it."""
    made = Item.objects.visible_to(actor).filter(derivation__original=item, erased_at=None)
    return list(made.order_by("pk"))


def _decide(request: HttpRequest, actor: Officer, order: ErasureOrder) -> None:
    if request.POST.get("decision") == "execute_tree":
        _tell(request, actions.execute_erasure_of_tree(actor, order.item, seconds=SECONDS))
    elif request.POST.get("decision") == "execute":
        destroyed = actions.execute_erasure(actor, order)
        messages.success(
            request,
            _("The item is erased. Its key is destroyed.")
            if destroyed
            else _("The item is erased. Its bytes stay for the other record that needs them."),
        )
    else:
        actions.reject_erasure(actor, order)
        messages.success(request, _("The order has ended. Nothing was erased."))


def kept(actor: Officer, item: Item) -> dict[str, Any]:
    """What the item's page says about keeping it."""
    orders = item.erasure_orders.select_related("ordered_by", "decided_by").order_by("-pk")
    return {
        "holds": list(item.holds.select_related("placed_by", "lifted_by", "lift_asked_by")),
        "held_above": list(holds_on(item).exclude(item=item).select_related("item")),
        "orders": [(order, label(ErasureState(order.state))) for order in orders],
        "waiting": any(order.state == ErasureState.WAITING for order in orders),
        "erased_by": next((one for one in orders if one.state == ErasureState.EXECUTED), None),
        "exports": actions.exports_of_erased(item) if item.erased_at else [],
        "may_hold": actor.may(Act.PLACE_HOLD),
        "may_order": actor.may(Act.ORDER_ERASURE),
        "may_move": actor.may(Act.ADD_ITEM),
    }
