"""The words for the codes of the accounts app."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "accounts.incompatible_roles": _("One person may not hold these roles together: {roles}."),
    "accounts.email_taken": _("Another officer signs in with this address. Give another one."),
    "accounts.weak_password": _("Choose a stronger password."),
    "accounts.own_roles": _("Nobody changes their own roles. Ask another administrator."),
    "accounts.not_in_team": _("Only a member of the team lets others in."),
    "accounts.reason_too_short": _(
        "Write in a sentence why you must open the record now; a supervisor reads it."
    ),
    "accounts.own_glass": _("Another supervisor reviews your own emergency opening."),
    "accounts.glass_reviewed": _("This emergency opening has been reviewed already."),
    "access.not_visible": _(
        "There is no such thing here, or it is not yours to see. The attempt was recorded."
    ),
    "Finding.justified": _("justified"),
    "Finding.not_justified": _("not justified"),
}
