"""What a person can agree to, and when that lets something leave (hub.md B3; SETTLED.md 11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Answer(StrEnum):
    """What the person answered. Not asked differs from refused."""

    AGREED = "agreed"
    IN_PART = "in_part"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Purpose(StrEnum):
    """What the recipient may use it for."""

    SUPPORT = "support"
    INVESTIGATION = "investigation"
    LEGAL_ASSISTANCE = "legal_assistance"
    CLAIM = "claim"
    STATISTICS = "statistics"


class Scope(StrEnum):
    """What may go."""

    CONTACT = "contact"
    SUMMARY = "summary"
    STATEMENT = "statement"
    MEDIA = "media"
    MEDICAL = "medical"


class Mode(StrEnum):
    """How the person appears in what goes."""

    IDENTIFIED = "identified"
    PSEUDONYMOUS = "pseudonymous"
    NAME_WITHHELD = "name_withheld"


class AgeBand(StrEnum):
    """Enough to know which law applies; never a date of birth on a list."""

    UNDER_14 = "under_14"
    FROM_14_TO_17 = "from_14_to_17"
    ADULT = "adult"
    UNKNOWN = "unknown"


class AccountForm(StrEnum):
    """The legal form in which a person told what happened (hub.md E6)."""

    FIRST_ACCOUNT = "first_account"
    EXPLANATION = "explanation"
    INTERVIEW_CPC_224 = "interview_cpc_224"
    DEPOSITION_CPC_225 = "deposition_cpc_225"
    NGO_ACCOUNT = "ngo_account"


@dataclass(frozen=True)
class Grant:
    """One answer of one person, as far as a decision needs it. until: last day, included."""

    recipient: str
    purpose: Purpose
    scopes: frozenset[Scope]
    mode: Mode
    answer: Answer
    since: date
    until: date | None

    def lets(self, *, recipient: str, purpose: Purpose, scope: Scope, on: date) -> bool:
        """Say whether this answer lets the scope go to the recipient for the purpose on that day."""
        return (
            self.answer in {Answer.AGREED, Answer.IN_PART}
            and self.recipient == recipient
            and self.purpose is purpose
            and scope in self.scopes
            and self.since <= on
            and (self.until is None or on <= self.until)
        )


def may_disclose(
    grants: Iterable[Grant], *, recipient: str, purpose: Purpose, scope: Scope, on: date
) -> Grant | None:
    """Return the grant that lets it go, or None: then ask the person or name a legal basis."""
    return next(
        (
            grant
            for grant in grants
            if grant.lets(recipient=recipient, purpose=purpose, scope=scope, on=on)
        ),
        None,
    )
