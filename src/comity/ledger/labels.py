"""The words for the codes of the ledger, and for the kinds of entries that every node writes."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "ledger.pending": _(
        "The entry has no number yet. It gets one within seconds; load the page again."
    ),
    "ledger": _("The ledger does not hold together. Tell the auditor now; change nothing."),
    "Entry.access.looked": _("Looked at protected content"),
    "Entry.access.refused": _("Was refused"),
    "Entry.accounts.signed_in": _("Signed in"),
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
