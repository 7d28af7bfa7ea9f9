"""Evidence in a real browser: without JavaScript, on a phone, by the rules of accessibility."""

from __future__ import annotations

import os
import shutil
import struct
import wave
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from playwright.sync_api import Browser, Page, sync_playwright

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core.access import Compartment, Role
from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.rules import Use
from comity.ledger.actions import sequence_pending
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn, url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AXE = Path(__file__).resolve().parents[1] / "browser/vendor/axe.min.js"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
Open = Callable[..., Page]


def png(width: int, height: int) -> bytes:
    """A real image: an even grey."""
    rows = (b"\x00" + b"\x80" * width) * height

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page_at(chromium: Browser, live_server: object, settings: LazySettings) -> Iterator[Open]:
    contexts = []

    def open_page(path: str, client: Client, *, width: int = 1360, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts
        )
        contexts.append(context)
        name = settings.SESSION_COOKIE_NAME
        value = client.cookies[name].value
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])  # type: ignore[attr-defined]
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda line: page.complaints.append(line.text))  # type: ignore[attr-defined]
        page.goto(live_server.url + path)  # type: ignore[attr-defined]
        return page

    yield open_page
    for context in contexts:
        context.close()


def seen(page: Page, name: str) -> None:
    """Keep a picture where COMITY_PICTURES says, to be looked at."""
    if folder := os.environ.get("COMITY_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document).then((r) => r.violations)")
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def rich_item(world: World) -> Item:
    item = world.item(
        png(640, 360), original_name="IMG_\u202egnp.exe", declared_type="image/png",
        title="Photo of the crater at the school, seen from the north",
    )  # fmt: skip
    actions.attach_condition(
        world.prosecutor, item, code="this_proceeding_only",
        texts={"en": "Only in proceeding 2211/24.", "ja": "本手続に限り使用すること。"},
        forbids=[Use.OTHER_PROCEEDING, Use.PUBLICATION], set_by_node="moj.jp.example",
    )  # fmt: skip
    basis = actions.require_release(item, recipient="jp-moj", purpose="court", on=item.created_at)
    actions.record_disclosure(
        world.prosecutor, item, recipient="jp-moj", purpose="legal_assistance", basis=basis
    )
    actions.verify_item(world.investigator, item)
    sequence_pending()
    return item


def test_an_image_is_opened_without_javascript(
    world: World, sign_in: SignIn, page_at: Open
) -> None:
    item = rich_item(world)
    page = page_at(url("item", item.pk), sign_in(world.prosecutor), scripts=False)
    seen(page, "item")
    assert page.locator("img").count() == 0
    page.get_by_role("link", name="Show").click()
    page.get_by_role("button", name="Record and open").click()
    page.get_by_text("Say why you open it.").first.wait_for()
    seen(page, "open")
    page.get_by_label("Work on the case").check()
    page.get_by_role("button", name="Record and open").click()
    page.get_by_role("button", name="Hide again").wait_for()
    with page.expect_response("**/show") as answer:
        page.reload()
    assert answer.value.status == 200
    seen(page, "item-open")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save the original").click()
    assert saved.value.suggested_filename == f"{item.number}.png"
    assert Path(saved.value.path()).read_bytes() == png(640, 360)
    page.get_by_role("button", name="Hide again").click()
    assert page.locator("img").count() == 0


def test_an_opened_image_and_sound_are_really_shown(
    world: World, sign_in: SignIn, page_at: Open, tmp_path: Path
) -> None:
    with wave.open(str(tmp_path / "tone"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(bytes(80_000))
    image, sound = world.item(png(64, 36)), world.item((tmp_path / "tone").read_bytes())
    client = sign_in(world.prosecutor)
    for item in (image, sound):
        client.post(url("item_open", item.pk), {"purpose": "court"})
    page = page_at(url("item", image.pk), client)
    assert (
        page.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    )
    assert page.complaints == []  # type: ignore[attr-defined]
    page = page_at(url("item", sound.pk), client)
    length = page.locator("audio").evaluate(
        "sound => new Promise((done, failed) => {"
        " sound.onerror = failed; sound.onloadedmetadata = () => done(sound.duration);"
        " if (sound.readyState) done(sound.duration); })"
    )
    assert length == pytest.approx(5.0)


def test_a_large_file_is_uploaded_without_javascript(
    world: World, sign_in: SignIn, page_at: Open, tmp_path: Path
) -> None:
    path = tmp_path / "footage.bin"
    path.write_bytes(os.urandom(40_000_000))
    page = page_at(url("item_add"), sign_in(world.investigator), scripts=False)
    page.get_by_label("File", exact=False).first.set_input_files(path)
    page.get_by_label("What it is, in one line").fill("Footage of the yard")
    page.get_by_label("Kind of evidence").select_option("user-video")
    page.get_by_label("Whose team may see it").select_option(index=1)
    page.get_by_label("From the investigation").check()
    page.get_by_label("May be disclosed").check()
    page.get_by_label("Who obtained it").fill("R. Melnyk")
    for name, value in (("Day", "20"), ("Month", "11"), ("Year", "2026")):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("How it was obtained", exact=True).select_option("open-source")
    seen(page, "add")
    page.get_by_role("button", name="Take it in").click()
    page.get_by_text("Its custody has begun.").wait_for(timeout=60_000)
    item = Item.objects.get()
    assert (item.size, item.compartment) == (40_000_000, Compartment.DISCLOSABLE)


@pytest.mark.parametrize("width", [1360, 390])
def test_every_page_keeps_the_rules_of_accessibility(
    world: World, sign_in: SignIn, page_at: Open, width: int
) -> None:
    item = rich_item(world)
    for number in range(3):
        world.item(bytes([number]), title="A statement", kind="witness-statement")
    client = sign_in(world.prosecutor)
    index = item.custody.get(event="ingested").entry.index
    for name, args in (
        ("items", []), ("item", [item.pk]), ("item_open", [item.pk]), ("item_add", []),
        ("item_package", []), ("item_entry", [item.pk, index]),
        ("item_custody", [item.pk]), ("item_event", [item.pk]),
    ):  # fmt: skip
        page = page_at(url(name, *args), client, width=width)
        seen(page, f"{name}-{width}")
        assert violations(page) == [], name
        assert page.complaints == [], name  # type: ignore[attr-defined]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name


@pytest.mark.parametrize("width", [1360, 390])
def test_the_pages_of_keeping_keep_the_rules(
    world: World, sign_in: SignIn, page_at: Open, officer: Callable[..., Officer], width: int
) -> None:
    second = officer(Role.PROSECUTOR, name="O. Hrytsenko")
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=second)
    item, erased, client = rich_item(world), world.item(), sign_in(second)
    basis = {"legal_basis": "Article 100, order of 20 November 2026", "reason": "Not relevant."}
    actions.execute_erasure(second, actions.order_erasure(world.prosecutor, erased, **basis))
    actions.order_erasure(world.prosecutor, item, **basis)
    hold = actions.place_hold(second, item, legal_basis="Order 7", reason="The appeal is open.")
    for name, args in (
        ("item", [item.pk]), ("item", [erased.pk]), ("item_hold", [item.pk]),
        ("item_hold_lift", [item.pk, hold.pk]), ("item_move", [item.pk]),
        ("item_erase", [item.pk]), ("item_erasure", [item.pk]),
    ):  # fmt: skip
        page = page_at(url(name, *args), client, width=width)
        seen(page, f"keeping-{name}-{args[0]}-{width}")
        assert violations(page) == [], name
        assert page.complaints == [], name  # type: ignore[attr-defined]
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, name
