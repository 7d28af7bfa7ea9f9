"""Take an account of a person with what came with it, and share it with a case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.cases.models import Case
from comity.cases.rules import bounded, plain_line
from comity.core.access import Act, Compartment, require
from comity.core.days import is_too_early
from comity.core.errors import Incomplete, Refused
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.hub.actions.consent import release_under
from comity.hub.actions.people import locked
from comity.hub.models import (
    Account,
    AccountItem,
    Person,
)
from comity.hub.rules import (
    AccountForm,
    Purpose,
    Scope,
    Standing,
    may_disclose,
)
from comity.ledger import actions as ledger
from comity.vault import storage

PROSECUTION = Standing.PROSECUTION.value


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
        person = locked(actor, person)
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
            release_under(actor, grant, link)
    return link


@transaction.atomic
def share_account(actor: Officer, person: Person, item: Item, case: Case) -> None:
    """Let the team of a case see an item of the person, if she agreed to that with the prosecution.

    Raises Refused("hub.not_her_item"), Refused("hub.no_consent") naming the scope to ask her about.
    """
    require(actor, Act.SHARE_ACCOUNT)
    person = locked(actor, person)
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
