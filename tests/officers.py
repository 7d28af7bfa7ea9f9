"""What tests give an officer that only a browser gives in life."""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF,
)
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as METHODS
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from comity.accounts.models import Officer

SECRET = "JBSWY3DPEHPK3PXP"


def give_second_step(officer: Officer) -> Officer:
    """An authenticator app with a known secret; a second call changes nothing."""
    if not Authenticator.objects.filter(user=officer, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(officer, SECRET)
    return officer


def just_confirmed(
    client: Client, officer: Officer, *, seconds_ago: int = 5, kind: str = "totp"
) -> Client:
    """The officer gave the second step in this session so many seconds ago."""
    session = client.session
    session[METHODS_OF] = str(officer.pk)
    session[METHODS] = [{"method": "mfa", "at": time.time() - seconds_ago, "type": kind}]
    session.save()
    return client
