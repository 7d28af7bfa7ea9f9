"""Fixed words of documents and how dates and numbers are written in each language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from comity.core.errors import Refused
from comity.core.law.loader import LANGUAGES, parse

STRINGS = Path(__file__).parent / "strings"

_MONTHS = {
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "en": "January February March April May June July August September October November December",
}


@cache
def wording(language: str) -> Mapping[str, Any]:
    """Return the string table of a language. Raises Refused for a language without one."""
    if language not in LANGUAGES:
        raise Refused("documents.unknown_language", language=language)
    return parse((STRINGS / f"{language}.yaml").read_bytes(), f"strings/{language}")


def say(language: str, key: str, **values: str) -> str:
    """Return one string by section and name, such as `letter.deadline`, with values filled in.

    A value is inserted as it is, whatever braces it holds.
    """
    section, _, name = key.partition(".")
    text: str = wording(language)[section][name]
    for placeholder, value in values.items():
        head, mark, tail = text.partition("{" + placeholder + "}")
        text = f"{head}{value}{tail}" if mark else text
    return text


def say_date(value: date, language: str) -> str:
    """Write a date in words: 17 березня 2026 року, 2026年3月17日, 17 March 2026."""
    if language == "ja":
        return f"{value.year}年{value.month}月{value.day}日"
    month = _MONTHS[language].split()[value.month - 1]
    return f"{value.day} {month} {value.year}" + (" року" if language == "uk" else "")


def say_time(value: datetime) -> str:
    """Write a UTC time for tables: 2026-03-17 09:45:00. Raises ValueError if it is not aware."""
    offset = value.utcoffset()
    if offset is None:
        raise ValueError("a time without time zone")
    return (value - offset).strftime("%Y-%m-%d %H:%M:%S")


def say_count(value: int, language: str) -> str:
    """Write a whole number with groups of three: 1 234 567 or, in Japanese, 1,234,567."""
    return f"{value:,}" if language == "ja" else f"{value:,}".replace(",", "\u00a0")


def in_groups(digest_hex: str) -> str:
    """Write a digest in groups of eight, so that it may break over lines and be compared."""
    return " ".join(digest_hex[at : at + 8] for at in range(0, len(digest_hex), 8))


def word(words: Mapping[str, str], language: str) -> str:
    """Return a name in a language.

    Raises Refused("documents.words_missing") instead of showing another language's words.
    """
    found = words.get(language, "")
    if not found:
        raise Refused("documents.words_missing", language=language)
    return found
