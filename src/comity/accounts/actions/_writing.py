"""What several verbs on officers write in the same way: cards, roles, the end of access."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import timezone

from comity.accounts import rules
from comity.accounts.models import Membership, Officer, OfficerRole
from comity.core.access import Actor, Role, acts_of, incompatible
from comity.core.errors import Refused
from comity.ledger import actions as ledger


def require_compatible(roles: frozenset[Role]) -> None:
    """Check that one person may hold these roles together. Raises Refused."""
    clash = incompatible(roles)
    if clash:
        raise Refused("accounts.incompatible_roles", roles=sorted(clash))


def require_strong(password: str, officer: Officer) -> None:
    """Check a password against the node's rules. Raises Refused("accounts.weak_password")."""
    try:
        validate_password(password, officer)
    except ValidationError as weak:
        raise Refused("accounts.weak_password", reasons=list(weak.messages)) from weak


def store_officer(officer: Officer, roles: Iterable[Role], *, granted_by: str) -> None:
    """Insert an officer and their roles, in the caller's transaction, which a refusal ends.

    Raises Refused("accounts.email_taken").
    """
    try:
        officer.save()
    except IntegrityError as taken:
        raise Refused("accounts.email_taken") from taken
    give_roles(officer, roles, granted_by=granted_by)


def give_roles(officer: Officer, roles: Iterable[Role], *, granted_by: str) -> None:
    """Add rows for these roles."""
    OfficerRole.objects.bulk_create(
        OfficerRole(officer=officer, role=role, granted_by=granted_by) for role in sorted(roles)
    )


def end_sessions(officer: Officer) -> None:
    """End every session of the officer: each next request finds its mark out of date."""
    officer.sign_in_generation += 1
    officer.save(update_fields=["sign_in_generation"])


def end_unfitting(actor: Actor, officer: Officer, roles: Collection[Role]) -> int:
    """End the memberships that somebody with these roles cannot hold, and emergency access.

    Each gets its entry. Returns how many ended. For an officer who leaves, roles is empty.
    """
    acts = acts_of(frozenset(roles))
    now = timezone.now()
    rows = Membership.objects.select_for_update().filter(officer=officer, ended_at=None)
    ending = [
        row
        for row in rows.order_by("pk")
        if row.until is not None or not rules.fits_team(row.kind, acts)
    ]
    for row in ending:
        row.ended_at = now
        reason = "emergency_ended" if row.until is not None else "roles_changed"
        ledger.append(
            actor,
            "accounts.team_left",
            f"{row.kind}:{row.record}",
            membership=row.pk,
            officer=str(officer.uid),
            reason=reason,
        )
    Membership.objects.bulk_update(ending, ["ended_at"])
    return len(ending)
