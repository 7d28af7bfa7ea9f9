"""The frame and every component in a browser: accessible, quiet under the CSP, fitting."""

import os
from pathlib import Path

import pytest

from comity.core.access import Role
from tests.ui.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SCREENS = [
    pytest.param(False, 1360, id="light"),
    pytest.param(True, 1360, id="dark"),
    pytest.param(False, 390, id="phone"),
    pytest.param(True, 320, id="narrow-dark"),
]


def look(page, name):
    """Keep a picture when somebody wants to look: COMITY_SCREENS=folder."""
    if folder := os.environ.get("COMITY_SCREENS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(("dark", "width"), SCREENS)
@pytest.mark.parametrize("path", ["/", "/people/", "/form/"])
def test_a_page_is_accessible_quiet_and_fits(page_at, signed_in, path, dark, width):
    client = signed_in(Role.HUB_COORDINATOR, name="T. Bilyk")
    page = page_at(path, client, dark=dark, width=width)
    look(page, f"{path.strip('/') or 'gallery'}-{'dark' if dark else 'light'}-{width}")
    assert violations(page) == []
    assert page.complaints == []
    assert fits(page)


@pytest.mark.parametrize(("dark", "width"), SCREENS)
def test_a_refused_form_is_accessible_and_leads_to_its_fields(page_at, signed_in, dark, width):
    page = page_at("/form/", signed_in(Role.HUB_COORDINATOR), dark=dark, width=width)
    page.get_by_role("button", name="Record consent").click()
    page.wait_for_selector(".govuk-error-summary")
    look(page, f"errors-{'dark' if dark else 'light'}-{width}")
    assert violations(page) == []
    assert page.complaints == []
    page.locator(".govuk-error-summary a").nth(1).click()
    assert page.evaluate("document.activeElement.id") == "id_answer_0"


@pytest.mark.parametrize("lang", ["uk", "ja"])
def test_the_frame_speaks_the_language_and_fits(page_at, signed_in, lang):
    page = page_at("/people/", signed_in(Role.HUB_COORDINATOR), width=390, lang=lang)
    assert page.evaluate("document.documentElement.lang") == lang
    assert fits(page)


def test_the_language_can_be_changed_without_scripts(page_at, signed_in):
    page = page_at("/people/?a=1", signed_in(Role.PROSECUTOR), scripts=False)
    page.get_by_role("button", name="日本語").click()
    assert page.locator("html").get_attribute("lang") == "ja"
    assert page.url.endswith("/people/?a=1")


def test_a_phone_offers_languages_and_pages_in_the_menu(page_at, signed_in):
    page = page_at("/people/", signed_in(Role.PROSECUTOR), width=390, scripts=False)
    page.get_by_text("Menu", exact=True).click()
    look(page, "menu-phone")
    page.locator(".cm-menu").get_by_role("button", name="Українська").click()
    assert page.locator("html").get_attribute("lang") == "uk"


def test_escape_three_times_blanks_the_screen_and_keeps_what_was_typed(page_at, signed_in):
    page = page_at("/form/", signed_in(Role.HUB_COORDINATOR))
    page.fill("#id_words", "Half a sentence")
    for _press in range(3):
        page.keyboard.press("Escape")
    assert page.locator("#cover").is_visible()
    assert not page.locator("h1").is_visible()
    assert page.title() == "Comity"
    look(page, "blanked")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.input_value("#id_words") == "Half a sentence"
    assert page.evaluate("document.activeElement.id") == "id_words"


def test_the_button_blanks_the_screen_also_without_scripts(page_at, signed_in):
    page = page_at("/people/", signed_in(Role.HUB_COORDINATOR), scripts=False)
    page.get_by_role("link", name="Blank screen").click()
    assert page.url.endswith("/blank/")
    assert page.locator("body").inner_text().strip() == "·"


def test_leaving_a_changed_form_asks_first(page_at, signed_in):
    page = page_at("/form/", signed_in(Role.HUB_COORDINATOR))
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(page.url.replace("/form/", "/people/"))
    assert asked == []
    page.go_back()
    page.type("#id_words", "x")
    page.goto(page.url.replace("/form/", "/people/"))
    assert asked == ["beforeunload"]


def test_a_digest_is_copied_whole(page_at, signed_in):
    page = page_at("/", signed_in(Role.PROSECUTOR))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the whole value").first.click()
    assert page.evaluate("navigator.clipboard.readText()").startswith("7c1e94b05d2a0f0f")


def test_the_account_menu_works_by_keyboard_without_scripts(page_at, signed_in):
    page = page_at("/people/", signed_in(Role.PROSECUTOR, name="I. Savchuk"), scripts=False)
    page.locator(".cm-account summary").focus()
    page.keyboard.press("Enter")
    look(page, "account-menu")
    assert page.get_by_role("button", name="Sign out").is_visible()
    page.get_by_role("button", name="Sign out").click()
    assert "/account/login/" in page.url


@pytest.mark.parametrize(("dark", "width"), SCREENS)
def test_the_open_account_menu_is_accessible(page_at, signed_in, dark, width):
    page = page_at("/", signed_in(Role.HUB_COORDINATOR), dark=dark, width=width)
    page.locator(".cm-account summary").click()
    look(page, f"menu-{'dark' if dark else 'light'}-{width}")
    assert violations(page) == []


def test_messages_after_saving_are_accessible(page_at, signed_in):
    page = page_at("/form/", signed_in(Role.HUB_COORDINATOR))
    page.select_option("#id_recipient", "moj")
    page.check("#id_answer_0")
    for part, value in enumerate(("24", "11", "2026")):
        page.fill(f"#id_asked_on_{part}", value)
    page.fill("#id_words", "Yes")
    page.fill("#id_copies", "2")
    page.check("#id_understood")
    page.get_by_role("button", name="Record consent").click()
    page.wait_for_selector(".govuk-notification-banner--success")
    look(page, "messages")
    assert page.get_by_text("Before sending, write these: the purpose.").is_visible()
    assert violations(page) == []
    assert page.complaints == []
