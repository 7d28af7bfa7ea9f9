"""Sending files in pieces from the page: pause, a lost connection, a reload, a whole folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from comity.evidence.models import Item
from comity.ledger.models import Entry
from comity.vault.models import Upload
from tests.evidence.conftest import World
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    Open,
    chromium,
    page_at,
    seen,
    violations,
)
from tests.evidence.test_pages import SignIn, url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MB = 1_000_000


def fill(page: Page) -> None:
    page.get_by_label("What it is, in one line").fill("Footage of the yard")
    page.get_by_label("Kind of evidence").select_option("user-video")
    page.get_by_label("Whose team may see it").select_option(index=1)
    page.get_by_label("From the investigation").check()
    page.get_by_label("May be disclosed").check()
    page.get_by_label("Who obtained it").fill("R. Melnyk")
    for name, value in (("Day", "20"), ("Month", "11"), ("Year", "2026")):
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_label("How it was obtained", exact=True).select_option("open-source")


class Line:
    """The way to the node: it breaks at one piece, and holds another one back."""

    def __init__(self, page: Page, *, breaks_at: int, holds: int) -> None:
        self._page, self._breaks_at, self.holds, self.sent = page, breaks_at, holds, 0
        page.route("**/evidence/uploads/*/", self._pass)

    def _pass(self, route: Route) -> None:
        self.sent += route.request.method == "PATCH"
        if self.sent == self._breaks_at:
            self._breaks_at = 0
            self._page.context.set_offline(True)
        if self.sent < self.holds:
            route.continue_()


def test_a_lost_connection_and_a_reload_cost_nothing(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "footage.bin"
    path.write_bytes(os.urandom(30 * MB))
    page = page_at(url("item_add"), sign_in(world.investigator))
    page.on("dialog", lambda dialog: dialog.accept())
    line = Line(page, breaks_at=2, holds=100)
    chooser = page.locator("input[name=file]")
    chooser.set_input_files(path)
    state = page.locator("[data-rows] [data-state]")
    expect(state).to_contain_text("The connection is lost", timeout=20_000)
    seen(page, "upload-lost")
    line.holds = line.sent + 2
    page.context.set_offline(False)
    expect(state).to_contain_text("Is sent: 1", timeout=20_000)
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("Paused")
    page.unroute_all(behavior="ignoreErrors")
    page.reload()
    expect(page.get_by_text("Uploads that are not finished")).to_be_visible()
    seen(page, "upload-unfinished")
    assert 8 * MB < Upload.objects.get().offset < 30 * MB
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "footage" not in kept
    assert "tus" not in kept
    chooser.set_input_files(path)
    fill(page)
    page.get_by_role("button", name="Take it in").click()
    page.get_by_text("Its custody has begun.").wait_for(timeout=30_000)
    item = Item.objects.get()
    assert item.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert item.original_name == "footage.bin"
    assert not Upload.objects.exists()
    assert Entry.objects.filter(kind="vault.upload_begun").count() == 1


def test_a_folder_becomes_items_and_says_what_became_of_each(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    folder = tmp_path / "export"
    (folder / "inner").mkdir(parents=True)
    for name in ("one.txt", "two.txt", "inner/three.txt"):
        (folder / name).write_text(name)
    page = page_at(url("item_add"), sign_in(world.investigator))
    page.locator("[data-folder-input]").set_input_files(folder)
    expect(page.locator("[data-rows] li")).to_have_count(3)
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator("[data-errors]")).to_contain_text("What it is, in one line")
    seen(page, "upload-errors")
    assert not Upload.objects.exists()
    fill(page)
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_text("3 of 3 files are in the vault.")).to_be_visible(timeout=20_000)
    seen(page, "upload-folder")
    assert page.locator("[data-rows] a").count() == 3
    assert violations(page) == []
    assert [line for line in page.complaints if "422" not in line] == []  # type: ignore[attr-defined]
    names = Item.objects.order_by("pk").values_list("title", "original_name")
    assert {name for _title, name in names} == {
        "export/one.txt", "export/two.txt", "export/inner/three.txt",
    }  # fmt: skip
    assert next(title for title, _name in names) == "Footage of the yard · 1/3"


def test_an_upload_is_thrown_away(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"x" * MB)
    page = page_at(url("item_add"), sign_in(world.investigator))
    page.locator("input[name=file]").set_input_files(path)
    expect(page.locator("[data-rows] [data-state]")).to_have_text("Arrived", timeout=20_000)
    seen(page, "upload-arrived")
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Throw away").click()
    expect(page.locator("[data-rows] li")).to_have_count(0)
    assert not Upload.objects.exists()
