"""What every answer has in common: it is not stored, a bad request is explained, logs are mute."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator

import pytest
from django.conf import LazySettings
from django.conf import settings as configured
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from comity.accounts.models import Officer
from comity.core.access import Role
from tests.node.failing_urls import NAMED
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, officer: Callable[..., Officer]) -> Client:
    client.force_login(give_second_step(officer(Role.SUPERVISOR, Role.HUB_COORDINATOR)))
    return client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the node writes to its log, in the form that its settings give it."""
    described = configured.LOGGING["formatters"]["line"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(import_string(described["()"])(described["format"]))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize(
    "name", ["today", "people", "officers", "ledger", "mfa_index", "account_change_password"]
)
def test_no_answer_to_a_signed_in_officer_is_stored(signed_in: Client, name: str) -> None:
    answer = signed_in.get(reverse(name))
    assert answer.status_code in {200, 302, 403}
    assert "no-store" in answer["Cache-Control"]


def test_refusals_and_signing_out_are_not_stored_either(signed_in: Client) -> None:
    answers = [signed_in.get("/nowhere/"), signed_in.post(reverse("account_logout"))]
    assert [answer.status_code for answer in answers] == [404, 302]
    assert all("no-store" in answer["Cache-Control"] for answer in answers)


def test_static_files_keep_their_caching(client: Client) -> None:
    position = configured.MIDDLEWARE.index
    ours = position("comity.accounts.middleware.NotStoredMiddleware")
    assert position("whitenoise.middleware.WhiteNoiseMiddleware") < ours
    assert "no-store" not in client.get("/healthz").get("Cache-Control", "")


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_too_many_fields_are_explained_in_the_frame(signed_in: Client, language: str) -> None:
    fields = {f"field{number}": "1" for number in range(2000)}
    answer = signed_in.post(reverse("set_language"), fields, headers={"accept-language": language})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert f'<html lang="{language}"' in page
    assert "cm-top" in page


def test_an_over_long_file_name_is_explained_in_the_frame(signed_in: Client) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="a"; filename="{"n" * 3000}"\r\n\r\n'
    answer = signed_in.post(
        reverse("set_language"), f"{head}a\r\n--x--\r\n", "multipart/form-data; boundary=x"
    )
    assert answer.status_code == 400
    assert "cm-top" in answer.content.decode()


def test_a_wrong_host_is_answered_plainly_and_logged_in_one_line(
    signed_in: Client, log: io.StringIO
) -> None:
    answer = signed_in.get("/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "administrator" in page
    assert "evil.example" not in page
    assert "evil.example" in log.getvalue()
    assert log.getvalue().count("\n") == 1


def test_a_partner_that_is_not_understood_gets_no_page(
    client: Client, settings: LazySettings
) -> None:
    settings.ROOT_URLCONF = "comity.node.urls_exchange"
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    answer = client.get("/", headers={"host": "evil.example"})
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_fault_is_logged_with_its_place_and_without_its_values(
    client: Client, settings: LazySettings, log: io.StringIO
) -> None:
    settings.ROOT_URLCONF = "tests.node.failing_urls"
    client.raise_request_exception = False
    assert client.get("/failing").status_code == 500
    written = log.getvalue()
    assert NAMED not in written
    assert "DETAIL" not in written
    assert "django.db.utils.IntegrityError" in written
    assert "builtins.ValueError" in written
    assert "failing_urls.py:" in written
