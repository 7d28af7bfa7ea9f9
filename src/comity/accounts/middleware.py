"""Around every page: nothing is stored, a password of one's own, a second factor, refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.models import Authenticator
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from comity.accounts import actions
from comity.accounts.models import Officer
from comity.core.access import NodeActor
from comity.core.errors import NotAllowed, NotVisible

Handler = Callable[[HttpRequest], HttpResponse]
OWN_ACCOUNT = "/account/"
CREDENTIALS = ("/account/password/", "/account/2fa/")
OPEN_WITHOUT_SECOND_FACTOR = (OWN_ACCOUNT, "/static/", "/i18n/", "/healthz", "/invitation/")


class NotStoredMiddleware:
    """Lets no browser or proxy keep what a signed-in officer was answered.

    Static files are answered before it and keep their caching.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = request.user.is_authenticated  # signing out answers an officer too
        response = self.get_response(request)
        if (before or request.user.is_authenticated) and "no-store" not in response.get(
            "Cache-Control", ""
        ):
            response["Cache-Control"] = "private, no-store"
        return response


class OfficerMiddleware:
    """Sends an officer first to their own password, then to a second factor, and nowhere else.

    Asked of the database at each request: what a session remembers can be out of date.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, Officer):
            return self.get_response(request)
        user.signed_in_by = _means_of(request)
        user.session_digest = hashlib.sha256(
            (request.session.session_key or "").encode()
        ).hexdigest()[:16]
        if not request.path.startswith(OPEN_WITHOUT_SECOND_FACTOR):
            if user.must_change_password:
                return redirect("account_change_password")
            if not _has_second_factor(user):
                return redirect("mfa_index")
        if request.method == "POST" and request.path.startswith(CREDENTIALS):
            return self._recorded(request, user)
        return self.get_response(request)

    def _recorded(self, request: HttpRequest, officer: Officer) -> HttpResponse:
        """Change one's own credentials in one transaction with the entries; end other sessions."""
        with transaction.atomic():
            before = actions.credentials_of(officer)
            response = self.get_response(request)
            if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                transaction.set_rollback(True)
                return response
            changed = actions.record_credentials(officer, before)
        if changed and request.user.is_authenticated:
            update_session_auth_hash(request, Officer.objects.get(pk=officer.pk))
        return response


def _means_of(request: HttpRequest) -> str:
    """What the officer signed in with, as allauth noted it: "password+totp", "webauthn"."""
    noted = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    means = [str(one.get("type") or one.get("method") or "") for one in noted]
    return "+".join(dict.fromkeys(filter(None, means)))


def _has_second_factor(officer: Officer) -> bool:
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return Authenticator.objects.filter(user_id=officer.pk, type__in=kinds).exists()


class RefusalMiddleware:
    """Turns NotAllowed into a page that says so, and into an entry that stays."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, NotAllowed):
            return None
        actor = request.user if isinstance(request.user, Officer) else NodeActor("stranger")
        actions.record_refusal(
            actor,
            act=str(exception.facts.get("act", exception.code)),
            path_digest=hashlib.sha256(request.path.encode()).hexdigest(),
        )
        if isinstance(exception, NotVisible):
            return render(request, "404.html", {"refusal": exception}, status=404)
        return render(request, "403.html", {"refusal": exception}, status=403)
