"""The verbs on items of evidence."""

from comity.evidence.actions._package_files import left_packages, sweep_packages
from comity.evidence.actions.bulk import Incoming, Shared, ingest_many, taken_already
from comity.evidence.actions.conditions import (
    attach_condition,
    confirm_use,
    require_look,
    require_use,
    require_use_in_case,
    set_last_day,
)
from comity.evidence.actions.custody import CustodyCheck, check_custody
from comity.evidence.actions.departures import undo_disclosures
from comity.evidence.actions.deriving import Making, derive
from comity.evidence.actions.erasing import (
    execute_erasure,
    is_needed,
    order_erasure,
    reject_erasure,
)
from comity.evidence.actions.holding import lift_hold, move_item, place_hold
from comity.evidence.actions.intake import Acquisition, Holder, ingest, ingest_stored
from comity.evidence.actions.opening import (
    note_damage,
    open_item,
    read_item,
    read_opened,
    record_list,
    record_look,
    verify_item,
)
from comity.evidence.actions.packages import Handover, export_package, messages_about
from comity.evidence.actions.release import (
    Basis,
    acknowledge_disclosures,
    grant_release,
    narrow_release,
    record_disclosure,
    require_release,
    share_item,
    withdraw_release,
)
from comity.evidence.actions.reporting import report_custody

__all__ = [
    "Acquisition",
    "Basis",
    "CustodyCheck",
    "Handover",
    "Holder",
    "Incoming",
    "Making",
    "Shared",
    "acknowledge_disclosures",
    "attach_condition",
    "check_custody",
    "confirm_use",
    "derive",
    "execute_erasure",
    "export_package",
    "grant_release",
    "ingest",
    "ingest_many",
    "ingest_stored",
    "is_needed",
    "left_packages",
    "lift_hold",
    "messages_about",
    "move_item",
    "narrow_release",
    "note_damage",
    "open_item",
    "order_erasure",
    "place_hold",
    "read_item",
    "read_opened",
    "record_disclosure",
    "record_list",
    "record_look",
    "reject_erasure",
    "report_custody",
    "require_look",
    "require_release",
    "require_use",
    "require_use_in_case",
    "set_last_day",
    "share_item",
    "sweep_packages",
    "taken_already",
    "undo_disclosures",
    "verify_item",
    "withdraw_release",
]
