"""Items that look like others, or came with them: suggestions to look at, never a merge."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Actor
from comity.evidence.models.custody import CustodyRecord
from comity.evidence.models.items import Item
from comity.evidence.rules import CustodyEvent

MOST_SHOWN = 10


class Fingerprint(models.Model):
    """How a picture, or an early frame of a film, looks: 256 bits of PDQ. It identifies nobody.

    bits: 32 bytes; none where it could not be made, then failure says why. quality: 0 to 100; a
    picture with little in it is like many others. compared_at: when it was compared with all.
    """

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="fingerprint")
    bits = models.BinaryField(max_length=32, null=True)
    quality = models.PositiveSmallIntegerField(default=0)
    tool = models.CharField(max_length=80, blank=True)
    failure = models.CharField(max_length=80, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    compared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["compared_at"], name="evidence_print_compared")]

    def __str__(self) -> str:
        return f"fingerprint of {self.item_id}"


class Likeness(models.Model):
    """Two items look alike. distance: bits that differ, of 256. An officer may say they do not."""

    first = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="likenesses")
    second = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="likened")
    distance = models.PositiveSmallIntegerField()
    at = models.DateTimeField(default=timezone.now)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["distance", "id"]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="likeness_once"),
            models.CheckConstraint(
                condition=Q(first__lt=models.F("second")), name="likeness_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} like {self.second_id}"


def alike(actor: Actor, item: Item) -> tuple[list[tuple[Likeness, Item]], int]:
    """The nearest items that look like this one and that the officer sees, and how many do."""
    seen = Item.objects.visible_to(actor)
    rows = (
        Likeness.objects.filter(dismissed_at=None)
        .filter(Q(first=item, second__in=seen) | Q(second=item, first__in=seen))
        .select_related("first", "second")
    )
    found = [
        (row, row.second if row.first_id == item.pk else row.first) for row in rows[:MOST_SHOWN]
    ]
    return found, rows.count() if len(found) == MOST_SHOWN else len(found)


def same_origin(actor: Actor, item: Item) -> tuple[list[Item], int]:
    """Items that the officer sees and that were obtained as this one: some, and how many.

    The same moment, giver and device in the first record of their custody.
    """
    received = item.custody.filter(event=CustodyEvent.RECEIVED).first()
    if received is None or not received.device:
        return [], 0
    like = CustodyRecord.objects.filter(
        event=CustodyEvent.RECEIVED,
        at=received.at,
        device=received.device,
        counterparty=received.counterparty,
    )
    rows = Item.objects.visible_to(actor).filter(pk__in=like.values("item")).exclude(pk=item.pk)
    return list(rows.order_by("pk")[:MOST_SHOWN]), rows.count()
