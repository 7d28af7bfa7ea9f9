"""What a person's page shows: the answers, the accounts, what went where, who looked."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from comity.accounts.models import Officer
from comity.evidence.models import Disclosure, Item, ItemAccess
from comity.evidence.rules import ORDER
from comity.hub.models import Account, AccountItem, ConsentGrant, Person, known_recipients
from comity.hub.rules import Purpose, implied
from comity.hub.words import recipient_words
from comity.ledger.models import Entry

NEWEST = 20


@dataclass(frozen=True)
class AnswerRow:
    """One recipient and purpose: the newest answer, or none. state: a code of `Answer`'s words."""

    recipient: str
    code: str
    state: str
    answer: ConsentGrant | None
    since: date | None

    @property
    def withdrawable(self) -> bool:
        """Whether there is an agreement to take back."""
        return self.answer is not None and self.answer.is_agreement


@dataclass(frozen=True)
class Left:
    """An item that left, and to whom."""

    disclosure: Disclosure
    recipient: str

    @property
    def order(self) -> str:
        """The order or provision that compelled it, or ""."""
        reference = self.disclosure.basis_ref
        return reference.removeprefix(ORDER) if reference.startswith(ORDER) else ""


@dataclass(frozen=True)
class Look:
    """Somebody looked. part: code of what was opened; item: number of an item, or ""."""

    at: datetime
    who: str
    part: str
    item: str


def newest_answers(person: Person) -> list[ConsentGrant]:
    """The newest answer about each recipient and purpose, oldest question first."""
    newest: dict[tuple[str, str], ConsentGrant] = {}
    for answer in person.grants.select_related("explained_by"):
        newest[answer.recipient, answer.purpose] = answer
    return list(newest.values())


def answer_rows(
    person: Person, known: Mapping[str, Mapping[str, str]], today: date
) -> list[AnswerRow]:
    """A row for every answer, then one for every known recipient that was not asked about."""
    rows = [
        AnswerRow(
            recipient=recipient_words(answer.recipient, known),
            code=answer.recipient,
            state=_state(answer, today),
            answer=answer,
            since=_since(answer),
        )
        for answer in newest_answers(person)
    ]
    asked = {row.code for row in rows}
    along = {
        code
        for row in rows
        if row.withdrawable and row.state != "ended" and row.answer
        for code in implied(row.code, Purpose(row.answer.purpose))
    }
    rows += [
        AnswerRow(
            recipient_words(code, known),
            code,
            "implied" if code in along else "not_asked",
            None,
            None,
        )
        for code in known
        if code not in asked
    ]
    return rows


def _state(answer: ConsentGrant, today: date) -> str:
    if answer.is_agreement and answer.valid_until is not None and answer.valid_until < today:
        return "ended"
    return answer.answer


def _since(answer: ConsentGrant) -> date:
    if answer.withdrawn_at is not None:
        return timezone.localtime(answer.withdrawn_at).date()
    return answer.valid_from


def accounts_of(person: Person, visible: QuerySet[Item]) -> QuerySet[Account]:
    """The accounts with the items that may be seen, and the cases that each is shared with."""
    shared = ItemAccess.objects.filter(kind="case")
    links = (
        AccountItem.objects.filter(item__in=visible)
        .select_related("item")
        .prefetch_related(
            Prefetch("item__access", queryset=shared, to_attr="shared_with"), "item__conditions"
        )
        .order_by("pk")
    )
    return person.accounts.select_related("taken_by").prefetch_related(
        Prefetch("item_links", queryset=links)
    )


def what_left(person: Person, *, source: str = "") -> list[Left]:
    """What left of the person's items, newest first. source: only under this consent."""
    rows = Disclosure.objects.filter(item__account_link__account__person=person)
    if source:
        rows = rows.filter(basis_ref=source)
    known = known_recipients()
    return [Left(row, recipient_words(row.recipient, known)) for row in rows.select_related("item")]


def who_looked(person: Person) -> tuple[int, list[Look]]:
    """How often somebody looked at the person's file or items, and the newest looks."""
    items = {
        link.item.subject: link.item.number
        for link in AccountItem.objects.filter(account__person=person).select_related("item")
    }
    entries = Entry.objects.filter(kind="access.looked", subject__in=[person.subject, *items])
    newest = list(entries.select_related("committed").order_by("-id")[:NEWEST])
    names = _names({entry.actor for entry in newest})
    looks = [
        Look(entry.at, names.get(entry.actor, ""), _part(entry), items.get(entry.subject, ""))
        for entry in newest
    ]
    return entries.count(), looks


def _part(entry: Entry) -> str:
    details = getattr(entry, "committed", None)
    return str(details.as_mapping().get("part", "")) if details else ""


def _names(actors: set[str]) -> dict[str, str]:
    uids = [uuid.UUID(actor.removeprefix("officer:")) for actor in actors if "officer:" in actor]
    return {one.actor_id: one.name for one in Officer.objects.filter(uid__in=uids)}
