"""Partners, their descriptors past and present, and our own."""

from __future__ import annotations

import uuid
from functools import lru_cache

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language

from comity.accounts.models import Officer
from comity.core.access import Act, Actor
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing.descriptor import Descriptor
from comity.exchange.rules import PartnerStatus

DEFAULT_TYPES = (
    "letter/1",
    "acknowledgement/1",
    "conditions/1",
    "conditions-accepted/1",
    "reply/1",
)


def default_types() -> list[str]:
    """The message types that a new partner may send."""
    return list(DEFAULT_TYPES)


@lru_cache(maxsize=64)
def _parsed(text: str, fingerprint: str) -> Descriptor:
    return descriptors.parse(text, fingerprint)


class PartnerQuerySet(models.QuerySet["Partner"]):
    def visible_to(self, actor: Actor) -> PartnerQuerySet:
        """Partners are no secret to those who write to them."""
        if actor.may(Act.SEE_EXCHANGE) or actor.may(Act.SEE_LETTERS):
            return self
        return self.none()

    def active(self) -> PartnerQuerySet:
        """Those that messages go to and come from."""
        return self.filter(status=PartnerStatus.ACTIVE)

    def answering(self) -> PartnerQuerySet:
        """Active ones that delivery does not leave alone for a while because they were silent."""
        due = models.Q(next_attempt_at=None) | models.Q(next_attempt_at__lte=timezone.now())
        return self.active().filter(due)


class Partner(models.Model):
    """Another authority's node. `descriptor` is what two officers confirmed, or wait to confirm.

    While an active partner's new keys wait, they stand in `proposed_descriptor`.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    node_id = models.CharField(max_length=253, unique=True)
    names = models.JSONField(default=dict)
    state = models.CharField(max_length=2)
    descriptor = models.TextField()
    fingerprint = models.CharField(max_length=64)
    http_keyid = models.CharField(max_length=120, unique=True)
    status = models.CharField(
        max_length=10, default=PartnerStatus.PROPOSED, choices=[(s, s) for s in PartnerStatus]
    )
    allowed_types = models.JSONField(default=default_types)
    proposed_descriptor = models.TextField(blank=True)
    proposed_fingerprint = models.CharField(max_length=64, blank=True)
    proposed_by = models.ForeignKey(
        Officer, null=True, on_delete=models.PROTECT, related_name="partners_proposed"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="partners_confirmed"
    )
    verified_how = models.TextField(blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    # How delivery to this partner stands.
    leased_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=80, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    described_at = models.DateTimeField(null=True, blank=True)
    # Seconds that their clock is ahead of ours, when last heard.
    ahead_seconds = models.IntegerField(null=True, blank=True)
    # The newest head of their ledger that a receipt stated.
    head_size = models.BigIntegerField(default=0)
    head_root = models.CharField(max_length=64, blank=True)
    history_doubted_at = models.DateTimeField(null=True, blank=True)
    diagnosis = models.JSONField(default=list, blank=True)
    diagnosed_at = models.DateTimeField(null=True, blank=True)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["node_id"]
        indexes = [models.Index(fields=["status", "next_attempt_at"])]

    def __str__(self) -> str:
        return self.node_id

    @property
    def subject(self) -> str:
        return f"partner:{self.uid}"

    @property
    def name(self) -> str:
        """The official name in the reader's language."""
        language = (get_language() or "en").split("-")[0]
        return str(self.names.get(language) or self.names.get("en") or self.node_id)

    @property
    def waits_for_confirmation(self) -> bool:
        return self.status == PartnerStatus.PROPOSED or bool(self.proposed_descriptor)

    @property
    def fingerprint_to_confirm(self) -> str:
        """The fingerprint that the second officer compares now."""
        return self.proposed_fingerprint or self.fingerprint

    def described(self) -> Descriptor:
        """The descriptor in force. Raises Untrusted if the row was tampered with."""
        return _parsed(self.descriptor, self.fingerprint)


class KnownDescriptor(models.Model):
    """Every descriptor a partner had, so that old receipts and containers stay checkable."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="descriptors")
    text = models.TextField()
    fingerprint = models.CharField(max_length=64)
    serial = models.BigIntegerField()
    known_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-known_at"]

    def __str__(self) -> str:
        return f"descriptor {self.serial}"


class OwnDescriptor(models.Model):
    """What this node has published about itself; the newest is in force."""

    serial = models.BigIntegerField(unique=True)
    text = models.TextField()
    content_digest = models.CharField(max_length=64)
    issued_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"own descriptor {self.serial}"


class Witnessing(models.Model):
    """How two nodes witness each other's ledgers.

    size, root, note: the newest head of the partner's ledger that we saw; nothing signed later may
    contradict it. asked_at: when we last asked the partner to witness ours.
    """

    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="witnessing")
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(default=bytes)
    note = models.BinaryField(default=bytes)
    seen_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.partner_id} at {self.size}"
