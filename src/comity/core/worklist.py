"""One row of work on the Today page: what, why it matters, the clock, and the one verb."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

# A clock that ends within this time is urgent: it stands first, and beside Today in the navigation.
SOON = timedelta(hours=24)


@dataclass(frozen=True)
class WorkRow:
    """A thing that waits for the officer who looks.

    more: a row that stands for so many things that are not listed one by one; 0 for one thing.
    title, detail, verb and clock_source are already in the officer's language and name nobody.
    due_at: aware UTC, or None where no clock runs. icon: a name of the icon set.
    """

    title: str
    detail: str
    url: str
    verb: str
    icon: str = "circle-dot"
    due_at: datetime | None = None
    clock_source: str = ""
    more: int = 0

    @property
    def count(self) -> int:
        """For how many things the row stands."""
        return self.more or 1
