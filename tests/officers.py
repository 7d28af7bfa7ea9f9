"""What tests give an officer that only a browser gives in life."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP

from comity.accounts.models import Officer

SECRET = "JBSWY3DPEHPK3PXP"


def give_second_step(officer: Officer) -> Officer:
    """An authenticator app with a known secret; a second call changes nothing."""
    if not Authenticator.objects.filter(user=officer, type=Authenticator.Type.TOTP).exists():
        TOTP.activate(officer, SECRET)
    return officer
