"""The second step of signing in: a wrong code is recorded as a wrong password is."""

from __future__ import annotations

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
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


class AppCodeForm(ReauthenticateForm):
    """Right before an act that cannot be undone: a code of the app, no recovery code."""

    def clean_code(self) -> str:
        """Take the code, or record that it was wrong."""
        try:
            self._take(str(self.cleaned_data["code"]))
        except ValidationError as refusal:
            _record_if_wrong(refusal, self.user.email)
            raise
        return str(self.cleaned_data["code"])

    def _take(self, code: str) -> None:
        is_right_now = check_rate_limit(self.user)
        app = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP).first()
        if app is None or not app.wrap().validate_code(code):
            raise get_adapter().validation_error("incorrect_code")
        app.user = self.user
        self.authenticator = app
        is_right_now()
