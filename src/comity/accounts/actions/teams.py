"""Teams of records: joining, leaving, and access taken in an emergency."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import BreakGlass, Membership, Officer
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, Refused, WrongState
from comity.ledger import actions as ledger

GLASS_LASTS = timedelta(hours=4)
LEAST_REASON_CHARACTERS = 20


@transaction.atomic
def add_to_team(actor: Actor, officer: Officer, *, kind: str, record: uuid.UUID) -> Membership:
    """Let an officer into a record's team. Only a lasting member who may add others can do it.

    Emergency access lets nobody in: neither its taker for good nor anyone else.
    """
    require(actor, Act.ADD_TO_TEAM)
    if not is_member(actor, kind=kind, record=record, for_good=True):
        raise Refused("accounts.not_in_team")
    return _join(actor, officer, kind, record)


def is_member(actor: Actor, *, kind: str, record: uuid.UUID, for_good: bool = False) -> bool:
    """Say whether the actor belongs to the record's team now. for_good: not by broken glass."""
    if not isinstance(actor, Officer):
        return False
    live = Membership.objects.live(timezone.now())
    live = live.filter(until=None) if for_good else live
    return live.filter(officer=actor, kind=kind, record=record).exists()


@transaction.atomic
def found_team(
    actor: Actor, *, kind: str, record: uuid.UUID, members: Iterable[Officer] = ()
) -> None:
    """Start the team of a record just made: its maker, and who works on it from the start."""
    wanted = {officer.pk: officer for officer in members}
    if isinstance(actor, Officer):
        wanted[actor.pk] = actor
    for officer in wanted.values():
        _join(actor, officer, kind, record)


def _join(actor: Actor, officer: Officer, kind: str, record: uuid.UUID) -> Membership:
    now = timezone.now()
    held = (
        Membership.objects.live(now)
        .filter(officer=officer, kind=kind, record=record, until=None)
        .first()
    )
    if held is not None:
        return held
    membership = Membership.objects.create(
        officer=officer, kind=kind, record=record, granted_by=actor.actor_id
    )
    ledger.append(actor, "accounts.team_joined", f"{kind}:{record}", officer=str(officer.uid))
    return membership


def require_reason(reason: str) -> None:
    """Check that a reason for emergency access says something. Raises Incomplete."""
    if len(reason.strip()) < LEAST_REASON_CHARACTERS:
        raise Incomplete("accounts.reason_too_short", missing=["reason"])


@transaction.atomic
def break_glass(actor: Officer, *, kind: str, record: uuid.UUID, reason: str) -> BreakGlass:
    """Take access to a record for four hours, with a reason that supervisors are shown.

    Raises Incomplete when the reason says too little.
    """
    require(actor, Act.BREAK_GLASS)
    require_reason(reason)
    membership = Membership.objects.create(
        officer=actor,
        kind=kind,
        record=record,
        granted_by=actor.actor_id,
        until=timezone.now() + GLASS_LASTS,
    )
    glass = BreakGlass.objects.create(membership=membership, reason=reason.strip())
    ledger.append(actor, "accounts.glass_broken", f"{kind}:{record}", glass=str(glass.uid))
    return glass


@transaction.atomic
def review_break_glass(actor: Officer, glass: BreakGlass, *, justified: bool) -> None:
    """Record what a second person concluded about an emergency access; never its taker."""
    require(actor, Act.REVIEW_BREAK_GLASS)
    glass = BreakGlass.objects.select_for_update().get(pk=glass.pk)
    if glass.membership.officer_id == actor.pk:
        raise Refused("accounts.own_glass")
    if glass.reviewed_at is not None:
        raise WrongState("accounts.glass_reviewed")
    glass.reviewed_by = actor
    glass.reviewed_at = timezone.now()
    glass.finding = "justified" if justified else "not_justified"
    glass.save(update_fields=["reviewed_by", "reviewed_at", "finding"])
    if not justified:
        glass.membership.ended_at = glass.reviewed_at
        glass.membership.save(update_fields=["ended_at"])
    ledger.append(actor, "accounts.glass_reviewed", glass.subject, finding=glass.finding)


@transaction.atomic
def end_expired(actor: Actor) -> int:
    """End memberships whose time is over; return how many."""
    now = timezone.now()
    due = list(
        Membership.objects.select_for_update().filter(until__lte=now, ended_at=None).order_by("pk")
    )
    for membership in due:
        membership.ended_at = now
        ledger.append(
            actor,
            "accounts.team_left",
            f"{membership.kind}:{membership.record}",
            membership=membership.pk,
        )
    Membership.objects.bulk_update(due, ["ended_at"])
    return len(due)
