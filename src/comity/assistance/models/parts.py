"""What a letter consists of besides its texts: measures, persons, exhibits, papers, its course."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance.models.letters import LetterOfRequest
from comity.assistance.rules import Event
from comity.evidence.models import Item
from comity.vault.models import StoredFile


class Measure(models.Model):
    """A measure asked for: a type of request_types.yaml with its own fields."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.CASCADE, related_name="measures")
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    choices = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "position"], name="measure_at_a_place")
        ]

    def __str__(self) -> str:
        return f"measure {self.position + 1}"


class LetterPerson(models.Model):
    """A person named in the letter, as the letter names them. protected: only a pseudonym."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.CASCADE, related_name="persons")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=20)
    names = models.JSONField(default=dict)
    born_on = models.DateField(null=True, blank=True)
    nationality = models.JSONField(default=dict, blank=True)
    address = models.JSONField(default=dict, blank=True)
    protected = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return f"person {self.position + 1}"


class LetterItem(models.Model):
    """An item of evidence that goes with an outgoing letter, and why it may leave."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.PROTECT, related_name="exhibits")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="letter_links")
    title = models.JSONField(default=dict)
    pages = models.PositiveIntegerField(null=True, blank=True)
    basis_kind = models.CharField(max_length=20)
    basis_ref = models.CharField(max_length=120, blank=True)
    attached_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    attached_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "item"], name="item_once_in_letter")
        ]

    def __str__(self) -> str:
        return f"exhibit {self.item_id}"


class LetterPaper(models.Model):
    """A paper beside a letter: the text of the law, an order; on an incoming one whatever came."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.PROTECT, related_name="papers")
    kind = models.CharField(max_length=20)
    title = models.JSONField(default=dict)
    pages = models.PositiveIntegerField(null=True, blank=True)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=200)
    name_code = models.CharField(max_length=260, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"paper {self.pk}"


class LetterDocument(models.Model):
    """A printed document of a letter, acknowledgement or reply, as signed or as received."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=20)  # letter, acknowledgement or reply
    language = models.CharField(max_length=3)
    revision = models.PositiveIntegerField(default=0)
    stored_file = models.ForeignKey(StoredFile, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "kind", "language", "revision"], name="one_document_of_a_revision"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.language}"


class SentForm(models.Model):
    """A form of a letter that has done its work; sent again, it does nothing more."""

    uid = models.UUIDField(unique=True)
    letter = models.ForeignKey(LetterOfRequest, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return f"form {self.uid}"


class LetterEvent(models.Model):
    """One step in the course of a letter."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.PROTECT, related_name="events")
    event = models.CharField(max_length=30, choices=[(event, event) for event in Event])
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=80)
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.CharField(max_length=500, blank=True)
    message = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.event
