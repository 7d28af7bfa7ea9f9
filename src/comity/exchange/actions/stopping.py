"""Whether a message may still leave, and taking one back: handed over or stopped, never both.

A message is marked under its row's lock before the first byte of its envelope goes to the partner,
and stopped under the same lock. Where an answer is missing, the partner may hold it: such a message
counts as handed over and is not tried again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.core.access import Actor
from comity.core.sealing.receipts import Event
from comity.exchange.actions.outgoing import give_own
from comity.exchange.actions.receipts import lock
from comity.exchange.models import OutgoingBlob, OutgoingMessage, Receipt
from comity.exchange.rules import Direction, OutgoingStatus
from comity.ledger import actions as ledger

_UNSENT = frozenset({OutgoingStatus.QUEUED, OutgoingStatus.DEAD})


@dataclass(frozen=True)
class Hand:
    """A try to hand a message over. before: of an earlier try that got no answer. at: of this."""

    before: datetime | None
    at: datetime


@dataclass(frozen=True)
class Stop:
    """What came of stopping a message.

    handed_at: since when the partner may hold it; None if it was stopped and will not leave.
    begun: names of its attachments whose sealed bytes the partner may hold, in whole or in part.
    """

    handed_at: datetime | None
    begun: frozenset[str]

    @property
    def stopped(self) -> bool:
        """Whether it was taken back before it left."""
        return self.handed_at is None


def may_leave(message: OutgoingMessage) -> bool:
    """Ask whether what a message carries may still leave; if not, it has been stopped.

    COMITY_BEFORE_SENDING: dotted path of the function (message) -> bool that looks and stops.
    """
    ask: Callable[[OutgoingMessage], bool] = import_string(settings.COMITY_BEFORE_SENDING)
    return ask(message)


def _locked_if_wanted(message: OutgoingMessage) -> OutgoingMessage | None:
    row = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    wanted = row.status == OutgoingStatus.QUEUED and row.stop_asked_at is None
    return row if wanted else None


@transaction.atomic
def begin_handing(message: OutgoingMessage) -> Hand | None:
    """Mark a message as being handed over, now; None if it was stopped meanwhile."""
    row = _locked_if_wanted(message)
    if row is None:
        return None
    hand = Hand(row.handed_at, timezone.now())
    row.handed_at = hand.at
    row.save(update_fields=["handed_at"])
    return hand


@transaction.atomic
def begin_blob(blob: OutgoingBlob) -> bool:
    """Mark a part of an attachment as being handed over; False if its message was stopped."""
    if _locked_if_wanted(blob.message) is None:
        return False
    OutgoingBlob.objects.filter(pk=blob.pk, begun_at=None).update(begun_at=timezone.now())
    return True


@transaction.atomic
def note_not_handed(message: OutgoingMessage, hand: Hand) -> None:
    """A try surely brought nothing: no connection, or a clear no. Another worker's try stays."""
    row = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    if row.status in _UNSENT and row.handed_at == hand.at:
        row.handed_at = hand.before
        row.save(update_fields=["handed_at"])


@transaction.atomic
def stop_message(actor: Actor, message_id: uuid.UUID, *, reason: str) -> Stop:
    """Take a message of ours out of the outbox for good, if the partner surely does not hold it.

    reason: a code. Otherwise nothing changes but that it is not tried again. The caller's
    transaction decides; whether the actor may do it is the caller's question.
    """
    message = OutgoingMessage.objects.get(uid=message_id)
    partner = lock(message.partner)
    message = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    begun = frozenset(message.blobs.exclude(begun_at=None).values_list("name_code", flat=True))
    if message.status == OutgoingStatus.STOPPED:
        return Stop(None, begun)
    handed_at = _handed_at(message)
    if handed_at is not None:
        if message.status in _UNSENT and message.stop_asked_at is None:
            message.stop_asked_at = timezone.now()
            message.save(update_fields=["stop_asked_at"])
        return Stop(handed_at, begun)
    message.status, message.last_error = OutgoingStatus.STOPPED, reason[:80]
    message.next_attempt_at = None
    message.save(update_fields=["status", "last_error", "next_attempt_at"])
    give_own(partner, message, Event.RELAY_FAILED, reason=reason)
    ledger.append(
        actor,
        "exchange.message_stopped",
        message.subject,
        reason=reason,
        attachments_begun=len(begun),
    )
    return Stop(None, begun)


def _handed_at(message: OutgoingMessage) -> datetime | None:
    """Since when the partner holds or may hold a message: by its receipts, else by our tries."""
    held = Receipt.objects.filter(
        partner=message.partner,
        message_id=message.uid,
        direction=Direction.GOT,
        event__in=[Event.RELAYED, Event.CONSIGNED, Event.NOT_DELIVERED],
    )
    stated = held.order_by("at").values_list("at", flat=True).first()
    if stated is not None or message.status in _UNSENT:
        return stated or message.handed_at
    return message.handed_at or message.created_at
