"""What the ledger's examination asks besides: custody records, and the head signed last."""

from __future__ import annotations

from collections.abc import Iterator

from comity.core.errors import ProofError
from comity.evidence.models import CustodyRecord
from comity.ledger import actions as ledger


def custody_findings() -> Iterator[ProofError]:
    """Yield each custody record that is not what its entry committed to, one row at a time."""
    records = CustodyRecord.objects.select_related("entry__committed").order_by("pk")
    for record in records.iterator(chunk_size=2_000):
        if not record.matches_entry:
            yield ProofError("ledger.custody_changed", record=record.pk)


def head_findings() -> Iterator[ProofError]:
    """Yield why nothing is signed any more, if the tree is not the one signed last."""
    found = ledger.head_trouble()
    if found:
        yield ProofError(found.code, locked=found.locked_size, size=found.size)
