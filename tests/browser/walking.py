"""Walking through a node by its links, and what is looked at on every page."""

from __future__ import annotations

import html
import re
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Page

from tests.browser.seats import Seat

AXE = Path(__file__).resolve().parent / "vendor" / "axe.min.js"
MOST_OF_A_KIND = 2
_LINK = re.compile(r'<a\b[^>]*\bhref="([^"]+)"')
_NUMBER = re.compile(r"/\d+(?=/|$)")
_RECORD = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}(?=/|$)")
_CODE = re.compile(r"(/elements|/decide|/texts/new|/texts/N)/[^/]+")


@dataclass(frozen=True)
class Found:
    """A page that a link leads to. kind: its address with numbers taken out; size: of its HTML."""

    kind: str
    path: str
    size: int


@dataclass(frozen=True)
class Broken:
    """A link that leads nowhere: from which page, to where, with which answer."""

    page: str
    path: str
    status: int


def kind_of(path: str) -> str:
    """An address with what differs from record to record taken out."""
    address, _question, query = path.partition("?")
    plain = _CODE.sub(r"\1/X", _RECORD.sub("/U", _NUMBER.sub("/N", address)))
    names = sorted({part.partition("=")[0] for part in query.split("&") if part})
    tab = re.search(r"tab=(\w+)", query)
    return plain + (f"?{'&'.join(names)}" if names else "") + (f"={tab[1]}" if tab else "")


@dataclass(frozen=True)
class Walker:
    """An officer who only reads what comes: the seat's cookies without its browser."""

    base: str
    cookies: str

    @classmethod
    def of(cls, seat: Seat) -> Walker:
        """This officer, signed in as at the seat."""
        base = seat.place.pages_url
        held = seat.context.cookies(base)
        return cls(base, "; ".join(f"{one['name']}={one['value']}" for one in held))

    def get(self, path: str) -> tuple[int, str]:
        """The answer's status, and its text if it is a page."""
        asked = Request(self.base + path, headers={"Cookie": self.cookies})  # noqa: S310
        try:
            with urlopen(asked, timeout=60) as answer:  # noqa: S310 - our own node
                is_page = answer.headers.get_content_type() == "text/html"
                text = answer.read().decode("utf-8") if is_page else ""
                return answer.status, text
        except HTTPError as answer:
            return answer.code, ""


def walk(walker: Walker, *, without: tuple[str, ...] = ()) -> tuple[list[Found], list[Broken]]:
    """Follow every link of an officer from Today on; two of each kind of page.

    without: beginnings of addresses that are not followed.
    """
    found: dict[str, list[Found]] = {}
    broken: list[Broken] = []
    known, waiting = {"/"}, deque([("", "/")])
    while waiting:
        page, path = waiting.popleft()
        kind = kind_of(path)
        if len(found.get(kind, [])) >= MOST_OF_A_KIND:
            continue
        status, text = walker.get(path)
        if status >= 400:
            broken.append(Broken(page, path, status))
            continue
        found.setdefault(kind, []).append(Found(kind, path if text else "", len(text)))
        for link in _links(text, walker.base + path):
            if link not in known and not link.startswith(without or ("#",)):
                known.add(link)
                waiting.append((path, link))
    return [_fullest(pages) for pages in found.values() if any(one.path for one in pages)], broken


def _fullest(pages: list[Found]) -> Found:
    return max(pages, key=lambda one: one.size)


def _links(text: str, base: str) -> list[str]:
    """Addresses on the same node, without those that only point within the page."""
    links = []
    for raw in _LINK.findall(text):
        address = urlsplit(urljoin(base, html.unescape(raw)))
        if address.netloc == urlsplit(base).netloc and not raw.startswith("#"):
            links.append(address.path + (f"?{address.query}" if address.query else ""))
    return links


def violations(page: Page) -> list[str]:
    """What axe-core finds with all its rules; the driver put it beside the page (see AXE)."""
    found = page.evaluate(_RULES)
    return [
        f"{rule['id']}: {node['html'][:160]} | {node.get('failureSummary', '')[:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


# Every rule runs; of what passes, axe only does not gather the nodes.
_RULES = "axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)"


def sideways(page: Page) -> str:
    """What makes the page scroll sideways, or nothing."""
    return str(page.evaluate(_SIDEWAYS))


_SIDEWAYS = """() => {
  const wide = document.documentElement.scrollWidth;
  if (wide <= window.innerWidth) return "";
  const over = [...document.querySelectorAll("body *")].filter((one) => one.checkVisibility()
    && one.getBoundingClientRect().left + one.scrollWidth > window.innerWidth
    && getComputedStyle(one).overflowX === "visible");
  const last = over.at(-1);
  return `${wide} px wide: ${last ? last.outerHTML.slice(0, 160) : "?"}`;
}"""


def without_focus_mark(page: Page) -> list[str]:
    """Controls that look the same with and without the keyboard's focus."""
    page.keyboard.press("Tab")
    return [str(one) for one in page.evaluate(_FOCUS)]


_FOCUS = """() => {
  const look = (node) => {
    const boxes = [[node, null], [node, "::before"], [node, "::after"]];
    const name = node.id && CSS.escape(node.id);
    if (name) for (const label of document.querySelectorAll(`label[for="${name}"]`))
      boxes.push([label, null], [label, "::before"]);
    if (node.parentElement) boxes.push([node.parentElement, null]);
    return boxes.map(([one, part]) => { const s = getComputedStyle(one, part);
      return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.backgroundColor, s.borderColor].join();
    }).join("|");
  };
  const seen = (node) => node.getClientRects().length > 0 && !node.disabled
    && getComputedStyle(node).visibility !== "hidden";
  const all = [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(seen);
  const bad = [];
  for (const node of all.slice(0, 60)) {
    node.blur(); const before = look(node);
    node.focus(); const after = look(node);
    if (document.activeElement === node && before === after) bad.push(node.outerHTML.slice(0, 140));
  }
  return bad;
}"""
