"""Signing in: two factors, guesses that are stopped and recorded, refusals that leave a mark."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.urls import reverse

from comity.core.access import Role
from comity.ledger.models import Entry

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    cache.clear()


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_a_stranger_is_sent_to_the_sign_in_page(client) -> None:
    response = client.get("/")
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))


def test_nobody_signs_up_by_themselves(client) -> None:
    response = client.post(
        reverse("account_signup"), {"email": "x@example.test", "password1": PASSWORD}
    )
    assert b"x@example.test" not in response.content
    from comity.accounts.models import Officer

    assert not Officer.objects.exists()


def test_an_officer_without_a_second_step_must_set_one_up_first(client, officer) -> None:
    made = officer(Role.PROSECUTOR)
    client.post(reverse("account_login"), {"login": made.email, "password": PASSWORD})
    response = client.get("/")
    assert response.status_code == 302
    assert response.url == reverse("mfa_index")


def test_password_and_code_open_the_node_and_are_recorded(client, officer) -> None:
    made = officer(Role.PROSECUTOR)
    TOTP.activate(made, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(made)
    response = client.post(reverse("account_login"), {"login": made.email, "password": PASSWORD})
    assert response.url == reverse("mfa_authenticate")
    assert client.get("/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": code_now("JBSWY3DPEHPK3PXP")})
    assert client.get("/").status_code == 200
    assert Entry.objects.filter(kind="accounts.signed_in", actor=made.actor_id).count() == 1


def test_a_hundred_guesses_do_not_open_the_node(client, officer) -> None:
    made = officer(Role.PROSECUTOR)
    for number in range(100):
        client.post(reverse("account_login"), {"login": made.email, "password": f"guess {number}"})
    response = client.post(reverse("account_login"), {"login": made.email, "password": PASSWORD})
    assert response.status_code in (200, 429)
    assert "_auth_user_id" not in client.session
    recorded = Entry.objects.filter(kind="accounts.sign_in_failed")
    assert 1 <= recorded.count() <= 100
    assert all(made.email.encode() not in bytes(entry.body) for entry in recorded)


def test_a_guessed_code_is_recorded_as_a_guessed_password_is(client, officer) -> None:
    made = officer(Role.PROSECUTOR)
    TOTP.activate(made, "JBSWY3DPEHPK3PXP")
    client.post(reverse("account_login"), {"login": made.email, "password": PASSWORD})
    for number in range(20):
        client.post(reverse("mfa_authenticate"), {"code": f"{number:06d}"})
    assert "_auth_user_id" not in client.session
    recorded = Entry.objects.filter(kind="accounts.sign_in_failed")
    assert 1 <= recorded.count() < 20
    assert all(made.email.encode() not in bytes(entry.body) for entry in recorded)


def test_a_page_outside_the_roles_is_refused_and_the_attempt_stays(client, officer) -> None:
    made = officer(Role.PROSECUTOR)
    TOTP.activate(made, "JBSWY3DPEHPK3PXP")
    client.force_login(made)
    response = client.get(reverse("officers"))
    assert response.status_code == 403
    entry = Entry.objects.get(kind="access.refused")
    assert entry.actor == made.actor_id
    assert entry.committed.as_mapping()["act"] == "see_officers"


def test_a_record_that_is_not_there_looks_like_one_that_is_hidden(client, officer) -> None:
    made = officer(Role.ADMINISTRATOR)
    TOTP.activate(made, "JBSWY3DPEHPK3PXP")
    client.force_login(made)
    assert client.get(reverse("officer", args=[999_999])).status_code == 404
    assert Entry.objects.filter(kind="access.refused").count() == 1
