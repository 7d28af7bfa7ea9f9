"""The words for the codes of the accounts app."""

from typing import Any

from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "accounts.incompatible_roles": _("One person may not hold these roles together: {roles}."),
    "accounts.email_taken": _("Another officer signs in with this address. Give another one."),
    "accounts.weak_password": _("Choose a stronger password."),
    "accounts.own_roles": _("Nobody changes their own roles. Ask another administrator."),
    "accounts.needs_two": _(
        "One person alone may not do this. Propose it; a second person confirms it."
    ),
    "accounts.not_second_person": _(
        "Another administrator confirms this: neither who proposed it nor whom it is about."
    ),
    "accounts.already_proposed": _(
        "This is proposed already and waits for a second person. Withdraw it first to change it."
    ),
    "accounts.proposal_decided": _("Somebody has decided this already."),
    "accounts.proposer_gone": _(
        "Whoever proposed this is no administrator any more. Propose it anew."
    ),
    "accounts.roles_changed": _(
        "The roles have changed since this was proposed. Reject it and propose it anew."
    ),
    "accounts.officer_gone": _("This officer no longer signs in here."),
    "accounts.no_invitation": _(
        "Address and codes do not open anything. They count once and for three days: check what "
        "you typed, or ask the administrator for a new way in."
    ),
    "accounts.not_in_team": _("Only a member of the team lets others in."),
    "accounts.reason_too_short": _(
        "Write in a sentence why you must open the record now; a supervisor reads it."
    ),
    "accounts.own_glass": _("Another supervisor reviews your own emergency opening."),
    "accounts.glass_reviewed": _("This emergency opening has been reviewed already."),
    "access.not_visible": _(
        "There is no such thing here, or it is not yours to see. The attempt was recorded."
    ),
    "ProposalKind.new_officer": _("New officer"),
    "ProposalKind.roles": _("Other roles"),
    "ProposalKind.new_way_in": _("New way in"),
    "ProposalState.waiting": _("Waits for a second person"),
    "ProposalState.confirmed": _("Confirmed"),
    "ProposalState.rejected": _("Rejected"),
    "ProposalState.withdrawn": _("Withdrawn"),
    "Part.list.letters": _("the list of letters"),
    "Part.officer": _("an officer’s roles"),
    "Part.proposal": _("a proposed change of officers"),
    "Part.team": _("the team of a record"),
    "Part.reason": _("the reason for an emergency opening"),
    "Finding.justified": _("justified"),
    "Finding.not_justified": _("not justified"),
}
