"""The verbs on officers, roles, ways in, teams and emergency access."""

from comity.accounts.actions.invitations import invite_anew, take_up_invitation
from comity.accounts.actions.officers import add_officer, deactivate_officer, narrow_roles
from comity.accounts.actions.proposals import (
    Card,
    confirm_proposal,
    propose_new_way_in,
    propose_officer,
    propose_roles,
    reject_proposal,
)
from comity.accounts.actions.signing_in import (
    Credentials,
    credentials_of,
    record_credentials,
    record_failed_sign_in,
    record_look,
    record_refusal,
    record_second_step,
    record_sign_in,
)
from comity.accounts.actions.teams import (
    GLASS_LASTS,
    LEAST_REASON_CHARACTERS,
    add_to_team,
    break_glass,
    end_expired,
    found_team,
    is_member,
    require_reason,
    review_break_glass,
)

__all__ = [
    "GLASS_LASTS",
    "LEAST_REASON_CHARACTERS",
    "Card",
    "Credentials",
    "add_officer",
    "add_to_team",
    "break_glass",
    "confirm_proposal",
    "credentials_of",
    "deactivate_officer",
    "end_expired",
    "found_team",
    "invite_anew",
    "is_member",
    "narrow_roles",
    "propose_new_way_in",
    "propose_officer",
    "propose_roles",
    "record_credentials",
    "record_failed_sign_in",
    "record_look",
    "record_refusal",
    "record_second_step",
    "record_sign_in",
    "reject_proposal",
    "require_reason",
    "review_break_glass",
    "take_up_invitation",
]
