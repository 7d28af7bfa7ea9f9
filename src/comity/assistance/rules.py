"""What a letter can be on both sides, which moves are allowed, and what they wait for."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from comity.core.errors import Refused, WrongState
from comity.core.law.letters import Lack, Severity


class Direction(StrEnum):
    """Whether our side asks or is asked."""

    OUTGOING = "outgoing"
    INCOMING = "incoming"


class State(StrEnum):
    """An outgoing letter, seen from the requesting authority."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    APPROVED = "approved"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    CONDITIONS_PROPOSED = "conditions_proposed"
    CONDITIONS_ACCEPTED = "conditions_accepted"
    EXECUTED = "executed"
    CLOSED = "closed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"  # what it carries may no longer leave


class DeskState(StrEnum):
    """An incoming letter, seen from the requested authority."""

    RECEIVED = "received"
    REGISTERED = "registered"
    ACCEPTED = "accepted"
    EXECUTING = "executing"
    CONDITIONS_PROPOSED = "conditions_proposed"
    CONDITIONS_ACCEPTED = "conditions_accepted"
    RELEASED = "released"
    CLOSED = "closed"
    REFUSED = "refused"
    STOPPED = "stopped"  # the reply was released and had not left when an item lost its release


class TextKind(StrEnum):
    """What a paragraph of a letter says; the names are fields of request_types.yaml."""

    SUBJECT = "subject"
    FACT = "facts_summary"
    NECESSITY = "necessity_statement"
    RECIPROCITY = "reciprocity_guarantee"
    CONFIDENTIALITY = "confidentiality"
    URGENCY = "urgency"
    SPECIAL_PROCEDURE = "special_procedure"
    PERSONS_TO_ATTEND = "persons_to_attend"
    PRIOR_CONTACTS = "prior_contacts"
    PURPOSE = "measures_requested"
    ANSWER = "answer"
    LINK = "persons_concerned"


class Event(StrEnum):
    """What happened to a letter, as its course tells it."""

    DRAFTED = "drafted"
    BASIS_CHOSEN = "basis_chosen"
    PROVISION_CONFIRMED = "provision_confirmed"
    REVIEW_ASKED = "review_asked"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    SENT = "sent"
    POSTED = "posted"
    ACKNOWLEDGED = "acknowledged"
    CONDITIONS_PROPOSED = "conditions_proposed"
    CONDITIONS_ACCEPTED = "conditions_accepted"
    EXECUTED = "executed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    RECEIVED = "received"
    REGISTERED = "registered"
    ACCEPTED = "accepted"
    ORIGINAL_RECEIVED = "original_received"
    REPORTED = "reported"
    RELEASED = "released"
    STOPPED = "stopped"
    REVIEW_RESET = "review_reset"
    RELEASE_ENDED = "release_ended"
    WITHDRAWN_LATE = "withdrawn_late"
    PARTNER_ASKED = "partner_asked"


_ENDED: frozenset[State] = frozenset()
NEXT: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.DRAFT: frozenset({State.REVIEWED, State.WITHDRAWN}),
        State.REVIEWED: frozenset({State.DRAFT, State.APPROVED, State.WITHDRAWN, State.STOPPED}),
        State.APPROVED: frozenset({State.DRAFT, State.SENT, State.WITHDRAWN, State.STOPPED}),
        State.SENT: frozenset({State.ACKNOWLEDGED, State.STOPPED}),
        State.STOPPED: frozenset({State.DRAFT, State.WITHDRAWN}),
        State.ACKNOWLEDGED: frozenset({State.CONDITIONS_PROPOSED, State.EXECUTED, State.REFUSED}),
        State.CONDITIONS_PROPOSED: frozenset({State.CONDITIONS_ACCEPTED, State.REFUSED}),
        State.CONDITIONS_ACCEPTED: frozenset({State.EXECUTED, State.REFUSED}),
        State.EXECUTED: frozenset({State.CLOSED}),
        State.CLOSED: _ENDED,
        State.REFUSED: frozenset({State.CLOSED}),
        State.WITHDRAWN: _ENDED,
    }
)

DESK_NEXT: Mapping[DeskState, frozenset[DeskState]] = MappingProxyType(
    {
        DeskState.RECEIVED: frozenset({DeskState.REGISTERED}),
        DeskState.REGISTERED: frozenset({DeskState.ACCEPTED, DeskState.REFUSED}),
        DeskState.ACCEPTED: frozenset({DeskState.EXECUTING, DeskState.REFUSED}),
        DeskState.EXECUTING: frozenset(
            {DeskState.CONDITIONS_PROPOSED, DeskState.RELEASED, DeskState.REFUSED}
        ),
        DeskState.CONDITIONS_PROPOSED: frozenset(
            {DeskState.CONDITIONS_ACCEPTED, DeskState.REFUSED}
        ),
        DeskState.CONDITIONS_ACCEPTED: frozenset({DeskState.RELEASED, DeskState.REFUSED}),
        DeskState.RELEASED: frozenset({DeskState.CLOSED, DeskState.STOPPED}),
        DeskState.STOPPED: frozenset({DeskState.EXECUTING, DeskState.RELEASED, DeskState.REFUSED}),
        DeskState.REFUSED: frozenset({DeskState.CLOSED}),
        DeskState.CLOSED: frozenset({DeskState.STOPPED}),
    }
)

# After review only translations move on; once approved, nothing does (assistance.md D.1).
CONTENT_OPEN = frozenset({State.DRAFT})
TRANSLATION_OPEN = frozenset({State.DRAFT, State.REVIEWED})
# The requested side may still replace what it reports until it proposes conditions or releases.
REPORT_OPEN = frozenset({DeskState.ACCEPTED, DeskState.EXECUTING, DeskState.STOPPED})
# An item may be taken back for as long as nothing has left: its release may end at any time.
TAKE_BACK_OPEN = frozenset(
    {
        DeskState.EXECUTING,
        DeskState.CONDITIONS_PROPOSED,
        DeskState.CONDITIONS_ACCEPTED,
        DeskState.STOPPED,
    }
)


def require_move(state: State, wanted: State) -> None:
    """Let an outgoing letter's move pass or raise WrongState naming both states."""
    if wanted not in NEXT[state]:
        raise WrongState("letter.wrong_state", state=state, wanted=wanted)


def require_desk_move(state: DeskState, wanted: DeskState) -> None:
    """Let an incoming letter's move pass or raise WrongState naming both states."""
    if wanted not in DESK_NEXT[state]:
        raise WrongState("letter.wrong_state", state=state, wanted=wanted)


def require_content_open(state: State) -> None:
    """Let a change of what the letter says pass or raise WrongState: only a draft changes."""
    if state not in CONTENT_OPEN:
        raise WrongState("letter.not_a_draft", state=state)


def require_translation_open(state: State) -> None:
    """Let a change of a translation pass or raise WrongState."""
    if state not in TRANSLATION_OPEN:
        raise WrongState("letter.texts_are_fixed", state=state)


def require_report_open(state: DeskState) -> None:
    """Let a change of what was done pass or raise WrongState."""
    if state not in REPORT_OPEN:
        raise WrongState("letter.report_is_fixed", state=state)


def require_take_back_open(state: DeskState) -> None:
    """Let an item be taken out of a reply or raise WrongState: once it has left it stays in."""
    if state not in TAKE_BACK_OPEN:
        raise WrongState("letter.report_is_fixed", state=state)


def require_unchanged(*, seen: int, now: int) -> None:
    """Check that nobody changed the letter while its documents were made outside the transaction.

    seen, now: revision counters. Raises WrongState("letter.changed_meanwhile").
    """
    if seen != now:
        raise WrongState("letter.changed_meanwhile")


def resets_review(state: State, *, ready: bool, changed: bool) -> bool:
    """Say whether a new wording of a translation makes the review begin anew.

    ready: the text that it replaces was not missing, stale or a machine's draft, so the reviewer
    could rely on it. What was still to be translated is supplied after review (D.1).
    """
    return state is State.REVIEWED and ready and changed


def require_other_hand(*, actor: str, earlier: tuple[str, ...]) -> None:
    """Check that the one who acts did not act before on this letter (assistance.md D.1: four eyes).

    actor, earlier: actor ids. Raises Refused("letter.four_eyes").
    """
    if actor in earlier:
        raise Refused("letter.four_eyes")


_TRANSLATION_LACKS = frozenset({Lack.UNTRANSLATED, Lack.STALE, Lack.MACHINE_DRAFT})


def blocks_review(severity: Severity, lack: Lack) -> bool:
    """Say whether a lack keeps the letter from legal review: translation comes after it."""
    return severity is not Severity.ADVISED and lack not in _TRANSLATION_LACKS


def blocks_approval(severity: Severity) -> bool:
    """Say whether a lack keeps the letter from approval."""
    return severity is not Severity.ADVISED


class Guard(StrEnum):
    """What must hold before a reply with evidence leaves."""

    MEASURES_REPORTED = "measures_reported"
    CONDITIONS_ACCEPTED = "conditions_accepted"
    ORIGINAL_RECEIVED = "original_received"
    ITEMS_FREE = "items_free"
    OTHER_OFFICER = "other_officer"


@dataclass(frozen=True)
class Execution:
    """What the release of a reply is decided on.

    measures, reported: how many were asked for and how many have an outcome. original_needed: the
    letter came electronically to a state that waits for paper. executed_by: actor ids. items_free:
    every item may leave today.
    """

    measures: int
    reported: int
    conditions_proposed: bool
    conditions_accepted: bool
    original_needed: bool
    original_received: bool
    executed_by: tuple[str, ...]
    items_free: bool = True


def closed_guards(execution: Execution, releaser: str) -> tuple[Guard, ...]:
    """Return the guards that keep a reply here; empty when it may leave.

    Sources: Japan's Act 69/1980 art 14(5)-(6) on conditions, Ukraine's CPC art 548(5) on the
    original; assistance.md D.2.
    """
    checks = {
        Guard.MEASURES_REPORTED: 0 < execution.measures == execution.reported,
        Guard.CONDITIONS_ACCEPTED: not execution.conditions_proposed
        or execution.conditions_accepted,
        Guard.ORIGINAL_RECEIVED: not execution.original_needed or execution.original_received,
        Guard.ITEMS_FREE: execution.items_free,
        Guard.OTHER_OFFICER: bool(execution.executed_by) and releaser not in execution.executed_by,
    }
    return tuple(guard for guard, holds in checks.items() if not holds)


def require_release(state: DeskState, execution: Execution, releaser: str) -> None:
    """Let a reply leave or say why not.

    Raises WrongState, or Refused("letter.guard_closed") whose facts name the guards.
    """
    require_desk_move(state, DeskState.RELEASED)
    closed = closed_guards(execution, releaser)
    if closed:
        raise Refused("letter.guard_closed", guards=list(closed))


class Start(StrEnum):
    """The event that starts a clock."""

    APPROVED = "approved"
    SENT_ELECTRONICALLY = "sent_electronically"
    ACCEPTED = "accepted"
    REPORTED = "reported"


@dataclass(frozen=True)
class ClockRule:
    """A statutory clock. fact: its place in the law data. state: whose law sets it.

    days: calendar days, the day of the event is day 0 (convention 1); months: calendar months.
    """

    id: str
    fact: str
    state: str
    direction: Direction
    start: Start
    days: int = 0
    months: int = 0


def _ukrainian(
    clock: str, direction: Direction, start: Start, days: int = 0, months: int = 0
) -> ClockRule:
    return ClockRule(
        clock, f"jurisdictions.UA.clocks.{clock}", "UA", direction, start, days, months
    )


CLOCKS: tuple[ClockRule, ...] = (
    _ukrainian("ua_out_send", Direction.OUTGOING, Start.APPROVED, days=10),
    _ukrainian("ua_out_original", Direction.OUTGOING, Start.SENT_ELECTRONICALLY, days=3),
    _ukrainian("ua_in_execute", Direction.INCOMING, Start.ACCEPTED, months=1),
    _ukrainian("ua_in_forward", Direction.INCOMING, Start.REPORTED, days=10),
)


# States in which a clock has ended though its own event has not come: nobody sends a letter that
# was withdrawn, forwards after a refusal, or posts the original of a letter that was closed.
# An answer alone does not end the post: art 548(4) knows no such exception.
CLOCK_OVER: Mapping[Start, frozenset[str]] = MappingProxyType(
    {
        Start.APPROVED: frozenset({State.WITHDRAWN}),
        Start.SENT_ELECTRONICALLY: frozenset({State.CLOSED, State.WITHDRAWN}),
        Start.ACCEPTED: frozenset(),
        Start.REPORTED: frozenset({DeskState.REFUSED, DeskState.CLOSED}),
    }
)
# In which a clock that starts with acceptance still runs.
EXECUTION_RUNS = frozenset({DeskState.ACCEPTED, DeskState.EXECUTING})


def due_on(rule: ClockRule, started: date) -> date:
    """Return the last day of a clock that started on a day.

    A month ends on the day of the same number, or on the last day of a shorter month.
    """
    if rule.months:
        month = started.month - 1 + rule.months
        year, month = started.year + month // 12, month % 12 + 1
        return date(year, month, min(started.day, calendar.monthrange(year, month)[1]))
    return started + timedelta(days=rule.days)


def started_by(rule: ClockRule, last: date) -> date:
    """Return the latest day on which a clock can start whose last day is `last` or earlier."""
    started = last - timedelta(days=rule.days)
    while due_on(rule, started) > last:
        started -= timedelta(days=1)
    return started
