"""How an item was made out of another: the line from a copy back to its original."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from comity.evidence.models.items import Item
from comity.evidence.rules import Derived


class Derivation(models.Model):
    """An item was made out of an original, that stays what it is.

    tool: name and version of what made it. model: language data or model, with its version.
    machine_made: no person wrote or checked the content. detail: what a reader needs to make it
    again, such as regions, time codes, the name in an archive; codes and numbers, its digest is in
    the ledger. reason: an officer's words. scope: of the consent it follows from; empty if none.
    """

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="derivation")
    original = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="derivations")
    how = models.CharField(max_length=20, choices=[(each.value, each.value) for each in Derived])
    tool = models.CharField(max_length=200)
    model = models.CharField(max_length=200, blank=True)
    machine_made = models.BooleanField(default=False)
    detail = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    scope = models.CharField(max_length=20, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["original", "how"], name="evidence_derived_how")]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(item=models.F("original")), name="derived_from_another"
            )
        ]

    def __str__(self) -> str:
        return f"{self.item_id} out of {self.original_id}"
