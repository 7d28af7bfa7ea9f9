"""The hub as its coordinator sees it: search, register, ask, take an account, share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.browser import posting
from tests.browser.seats import Seat

SHARED = "The team of the case can open the item now."


class People:
    """The pages under People."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def search(self, name: str) -> People:
        """Look for somebody before anybody is registered."""
        self.seat.open("/people/").fill(text=name).press("Search", within="main")
        return self

    def register(self, **who: Any) -> Person:
        """Open a file."""
        self.seat.open("/people/").follow("Register a person")
        self.seat.fill(**who).press("Open the file")
        self.seat.sees("The file is open. Only its team sees it.")
        return Person(self.seat, self.seat.at)


class Person:
    """The page of one person."""

    def __init__(self, seat: Seat, path: str) -> None:
        self.seat = seat
        self.path = path

    @property
    def code(self) -> str:
        """Such as P-0001."""
        number = int(self.path.strip("/").rpartition("/")[2])
        return f"P-{number:04}"

    def asked(self, **answer: Any) -> Person:
        """Ask for one recipient and one purpose, and record the answer."""
        self.seat.open(self.path).follow("Ask and record")
        self.seat.fill(**answer).press("Record the answer")
        self.seat.sees("The answer is recorded and holds from now.")
        return self

    def told(self, text: str, *, on: date, place: str) -> Person:
        """Write down what was told."""
        self.seat.open(self.path).follow("Take an account")
        self.seat.fill(form="first_account", taken_on=on, place=place)
        self.seat.fill(text=text, text_scope="statement").press("Take into the vault")
        self.seat.sees("The account is in the vault.")
        return self

    def handed_over(self, files: Sequence[Path], *, kind: str, scope: str, on: date) -> Person:
        """Take what the person handed over."""
        self.seat.open(self.path).follow("Take an account")
        self.seat.fill(form="first_account", taken_on=on, place="Hub Bucha, room 2")
        self.seat.fill(uploads=list(files), uploads_kind=kind, uploads_scope=scope)
        self.seat.press("Take into the vault").sees("The account is in the vault.")
        return self

    def share_all(self, case_number: str) -> int:
        """Share each item with the case, the first by hand; return how many there were."""
        seat = self.seat.open(self.path)
        links = seat.page.locator("#main").get_by_role("link", name="Share with a case").all()
        first, *others = [str(link.get_attribute("href")) for link in links]
        seat.open(first).fill(case_number=case_number).press("Share", within="main")
        seat.sees(SHARED)
        for address in others:
            form = posting.read(seat, address)
            assert SHARED in posting.said_on(
                posting.send(seat, form, "Share", case_number=case_number)
            )
        return len(links)
