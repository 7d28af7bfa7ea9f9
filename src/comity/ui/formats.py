"""Dates, sizes and digests as each language writes them. Pure: no clock, no settings."""

from __future__ import annotations

import re
from datetime import date, datetime

NB = "\u00a0"
JOINER = "\u2060"

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "uk": "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
}
SHORT_MONTHS = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "uk": "січ. лют. бер. квіт. трав. черв. лип. серп. вер. жовт. лист. груд.",
}
WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "uk": "понеділок вівторок середа четвер п’ятниця субота неділя",
    "ja": "月 火 水 木 金 土 日",
}
UNITS = {
    "en": ("bytes", "kB", "MB", "GB", "TB"),
    "uk": ("байтів", "кБ", "МБ", "ГБ", "ТБ"),
    "ja": ("バイト", "kB", "MB", "GB", "TB"),
}
UKRAINIAN_BYTES = {1: "байт", 2: "байти", 3: "байти", 4: "байти"}


def day(value: date, language: str) -> str:
    """Return day and month: "24 Nov", "24 лист.", "11月24日"."""
    if language == "ja":
        return f"{value.month}月{value.day}日"
    months = SHORT_MONTHS.get(language, SHORT_MONTHS["en"]).split()
    return f"{value.day}{NB}{months[value.month - 1]}"


def full_date(value: date, language: str) -> str:
    """Return the whole date: "24 Nov 2026", "24 листопада 2026", "2026年11月24日"."""
    if language == "ja":
        return f"{value.year}年{value.month}月{value.day}日"
    if language == "uk":
        return f"{value.day}{NB}{MONTHS['uk'].split()[value.month - 1]}{NB}{value.year}"
    return f"{day(value, 'en')}{NB}{value.year}"


def long_date(value: date, language: str) -> str:
    """Return weekday and date: "Tuesday 24 November 2026", "вівторок, 24 листопада 2026"."""
    weekday = WEEKDAYS.get(language, WEEKDAYS["en"]).split()[value.weekday()]
    if language == "ja":
        return f"{full_date(value, 'ja')}({weekday})"
    if language == "uk":
        return f"{weekday}, {full_date(value, 'uk')}"
    return f"{weekday} {value.day}{NB}{MONTHS['en'].split()[value.month - 1]}{NB}{value.year}"


def moment(value: datetime, language: str, *, with_year: bool = True) -> str:
    """Return date and 24-hour time: "24 Nov 2026, 09:45"; the value is already in local time."""
    when = full_date(value, language) if with_year else day(value, language)
    between = NB if language == "ja" else f",{NB}"
    return f"{when}{between}{value:%H:%M}"


def size(count: int, language: str) -> str:
    """Return a number of bytes in decimal units with at most one decimal place: "1.1 GB"."""
    units = UNITS.get(language, UNITS["en"])
    if count < 1000:
        return f"{count}{NB}{_bytes(count, language, units[0])}"
    value, unit = float(count), 0
    # 999 950 would print as "1000.0 kB": go up a unit once the rounded number has four digits.
    while value >= 999.95 and unit < len(units) - 1:
        value, unit = value / 1000, unit + 1
    number = f"{value:.0f}" if value >= 99.95 or value == int(value) else f"{value:.1f}"
    number = number.removesuffix(".0")
    if language == "uk":
        number = number.replace(".", ",")
    return f"{number}{NB}{units[unit]}"


def _bytes(count: int, language: str, many: str) -> str:
    if language == "en" and count == 1:
        return "byte"
    if language == "uk" and not 11 <= count % 100 <= 14:
        return UKRAINIAN_BYTES.get(count % 10, many)
    return many


def digest(value: str, chars: int = 12) -> str:
    """Return the first characters of a digest in groups of four: "7c1e 94b0 5d2a"."""
    shown = value[:chars]
    between = NB if chars <= SHORT_DIGEST else " "  # a whole one takes several lines on a phone
    return between.join(shown[at : at + 4] for at in range(0, len(shown), 4))


SHORT_DIGEST = 16


_ARTICLE = re.compile(
    r"(?<!\w)(arts?\.|ст\.|ч\.|п\.|§|no\.|№|No\.|Law|Act|Закон|item|items) (?=[\d(])"
)
_UNIT = re.compile(
    r"(?<=\d) (?=(?:h|min|s|ms|km|m|kg|kB|MB|GB|TB|%|days?|hours?|"
    r"год|хв|с|км|м|кг|кБ|МБ|ГБ|ТБ|днів|дні|день|годин[аи]?)(?!\w))"
)
_NAMES = sorted(
    {name for table in (MONTHS, SHORT_MONTHS) for name in " ".join(table.values()).split()}
)
_DAY = re.compile(rf"(?<=\d) (?=(?:{'|'.join(map(re.escape, _NAMES))})(?!\w))")
_JAPANESE = re.compile(r"(第)(\d+)(条|項|号)")


def no_break(text: str) -> str:
    """Keep number and unit, day and month, "art." and its number together, also in 第31条."""
    for pattern in (_ARTICLE, _UNIT, _DAY):
        text = pattern.sub(lambda found: found[0].replace(" ", NB), text)
    return _JAPANESE.sub(rf"\1{JOINER}\2{JOINER}\3", text)
