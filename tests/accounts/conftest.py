"""Browsers in which officers have signed in as they do: password, then code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from comity.accounts.models import Officer
from tests.officers import SECRET, give_second_step

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    cache.clear()


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


@pytest.fixture
def enter() -> Callable[[Officer], Client]:
    """Sign in with both steps, in a browser of its own."""

    def sign_in(officer: Officer, password: str = PASSWORD) -> Client:
        client = Client()
        give_second_step(officer)
        cache.clear()  # each code is good once; another browser may use the same one here
        client.post(reverse("account_login"), {"login": officer.email, "password": password})
        client.post(reverse("mfa_authenticate"), {"code": code_now(SECRET)})
        assert client.get("/").status_code == 200
        return client

    return sign_in
