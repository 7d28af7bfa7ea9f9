"""Partners, what goes to them, what came from them, receipts, and what was refused."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import lru_cache

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext

from comity.accounts.models import Officer
from comity.core.access import Act, Actor
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing.descriptor import Descriptor
from comity.core.worklist import WorkRow
from comity.exchange.rules import (
    DECIDED,
    WAITING,
    Direction,
    IncomingStatus,
    OutgoingStatus,
    PartnerStatus,
    next_due,
)
from comity.vault.models import StoredFile

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


class OutgoingQuerySet(models.QuerySet["OutgoingMessage"]):
    def visible_to(self, actor: Actor) -> OutgoingQuerySet:
        """Who sees the exchange sees that a message went, never what it says."""
        return self if actor.may(Act.SEE_EXCHANGE) else self.none()

    def first_in_line(self) -> OutgoingQuerySet:
        """Queued messages with no earlier one of their conversation still queued."""
        earlier = OutgoingMessage.objects.filter(
            partner=OuterRef("partner"),
            conversation=OuterRef("conversation"),
            seq__lt=OuterRef("seq"),
            status=OutgoingStatus.QUEUED,
        )
        return self.filter(~Exists(earlier), status=OutgoingStatus.QUEUED)


class OutgoingMessage(models.Model):
    """A sealed message of ours and how far it has come. `uid` is the message's own id."""

    uid = models.UUIDField(unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="outgoing")
    type = models.CharField(max_length=64)
    conversation = models.UUIDField()
    seq = models.PositiveIntegerField()
    in_reply_to = models.UUIDField(null=True, blank=True)
    status = models.CharField(
        max_length=12, default=OutgoingStatus.QUEUED, choices=[(s, s) for s in OutgoingStatus]
    )
    container = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    container_sha256 = models.CharField(max_length=64)
    sealed_sha256 = models.CharField(max_length=64)
    sealed_size = models.BigIntegerField()
    sealed_path = models.CharField(max_length=200)  # under the spool; empty when removed
    time_stamped = models.BooleanField(default=False)
    queued_by = models.CharField(max_length=80)
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "conversation", "seq"], name="one_place_in_a_conversation"
            )
        ]
        indexes = [
            models.Index(
                fields=["partner", "id"], name="outgoing_queued", condition=Q(status="queued")
            ),
            models.Index(fields=["conversation", "seq"]),
            models.Index(fields=["status", "created_at"]),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    @property
    def number(self) -> str:
        return f"M-{self.pk:04d}"

    @property
    def subject(self) -> str:
        return f"message:{self.uid}"

    @property
    def awaited(self) -> tuple[str, datetime] | None:
        """The receipt that is due next and by when."""
        due = next_due(OutgoingStatus(self.status), self.created_at)
        return None if due is None else (due[0].value, due[1])


class OutgoingBlob(models.Model):
    """A sealed attachment that goes before its message."""

    message = models.ForeignKey(OutgoingMessage, on_delete=models.PROTECT, related_name="blobs")
    name_code = models.CharField(max_length=260)
    sealed_sha256 = models.CharField(max_length=64)
    sealed_size = models.BigIntegerField()
    path = models.CharField(max_length=200)
    sent_bytes = models.BigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"blob {self.pk}"


class IncomingQuerySet(models.QuerySet["IncomingMessage"]):
    def visible_to(self, actor: Actor) -> IncomingQuerySet:
        """Who sees the exchange sees that a message came, never what it says."""
        return self if actor.may(Act.SEE_EXCHANGE) else self.none()

    def workable(self, now: datetime) -> IncomingQuerySet:
        """Waiting messages that nobody works on and whose turn has come."""
        before = IncomingMessage.objects.filter(
            partner=OuterRef("partner"),
            conversation=OuterRef("conversation"),
            seq=OuterRef("seq") - 1,
            status__in=DECIDED,
        )
        in_turn = Q(seq=None) | Q(seq=0) | Exists(before)
        free = Q(leased_until=None) | Q(leased_until__lt=now)
        due = Q(next_attempt_at=None) | Q(next_attempt_at__lte=now)
        return self.filter(in_turn, free, due, status__in=WAITING)


class IncomingMessage(models.Model):
    """A partner's message. Type, conversation and place are known once it has been opened."""

    uid = models.UUIDField(editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="incoming")
    type = models.CharField(max_length=64, blank=True)
    conversation = models.UUIDField(null=True, blank=True)
    seq = models.PositiveIntegerField(null=True, blank=True)
    in_reply_to = models.UUIDField(null=True, blank=True)
    status = models.CharField(
        max_length=10, default=IncomingStatus.RECEIVED, choices=[(s, s) for s in IncomingStatus]
    )
    reason = models.CharField(max_length=120, blank=True)
    sealed_sha256 = models.CharField(max_length=64)
    sealed_size = models.BigIntegerField()
    sealed_path = models.CharField(max_length=200)  # under the spool; empty when removed
    container = models.ForeignKey(
        StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    container_sha256 = models.CharField(max_length=64, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)

    objects = IncomingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["partner", "uid"], name="one_message_of_an_id"),
            models.UniqueConstraint(
                fields=["partner", "conversation", "seq"],
                condition=Q(status__in=["handled", "held"]),
                name="one_message_at_a_place",
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "id"],
                name="incoming_waiting",
                condition=Q(status__in=["received", "held"]),
            ),
            models.Index(fields=["partner", "conversation", "seq"]),
            models.Index(fields=["uid"]),
        ]

    def __str__(self) -> str:
        return f"received message {self.pk}"

    @property
    def number(self) -> str:
        return f"R-{self.pk:04d}"

    @property
    def subject(self) -> str:
        return f"received:{self.uid}"


class IncomingBlob(models.Model):
    """A partner's sealed attachment so far; `offset` bytes are on stable storage."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="blobs")
    sealed_sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    complete = models.BooleanField(default=False)
    touched_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "sealed_sha256"], name="one_blob_of_a_digest"
            )
        ]

    def __str__(self) -> str:
        return f"received blob {self.pk}"


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
    """Something that came over the exchange and was not believed; repeats are counted."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="rejections"
    )
    what = models.CharField(max_length=20)  # "call", "message", "blob" or "receipt"
    message_id = models.UUIDField(null=True, blank=True)
    reason = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
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


def work_for(actor: Actor) -> list[WorkRow]:
    """What waits for this officer: pairings to confirm, messages that did not arrive."""
    rows = []
    if actor.may(Act.CONFIRM_PARTNER):
        proposed = Q(status=PartnerStatus.PROPOSED) | ~Q(proposed_descriptor="")
        waiting = [
            partner
            for partner in Partner.objects.filter(proposed).select_related("proposed_by")
            if partner.proposed_by is None or partner.proposed_by.actor_id != actor.actor_id
        ]
        rows += [
            WorkRow(
                title=gettext("Confirm a partner's keys"),
                detail=gettext("Compare the fingerprint with the other side by voice or on paper."),
                url=reverse("partner", args=[partner.pk]),
                verb=gettext("Compare"),
                icon="fingerprint-pattern",
            )
            for partner in waiting
        ]
    if actor.may(Act.RESEND_MESSAGE):
        dead = OutgoingMessage.objects.filter(status=OutgoingStatus.DEAD).order_by(F("id").desc())
        rows += [
            WorkRow(
                title=gettext("Message %(number)s was not accepted") % {"number": message.number},
                detail=gettext("The partner's node says why; put it right or send it again."),
                url=reverse("outgoing_message", args=[message.pk]),
                verb=gettext("Look"),
                icon="mail-warning",
            )
            for message in dead[:20]
        ]
    return rows
