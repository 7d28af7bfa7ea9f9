"""Adding officers on the console, taking roles away, ending a sign-in."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.accounts import rules
from comity.accounts.actions import _writing
from comity.accounts.models import Invitation, Officer
from comity.core.access import Act, Actor, Role, require
from comity.core.errors import NotAllowed, Refused
from comity.ledger import actions as ledger


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
    """Make an officer on the node's console, where whoever keeps the machine needs no second.

    No officer may: they propose (`propose_officer`). Outside a training node the password that
    the console chose must be changed at the first sign-in.
    Raises NotAllowed; Refused("accounts.incompatible_roles" | "accounts.email_taken" |
    "accounts.weak_password").
    """
    require(actor, Act.MANAGE_OFFICERS)
    if isinstance(actor, Officer):
        raise NotAllowed("accounts.needs_two", act="add_officer")
    wanted = frozenset(roles)
    _writing.require_compatible(wanted)
    officer = Officer(
        email=email.strip().lower(),
        name=name,
        title=title,
        office=office,
        language=language,
        name_latin=name_latin,
        must_change_password=not settings.COMITY_TRAINING_NODE,
    )
    _writing.require_strong(password, officer)
    officer.set_password(password)
    _writing.store_officer(officer, wanted, granted_by=actor.actor_id)
    ledger.append(
        actor, "accounts.officer_added", officer.subject, roles=sorted(wanted), by="console"
    )
    return officer


@transaction.atomic
def narrow_roles(actor: Actor, officer: Officer, roles: Iterable[Role]) -> None:
    """Leave the officer only these of their roles; what no longer fits ends with them.

    Memberships that the roles left cannot hold, emergency access and sessions end in the same
    transaction. Nobody changes their own. Raises Refused("accounts.own_roles" |
    "accounts.needs_two") for their own, for roles not held.
    """
    require(actor, Act.MANAGE_OFFICERS)
    officer = _another(actor, officer)
    wanted = frozenset(roles)
    held = frozenset(Role(row.role) for row in officer.held_roles.all())
    if rules.widens(held, wanted):
        raise Refused("accounts.needs_two")
    if wanted == held:
        return
    officer.held_roles.filter(role__in=held - wanted).delete()
    ended = _writing.end_unfitting(actor, officer, wanted)
    _writing.end_sessions(officer)
    ledger.append(
        actor,
        "accounts.roles_set",
        officer.subject,
        added=[],
        removed=sorted(held - wanted),
        memberships_ended=ended,
    )


@transaction.atomic
def deactivate_officer(actor: Actor, officer: Officer) -> None:
    """End the officer's sign-in, sessions, open invitation and every team membership.

    The rows stay. Nobody deactivates themselves. Raises Refused("accounts.own_roles").
    """
    require(actor, Act.MANAGE_OFFICERS)
    officer = _another(actor, officer)
    officer.is_active = False
    officer.save(update_fields=["is_active"])
    ended = _writing.end_unfitting(actor, officer, ())
    _writing.end_sessions(officer)
    Invitation.objects.filter(officer=officer, used_at=None, ended_at=None).update(
        ended_at=timezone.now()
    )
    ledger.append(actor, "accounts.officer_deactivated", officer.subject, memberships_ended=ended)


def _another(actor: Actor, officer: Officer) -> Officer:
    """The officer's row, locked; never the actor's own."""
    if actor.actor_id == officer.actor_id:
        raise Refused("accounts.own_roles")
    return Officer.objects.select_for_update().get(pk=officer.pk)
