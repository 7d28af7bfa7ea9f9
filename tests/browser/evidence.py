"""Evidence as officers see it: items, custody, packages for a court."""

from __future__ import annotations

from pathlib import Path

from tests.browser.seats import Seat


class Evidence:
    """The pages under Evidence."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def export(self, case_number: str, folder: Path) -> Path:
        """Export every item that the officer may open, with the messages that carried them."""
        seat = self.seat.open("/evidence/").follow("Export a package")
        for box in seat.page.locator("main input[name=items]").all():
            seat.page.locator(f'label[for="{box.get_attribute("id")}"]').click()
        seat.fill(
            case_ref=case_number, purpose="Evidence for the court", legal_basis="CPC art. 290",
            with_messages=True,
        )  # fmt: skip
        return seat.saves("Seal and save the package", folder)
