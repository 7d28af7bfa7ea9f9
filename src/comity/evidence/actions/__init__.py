"""The verbs on evidence, in one place for the apps above."""

from comity.evidence.actions.items import (
    Acquisition,
    Holder,
    attach_condition,
    ingest,
    ingest_stored,
    open_item,
    read_item,
    record_look,
    require_use,
    share_item,
    verify_item,
)
from comity.evidence.actions.releases import (
    Basis,
    acknowledge_disclosures,
    grant_release,
    record_disclosure,
    require_release,
    withdraw_release,
)

__all__ = [
    "Acquisition",
    "Basis",
    "Holder",
    "acknowledge_disclosures",
    "attach_condition",
    "grant_release",
    "ingest",
    "ingest_stored",
    "open_item",
    "read_item",
    "record_disclosure",
    "record_look",
    "require_release",
    "require_use",
    "share_item",
    "verify_item",
    "withdraw_release",
]
