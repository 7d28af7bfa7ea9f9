"""What the ledger's examination asks besides: rows of evidence, and the head signed last."""

from __future__ import annotations

from collections.abc import Iterator

from comity.core.errors import ProofError
from comity.evidence.actions.custody import compare_each, items_gone
from comity.evidence.models import Item
from comity.ledger import actions as ledger
from comity.ui.labels import label


def custody_findings() -> Iterator[ProofError]:
    """Yield each custody record and each row of evidence that is not what the ledger says."""
    for item, found in compare_each(Item.objects.all()):
        for record in found.altered:
            yield ProofError("ledger.custody_changed", record=record)
        for entry in found.removed:
            yield ProofError("ledger.custody_removed", item=item.number, entry=entry.number)
        for row in found.rows:
            what = label(row.what, "Protected")
            yield ProofError(f"ledger.row_{row.state}", item=item.number, row=what, key=row.name)
    for subject in items_gone():
        yield ProofError("ledger.item_gone", subject=subject)


def head_findings() -> Iterator[ProofError]:
    """Yield why nothing is signed any more, if the tree is not the one signed last."""
    found = ledger.head_trouble()
    if found:
        yield ProofError(found.code, locked=found.locked_size, size=found.size)
