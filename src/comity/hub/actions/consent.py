"""What a person agrees to, and takes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.cases.rules import plain_text
from comity.core.access import Act, require
from comity.core.errors import Incomplete, Refused, WrongState
from comity.evidence import actions as evidence
from comity.hub.actions.people import locked
from comity.hub.models import (
    AccountItem,
    ConsentGrant,
    Person,
)
from comity.hub.rules import (
    AgeBand,
    Answer,
    GivenBy,
    Mode,
    Purpose,
    Scope,
    guardian_needed,
    implied,
)
from comity.ledger import actions as ledger


@transaction.atomic
def record_consent(
    actor: Officer,
    person: Person,
    *,
    recipient: str,
    purpose: Purpose,
    scopes: Sequence[Scope],
    mode: Mode,
    answer: Answer,
    explained_in: str,
    text_version: str,
    given_by: GivenBy = GivenBy.SELF,
    how_understood: str = "",
    restrictions: str = "",
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> ConsentGrant:
    """Record an answer about one recipient and purpose; items in its scope follow at once.

    valid_until: last day, included. A new answer about the same recipient and purpose ends the
    earlier agreement, and what another agreement implied for this recipient.
    Raises Incomplete for an agreement to nothing,
    Refused("hub.consent_ends_first" | "hub.guardian_needed" | "hub.withdraw_instead").
    """
    require(actor, Act.RECORD_CONSENT)
    person = locked(actor, person)
    agreed = answer in {Answer.AGREED, Answer.IN_PART}
    start = valid_from or timezone.localdate()
    _require_sound(person, answer, agreed, scopes, given_by, start, valid_until)
    for earlier in person.grants.agreements().filter(recipient=recipient, purpose=purpose):
        _withdraw(actor, earlier)
    _end_implied(actor, person, recipient=recipient, purpose=purpose)
    grant = ConsentGrant.objects.create(
        person=person,
        recipient=recipient,
        purpose=purpose,
        scopes=sorted({scope.value for scope in scopes}) if agreed else [],
        mode=mode,
        answer=answer,
        given_by=given_by,
        restrictions=plain_text(restrictions),
        valid_from=start,
        valid_until=valid_until,
        explained_by=actor,
        explained_in=explained_in,
        text_version=text_version,
        how_understood=plain_text(how_understood),
    )
    details = {"consent": str(grant.uid), "answer": answer, "purpose": purpose, "mode": mode}
    ledger.append(actor, "hub.consent_recorded", person.subject, scopes=grant.scopes, **details)
    if agreed:
        held = AccountItem.objects.filter(account__person=person, scope__in=grant.scopes)
        for link in held.select_related("item"):
            release_under(actor, grant, link)
    return grant


def _require_sound(
    person: Person,
    answer: Answer,
    agreed: bool,
    scopes: Sequence[Scope],
    given_by: GivenBy,
    start: date,
    end: date | None,
) -> None:
    if answer is Answer.WITHDRAWN:
        raise Refused("hub.withdraw_instead")
    if agreed and not scopes:
        raise Incomplete("hub.agreed_to_nothing", missing=["scopes"])
    if agreed and guardian_needed(AgeBand(person.age_band), given_by):
        raise Refused("hub.guardian_needed")
    if end is not None and end < start:
        raise Refused("hub.consent_ends_first")


def release_under(actor: Officer, grant: ConsentGrant, link: AccountItem) -> None:
    """Let an item leave under an agreement, and to whom else that agreement implies."""
    purpose = Purpose(grant.purpose)
    answered = grant.person.grants.filter(purpose=purpose).values_list("recipient", flat=True)
    apart = set(answered)
    also = [each for each in implied(grant.recipient, purpose) if each not in apart]
    for recipient in (grant.recipient, *also):
        evidence.grant_release(
            actor,
            link.item,
            source_ref=grant.subject,
            recipient=recipient,
            purpose=purpose,
            scope=link.scope,
            mode=grant.mode,
            valid_from=grant.valid_from,
            valid_until=grant.valid_until,
        )


def _end_implied(actor: Officer, person: Person, *, recipient: str, purpose: Purpose) -> None:
    """The person answers about this recipient apart: what others' agreements implied ends."""
    for grant in person.grants.agreements().filter(purpose=purpose):
        if recipient in implied(grant.recipient, purpose):
            evidence.narrow_release(actor, source_ref=grant.subject, recipient=recipient)


@transaction.atomic
def withdraw_consent(actor: Officer, grant: ConsentGrant) -> None:
    """End an agreement now: nothing more leaves under it. What left already stays listed.

    Raises WrongState("hub.nothing_to_withdraw") if it was withdrawn before, or was no agreement.
    """
    require(actor, Act.WITHDRAW_CONSENT)
    locked(actor, grant.person)
    grant = ConsentGrant.objects.select_for_update().get(pk=grant.pk)
    if not grant.is_agreement:
        raise WrongState("hub.nothing_to_withdraw")
    _withdraw(actor, grant)


def _withdraw(actor: Officer, grant: ConsentGrant) -> None:
    grant.answer = Answer.WITHDRAWN
    grant.withdrawn_at = timezone.now()
    grant.save(update_fields=["answer", "withdrawn_at"])
    evidence.withdraw_release(actor, source_ref=grant.subject)
    ledger.append(actor, "hub.consent_withdrawn", grant.person.subject, consent=str(grant.uid))
