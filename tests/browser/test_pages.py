"""Every page of both nodes, for every officer: reachable, quiet, accessible, fitting."""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

import pytest

from comity.node.demo.cast import CAST
from tests.browser.conftest import SCREENSHOTS
from tests.browser.seats import LANGUAGES, Seat
from tests.browser.signing_in import Door
from tests.browser.walking import (
    AXE,
    Broken,
    Found,
    Walker,
    sideways,
    violations,
    walk,
    without_focus_mark,
)

pytestmark = [pytest.mark.browser, pytest.mark.two_nodes, pytest.mark.slow]
STATES = {"kyiv": "UA", "tokyo": "JP"}
WIDE, PHONE, SMALLEST, HEIGHT = 1280, 390, 320, 900
WIDTHS = (WIDE, PHONE, SMALLEST)
KEEP_PICTURES = bool(os.environ.get("COMITY_SCREENSHOTS"))  # var/screenshots, two of each page
ASKED_AGAIN = "/reauthenticate/"
Officer = tuple[str, str]  # node and part
Walk = tuple[list[Found], list[Broken]]
OFFICERS = [(node, part.key) for node, state in STATES.items() for part in CAST[state]]


@dataclass(frozen=True)
class Walked:
    """What the officers can reach: a page by node and kind, and links that lead nowhere."""

    pages: dict[tuple[str, str], tuple[Seat, Found]]
    broken: list[tuple[str, str, Broken]]


@pytest.fixture(scope="package")
def walked(told, seats, second_letter) -> Walked:
    """Both nodes at once, each officer after the other."""
    walkers = {one: Walker.of(seats(*one)) for one in OFFICERS}
    for node in STATES:  # what changes the second step is open for a while after confirming
        Door(seats(node, "admin")).stay_fresh()
    with ThreadPoolExecutor(len(STATES)) as threads:
        walks = threads.map(lambda node: _walks(node, walkers), STATES)
    pages: dict[tuple[str, str], tuple[Seat, Found]] = {}
    broken = []
    for (node, key), (found, nowhere) in chain.from_iterable(walks):
        broken += [(node, key, one) for one in nowhere]
        for one in found:
            known = pages.get((node, one.kind))
            if known is None or known[1].size < one.size:
                pages[node, one.kind] = (seats(node, key), one)
    return Walked(pages, broken)


def _walks(node: str, walkers: dict[Officer, Walker]) -> list[tuple[Officer, Walk]]:
    """What each officer of a node finds. Their own account looks the same for all."""
    return [
        (one, walk(walker, without=() if one[1] == "admin" else ("/account/",)))
        for one, walker in walkers.items()
        if one[0] == node
    ]


def test_every_link_that_an_officer_sees_leads_somewhere(walked):
    assert walked.broken == []
    assert len(walked.pages) > 60


def test_every_page_is_accessible_quiet_and_fits(walked, seats):
    """Each kind of page in three languages; what both nodes have, in Japanese in Tokyo."""
    bad: list[str] = []
    windows: dict[int, Seat] = {}
    for (node, kind), (seat, found) in sorted(walked.pages.items(), key=lambda one: one[0]):
        if id(seat) not in windows:
            windows[id(seat)] = seats.twin(seat)
            windows[id(seat)].context.add_init_script(path=AXE)
        window = windows[id(seat)]
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
    """Open a page in one language; everything that is not as it should be.

    English is judged wide and with the keyboard, Ukrainian and Japanese on a telephone; at no
    width does any of them scroll sideways.
    """
    page, judged_at = window.page, WIDE if language == "en" else PHONE
    widths = sorted(WIDTHS, key=lambda width: width != judged_at)
    page.set_viewport_size({"width": judged_at, "height": HEIGHT})
    window.speaks(language).open(found.path)
    if ASKED_AGAIN in window.at and ASKED_AGAIN not in found.path:
        Door(window).stay_fresh().open(found.path)
    faults = violations(page)
    if page.evaluate("document.documentElement.lang") != language:
        faults.append("speaks another language")
    if language == "en":
        faults += [f"no focus mark: {one}" for one in without_focus_mark(page)]
    for width in widths:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        if wide := sideways(page):
            faults.append(f"at {width} px {wide}")
        if KEEP_PICTURES and width in {WIDE, PHONE}:
            keep(window, f"{name}-{language}-{width}")
    faults += window.complaints + [f"answer {status}" for status, _url in window.refusals]
    window.complaints.clear()
    window.refusals.clear()
    return [f"{name} ({language}): {fault}" for fault in dict.fromkeys(faults)]


def keep(window: Seat, name: str) -> None:
    """A picture for those who look: var/screenshots is not committed."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    plain = re.sub(r"[^\w=&-]+", "-", name)
    window.page.screenshot(path=SCREENSHOTS / f"{plain}.png", full_page=True)
