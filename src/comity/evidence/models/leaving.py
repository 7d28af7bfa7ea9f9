"""Conditions of use, and what left to whom on which basis."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import get_language

from comity.accounts.models import Officer
from comity.evidence.models.items import Item
from comity.evidence.rules import BasisKind, Terms


class UseCondition(models.Model):
    """A limit that a partner put on an item; it follows the item wherever it is used.

    cases: uids of the cases that the item came for. last_day: of use, included; set by an officer.
    """

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="conditions")
    code = models.CharField(max_length=60)
    text_uk = models.TextField(blank=True)
    text_ja = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    forbids = models.JSONField(default=list)
    cases = models.JSONField(default=list)
    last_day = models.DateField(null=True, blank=True)
    letter_ref = models.UUIDField(null=True, blank=True)
    set_by_node = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.code

    @property
    def terms(self) -> Terms:
        """What is known of it, for a decision."""
        return Terms(frozenset(self.forbids), frozenset(self.cases), self.last_day)

    @property
    def words(self) -> str:
        """The authority's words in the reader's language; in another one where it gave none."""
        texts = {"uk": self.text_uk, "ja": self.text_ja, "en": self.text_en}
        own = texts.get((get_language() or "en").split("-")[0])
        return own or self.text_en or self.text_uk or self.text_ja


class UseConfirmation(models.Model):
    """A named lawyer confirmed, with a reason, that a use respects a condition.

    target: "case:<uid>" for use in a case, or who gets the item, as in `Disclosure.recipient`.
    """

    condition = models.ForeignKey(
        UseCondition, on_delete=models.PROTECT, related_name="confirmations"
    )
    target = models.CharField(max_length=200)
    reason = models.TextField()
    by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["condition", "target"], name="use_confirmed_once")
        ]

    def __str__(self) -> str:
        return f"confirmation {self.pk}"


class ReleaseGrant(models.Model):
    """A person agreed that an item may go to a recipient for a purpose; last day included."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="release_grants")
    source_ref = models.CharField(max_length=80, db_index=True)
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    scope = models.CharField(max_length=20)
    mode = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["item", "recipient", "purpose"])]

    def __str__(self) -> str:
        return f"release of {self.item_id}"


class Disclosure(models.Model):
    """An item left this node: to whom, why, on which basis, and whether it was acknowledged."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="disclosures")
    recipient = models.CharField(max_length=200)
    purpose = models.CharField(max_length=40)
    basis_kind = models.CharField(
        max_length=20, choices=[(each.value, each.value) for each in BasisKind]
    )
    basis_ref = models.CharField(max_length=200, blank=True)
    # How the person's name is kept out, in the words of whoever let it go.
    appearance = models.CharField(max_length=500, blank=True)
    message_id = models.UUIDField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"disclosure of {self.item_id}"
