"""Uploads in pieces, as tus 1.0.0 asks: begin, ask how far it is, send on, throw away."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date

from comity.accounts.models import Officer, fetch
from comity.core import tus
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.ui.labels import label
from comity.vault import resumable
from comity.vault.models import Upload

STATUS = {
    "vault.too_large": 413,
    "vault.upload_quota": 403,
    "vault.disk_full": 507,
    "vault.upload_offset": 409,
    "vault.upload_overtaken": 409,
    "vault.upload_gone": 410,
    "vault.upload_checksum": tus.CHECKSUM_MISMATCH,
}
_LENGTH_REQUIRED, _OTHER_VERSION, _TOO_LARGE, _UNSUPPORTED_TYPE = 411, 412, 413, 415


def uploads(request: HttpRequest) -> HttpResponse:
    """Begin an upload (POST), or say what this server can (OPTIONS)."""
    return _answered(request, {"POST": _begin})


def upload(request: HttpRequest, uid: uuid.UUID) -> HttpResponse:
    """Say how far an upload is (HEAD), take the next piece (PATCH), throw it away (DELETE)."""

    def on_own(
        act: Callable[[HttpRequest, Officer, Upload], HttpResponse],
    ) -> Callable[[HttpRequest, Officer], HttpResponse]:
        def acting(request: HttpRequest, actor: Officer) -> HttpResponse:
            if not Upload.objects.filter(uid=uid).exists():  # over: no attempt on another's
                return HttpResponse(status=404)
            return act(request, actor, fetch(Upload.objects.visible_to(actor), uid=uid))

        return acting

    verbs = {"HEAD": on_own(_tell), "PATCH": on_own(_receive), "DELETE": on_own(_drop)}
    return _answered(request, verbs)


def _answered(
    request: HttpRequest, verbs: dict[str, Callable[[HttpRequest, Officer], HttpResponse]]
) -> HttpResponse:
    method = _method_of(request)
    if not isinstance(request.user, Officer):
        response = HttpResponse(status=401)
    elif method == "OPTIONS":
        response = _options()
    elif method not in verbs:
        response = HttpResponse(status=405, headers={"Allow": ", ".join([*verbs, "OPTIONS"])})
    elif request.headers.get("Tus-Resumable") != tus.VERSION:
        response = HttpResponse(status=_OTHER_VERSION, headers={"Tus-Version": tus.VERSION})
    else:
        require(request.user, Act.ADD_ITEM)
        response = _acted(request, request.user, verbs[method])
    response["Tus-Resumable"] = tus.VERSION
    response["Cache-Control"] = "no-store"
    return response


def _method_of(request: HttpRequest) -> str:
    """The method; for clients that can send no other than POST, the one that they name."""
    named = request.headers.get("X-HTTP-Method-Override", "")
    return named.upper() if named and request.method == "POST" else request.method or ""


def _acted(
    request: HttpRequest, actor: Officer, act: Callable[[HttpRequest, Officer], HttpResponse]
) -> HttpResponse:
    try:
        return act(request, actor)
    except Refused as refusal:
        words = str(label(refusal))
        return HttpResponse(words, status=STATUS.get(refusal.code, 400), content_type="text/plain")


def _options() -> HttpResponse:
    return HttpResponse(
        status=204,
        headers={
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(settings.COMITY_MAX_BLOB_BYTES),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        },
    )


def _begin(request: HttpRequest, actor: Officer) -> HttpResponse:
    length = tus.number(request.headers.get("Upload-Length", ""))
    if length is None:
        return HttpResponse(status=400)
    made = resumable.begin_upload(
        actor, length=length, metadata=request.headers.get("Upload-Metadata", "")
    )
    response = HttpResponse(status=201, headers=_progress(made))
    response["Location"] = reverse("upload", args=[made.uid])
    return response


def _tell(_request: HttpRequest, _actor: Officer, found: Upload) -> HttpResponse:
    response = HttpResponse(headers=_progress(found))
    response["Upload-Length"] = str(found.length)
    if found.metadata:
        response["Upload-Metadata"] = found.metadata
    return response


def _receive(request: HttpRequest, actor: Officer, found: Upload) -> HttpResponse:
    if request.content_type != tus.OFFSET_TYPE:
        return HttpResponse(status=_UNSUPPORTED_TYPE)
    offset = tus.number(request.headers.get("Upload-Offset", ""))
    if offset is None:
        return HttpResponse(status=400)
    size = tus.number(request.headers.get("Content-Length", ""))
    if size is None:  # without it the body cannot be told from nothing
        return HttpResponse(status=_LENGTH_REQUIRED)
    if offset + size > found.length:
        return HttpResponse(status=_TOO_LARGE)
    checksum = tus.checksum(request.headers.get("Upload-Checksum", ""))
    now = resumable.receive(actor, found, request.read, offset=offset, checksum=checksum)
    return HttpResponse(status=204, headers=_progress(now))


def _drop(_request: HttpRequest, actor: Officer, found: Upload) -> HttpResponse:
    resumable.drop_upload(actor, found)
    return HttpResponse(status=204)


def _progress(found: Upload) -> dict[str, str]:
    return {
        "Upload-Offset": str(found.offset),
        "Upload-Expires": http_date(found.expires_at.timestamp()),
    }
