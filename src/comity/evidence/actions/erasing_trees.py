"""Erasing an item with all that was made out of it: an archive and its members, in one form.

An order and an entry an item, as for one; groups of them in a transaction. What is stopped, or took
longer than it was given, goes on when it is asked again, and doubles nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction

from comity.accounts.models import Officer, fetch
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence.actions.erasing import execute_erasure, order_erasure
from comity.evidence.models import (
    Derivation,
    ErasureOrder,
    Item,
    holds_on,
    lifted_a_hold,
    may_carry_out,
)
from comity.evidence.rules import ErasureState

TOGETHER = 100
ASKED_AT_ONCE = 500


@dataclass
class Progress:
    """done: items now. refused: items that a hold or another order keeps. left: not yet asked."""

    done: int = 0
    refused: int = 0
    left: int = 0


def tree_of(item: Item) -> list[int]:
    """The keys of an item and of all that was made out of it, the nearest first."""
    found, level = [item.pk], [item.pk]
    known = {item.pk}
    while level:
        below: list[int] = []
        for some in _parts(level):
            rows = Derivation.objects.filter(original__in=some).order_by("pk")
            below += [key for key in rows.values_list("item", flat=True) if key not in known]
        known |= set(below)
        found += below
        level = below
    return found


def living_tree(actor: Officer, item: Item) -> list[int]:
    """Of the tree, what is not erased and the officer sees; for the count before the act."""
    return [key for some in _parts(tree_of(item)) for key in _living(actor, some)]


def _living(actor: Officer, keys: Sequence[int]) -> list[int]:
    rows = Item.objects.visible_to(actor).filter(pk__in=keys, erased_at=None)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def order_erasure_of_tree(
    actor: Officer, item: Item, *, legal_basis: str, reason: str, seconds: float | None = None
) -> Progress:
    """Order the erasure of an item and of all that was made out of it.

    What has an order already is left as it is. seconds: after so long it stops behind a group.
    Raises NotAllowed, NotVisible; and as `order_erasure` if the item itself is refused.
    """
    require(actor, Act.ORDER_ERASURE)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    if holds_on(item).exists() or lifted_a_hold(actor, item):
        order_erasure(actor, item, legal_basis=legal_basis, reason=reason)  # says why not
    waiting = ErasureOrder.objects.filter(state=ErasureState.WAITING)
    keys = living_tree(actor, item)
    ordered = {
        key
        for some in _parts(keys)
        for key in waiting.filter(item__in=some).values_list("item", flat=True)
    }

    def order(key: int) -> bool:
        one = Item.objects.get(pk=key)
        try:
            order_erasure(actor, one, legal_basis=legal_basis, reason=reason)
        except Refused:
            return False
        return True

    wanted = [key for key in keys if key not in ordered]
    return _worked(wanted[::-1], order, seconds)  # the item itself last: its form can be sent again


def execute_erasure_of_tree(
    actor: Officer, item: Item, *, seconds: float | None = None
) -> Progress:
    """Carry out, as the second person, every order that waits on an item and what was made of it.

    What a hold keeps stays, and the attempt is recorded. seconds: as `order_erasure_of_tree`.
    Raises NotAllowed, NotVisible.
    """
    require(actor, Act.EXECUTE_ERASURE)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    orders = orders_in_tree(actor, item)

    def execute(key: int) -> bool:
        order = ErasureOrder.objects.select_related("item", "ordered_by").get(pk=key)
        try:
            execute_erasure(actor, order)
        except Refused:
            return False
        return True

    return _worked(orders, execute, seconds)


def orders_in_tree(actor: Officer, item: Item) -> list[int]:
    """The keys of the orders on a tree that wait and that the officer may carry out."""
    found: list[int] = []
    for some in _parts(living_tree(actor, item)):
        rows = ErasureOrder.objects.filter(item__in=some, state=ErasureState.WAITING)
        rows = rows.select_related("item", "ordered_by").order_by("pk")
        found += [row.pk for row in rows if may_carry_out(actor, row)]
    return found[::-1]  # the item itself last: while its order waits, the form can be sent again


def _worked(keys: Sequence[int], act: Callable[[int], bool], seconds: float | None) -> Progress:
    progress, begun = Progress(left=len(keys)), time.monotonic()
    for at in range(0, len(keys), TOGETHER):
        group = keys[at : at + TOGETHER]
        with transaction.atomic():
            done = sum(act(key) for key in group)
        progress.done += done
        progress.refused += len(group) - done
        progress.left -= len(group)
        if seconds is not None and time.monotonic() - begun > seconds:
            break
    return progress


def _parts(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for at in range(0, len(keys), ASKED_AT_ONCE):
        yield keys[at : at + ASKED_AT_ONCE]
