"""The verbs on officers, roles, teams and emergency access."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from comity.accounts.models import BreakGlass, Membership, Officer, OfficerRole
from comity.core.access import Act, Actor, Role, incompatible, require
from comity.core.errors import Incomplete, Refused, WrongState
from comity.ledger import actions as ledger

GLASS_LASTS = timedelta(hours=4)
LEAST_REASON_CHARACTERS = 20


@transaction.atomic
def add_officer(
    actor: Actor,
    *,
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
    title: str = "",
    office: str = "",
    language: str = "en",
    name_latin: str = "",
) -> Officer:
    """Make an officer who can sign in and hold these roles.

    Raises NotAllowed; Refused("accounts.incompatible_roles" | "accounts.email_taken" |
    "accounts.weak_password").
    """
    require(actor, Act.MANAGE_OFFICERS)
    wanted = frozenset(roles)
    _require_compatible(wanted)
    officer = Officer(
        email=email.strip().lower(),
        name=name,
        title=title,
        office=office,
        language=language,
        name_latin=name_latin,
    )
    try:
        validate_password(password, officer)
    except ValidationError as weak:
        raise Refused("accounts.weak_password", reasons=list(weak.messages)) from weak
    officer.set_password(password)
    try:
        with transaction.atomic():
            officer.save()
    except IntegrityError as taken:
        raise Refused("accounts.email_taken") from taken
    OfficerRole.objects.bulk_create(
        OfficerRole(officer=officer, role=role, granted_by=actor.actor_id)
        for role in sorted(wanted)
    )
    ledger.append(actor, "accounts.officer_added", officer.subject, roles=sorted(wanted))
    return officer


def _require_compatible(roles: frozenset[Role]) -> None:
    clash = incompatible(roles)
    if clash:
        raise Refused("accounts.incompatible_roles", roles=sorted(clash))


@transaction.atomic
def set_roles(actor: Actor, officer: Officer, roles: Iterable[Role]) -> None:
    """Give the officer exactly these roles. Nobody changes their own."""
    require(actor, Act.MANAGE_OFFICERS)
    if actor.actor_id == officer.actor_id:
        raise Refused("accounts.own_roles")
    officer = Officer.objects.select_for_update().get(pk=officer.pk)
    wanted = frozenset(roles)
    _require_compatible(wanted)
    held = {Role(row.role) for row in officer.held_roles.all()}
    officer.held_roles.filter(role__in=held - wanted).delete()
    OfficerRole.objects.bulk_create(
        OfficerRole(officer=officer, role=role, granted_by=actor.actor_id)
        for role in sorted(wanted - held)
    )
    ledger.append(
        actor,
        "accounts.roles_set",
        officer.subject,
        added=sorted(wanted - held),
        removed=sorted(held - wanted),
    )


@transaction.atomic
def deactivate_officer(actor: Actor, officer: Officer) -> None:
    """End the officer's sign-in and every team membership; the rows stay."""
    require(actor, Act.MANAGE_OFFICERS)
    if actor.actor_id == officer.actor_id:
        raise Refused("accounts.own_roles")
    officer = Officer.objects.select_for_update().get(pk=officer.pk)
    officer.is_active = False
    officer.save(update_fields=["is_active"])
    Membership.objects.filter(officer=officer, ended_at=None).update(ended_at=timezone.now())
    ledger.append(actor, "accounts.officer_deactivated", officer.subject)


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
def record_refusal(actor: Actor, *, act: str, path_digest: str) -> None:
    """Keep a refused attempt, in a transaction of its own since the attempt's has rolled back."""
    ledger.append(actor, "access.refused", actor.actor_id, act=act, path=path_digest)


@transaction.atomic
def record_failed_sign_in(actor: Actor, *, address_digest: str) -> None:
    """Keep a failed sign-in: a salted digest of the address that was tried, never the address."""
    ledger.append(actor, "accounts.sign_in_failed", actor.actor_id, address=address_digest)


@transaction.atomic
def record_sign_in(actor: Officer, *, methods: list[str]) -> None:
    """Keep a sign-in and the factors used."""
    ledger.append(actor, "accounts.signed_in", actor.subject, methods=methods)


@transaction.atomic
def record_look(actor: Actor, subject: str, *, part: str, purpose: str = "") -> None:
    """Keep that protected content was looked at: opening is an act too."""
    ledger.append(actor, "access.looked", subject, part=part, purpose=purpose)


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
