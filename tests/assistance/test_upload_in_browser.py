"""What was obtained on a letter, sent in pieces from its page by a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from comity.assistance.models import ReplyItem
from comity.ledger.models import Entry
from tests.assistance.test_desk import accepted
from tests.assistance.test_pages import sign_in  # noqa: F401 - a fixture
from tests.assistance.test_upload_in_pieces import fields
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    Open,
    chromium,
    page_at,
    seen,
    violations,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MB = 1_000_000


def test_the_page_sends_the_file_in_pieces(
    kyiv,
    asked,
    sign_in,  # noqa: F811
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    path = tmp_path / "mail.mbox"
    path.write_bytes(os.urandom(9 * MB))
    letter = accepted(kyiv, asked)
    page_at: Open = request.getfixturevalue("page_at")  # noqa: F811 - after what signs papers
    page = page_at(reverse("letter_upload", args=[letter.pk]), sign_in(kyiv.executing))
    assert page.locator("input[name=file]").get_attribute("multiple") is None
    assert page.locator("[data-folder]").count() == 0
    page.locator("input[name=file]").set_input_files(path)
    expect(page.locator("[data-rows] [data-state]")).to_have_text("Arrived", timeout=20_000)
    for name, value in fields().items():
        if name not in {"kind", "once"}:
            page.locator(f"[name={name}]").fill(str(value))
    page.locator("[name=kind]").select_option("telecom-data")
    seen(page, "letter-upload")
    assert violations(page) == []
    page.get_by_role("button", name="Take in and add").click()
    page.get_by_text("The file is an item of evidence now").wait_for(timeout=20_000)
    assert ReplyItem.objects.get().item.size == 9 * MB
    assert Entry.objects.filter(kind="vault.upload_begun").count() == 1
