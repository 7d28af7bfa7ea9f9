"""The verbs of the hub: search first, register, record consent, take an account, share it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, insert_once
from comity.cases.models import Case
from comity.cases.rules import bounded, plain_line, plain_text
from comity.core import personal
from comity.core.access import Act, Compartment, require
from comity.core.days import is_too_early
from comity.core.errors import Incomplete, Refused, WrongState
from comity.core.uuid7 import uuid7
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.hub.models import (
    Account,
    AccountItem,
    ConsentGrant,
    Person,
    SearchWord,
    person_root,
    searched_digests,
)
from comity.hub.rules import (
    AccountForm,
    AgeBand,
    Answer,
    GivenBy,
    Mode,
    Purpose,
    Scope,
    Standing,
    guardian_needed,
    implied,
    may_disclose,
    phone_tail,
)
from comity.ledger import actions as ledger
from comity.vault import storage

PROSECUTION = Standing.PROSECUTION.value
MOST_FOUND = 50


@transaction.atomic
def search_people(actor: Officer, text: str) -> list[Person]:
    """Find people the officer may see by name, other spelling or telephone; this is recorded.

    Each carries the counts of `PersonQuerySet.listed`. Raises Incomplete when nothing was typed.
    """
    require(actor, Act.SEE_PEOPLE)
    if not (personal.folded_words(text) or phone_tail(text)):
        raise Incomplete("hub.nothing_typed", missing=["text"])
    found = list(Person.objects.visible_to(actor).named(text).listed()[:MOST_FOUND])
    ledger.append(actor, "hub.people_searched", actor.actor_id, found=len(found))
    return found


@transaction.atomic
def register_person(
    actor: Officer,
    *,
    identity: dict[str, str],
    age_band: AgeBand,
    language: str,
    searched: bool,
    interpreter_needed: bool = False,
    name_never_shown: bool = False,
    reason: str = "",
    colleagues: Sequence[Officer] = (),
    once: uuid.UUID | None = None,
) -> Person:
    """Open a person's file. identity: preferred_name, and what else is known; sealed at once.

    reason: why the person is here; sealed with the identity.
    once: of the form that was sent; a second person under it is refused.
    Raises Refused("hub.search_first") unless a search came before, Incomplete without a name,
    Refused("hub.registered_twice").
    """
    require(actor, Act.REGISTER_PERSON)
    if not searched:
        raise Refused("hub.search_first")
    fields = {name: plain_line(text) for name, text in (identity | {"reason": reason}).items()}
    fields = {name: text for name, text in fields.items() if text}
    if "preferred_name" not in fields:
        raise Incomplete("hub.no_name", missing=["preferred_name"])
    uid = once or uuid7(timezone.now())
    wrapped = personal.new_key(person_root(), str(uid))
    person = Person(
        uid=uid,
        wrapped_key=wrapped,
        identity=personal.seal(person_root(), wrapped, str(uid), fields),
        age_band=age_band,
        language=language,
        interpreter_needed=interpreter_needed,
        name_never_shown=name_never_shown,
        created_by=actor,
    )
    insert_once(person, twice="hub.registered_twice")
    SearchWord.objects.bulk_create(
        SearchWord(person=person, digest=word) for word in sorted(searched_digests(fields))
    )
    ledger.append(actor, "hub.person_registered", person.subject)
    accounts.found_team(actor, kind="person", record=person.uid, members=colleagues)
    return person


def _locked(actor: Officer, person: Person) -> Person:
    """Lock the person's row: what is agreed and what falls under it change one at a time."""
    fetch(Person.objects.visible_to(actor), pk=person.pk)
    return Person.objects.select_for_update().get(pk=person.pk)


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
    person = _locked(actor, person)
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
            _release(actor, grant, link)
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


def _release(actor: Officer, grant: ConsentGrant, link: AccountItem) -> None:
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
    _locked(actor, grant.person)
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


@dataclass(frozen=True)
class Handed:
    """Bytes that came with an account, from where the source stands to its end.

    scope: under which part of a consent they fall. kind: an id of evidence_types.yaml.
    """

    source: BinaryIO
    scope: Scope
    title: str
    kind: str
    original_name: str = ""
    declared_type: str = ""
    device: str = ""


def take_account(
    actor: Officer,
    person: Person,
    source: BinaryIO,
    *,
    scope: Scope,
    title: str,
    kind: str,
    original_name: str = "",
    declared_type: str = "",
    account: Account | None = None,
    form: AccountForm = AccountForm.FIRST_ACCOUNT,
    taken_at: datetime | None = None,
    place: str = "",
    device: str = "",
) -> Item:
    """Take one statement or file into the vault and return its item; see `take_accounts`.

    account: the account it belongs to, or None to open a new one.
    """
    thing = Handed(
        source,
        scope=scope,
        title=title,
        kind=kind,
        original_name=original_name,
        declared_type=declared_type,
        device=device,
    )
    links = _take(actor, person, [thing], account or _Told(form, taken_at, place, False))
    return links[0].item


def take_accounts(
    actor: Officer,
    person: Person,
    handed: Sequence[Handed],
    *,
    form: AccountForm = AccountForm.FIRST_ACCOUNT,
    taken_at: datetime | None = None,
    place: str = "",
    video_recorded: bool = False,
    once: uuid.UUID | None = None,
) -> Account:
    """Take what a person told and handed over at one time into the vault, all of it or nothing.

    The bytes are taken in before the transaction. The items are visible to the person's team only,
    until they are shared; agreements in force cover them at once.
    once: of the form that was sent; a second account under it is refused.
    Raises Incomplete("hub.nothing_handed"), Refused("hub.taken_in_future" | "hub.taken_too_early" |
    "hub.sent_twice" | "cases.too_long" | "vault.…").
    """
    if not handed:
        raise Incomplete("hub.nothing_handed", missing=["text", "files"])
    links = _take(actor, person, handed, _Told(form, taken_at, place, video_recorded, once))
    return links[0].account


@dataclass(frozen=True)
class _Told:
    form: AccountForm
    taken_at: datetime | None
    place: str
    video_recorded: bool
    once: uuid.UUID | None = None


def _take(
    actor: Officer, person: Person, handed: Sequence[Handed], told: Account | _Told
) -> list[AccountItem]:
    require(actor, Act.ADD_ITEM)
    fetch(Person.objects.visible_to(actor), pk=person.pk)
    if isinstance(told, Account) and told.person_id != person.pk:
        raise Refused("hub.account_of_another")
    if told.taken_at is not None and is_too_early(told.taken_at):
        raise Refused("hub.taken_too_early")
    if told.taken_at is not None and told.taken_at > timezone.now():
        raise Refused("hub.taken_in_future")
    taken = [storage.take_in(thing.source) for thing in handed]
    with transaction.atomic():
        person = _locked(actor, person)
        account = told if isinstance(told, Account) else _open_account(actor, person, told)
        ledger.append(
            actor,
            "hub.account_taken",
            person.subject,
            account=str(account.uid),
            form=account.form,
            items=len(handed),
        )
        return [
            _add_item(actor, account, thing, bytes_taken)
            for thing, bytes_taken in zip(handed, taken, strict=True)
        ]


def _open_account(actor: Officer, person: Person, told: _Told) -> Account:
    if told.once is not None and Account.objects.filter(uid=told.once).exists():
        raise Refused("hub.sent_twice")
    return Account.objects.create(
        uid=told.once or uuid.uuid4(),
        person=person,
        form=told.form,
        taken_at=told.taken_at or timezone.now(),
        taken_by=actor,
        place=bounded("place", told.place),
        video_recorded=told.video_recorded,
    )


def _add_item(
    actor: Officer, account: Account, thing: Handed, taken: storage.TakenIn
) -> AccountItem:
    person = account.person
    item = evidence.ingest_stored(
        actor,
        taken,
        title=plain_line(thing.title),
        kind=thing.kind,
        access=[("person", person.uid)],
        origin=Origin.PERSON,
        acquisition=evidence.Acquisition(
            acquired_by=actor.actor_id,
            acquired_at=account.taken_at,
            place=account.place,
            device=thing.device,
            method="handed_over",
            legal_authority="consent",
        ),
        original_name=thing.original_name,
        declared_type=thing.declared_type,
        compartment=Compartment.DISCLOSABLE,
    )
    link = AccountItem.objects.create(account=account, item=item, scope=thing.scope)
    for grant in person.grants.agreements():
        if thing.scope in grant.scopes:
            _release(actor, grant, link)
    return link


@transaction.atomic
def share_account(actor: Officer, person: Person, item: Item, case: Case) -> None:
    """Let the team of a case see an item of the person, if she agreed to that with the prosecution.

    Raises Refused("hub.not_her_item"), Refused("hub.no_consent") naming the scope to ask her about.
    """
    require(actor, Act.SHARE_ACCOUNT)
    person = _locked(actor, person)
    link = AccountItem.objects.filter(account__person=person, item=item).first()
    if link is None:
        raise Refused("hub.not_her_item")
    grant = may_disclose(
        [row.as_grant() for row in person.grants.agreements()],
        recipient=PROSECUTION,
        purpose=Purpose.INVESTIGATION,
        scope=Scope(link.scope),
        on=timezone.localdate(),
    )
    if grant is None:
        raise Refused("hub.no_consent", scope=Scope(link.scope))
    evidence.share_item(actor, item, kind="case", record=case.uid)
    ledger.append(
        actor, "hub.account_shared", person.subject, item=str(item.uid), case=str(case.uid)
    )
