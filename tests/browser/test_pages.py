"""Every page of both nodes, for every officer: reachable, quiet, accessible, fitting."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from comity.node.demo.cast import CAST
from tests.browser.conftest import SCREENSHOTS
from tests.browser.seats import LANGUAGES, Seat
from tests.browser.walking import (
    Broken,
    Found,
    sideways,
    violations,
    walk,
    without_focus_mark,
)

pytestmark = [pytest.mark.browser, pytest.mark.two_nodes, pytest.mark.slow]
STATES = {"kyiv": "UA", "tokyo": "JP"}
OFFICERS = [(node, part.key) for node, state in STATES.items() for part in CAST[state]]


@dataclass(frozen=True)
class Walked:
    """What the officers can reach: a page by node and kind, and links that lead nowhere."""

    pages: dict[tuple[str, str], tuple[Seat, Found]]
    broken: list[tuple[str, str, Broken]]


@pytest.fixture(scope="package")
def walked(told, seats, second_letter) -> Walked:
    pages: dict[tuple[str, str], tuple[Seat, Found]] = {}
    broken = []
    for node, key in OFFICERS:
        seat = seats(node, key)
        same_for_all = ("/account/",) if key != "admin" else ()
        found, nowhere = walk(seat, without=same_for_all)
        broken += [(node, key, one) for one in nowhere]
        for one in found:
            known = pages.get((node, one.kind))
            if known is None or known[1].size < one.size:
                pages[node, one.kind] = (seat, one)
    return Walked(pages, broken)


def test_every_link_that_an_officer_sees_leads_somewhere(walked):
    assert walked.broken == []
    assert len(walked.pages) > 60


def test_every_page_is_accessible_quiet_and_fits(walked, seats):
    """Each kind of page in three languages; what both nodes have, in Japanese in Tokyo."""
    bad: list[str] = []
    windows: dict[int, Seat] = {}
    for (node, kind), (seat, found) in sorted(walked.pages.items(), key=lambda one: one[0]):
        window = windows.setdefault(id(seat), seats.twin(seat))
        for language in languages_for(node, kind, walked.pages):
            bad += looked_at(window, found, language, name=f"{node}{kind}")
    assert bad == [], "\n".join(bad)


def languages_for(node: str, kind: str, pages: object) -> tuple[str, ...]:
    """Every kind of page in every language once: Tokyo's in Japanese where both nodes have it."""
    other = {"kyiv": "tokyo", "tokyo": "kyiv"}[node]
    if (other, kind) not in pages:
        return LANGUAGES
    return ("ja",) if node == "tokyo" else ("uk", "en")


def looked_at(window: Seat, found: Found, language: str, *, name: str) -> list[str]:
    """Open a page in one language, wide and narrow; everything that is not as it should be."""
    page = window.page
    page.set_viewport_size({"width": 1280, "height": 900})
    window.speaks(language).open(found.path)
    keep(window, f"{name}-{language}-1280")
    faults = violations(page)
    if page.evaluate("document.documentElement.lang") != language:
        faults.append("speaks another language")
    if language == "en":
        faults += [f"no focus mark: {one}" for one in without_focus_mark(page)]
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        if wide := sideways(page):
            faults.append(f"at {width} px {wide}")
        if width == 390:
            faults += violations(page)
            keep(window, f"{name}-{language}-390")
    faults += window.complaints + [f"answer {status}" for status, _url in window.refusals]
    window.complaints.clear()
    window.refusals.clear()
    return [f"{name} ({language}): {fault}" for fault in dict.fromkeys(faults)]


def keep(window: Seat, name: str) -> None:
    """A picture for those who look: var/screenshots is not committed."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    plain = re.sub(r"[^\w=&-]+", "-", name)
    window.page.screenshot(path=SCREENSHOTS / f"{plain}.png", full_page=True)
