"""A fresh second step, right before an act that binds the authority or cannot be undone.

A page asks `demanded(request)` after it has asked for the right, and answers with what it gets. The
officer types a code of their app or uses their passkey; then the page goes on, with what was typed
into its form before. A password or a recovery code does not do: the one may be known to others, the
other may lie in a drawer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal.auth import begin_authentication
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from comity.accounts import actions
from comity.accounts.models import Officer, officer_of
from comity.accounts.second_step import AppCodeForm

Page = Callable[..., HttpResponse]
COUNTED = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
PREFIX = "step"  # of the fields that are this page's own, among those that it carries
WAITING = f"{PREFIX}-waiting"
SALT = "comity.accounts.step_up"
WAITS_SECONDS = 3600


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the officer gave a code or passkey in this session, not too long ago.

    Within ACCOUNT_REAUTHENTICATION_TIMEOUT seconds, by the clock of this node.
    """
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(
        record.get("method") == "mfa"
        and record.get("type") in COUNTED
        and record.get("at", 0) >= since
        for record in get_authentication_records(request, officer_of(request))
    )


def demanded(request: HttpRequest) -> HttpResponse | None:
    """None if the second step is fresh; else the answer that asks for it and comes back here.

    What was sent with a form is carried along and sent again.
    """
    if is_fresh(request):
        return None
    waiting = _signed(request)
    if request.method == "POST":
        return _shown(request, waiting)
    return redirect(f"{reverse('confirm_again')}?{urlencode({'waiting': waiting})}")


def fresh_second_step(page: Page) -> Page:
    """Let a page be reached only right after the second step."""

    @login_required
    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        asked = demanded(request)
        return page(request, *args, **options) if asked is None else asked

    return guarded


@never_cache
@login_required
def confirm_again(request: HttpRequest) -> HttpResponse:
    """Take the code or passkey, record it, and go on where the officer came from."""
    token = request.POST.get(WAITING) or request.GET.get("waiting", "")
    waiting = _read(officer_of(request), token)
    if waiting is None:
        return redirect("today")
    forms = _forms(officer_of(request), request.POST if request.method == "POST" else None)
    given = next((form for form in forms.values() if form.is_bound and form.is_valid()), None)
    if given is None:
        return _shown(request, token, forms)
    given.save()
    actions.record_second_step(officer_of(request))
    # 307: the browser sends the form again, as it was sent the first time.
    return redirect(waiting["to"], preserve_request=bool(waiting["sent"]))


def _signed(request: HttpRequest) -> str:
    """Where the officer comes from. Nobody else can write it: it says what is sent unasked."""
    came = {
        "by": officer_of(request).pk,
        "to": request.get_full_path(),
        "sent": request.method == "POST",
    }
    return signing.dumps(came, salt=SALT)


def _read(officer: Officer, token: str) -> dict[str, Any] | None:
    try:
        waiting: dict[str, Any] = signing.loads(token, salt=SALT, max_age=WAITS_SECONDS)
    except signing.BadSignature:
        return None
    return waiting if waiting["by"] == officer.pk else None


def _forms(officer: Officer, sent: Mapping[str, Any] | None) -> dict[str, Any]:
    """The forms for what the officer has: a code, a passkey, or both."""
    rows = Authenticator.objects.filter(user_id=officer.pk, type__in=COUNTED)
    held = set(rows.values_list("type", flat=True))
    kinds = {
        "code": (Authenticator.Type.TOTP, AppCodeForm),
        "credential": (Authenticator.Type.WEBAUTHN, ReauthenticateWebAuthnForm),
    }
    return {
        field: form(
            user=officer,
            data=sent if sent is not None and f"{PREFIX}-{field}" in sent else None,
            prefix=PREFIX,
        )
        for field, (kind, form) in kinds.items()
        if kind in held
    }


def _shown(request: HttpRequest, token: str, forms: dict[str, Any] | None = None) -> HttpResponse:
    officer = officer_of(request)
    forms = _forms(officer, None) if forms is None else forms
    shown = {
        "code_form": forms.get("code"),
        "passkey_form": forms.get("credential"),
        "waiting": (WAITING, token),
        "carried": _carried(request),
    }
    if "credential" in forms:
        shown["js_data"] = {"request_options": begin_authentication(officer)}
    is_wrong = any(form.errors for form in forms.values())
    return render(request, "accounts/step_up.html", shown, status=422 if is_wrong else 200)


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """Every field that was sent, but this page's own."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name != "csrfmiddlewaretoken" and not name.startswith(f"{PREFIX}-")
    ]
