"""The words for the codes of the vault, and for the entries that it writes."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "vault.disk_full": _(
        "There is no room on the disk for this file. Nothing was stored. Tell the administrator, "
        "then try again."
    ),
    "vault.source_changed": _(
        "The file changed while it was being read, or not all of it arrived. Nothing was stored. "
        "Wait until nobody writes to it, then try again."
    ),
    "vault.not_a_regular_file": _(
        "This is a link, a folder or a device, not a file. Give the file itself."
    ),
    "vault.taken_in_too_long_ago": _(
        "The file waited too long to be recorded and was removed. Take it in again."
    ),
    "vault.too_large": _("The file is larger than this node takes. Tell the administrator."),
    "vault.upload_quota": _(
        "Too many of your uploads are unfinished. Finish them or throw them away, then try again."
    ),
    "vault.upload_offset": _("The upload stands at another place. Ask where, then go on there."),
    "vault.upload_overtaken": _("The same upload goes on in another window. Nothing is lost."),
    "vault.upload_gone": _("This upload is over or was thrown away. Begin again."),
    "vault.upload_checksum": _("A piece was damaged on its way. Send it again."),
    "vault.upload_unfinished": _("Not all of the file has arrived. Let the upload end first."),
    "vault.upload_gap": _("A part of the upload is gone. Send the file again."),
    "vault.object_missing": _(
        "The stored file is gone. It must be restored from a copy of the vault."
    ),
    "vaultfile.stored_digest_mismatch": _("The stored bytes are not those that were written."),
    "vault.key_destroyed": _("The key of this file was destroyed. Nobody can open it again."),
    "Entry.vault.key_destroyed": _("Key of a stored file destroyed"),
    "vault.store_away": _(
        "The store that holds this file does not answer. Nothing is lost; try again in some "
        "minutes, then tell the administrator."
    ),
    "Entry.vault.object_repaired": _("Damaged stored file repaired from the replica"),
    "Entry.vault.replica_damaged": _("Copy of a stored file found damaged"),
    "Entry.vault.replica_repaired": _("Damaged copy of a stored file written anew"),
    "Entry.vault.replica_checked": _("Copies of stored files re-hashed"),
    "Entry.vault.leftovers_removed": _("Copies of replaced stored files removed"),
    "Entry.vault.objects_copied": _("Stored files copied to another store"),
    "escrow.shares_do_not_fit": _(
        "These word lists do not fit together. Look for a word that was misread, and whether all "
        "lists were made with this file; fewer than were agreed open nothing."
    ),
    "escrow.bundle_not_opened": _("The word lists fit together, but open another file than this."),
    "escrow.other_keys": _(
        "The file opens, but holds other keys than this node’s. Make a new one now."
    ),
    "Entry.vault.keys_escrowed": _("Root keys sealed for several officers"),
    "Entry.vault.escrow_drilled": _("Escrow of the root keys tried: it opens"),
    "Entry.vault.escrow_drill_failed": _("Escrow of the root keys tried: it does not open"),
    "Entry.vault.keys_exported": _("Wrapped keys written for the backup"),
    "Entry.vault.object_damaged": _("Stored file found damaged"),
    "Entry.vault.object_replaced": _("Lost stored file replaced by the same bytes, received again"),
    "Entry.vault.objects_checked": _("Stored files re-hashed"),
    "Entry.vault.upload_begun": _("Upload begun"),
    "Entry.vault.upload_dropped": _("Upload thrown away by the officer before it became an item"),
    "Entry.vault.upload_expired": _("Upload removed, its time was over"),
    "Entry.vault.orphans_swept": _("Files of stopped intakes removed"),
}
