"""Erasing an item under four eyes: one officer orders, another carries it out; a hold forbids both.

The ledger is not touched: its entries hold salted digests, and every proof still verifies.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core.access import Act, require
from comity.core.errors import NotAllowed, Refused, WrongState
from comity.evidence.actions.custody import compare
from comity.evidence.actions.holding import digest_of, locked, plain_words
from comity.evidence.models import (
    Derivation,
    ErasureOrder,
    Fingerprint,
    Item,
    Likeness,
    committed_rows,
    custody_of,
    holds_on,
    lifted_a_hold,
    line_of,
    may_carry_out,
    new_salt,
    rows_beside,
    teams_digest,
    words_digest,
)
from comity.evidence.rules import CustodyEvent, ErasureState
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import actions as vault
from comity.vault.models import StoredFile

NO_TITLE = "–"
_PLAIN_DETAIL = ("index", "size", "from_ms", "to_ms", "from_page", "to_page", "copied")


def order_erasure(actor: Officer, item: Item, *, legal_basis: str, reason: str) -> ErasureOrder:
    """Order that an item is erased; nothing is, before another officer carries it out.

    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.too_long" |
    "evidence.item_erased" | "evidence.erasure_waits" | "evidence.lifted_its_hold"),
    Refused("evidence.under_hold"): that
    attempt is recorded.
    """
    require(actor, Act.ORDER_ERASURE)
    stated = plain_words(legal_basis=legal_basis, reason=reason)
    with transaction.atomic():
        found = locked(actor, item)
        _require_as_in_ledger(found)
        if lifted_a_hold(actor, found):
            raise Refused("evidence.lifted_its_hold", item=found.number)
        if not holds_on(found).exists():
            return _ordered(actor, found, stated)
        _refuse(actor, found, stated["legal_basis"])
    raise Refused("evidence.under_hold", item=item.number)


def _require_as_in_ledger(item: Item) -> None:
    """Let nothing be erased whose holds somebody may have deleted past the ledger.

    Raises Refused("evidence.rows_differ", item=number).
    """
    for one in Item.objects.filter(pk__in=line_of(item)):
        if compare(one).rows:
            raise Refused("evidence.rows_differ", item=one.number)


def _ordered(actor: Officer, item: Item, stated: dict[str, str]) -> ErasureOrder:
    try:
        with transaction.atomic():
            order = ErasureOrder.objects.create(item=item, ordered_by=actor, **stated)
    except IntegrityError as waiting:
        raise Refused("evidence.erasure_waits", item=item.number) from waiting
    _keep(
        actor,
        order,
        "evidence.erasure_ordered",
        CustodyEvent.ERASURE_ORDERED,
        reason_sha256=digest_of(stated["reason"]),
    )
    return order


def execute_erasure(actor: Officer, order: ErasureOrder) -> bool:
    """Erase the item as the second person, and return whether its key was destroyed.

    It is not, when another item, message or paper needs the same bytes: then this item alone is
    erased, and the file stays for the other. Copies made out of it are items of their own.
    Raises NotAllowed (also "evidence.not_second_person"), NotVisible,
    WrongState("evidence.erasure_decided"), Refused("evidence.item_erased"),
    Refused("evidence.under_hold"): that attempt is recorded.
    """
    require(actor, Act.EXECUTE_ERASURE)
    with transaction.atomic():
        item = locked(actor, order.item)
        row = _waiting(order)
        _require_as_in_ledger(item)
        if not may_carry_out(actor, row):
            raise NotAllowed("evidence.not_second_person", act=Act.EXECUTE_ERASURE)
        if not holds_on(item).exists():
            return _erase(actor, item, row)
        _refuse(actor, item, row.legal_basis)
    raise Refused("evidence.under_hold", item=order.item.number)


def _erase(actor: Officer, item: Item, order: ErasureOrder) -> bool:
    # Whoever takes in the same bytes at this moment waits here, and then finds them gone.
    file = StoredFile.objects.select_for_update(of=("self",)).get(pk=item.stored_file_id)
    now = timezone.now()
    teams = [f"{kind}:{record}" for kind, record in item.access.values_list("kind", "record")]
    order.file_destroyed = not is_needed(item)
    _decide(actor, order, ErasureState.EXECUTED)
    _blank(item, now)
    order.item = item
    _keep(
        actor,
        order,
        "evidence.item_erased",
        CustodyEvent.ERASED,
        ordered_by=order.ordered_by.actor_id,
        executed_by=actor.actor_id,
        key_destroyed=order.file_destroyed,
        file=file.subject,
        exports=vault.exports_with(file) if order.file_destroyed else [],
        erased_at=now.astimezone(UTC).isoformat(),
        words=words_digest(item),
        teams=teams_digest(item, teams),
        rows=committed_rows(item, rows_beside(item)),
    )
    if order.file_destroyed:
        vault.shred(actor, file)
    _forget(actor, item)
    return order.file_destroyed


def _blank(item: Item, now: datetime) -> None:
    """Take away what people called it, and the salt by which that could be guessed.

    The digest of its bytes stays: each custody record commits to it, and what left here before.
    """
    item.erased_at, item.title, item.original_name, item.salt = now, NO_TITLE, "", new_salt()
    item.save(update_fields=["erased_at", "title", "original_name", "salt"])
    for line in Derivation.objects.filter(item=item):
        line.detail = {name: line.detail[name] for name in _PLAIN_DETAIL if name in line.detail}
        line.reason = ""
        line.save(update_fields=["detail", "reason"])


def _forget(actor: Officer, item: Item) -> None:
    """What tools drew and read of an item says what it said: pictures, statements, likeness."""
    drawn = [row.stored_file for row in item.renditions.select_related("stored_file")]
    item.renditions.all().delete()
    for file in drawn:
        if vault.other_uses(file, apart_from=ErasureOrder) == 0:
            vault.shred(actor, file)
    item.examinations.all().delete()
    item.attestations.all().delete()
    item.text_jobs.filter(made=None).delete()
    Fingerprint.objects.filter(item=item).delete()
    Likeness.objects.filter(Q(first=item) | Q(second=item)).delete()


def exports_of_erased(item: Item) -> list[dict[str, str]]:
    """The exports of wrapped keys that held the key of an erased item, as its erasure names them.

    For a caller who has shown that they may see the item.
    """
    entry = Entry.objects.filter(subject=item.subject, kind="evidence.item_erased").first()
    kept = getattr(entry, "committed", None)
    return list(kept.as_mapping().get("exports", [])) if kept else []


def is_needed(item: Item) -> bool:
    """Say whether something else that lives points at the same stored bytes."""
    others = Item.objects.filter(stored_file=item.stored_file, erased_at=None)
    return (
        others.exclude(pk=item.pk).exists()
        or vault.other_uses(item.stored_file, apart_from=Item) > 0
    )


@transaction.atomic
def reject_erasure(actor: Officer, order: ErasureOrder) -> None:
    """End an order without effect: who ordered it withdraws it, or a second person rejects it.

    Raises NotAllowed (also "evidence.not_second_person"), NotVisible,
    WrongState("evidence.erasure_decided").
    """
    own = actor.pk == order.ordered_by_id
    require(actor, Act.ORDER_ERASURE if own else Act.EXECUTE_ERASURE)
    locked(actor, order.item)
    row = _waiting(order)
    if not own and not may_carry_out(actor, row):
        raise NotAllowed("evidence.not_second_person", act=Act.EXECUTE_ERASURE)
    _decide(actor, row, ErasureState.WITHDRAWN if own else ErasureState.REJECTED)
    _keep(actor, row, "evidence.erasure_refused", CustodyEvent.ERASURE_REFUSED)


def _waiting(order: ErasureOrder) -> ErasureOrder:
    rows = ErasureOrder.objects.select_for_update(of=("self",)).select_related("item", "ordered_by")
    row = fetch(rows, pk=order.pk)
    if row.state != ErasureState.WAITING:
        raise WrongState("evidence.erasure_decided")
    return row


def _decide(actor: Officer, order: ErasureOrder, state: ErasureState) -> None:
    order.state, order.decided_by, order.decided_at = state, actor, timezone.now()
    order.save(update_fields=["state", "decided_by", "decided_at", "file_destroyed"])


def _refuse(actor: Officer, item: Item, legal_basis: str) -> None:
    """Keep that somebody wanted an item erased that is under hold."""
    refused = custody_of(actor, item, CustodyEvent.ERASURE_REFUSED, legal_authority=legal_basis)
    refused.entry = ledger.append(
        actor,
        "evidence.erasure_refused",
        item.subject,
        **refused.committed(item),
        reason="evidence.under_hold",
        holds=[str(hold.uid) for hold in holds_on(item)],
    )
    refused.save()


def _keep(
    actor: Officer, order: ErasureOrder, kind: str, event: CustodyEvent, **facts: object
) -> None:
    item = order.item
    kept = custody_of(
        actor,
        item,
        event,
        legal_authority=order.legal_basis,
        digest_before=item.sha256,
        counterparty="" if actor.pk == order.ordered_by_id else order.ordered_by.actor_id,
    )
    kept.entry = ledger.append(
        actor,
        kind,
        item.subject,
        **kept.committed(item),
        order=str(order.uid),
        state=str(order.state),
        **({"rows": committed_rows(item, [order])} | facts),
    )
    kept.save()
