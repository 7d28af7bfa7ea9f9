"""A gate before every body: files only where a page takes them, from officers who may add them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.files.uploadhandler import UploadFileException
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core import tus
from comity.core.access import Act
from comity.vault.uploads import NoFilesHandler

Handler = Callable[[HttpRequest], HttpResponse]
MULTIPART = "multipart/form-data"


class UploadMiddleware:
    """Stands before whatever reads a body (CSRF protection does) and judges by the headers.

    settings.COMITY_UPLOADS is the whole list of pages that take files: the name of the address,
    the act that the officer must be allowed, the largest body in bytes; COMITY_STREAMS likewise of
    those that take a body of bytes (tus). Everywhere else a body has
    at most DATA_UPLOAD_MAX_MEMORY_SIZE and no file. A refused attempt leaves its entry.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        length = _length(request)
        match = request.resolver_match
        is_stream = request.content_type == tus.OFFSET_TYPE
        places = settings.COMITY_STREAMS if is_stream else settings.COMITY_UPLOADS
        place = places.get(match.url_name or "") if match else None
        if place is None or not (is_stream or request.content_type == MULTIPART):
            return self._without_files(request, length)
        act, largest = place
        if not isinstance(request.user, Officer):
            return HttpResponse(status=401) if is_stream else redirect_to_login(request.path)
        if not request.user.may(act):
            _record(request, act)
            return render(request, "403.html", status=HTTPStatus.FORBIDDEN)
        return _too_large(request) if length > largest else None

    @staticmethod
    def _without_files(request: HttpRequest, length: int) -> HttpResponse | None:
        """Read a small body with a handler that takes no file; refuse the rest unread."""
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return _too_large(request)
        if request.content_type != MULTIPART:
            return None
        request.upload_handlers = [NoFilesHandler(request)]
        try:
            request.POST  # noqa: B018 - reading it parses the body
        except UploadFileException:
            return _too_large(request)
        return None


def _length(request: HttpRequest) -> int:
    stated = request.META.get("CONTENT_LENGTH") or "0"
    return int(stated) if stated.isascii() and stated.isdigit() else 0


def _record(request: HttpRequest, act: str) -> None:
    if isinstance(request.user, Officer):
        path = hashlib.sha256(request.path.encode()).hexdigest()
        accounts.record_refusal(request.user, act=str(act), path_digest=path)


def _too_large(request: HttpRequest) -> HttpResponse:
    _record(request, Act.ADD_ITEM)
    answer = render(request, "413.html", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    answer["Connection"] = "close"  # the rest of the body is not wanted
    return answer
