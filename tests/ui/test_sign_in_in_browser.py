"""Signing in as officers meet it: password, then a code, a recovery code or a key."""

import os
import time
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp

from comity.core.access import Role
from tests.ui.conftest import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery staple"


def code_now(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def checked(page, name):
    """The page has no accessibility fault and the browser had nothing to complain about."""
    if folder := os.environ.get("COMITY_SCREENS"):
        page.screenshot(path=Path(folder) / f"sign-in-{name}.png", full_page=True)
    assert violations(page) == []
    assert page.complaints == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def prosecutor(officer):
    return officer(Role.PROSECUTOR, name="I. Savchuk")


def sign_in(page, person):
    page.fill("#id_login", person.email)
    page.fill("#id_password", PASSWORD)
    press(page, "Sign in")


def confirm(page):
    """What changes the second step asks for the password again."""
    if "/reauthenticate/" in page.url:
        page.fill("#id_password", PASSWORD)
        press(page, "Confirm")


@pytest.mark.parametrize(("dark", "width"), [(False, 1360), (True, 1360), (False, 390)])
def test_the_door_is_accessible_and_says_what_is_recorded(page_at, dark, width):
    page = page_at("/account/login/", dark=dark, width=width)
    checked(page, f"door-{'dark' if dark else 'light'}-{width}")
    assert page.get_by_text("Every look at a file is recorded").is_visible()
    assert page.get_by_role("link", name="Check a package without signing in").is_visible()


def test_a_wrong_password_says_so_at_the_top(page_at, prosecutor):
    page = page_at("/account/login/")
    page.fill("#id_login", prosecutor.email)
    page.fill("#id_password", "wrong")
    press(page, "Sign in")
    page.wait_for_selector(".govuk-error-summary")
    checked(page, "wrong")


def test_an_authenticator_app_is_added_used_and_removed(page_at, prosecutor, settings):
    page = page_at("/account/login/", width=390)
    sign_in(page, prosecutor)
    page.goto(page.url.split("/account")[0] + "/account/2fa/")
    checked(page, "second-step-none")
    page.get_by_role("link", name="Add the app").click()
    confirm(page)
    checked(page, "app-add")
    assert page.locator("img.cm-qr").evaluate("picture => picture.naturalWidth") > 0
    page.fill("#id_code", code_now(page.input_value("#authenticator_secret")))
    press(page, "Add the app")
    page.wait_for_selector(".cm-codes, .cm-narrow")
    assert Authenticator.objects.filter(user=prosecutor, type="totp").exists()
    checked(page, "recovery-codes")
    page.goto(page.url.split("/account")[0] + "/account/2fa/totp/deactivate/")
    confirm(page)
    checked(page, "app-remove")


def test_the_second_step_takes_a_code_or_a_recovery_code(page_at, prosecutor):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(prosecutor, secret)
    recovery = RecoveryCodes.activate(prosecutor).get_unused_codes()[0]
    page = page_at("/account/login/")
    sign_in(page, prosecutor)
    checked(page, "second-step")
    page.fill("#id_code", "000000")
    press(page, "Sign in")
    page.wait_for_selector(".govuk-error-summary")
    checked(page, "second-step-wrong")
    page.fill("#id_code", recovery)
    press(page, "Sign in")
    page.wait_for_selector(".cm-account")
    assert page.url.endswith("/")


def with_a_virtual_key(page):
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def test_a_passkey_is_added_and_opens_the_node_alone(page_at, prosecutor):
    page = page_at("/account/login/")
    with_a_virtual_key(page)
    sign_in(page, prosecutor)
    start = page.url.split("/account")[0].rstrip("/")
    page.goto(start + "/account/2fa/webauthn/add/")
    confirm(page)
    checked(page, "key-add")
    page.fill("#id_name", "Key in the safe")
    page.check("#id_passwordless")
    press(page, "Add a key")
    page.wait_for_selector(".cm-codes")
    page.goto(start + "/account/2fa/webauthn/")
    assert page.get_by_role("rowheader", name="Key in the safe").is_visible()
    checked(page, "keys")
    page.locator(".cm-account summary").click()
    press(page, "Sign out")
    page.wait_for_selector("#passkey_login")
    press(page, "Sign in with a passkey")
    page.wait_for_selector(".cm-account")


@pytest.mark.parametrize(
    "path",
    [
        "/account/logout/",
        "/account/password/change/",
        "/account/2fa/recovery-codes/generate/",
        "/account/2fa/webauthn/",
        "/account/email/",
        "/account/inactive/",
        "/account/reauthenticate/",
    ],
)
def test_the_other_account_pages_are_accessible(page_at, prosecutor, path):
    totp.TOTP.activate(prosecutor, totp.generate_totp_secret())
    recovery = RecoveryCodes.activate(prosecutor).get_unused_codes()
    page = page_at("/account/login/")
    sign_in(page, prosecutor)
    page.fill("#id_code", recovery[0])
    press(page, "Sign in")
    page.wait_for_selector(".cm-account")
    page.goto(page.url + path.lstrip("/"))
    checked(page, path.strip("/").replace("/", "-"))
