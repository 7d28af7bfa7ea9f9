"""A letter of request as its author, reviewer, approver and sender see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from tests.browser import posting
from tests.browser.seats import Seat
from tests.browser.signing_in import Door

Words = Mapping[str, str]
TEXTS = "section[aria-labelledby=texts]"
GATES = "section[aria-labelledby=gates]"


def in_three(**words: Words) -> dict[str, str]:
    """Field values for words in three languages: subject → subject_uk, subject_ja, subject_en."""
    return {f"{name}_{code}": text for name, said in words.items() for code, text in said.items()}


class Letter:
    """The page of one letter, from one officer's seat."""

    def __init__(self, seat: Seat, path: str) -> None:
        self.seat = seat
        self.path = path

    def at(self, seat: Seat) -> Letter:
        """The same letter as another officer sees it."""
        return Letter(seat, self.path)

    @classmethod
    def from_gap(cls, seat: Seat, incident: str, element: str, **to_whom: Any) -> Letter:
        """Draft a letter from what an element still lacks."""
        seat.open(incident).follow(f"Draft a letter from this gap {element}")
        members = to_whom.pop("members", [])
        seat.fill(**to_whom)
        for name in members:
            seat.page.locator("main label", has_text=name).click()
        seat.press("Start the letter")
        return cls(seat, seat.at)

    def _filled(self, link: str, button: str, within: str = "main", /, **fields: Any) -> Letter:
        seat = self.seat.open(self.path).follow(link, within=within)
        seat.fill(**fields).press(button, within="main")
        seat.sees_in(".cm-messages", ".")
        return self

    def know(self, **facts: Any) -> Letter:
        """State what is known of the case for the choice of a basis."""
        return self._filled("What is known of the case", "Judge the bases again", **facts)

    def choose_basis(self, name: str) -> Letter:
        """Rest the letter on an instrument of the table."""
        self.seat.open(self.path).press(f"Choose: {name}", within="main")
        self.seat.sees("The letter rests on this basis now.")
        return self

    def edit(self, title: str, text: str) -> Letter:
        """Change a text in its source language."""
        return self._filled(f"Edit the source: {title}", "Keep the text", TEXTS, text=text)

    def write_fact(self, text: str) -> Letter:
        """Add a fact."""
        return self._filled("Write a fact", "Keep the text", TEXTS, text=text)

    def state(self, kind: str, text: str) -> Letter:
        """Add a statement of this kind."""
        return self._filled(kind, "Keep the text", TEXTS, text=text)

    def translate_all(self, words: list[Words]) -> Letter:
        """Translate every text whose source is known here, the first in each language by hand."""
        page = self.seat.open(self.path).page
        links = page.locator("main a[href*='/texts/']", has_text="Translate").all()
        assert links
        done: set[str] = set()
        for path in [str(link.get_attribute("href")) for link in links]:
            language = path.strip("/").rpartition("/")[2]
            by_hand = language not in done
            self._translate(path, language, words, by_hand=by_hand)
            done.add(language)
        return self

    def _translate(self, path: str, language: str, words: list[Words], *, by_hand: bool) -> None:
        seat, kept, button = self.seat, "The translation is kept.", "Keep the translation"
        form = posting.read(seat, path)
        source = form.xpath("//section[@aria-labelledby='source']//p")[0].text_content()
        said = next((one for one in words if _same(one["uk"], source)), None)
        assert said is not None, f"nobody has translated: {source}"
        typed = {"text": said[language], "translator": "Translator of the authority"}
        if by_hand:
            seat.open(path).fill(**typed, certified=True).press(button).sees(kept)
        else:
            page = posting.send(seat, form, button, **typed, certified=True)
            assert kept in posting.said_on(page)

    def answer(self, **fields: Any) -> Letter:
        """Answer the fields of the measure."""
        return self._filled("Answer its fields", "Keep the answers", **fields)

    def proceeding(self, **fields: Any) -> Letter:
        """Say which proceeding the letter serves."""
        return self._filled("Proceeding", "Keep the proceeding", GATES, **fields)

    def way(self, **fields: Any) -> Letter:
        """Say by which way the letter goes."""
        return self._filled("Way, date and protection", "Keep the way", GATES, **fields)

    def officials(self, **fields: Any) -> Letter:
        """Name the contact, who signs and who approves."""
        return self._filled("Contact and signature", "Keep the names", GATES, **fields)

    def offence(self, **fields: Any) -> Letter:
        """Complete the offence in three languages."""
        area = "section[aria-labelledby=offences]"
        return self._filled("Change", "Keep the offence", area, **fields)

    def person(self, **fields: Any) -> Letter:
        """Name a person."""
        return self._filled("Name a person", "Keep the person", **fields)

    def attach(self, **fields: Any) -> Letter:
        """Attach an exhibit."""
        return self._filled("Attach an exhibit", "Attach the item", **fields)

    def add_paper(self, **fields: Any) -> Letter:
        """Put a paper with it."""
        return self._filled("Add a paper", "Add the paper", **fields)

    def confirm_provisions(self) -> int:
        """A lawyer confirms each provision that the data only recall, the first by hand."""
        seat, button = self.seat.open(self.path), "Confirm under my name"
        confirmed, told = 1, "The provision is confirmed under your name."
        seat.press(button).sees(told)
        page = posting.read(seat, self.path)
        while page.xpath(f"//button[contains(., '{button}')]"):
            page = posting.send(seat, page, button)
            assert told in posting.said_on(page)
            confirmed += 1
        return confirmed

    def does(self, button: str, then: str) -> Letter:
        """Press a button of the letter; then the page says so."""
        self.seat.open(self.path).press(button).sees(then)
        return self

    def approve(self) -> Letter:
        """Approve and sign; the second factor is asked for anew."""
        seat = self.seat
        seat.until(self._is_asked_again, "the second factor never grew stale")
        Door(seat).confirm_again()
        self.seat.press("Approve and sign").sees("printed in three languages and signed")
        return self

    def _is_asked_again(self) -> bool:
        return "/reauthenticate/" in self.seat.open(self.path).follow("Approve").at

    def document(self, name: str, folder: Path) -> Path:
        """Save one of the signed documents."""
        self.seat.open(self.path)
        return self.seat.saves(name, folder, within="section[aria-labelledby=documents]")


def _same(one: str, other: str) -> bool:
    return "".join(one.split()) == "".join(other.split())


class Desk(Letter):
    """The same letter on the requested side's desk."""

    @classmethod
    def arrived(cls, seat: Seat) -> Desk:
        """Wait until the letter lies on the desk."""
        seat.waits_for("/letters/?tab=incoming", "main", "L-")
        seat.follow("L-", within="main tbody")
        return cls(seat, seat.at)

    def at(self, seat: Seat) -> Desk:
        return Desk(seat, self.path)

    def register(self, reference: str, expected_on: date, **fields: Any) -> Desk:
        """Register it and acknowledge."""
        self._filled(
            "Register",
            "Register and acknowledge",
            "body",
            reference=reference,
            expected_on=expected_on,
            **fields,
        )
        return self

    def accept(self, executing: str) -> Desk:
        """Find it admissible and say who executes it."""
        seat = self.seat.open(self.path).follow("Accept")
        seat.page.locator("main label", has_text=executing).click()
        seat.press("Accept and hand over").sees("The letter is accepted.")
        return self

    def report(self, **fields: Any) -> Desk:
        """Report what was done on the measure."""
        self._filled("Report what was done", "Keep the report", **fields)
        return self

    def obtained(self, **fields: Any) -> Desk:
        """Take a file that was obtained into evidence and add it to the reply."""
        self._filled("Add what was obtained", "Take in and add", **fields)
        return self

    def set_conditions(self, **fields: Any) -> Desk:
        """Set conditions on use before anything leaves."""
        self._filled("Set conditions", "Propose the conditions", "body", **fields)
        return self

    def release(self, **fields: Any) -> Desk:
        """Sign and release the reply."""
        self._filled("Release the reply", "Sign and release", "body", **fields)
        return self
