"""From sheets to PDF bytes by typst: the same bytes for the same sheets."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comity.core.documents.pages import Paragraph, Rows, Sheet, Table
from comity.core.documents.typography import set_text
from comity.core.errors import Refused

if TYPE_CHECKING:
    import typst

HERE = Path(__file__).parent
_LOCK = threading.Lock()
_KINDS = {Paragraph: "paragraph", Rows: "rows", Table: "table"}
_UNSET = frozenset({"language"})


def typeset(
    sheets: tuple[Sheet, ...], *, created: datetime, author: str, message: bytes | None = None
) -> bytes:
    """Return a PDF: one sheet, or several side by side, row by row.

    created: aware; becomes the date of the file. message: bytes attached as message.json; then
    the file is PDF/A-3b, else PDF/A-2b, with PDF/UA-1 in both cases (as typst checks them).
    Raises Refused("documents.character_missing") if a character is in none of the fonts, and
    Refused("documents.not_typeset") for any other error or warning of typst.
    """
    import typst  # large, and most processes print nothing

    moment = created.astimezone(UTC).replace(microsecond=0)
    inputs = {
        "document": json.dumps(_document(sheets, author, moment), ensure_ascii=False),
        "message": message.decode("utf-8") if message is not None else "",
    }
    standards = ["a-3b" if message is not None else "a-2b", "ua-1"]
    try:
        with _LOCK:
            pdf, warnings = _compiler().compile_with_warnings(
                sys_inputs=inputs, format="pdf", pdf_standards=standards, timestamp=moment
            )
    except typst.TypstError as error:
        raise _refusal(error) from error
    if warnings:
        raise Refused("documents.not_typeset", warnings=len(warnings))
    return bytes(pdf)


_held: list[Any] = []


def _compiler() -> Any:
    """Return the one compiler of this process, with Comity's fonts and no others."""
    import typst

    if not _held:
        fonts = typst.Fonts(
            include_system_fonts=False,
            include_embedded_fonts=False,
            font_paths=[str(HERE / "fonts")],
        )
        main = str(HERE / "templates" / "house.typ")
        _held.append(typst.Compiler(main, root=str(HERE / "templates"), font_paths=fonts))
    return _held[0]


def _refusal(error: typst.TypstError) -> Refused:
    missing = "could not be displayed" in f"{error.message} {error.hints}" or "glyph" in str(error)
    code = "documents.character_missing" if missing else "documents.not_typeset"
    return Refused(code)


def _document(sheets: tuple[Sheet, ...], author: str, moment: datetime) -> dict[str, Any]:
    return {
        "author": author,
        "created": [moment.year, moment.month, moment.day, moment.hour, moment.minute],
        "sheets": [_set(sheet, sheet.language) for sheet in sheets],
    }


def _set(value: Any, language: str) -> Any:
    """Turn parts of a page into JSON values whose text is set for its language."""
    if isinstance(value, str):
        return set_text(value, language)
    if isinstance(value, tuple):
        return [_set(item, language) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        plain: Mapping[str, Any] = {
            field.name: getattr(value, field.name)
            if field.name in _UNSET
            else _set(getattr(value, field.name), language)
            for field in fields(value)
        }
        kind = _KINDS.get(type(value))
        return {**plain, "kind": kind} if kind else plain
    return value
