"""Files of an account and of a reply, sent in pieces from their pages by a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from comity.evidence.models import Item
from comity.hub.models import Account
from comity.ledger.models import Entry
from comity.vault.models import Upload
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    Open,
    chromium,
    page_at,
    seen,
    violations,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MB = 1_000_000


def test_files_of_an_account_are_sent_in_pieces_and_taken_together(
    hub,
    sign_in,
    page_at: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    big, small = tmp_path / "film.mp4", tmp_path / "note.txt"
    big.write_bytes(os.urandom(9 * MB))
    small.write_bytes(b"a note")
    page = page_at(reverse("account_new", args=[hub.person.pk]), sign_in(hub.coordinator))
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("input[name=uploads]").set_input_files([big, small])
    states = page.locator("[data-rows] [data-state]")
    expect(states).to_have_text(["Arrived", "Arrived"], timeout=20_000)
    seen(page, "account-upload")
    assert violations(page) == []
    page.get_by_role("button", name="Take into the vault").click()
    expect(page.get_by_text("Say what the files are.").first).to_be_visible()
    expect(page.locator("[data-came]")).to_have_count(2)
    seen(page, "account-upload-errors")
    page.get_by_label("First account").check()
    page.get_by_label("The files are").select_option("user-video")
    page.get_by_role("group", name="They fall under").get_by_label("Photos").check()
    page.get_by_role("button", name="Take into the vault").click()
    page.get_by_text("Only the team sees it.").wait_for(timeout=20_000)
    items = [link.item for link in Account.objects.get().item_links.order_by("pk")]
    assert [(item.original_name, item.size) for item in items] == [
        ("film.mp4", 9 * MB), ("note.txt", 6),
    ]  # fmt: skip
    assert Entry.objects.filter(kind="vault.upload_begun").count() == 2
    assert not Upload.objects.exists()


def test_an_account_without_scripts_sends_its_files_with_the_form(
    hub,
    sign_in,
    page_at: Open,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "note.txt"
    path.write_bytes(b"a note")
    address = reverse("account_new", args=[hub.person.pk])
    page = page_at(address, sign_in(hub.coordinator), scripts=False)
    expect(page.locator("#uploads")).to_be_hidden()
    page.locator("input[name=uploads]").set_input_files(path)
    page.get_by_label("First account").check()
    page.get_by_label("The files are").select_option("user-video")
    page.get_by_role("group", name="They fall under").get_by_label("Photos").check()
    page.get_by_role("button", name="Take into the vault").click()
    page.get_by_text("Only the team sees it.").wait_for(timeout=20_000)
    assert Item.objects.get().size == 6
    assert not Entry.objects.filter(kind="vault.upload_begun").exists()
