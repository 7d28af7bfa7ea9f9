"""Partners' messages: kept as they arrive, claimed by the worker, handed to their handler."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.core.access import Act, Actor, NodeActor
from comity.core.errors import Stated, Untrusted, WrongState
from comity.core.messages import Message
from comity.core.sealing.receipts import Event
from comity.exchange import spool
from comity.exchange.actions import quotas
from comity.exchange.actions.delivery import lease
from comity.exchange.actions.own import NODE
from comity.exchange.actions.receipts import give, lock, role_of
from comity.exchange.actions.rejections import record_rejection
from comity.exchange.models import IncomingBlob, IncomingMessage, Partner, Receipt
from comity.exchange.received import Received
from comity.exchange.rules import (
    DECIDED,
    WAITING,
    Direction,
    IncomingStatus,
    PartnerStatus,
    pause_seconds,
)
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault import storage

# What a partner's message can make this node do, through the handlers in settings.MESSAGE_HANDLERS.
RECEIVING_ACTS = frozenset({Act.ADD_ITEM, Act.SEE_ITEMS, Act.SEE_LETTERS, Act.SEE_CASES})
RECEIVER = NodeActor("exchange", RECEIVING_ACTS)
KEEP_UNUSED_BLOBS = timedelta(days=7)
KEEP_USED_BLOBS = timedelta(days=1)
KEEP_REJECTED = timedelta(days=30)
MOST_SEQ = 2**31 - 1  # what the column holds

Handler = Callable[[Actor, Received], None]


@dataclass(frozen=True)
class Kept:
    """What a call that brought a message is answered with. new: not held before."""

    receipt: Receipt
    new: bool


class OtherDigest(Untrusted):
    """Other bytes are held under this message's id; they are never overwritten."""


@transaction.atomic
def keep_message(
    partner: Partner,
    *,
    message_id: uuid.UUID,
    arrived: spool.Arrived,
    refusal: Untrusted | None = None,
) -> Kept:
    """Keep a sealed message that lies in the spool and give E2, or F1 if it is refused unopened.

    The same bytes again get the same receipt; if they had been rejected after opening, they are
    looked at once more, since an officer may have put right what was missing.
    Raises OtherDigest("digest_conflict"), Untrusted("partner.suspended").
    """
    partner = lock(partner)
    if partner.status != PartnerStatus.ACTIVE:
        raise Untrusted("partner.suspended")
    known = IncomingMessage.objects.filter(partner=partner, uid=message_id).first()
    if known is not None:
        return _same_again(known, arrived)
    path = "" if refusal else spool.relative(spool.place_message(arrived, partner.uid))
    kept = IncomingMessage.objects.create(
        uid=message_id,
        partner=partner,
        status=IncomingStatus.REJECTED if refusal else IncomingStatus.RECEIVED,
        reason=refusal.code[:120] if refusal else "",
        sealed_sha256=arrived.sha256,
        sealed_size=arrived.size,
        sealed_path=path,
    )
    receipt = give(
        partner,
        event=Event.RELAY_REJECTED if refusal else Event.RELAYED,
        direction=Direction.GIVEN,
        message_id=message_id,
        container_sha256="",
        sealed_sha256=arrived.sha256,
        details={"reason": refusal.code} if refusal else None,
        in_answer=True,  # a caller that hears nothing asks again and gets it again
    )
    if refusal is None:
        ledger.append(
            NODE,
            "exchange.message_received",
            kept.subject,
            partner=str(partner.uid),
            sealed_sha256=arrived.sha256,
            size=arrived.size,
        )
    return Kept(receipt, new=True)


def _same_again(known: IncomingMessage, arrived: spool.Arrived) -> Kept:
    if known.sealed_sha256 != arrived.sha256:
        raise OtherDigest("digest_conflict", sealed_sha256=known.sealed_sha256)
    receipt = (
        Receipt.objects.filter(
            partner=known.partner,
            message_id=known.uid,
            direction=Direction.GIVEN,
            event__in=[Event.RELAYED, Event.RELAY_REJECTED],
        )
        .order_by("id")
        .first()
    )
    if receipt is None:
        raise RuntimeError("a kept message has no receipt")
    if known.status == IncomingStatus.REJECTED and receipt.event == Event.RELAYED:
        path = spool.place_message(arrived, known.partner.uid)
        known.sealed_path = spool.relative(path)
        known.status, known.reason, known.next_attempt_at = IncomingStatus.RECEIVED, "", None
        known.save(update_fields=["sealed_path", "status", "reason", "next_attempt_at"])
    return Kept(receipt, new=False)


@transaction.atomic
def claim_incoming(at_most: int = 1) -> list[IncomingMessage]:
    """Take waiting messages whose turn has come, oldest first, for the length of a lease."""
    now = timezone.now()
    messages = list(
        IncomingMessage.objects.workable(now)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("partner")
        .order_by("id")[:at_most]
    )
    for message in messages:
        message.leased_until = now + lease()
        message.attempts += 1
    claimed = IncomingMessage.objects.filter(pk__in=[message.pk for message in messages])
    claimed.update(leased_until=now + lease(), attempts=F("attempts") + 1)
    return messages


def release_incoming(messages: Sequence[IncomingMessage]) -> None:
    """Let others take messages that were claimed and not begun."""
    for message in messages:
        claim = IncomingMessage.objects.filter(pk=message.pk, leased_until=message.leased_until)
        claim.update(leased_until=None, attempts=F("attempts") - 1)


def extend_claim(message: IncomingMessage) -> None:
    """Keep a claimed message for another lease."""
    message.leased_until = timezone.now() + lease()
    IncomingMessage.objects.filter(pk=message.pk).update(leased_until=message.leased_until)


def require_agreed(message: Message, incoming: IncomingMessage) -> None:
    """Check an opened message against its envelope, its sender, us, and what was agreed.

    Raises Untrusted("message.field" | "message.other_id" | "message.other_sender" |
    "message.other_addressee" | "message.type_not_agreed" | "message.type_unknown").
    """
    partner = incoming.partner
    if message.seq > MOST_SEQ:
        raise Untrusted("message.field", field="seq")
    if message.id != incoming.uid:
        raise Untrusted("message.other_id")
    if message.from_node != partner.node_id:
        raise Untrusted("message.other_sender")
    if message.to_node != settings.COMITY_NODE_ID:
        raise Untrusted("message.other_addressee")
    if message.type not in partner.allowed_types:
        raise Untrusted("message.type_not_agreed", type=message.type)
    if message.type not in settings.MESSAGE_HANDLERS:
        raise Untrusted("message.type_unknown", type=message.type)


def is_in_turn(message: Message, incoming: IncomingMessage) -> bool:
    """Say whether the message before it in its conversation, if any, has been decided.

    Raises Untrusted("message.place_taken") if another message has its place.
    """
    around = IncomingMessage.objects.filter(
        partner=incoming.partner,
        conversation=message.conversation,
        seq__in=[message.seq, message.seq - 1],
    ).exclude(pk=incoming.pk)
    states = list(around.values_list("seq", "status"))
    if any(seq == message.seq and state != IncomingStatus.REJECTED for seq, state in states):
        raise Untrusted("message.place_taken", seq=message.seq)
    return message.seq == 0 or any(
        seq == message.seq - 1 and IncomingStatus(state) in DECIDED for seq, state in states
    )


def note_opened(incoming: IncomingMessage, message: Message, container_sha256: str) -> None:
    """Put what the opened message says of its place on the row; whoever decides saves it."""
    incoming.type = message.type
    incoming.conversation = message.conversation
    incoming.seq = message.seq
    incoming.in_reply_to = message.in_reply_to
    incoming.container_sha256 = container_sha256


def _take_over(row: IncomingMessage, opened: IncomingMessage) -> None:
    row.type, row.conversation, row.seq = opened.type, opened.conversation, opened.seq
    row.in_reply_to, row.container_sha256 = opened.in_reply_to, opened.container_sha256


@transaction.atomic
def hold(incoming: IncomingMessage, reason: str, *, wait_seconds: float = 0.0) -> None:
    """Let a good message wait: for the one before it, or for a blob."""
    row = IncomingMessage.objects.select_for_update().get(pk=incoming.pk)
    if row.status not in WAITING:
        return
    _take_over(row, incoming)
    row.status, row.reason, row.leased_until = IncomingStatus.HELD, reason, None
    row.next_attempt_at = timezone.now() + timedelta(seconds=wait_seconds)
    row.save()


@transaction.atomic
def put_off(incoming: IncomingMessage, reason: str) -> None:
    """A fault of ours: the message keeps waiting and is tried again, at most five minutes later."""
    row = IncomingMessage.objects.select_for_update().get(pk=incoming.pk)
    if row.status not in WAITING:
        return
    pause = timedelta(seconds=pause_seconds(row.attempts, 1.0))
    row.reason, row.leased_until = reason[:120], None
    row.next_attempt_at = timezone.now() + pause
    row.save(update_fields=["reason", "leased_until", "next_attempt_at"])


def handler_of(kind: str) -> Handler:
    """Return the one function that receives messages of this type."""
    found: Handler = import_string(settings.MESSAGE_HANDLERS[kind])
    return found


@transaction.atomic
def deliver(received: Received, taken: storage.TakenIn) -> bool:
    """Hand a proven message to its handler, once: row, container, handler, E3 and entry together.

    taken: the container, in the vault. Returns False if another worker has handled it meanwhile.
    Raises what the handler raises; then nothing has changed.
    """
    incoming = IncomingMessage.objects.select_for_update().get(pk=received.incoming.pk)
    if incoming.status not in WAITING:
        return False
    _take_over(incoming, received.incoming)
    incoming.container = vault.keep(NODE, taken)
    incoming.status, incoming.reason = IncomingStatus.HANDLED, ""
    incoming.handled_at = timezone.now()
    incoming.leased_until = None
    incoming.save()
    ledger.append(
        NODE,
        "exchange.message_handled",
        incoming.subject,
        type=received.message.type,
        container_sha256=taken.sha256,
    )
    handler_of(received.message.type)(RECEIVER, received)
    partner = lock(incoming.partner)
    if partner.status != PartnerStatus.ACTIVE:
        raise Untrusted("partner.suspended")
    _give(partner, incoming, Event.CONSIGNED)
    digests = [attachment.sealed_sha256 for attachment, _ in received.attachments]
    if not digests:
        return True
    IncomingBlob.objects.filter(partner=partner, sealed_sha256__in=digests).update(
        used_at=timezone.now()
    )
    return True


def _give(
    partner: Partner,
    incoming: IncomingMessage,
    event: Event,
    *,
    actor_role: str = "node",
    details: dict[str, str] | None = None,
) -> Receipt:
    return give(
        partner,
        event=event,
        direction=Direction.GIVEN,
        message_id=incoming.uid,
        container_sha256=incoming.container_sha256,
        sealed_sha256=incoming.sealed_sha256,
        actor_role=actor_role,
        details=details,
    )


@transaction.atomic
def reject(incoming: IncomingMessage, doubt: Stated) -> bool:
    """Refuse a message for good: its row, F3 with the reason, a rejection, and nothing else.

    Returns False if it has been decided meanwhile.
    """
    row = IncomingMessage.objects.select_for_update().get(pk=incoming.pk)
    if row.status not in WAITING:
        return False
    _take_over(row, incoming)
    row.status, row.reason = IncomingStatus.REJECTED, doubt.code[:120]
    row.handled_at, row.leased_until = timezone.now(), None
    row.save()
    record_rejection(
        what="message", doubt=doubt, partner=row.partner, message_id=row.uid, apart=True
    )
    partner = lock(row.partner)
    if partner.status == PartnerStatus.ACTIVE:
        _give(partner, row, Event.NOT_DELIVERED, details={"reason": doubt.code})
    return True


def _require_handled(incoming: IncomingMessage) -> None:
    if incoming.status != IncomingStatus.HANDLED:
        raise WrongState("exchange.not_handled")


def _already(incoming: IncomingMessage, event: Event) -> bool:
    return Receipt.objects.filter(
        partner=incoming.partner, message_id=incoming.uid, direction=Direction.GIVEN, event=event
    ).exists()


@transaction.atomic
def record_handed_over(actor: Actor, incoming: IncomingMessage) -> None:
    """Give E4, once: somebody with the actor's role opened it. The caller checked the right.

    Raises WrongState("exchange.not_handled").
    """
    _acknowledge(actor, incoming, Event.HANDED_OVER, {})


@transaction.atomic
def record_acknowledged(actor: Actor, incoming: IncomingMessage, **details: str) -> None:
    """Give E5, once, and E4 before it if nobody has: the message is registered.

    details: codes and references, such as registered_as="L-0042", expected_on="2026-12-24".
    Raises WrongState("exchange.not_handled").
    """
    _acknowledge(actor, incoming, Event.HANDED_OVER, {})
    _acknowledge(actor, incoming, Event.ACKNOWLEDGED, details)


def _acknowledge(
    actor: Actor, incoming: IncomingMessage, event: Event, details: dict[str, str]
) -> None:
    partner = lock(incoming.partner)
    incoming = IncomingMessage.objects.get(pk=incoming.pk)
    _require_handled(incoming)
    if _already(incoming, event):
        return
    _give(partner, incoming, event, actor_role=role_of(actor), details=details)
    ledger.append(actor, "exchange.receipt_given", incoming.subject, event=event)


# Blobs


@transaction.atomic
def announce_blob(partner: Partner, sealed_sha256: str, size: int) -> IncomingBlob:
    """Return the row of a blob that is coming, made if need be and the partner has room for it.

    Raises Untrusted("partner.storage" | "partner.quota").
    """
    held = IncomingBlob.objects.filter(partner=partner, sealed_sha256=sealed_sha256)
    known = held.select_related("partner").first()
    if known is not None:
        return known
    partner = lock(partner)  # what several calls announce at once counts together
    blob = held.first()
    if blob is not None:
        return blob
    quotas.require_blob_allowed(partner, size)
    return IncomingBlob.objects.create(partner=partner, sealed_sha256=sealed_sha256, size=size)


@transaction.atomic
def note_part(blob: IncomingBlob, *, start: int, end: int) -> IncomingBlob:
    """Move a blob's offset from `start` to `end`, if it still stands at `start`."""
    row = IncomingBlob.objects.select_for_update().get(pk=blob.pk)
    if row.offset == start and not row.complete:
        row.offset = end
        row.touched_at = timezone.now()
        row.save(update_fields=["offset", "touched_at"])
    return row


@transaction.atomic
def finish_blob(blob: IncomingBlob, *, whole: bool) -> IncomingBlob:
    """Mark a blob as complete, or let it begin again if its bytes are not those announced."""
    row = IncomingBlob.objects.select_for_update().get(pk=blob.pk)
    if row.complete:
        return row
    if whole:
        row.complete = True
    else:
        row.offset = 0
    row.save(update_fields=["complete", "offset"])
    return row


def forget_handled(at_most: int = 500) -> int:
    """Remove the sealed bytes of handled messages, and of rejected ones after thirty days."""
    done = IncomingMessage.objects.exclude(sealed_path="")
    handled = done.filter(status=IncomingStatus.HANDLED)
    rejected = done.filter(
        status=IncomingStatus.REJECTED, handled_at__lt=timezone.now() - KEEP_REJECTED
    )
    count = 0
    for message in [*handled[:at_most], *rejected[:at_most]]:
        spool.remove(message.sealed_path)
        IncomingMessage.objects.filter(pk=message.pk).update(sealed_path="")
        count += 1
    return count


def sweep_blobs() -> int:
    """Destroy blobs that no message named within seven days, and used ones after a day."""
    now = timezone.now()
    unused = IncomingBlob.objects.filter(used_at=None, touched_at__lt=now - KEEP_UNUSED_BLOBS)
    used = IncomingBlob.objects.filter(used_at__lt=now - KEEP_USED_BLOBS)
    count = 0
    for blob in [*unused.select_related("partner"), *used.select_related("partner")]:
        path = spool.blob_path(blob.partner.uid, blob.sealed_sha256)
        blob.delete()
        spool.remove_path(path)
        count += 1
    return count
