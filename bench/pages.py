"""How long every page takes with the demonstration's data, on two running nodes, signed in.

The demonstration is played first. Then each officer follows every link there is; of each kind of
page one is fetched again and again by an officer who may see it. Beside it in the same run:
/healthz, which is the same server and one query without a page.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import measure
from tests.faults.web import Browser

from comity.node.demo import command, script
from comity.node.demo.cast import CAST
from comity.node.demo.processes import Place

GOAL_MS = 150.0
LEAST_REQUESTS = 40
AT_A_TIME = 10
LINK = re.compile(r'<a\b[^>]*\bhref="([^"#]+)')
UNTOUCHED = ("/static/", "/account/logout")


@dataclass
class Page:
    """One kind of page of one node, the officer who fetches it, how long each time took (ms)."""

    place: Place
    pattern: str
    path: str
    part: str
    browser: Browser
    took: list[float] = field(default_factory=list)

    def fetch(self, times: int) -> None:
        for _ in range(times):
            started = time.perf_counter()
            answer = self.browser.get(self.path)
            self.took.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, (self.path, answer.status_code)

    @property
    def p95(self) -> float:
        return sorted(self.took)[max(0, -(-len(self.took) * 95 // 100) - 1)]


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--requests", type=int, default=60, help=f"a page; >= {LEAST_REQUESTS}")
    parser.add_argument("--database-url", default="", help="a PostgreSQL server for both nodes")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stage = command.Stage(
            argparse.Namespace(
                folder=Path(folder) / "demo", database_url=chosen.database_url, evidence=[]
            )
        )
        try:
            stage.step("Make two nodes and start them", stage.prepare)
            script.play(stage)
            pages = [page for place in stage.places for page in pages_of(place)]
            healthy = [Page(place, "/healthz", "/healthz", "", Browser(place.pages_url, "", "", ""))
                       for place in stage.places]  # fmt: skip
            measured([*pages, *healthy], max(chosen.requests, LEAST_REQUESTS))
        finally:
            stage.stop()
    measure.write("pages", rows_of(pages, healthy), chosen.output)


def pages_of(place: Place) -> list[Page]:
    """Sign every officer of a node in and follow every link, once for each kind of page."""
    found: dict[str, Page] = {}
    for part in CAST[place.state]:
        browser = Browser(
            place.pages_url,
            part.address(place.node_id),
            part.password,
            part.totp_secret(place.node_id),
        )
        browser.sign_in()
        follow(place, part.key, browser, found)
    return sorted(found.values(), key=lambda page: page.pattern)


def follow(place: Place, part: str, browser: Browser, found: dict[str, Page]) -> None:
    """Look at one page of each kind that this officer reaches; what is not HTML is no page."""
    seen, waiting = {"/"}, deque(["/"])
    while waiting:
        path = waiting.popleft()
        answer = browser.get(path)
        html = answer.headers.get("content-type", "").startswith("text/html")
        if answer.status_code != 200 or not html:
            continue
        found.setdefault(kind_of(path), Page(place, kind_of(path), path, part, browser))
        for link in LINK.findall(answer.text):
            target = urljoin(path, link.replace("&amp;", "&"))
            kind = kind_of(target)
            if urlsplit(target).netloc or target.startswith(UNTOUCHED) or kind in seen:
                continue
            seen.add(kind)
            waiting.append(target)


def kind_of(path: str) -> str:
    """An address without what differs from record to record."""
    parts = urlsplit(path)
    kind = re.sub(r"/(\d+|[0-9a-f-]{32,})(?=/|$)", "/<n>", parts.path)
    asked = "&".join(sorted({each.partition("=")[0] for each in parts.query.split("&") if each}))
    return f"{kind}?{asked}" if asked else kind


def measured(pages: list[Page], requests: int) -> None:
    """A few requests of every page in turn, again and again: other load hits all of them alike."""
    for page in pages:
        page.fetch(2)
        page.took.clear()
    for _ in range(-(-requests // AT_A_TIME)):
        for page in pages:
            page.fetch(AT_A_TIME)


def rows_of(pages: list[Page], healthy: list[Page]) -> list[measure.Row]:
    bare = {page.place.key: measure.median(page.took) for page in healthy}
    slowest = max(pages, key=lambda page: page.p95)
    return [
        measure.Row(
            "pages.slowest",
            f"p95 of the slowest of {len(pages)} pages: {slowest.place.key} {slowest.pattern}",
            slowest.p95,
            "ms",
            f"p95 <= {GOAL_MS:g} ms",
            slowest.p95 <= GOAL_MS,
            peer={"name": "/healthz, median", "median": bare[slowest.place.key]},
        ),
        *(row_of(page, bare[page.place.key]) for page in pages),
    ]


def row_of(page: Page, bare: float) -> measure.Row:
    peer: dict[str, Any] = {"name": "/healthz, median", "median": bare}
    return measure.Row(
        f"pages.{page.place.key} {page.pattern}",
        f"{page.place.key} `{page.pattern}` as {page.part}; p95 {page.p95:.0f} ms",
        measure.median(page.took),
        "ms",
        f"p95 <= {GOAL_MS:g} ms",
        page.p95 <= GOAL_MS,
        peer=peer,
        spread=[min(page.took), page.p95, max(page.took)],
    )


if __name__ == "__main__":
    main()
