"""Items of evidence, and who may see them."""

from __future__ import annotations

import os
import uuid

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer, team_records
from comity.core.access import Act, Actor, Compartment
from comity.evidence.rules import Origin
from comity.vault.models import StoredFile

# The records whose teams hold items, and who reads a team's items: being in the team of a person's
# file opens nothing to an officer who may not see people (her consent decides what a case sees).
SEEING = {"person": Act.SEE_PEOPLE, "case": Act.SEE_CASES, "letter": Act.SEE_LETTERS}
TEAM_KINDS = tuple(SEEING)
SALT_BYTES = 32


def new_salt() -> bytes:
    """Chance for an item, without which nobody guesses what the ledger committed to."""
    return os.urandom(SALT_BYTES)


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
    """One thing in evidence: bytes that never change, and what is known about them.

    distressing: an officer said that looking at it is hard. examined_at: when tools looked at it
    last; empty while they have not. examine_after, examine_tries: no worker takes it before, and
    how often one did. examine_turn: its place among those that came with it, from 0, so that a
    large archive lets others go between; FIRST if somebody waits for it. salt: see `committed`;
    empty in items from before there was one.
    """

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
    distressing = models.BooleanField(default=False)
    examined_at = models.DateTimeField(null=True, blank=True)
    examine_after = models.DateTimeField(default=timezone.now)
    examine_tries = models.PositiveSmallIntegerField(default=0)
    examine_turn = models.IntegerField(default=0)
    salt = models.BinaryField(max_length=SALT_BYTES, default=new_salt)
    erased_at = models.DateTimeField(null=True, blank=True)  # then only its custody is left

    objects = ItemQuerySet.as_manager()
    FIRST = -1

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["examine_turn", "id"],
                condition=models.Q(examined_at=None, size__gt=0, erased_at=None),
                name="evidence_examine_turns",
            )
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"E-{self.pk:06d}"

    @property
    def subject(self) -> str:
        return f"item:{self.uid}"


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
