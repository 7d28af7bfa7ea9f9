"""Recomputing an item's custody: each record against its entry, each entry against its leaf."""

from __future__ import annotations

from dataclasses import dataclass

from comity.accounts.models import fetch
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.merkle import leaf_hash
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


@dataclass(frozen=True)
class CustodyCheck:
    """What was found. held: records that are what their entries committed to, and those entries.

    altered: keys of records that are not. removed: entries whose record is gone.
    """

    held: int
    altered: tuple[int, ...]
    removed: tuple[Entry, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was changed and nothing taken away."""
        return not self.altered and not self.removed


def check_custody(actor: Actor, item: Item) -> CustodyCheck:
    """Recompute the digest of every custody record of an item and compare it with the ledger.

    The entry must commit to the details that hold the digest, be about this item, and have the leaf
    of its bytes; that the leaf is in the signed tree is what `comity verify_ledger` shows.
    Raises NotAllowed, NotVisible.
    """
    require(actor, Act.SEE_ITEMS)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    return compare(item)


def compare(item: Item) -> CustodyCheck:
    """Recompute as `check_custody`, for a caller who has shown that they may."""
    records = item.custody.select_related("entry__committed").order_by("pk")
    altered = tuple(record.pk for record in records if not _holds(record, item))
    orphans = Entry.objects.filter(
        subject=item.subject, kind__in=RECORDED_KINDS, custody_record=None
    )
    return CustodyCheck(len(records) - len(altered), altered, tuple(orphans.order_by("pk")))


def _holds(record: CustodyRecord, item: Item) -> bool:
    entry = record.entry
    if entry is None or not record.matches_entry or entry.subject != item.subject:
        return False
    body = bytes(entry.body)
    stated = canonical.decode(body)
    return (
        isinstance(stated, dict)
        and stated.get("commitment") == entry.committed.commitment_hex
        and stated.get("subject") == entry.subject
        and stated.get("kind") == entry.kind
        and (entry.index is None or bytes(entry.leaf_hash or b"") == leaf_hash(body))
    )
