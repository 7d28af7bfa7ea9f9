"""The verbs on items of evidence."""

from comity.evidence.actions.intake import Acquisition, Holder, ingest, ingest_stored
from comity.evidence.actions.opening import (
    note_damage,
    open_item,
    read_item,
    read_opened,
    record_look,
    verify_item,
)
from comity.evidence.actions.packages import export_package, messages_about
from comity.evidence.actions.release import (
    Basis,
    acknowledge_disclosures,
    attach_condition,
    grant_release,
    record_disclosure,
    require_release,
    require_use,
    share_item,
    withdraw_release,
)

__all__ = [
    "Acquisition",
    "Basis",
    "Holder",
    "acknowledge_disclosures",
    "attach_condition",
    "export_package",
    "grant_release",
    "ingest",
    "ingest_stored",
    "messages_about",
    "note_damage",
    "open_item",
    "read_item",
    "read_opened",
    "record_disclosure",
    "record_look",
    "require_release",
    "require_use",
    "share_item",
    "verify_item",
    "withdraw_release",
]
