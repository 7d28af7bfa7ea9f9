"""Cases as investigators and prosecutors see them: open, record, qualify, assess, find the gap."""

from __future__ import annotations

from typing import Any

from tests.browser import posting
from tests.browser.seats import Seat


class Cases:
    """The pages under Cases."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def open_case(self, number: str, title: str, members: list[str]) -> str:
        """Open a case with its team, by their names; return its address."""
        seat = self.seat.open("/cases/").follow("Open a case")
        seat.fill(number=number, title=title, stage="pretrial")
        for name in members:
            seat.page.locator("main label", has_text=name).click()
        seat.press("Open the case").sees("The case is open. Only its team sees it.")
        return seat.at

    def file_all(self, case: str) -> int:
        """Give every item of the case an exhibit number, the first by hand."""
        seat, filed, button = self.seat.open(case), 1, "Give it a number"
        seat.press(button).sees("It is exhibit")
        page = posting.read(seat, case)
        while page.xpath(f"//button[contains(., '{button}')]"):
            page = posting.send(seat, page, button)
            assert "It is exhibit" in posting.said_on(page)
            filed += 1
        return filed


class Incident:
    """The page of one incident."""

    def __init__(self, seat: Seat, path: str) -> None:
        self.seat = seat
        self.path = path

    @classmethod
    def record(cls, seat: Seat, case: str, **facts: Any) -> Incident:
        """Record what happened."""
        seat.open(case).follow("Record an incident")
        seat.fill(**facts).press("Record the incident")
        seat.sees("The incident is recorded.")
        return cls(seat, seat.at)

    def tie_all_items(self, note: str) -> Incident:
        """Tie every item of the case to the incident."""
        seat = self.seat.open(self.path).follow("Tie items")
        for box in seat.page.locator("main input[name=items]").all():
            seat.page.locator(f'label[for="{box.get_attribute("id")}"]').click()
        seat.fill(note=note).press("Tie to the incident").sees("The items are tied")
        return self

    def name_by_code(self, code: str, role: str) -> Incident:
        """Say how a person stands to it; never by name."""
        seat = self.seat.open(self.path).follow("Add", within="section[aria-labelledby=people]")
        seat.fill(code=code, role=role, certainty="confirmed").press("Add the person").sees(code)
        return self

    def propose(self, offence: str, *, provision: str, reason: str) -> Incident:
        """Propose which offence it is: first the offence, then what guides it."""
        seat = self.seat.open(self.path).follow("Qualify")
        seat.fill(offence=offence).press("Continue")
        seat.fill(provision=provision, reason=reason).press("Propose")
        seat.sees("It is proposed. Another officer decides.")
        return self

    def confirm(self) -> Incident:
        """Decide on what another officer proposed."""
        self.seat.open(self.path).press("Confirm").sees("Your decision is recorded.")
        return self

    def elements(self) -> dict[str, str]:
        """The elements of the charge and where each is assessed."""
        seat = self.seat.open(self.path)
        links = seat.page.locator("main .cm-matrix").get_by_role("link", name="Assess").all()
        found = [str(link.get_attribute("href")) for link in links]
        return {path.strip("/").rpartition("/")[2]: path for path in found}

    def assess(self, path: str, *, state: str, items: int, note: str = "") -> Incident:
        """Say what the first items tell about one element."""
        seat = self.seat.open(path).fill(state=state)
        for box in seat.page.locator("main input[name=items]").all()[:items]:
            seat.page.locator(f'label[for="{box.get_attribute("id")}"]').click()
        seat.fill(note=note).press("Record the finding").sees("The finding is recorded.")
        return self
