"""How django-allauth meets Comity: no sign-up by strangers, every failed sign-in recorded."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest

from comity.accounts import actions
from comity.core.access import NodeActor


def address_digest(address: str) -> str:
    """A keyed digest of a sign-in address: attempts can be counted, nobody read off."""
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, address.strip().lower().encode(), hashlib.sha256).hexdigest()[:32]


class OfficerAdapter(DefaultAccountAdapter):
    """Officers are added by an administrator, never by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        address = str(credentials.get("email") or credentials.get("username") or "")
        actions.record_failed_sign_in(NodeActor("sign-in"), address_digest=address_digest(address))

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        response = super().post_login(request, user, **kwargs)
        methods = request.session.get("account_authentication_methods", [])
        actions.record_sign_in(user, methods=sorted({str(row.get("method")) for row in methods}))
        return response
