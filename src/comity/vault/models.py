"""What the vault keeps: one row for each different file, with its wrapped key and last check."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class StoredFile(models.Model):
    """One sealed file on disk. Whoever points at it (evidence) decides who may see it."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    lookup = models.BinaryField(max_length=32, unique=True)
    size = models.BigIntegerField()
    stored_name = models.CharField(max_length=64, unique=True)
    stored_size = models.BigIntegerField()
    wrapped_key = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True, blank=True)
    damage = models.CharField(max_length=60, blank=True)  # code of what the last check found

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="stored_size_not_negative")
        ]
        indexes = [models.Index(fields=["checked_at", "id"], name="vault_least_checked")]

    def __str__(self) -> str:
        return f"stored file {self.pk}"

    @property
    def subject(self) -> str:
        return f"file:{self.uid}"
