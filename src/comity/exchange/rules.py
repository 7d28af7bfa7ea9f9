"""States of partners, messages and receipts, the moves between them, and the clocks that run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from comity.core.sealing.receipts import Event

LONGEST_PAUSE_SECONDS = 300.0
FIRST_PAUSE_SECONDS = 1.0
LARGEST_PART_BYTES = 8 << 20
SMALLEST_PART_BYTES = 256 << 10


class PartnerStatus(StrEnum):
    """How far the pairing with another authority's node has come."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    REVOKED = "revoked"


class OutgoingStatus(StrEnum):
    """How far a message of ours has come, by the newest receipt that says so."""

    QUEUED = "queued"
    RELAYED = "relayed"
    CONSIGNED = "consigned"
    HANDED_OVER = "handed_over"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"
    STOPPED = "stopped"  # taken back before it left


class IncomingStatus(StrEnum):
    """What became of a partner's message."""

    RECEIVED = "received"
    HELD = "held"
    HANDLED = "handled"
    REJECTED = "rejected"


class Direction(StrEnum):
    """Whose receipt it is: kept here, given to the partner about theirs, got from the partner."""

    OWN = "own"
    GIVEN = "given"
    GOT = "got"


WAITING = frozenset({IncomingStatus.RECEIVED, IncomingStatus.HELD})
DECIDED = frozenset({IncomingStatus.HANDLED, IncomingStatus.REJECTED})

_ORDER = list(OutgoingStatus)
_REACHES: Mapping[Event, OutgoingStatus] = {
    Event.RELAYED: OutgoingStatus.RELAYED,
    Event.CONSIGNED: OutgoingStatus.CONSIGNED,
    Event.HANDED_OVER: OutgoingStatus.HANDED_OVER,
    Event.ACKNOWLEDGED: OutgoingStatus.ACKNOWLEDGED,
}
# What a partner says about our message; the others a node says about its own.
OF_RECEIVER = frozenset(_REACHES) | {Event.RELAY_REJECTED, Event.NOT_DELIVERED}

# Within how long the next receipt is due (docs/protocol/exchange.md, 5), and what is stated else.
_CLOCKS: Mapping[OutgoingStatus, tuple[Event, timedelta, Event | None]] = {
    OutgoingStatus.QUEUED: (Event.RELAYED, timedelta(hours=12), Event.RELAY_FAILED),
    OutgoingStatus.RELAYED: (Event.CONSIGNED, timedelta(hours=24), Event.NOT_DELIVERED),
    OutgoingStatus.CONSIGNED: (Event.HANDED_OVER, timedelta(hours=36), Event.NOT_RETRIEVED),
    OutgoingStatus.HANDED_OVER: (Event.ACKNOWLEDGED, timedelta(days=7), None),
}


def after(status: OutgoingStatus, event: Event) -> OutgoingStatus:
    """Return the status after a partner's receipt: never back; success overrules failure."""
    if event in {Event.RELAY_REJECTED, Event.NOT_DELIVERED}:
        undecided = status in {OutgoingStatus.QUEUED, OutgoingStatus.RELAYED}
        return OutgoingStatus.DEAD if undecided else status
    reached = _REACHES.get(event)
    if reached is None:
        return status
    if status is OutgoingStatus.STOPPED:
        return status
    if status is OutgoingStatus.DEAD:
        return status if reached is OutgoingStatus.RELAYED else reached
    return max(status, reached, key=_ORDER.index)


def next_due(status: OutgoingStatus, queued_at: datetime) -> tuple[Event, datetime] | None:
    """Return which receipt is awaited and by when; None when none is. Counted from the queueing."""
    clock = _CLOCKS.get(status)
    return None if clock is None else (clock[0], queued_at + clock[1])


def longest_clock(event: Event) -> timedelta | None:
    """Return how long a message waits before this failure is stated; None for other events."""
    return next((wait for _, wait, failure in _CLOCKS.values() if failure is event), None)


def waits_for(event: Event) -> OutgoingStatus | None:
    """Return the status in which this failure can be stated; None for other events."""
    return next((status for status, clock in _CLOCKS.items() if clock[2] is event), None)


def pause_seconds(failures: int, chance: float) -> float:
    """Return how long to wait after so many failures in a row: doubled each time, at most 300 s.

    failures: 1 or more. chance: 0 to 1, drawn by the caller; half of the pause depends on it, so
    that nodes that failed together do not come back together.
    """
    whole = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 16))
    return whole / 2 + whole / 2 * chance


def part_bytes(failures: int) -> int:
    """Return how much of a blob to send in one call: less after each failure in a row."""
    return max(SMALLEST_PART_BYTES, LARGEST_PART_BYTES >> min(failures, 16))


def fingerprints_equal(typed: str, known: str) -> bool:
    """Compare a fingerprint as a person typed it, in groups and any case, with the known digits."""
    return bool(known) and "".join(typed.split()).lower() == known


def same_history(*, size: int, root: str, later_size: int, later_root: str) -> bool:
    """Say whether two heads of one ledger, in the order they were stated, can be of one history."""
    if later_size == size:
        return later_root == root
    return later_size > size
