"""Who may confirm what about an officer, how long an invitation lasts, who fits a team."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum

from comity.core.access import Act, Role

# The code that each of the two gives the new officer is good for this long, and once.
INVITATION_LASTS = timedelta(hours=72)

# What an officer must be allowed to do for a place in a record's team to mean anything.
NEEDED_IN_TEAM = {"case": Act.SEE_CASES, "person": Act.SEE_PEOPLE, "letter": Act.SEE_LETTERS}


class ProposalKind(StrEnum):
    """What one administrator proposes and another officer confirms."""

    NEW_OFFICER = "new_officer"
    ROLES = "roles"
    NEW_WAY_IN = "new_way_in"


class ProposalState(StrEnum):
    """Where a proposal stands; only a waiting one can still be decided."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


def widens(held: Collection[Role], wanted: Collection[Role]) -> bool:
    """Say whether the wanted roles include one that is not held: that needs a second person."""
    return bool(set(wanted) - set(held))


def may_confirm(
    *,
    confirmer: int,
    roles: Collection[Role],
    proposer: int,
    subject: int | None,
    administrators: Collection[int],
) -> bool:
    """Say whether an officer may confirm what another proposed.

    confirmer, proposer, subject: keys of officers; subject is None for an officer not yet there.
    roles: the confirmer's. administrators: the keys of all who may sign in and hold that role.
    Never the proposer, never the person themselves. Another administrator; a supervisor only
    where no other administrator could.
    """
    if confirmer in {proposer, subject}:
        return False
    if Role.ADMINISTRATOR in roles:
        return True
    others = set(administrators) - {proposer, subject}
    return Role.SUPERVISOR in roles and not others


def fits_team(kind: str, acts: Collection[Act]) -> bool:
    """Say whether somebody with these acts can have a place in the team of such a record."""
    return NEEDED_IN_TEAM[kind] in acts if kind in NEEDED_IN_TEAM else bool(acts)
