"""The verbs of the hub: search first, register, record consent, take an account, share it."""

from comity.hub.actions.accounts import (
    PROSECUTION,
    Handed,
    share_account,
    take_account,
    take_accounts,
)
from comity.hub.actions.consent import record_consent, withdraw_consent
from comity.hub.actions.people import MOST_FOUND, register_person, search_people

__all__ = [
    "MOST_FOUND",
    "PROSECUTION",
    "Handed",
    "record_consent",
    "register_person",
    "search_people",
    "share_account",
    "take_account",
    "take_accounts",
    "withdraw_consent",
]
