"""Our messages: prepared and sealed before the transaction, queued in it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from comity.core import container, messages
from comity.core.access import Act, Actor, require
from comity.core.errors import Refused, WrongState
from comity.core.messages import Message
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import envelope
from comity.core.sealing.envelope import Recipient, SealedDigest
from comity.core.sealing.receipts import Event
from comity.core.uuid7 import uuid7
from comity.exchange import spool
from comity.exchange.actions.own import keyring
from comity.exchange.actions.receipts import give, lock
from comity.exchange.models import IncomingMessage, OutgoingBlob, OutgoingMessage, Partner
from comity.exchange.rules import Direction, OutgoingStatus, PartnerStatus
from comity.ledger import actions as ledger
from comity.ledger import stamping
from comity.vault import actions as vault
from comity.vault import storage

MESSAGE_JSON = "message.json"
HUMAN = "human/"
# After an authority failed, messages go without a stamp for so long rather than wait for it.
NO_STAMP_FOR = timedelta(seconds=30)
_MEDIA_TYPES = {"pdf": "application/pdf", "txt": "text/plain", "json": "application/json"}


@dataclass(frozen=True)
class Attachment:
    """A file to send. open: gives its bytes from the start. size: bytes. sha256: 64 hex digits.

    name_code: a neutral name such as "exhibit-1.pdf". handling: a code, such as "evidence".
    """

    name_code: str
    open: Callable[[], BinaryIO]
    size: int
    media_type: str
    sha256: str
    handling: str = "evidence"


@dataclass(frozen=True)
class SealedBlob:
    """An attachment sealed in the spool. path: relative to it."""

    name_code: str
    sealed_sha256: str
    sealed_size: int
    path: str


@dataclass(frozen=True)
class Prepared:
    """A message that is signed, sealed and durable, and that no row names yet: `queue_message`."""

    message: Message
    partner_pk: int
    container_sha256: str
    container: storage.TakenIn
    sealed_sha256: str
    sealed_size: int
    sealed_path: str
    time_stamped: bool
    blobs: tuple[SealedBlob, ...]


def prepare_message(
    partner: Partner,
    type: str,  # noqa: A002 - the protocol's word
    *,
    body: dict[str, Any],
    conversation: uuid.UUID,
    human: Mapping[str, bytes] | None = None,
    attachments: Sequence[Attachment] = (),
    in_reply_to: uuid.UUID | None = None,
    basis: str | None = None,
    classification: str = "restricted",
    use_conditions: Sequence[str] = (),
    reply_due: date | None = None,
    message_id: uuid.UUID | None = None,
) -> Prepared:
    """Sign and seal a message to a partner and its attachments, durable in the spool.

    Call it outside a transaction: it reads the attachments and may ask a time-stamp authority. If
    none answers, the signature goes without a stamp. human: documents by name, such as "uk.pdf".
    Nothing is queued; what nobody queues within a day is swept.
    Raises Refused("exchange.partner_not_active" | "exchange.type_not_agreed" |
    "exchange.attachment_changed" | "exchange.message_too_large" | "storage.full"); ValueError for a
    body, name or code out of form.
    """
    _require_open_to(partner, type)
    described = partner.described()
    now = timezone.now()
    identifier = message_id or uuid7(now)
    recipient = descriptors.recipient(described)
    blobs = _seal_blobs(identifier, recipient, attachments)
    message = Message(
        id=identifier,
        conversation=conversation,
        seq=_next_seq(partner, conversation),
        type=type,
        from_node=settings.COMITY_NODE_ID,
        to_node=partner.node_id,
        created=now,
        classification=classification,
        basis=basis,
        use_conditions=tuple(use_conditions),
        reply_due=reply_due,
        in_reply_to=in_reply_to,
        body=body,
        attachments=tuple(
            messages.Attachment(
                each.name_code, each.size, each.media_type, each.sha256, blob.sealed_sha256,
                each.handling,
            )
            for each, blob in zip(attachments, blobs, strict=True)
        ),
    )  # fmt: skip
    return _seal(partner, described.max_message_bytes, recipient, message, human or {}, blobs)


def _require_open_to(partner: Partner, kind: str) -> None:
    if partner.status != PartnerStatus.ACTIVE:
        raise Refused("exchange.partner_not_active")
    if kind not in partner.allowed_types:
        raise Refused("exchange.type_not_agreed", type=kind)


def _next_seq(partner: Partner, conversation: uuid.UUID) -> int:
    rows = OutgoingMessage.objects.filter(partner=partner, conversation=conversation)
    rows = rows.exclude(status=OutgoingStatus.STOPPED)
    last = rows.aggregate(last=Max("seq"))["last"]
    return 0 if last is None else last + 1


def _seal_blobs(
    message_id: uuid.UUID, recipient: Recipient, attachments: Sequence[Attachment]
) -> tuple[SealedBlob, ...]:
    blobs = []
    for number, each in enumerate(attachments):
        spool.require_space(each.size)
        path = spool.folder("outgoing", str(message_id)) / f"blob-{number}.sealed"
        with each.open() as source, spool.new_file(path) as target:
            sealed = envelope.seal_stream(
                source, target, _public(message_id, recipient, "blob"), [recipient]
            )
            if (sealed.plain_sha256, sealed.plain_size) != (each.sha256, each.size):
                raise Refused("exchange.attachment_changed", name=each.name_code)
        blobs.append(SealedBlob(each.name_code, sealed.sha256, sealed.size, spool.relative(path)))
    return tuple(blobs)


def _public(message_id: uuid.UUID, recipient: Recipient, kind: str) -> dict[str, str]:
    return {
        "message_id": str(message_id),
        "from": settings.COMITY_NODE_ID,
        "to": recipient.node_id,
        "kind": kind,
    }


def _seal(
    partner: Partner,
    max_bytes: int,
    recipient: Recipient,
    message: Message,
    human: Mapping[str, bytes],
    blobs: tuple[SealedBlob, ...],
) -> Prepared:
    entries = [
        container.Entry(MESSAGE_JSON, messages.to_bytes(message), "application/json"),
        *(container.Entry(HUMAN + name, data, _media_type(name)) for name, data in human.items()),
    ]
    plain, digest, stamped = _write_container(entries, message.created)
    if digest.size + envelope.MAX_HEADER_BYTES > max_bytes:
        raise Refused("exchange.message_too_large", max_bytes=max_bytes)
    taken = storage.take_in(io.BytesIO(plain), expected_size=len(plain))
    sealed, path = _seal_message(message.id, recipient, plain)
    return Prepared(
        message=message,
        partner_pk=partner.pk,
        container_sha256=digest.sha256,
        container=taken,
        sealed_sha256=sealed.sha256,
        sealed_size=sealed.size,
        sealed_path=path,
        time_stamped=stamped,
        blobs=blobs,
    )


def _media_type(name: str) -> str:
    return _MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def _write_container(
    entries: list[container.Entry], now: datetime
) -> tuple[bytes, container.ContainerDigest, bool]:
    """Write it with a stamp if an authority answers, and without if none does."""
    ledger.require_clock()
    ring = keyring()
    seal = container.Seal(ring.seal_key_pem, ring.seal_certificate_pem)
    if _may_ask_for_time(now):
        target = io.BytesIO()
        try:
            timed = replace(seal, stamper=stamping.stamper)
            digest = container.write_container(target, entries, timed, now)
        except stamping.NoStamp:
            pass  # the checkpoint over the ledger entry is stamped later
        else:
            return target.getvalue(), digest, True
    target = io.BytesIO()
    digest = container.write_container(target, entries, seal, now)
    return target.getvalue(), digest, False


def _may_ask_for_time(now: datetime) -> bool:
    if not settings.COMITY_TSA_URLS:
        return False
    return not ledger.stamp_failed_since(now - NO_STAMP_FOR)


def _seal_message(
    message_id: uuid.UUID, recipient: Recipient, plain: bytes
) -> tuple[SealedDigest, str]:
    spool.require_space(len(plain))
    shelf = spool.folder("outgoing", str(message_id))
    path = shelf / "message.sealed"
    with spool.new_file(path) as target:
        public = _public(message_id, recipient, "message")
        sealed = envelope.seal_stream(io.BytesIO(plain), target, public, [recipient])
    spool.sync_folder(shelf)
    spool.sync_folder(shelf.parent)
    return sealed, spool.relative(path)


@transaction.atomic
def queue_message(actor: Actor, prepared: Prepared) -> OutgoingMessage:
    """Queue a prepared message in the caller's transaction; the worker delivers it afterwards.

    Gives receipt E1. Whether the actor may send it is the caller's question.
    Raises Refused("exchange.partner_not_active" | "exchange.type_not_agreed" |
    "exchange.conversation_moved": another message of the conversation was queued meanwhile).
    """
    message = prepared.message
    partner = lock(Partner(pk=prepared.partner_pk))
    _require_open_to(partner, message.type)
    if _next_seq(partner, message.conversation) != message.seq:
        raise Refused("exchange.conversation_moved")
    queued = _store(actor, partner, prepared)
    give_own(partner, queued, Event.ACCEPTED_FOR_SENDING)
    ledger.append(
        actor,
        "exchange.message_queued",
        queued.subject,
        type=message.type,
        partner=str(partner.uid),
        container_sha256=prepared.container_sha256,
        sealed_sha256=prepared.sealed_sha256,
        attachments=len(prepared.blobs),
        time_stamped=prepared.time_stamped,
    )
    return queued


def _store(actor: Actor, partner: Partner, prepared: Prepared) -> OutgoingMessage:
    message = prepared.message
    queued = OutgoingMessage.objects.create(
        uid=message.id,
        partner=partner,
        type=message.type,
        conversation=message.conversation,
        seq=message.seq,
        in_reply_to=message.in_reply_to,
        container=vault.keep(actor, prepared.container),
        container_sha256=prepared.container_sha256,
        sealed_sha256=prepared.sealed_sha256,
        sealed_size=prepared.sealed_size,
        sealed_path=prepared.sealed_path,
        time_stamped=prepared.time_stamped,
        queued_by=actor.actor_id,
    )
    OutgoingBlob.objects.bulk_create(
        OutgoingBlob(
            message=queued,
            name_code=blob.name_code,
            sealed_sha256=blob.sealed_sha256,
            sealed_size=blob.sealed_size,
            path=blob.path,
        )
        for blob in prepared.blobs
    )
    return queued


def give_own(partner: Partner, message: OutgoingMessage, event: Event, **details: str) -> None:
    """Keep a statement about our own message. partner: locked by the caller."""
    give(
        partner,
        event=event,
        direction=Direction.OWN,
        message_id=message.uid,
        container_sha256=message.container_sha256,
        sealed_sha256=message.sealed_sha256,
        details=details,
    )


@transaction.atomic
def resend(actor: Actor, message: OutgoingMessage) -> None:
    """Send the same bytes again under the same id, now: a message that died, or that waits.

    Raises NotAllowed; WrongState("exchange.already_arrived" | "exchange.stopped": what it carries
    may no longer leave); Refused("exchange.bytes_gone").
    """
    require(actor, Act.RESEND_MESSAGE)
    partner = lock(message.partner)
    message = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
    if message.status == OutgoingStatus.STOPPED or message.stop_asked_at is not None:
        raise WrongState("exchange.stopped")
    if message.status not in {OutgoingStatus.DEAD, OutgoingStatus.QUEUED}:
        raise WrongState("exchange.already_arrived")
    if not message.sealed_path or not spool.absolute(message.sealed_path).exists():
        raise Refused("exchange.bytes_gone")
    partner.failures, partner.next_attempt_at = 0, None
    partner.save(update_fields=["failures", "next_attempt_at"])
    message.status = OutgoingStatus.QUEUED
    message.failures, message.next_attempt_at, message.last_error = 0, None, ""
    message.blobs.update(delivered_at=None)  # the partner is asked again how much it holds
    message.save(update_fields=["status", "failures", "next_attempt_at", "last_error"])
    ledger.append(
        actor, "exchange.message_resent", message.subject, sealed_sha256=message.sealed_sha256
    )


def open_container(actor: Actor, message: OutgoingMessage | IncomingMessage) -> BinaryIO:
    """Open the signed container of a message, as it was sent. The caller records the look.

    Raises WrongState("exchange.not_handled") for a partner's message that was not handed on.
    """
    if message.container is None:
        raise WrongState("exchange.not_handled")
    return vault.open_file(actor, message.container)
