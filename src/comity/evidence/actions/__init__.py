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
from comity.evidence.actions.erasing import (
    execute_erasure,
    exports_of_erased,
    is_needed,
    order_erasure,
    reject_erasure,
)
from comity.evidence.actions.erasing_trees import (
    Progress,
    execute_erasure_of_tree,
    living_tree,
    order_erasure_of_tree,
    orders_in_tree,
)
from comity.evidence.actions.examining import examine
from comity.evidence.actions.expanding import (
    ask_expansion,
    expand,
    expansions_due,
    give_up_expansion,
    list_members,
    members_of,
)
from comity.evidence.actions.exposure import (
    Exposure,
    colleagues_of,
    exposure_of,
    mark_distressing,
    set_exposure_limit,
    unmark_distressing,
)
from comity.evidence.actions.handling import Happened, record_handling
from comity.evidence.actions.holding import lift_hold, move_item, place_hold
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
    read_picture,
    record_list,
    record_look,
    verify_item,
)
from comity.evidence.actions.packages import (
    Handover,
    export_package,
    items_of_proceeding,
    messages_about,
)
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
from comity.evidence.actions.turns import (
    examination_is_due,
    examine_due,
    failed_examinations,
    look_again,
)
from comity.evidence.actions.writing import (
    add_transcript,
    ask_for_text,
    make_due_texts,
    recognise_text,
    text_is_due,
    ways_to_write,
)

__all__ = [
    "Acquisition",
    "Basis",
    "CustodyCheck",
    "Exposure",
    "Handover",
    "Happened",
    "Holder",
    "Incoming",
    "Making",
    "Phrase",
    "Progress",
    "Region",
    "Shared",
    "Stretch",
    "acknowledge_disclosures",
    "add_transcript",
    "ask_expansion",
    "ask_for_text",
    "attach_condition",
    "check_custody",
    "colleagues_of",
    "compare_fingerprints",
    "confirm_use",
    "derive",
    "dismiss_likeness",
    "examination_is_due",
    "examine",
    "examine_due",
    "excerpt",
    "execute_erasure",
    "execute_erasure_of_tree",
    "expand",
    "expansions_due",
    "export_package",
    "exports_of_erased",
    "exposure_of",
    "failed_examinations",
    "give_up_expansion",
    "grant_release",
    "ingest",
    "ingest_many",
    "ingest_stored",
    "is_needed",
    "items_of_proceeding",
    "left_packages",
    "lift_hold",
    "list_members",
    "living_tree",
    "look_again",
    "make_due_texts",
    "make_fingerprint",
    "mark_distressing",
    "members_of",
    "messages_about",
    "move_item",
    "narrow_release",
    "note_damage",
    "note_refused",
    "open_item",
    "order_erasure",
    "order_erasure_of_tree",
    "orders_in_tree",
    "page_picture",
    "place_hold",
    "read_attestations",
    "read_item",
    "read_opened",
    "read_picture",
    "recognise_text",
    "record_disclosure",
    "record_handling",
    "record_list",
    "record_look",
    "redact",
    "reject_erasure",
    "report_custody",
    "require_look",
    "require_release",
    "require_use",
    "require_use_in_case",
    "scopes_of",
    "set_exposure_limit",
    "set_last_day",
    "share_item",
    "sweep_packages",
    "taken_already",
    "text_is_due",
    "uncompared",
    "undo_disclosures",
    "unmark_distressing",
    "unprinted",
    "verify_item",
    "ways_to_write",
    "withdraw_release",
]
