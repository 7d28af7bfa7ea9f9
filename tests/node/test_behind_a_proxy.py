"""Pages behind a proxy that ends TLS: what the settings make of node.env, and who is who."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.node import checks
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
NAMES = ("CSRF_TRUSTED_ORIGINS", "SECURE_PROXY_SSL_HEADER", "COMITY_PAGES_URL")


def settings_of(**environment: str) -> dict[str, object]:
    """The node's settings as a new process reads them."""
    asked = (
        "import json; from comity.node import settings as s; "
        f"print(json.dumps({{n: getattr(s, n, None) for n in {NAMES!r}}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], env=os.environ | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_a_slash_at_the_end_of_the_address_changes_nothing() -> None:
    found = settings_of(COMITY_PAGES_URL="https://comity.opg.example/")
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://comity.opg.example"]
    assert found["COMITY_PAGES_URL"] == "https://comity.opg.example"


@pytest.mark.parametrize(
    ("url", "count", "believed"),
    [("https://a.example", "1", True), ("https://a.example", "0", False), ("http://a", "1", False)],
)
def test_the_protocol_is_believed_of_a_trusted_proxy_only(
    url: str, count: str, believed: bool
) -> None:
    found = settings_of(COMITY_PAGES_URL=url, COMITY_TRUSTED_PROXY_COUNT=count)
    expected = ["HTTP_X_FORWARDED_PROTO", "https"] if believed else None
    assert found["SECURE_PROXY_SSL_HEADER"] == expected


def test_hsts_is_sent_where_the_proxy_says_https(settings: LazySettings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SECURE_HSTS_SECONDS = 31536000
    answer = Client().get("/healthz", headers={"x-forwarded-proto": "https"})
    assert "max-age=31536000" in answer["Strict-Transport-Security"]


def test_a_proxy_that_is_not_known_is_warned_of(settings: LazySettings) -> None:
    settings.COMITY_PAGES_URL = "https://comity.opg.example"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    assert [message.id for message in checks.the_proxy_is_known(None)] == ["comity.W004"]
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert checks.the_proxy_is_known(None) == []
    settings.COMITY_PAGES_URL, settings.ALLAUTH_TRUSTED_PROXY_COUNT = "http://localhost:8000", 0
    assert checks.the_proxy_is_known(None) == []


def test_behind_a_known_proxy_nobody_locks_others_out(
    officer: Callable[..., Officer], settings: LazySettings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    made = officer(Role.PROSECUTOR)

    def tries(address: str, email: str, password: str) -> int:
        return Client().post(
            reverse("account_login"), {"login": email, "password": password},
            headers={"x-forwarded-for": address},
        ).status_code  # fmt: skip

    for number in range(12):
        tries("192.0.2.7", f"nobody{number}@example.test", "wrong")
    right = "correct horse battery staple"
    assert tries("192.0.2.7", made.email, right) == 200
    assert tries("192.0.2.8", made.email, right) == 302


def test_a_code_is_shown_with_the_address_that_officers_use(
    client: Client, officer: Callable[..., Officer], settings: LazySettings
) -> None:
    settings.COMITY_PAGES_URL = "https://comity.opg.example"
    client.force_login(give_second_step(officer(Role.ADMINISTRATOR)))
    typed = {
        "name": "Н. Коваль", "email": "koval@example.test", "language": "uk",
        "roles": ["supervisor"],
    }  # fmt: skip
    page = client.post(reverse("add_officer"), typed).content.decode()
    assert "https://comity.opg.example/invitation/" in page
