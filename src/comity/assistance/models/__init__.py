"""Letters of request, what they say, what goes with them, and what comes back."""

from comity.assistance.models.letters import LetterOfRequest, LetterQuerySet
from comity.assistance.models.parts import (
    LetterDocument,
    LetterEvent,
    LetterItem,
    LetterPaper,
    LetterPerson,
    Measure,
    SentForm,
)
from comity.assistance.models.replies import Condition, MeasureReport, Reply, ReplyItem
from comity.assistance.models.texts import Paragraph, Translation
from comity.assistance.models.work import count_urgent, work_for

__all__ = [
    "Condition",
    "LetterDocument",
    "LetterEvent",
    "LetterItem",
    "LetterOfRequest",
    "LetterPaper",
    "LetterPerson",
    "LetterQuerySet",
    "Measure",
    "MeasureReport",
    "Paragraph",
    "Reply",
    "ReplyItem",
    "SentForm",
    "Translation",
    "count_urgent",
    "work_for",
]
