"""Receipts, nonces that were used, and what was refused."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from comity.core.access import Act, Actor
from comity.exchange.models.partners import Partner
from comity.exchange.rules import Direction


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def visible_to(self, actor: Actor) -> ReceiptQuerySet:
        """Receipts hold codes and digests; whoever sees the exchange or letters sees them."""
        if actor.may(Act.SEE_EXCHANGE) or actor.may(Act.SEE_LETTERS):
            return self
        return self.none()

    def about(self, message_id: uuid.UUID) -> ReceiptQuerySet:
        """Every receipt of one message, oldest first."""
        return self.filter(message_id=message_id).order_by("at", "id")


class Receipt(models.Model):
    """A signed statement about a message. `digest` is the SHA-256 of `text`; `prev` chains them."""

    message_id = models.UUIDField(db_index=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="receipts")
    direction = models.CharField(max_length=5, choices=[(d, d) for d in Direction])
    event = models.CharField(max_length=2)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    prev = models.CharField(max_length=64, blank=True)
    head_size = models.BigIntegerField()
    head_root = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    # It came in an answer while the one before it, which another answer held, did not arrive.
    prev_missing = models.BooleanField(default=False)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "direction", "digest"], name="one_receipt_of_a_digest"
            ),
            # A node that states two different things after the same receipt rewrites its history.
            models.UniqueConstraint(
                fields=["partner", "direction", "prev"], name="one_receipt_after_another"
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "direction", "-id"], name="receipt_last"),
            models.Index(
                fields=["partner", "id"],
                name="receipt_to_deliver",
                condition=Q(direction="given", delivered_at=None),
            ),
            models.Index(
                fields=["partner", "id"],
                name="receipt_gap",
                condition=Q(prev_missing=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.direction}"


class SeenNonce(models.Model):
    """A nonce that a partner has used; kept for longer than its call could be repeated."""

    keyid = models.CharField(max_length=120)
    nonce = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["keyid", "nonce"], name="one_use_of_a_nonce")
        ]

    def __str__(self) -> str:
        return f"nonce {self.pk}"


class RejectionQuerySet(models.QuerySet["Rejection"]):
    def visible_to(self, actor: Actor) -> RejectionQuerySet:
        return self if actor.may(Act.SEE_EXCHANGE) else self.none()


class Rejection(models.Model):
    """Something that came over the exchange and was not believed; repeats are counted.

    apart: it is of one message, the one of `message_id`; else of the first of perhaps many.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="rejections"
    )
    what = models.CharField(max_length=20)  # "call", "message", "blob" or "receipt"
    message_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    apart = models.BooleanField(default=False)
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField(default=timezone.now)

    objects = RejectionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["partner", "reason", "-at"])]

    def __str__(self) -> str:
        return f"rejection {self.pk}"

    @property
    def subject(self) -> str:
        return f"rejection:{self.uid}"
