"""Giving receipts, each chained to the one before, and keeping those that partners give."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Actor
from comity.core.errors import Untrusted
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import receipts
from comity.core.sealing.receipts import Event
from comity.core.uuid7 import uuid7
from comity.exchange.actions.own import NODE, keyring
from comity.exchange.models import OutgoingMessage, Partner, Receipt
from comity.exchange.rules import OF_RECEIVER, Direction, OutgoingStatus, after, same_history
from comity.ledger import actions as ledger


def lock(partner: Partner) -> Partner:
    """Lock a partner's row to the end of the transaction: chains of receipts grow one at a time."""
    return Partner.objects.select_for_update().get(pk=partner.pk)


def role_of(actor: Actor) -> str:
    """Return the role that a receipt names: never a person."""
    return min(actor.roles, default="officer") if isinstance(actor, Officer) else "node"


def give(
    partner: Partner,
    *,
    event: Event,
    direction: Direction,
    message_id: uuid.UUID,
    container_sha256: str,
    sealed_sha256: str,
    actor_role: str = "node",
    details: Mapping[str, str] | None = None,
    in_answer: bool = False,
) -> Receipt:
    """Sign a receipt and chain it to the last one of its direction, in the caller's transaction.

    partner: locked by the caller (`lock`). direction: OWN for statements about our own messages,
    which stay here; GIVEN for those about the partner's, which the worker delivers unless the
    answer to the partner's call carries it.
    """
    last = Receipt.objects.filter(partner=partner, direction=direction).order_by("-id").first()
    head = ledger.newest_checkpoint()
    now = timezone.now()
    stated = receipts.Receipt(
        receipt_id=uuid7(now),
        message_id=message_id,
        event=event,
        container_sha256=container_sha256,
        sealed_sha256=sealed_sha256,
        at=now,
        actor_role=actor_role,
        node_id=settings.COMITY_NODE_ID,
        prev=last.digest if last else "",
        head_size=head.size if head else 0,
        head_root=bytes(head.root).hex() if head else "",
        details=dict(details or {}),
    )
    ring = keyring()
    text = receipts.sign(stated, key=ring.seal_key, certificate_pem=ring.seal_certificate_pem)
    waits = direction is Direction.GIVEN and not in_answer
    return _keep(partner, direction, stated, text, None if waits else now)


def _keep(
    partner: Partner,
    direction: Direction,
    stated: receipts.Receipt,
    text: str,
    delivered_at: datetime | None,
) -> Receipt:
    return Receipt.objects.create(
        message_id=stated.message_id,
        partner=partner,
        direction=direction,
        event=stated.event,
        text=text,
        digest=receipts.digest(text),
        prev=stated.prev,
        head_size=stated.head_size,
        head_root=stated.head_root,
        details=stated.details,
        at=stated.at,
        delivered_at=delivered_at,
    )


def verify_receipt(partner: Partner, text: str) -> receipts.Receipt:
    """Return what a receipt states if one of the partner's seals signed it, past ones included.

    Raises Untrusted("receipt.…").
    """
    try:
        return receipts.verify(text, partner.described().seal_certificate)
    except Untrusted as doubt:
        if doubt.code != "receipt.other_certificate":
            raise
        for known in partner.descriptors.all():
            certificate = descriptors.parse(known.text).seal_certificate
            try:
                return receipts.verify(text, certificate)
            except Untrusted:
                continue
        raise


@transaction.atomic
def keep_receipt(partner: Partner, text: str, *, in_answer: bool = False) -> Receipt:
    """Verify and keep a receipt that a partner gave, and move our message accordingly.

    The same receipt again changes nothing. in_answer: it came as the answer to our message, before
    an earlier one that is still on its way; only then may its predecessor be unknown.
    Raises Untrusted("receipt.…"); then nothing has changed.
    """
    stated = verify_receipt(partner, text)
    partner = lock(partner)
    if stated.node_id != partner.node_id:
        raise Untrusted("receipt.other_node")
    if stated.event not in OF_RECEIVER:
        raise Untrusted("receipt.event", event=stated.event)
    message = (
        OutgoingMessage.objects.select_for_update()
        .filter(partner=partner, uid=stated.message_id)
        .first()
    )
    if message is None:
        raise Untrusted("receipt.unknown_message")
    _require_same_bytes(stated, message)
    digest = receipts.digest(text)
    neighbours = _neighbours(partner, stated, digest)
    known = next((each for each in neighbours if each.digest == digest), None)
    if known is None:
        _require_in_chain(partner, stated, digest, neighbours, in_answer=in_answer)
        known = _keep(partner, Direction.GOT, stated, text, timezone.now())
        _note_gaps(known, neighbours)
        _note_head(partner, stated)
        ledger.append(
            NODE, "exchange.receipt_got", message.subject, event=stated.event, digest=digest
        )
    _advance(message, stated)
    return known


def _neighbours(partner: Partner, stated: receipts.Receipt, digest: str) -> list[Receipt]:
    """Return what is held of this place in the chain: itself, before, after, and rivals."""
    here = Q(digest=digest) | Q(prev=digest) | Q(prev=stated.prev)
    if stated.prev:
        here |= Q(digest=stated.prev)
    return list(Receipt.objects.filter(here, partner=partner, direction=Direction.GOT))


def _require_same_bytes(stated: receipts.Receipt, message: OutgoingMessage) -> None:
    early = stated.event in {Event.RELAYED, Event.RELAY_REJECTED, Event.NOT_DELIVERED}
    container_fits = stated.container_sha256 == message.container_sha256 or (
        early and not stated.container_sha256
    )
    if stated.sealed_sha256 != message.sealed_sha256 or not container_fits:
        raise Untrusted("receipt.other_digest")


def _require_in_chain(
    partner: Partner,
    stated: receipts.Receipt,
    digest: str,
    neighbours: list[Receipt],
    *,
    in_answer: bool,
) -> None:
    before = next((each for each in neighbours if each.digest == stated.prev), None)
    following = next((each for each in neighbours if each.prev == digest), None)
    if stated.prev and before is None and not in_answer:
        got = Receipt.objects.filter(partner=partner, direction=Direction.GOT)
        last = got.order_by("-id").values_list("digest", flat=True).first()
        raise Untrusted("receipt.chain", prev=last or "")
    if any(each.prev == stated.prev for each in neighbours):
        raise Untrusted("receipt.fork")
    if following is None and not in_answer:
        _require_no_gap(partner, stated)
    for earlier, later in (
        (_head(before), (stated.head_size, stated.head_root)),
        ((stated.head_size, stated.head_root), _head(following)),
    ):
        if earlier and later and not _one_history(earlier, later):
            raise Untrusted("receipt.history")


def _require_no_gap(partner: Partner, stated: receipts.Receipt) -> None:
    """Ask for the oldest receipt that never arrived before a newer one is taken.

    A receipt whose answer was cut off is stated again only if its message is handed over again,
    which ends when a later receipt of that message arrives. What was stated before the gap ends is
    let in: it leads to what is missing.
    """
    gap = Receipt.objects.filter(partner=partner, prev_missing=True).order_by("id").first()
    if gap is not None and stated.at > gap.at:
        raise Untrusted("receipt.chain", missing=gap.prev)


def _note_gaps(kept: Receipt, neighbours: list[Receipt]) -> None:
    """Remember that the one before is missing, and that this one no longer is."""
    if kept.prev and not any(each.digest == kept.prev for each in neighbours):
        Receipt.objects.filter(pk=kept.pk).update(prev_missing=True)
    after_it = [each.pk for each in neighbours if each.prev == kept.digest]
    Receipt.objects.filter(pk__in=after_it, prev_missing=True).update(prev_missing=False)


def _head(receipt: Receipt | None) -> tuple[int, str] | None:
    return (receipt.head_size, receipt.head_root) if receipt else None


def _one_history(earlier: tuple[int, str], later: tuple[int, str]) -> bool:
    return same_history(size=earlier[0], root=earlier[1], later_size=later[0], later_root=later[1])


def _note_head(partner: Partner, stated: receipts.Receipt) -> None:
    if stated.head_size > partner.head_size:
        partner.head_size, partner.head_root = stated.head_size, stated.head_root
        partner.save(update_fields=["head_size", "head_root"])


def _advance(message: OutgoingMessage, stated: receipts.Receipt) -> None:
    status = after(OutgoingStatus(message.status), stated.event)
    if status == message.status:
        return
    message.status = status
    dead = status is OutgoingStatus.DEAD
    message.last_error = stated.details.get("reason", stated.event)[:80] if dead else ""
    message.failures, message.next_attempt_at = 0, None
    if stated.event == Event.RELAY_REJECTED:
        message.handed_at = None  # they state that they do not keep it
    message.save(update_fields=["status", "last_error", "failures", "next_attempt_at", "handed_at"])


@transaction.atomic
def mark_delivered(receipt: Receipt) -> None:
    """Note that the partner holds this receipt."""
    Receipt.objects.filter(pk=receipt.pk).update(delivered_at=timezone.now())


@transaction.atomic
def deliver_again(partner: Partner, digest: str) -> bool:
    """Let a receipt that the partner misses go out again; say whether there is such a one."""
    missed = Receipt.objects.filter(partner=partner, direction=Direction.GIVEN, digest=digest)
    return bool(missed.update(delivered_at=None))
