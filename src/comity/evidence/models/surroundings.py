"""What the node states beside every act on an item: clock, software, how the actor signed in.

The state of the clock is asked of the kernel (adjtimex, read only), which knows whether something
keeps it in step; `timedatectl` and `chronyc` show the same.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import struct
import sys
from datetime import UTC
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.conf import settings
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Actor
from comity.evidence.rules import Fact

IN_STEP, NOT_IN_STEP, UNKNOWN = "in_step", "not_in_step", "unknown"
_TIMEX_BYTES = 512  # more than any kernel's struct timex
_MAXERROR_AT, _STATUS_AT = 24, 40  # of a 64-bit system
_STA_UNSYNC, _TIME_ERROR = 0x0040, 5


def surroundings(actor: Actor) -> dict[str, str]:
    """By rules.Fact: when by which clock, of whom, with which software, signed in how."""
    state, error_ms = clock()
    found: dict[Fact, str] = {
        Fact.RECORDED_AT: timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        Fact.CLOCK: state,
        Fact.CLOCK_ERROR: "" if error_ms is None else str(error_ms),
        Fact.SOFTWARE: software(),
        Fact.ORGANISATION: settings.COMITY_NODE_ID,
    }
    if isinstance(actor, Officer):
        found |= {Fact.AUTHENTICATION: actor.signed_in_by, Fact.SESSION: actor.session_digest}
    return {str(fact): text for fact, text in found.items() if text}


@cache
def software() -> str:
    """Name and version of what writes the record."""
    try:
        return f"comity {version('comity')}"
    except PackageNotFoundError:  # run from its source
        return "comity"


def clock() -> tuple[str, int | None]:
    """Whether the system's clock is kept in step, and its largest error in milliseconds."""
    asked = _adjtimex()
    if asked is None:
        return UNKNOWN, None
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    result = asked(buffer)
    if result < 0:
        return UNKNOWN, None
    [maxerror] = struct.unpack_from("=q", buffer, _MAXERROR_AT)
    [status] = struct.unpack_from("=i", buffer, _STATUS_AT)
    if result == _TIME_ERROR or status & _STA_UNSYNC:
        return NOT_IN_STEP, None
    return IN_STEP, -(-maxerror // 1000)


@cache
def _adjtimex() -> Any:
    """The system's call; None where there is none of that form."""
    if not sys.platform.startswith("linux") or struct.calcsize("P") != 8 or os.name != "posix":
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
