"""Two training nodes, a browser, a seat for every officer, and the story played once."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from comity.node.demo import letter_text as text
from comity.node.demo import processes
from comity.node.demo.cast import CAST
from comity.node.demo.command import PORTS, Stage
from comity.node.demo.processes import DemoStopped
from tests.browser.letters import Letter
from tests.browser.seats import Seat
from tests.browser.signing_in import Door
from tests.browser.story import GAP, Told, play

ROOT = Path(__file__).resolve().parents[2]
AXE = Path(__file__).resolve().parent / "vendor" / "axe.min.js"
SCREENSHOTS = ROOT / "var" / "screenshots"
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
OURS = ("COMITY_", "DATABASE_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")


class OwnStage(Stage):
    """The demonstration's stage on ports of its own: a demonstration may run beside the tests."""

    @staticmethod
    def _ports() -> dict[str, tuple[int, ...]]:
        free = iter(processes.free_ports(sum(map(len, PORTS.values()))))
        return {name: tuple(next(free) for _ in ports) for name, ports in PORTS.items()}


@pytest.fixture(scope="package")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Kyiv and Tokyo, their workers and a time-stamp authority; officers, but no pairing."""
    folder = tmp_path_factory.mktemp("stage") / "nodes"
    made = OwnStage(Namespace(folder=folder, database_url="", evidence=[]))
    with pytest.MonkeyPatch.context() as environment:
        _leave_the_tests_own_node(environment)
        try:
            made.prepare()
        except DemoStopped:  # a machine under load: the same time once more
            _wait_once_more(made)
        except BaseException:
            made.stop()
            raise
    try:
        for place in made.places:
            place.tell("add_cast")
        yield made
    finally:
        made.stop()


def _wait_once_more(made: Stage) -> None:
    for place in made.places:
        place.wait_until_listening()


def _leave_the_tests_own_node(environment: pytest.MonkeyPatch) -> None:
    """Nothing of the node that unit tests use reaches the live ones."""
    for name in list(os.environ):
        if name.startswith(OURS):
            environment.delenv(name)
    environment.setenv("DJANGO_SETTINGS_MODULE", "tests.browser.node_settings")
    environment.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)


# One playwright at a time runs in a thread: each package starts and ends its own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser that all seats share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def new_context(chromium: Browser) -> Callable[..., BrowserContext]:
    """Make a browser context: own cookies, English unless told otherwise."""

    def make(**options: object) -> BrowserContext:
        asked = {"viewport": {"width": 1280, "height": 900}, "locale": "en"} | options
        context = chromium.new_context(**asked)  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        return context

    return make


@pytest.fixture(scope="package")
def seats(stage: Stage, new_context: Callable[..., BrowserContext]) -> Seats:
    """Officers by node and part, each signed in once."""
    return Seats(stage, new_context)


class Seats:
    """`seats("kyiv", "prosecutor")`: that officer, signed in, at a page in English."""

    def __init__(self, stage: Stage, new_context: Callable[..., BrowserContext]) -> None:
        self.stage = stage
        self.new_context = new_context
        self._taken: dict[tuple[str, str], Seat] = {}

    def __call__(self, node: str, key: str) -> Seat:
        if (node, key) not in self._taken:
            self._taken[node, key] = Door(self.fresh(node, key)).enter()
        return self._taken[node, key]

    @property
    def taken(self) -> list[Seat]:
        """Everybody who has signed in so far."""
        return list(self._taken.values())

    def fresh(self, node: str, key: str = "", **options: object) -> Seat:
        """Somebody at the door of a node; nobody of its officers if no part is named."""
        place = {"kyiv": self.stage.kyiv, "tokyo": self.stage.tokyo}[node]
        part = next((one for one in CAST[place.state] if one.key == key), None)
        return Seat(self.new_context(**options), place, part).speaks("en")

    def twin(self, seat: Seat, **options: object) -> Seat:
        """The same signed-in officer in another window: narrow, or without scripts."""
        context = self.new_context(storage_state=seat.context.storage_state(), **options)
        return Seat(context, seat.place, seat.part)


@pytest.fixture(scope="package")
def told(stage: Stage, seats: Seats, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole story, played by clicking on both nodes; once for all tests."""
    return play(stage, seats, tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="package")
def second_letter(told: Told, seats: Seats) -> Letter:
    """A draft that stays a draft, started without scripts."""
    seat = seats.twin(seats("kyiv", "prosecutor"), java_script_enabled=False)
    return Letter.from_gap(
        seat, told.incident, GAP, requesting=text.REQUESTING, requested=text.REQUESTED,
        measure_type="evidence_documents", subject="Митні документи на партію плат",
        partner={"label": "Ministry of Justice, Tokyo"},
    )  # fmt: skip
