"""Recomputing an item's custody: each record against its entry, each entry against its leaf.

And each row beside it against what its entries committed to: see `protected`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.evidence.actions import protected
from comity.evidence.actions.protected import Differing, Said
from comity.evidence.models import CustodyRecord, Item
from comity.ledger.models import Entry

# Every kind of entry that is written with a custody record beside it.
RECORDED_KINDS = frozenset(
    f"evidence.{name}"
    for name in (
        "item_received", "item_ingested", "item_opened", "item_verified", "item_damaged",
        "item_shared", "item_exported", "item_disclosed", "disclosure_acknowledged",
        "disclosure_undone", "item_derived", "condition_attached", "use_confirmed", "last_day_set",
        "item_handed_over", "item_returned", "item_copied", "seal_checked", "item_moved",
        "hold_set", "hold_lifted", "erasure_ordered", "erasure_refused", "item_erased",
    )
)  # fmt: skip
ITEMS_AT_ONCE = 300
SUBJECTS_AT_ONCE = 500
LOOKED_AGAIN = 2


@dataclass(frozen=True)
class CustodyCheck:
    """What was found. held: records that are what their entries committed to, and those entries.

    altered: keys of records that are not. removed: entries whose record is gone. rows: of the item
    and beside it, that are not what the ledger says.
    """

    held: int
    altered: tuple[int, ...]
    removed: tuple[Entry, ...]
    rows: tuple[Differing, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing was changed, added or taken away."""
        return not (self.altered or self.removed or self.rows)


def check_custody(actor: Actor, item: Item) -> CustodyCheck:
    """Recompute the digest of every custody record of an item and compare it with the ledger.

    The entry must commit to the details that hold the digest, be about this item, and have the leaf
    of its bytes; that the leaf is in the signed tree is what `comity verify_ledger` shows. The
    item's own row, its teams, holds, conditions, releases, disclosures, line and orders likewise.
    Raises NotAllowed, NotVisible.
    """
    require(actor, Act.SEE_ITEMS)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    return compare(item)


def compare(item: Item) -> CustodyCheck:
    """Recompute as `check_custody`, for a caller who has shown that they may."""
    return _compare_all([Item.objects.select_related("stored_file").get(pk=item.pk)])[item.pk]


def compare_each(items: QuerySet[Item]) -> Iterator[tuple[Item, CustodyCheck]]:
    """Yield each of many items with what `compare` finds, in order of their keys.

    Some questions to the database for hundreds of items; memory does not grow with their number. An
    item that somebody works on meanwhile is looked at again before it is called wrong.
    """
    last = 0
    while True:
        rows = items.order_by("pk").filter(pk__gt=last).select_related("stored_file")
        some = list(rows[:ITEMS_AT_ONCE])
        if not some:
            return
        last = some[-1].pk
        found = _compare_all(some)
        for item in some:
            check = found[item.pk]
            for _ in range(LOOKED_AGAIN):
                check = check if check.holds else compare(item)
            yield item, check


def items_gone() -> Iterator[str]:
    """Yield the subject of each item that the ledger saw taken in and that is not there."""
    rows = Entry.objects.filter(kind=protected.INGESTED).order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last).values_list("pk", "subject")[:SUBJECTS_AT_ONCE]):
        last = some[-1][0]
        uids = {subject.removeprefix("item:"): subject for _, subject in some}
        there = {
            str(uid) for uid in Item.objects.filter(uid__in=uids).values_list("uid", flat=True)
        }
        yield from (subject for uid, subject in uids.items() if uid not in there)


def _compare_all(items: Sequence[Item]) -> dict[int, CustodyCheck]:
    said = _said(items)
    records: dict[int, list[CustodyRecord]] = defaultdict(list)
    for record in CustodyRecord.objects.filter(item__in=items).order_by("pk"):
        records[record.item_id].append(record)
    rows = protected.differing(items, said)
    return {
        item.pk: _check(records[item.pk], said.get(item.subject, ()), rows[item.pk])
        for item in items
    }


def _said(items: Sequence[Item]) -> dict[str, list[Said]]:
    """What the entries about these items say, by subject, in the order of the ledger."""
    kinds = RECORDED_KINDS | protected.OTHER_KINDS
    rows = Entry.objects.filter(subject__in=[item.subject for item in items], kind__in=kinds)
    found: dict[str, list[Said]] = defaultdict(list)
    for entry in rows.select_related("committed").order_by("pk"):
        found[entry.subject].append(Said(entry, protected.sound_details(entry)))
    return found


def _check(
    records: Sequence[CustodyRecord], said: Sequence[Said], rows: Sequence[Differing]
) -> CustodyCheck:
    digests = {
        one.entry.pk: None if one.details is None else one.details.get("record") for one in said
    }
    altered = tuple(
        record.pk
        for record in records
        if digests.get(record.entry_id or 0) != record.record_digest()
    )
    with_record = {record.entry_id for record in records}
    removed = tuple(
        one.entry
        for one in said
        if one.entry.kind in RECORDED_KINDS and one.entry.pk not in with_record
    )
    return CustodyCheck(len(records) - len(altered), altered, removed, tuple(rows))
