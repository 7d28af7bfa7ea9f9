"""The words for the codes of the ledger, and for the kinds of entries that every node writes."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "ledger.no_such_size": _(
        "No checkpoint of the ledger has this number of entries yet. Type the second line of the "
        "checkpoint that you kept."
    ),
    "ledger.head_ahead": _(
        "The ledger in the database is older than the checkpoint signed last: it has {size} "
        "entries, {locked} were signed. Nothing is signed until that is settled. Was an old copy "
        "restored? Then restore the newest."
    ),
    "ledger.head_differs": _(
        "The ledger in the database is not the one that was signed last. Nothing is signed until "
        "that is settled. Tell the auditor and change nothing."
    ),
    "ledger.head_unreadable": _(
        "The file with the checkpoint signed last cannot be read, or another key signed it. "
        "Nothing is signed until that is settled."
    ),
    "ledger.head_sound": _("The ledger is the one that was signed last. Nothing is to be settled."),
    "ledger.epoch_reason_missing": _("Say why the ledger goes on from here. It stands in it."),
    "ledger.epoch_too_long": _("The reason is too long. Shorten it."),
    "ledger.epoch_proposed_already": _("This is proposed already and waits for another officer."),
    "ledger.epoch_outdated": _("The ledger has changed since this was proposed. Propose it anew."),
    "ledger.not_second_person": _("Another officer confirms it than the one who proposed it."),
    "Entry.ledger.head_lock_made": _("File with the last signed checkpoint made"),
    "Entry.ledger.epoch_proposed": _("New epoch of the ledger proposed"),
    "Entry.ledger.epoch_opened": _("New epoch of the ledger opened"),
    "Part.list.ledger": _("the list of entries in the ledger"),
    "Part.ledger": _("an entry in the ledger"),
    "ledger.pending": _(
        "The entry has no number yet. It gets one within seconds; load the page again."
    ),
    "ledger": _("The ledger does not hold together. Tell the auditor now; change nothing."),
    "ledger.entry_changed": _("Entry {index} is not as it was numbered."),
    "ledger.details_changed": _("The details of entry {index} are not those it commits to."),
    "ledger.details_missing": _(
        "The details of entry {index} are gone, and no erasure is recorded."
    ),
    "ledger.entries_missing": _("Entries {first} to {last} are missing."),
    "ledger.entries_unsigned": _(
        "Entries from {first} on are numbered, but no checkpoint is signed."
    ),
    "ledger.root_differs": _("The root of checkpoint {size} does not follow from the entries."),
    "ledger.tiles_differ": _("Tile {level}/{index} does not follow from the entries."),
    "ledger.checkpoint_unsigned": _("The signature of checkpoint {size} does not hold."),
    "ledger.checkpoint_changed": _("Checkpoint {size} is not the one that was signed."),
    "ledger.token_for_other_bytes": _(
        "The time-stamp kept with checkpoint {size} is over other bytes."
    ),
    "ledger.token_changed": _(
        "The time kept with the time-stamp of checkpoint {size} is not its own."
    ),
    "renewal": _("The renewal of a time-stamp does not hold."),
    "ledger.renewal_changed": _("A renewal of the time-stamps of checkpoint {size} does not hold."),
    "ledger.clock_wrong": _(
        "The clock of this node cannot be right: it lies behind or ahead of times that are proven. "
        "Nothing is sealed until whoever runs the node has set it."
    ),
    "Entry.ledger.clock_jumped": _("The node’s clock was set back"),
    "ledger.nothing_to_renew": _("The ledger has no time-stamp yet that could be renewed."),
    "ledger.no_renewal": _(
        "No time-stamp authority gave a stamp that lasts longer than those that the ledger has. "
        "Look at COMITY_TSA_URLS and COMITY_TSA_ROOTS, then try again."
    ),
    "ledger.pending_too_long": _(
        "{count} entries wait for their number since {since}. Is the worker running?"
    ),
    "ledger.custody_removed": _("The custody record of entry {entry}, of {item}, is gone."),
    "ledger.row_gone": _("Deleted from the database past the ledger, of {item}: {row} ({key})."),
    "ledger.row_added": _("Added to the database past the ledger, to {item}: {row} ({key})."),
    "ledger.row_changed": _("Changed in the database past the ledger, of {item}: {row} ({key})."),
    "ledger.item_gone": _("An item that was taken in is gone from the database: {subject}."),
    "ledger.custody_changed": _(
        "Custody record {record} is not the one that its entry commits to."
    ),
    "Entry.access.looked": _("Looked at protected content"),
    "Entry.access.refused": _("Was refused"),
    "Entry.accounts.signed_in": _("Signed in"),
    "Entry.accounts.confirmed_again": _("Second step given again"),
    "Entry.accounts.sign_in_failed": _("Sign-in failed"),
    "Entry.accounts.officer_added": _("Officer added"),
    "Entry.accounts.officer_deactivated": _("Officer deactivated"),
    "Entry.accounts.change_proposed": _("Change of officers proposed"),
    "Entry.accounts.change_rejected": _("Change of officers rejected"),
    "Entry.accounts.change_withdrawn": _("Change of officers withdrawn"),
    "Entry.accounts.invited_anew": _("New way in given"),
    "Entry.accounts.invitation_taken_up": _("Invitation taken up"),
    "Entry.accounts.password_changed": _("Password changed"),
    "Entry.accounts.factor_added": _("Second step added"),
    "Entry.accounts.factor_removed": _("Second step removed"),
    "Entry.accounts.roles_set": _("Roles set"),
    "Entry.accounts.team_joined": _("Joined a team"),
    "Entry.accounts.team_left": _("Left a team"),
    "Entry.accounts.glass_broken": _("Opened in an emergency"),
    "Entry.accounts.glass_reviewed": _("Emergency opening reviewed"),
}
