"""What the ledger's examination asks of evidence: does each custody record fit its entry?"""

from __future__ import annotations

from collections.abc import Iterator

from comity.core.errors import ProofError
from comity.evidence.models import CustodyRecord


def custody_findings() -> Iterator[ProofError]:
    """Yield each custody record that is not what its entry committed to, one row at a time."""
    records = CustodyRecord.objects.select_related("entry__committed").order_by("pk")
    for record in records.iterator(chunk_size=2_000):
        if not record.matches_entry:
            yield ProofError("ledger.custody_changed", record=record.pk)
