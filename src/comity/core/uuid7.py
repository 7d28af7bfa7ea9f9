"""Identifiers that sort by the time they were made (RFC 9562, section 5.7)."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_CHANCE = (1 << 80) - 1 & ~(0xF << 76) & ~(0x3 << 62)  # all but version and variant


def uuid7(now: datetime) -> uuid.UUID:
    """Return a new identifier: 48 bits of `now` in milliseconds, then 74 random bits.

    now: aware. Identifiers made in different milliseconds sort by time, also as text; within one
    millisecond the order is chance. Source: RFC 9562, section 5.7.
    Raises ValueError if `now` is naive, before 1970 or past the 48 bits (year 10889).
    """
    return uuid7_from(now, os.urandom(10))


def uuid7_many(now: datetime, count: int) -> list[uuid.UUID]:
    """Return so many new identifiers of one moment, from one draw of chance; as `uuid7`."""
    fixed = uuid7_from(now, bytes(10)).int
    drawn = os.urandom(10 * count)
    return [
        uuid.UUID(int=fixed | int.from_bytes(drawn[at : at + 10]) & _CHANCE)
        for at in range(0, 10 * count, 10)
    ]


def uuid7_from(now: datetime, randomness: bytes) -> uuid.UUID:
    """Return the identifier for this time and these ten random bytes (RFC 9562, section 5.7).

    The first 4 bits of `randomness` give way to the version and bits 16 and 17 to the variant.
    Raises ValueError as `uuid7` does, and if `randomness` is not ten bytes.
    """
    if now.tzinfo is None or now < _EPOCH:
        raise ValueError("now must be aware and not before 1970")
    if len(randomness) != 10:
        raise ValueError("randomness must be ten bytes")
    value = ((now - _EPOCH) // _MILLISECOND) << 80 | int.from_bytes(randomness)
    value &= ~(0xF << 76) & ~(0x3 << 62)
    return uuid.UUID(int=value | 0x7 << 76 | 0x2 << 62)


def time_of(identifier: uuid.UUID) -> datetime:
    """Return the moment, to the millisecond and in UTC, that a version 7 identifier names.

    Raises ValueError for another version, or a time that the calendar cannot hold.
    """
    if identifier.version != 7:
        raise ValueError("not a version 7 identifier")
    try:
        return _EPOCH + _MILLISECOND * (identifier.int >> 80)
    except OverflowError:
        raise ValueError("time out of range") from None
