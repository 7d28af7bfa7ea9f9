"""What keeps an item, and what ends it: legal holds, and orders to erase."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Act, Actor
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.items import Item
from comity.evidence.rules import ErasureState


class LegalHold(models.Model):
    """Somebody named said on which basis an item must be kept; until it is lifted nobody erases it.

    Who placed it lifts it; for anybody else one officer asks and another agrees. lift_asked_by: who
    asked. reason, lift_reason: an officer's words; their digests are in the ledger.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="holds")
    legal_basis = models.CharField(max_length=200)
    reason = models.TextField()
    placed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now)
    lift_asked_by = models.ForeignKey(
        Officer, on_delete=models.PROTECT, related_name="+", null=True
    )
    lift_asked_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", null=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lifted_at=None, lifted_by=None)
                | models.Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="hold_lifted_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"hold {self.pk}"


class ErasureOrder(models.Model):
    """One officer orders that an item is erased; another carries it out or rejects it.

    file_destroyed: whether the key was destroyed; not, when something else needs the same bytes.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="erasure_orders")
    legal_basis = models.CharField(max_length=200)
    reason = models.TextField()
    state = models.CharField(
        max_length=12,
        choices=[(each.value, each.value) for each in ErasureState],
        default=ErasureState.WAITING,
    )
    ordered_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    ordered_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    file_destroyed = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"],
                condition=models.Q(state__in=[ErasureState.WAITING, ErasureState.EXECUTED]),
                name="one_erasure_at_a_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=ErasureState.EXECUTED)
                | (
                    models.Q(decided_by__isnull=False, decided_at__isnull=False)
                    & ~models.Q(decided_by=models.F("ordered_by"))
                ),
                name="erased_by_a_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"erasure order {self.pk}"


def holds_on(item: Item) -> models.QuerySet[LegalHold]:
    """The holds in force on an item or what it was made out of: an archive keeps its members."""
    return LegalHold.objects.filter(item__in=line_of(item), lifted_at=None)


def line_of(item: Item) -> list[int]:
    """The keys of an item and of all that it was made out of, up to the first original."""
    found = [item.pk]
    while True:
        above = Derivation.objects.filter(item=found[-1]).values_list("original", flat=True).first()
        if above is None or above in found:
            return found
        found.append(above)


def lifted_a_hold(officer: Officer, item: Item) -> bool:
    """Say whether an officer asked for or agreed to the end of a hold that kept this item."""
    ended = LegalHold.objects.filter(item__in=line_of(item)).exclude(lifted_at=None)
    return ended.filter(Q(lifted_by=officer) | Q(lift_asked_by=officer)).exists()


def may_carry_out(officer: Officer, order: ErasureOrder) -> bool:
    """Say whether this officer may be the second person of an order.

    What a case's team holds is erased only by somebody who answers for cases, and nothing by who
    lifted a hold on it.
    """
    if officer.pk == order.ordered_by_id or not officer.may(Act.EXECUTE_ERASURE):
        return False
    if lifted_a_hold(officer, order.item):
        return False
    in_a_case = order.item.access.filter(kind="case").exists()
    return officer.may(Act.SEE_CASES) or not in_a_case


def orders_waiting_for(actor: Actor) -> list[ErasureOrder]:
    """Erasure orders on items that the officer sees and for which they may be the second person."""
    if not (isinstance(actor, Officer) and actor.may(Act.EXECUTE_ERASURE)):
        return []
    rows = ErasureOrder.objects.filter(
        state=ErasureState.WAITING, item__in=Item.objects.visible_to(actor)
    )
    found = rows.exclude(ordered_by=actor).select_related("item", "ordered_by").order_by("pk")
    return [order for order in found if may_carry_out(actor, order)]
