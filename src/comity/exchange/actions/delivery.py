"""What the worker marks while it delivers: leases, progress, pauses, clocks that ran out."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from comity.core.sealing.receipts import Event
from comity.exchange import spool
from comity.exchange.actions.outgoing import give_own
from comity.exchange.actions.own import NODE
from comity.exchange.actions.receipts import lock
from comity.exchange.models import OutgoingBlob, OutgoingMessage, Partner, Receipt
from comity.exchange.rules import (
    Direction,
    OutgoingStatus,
    longest_clock,
    pause_seconds,
    waits_for,
)
from comity.ledger import actions as ledger

STATED_FAILURES = (Event.RELAY_FAILED, Event.NOT_DELIVERED, Event.NOT_RETRIEVED)
DONE_WITH = (
    OutgoingStatus.CONSIGNED,
    OutgoingStatus.HANDED_OVER,
    OutgoingStatus.ACKNOWLEDGED,
    OutgoingStatus.STOPPED,
)
LONGEST_ASKED_SECONDS = 3600.0
_STATED_AT_ONCE = 50


def lease() -> timedelta:
    """How long a worker may be silent before another takes its work."""
    return timedelta(seconds=settings.COMITY_EXCHANGE_LEASE_SECONDS)


def _due(now: datetime) -> Q:
    return Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)


def _due_messages(now: datetime) -> QuerySet[OutgoingMessage]:
    return OutgoingMessage.objects.all().first_in_line().filter(_due(now))


def _waiting_receipts() -> QuerySet[Receipt]:
    return Receipt.objects.filter(direction=Direction.GIVEN, delivered_at=None)


def partners_due(now: datetime) -> QuerySet[Partner]:
    """Active partners that something waits for, whose pause is over and whom no worker serves."""
    return (
        Partner.objects.active()
        .filter(_due(now), Q(leased_until=None) | Q(leased_until__lt=now))
        .filter(
            Exists(_due_messages(now).filter(partner=OuterRef("pk")))
            | Exists(_waiting_receipts().filter(partner=OuterRef("pk")))
        )
    )


@transaction.atomic
def claim_partner() -> Partner | None:
    """Take the delivery to one partner for the length of a lease; None when nothing is due."""
    now = timezone.now()
    partner = (
        partners_due(now)
        .select_for_update(skip_locked=True, of=("self",))
        .order_by(F("leased_until").asc(nulls_first=True), "pk")
        .first()
    )
    if partner is None:
        return None
    partner.leased_until = now + lease()
    partner.save(update_fields=["leased_until"])
    return partner


def extend_lease(partner: Partner) -> None:
    """Keep the delivery to this partner for another lease, if half of the last one has passed."""
    now = timezone.now()
    if partner.leased_until is None or partner.leased_until - now > lease() / 2:
        return
    partner.leased_until = now + lease()
    Partner.objects.filter(pk=partner.pk).update(leased_until=partner.leased_until)


def release_partner(partner: Partner) -> None:
    """Let another worker, or the next look, serve this partner."""
    held = Partner.objects.filter(pk=partner.pk, leased_until=partner.leased_until)
    held.update(leased_until=None)


def next_messages(partner: Partner, at_most: int) -> list[OutgoingMessage]:
    """Return the messages to send now: of each conversation the first one, oldest first."""
    due = _due_messages(timezone.now()).filter(partner=partner).order_by("id")
    return list(due[:at_most])


def next_receipts(partner: Partner, at_most: int) -> list[Receipt]:
    """Return the receipts that the partner does not hold yet, in the order of the chain."""
    return list(_waiting_receipts().filter(partner=partner).order_by("id")[:at_most])


def note_sent(blob: OutgoingBlob, sent_bytes: int) -> None:
    """Remember how much of a blob the partner holds; complete when it is all of it."""
    blob.sent_bytes = sent_bytes
    blob.delivered_at = timezone.now() if sent_bytes == blob.sealed_size else None
    blob.save(update_fields=["sent_bytes", "delivered_at"])


def _next_try(failures: int, at_least: float) -> datetime:
    chance = secrets.randbelow(1_000_001) / 1_000_000
    asked = min(at_least, LONGEST_ASKED_SECONDS)
    return timezone.now() + timedelta(seconds=max(asked, pause_seconds(failures, chance)))


@transaction.atomic
def pause_partner(partner: Partner, error: str, *, at_least: float = 0.0) -> None:
    """The partner's node does not answer as it should: everything to it waits, longer each time.

    at_least: seconds that it asked us to wait; at most an hour is granted.
    """
    row = lock(partner)
    row.failures += 1
    row.next_attempt_at = _next_try(row.failures, at_least)
    row.last_error = error[:80]
    row.save(update_fields=["failures", "next_attempt_at", "last_error"])


@transaction.atomic
def pause_message(message: OutgoingMessage, error: str, *, at_least: float = 0.0) -> None:
    """This message could not be handed over; it is tried again later, the others go on.

    at_least: seconds that the partner asked us to wait; at most an hour is granted.
    """
    row = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    if row.status != OutgoingStatus.QUEUED:
        return
    row.attempts += 1
    row.failures += 1
    row.next_attempt_at = _next_try(row.failures, at_least)
    row.last_attempt_at = timezone.now()
    row.last_error = error[:80]
    row.save(
        update_fields=["attempts", "failures", "next_attempt_at", "last_attempt_at", "last_error"]
    )


@transaction.atomic
def bury_message(message: OutgoingMessage, error: str) -> None:
    """Trying again cannot help: the message waits for an officer, who may send it again."""
    row = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    if row.status != OutgoingStatus.QUEUED:
        return
    row.status = OutgoingStatus.DEAD
    row.attempts += 1
    row.last_attempt_at = timezone.now()
    row.last_error = error[:80]
    row.save(update_fields=["status", "attempts", "last_attempt_at", "last_error"])
    ledger.append(NODE, "exchange.message_died", row.subject, reason=row.last_error)


def _overdue(event: Event, now: datetime) -> QuerySet[OutgoingMessage]:
    wait = longest_clock(event) or timedelta.max
    stated = Receipt.objects.filter(
        partner=OuterRef("partner"),
        message_id=OuterRef("uid"),
        direction=Direction.OWN,
        event=event,
    )
    return OutgoingMessage.objects.filter(
        ~Exists(stated), status=waits_for(event), created_at__lt=now - wait
    )


def clocks_have_run_out() -> bool:
    """Say whether a message has waited too long for a receipt and nobody has stated it yet."""
    now = timezone.now()
    return any(_overdue(event, now).exists() for event in STATED_FAILURES)


def state_failures() -> int:
    """State F2, F3 or F4 about messages whose clock ran out; they are still tried."""
    now, stated = timezone.now(), 0
    for event in STATED_FAILURES:
        for message in _overdue(event, now)[:_STATED_AT_ONCE]:
            stated += _state_failure(message, event)
    return stated


@transaction.atomic
def _state_failure(message: OutgoingMessage, event: Event) -> bool:
    partner = lock(message.partner)
    if not _overdue(event, timezone.now()).filter(pk=message.pk).exists():
        return False
    give_own(partner, message, event, reason="clock.ran_out")
    ledger.append(NODE, "exchange.receipt_overdue", message.subject, event=event)
    return True


def forget_arrived(at_most: int = 200) -> int:
    """Remove the sealed bytes of messages that arrived or were stopped; containers stay."""
    done = OutgoingMessage.objects.filter(status__in=DONE_WITH).exclude(sealed_path="")
    count = 0
    for message in done.prefetch_related("blobs").order_by("id")[:at_most]:
        for blob in message.blobs.all():
            spool.remove(blob.path)
        spool.remove(message.sealed_path)
        OutgoingMessage.objects.filter(pk=message.pk).update(sealed_path="")
        count += 1
    return count


def sweep_outgoing(older_than_seconds: float) -> int:
    """Remove what was prepared and never queued."""
    removed = 0
    for path in spool.outgoing_folders(older_than_seconds):
        if not OutgoingMessage.objects.filter(uid=path.name).exists():
            for file in path.iterdir():
                spool.remove_path(file)
            path.rmdir()
            removed += 1
    return removed
