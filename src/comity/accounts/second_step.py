"""The second step of signing in: a wrong code is recorded as a wrong password is."""

from __future__ import annotations

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError

from comity.accounts import actions
from comity.accounts.adapters import address_digest
from comity.core.access import NodeActor


def _record_if_wrong(refusal: ValidationError, email: str) -> None:
    """Codes that are turned away unread, after too many, are not recorded one by one."""
    if refusal.code == "incorrect_code":
        actions.record_failed_sign_in(NodeActor("sign-in"), address_digest=address_digest(email))


class CodeForm(AuthenticateForm):
    """After the password."""

    def clean_code(self) -> str:
        """Take the code, or record that it was wrong."""
        try:
            return str(super().clean_code())
        except ValidationError as refusal:
            _record_if_wrong(refusal, self.user.email)
            raise


class CodeAgainForm(ReauthenticateForm):
    """Before something that needs a fresh sign-in."""

    def clean_code(self) -> str:
        """Take the code, or record that it was wrong."""
        try:
            return str(super().clean_code())
        except ValidationError as refusal:
            _record_if_wrong(refusal, self.user.email)
            raise
