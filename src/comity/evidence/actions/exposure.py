"""How much harm an officer looks at in a day: marks on items, limits, and going on past them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, time

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Membership, Officer, fetch
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, NotAllowed, Refused
from comity.evidence.models import CustodyRecord, ExposureLimit, Item
from comity.evidence.rules import CustodyEvent, plain_line
from comity.evidence.rules.tools import MOST_VIEWS_A_DAY
from comity.ledger import actions as ledger
from comity.ledger.models import Entry

GOING_ON_AT_MOST = 500
MARKED = "evidence.item_marked"


@dataclass(frozen=True)
class Exposure:
    """Distressing items that an officer opened today, and the limit; 0 is no limit."""

    views: int
    limit: int
    set_by: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the next one asks for a reason."""
        return 0 < self.limit <= self.views


def exposure_of(officer: Officer) -> Exposure:
    """Count what an officer opened since midnight of the node's time."""
    midnight = _midnight()
    views = CustodyRecord.objects.filter(
        Q(item__distressing=True) | Q(item__uid__in=_still_counted(officer, midnight)),
        actor=officer.actor_id,
        event=CustodyEvent.ACCESSED,
        at__gte=midnight,
    ).count()
    own = ExposureLimit.objects.filter(officer=officer).first()
    if own is None:
        return Exposure(views, settings.COMITY_DISTRESSING_VIEWS_A_DAY)
    return Exposure(views, own.views_a_day, own.set_by)


def _midnight() -> datetime:
    return timezone.make_aware(datetime.combine(timezone.localdate(), time.min))


def _still_counted(officer: Officer, midnight: datetime) -> list[uuid.UUID]:
    """Items that count for an officer though nobody marks them now.

    Those whose mark changed today, and those whose mark the officer took away: nobody frees
    themselves from the limit by taking a mark away.
    """
    entries = Entry.objects.filter(Q(at__gte=midnight) | Q(actor=officer.actor_id), kind=MARKED)
    subjects = entries.values_list("subject", flat=True).distinct()
    return [uuid.UUID(subject.removeprefix("item:")) for subject in subjects]


def record_exposure(actor: Actor, item: Item, going_on: str) -> None:
    """Before a distressing item is opened: past the limit, keep why the officer goes on.

    The reason stands in the ledger under the officer, not in the item's custody, which travels.
    Raises Incomplete("evidence.exposure_reached") without a reason, Refused("evidence.too_long").
    """
    if not isinstance(actor, Officer):
        return
    if not item.distressing and item.uid not in _still_counted(actor, _midnight()):
        return
    exposure = exposure_of(actor)
    if not exposure.is_reached:
        return
    reason = plain_line(going_on)
    if not reason:
        raise Incomplete("evidence.exposure_reached", missing=["going_on"])
    if len(reason) > GOING_ON_AT_MOST:
        raise Refused("evidence.too_long", field="reason")
    ledger.append(
        actor,
        "evidence.exposure_continued",
        actor.subject,
        views=exposure.views,
        limit=exposure.limit,
        reason=reason,
    )


@transaction.atomic
def mark_distressing(actor: Actor, item: Item) -> None:
    """Say that looking at an item is hard, so that colleagues know before they do."""
    _mark(actor, item, distressing=True)


@transaction.atomic
def unmark_distressing(actor: Actor, item: Item) -> None:
    """Say that an item is not distressing after all."""
    _mark(actor, item, distressing=False)


def _mark(actor: Actor, item: Item, *, distressing: bool) -> None:
    require(actor, Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_for_update(of=("self",)), pk=item.pk)
    if found.distressing == distressing:
        return
    found.distressing = item.distressing = distressing
    found.save(update_fields=["distressing"])
    ledger.append(actor, MARKED, found.subject, distressing=distressing)


def colleagues_of(actor: Officer) -> list[Officer]:
    """The other officers of the teams that the actor belongs to now."""
    now = timezone.now()
    own = Membership.objects.live(now).filter(officer=actor).values("record")
    theirs = Membership.objects.live(now).filter(record__in=own).values("officer")
    rows = Officer.objects.filter(pk__in=theirs, is_active=True).exclude(pk=actor.pk)
    return list(rows.order_by("name"))


@transaction.atomic
def set_exposure_limit(actor: Actor, officer: Officer, views_a_day: int) -> None:
    """Set how many distressing items an officer opens in a day before being asked; 0 is no limit.

    Officers set their own, and supervisors that of a colleague in a team; what a supervisor set an
    officer only lowers. Raises NotAllowed, Refused("evidence.limit_out_of_range" |
    "evidence.limit_of_a_supervisor").
    """
    require(actor, Act.OPEN_ITEM)
    if not isinstance(actor, Officer):
        raise NotAllowed(Act.OPEN_ITEM)
    if actor.pk != officer.pk:
        require(actor, Act.REVIEW_BREAK_GLASS)
        if officer not in colleagues_of(actor):
            raise NotAllowed(Act.REVIEW_BREAK_GLASS)
    if not 0 <= views_a_day <= MOST_VIEWS_A_DAY:
        raise Refused("evidence.limit_out_of_range", most=MOST_VIEWS_A_DAY)
    before = ExposureLimit.objects.select_for_update().filter(officer=officer).first()
    set_by = actor.actor_id
    bound = before is not None and before.views_a_day and before.set_by != officer.actor_id
    if before is not None and bound and actor.pk == officer.pk:
        if not 0 < views_a_day <= before.views_a_day:
            raise Refused("evidence.limit_of_a_supervisor", most=before.views_a_day)
        set_by = before.set_by
    ExposureLimit.objects.update_or_create(
        officer=officer,
        defaults={"views_a_day": views_a_day, "set_by": set_by, "set_at": timezone.now()},
    )
    ledger.append(actor, "evidence.exposure_limit_set", officer.subject, views_a_day=views_a_day)
