"""The exchange as officers see it: descriptors, fingerprints, partners, receipts."""

from __future__ import annotations

from pathlib import Path

from tests.browser.seats import Seat


class Exchange:
    """The pages under Exchange."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def own_descriptor(self, folder: Path) -> Path:
        """Save this node's descriptor, as its administrator does for the partner's."""
        self.seat.open("/exchange/this-node/")
        return self.seat.saves("Save the descriptor", folder)

    def own_fingerprint(self) -> str:
        """What an officer reads out to the other side."""
        self.seat.open("/exchange/this-node/")
        return self.seat.page.locator("main .cm-mono").first.inner_text()

    def propose(self, descriptor: Path) -> None:
        """The first officer's half of a pairing."""
        self.seat.open("/exchange/").follow("Add a partner")
        self.seat.fill(file=descriptor).press("Propose the partner")
        self.seat.sees("Now another officer compares the fingerprint")

    def confirm(self, partner: str, fingerprint: str, how: str) -> None:
        """The second officer's half: type what the other side reads out."""
        self.seat.open("/exchange/").follow(partner, within="main")
        self.seat.fill(fingerprint=fingerprint, verified_how=how).press(
            "They are the same: connect"
        )
        self.seat.sees("Messages can pass now")
