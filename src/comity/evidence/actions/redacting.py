"""Copies of which something is left out, and excerpts: made by tools, the original untouched."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from comity.accounts.models import Officer, fetch
from comity.core.access import Act, require
from comity.core.errors import Incomplete, Refused
from comity.evidence import untrusted
from comity.evidence.actions.conditions import require_look
from comity.evidence.actions.deriving import Making, derive
from comity.evidence.actions.opening import read_item, read_opened
from comity.evidence.actions.release import scopes_of
from comity.evidence.models import Item
from comity.evidence.rules import Derived, plain_line
from comity.evidence.rules.tools import Worked, worked_as

MOST_MARKS = 500
MOST_TEXT_BYTES = 16 << 20
MARK = "█████"  # of one length, so that it does not tell how long the word was
_TOOL = {
    Worked.IMAGE: "Pillow",
    Worked.PDF: "pdftoppm, Pillow",
    Worked.MEDIA: "PyAV, x264",
    Worked.TEXT: "comity text 1",
}


@dataclass(frozen=True)
class Region:
    """A box to black out. In pixels of the page as it is shown; pages of a PDF at 150 an inch.

    page: from 1; 1 for an image.
    """

    x: int
    y: int
    width: int
    height: int
    reason: str
    page: int = 1


@dataclass(frozen=True)
class Stretch:
    """A stretch of time to make black and silent, in milliseconds, the end not included."""

    from_ms: int
    to_ms: int
    reason: str


@dataclass(frozen=True)
class Phrase:
    """Words to take out of a text, wherever they stand, in either letter case."""

    words: str
    reason: str


Mark = Region | Stretch | Phrase
_MARKED: dict[Worked, type[Mark]] = {
    Worked.IMAGE: Region,
    Worked.PDF: Region,
    Worked.MEDIA: Stretch,
    Worked.TEXT: Phrase,
}


def redact(
    actor: Officer, item: Item, marks: Sequence[Mark], *, title: str, scope: str = ""
) -> Item:
    """Make a copy of which the marked parts are gone, not only covered; the reasons go with it.

    scope: of the person's consent, as `release.scopes_of`; the copy may then go where the person
    agreed that this scope goes. The copy is encoded anew, without metadata.
    Raises NotAllowed, NotVisible, Incomplete("evidence.marks_missing" | "evidence.reason_missing"),
    Refused("evidence.not_redacted" | "evidence.unknown_scope" | "evidence.region_outside" |
    "evidence.phrase_missing" | "evidence.too_large_for_tools" | …), Untrusted("evidence.…").
    """
    _require_may(actor, item)
    kind = worked_as(item.media_type_sniffed)
    reasons = _reasons(kind, marks)
    if scope and scope not in scopes_of(item):
        raise Refused("evidence.unknown_scope")
    with read_item(actor, item) as reader:
        made, detail = _REDACTED[cast("Worked", kind)](cast("BinaryIO", reader), item, marks)
    making = Making(
        Derived.REDACTION,
        _TOOL[cast("Worked", kind)],
        detail=detail,
        reason="; ".join(dict.fromkeys(reasons))[:2000],
        scope=scope,
    )
    with made:
        return derive(actor, item, made, making, title=title)


def _require_may(actor: Officer, item: Item) -> None:
    require(actor, Act.ADD_ITEM)
    require(actor, Act.OPEN_ITEM)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(item)


def _reasons(kind: Worked | None, marks: Sequence[Mark]) -> list[str]:
    if kind is None or not all(isinstance(mark, _MARKED[kind]) for mark in marks):
        raise Refused("evidence.not_redacted")
    if not marks:
        raise Incomplete("evidence.marks_missing", missing=["marks"])
    if len(marks) > MOST_MARKS:
        raise Refused("evidence.too_long", field="marks")
    reasons = [plain_line(mark.reason) for mark in marks]
    if not all(reasons):
        raise Incomplete("evidence.reason_missing", missing=["reason"])
    return reasons


def _image(source: BinaryIO, item: Item, marks: Sequence[Any]) -> tuple[BinaryIO, dict[str, Any]]:
    form = "jpeg" if item.media_type_sniffed == "image/jpeg" else "png"
    boxes = [[one.x, one.y, one.width, one.height] for one in marks]
    made = untrusted.run("redact_image", [form, json.dumps(boxes)], source)
    return made, {"regions": [_region(one) for one in marks]}


def _region(one: Region) -> dict[str, Any]:
    box = {"x": one.x, "y": one.y, "width": one.width, "height": one.height}
    return box | {"page": one.page, "reason": plain_line(one.reason)}


def _pdf(source: BinaryIO, _item: Item, marks: Sequence[Any]) -> tuple[BinaryIO, dict[str, Any]]:
    boxes = [[one.page, one.x, one.y, one.width, one.height] for one in marks]
    made = untrusted.run("redact_pdf", [json.dumps(boxes)], source)
    return made, {"dots_per_inch": 150, "regions": [_region(one) for one in marks]}


def _media(source: BinaryIO, _item: Item, marks: Sequence[Any]) -> tuple[BinaryIO, dict[str, Any]]:
    made = untrusted.run(
        "redact_media", [json.dumps([[one.from_ms, one.to_ms] for one in marks])], source
    )
    stretches = [
        {"from_ms": one.from_ms, "to_ms": one.to_ms, "reason": plain_line(one.reason)}
        for one in marks
    ]
    return made, {"stretches": stretches}


def _text(source: BinaryIO, item: Item, marks: Sequence[Any]) -> tuple[BinaryIO, dict[str, Any]]:
    """Take phrases out; the detail says where they stood, never what they were."""
    if item.size > MOST_TEXT_BYTES:
        raise Refused("evidence.too_large_for_tools", most_bytes=MOST_TEXT_BYTES)
    raw = source.read()
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = unicodedata.normalize("NFC", raw.decode("utf-16" if wide else "utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused("evidence.not_redacted") from error
    spans = sorted(span for mark in marks for span in _found(text, mark))
    pieces, at = [], 0
    for first, last, _ in spans:
        pieces += [text[at:first], MARK] if first >= at else []
        at = max(at, last)
    kept = "".join([*pieces, text[at:]])
    detail = [{"from": first, "to": last, "reason": reason} for first, last, reason in spans]
    return io.BytesIO(kept.encode()), {"spans": detail}


# What may stand unseen between the letters of a word: soft hyphens, joiners, marks of direction.
_UNSEEN = "[\u00ad\u200b-\u200f\u2060\ufeff]*"


def _found(text: str, mark: Phrase) -> list[tuple[int, int, str]]:
    """Where the words stand, in characters of the NFC text. Raises Refused if nowhere."""
    words = unicodedata.normalize("NFC", mark.words).split()
    letters = [_UNSEEN.join(re.escape(letter) for letter in word) for word in words]
    pattern = re.compile(rf"(?:\s|{_UNSEEN[:-1]})+".join(letters), re.IGNORECASE)
    reason = plain_line(mark.reason)
    spans = [(*each.span(), reason) for each in pattern.finditer(text)] if words else []
    if not spans:
        raise Refused("evidence.phrase_missing")
    return spans


_Made = tuple[BinaryIO, dict[str, Any]]
_REDACTED: dict[Worked, Callable[[BinaryIO, Item, Sequence[Any]], _Made]] = {
    Worked.IMAGE: _image,
    Worked.PDF: _pdf,
    Worked.MEDIA: _media,
    Worked.TEXT: _text,
}


def excerpt(
    actor: Officer,
    item: Item,
    *,
    first: int,
    last: int,
    title: str,
    reason: str = "",
    scope: str = "",
) -> Item:
    """Make an excerpt: of film and sound between two times, of a PDF from page to page.

    first, last: milliseconds, the end not included; or pages from 1, both included. The packets of
    the original are taken over where a cut can be clean there; else it is encoded anew, and the
    detail says which. scope: as in `redact`. Raises as `redact`, and Refused(
    "evidence.range_outside" | "evidence.page_missing" | "evidence.no_excerpt").
    """
    _require_may(actor, item)
    kind = worked_as(item.media_type_sniffed)
    if kind not in {Worked.MEDIA, Worked.PDF}:
        raise Refused("evidence.no_excerpt")
    if scope and scope not in scopes_of(item):
        raise Refused("evidence.unknown_scope")
    with read_item(actor, item) as reader:
        source = cast("BinaryIO", reader)
        if kind is Worked.PDF:
            made = untrusted.run("excerpt_pdf", [str(first), str(last)], source)
            tool, detail = "pdfseparate, pdfunite", {"from_page": first, "to_page": last}
        else:
            made, tool, copied = _cut(source, first, last)
            detail = {"from_ms": first, "to_ms": last, "copied": copied}
    making = Making(Derived.EXCERPT, tool, detail=detail, reason=reason, scope=scope)
    with made:
        return derive(actor, item, made, making, title=title)


def _cut(source: BinaryIO, first: int, last: int) -> tuple[BinaryIO, str, bool]:
    span = [str(first), str(last)]
    try:
        return untrusted.run("excerpt_media", ["copy", *span], source), "PyAV", True
    except Refused as refusal:
        if refusal.code != "evidence.cannot_copy":
            raise
    return untrusted.run("excerpt_media", ["encode", *span], source), "PyAV, x264", False


def page_picture(actor: Officer, item: Item, page: int) -> bytes:
    """Draw a page of an opened item as a PNG, to see where to mark; the caller recorded the look.

    Raises NotAllowed, NotVisible, Refused, Untrusted as `redact`.
    """
    kind = worked_as(item.media_type_sniffed)
    if kind not in {Worked.IMAGE, Worked.PDF}:
        raise Refused("evidence.page_missing")
    with read_opened(actor, item) as reader:
        source = cast("BinaryIO", reader)
        with untrusted.run("render_page", [kind.value, str(page)], source, seconds=60) as drawn:
            return drawn.read()
