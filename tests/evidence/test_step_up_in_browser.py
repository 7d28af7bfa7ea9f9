"""The second step asked again in a real browser: a code without scripts, and a passkey."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from comity.evidence.models import ErasureOrder, LegalHold
from comity.ledger.models import Entry
from tests.accounts.test_sign_in import code_now
from tests.evidence.conftest import World
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    Open,
    chromium,
    page_at,
    seen,
    violations,
)
from tests.evidence.test_pages import SignIn, url
from tests.officers import SECRET
from tests.ui.test_sign_in_in_browser import confirm, with_a_virtual_key

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    cache.clear()


@pytest.mark.parametrize("width", [1360, 390])
def test_the_order_waits_for_the_code_and_goes_on_by_itself(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
    width: int,
) -> None:
    item = world.item()
    client = sign_in(world.prosecutor)
    scripts = width < 1000  # the other way around it goes without
    page = page_at(url("item_erase", item.pk), client, width=width, scripts=scripts)
    page.get_by_label("Legal basis").fill("Article 100")
    page.get_by_label("Why it is erased").fill("Two lines,\nand «marks» & <tags>")
    page.on("dialog", lambda dialog: dialog.accept())
    page.locator("main .cm-actions button").first.click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    seen(page, f"step-up-{width}")
    assert not ErasureOrder.objects.exists()
    if scripts:
        assert violations(page) == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Confirm", exact=True).click()
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    seen(page, f"step-up-wrong-{width}")
    page.get_by_label("Code").fill(code_now(SECRET))
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_text("It waits for another officer.").wait_for(timeout=10_000)
    said = " ".join(ErasureOrder.objects.get().reason.split())
    assert said == "Two lines, and «marks» & <tags>"


def test_a_passkey_does_as_well(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
) -> None:
    item = world.item()
    page = page_at("/account/2fa/webauthn/add/", sign_in(world.prosecutor))
    with_a_virtual_key(page)
    confirm(page)
    page.fill("#id_name", "Key in the safe")
    page.get_by_role("button", name="Add a key").click()
    page.wait_for_selector(".cm-codes")
    page.goto(page.url.partition("/account")[0] + url("item_hold", item.pk))
    page.get_by_label("Legal basis").fill("Order 7")
    page.get_by_label("Why it must be kept").fill("Appeal.")
    page.locator("main .cm-actions button").first.click()
    hold = LegalHold.objects.get()
    page.goto(page.url.partition("/evidence")[0] + url("item_hold_lift", item.pk, hold.pk))
    page.get_by_label("Why it need not be kept any more").fill("Over.")
    page.locator("main .cm-actions button").first.click()
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    seen(page, "step-up-passkey")
    assert violations(page) == []
    page.get_by_role("button", name="Use a security key").click()
    page.get_by_text("Legal hold lifted").wait_for(timeout=10_000)
    assert page.complaints == []  # type: ignore[attr-defined]
    assert Entry.objects.filter(kind="accounts.confirmed_again").count() == 1
