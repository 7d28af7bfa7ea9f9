"""An officer's seat at a browser: open, follow, fill, press; and what the browser says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Response, expect

from comity.node.demo.cast import Part
from comity.node.demo.processes import Place

PATIENCE_SECONDS = 60.0
LOOK_EVERY_MS = 250
LANGUAGES = ("uk", "ja", "en")


class Seat:
    """One officer at one node. part: whose name and password; None for a stranger at the door."""

    def __init__(self, context: BrowserContext, place: Place, part: Part | None) -> None:
        self.context = context
        self.place = place
        self.part = part
        self.complaints: list[str] = []
        self.refusals: list[tuple[int, str]] = []
        self.page = context.new_page()
        self.attend(self.page)

    def attend(self, page: Page) -> None:
        """Gather what the browser complains of: console, scripts, answers over 399."""
        page.on("console", lambda line: self.complaints.append(f"console: {line.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        page.on("response", self._heard)

    def _heard(self, response: Response) -> None:
        if response.status >= 400:
            self.refusals.append((response.status, response.url))

    @property
    def at(self) -> str:
        """Where the page is, without the node's address."""
        return self.page.url.removeprefix(self.place.pages_url)

    def open(self, path: str) -> Seat:
        """Type an address."""
        self.page.goto(self.place.pages_url + path)
        return self

    def follow(self, name: str, *, within: str = "body") -> Seat:
        """Follow the link with this name (its start is enough)."""
        self._named("link", name, within).click()
        return self

    def press(self, name: str, *, within: str = "body") -> Seat:
        """Press the button with this name (its start is enough)."""
        self._named("button", name, within).click()
        return self

    def _named(self, role: Any, name: str, within: str) -> Locator:
        area = self.page.locator(within)
        words = re.escape(name).replace(":", r"\s?:")  # words only for screen readers stand apart
        exact = area.get_by_role(role, name=re.compile(f"^{words}$"))
        starting = area.get_by_role(role, name=re.compile(f"^{words}"))
        return exact.first if exact.count() else starting.first

    def fill(self, **fields: Any) -> Seat:
        """Fill fields by name. Text types; True ticks; a list ticks each; a date, three boxes.

        A choice from a list is its value, or {"label": what the officer reads}.
        """
        for name, value in fields.items():
            self._fill(name, value)
        return self

    def _fill(self, name: str, value: Any) -> None:
        form = self.page.locator("main")
        if isinstance(value, date):
            for box, part in enumerate((value.day, value.month, value.year)):
                form.locator(f"[name={name}_{box}]").fill(str(part))
            return
        field = form.locator(f"[name={name}]")
        kind = field.first.evaluate("field => field.type")
        if kind in {"radio", "checkbox"}:
            self._tick(form, name, value)
        elif kind == "file":
            field.set_input_files(value)
        elif kind.startswith("select"):
            field.select_option(**(value if isinstance(value, dict) else {"value": value}))
        else:
            field.fill(str(value))

    @staticmethod
    def _tick(form: Locator, name: str, value: Any) -> None:
        """Click the label of each choice, as a hand does; the box itself lies under its drawing."""
        wanted = [None] if value is True else value if isinstance(value, list) else [value]
        for one in wanted:
            chosen = "" if one is None else f'[value="{one}"]'
            box = form.locator(f"input[name={name}]{chosen}")
            if not box.is_checked():
                form.locator(f'label[for="{box.get_attribute("id")}"]').click()

    def sees(self, *texts: str) -> Seat:
        """The page says each of these texts somewhere that can be seen."""
        for text in texts:
            expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()
        return self

    def sees_in(self, area: str, *texts: str) -> Seat:
        """This part of the page says each of these texts."""
        for text in texts:
            expect(self.page.locator(area)).to_contain_text(text)
        return self

    def waits_for(self, path: str, area: str, *texts: str) -> Seat:
        """Open a page again and again until the part says the texts; the worker does the rest."""

        def said() -> bool:
            self.open(path)
            found = self.page.locator(area)
            told = found.all_inner_texts()
            return all(any(text in one for one in told) for text in texts)

        self.until(said, f"{path} never said {texts}")
        return self

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition holds; fail saying what did not come."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"{what}; the page: {self.page.inner_text('body')[:2000]}")
            self.page.wait_for_timeout(LOOK_EVERY_MS)

    def saves(self, name: str, folder: Path, *, within: str = "body") -> Path:
        """Follow a link that hands over a file, or press such a button; keep the file."""
        link = self.page.locator(within).get_by_role("link", name=name)
        button = self.page.locator(within).get_by_role("button", name=name)
        with self.page.expect_download() as coming:
            (link if link.count() else button).first.click()
        kept = folder / coming.value.suggested_filename
        coming.value.save_as(kept)
        return kept

    def speaks(self, language: str) -> Seat:
        """Change the language of the pages, as the button does."""
        name = f"comity_language_{self.place.node_id.replace('.', '_')}"
        self.context.add_cookies([{"name": name, "value": language, "url": self.place.pages_url}])
        return self

    def said_nothing(self) -> None:
        """The browser had nothing to complain of, and no answer was an error."""
        assert self.complaints == []
        assert self.refusals == []
