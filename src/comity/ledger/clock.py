"""Whether this machine's clock can be right: it never lies behind what was recorded or stamped."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from comity.core.errors import Refused
from comity.ledger.models import Checkpoint, TimeToken

STEP = timedelta(seconds=10)  # a clock that is slewed never goes back; one that is set may
LOOKED_AT = 100


def stepped_back(now: datetime) -> datetime | None:
    """Give the time of the newest checkpoint if the clock shows an earlier one by a step."""
    before = Checkpoint.objects.order_by("-size").values_list("at", flat=True).first()
    return before if before is not None and now < before - STEP else None


def require_believable(now: datetime) -> None:
    """Let something be sealed at this moment, or refuse if the clock cannot be right.

    With trusted time the newest token decides: the clock is neither behind what an authority
    stated, nor was it ahead when that token came and has not been put right since. Without any,
    it is not behind the newest hundred checkpoints. Tolerance: COMITY_CLOCK_SKEW_SECONDS.
    Raises Refused("ledger.clock_wrong").
    """
    tolerance = timedelta(seconds=settings.COMITY_CLOCK_SKEW_SECONDS)
    token = TimeToken.objects.order_by("-pk").values_list("gen_time", "at").first()
    if token is not None:
        stated, noted = token
        is_behind = now < stated - tolerance
        is_ahead = noted - stated > tolerance and now >= noted
        if is_behind or is_ahead:
            raise Refused("ledger.clock_wrong")
        return
    newest = Checkpoint.objects.order_by("-size").values_list("at", flat=True)[:LOOKED_AT]
    if any(now < at - tolerance for at in newest):
        raise Refused("ledger.clock_wrong")
