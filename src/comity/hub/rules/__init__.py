"""What a person can agree to, and when that lets something leave (hub.md B3; SETTLED.md 11)."""

from __future__ import annotations

import unicodedata
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


class GivenBy(StrEnum):
    """Who gave the answer. For a child the guardian consents; from 14 the child's assent too."""

    SELF = "self"
    GUARDIAN = "guardian"
    CHILD_AND_GUARDIAN = "child_and_guardian"


class Standing(StrEnum):
    """Recipients that a person is asked about besides the partners of this node."""

    PROSECUTION = "prosecution"
    COURT = "court"
    DEFENCE = "defence"
    ICC = "icc"
    REGISTER_OF_DAMAGE = "register_of_damage"
    RESEARCHERS = "researchers"


PARTNER = "partner:"


OTHER = "other:"


def partner_recipient(node_id: str) -> str:
    """Return how a partner's node is named as a recipient of consent and of disclosures."""
    return f"{PARTNER}{node_id}"


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


def implied(recipient: str, purpose: Purpose) -> tuple[str, ...]:
    """Return who else gets what a recipient gets, unless the person answers about them apart.

    The prosecutor's office is agreed to for "investigation and trial"; the trial is the court's.
    The defence is not implied.
    """
    if recipient == Standing.PROSECUTION and purpose is Purpose.INVESTIGATION:
        return (Standing.COURT.value,)
    return ()


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


class InCourt(StrEnum):
    """What a court can do with an account, as far as its form and recording tell."""

    USABLE = "usable"
    NOT_USABLE = "not_usable"
    LEAD_ONLY = "lead_only"


@dataclass(frozen=True)
class CourtUse:
    """A verdict on one account. reason: code of the words. sure: as in ui's source component."""

    verdict: InCourt
    reason: str
    source: str = ""
    sure: str = ""


def court_use(form: AccountForm, *, video_recorded: bool) -> CourtUse:
    """Say what a court can do with an account (CPC of Ukraine arts. 95(4), 225, 615(11))."""
    if form is AccountForm.DEPOSITION_CPC_225:
        return CourtUse(InCourt.USABLE, "hub.heard_by_judge", "CPC arts. 95(4), 225", "read")
    if form is AccountForm.INTERVIEW_CPC_224:
        if video_recorded:
            return CourtUse(InCourt.USABLE, "hub.video_recorded", "CPC art. 615(11)", "read")
        return CourtUse(InCourt.NOT_USABLE, "hub.no_video", "CPC art. 615(11)", "read")
    return CourtUse(InCourt.LEAD_ONLY, "hub.leads_only")


def guardian_needed(age: AgeBand, given_by: GivenBy) -> bool:
    """Say whether an agreement lacks the guardian, or an older child's own assent (hub.md K2)."""
    if age is AgeBand.UNDER_14:
        return given_by is GivenBy.SELF
    return age is AgeBand.FROM_14_TO_17 and given_by is not GivenBy.CHILD_AND_GUARDIAN


PHONE_TAIL_DIGITS = 9
LEAST_PHONE_DIGITS = 7


def phone_tail(text: str) -> str:
    """Return the last nine digits of a telephone number, or "" for what is not one.

    "+380 50 123-45-67" and "0501234567" are the same number to whoever looks for it.
    """
    plain = unicodedata.normalize("NFKC", text)
    digits = "".join(str(unicodedata.digit(sign)) for sign in plain if sign.isdigit())
    if len(digits) < LEAST_PHONE_DIGITS or any(sign.isalpha() for sign in plain):
        return ""
    return digits[-PHONE_TAIL_DIGITS:]


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
        """Say whether this answer lets the scope go to the recipient for the purpose on a day."""
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
