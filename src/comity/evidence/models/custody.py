"""Custody: what happened to an item, each record tied to its entry in the ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core import canonical
from comity.core.access import Actor
from comity.evidence.models.items import Item
from comity.evidence.models.surroundings import surroundings
from comity.evidence.rules import CustodyEvent
from comity.ledger.models import Entry
from comity.ledger.rows import alike, insert_alike

FORM = 2
COMMITTED_FIELDS = (
    "actor", "role", "place", "device", "method", "legal_authority", "purpose", "counterparty",
    "digest_before", "digest_after", "condition", "note",
)  # fmt: skip


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
    # rules.Fact: words. Records of form 1, from before there were facts, have none.
    facts = models.JSONField(default=dict)
    form = models.PositiveSmallIntegerField(default=1)
    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, related_name="custody_record", null=True
    )

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["actor", "event", "at"], name="evidence_who_when")]

    def __str__(self) -> str:
        return f"{self.event} of {self.item_id}"

    def record_digest(self) -> str:
        """SHA-256 (hex) over every field of the record, in canonical form.

        Of form 1 without facts, as it was computed when only that form was.
        """
        return "" if self.form == 1 and self.facts else canonical.digest_hex(self.words())

    def words(self) -> dict[str, object]:
        """Return every field of the record, as its digest is over them."""
        words: dict[str, object] = {name: getattr(self, name) for name in COMMITTED_FIELDS}
        at = self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        stated = words | {"event": str(self.event), "at": at}
        return stated if self.form == 1 else stated | {"facts": self.facts, "form": self.form}

    def committed(self, item: Item) -> dict[str, Any]:
        """What the entry commits to: the event, the role, the bytes and this record's digest."""
        return {
            "event": str(self.event),
            "sha256": item.sha256,
            "role": self.role,
            "record": self.record_digest(),
        }

    @property
    def matches_entry(self) -> bool:
        """Whether the record is still what its entry in the ledger committed to."""
        details = getattr(self.entry, "committed", None)
        return details is not None and details.as_mapping().get("record") == self.record_digest()


class Alike:
    """Records of custody that differ in their item only: a folder that was taken in at once.

    first: one of them, not saved, whose digest_after is its item's; so is digest_before, if it
    states one.
    """

    def __init__(self, first: CustodyRecord) -> None:
        words = first.words()
        self._changing = [name for name in ("digest_before", "digest_after") if words[name]]
        for name in self._changing:
            del words[name]
        self.first, self._make = first, alike(first)
        self._digest = canonical.Template(words, self._changing)

    def digests(self, sha256s: Sequence[str]) -> list[str]:
        """Return the digests of the records of items with these digests."""
        filled = self._digest.fill_all(*[sha256s] * len(self._changing))
        return [hashlib.sha256(one).hexdigest() for one in filled]

    def of(self, item: Item) -> CustodyRecord:
        """Return the record of one item, not saved."""
        return self._make(item_id=item.pk, **dict.fromkeys(self._changing, item.sha256))

    def insert(self, items: Sequence[Item], entries: Sequence[int]) -> None:
        """Store the records of these items, each with the key of its entry."""
        keys, sha256s = [item.pk for item in items], [item.sha256 for item in items]
        digests = dict.fromkeys(self._changing, sha256s)
        insert_alike(self.first, item_id=keys, entry_id=entries, **digests)

    def stated(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return what the entry of each of these items' records commits to, as `committed`."""
        sha256s = [item.sha256 for item in items]
        act = {"event": str(self.first.event), "role": self.first.role}
        return [
            act | {"sha256": sha256, "record": record}
            for sha256, record in zip(sha256s, self.digests(sha256s), strict=True)
        ]


def role_of(actor: Actor) -> str:
    """The role in which somebody acts, as custody records state it."""
    return ", ".join(sorted(actor.roles)) if isinstance(actor, Officer) else "node"


def custody_of(
    actor: Actor,
    item: Item,
    event: CustodyEvent,
    *,
    facts: Mapping[str, str] | None = None,
    **stated: Any,
) -> CustodyRecord:
    """A custody record that is not saved yet; its `entry` is still to be set by the action.

    facts: by rules.Fact; what the node knows of itself, its clock and the actor is added.
    """
    known = surroundings(actor) | {str(name): text for name, text in (facts or {}).items() if text}
    return CustodyRecord(
        item=item,
        event=event,
        actor=actor.actor_id,
        role=role_of(actor),
        facts=known,
        form=FORM,
        **stated,
    )
