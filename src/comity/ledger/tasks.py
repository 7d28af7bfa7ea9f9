"""What the ledger does by itself: number pending entries, have checkpoints stamped."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django_tasks import task

from comity.ledger import actions, stamping
from comity.ledger.models import Checkpoint

STAMP_EVERY = timedelta(seconds=5)
WAIT_AFTER_FAILURE = timedelta(seconds=30)


def sequence_is_due() -> bool:
    """Say whether an entry waits for its number, and the ledger is the one signed last."""
    return actions.pending_count() > 0 and actions.head_trouble() is None


@task()
def sequence_ledger() -> int:
    """Number everything that waits; safe to run twice and at once."""
    total = 0
    while done := actions.sequence_pending():
        total += done
    return total


def _unstamped() -> Checkpoint | None:
    head = actions.newest_checkpoint()
    return head if head and not head.tokens.exists() else None


def stamp_is_due() -> bool:
    """Say whether the newest checkpoint wants a token and no authority failed just now."""
    if not settings.COMITY_TSA_URLS or _unstamped() is None:
        return False
    return not actions.stamp_failed_since(timezone.now() - WAIT_AFTER_FAILURE)


@task()
def stamp_checkpoints() -> bool:
    """Have the newest checkpoint stamped: one token covers every entry up to its size."""
    return stamp_newest()


def stamp_newest() -> bool:
    """Stamp the newest checkpoint; keep why not, if no authority answers well."""
    head = _unstamped()
    if head is None:
        return False
    try:
        answer = stamping.ask(hashlib.sha256(bytes(head.note)).digest())
    except stamping.NoStamp as failure:
        actions.keep_stamp_failures(head, failure.reasons)
        return False
    actions.keep_stamp(
        head,
        authority=answer.authority,
        request=answer.request,
        response=answer.response,
        gen_time=answer.stamp.gen_time,
    )
    return True
