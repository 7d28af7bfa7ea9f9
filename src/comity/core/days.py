"""Which days a record may name as the day on which something happened."""

from __future__ import annotations

from datetime import date

# What we deal with happened in living memory; an earlier year is a slip of the hand.
EARLIEST = date(1900, 1, 1)


def is_too_early(day: date) -> bool:
    """Say whether a day, or a moment by its own calendar, lies before every record."""
    return day.year < EARLIEST.year
