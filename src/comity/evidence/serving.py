"""Sending an item's bytes to a browser: whole or in part, decrypting only what is asked for."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from comity.evidence import media
from comity.evidence.models import Item

PIECE_BYTES = 256 * 1024
OPEN_FOR = timedelta(minutes=30)
_SESSION_KEY = "opened_items"
_SAVED_KEY = "saved_items"
_GUARDED = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def remember_opening(request: HttpRequest, item: Item) -> None:
    """Let this session read an item that its officer has just opened, for half an hour."""
    now = timezone.now()
    opened = {
        number: until
        for number, until in request.session.get(_SESSION_KEY, {}).items()
        if datetime.fromisoformat(until) > now
    }
    request.session[_SESSION_KEY] = opened | {str(item.pk): (now + OPEN_FOR).isoformat()}
    _forget_saving(request, item)


def forget_opening(request: HttpRequest, item: Item) -> None:
    """End this session's look at an item."""
    opened = request.session.get(_SESSION_KEY, {})
    request.session[_SESSION_KEY] = {
        number: until for number, until in opened.items() if number != str(item.pk)
    }


def remember_saving(request: HttpRequest, item: Item) -> None:
    """Keep that this session has saved an item since it was opened."""
    saved = set(request.session.get(_SAVED_KEY, []))
    request.session[_SAVED_KEY] = sorted(saved | {str(item.pk)})


def was_saved(request: HttpRequest, item: Item) -> bool:
    """Say whether this session has saved the item since it was opened."""
    return str(item.pk) in request.session.get(_SAVED_KEY, [])


def _forget_saving(request: HttpRequest, item: Item) -> None:
    saved = set(request.session.get(_SAVED_KEY, []))
    request.session[_SAVED_KEY] = sorted(saved - {str(item.pk)})


def is_open(request: HttpRequest, item: Item) -> bool:
    """Say whether this session has opened the item within the last half hour."""
    until = request.session.get(_SESSION_KEY, {}).get(str(item.pk))
    return until is not None and datetime.fromisoformat(until) > timezone.now()


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte (0-based, both included) of a Range header with one part.

    Returns None when the whole file is to be sent: there is no range, or one of a form that a
    server may ignore (RFC 9110, 14.2). Raises ValueError for a range outside the file (416).
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise ValueError("no byte is asked for")
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise ValueError("the file is shorter")
    return start, end


def send(
    request: HttpRequest, item: Item, reader: io.BufferedReader, *, shown: bool
) -> HttpResponseBase:
    """Answer with the item's bytes; the reader is closed when they are sent.

    shown: in a page, for a media type that is safe to show; otherwise as a file to save.
    """
    tag = f'"{item.sha256}"'
    asked = request.headers.get("Range", "")
    if request.headers.get("If-Range", tag) != tag:
        asked = ""
    try:
        part = wanted_range(asked, item.size)
    except ValueError:
        reader.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{item.size}"})
    start, end = part or (0, item.size - 1)
    response = StreamingHttpResponse(
        _pieces(reader, start, end - start + 1), status=206 if part else 200
    )
    if part:
        response["Content-Range"] = f"bytes {start}-{end}/{item.size}"
    response["Content-Length"] = str(end - start + 1)
    response["ETag"] = tag
    for name, value in _headers(item, shown=shown).items():
        response[name] = value
    return response


def send_picture(content: bytes) -> HttpResponse:
    """Answer with a safe picture (JPEG or PNG), for the page that shows it."""
    response = HttpResponse(content, content_type=media.sniff(content))
    for name, value in _GUARDED.items():
        response[name] = value
    return response


def _headers(item: Item, *, shown: bool) -> dict[str, str]:
    media_type = item.media_type_sniffed
    in_page = shown and bool(media.shown_as(media_type))
    name = media.neutral_name(item.number, media_type)
    return {
        "Accept-Ranges": "bytes",
        "Content-Type": media_type if in_page else media.UNKNOWN,
        "Content-Disposition": f'{"inline" if in_page else "attachment"}; filename="{name}"',
        **_GUARDED,
    }


def _pieces(reader: io.BufferedReader, start: int, length: int) -> Iterator[bytes]:
    with reader:
        reader.seek(start)
        while length > 0:
            piece = reader.read(min(length, PIECE_BYTES))
            if not piece:
                return
            length -= len(piece)
            yield piece
