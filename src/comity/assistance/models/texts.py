"""The texts of a letter in their source language, and their translations."""

from __future__ import annotations

from types import MappingProxyType

from django.db import models
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance.models.letters import LetterOfRequest
from comity.assistance.models.parts import LetterPerson, Measure
from comity.assistance.rules import TextKind
from comity.core.law import letter_facts as law


class Paragraph(models.Model):
    """One text of a letter. language: uk, ja or en, or "zxx" for what is the same in every one."""

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=30, choices=[(kind, kind) for kind in TextKind])
    position = models.PositiveIntegerField(default=0)
    measure = models.ForeignKey(
        Measure, null=True, blank=True, on_delete=models.CASCADE, related_name="texts"
    )
    person = models.ForeignKey(
        LetterPerson, null=True, blank=True, on_delete=models.CASCADE, related_name="texts"
    )
    field = models.CharField(max_length=60, blank=True)  # of request_types.yaml, for an answer
    language = models.CharField(max_length=3)
    text = models.TextField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["letter", "kind"],
                condition=~Q(
                    kind__in=[TextKind.FACT, TextKind.PURPOSE, TextKind.ANSWER, TextKind.LINK]
                ),
                name="one_statement_of_a_kind",
            ),
            models.UniqueConstraint(
                fields=["measure", "kind", "field"],
                condition=Q(measure__isnull=False),
                name="one_answer_to_a_field",
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(person__isnull=False), name="one_link_of_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.position}"

    def as_law(self) -> law.Paragraph:
        """The paragraph as core.law has it. Reads the prefetched translations."""
        return law.Paragraph(
            self.language,
            self.text,
            MappingProxyType({one.language: one.as_law() for one in self.translations.all()}),
        )


class Translation(models.Model):
    """A paragraph in another language; stale once its source text has another hash."""

    paragraph = models.ForeignKey(Paragraph, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(max_length=2)
    text = models.TextField()
    source_hash = models.CharField(max_length=64)
    translator = models.CharField(max_length=120, blank=True)
    certified = models.BooleanField(default=False)
    machine_draft = models.BooleanField(default=False)
    by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["paragraph", "language"], name="one_translation_into_a_language"
            )
        ]

    def __str__(self) -> str:
        return f"{self.language}"

    def as_law(self) -> law.Translation:
        """The translation as core.law has it."""
        return law.Translation(
            self.text, self.source_hash, self.translator, self.certified, self.machine_draft
        )
