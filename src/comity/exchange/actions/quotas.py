"""What one partner may take of this node: bytes on the disk, and new messages in an hour."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from comity.core.errors import Untrusted
from comity.exchange.models import IncomingBlob, IncomingMessage, Partner
from comity.exchange.rules import WAITING

HOUR = timedelta(hours=1)
MOST_WAITING = 10_000


def held_bytes(partner: Partner) -> int:
    """Return how much of the spool a partner takes: sealed messages, and blobs as announced."""
    messages = IncomingMessage.objects.filter(partner=partner).exclude(sealed_path="")
    blobs = IncomingBlob.objects.filter(partner=partner)
    sums = (
        messages.aggregate(size=Sum("sealed_size"))["size"],
        blobs.aggregate(size=Sum("size"))["size"],
    )
    return sum(size or 0 for size in sums)


def _require_bytes(partner: Partner, size: int) -> None:
    quota = settings.COMITY_EXCHANGE_PARTNER_QUOTA
    if held_bytes(partner) + size > quota:
        raise Untrusted("partner.storage", max_bytes=quota)


def require_message_allowed(partner: Partner, message_id: uuid.UUID, size: int) -> None:
    """Check, before its body is read, that a message of a partner finds room.

    One whose id is known passes, so that a partner that heard nothing gets its receipt again.
    Raises Untrusted("partner.quota"): too many new ones in an hour, facts: seconds until the next,
    or too many that wait; Untrusted("partner.storage").
    """
    own = IncomingMessage.objects.filter(partner=partner)
    if own.filter(uid=message_id).exists():
        return
    most = settings.COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR
    now = timezone.now()
    newest = own.filter(received_at__gt=now - HOUR).order_by("-received_at")
    first = newest.values_list("received_at", flat=True)[most - 1 : most].first()
    if first is not None:
        seconds = int((first + HOUR - now).total_seconds()) + 1
        raise Untrusted("partner.quota", per_hour=most, seconds=seconds)
    if own.filter(status__in=WAITING)[MOST_WAITING - 1 :].exists():
        raise Untrusted("partner.quota", waiting=MOST_WAITING)
    _require_bytes(partner, size)


def require_blob_allowed(partner: Partner, size: int) -> None:
    """Check that a blob that a partner announces finds room; its parts pass from then on.

    partner: locked by the caller. Raises Untrusted("partner.storage" | "partner.quota").
    """
    if IncomingBlob.objects.filter(partner=partner, used_at=None)[MOST_WAITING - 1 :].exists():
        raise Untrusted("partner.quota", waiting=MOST_WAITING)
    _require_bytes(partner, size)
