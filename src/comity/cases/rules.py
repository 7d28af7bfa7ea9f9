"""What a charge and an element can be, and which moves are allowed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from comity.core.errors import WrongState


class ChargeState(StrEnum):
    """A qualification is proposed by one officer and decided by another."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class ElementState(StrEnum):
    """What the items say about one element of an offence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_COVERED = "not_covered"


class Certainty(StrEnum):
    """How sure a statement about an incident is, in the words of the investigation."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    CLAIMED = "claimed"
    REFUTED = "refuted"


class PersonRole(StrEnum):
    """How a person stands to an incident; the person is a reference, never a name."""

    VICTIM = "victim"
    WITNESS = "witness"
    SUSPECT = "suspect"
    COMMANDER = "commander"


NEXT: Mapping[ChargeState, frozenset[ChargeState]] = {
    ChargeState.PROPOSED: frozenset({ChargeState.CONFIRMED, ChargeState.REJECTED}),
    ChargeState.CONFIRMED: frozenset(),
    ChargeState.REJECTED: frozenset(),
}


def require_move(state: ChargeState, wanted: ChargeState) -> None:
    """Let the move pass or raise WrongState naming both states."""
    if wanted not in NEXT[state]:
        raise WrongState("cases.wrong_state", state=state, wanted=wanted)
