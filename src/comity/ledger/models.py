"""What the ledger keeps: entries, their details, tree tiles, checkpoints and time tokens."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from comity.core import canonical, revocation


class Entry(models.Model):
    """One act. Pending until the sequencer numbers it; after that triggers refuse every change."""

    uid = models.UUIDField(unique=True)
    index = models.BigIntegerField(null=True, unique=True)
    kind = models.CharField(max_length=80)
    actor = models.CharField(max_length=80)
    subject = models.CharField(max_length=80, db_index=True)
    at = models.DateTimeField()
    body = models.BinaryField()
    leaf_hash = models.BinaryField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["kind", "-id"]),
            models.Index(fields=["actor", "-id"]),
            models.Index(
                fields=["id"], name="ledger_pending", condition=models.Q(index__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"entry {self.index if self.index is not None else 'pending'}"

    @property
    def number(self) -> str:
        """The entry's place in the tree as officers read it."""
        return "–" if self.index is None else str(self.index)


class EntryDetails(models.Model):
    """What an entry commits to; the leaf holds only a salted hash of it, so a proof outlives it."""

    entry = models.OneToOneField(
        Entry, on_delete=models.PROTECT, primary_key=True, related_name="committed"
    )
    details = models.BinaryField()
    salt = models.BinaryField()

    def __str__(self) -> str:
        return f"details of {self.entry_id}"

    def as_mapping(self) -> Mapping[str, Any]:
        """Return the committed details."""
        value = canonical.decode(bytes(self.details))
        if not isinstance(value, dict):
            raise TypeError("details are a mapping")
        return value

    @property
    def commitment_hex(self) -> str:
        """Hex SHA-256 of salt and details, as the leaf states it."""
        return hashlib.sha256(bytes(self.salt) + bytes(self.details)).hexdigest()


class Tile(models.Model):
    """Up to 256 hashes of one level of the tree (C2SP tlog-tiles); a tile only ever grows."""

    level = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hashes = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["level", "index"], name="one_tile")]

    def __str__(self) -> str:
        return f"tile {self.level}/{self.index}"


class Checkpoint(models.Model):
    """A signed tree head (C2SP tlog-checkpoint)."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField()
    note = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"checkpoint {self.size}"


class TimeToken(models.Model):
    """An RFC 3161 token over a checkpoint's note; request and response kept as they were."""

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="tokens")
    authority = models.CharField(max_length=200)
    request = models.BinaryField()
    response = models.BinaryField()
    gen_time = models.DateTimeField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"token over checkpoint {self.checkpoint_id}"


class TokenRenewal(models.Model):
    """A later token over the tokens of a checkpoint, asked for before their certificates end.

    number: 1 is the first of its checkpoint. record: what it is over (`core.renewals`). chain: the
    certificates of the renewed tokens as they were that day, PEM.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="renewals")
    number = models.PositiveIntegerField()
    record = models.BinaryField()
    chain = models.BinaryField()
    authority = models.CharField(max_length=200)
    request = models.BinaryField()
    response = models.BinaryField()
    gen_time = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["checkpoint", "number"]
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "number"], name="renewed_in_order")
        ]

    def __str__(self) -> str:
        return f"renewal {self.number} of the tokens over checkpoint {self.checkpoint_id}"


class RevocationRecord(models.Model):
    """What an issuer in a token's chain said of revocation, as it was fetched (DER).

    certificate: the one (SHA-256) that a responder was asked about; empty: a list of all of them.
    checked_at: when the address last gave these very bytes.
    """

    address = models.CharField(max_length=500, db_index=True)
    certificate = models.CharField(max_length=64, blank=True)
    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    this_update = models.DateTimeField()
    at = models.DateTimeField()
    checked_at = models.DateTimeField()

    class Meta:
        ordering = ["this_update", "id"]

    def __str__(self) -> str:
        return f"revocation statement {self.pk}"

    @property
    def statement(self) -> revocation.Statement:
        """What was said, read again."""
        content = bytes(self.content)
        return (revocation.read_answer if self.certificate else revocation.read)(content)


class StampFailure(models.Model):
    """Why a time-stamp authority gave no usable token; kept as evidence.

    failures: how many in a row this stands for since the row before it; empty: this one.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT)
    authority = models.CharField(max_length=200)
    reason = models.CharField(max_length=80)
    response = models.BinaryField(default=b"")
    at = models.DateTimeField()
    failures = models.IntegerField(null=True)

    def __str__(self) -> str:
        return f"no token from {self.authority}"


class StampOutage(models.Model):
    """Since when an authority gives no usable token: no evidence, it goes with the next token.

    tried_at: the last failure. recorded_at: of its newest StampFailure. uncounted: the failures
    since that one.
    """

    authority = models.CharField(max_length=200, unique=True)
    tried_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    uncounted = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"no token from {self.authority} since some time"


class Cosignature(models.Model):
    """That another node saw the tree of a checkpoint, and that it only grew until there.

    line: the signature line of a note (C2SP tlog-cosignature); it proves itself.
    """

    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.PROTECT, related_name="cosigned")
    witness = models.CharField(max_length=253)  # the node's id
    line = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["checkpoint", "witness"], name="cosigned_once")
        ]

    def __str__(self) -> str:
        return f"{self.witness} saw {self.checkpoint_id}"


class Epoch(models.Model):
    """Two officers let the ledger go on from a tree that is not the one signed last.

    held: SHA-256 of the file with the last signed checkpoint, that stated locked_size and
    locked_root. size, root: of the tree from which it goes on. Roots as hex.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    held = models.CharField(max_length=64)
    locked_size = models.BigIntegerField()
    locked_root = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField()
    root = models.CharField(max_length=64)
    reason = models.TextField()
    proposed_by = models.CharField(max_length=80)
    proposed_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.CharField(max_length=80, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(confirmed_by=models.F("proposed_by")),
                name="epoch_confirmed_by_another",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmed_by="", confirmed_at=None)
                | (~models.Q(confirmed_by="") & models.Q(confirmed_at__isnull=False)),
                name="epoch_confirmed_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"epoch {self.pk}"

    @property
    def subject(self) -> str:
        return f"epoch:{self.uid}"
