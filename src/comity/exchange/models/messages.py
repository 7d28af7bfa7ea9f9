"""What goes to partners and what came from them, sealed, with attachments."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from comity.core.access import Act, Actor
from comity.exchange.models.partners import Partner
from comity.exchange.rules import DECIDED, WAITING, IncomingStatus, OutgoingStatus, next_due
from comity.vault.models import StoredFile


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
    # Since when the partner may hold the envelope; empty while it surely does not.
    handed_at = models.DateTimeField(null=True, blank=True)
    # When it was to be stopped and could not be any more: it is not tried again.
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OutgoingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "conversation", "seq"],
                condition=~Q(status="stopped"),  # another message takes the place of a stopped one
                name="one_place_in_a_conversation",
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
    begun_at = models.DateTimeField(null=True, blank=True)  # since then they may hold parts of it
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
            models.Index(fields=["partner", "-received_at"]),
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
