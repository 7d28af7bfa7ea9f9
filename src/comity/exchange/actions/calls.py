"""What is remembered of a partner's call: its nonce, for twice as long as it could be repeated."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from comity.core.errors import Untrusted
from comity.exchange.models import SeenNonce

if TYPE_CHECKING:
    from comity.core.httpsig import VerifiedCall


@transaction.atomic
def use_nonce(call: VerifiedCall) -> None:
    """Use up a call's nonce in the transaction of what it does; of two at once, one passes.

    Raises Untrusted("call.replayed"); the transaction must end with it.
    """
    try:
        SeenNonce.objects.create(keyid=call.keyid, nonce=call.nonce, seen_at=timezone.now())
    except IntegrityError:
        raise Untrusted("call.replayed") from None


def refuse_repeated(call: VerifiedCall) -> None:
    """Raise Untrusted("call.replayed") if the nonce was used up, before a body is read or kept."""
    if SeenNonce.objects.filter(keyid=call.keyid, nonce=call.nonce).exists():
        raise Untrusted("call.replayed")


def forget_nonces() -> int:
    """Drop the nonces of calls that are too old to pass again."""
    age = timedelta(seconds=2 * settings.COMITY_CLOCK_SKEW_SECONDS + 60)
    count, _ = SeenNonce.objects.filter(seen_at__lt=timezone.now() - age).delete()
    return count
