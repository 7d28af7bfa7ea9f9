"""What outsiders attached to an item about its origin, and what of that could be checked."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from comity.evidence.models.items import Item
from comity.evidence.rules.tools import Attested, Reader


class Attestation(models.Model):
    """What one reader found. facts: what the outsider stated, in their words. tool: with version.

    The newest reading replaces the one before; each has its entry in the ledger.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="attestations")
    reader = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Reader])
    verdict = models.CharField(max_length=30, choices=[(one.value, one.value) for one in Attested])
    facts = models.JSONField(default=dict)
    tool = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(default=timezone.now)
    read_by = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["item", "reader"], name="attestation_of_a_reader_once")
        ]

    def __str__(self) -> str:
        return f"{self.reader} of {self.item_id}"
