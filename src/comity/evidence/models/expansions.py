"""Archives whose contents somebody asked to have as items."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.evidence.models.items import Item


class Expansion(models.Model):
    """The contents of an archive are to become items, or have become such.

    beat_at: when the work last moved; who finds it still may take it over. failure: why nothing
    could be read. report: numbers of members and the refused ones, each as [index, code].
    """

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="expansion")
    asked_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    asked_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField(max_length=80, blank=True)
    report = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"contents of {self.item_id}"
