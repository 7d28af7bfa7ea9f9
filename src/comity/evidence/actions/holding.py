"""Keeping an item: legal hold, and who has the carrier in hand where."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, Refused, WrongState
from comity.evidence.actions.conditions import require_kept
from comity.evidence.models import Item, LegalHold, committed_rows, custody_of
from comity.evidence.rules import CustodyEvent, plain_line
from comity.ledger import actions as ledger

REASON_AT_MOST = 2000
BASIS_AT_MOST = 200
HOLDER_AT_MOST = 120


@transaction.atomic
def place_hold(actor: Officer, item: Item, *, legal_basis: str, reason: str) -> LegalHold:
    """Say that an item must be kept; while one hold is in force, nobody erases it.

    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.too_long" |
    "evidence.item_erased").
    """
    require(actor, Act.PLACE_HOLD)
    item = locked(actor, item)
    stated = plain_words(legal_basis=legal_basis, reason=reason)
    hold = LegalHold.objects.create(item=item, placed_by=actor, **stated)
    _keep(
        actor,
        hold,
        "evidence.hold_set",
        CustodyEvent.HOLD_SET,
        reason_sha256=digest_of(stated["reason"]),
    )
    return hold


@transaction.atomic
def lift_hold(actor: Officer, hold: LegalHold, *, reason: str) -> bool:
    """End a hold, others on the same item stay; return whether it has ended.

    Who placed it ends it at once. Anybody else asks, and it ends when another officer, by the same
    act and with a reason of their own, agrees.
    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.too_long" |
    "evidence.hold_lift_waits"), WrongState("evidence.hold_lifted_already").
    """
    require(actor, Act.PLACE_HOLD)
    item = locked(actor, hold.item)
    row = LegalHold.objects.select_for_update(of=("self",)).get(pk=hold.pk, item=item)
    if row.lifted_at is not None:
        raise WrongState("evidence.hold_lifted_already")
    said = plain_words(reason=reason)["reason"]
    if actor.pk != row.placed_by_id and row.lift_asked_by_id is None:
        _ask(actor, row, said)
        return False
    if actor.pk == row.lift_asked_by_id:
        raise Refused("evidence.hold_lift_waits", item=item.number)
    row.lift_reason = f"{row.lift_reason} / {said}" if row.lift_reason else said
    row.lifted_by, row.lifted_at = actor, timezone.now()
    row.save(update_fields=["lift_reason", "lifted_by", "lifted_at"])
    _keep(
        actor,
        row,
        "evidence.hold_lifted",
        CustodyEvent.HOLD_LIFTED,
        reason_sha256=digest_of(row.lift_reason),
        asked_by=row.lift_asked_by.actor_id if row.lift_asked_by else None,
    )
    return True


def _ask(actor: Officer, hold: LegalHold, reason: str) -> None:
    hold.lift_asked_by, hold.lift_asked_at, hold.lift_reason = actor, timezone.now(), reason
    hold.save(update_fields=["lift_asked_by", "lift_asked_at", "lift_reason"])
    ledger.append(
        actor,
        "evidence.hold_lift_asked",
        hold.item.subject,
        hold=str(hold.uid),
        reason_sha256=digest_of(reason),
        rows=committed_rows(hold.item, [hold]),
    )


def _keep(actor: Officer, hold: LegalHold, kind: str, event: CustodyEvent, **facts: object) -> None:
    item = hold.item
    kept = custody_of(actor, item, event, legal_authority=hold.legal_basis)
    kept.entry = ledger.append(
        actor,
        kind,
        item.subject,
        **kept.committed(item),
        hold=str(hold.uid),
        rows=committed_rows(item, [hold]),
        **facts,
    )
    kept.save()


@transaction.atomic
def move_item(actor: Actor, item: Item, *, holder: str, place: str, purpose: str) -> None:
    """Record that the carrier of an item passed to another holder or place inside the authority.

    holder: who has it now; place: where. The bytes in the vault stay where they are.
    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.too_long" |
    "evidence.item_erased").
    """
    require(actor, Act.ADD_ITEM)
    item = locked(actor, item)
    stated = plain_words(holder=holder, place=place, purpose=purpose)
    moved = custody_of(
        actor,
        item,
        CustodyEvent.MOVED,
        counterparty=stated["holder"],
        place=stated["place"],
        purpose=stated["purpose"],
        digest_before=item.sha256,
        digest_after=item.sha256,
    )
    moved.entry = ledger.append(actor, "evidence.item_moved", item.subject, **moved.committed(item))
    moved.save()


def locked(actor: Actor, item: Item) -> Item:
    """Return the item, locked until the transaction ends.

    Raises NotVisible, Refused("evidence.item_erased").
    """
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    row = Item.objects.select_for_update().get(pk=item.pk)
    require_kept(row)
    return row


_AT_MOST = {
    "reason": REASON_AT_MOST,
    "legal_basis": BASIS_AT_MOST,
    "holder": HOLDER_AT_MOST,
    "place": 200,
    "purpose": 200,
}


def plain_words(**stated: str) -> dict[str, Any]:
    """Return what was stated as plain lines.

    Raises Incomplete("evidence.incomplete"), Refused("evidence.too_long").
    """
    plain = {name: plain_line(text) for name, text in stated.items()}
    missing = [name for name, text in plain.items() if not text]
    if missing:
        raise Incomplete("evidence.incomplete", missing=missing)
    for name, text in plain.items():
        if len(text) > _AT_MOST[name]:
            raise Refused("evidence.too_long", field=name)
    return plain


def digest_of(reason: str) -> str:
    """SHA-256 (hex) of an officer's reason, as entries commit to it."""
    return canonical.digest_hex({"reason": reason})
