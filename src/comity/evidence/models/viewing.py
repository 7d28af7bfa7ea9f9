"""What tools found in items, safe pictures of them, texts being made, and officers' limits."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.evidence.models.items import Item
from comity.evidence.rules.tools import Examiner, NotExaminedWhy, Picture, Writing
from comity.vault.models import StoredFile


class Examination(models.Model):
    """What one tool found in one item, or why it found nothing.

    version: of the tool. facts: [group, name, value] of each thing that the file says of itself;
    the group tells where in the file it stands. failed: a code, empty if the tool answered.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="examinations")
    tool = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Examiner])
    version = models.CharField(max_length=200, blank=True)
    facts = models.JSONField(default=list)
    failed = models.CharField(
        max_length=20, blank=True, choices=[(each.value, each.value) for each in NotExaminedWhy]
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["item", "tool"], name="examined_once")]
        indexes = [
            models.Index(
                fields=["failed"],
                condition=models.Q(failed=NotExaminedWhy.NO_SANDBOX.value),
                name="evidence_not_examined",
            )
        ]

    def __str__(self) -> str:
        return f"{self.tool} on {self.item_id}"


class Rendition(models.Model):
    """A safe picture of an item, drawn anew and sealed in the vault; never evidence itself."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="renditions")
    kind = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Picture])
    number = models.PositiveIntegerField(default=1)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="renditions")
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["kind", "number"]
        constraints = [
            models.UniqueConstraint(fields=["item", "kind", "number"], name="rendered_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} of {self.item_id}"


class TextJob(models.Model):
    """Text that an officer asked a machine for; the worker makes it, under the officer's right.

    languages: codes joined by "+", of what stands there, or the one to translate into. failed: why
    there is none, a code. claimed_until: no other worker takes it before.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="text_jobs")
    how = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Writing])
    languages = models.CharField(max_length=40, blank=True)
    asked_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    asked_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    failed = models.CharField(max_length=60, blank=True)
    made = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(ended_at=None), name="evidence_text_waits"
            )
        ]

    def __str__(self) -> str:
        return f"{self.how} of {self.item_id}"


class ExposureLimit(models.Model):
    """How many distressing items an officer opens in a day; they or a supervisor say so."""

    officer = models.OneToOneField(Officer, on_delete=models.PROTECT, related_name="exposure_limit")
    views_a_day = models.PositiveSmallIntegerField()
    set_by = models.CharField(max_length=80)
    set_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"limit of {self.officer_id}"
