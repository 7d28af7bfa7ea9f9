"""People, what they agreed to, and the accounts they gave."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property

from django.conf import settings
from django.db import models
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from comity.accounts.models import Officer, team_records
from comity.core import personal
from comity.core.access import Act, Actor, Compartment
from comity.core.keyring import Keyring
from comity.evidence.models import Item
from comity.exchange.models import Partner
from comity.hub.rules import (
    AccountForm,
    AgeBand,
    Answer,
    CourtUse,
    GivenBy,
    Grant,
    Mode,
    Purpose,
    Scope,
    Standing,
    court_use,
    partner_recipient,
    phone_tail,
)

SEARCHED_FIELDS = ("preferred_name", "legal_name", "name_latin")
AGREEMENTS = (Answer.AGREED, Answer.IN_PART)


def _codes(kind: type[StrEnum]) -> list[tuple[str, str]]:
    return [(code.value, code.value) for code in kind]


def person_root() -> bytes:
    """The key that wraps every person's own key."""
    return Keyring(settings.COMITY_KEYS).person_root


def searched_digests(identity: Mapping[str, str]) -> set[bytes]:
    """The keyed digests by which a person with these fields is found."""
    number = phone_tail(identity.get("phone", ""))
    texts = [identity.get(field, "") for field in SEARCHED_FIELDS] + [number]
    return {digest for text in texts for digest in personal.search_digests(person_root(), text)}


def known_recipients() -> dict[str, Mapping[str, str]]:
    """Whom a person is asked about: recipient → names by language, empty for the standing ones."""
    standing: dict[str, Mapping[str, str]] = {code.value: {} for code in Standing}
    partners = Partner.objects.active().only("node_id", "names")
    return standing | {partner_recipient(one.node_id): one.names for one in partners}


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> PersonQuerySet:
        """People whose team the officer belongs to, if the officer reads the support part.

        The hub's supervisor oversees every file; each look of theirs is recorded like any other.
        """
        if not (
            isinstance(actor, Officer)
            and actor.may(Act.SEE_PEOPLE)
            and actor.reads(Compartment.SUPPORT)
        ):
            return self.none()
        if actor.may(Act.SUPERVISE_HUB):
            return self.all()
        return self.filter(uid__in=team_records(actor, "person"))

    def named(self, text: str) -> PersonQuerySet:
        """People whose name, other spelling or telephone number has every word of the text."""
        words = set(personal.search_digests(person_root(), phone_tail(text) or text))
        # One grouped question however many words were pasted; a word is kept once for a person.
        having = (
            SearchWord.objects.filter(digest__in=words)
            .values("person")
            .annotate(words=models.Count("pk"))
            .filter(words=len(words))
            .values("person")
        )
        return self.filter(pk__in=having)

    def listed(self) -> PersonQuerySet:
        """With `agreement_count` (in force today) and `last_account_at`, for lists."""
        in_force = ConsentGrant.objects.in_force(timezone.localdate()).filter(person=OuterRef("pk"))
        accounts = Account.objects.filter(person=OuterRef("pk"))
        counted = in_force.order_by().values("person").annotate(count=Count("pk")).values("count")
        newest = accounts.order_by().values("person").annotate(at=Max("taken_at")).values("at")
        return self.annotate(
            agreement_count=Coalesce(Subquery(counted, output_field=models.IntegerField()), 0),
            last_account_at=Subquery(newest),
        )


class Person(models.Model):
    """Somebody the hub knows. Names, numbers and addresses are sealed; lists show the code only."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    wrapped_key = models.BinaryField()
    identity = models.BinaryField()
    age_band = models.CharField(max_length=20, choices=_codes(AgeBand))
    language = models.CharField(max_length=10, default="uk")
    interpreter_needed = models.BooleanField(default=False)
    name_never_shown = models.BooleanField(default=False)
    created_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.code

    @property
    def code(self) -> str:
        return f"P-{self.pk:04d}"

    @property
    def subject(self) -> str:
        return f"person:{self.uid}"

    @cached_property
    def opened_identity(self) -> dict[str, str]:
        """The sealed fields, opened. Call only after the look has been recorded."""
        return personal.open_fields(
            person_root(), bytes(self.wrapped_key), str(self.uid), bytes(self.identity)
        )


class SearchWord(models.Model):
    """A keyed digest of one word by which a person is found."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="search_words")
    digest = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["digest", "person"], name="search_word_once")
        ]

    def __str__(self) -> str:
        return f"word of {self.person_id}"


class ConsentQuerySet(models.QuerySet["ConsentGrant"]):
    def agreements(self) -> ConsentQuerySet:
        """Agreements that have not been withdrawn."""
        return self.filter(answer__in=AGREEMENTS, withdrawn_at=None)

    def in_force(self, on: date) -> ConsentQuerySet:
        """Agreements under which something may leave on that day."""
        return self.agreements().filter(
            Q(valid_until=None) | Q(valid_until__gte=on), valid_from__lte=on
        )


class ConsentGrant(models.Model):
    """What a person answered about one recipient and one purpose."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grants")
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40, choices=_codes(Purpose))
    scopes = models.JSONField(default=list)
    mode = models.CharField(max_length=20, choices=_codes(Mode))
    answer = models.CharField(max_length=20, choices=_codes(Answer))
    given_by = models.CharField(max_length=20, choices=_codes(GivenBy), default=GivenBy.SELF)
    restrictions = models.TextField(blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    explained_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    explained_in = models.CharField(max_length=10)
    text_version = models.CharField(max_length=40)
    how_understood = models.TextField(blank=True)
    given_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "recipient", "purpose"],
                condition=Q(withdrawn_at=None, answer__in=AGREEMENTS),
                name="one_agreement_in_force",
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=models.F("valid_from")),
                name="consent_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"

    @property
    def is_agreement(self) -> bool:
        """Whether the person agreed and has not taken it back."""
        return self.withdrawn_at is None and self.answer in AGREEMENTS

    @property
    def subject(self) -> str:
        return f"consent:{self.uid}"

    def as_grant(self) -> Grant:
        return Grant(
            recipient=self.recipient,
            purpose=Purpose(self.purpose),
            scopes=frozenset(Scope(scope) for scope in self.scopes),
            mode=Mode(self.mode),
            answer=Answer(self.answer),
            since=self.valid_from,
            until=self.valid_until,
        )


class Account(models.Model):
    """What a person told or handed over, once: form, who took it, and the items it left."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="accounts")
    form = models.CharField(max_length=30, choices=_codes(AccountForm))
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    place = models.CharField(max_length=200, blank=True)
    video_recorded = models.BooleanField(default=False)

    class Meta:
        ordering = ["-taken_at"]

    def __str__(self) -> str:
        return f"account {self.pk}"

    @property
    def court_use(self) -> CourtUse:
        """What a court can do with it."""
        return court_use(AccountForm(self.form), video_recorded=self.video_recorded)


class AccountItem(models.Model):
    """An item that came with an account, and under which scope of consent it falls."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="item_links")
    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="account_link")
    scope = models.CharField(max_length=20, choices=_codes(Scope))

    def __str__(self) -> str:
        return f"{self.account_id} {self.item_id}"
