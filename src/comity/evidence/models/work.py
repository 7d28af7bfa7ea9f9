"""What waits for an officer among the items."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from comity.core.access import Act, Actor
from comity.core.worklist import WorkRow
from comity.evidence.models.items import Item
from comity.evidence.models.keeping import orders_waiting_for
from comity.evidence.models.leaving import UseCondition

LAST_DAYS = 14  # before the last day of use the item stands among the lawyers' work


def work_for(actor: Actor) -> list[WorkRow]:
    """Items of the officer's teams that are damaged, to be erased, or whose use is about to end."""
    return [*_damaged_for(actor), *_erasures_for(actor), *_ending_for(actor)]


def _erasures_for(actor: Actor) -> list[WorkRow]:
    return [
        WorkRow(
            title=gettext("%(number)s is to be erased") % {"number": order.item.number},
            detail=gettext("Ordered by %(name)s. Another officer carries it out or rejects it.")
            % {"name": order.ordered_by.name},
            url=reverse("item_erasure", args=[order.item_id]),
            verb=gettext("Decide"),
            icon="file-warning",
        )
        for order in orders_waiting_for(actor)
    ]


def _ending_for(actor: Actor) -> list[WorkRow]:
    if not actor.may(Act.ACCEPT_CONDITIONS):
        return []
    soon = timezone.localdate() + timedelta(days=LAST_DAYS)
    rows = UseCondition.objects.filter(
        last_day__lte=soon, item__in=Item.objects.visible_to(actor)
    ).select_related("item")
    return [
        WorkRow(
            title=gettext("Use of %(number)s ends") % {"number": row.item.number},
            detail=gettext("Last day: %(day)s. Return or destroy it as the condition says.")
            % {"day": date_format(row.last_day)},
            url=reverse("item", args=[row.item_id]) + "#conditions",
            verb=gettext("Look"),
            icon="file-lock",
        )
        for row in rows.order_by("last_day")
        if row.last_day
    ]


def _damaged_for(actor: Actor) -> list[WorkRow]:
    damaged = Item.objects.visible_to(actor).exclude(stored_file__damage="")
    damaged = damaged.filter(erased_at=None)
    return [
        WorkRow(
            title=gettext("%(number)s is damaged") % {"number": item.number},
            detail=gettext(
                "Its stored bytes are not those that were taken in. Have them restored."
            ),
            url=reverse("item", args=[item.pk]),
            verb=gettext("Look"),
            icon="file-warning",
        )
        for item in damaged.only("pk")
    ]
