"""Items of evidence, who may see them, their custody, their conditions, and what left to whom."""

from __future__ import annotations

import uuid
from datetime import UTC, timedelta
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

from comity.accounts.models import Officer, team_records
from comity.core import canonical
from comity.core.access import Act, Actor, Compartment
from comity.core.worklist import WorkRow
from comity.evidence.rules import BasisKind, CustodyEvent, Origin, Terms
from comity.ledger.models import Entry
from comity.vault.models import StoredFile

# The records whose teams hold items, and who reads a team's items: being in the team of a person's
# file opens nothing to an officer who may not see people (her consent decides what a case sees).
SEEING = {"person": Act.SEE_PEOPLE, "case": Act.SEE_CASES, "letter": Act.SEE_LETTERS}
TEAM_KINDS = tuple(SEEING)
LAST_DAYS = 14  # before the last day of use the item stands among the lawyers' work
COMMITTED_FIELDS = (
    "actor", "role", "place", "device", "method", "legal_authority", "purpose", "counterparty",
    "digest_before", "digest_after", "condition", "note",
)  # fmt: skip


class ItemQuerySet(models.QuerySet["Item"]):
    def visible_to(self, actor: Actor) -> ItemQuerySet:
        """Items that a team of the officer holds, in a compartment that the officer reads."""
        if not (isinstance(actor, Officer) and actor.may(Act.SEE_ITEMS)):
            return self.none()
        held = models.Q(pk=None)
        for kind, act in SEEING.items():
            if actor.may(act):
                held |= models.Q(kind=kind, record__in=team_records(actor, kind))
        return self.filter(
            pk__in=ItemAccess.objects.filter(held).values("item"),
            compartment__in=[compartment.value for compartment in actor.compartments],
        )


class Item(models.Model):
    """One thing in evidence: bytes that never change, and what is known about them."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="items")
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media_type_sniffed = models.CharField(max_length=120)
    media_type_declared = models.CharField(max_length=120, blank=True)
    original_name = models.TextField(blank=True)
    compartment = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in Compartment]
    )
    origin = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Origin])
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=80)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"E-{self.pk:06d}"

    @property
    def subject(self) -> str:
        return f"item:{self.uid}"


def work_for(actor: Actor) -> list[WorkRow]:
    """Items of the officer's teams that are damaged, or whose use is about to end."""
    return [*_damaged_for(actor), *_ending_for(actor)]


def _ending_for(actor: Actor) -> list[WorkRow]:
    if not actor.may(Act.ACCEPT_CONDITIONS):
        return []
    soon = timezone.localdate() + timedelta(days=LAST_DAYS)
    rows = UseCondition.objects.filter(
        last_day__lte=soon, item__in=Item.objects.visible_to(actor)
    ).select_related("item")
    return [
        WorkRow(
            title=gettext("Use of %(number)s ends") % {"number": row.item.number},
            detail=gettext("Last day: %(day)s. Return or destroy it as the condition says.")
            % {"day": date_format(row.last_day)},
            url=reverse("item", args=[row.item_id]) + "#conditions",
            verb=gettext("Look"),
            icon="file-lock",
        )
        for row in rows.order_by("last_day")
        if row.last_day
    ]


def _damaged_for(actor: Actor) -> list[WorkRow]:
    damaged = Item.objects.visible_to(actor).exclude(stored_file__damage="")
    return [
        WorkRow(
            title=gettext("%(number)s is damaged") % {"number": item.number},
            detail=gettext(
                "Its stored bytes are not those that were taken in. Have them restored."
            ),
            url=reverse("item", args=[item.pk]),
            verb=gettext("Look"),
            icon="file-warning",
        )
        for item in damaged.only("pk")
    ]


class ItemAccess(models.Model):
    """The team of one record holds an item."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="access")
    kind = models.CharField(max_length=20)
    record = models.UUIDField()
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["kind", "record"])]
        constraints = [
            models.UniqueConstraint(fields=["item", "kind", "record"], name="item_held_once")
        ]

    def __str__(self) -> str:
        return f"{self.item_id} {self.kind}"


class CustodyRecord(models.Model):
    """One event of an item's custody, tied to its entry in the ledger (evidence.md B1)."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="custody")
    event = models.CharField(
        max_length=30, choices=[(each.value, each.value) for each in CustodyEvent]
    )
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)
    role = models.CharField(max_length=120, blank=True)
    place = models.CharField(max_length=200, blank=True)
    device = models.CharField(max_length=200, blank=True)
    method = models.CharField(max_length=120, blank=True)
    legal_authority = models.CharField(max_length=200, blank=True)
    purpose = models.CharField(max_length=200, blank=True)
    counterparty = models.CharField(max_length=120, blank=True)
    digest_before = models.CharField(max_length=64, blank=True)
    digest_after = models.CharField(max_length=64, blank=True)
    condition = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=200, blank=True)
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, related_name="custody_record", null=True
    )

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.event} of {self.item_id}"

    def record_digest(self) -> str:
        """SHA-256 (hex) over every field of the record, in canonical form."""
        words = {name: getattr(self, name) for name in COMMITTED_FIELDS}
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return canonical.digest_hex(words | {"event": str(self.event), "at": at})

    def committed(self, item: Item) -> dict[str, Any]:
        """What the entry commits to: the event, the bytes and this record's digest."""
        return {"event": str(self.event), "sha256": item.sha256, "record": self.record_digest()}

    @property
    def matches_entry(self) -> bool:
        """Whether the record is still what its entry in the ledger committed to."""
        details = getattr(self.entry, "committed", None)
        return details is not None and details.as_mapping().get("record") == self.record_digest()


def role_of(actor: Actor) -> str:
    """The role in which somebody acts, as custody records state it."""
    return ", ".join(sorted(actor.roles)) if isinstance(actor, Officer) else "node"


def custody_of(actor: Actor, item: Item, event: CustodyEvent, **stated: Any) -> CustodyRecord:
    """A custody record that is not saved yet; its `entry` is still to be set by the action."""
    return CustodyRecord(
        item=item, event=event, actor=actor.actor_id, role=role_of(actor), **stated
    )


class UseCondition(models.Model):
    """A limit that a partner put on an item; it follows the item wherever it is used.

    cases: uids of the cases that the item came for. last_day: of use, included; set by an officer.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="conditions")
    code = models.CharField(max_length=60)
    text_uk = models.TextField(blank=True)
    text_ja = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    forbids = models.JSONField(default=list)
    cases = models.JSONField(default=list)
    last_day = models.DateField(null=True, blank=True)
    letter_ref = models.UUIDField(null=True, blank=True)
    set_by_node = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.code

    @property
    def terms(self) -> Terms:
        """What is known of it, for a decision."""
        return Terms(frozenset(self.forbids), frozenset(self.cases), self.last_day)

    @property
    def words(self) -> str:
        """The authority's words in the reader's language; in another one where it gave none."""
        texts = {"uk": self.text_uk, "ja": self.text_ja, "en": self.text_en}
        own = texts.get((get_language() or "en").split("-")[0])
        return own or self.text_en or self.text_uk or self.text_ja


class UseConfirmation(models.Model):
    """A named lawyer confirmed, with a reason, that a use respects a condition.

    target: "case:<uid>" for use in a case, or who gets the item, as in `Disclosure.recipient`.
    """

    condition = models.ForeignKey(
        UseCondition, on_delete=models.PROTECT, related_name="confirmations"
    )
    target = models.CharField(max_length=200)
    reason = models.TextField()
    by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["condition", "target"], name="use_confirmed_once")
        ]

    def __str__(self) -> str:
        return f"confirmation {self.pk}"


class ReleaseGrant(models.Model):
    """A person agreed that an item may go to a recipient for a purpose; last day included."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="release_grants")
    source_ref = models.CharField(max_length=80, db_index=True)
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    scope = models.CharField(max_length=20)
    mode = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["item", "recipient", "purpose"])]

    def __str__(self) -> str:
        return f"release of {self.item_id}"


class Disclosure(models.Model):
    """An item left this node: to whom, why, on which basis, and whether it was acknowledged."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="disclosures")
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    basis_kind = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in BasisKind]
    )
    basis_ref = models.CharField(max_length=200, blank=True)
    # How the person's name is kept out, in the words of whoever let it go.
    appearance = models.CharField(max_length=500, blank=True)
    message_id = models.UUIDField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"disclosure of {self.item_id}"
