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
from comity.evidence.actions.examining import (
    examination_is_due,
    examine,
    examine_due,
    failed_examinations,
    look_again,
)
from comity.evidence.actions.exposure import (
    Exposure,
    colleagues_of,
    exposure_of,
    mark_distressing,
    set_exposure_limit,
    unmark_distressing,
)
from comity.evidence.actions.intake import Acquisition, Holder, ingest, ingest_stored
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
    "Holder",
    "Incoming",
    "Making",
    "Shared",
    "acknowledge_disclosures",
    "add_transcript",
    "ask_for_text",
    "attach_condition",
    "check_custody",
    "colleagues_of",
    "confirm_use",
    "derive",
    "examination_is_due",
    "examine",
    "examine_due",
    "export_package",
    "exposure_of",
    "failed_examinations",
    "grant_release",
    "ingest",
    "ingest_many",
    "ingest_stored",
    "left_packages",
    "look_again",
    "make_due_texts",
    "mark_distressing",
    "messages_about",
    "narrow_release",
    "note_damage",
    "open_item",
    "read_item",
    "read_opened",
    "read_picture",
    "recognise_text",
    "record_disclosure",
    "record_list",
    "record_look",
    "require_look",
    "require_release",
    "require_use",
    "require_use_in_case",
    "set_exposure_limit",
    "set_last_day",
    "share_item",
    "sweep_packages",
    "taken_already",
    "text_is_due",
    "undo_disclosures",
    "unmark_distressing",
    "verify_item",
    "ways_to_write",
    "withdraw_release",
]
