"""What arrived. Nothing here is unique on purpose: a doubled message would show as two rows."""

from django.db import models


class Note(models.Model):
    message_id = models.UUIDField()
    conversation = models.UUIDField()
    seq = models.PositiveIntegerField()
    text = models.TextField()
    attachments = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"note {self.pk}"
