"""Two gates before every page: a second factor for everyone, a record of every refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from comity.accounts import actions
from comity.accounts.models import Officer
from comity.core.access import NodeActor
from comity.core.errors import NotAllowed, NotVisible

Handler = Callable[[HttpRequest], HttpResponse]
OPEN_WITHOUT_SECOND_FACTOR = ("/account/", "/static/", "/i18n/", "/healthz")


class OfficerMiddleware:
    """Sends an officer without a second factor to the page that sets one up, and to no other."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        guarded = not request.path.startswith(OPEN_WITHOUT_SECOND_FACTOR)
        if user.is_authenticated and guarded and not self._has_second_factor(request):
            return redirect("mfa_index")
        return self.get_response(request)

    @staticmethod
    def _has_second_factor(request: HttpRequest) -> bool:
        if request.session.get("second_factor"):
            return True
        held = Authenticator.objects.filter(
            user_id=request.user.pk, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        ).exists()
        if held:
            request.session["second_factor"] = True
        return held


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
