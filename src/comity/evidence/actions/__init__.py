"""The verbs on items of evidence."""

from comity.evidence.actions._package_files import left_packages, sweep_packages
from comity.evidence.actions.attesting import read_attestations
from comity.evidence.actions.bulk import Incoming, Shared, ingest_many, note_refused, taken_already
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
from comity.evidence.actions.expanding import (
    ask_expansion,
    expand,
    expansions_due,
    give_up_expansion,
    list_members,
    members_of,
)
from comity.evidence.actions.handling import Happened, record_handling
from comity.evidence.actions.intake import Acquisition, Holder, ingest, ingest_stored
from comity.evidence.actions.likening import (
    compare_fingerprints,
    dismiss_likeness,
    make_fingerprint,
    uncompared,
    unprinted,
)
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
from comity.evidence.actions.redacting import (
    Phrase,
    Region,
    Stretch,
    excerpt,
    page_picture,
    redact,
)
from comity.evidence.actions.release import (
    Basis,
    acknowledge_disclosures,
    grant_release,
    narrow_release,
    record_disclosure,
    require_release,
    scopes_of,
    share_item,
    withdraw_release,
)
from comity.evidence.actions.reporting import report_custody

__all__ = [
    "Acquisition",
    "Basis",
    "CustodyCheck",
    "Handover",
    "Happened",
    "Holder",
    "Incoming",
    "Making",
    "Phrase",
    "Region",
    "Shared",
    "Stretch",
    "acknowledge_disclosures",
    "ask_expansion",
    "attach_condition",
    "check_custody",
    "compare_fingerprints",
    "confirm_use",
    "derive",
    "dismiss_likeness",
    "excerpt",
    "expand",
    "expansions_due",
    "export_package",
    "give_up_expansion",
    "grant_release",
    "ingest",
    "ingest_many",
    "ingest_stored",
    "left_packages",
    "list_members",
    "make_fingerprint",
    "members_of",
    "messages_about",
    "narrow_release",
    "note_damage",
    "note_refused",
    "open_item",
    "page_picture",
    "read_attestations",
    "read_item",
    "read_opened",
    "record_disclosure",
    "record_handling",
    "record_list",
    "record_look",
    "redact",
    "report_custody",
    "require_look",
    "require_release",
    "require_use",
    "require_use_in_case",
    "scopes_of",
    "set_last_day",
    "share_item",
    "sweep_packages",
    "taken_already",
    "uncompared",
    "undo_disclosures",
    "unprinted",
    "verify_item",
    "withdraw_release",
]
