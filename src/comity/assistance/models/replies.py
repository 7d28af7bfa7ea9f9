"""What the requested side reports and hands over, and the conditions under which it does."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import bodies
from comity.assistance.models.letters import LetterOfRequest
from comity.core.documents.replies import Outcome
from comity.evidence.models import Item


class Condition(models.Model):
    """A condition on the use of what is handed over.

    forbids: codes of uses that it rules out, applied by software. provision: words of the
    provision it rests on by language, or empty.
    """

    letter = models.ForeignKey(LetterOfRequest, on_delete=models.PROTECT, related_name="conditions")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=60)
    words = models.JSONField()
    forbids = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["letter", "position"], name="condition_at_a_place")
        ]

    def __str__(self) -> str:
        return self.code

    def as_body(self) -> bodies.Condition:
        """The condition as it travels in a message."""
        return bodies.Condition(self.code, self.words, tuple(self.forbids))


def conditions_of(letter: LetterOfRequest) -> tuple[bodies.Condition, ...]:
    """The conditions set on a letter's evidence, in their order."""
    return tuple(condition.as_body() for condition in letter.conditions.order_by("position"))


class Reply(models.Model):
    """The answer to a letter. On the requested side it is written here, on the other received."""

    letter = models.OneToOneField(LetterOfRequest, on_delete=models.PROTECT, related_name="reply")
    return_required = models.BooleanField(default=False)
    signatory = models.JSONField(default=dict, blank=True)
    executed_by = models.JSONField(default=list, blank=True)  # actor ids
    reported_at = models.DateTimeField(null=True, blank=True)
    message = models.UUIDField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"reply to {self.letter_id}"


class MeasureReport(models.Model):
    """What was done on one measure, in the letter's order."""

    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="reports")
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=60)
    outcome = models.CharField(max_length=20, choices=[(one, one) for one in Outcome])
    language = models.CharField(max_length=2)  # of the report's source text
    words = models.JSONField()
    by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["reply", "position"], name="one_report_on_a_measure")
        ]

    def __str__(self) -> str:
        return self.outcome


class ReplyItem(models.Model):
    """An item handed over: from our evidence, or taken into ours when it arrived."""

    reply = models.ForeignKey(Reply, on_delete=models.PROTECT, related_name="items")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="reply_links")
    title = models.JSONField(default=dict)
    partner_number = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["reply", "item"], name="item_once_in_reply")]

    def __str__(self) -> str:
        return f"handed over {self.item_id}"
