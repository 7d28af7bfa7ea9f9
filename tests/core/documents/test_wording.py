"""String tables, dates, numbers and the marks that keep words on one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.documents.typography import NO_BREAK_SPACE, WORD_JOINER, set_text
from comity.core.documents.wording import (
    in_groups,
    say,
    say_count,
    say_date,
    say_time,
    word,
    wording,
)
from comity.core.errors import Refused


def _keys(node: Mapping[str, Any], above: str = "") -> dict[str, str]:
    found = {}
    for key, value in node.items():
        path = f"{above}.{key}"
        found.update(_keys(value, path) if isinstance(value, Mapping) else {path: value})
    return found


@pytest.mark.parametrize("language", ["uk", "ja"])
def test_the_tables_have_the_same_keys_and_places_to_fill(language: str) -> None:
    english, other = _keys(wording("en")), _keys(wording(language))

    assert set(english) == set(other)
    for key, text in english.items():
        assert other[key].strip()
        holes = [part.split("}")[0] for part in text.split("{")[1:]]
        for hole in holes:
            assert "{" + hole + "}" in other[key], key


def test_a_value_with_braces_is_not_filled_again() -> None:
    assert say("en", "letter.deadline", date="{date}{x}") == "The results are needed by {date}{x}."


def test_dates_are_written_as_each_language_writes_them() -> None:
    day = date(2026, 3, 17)

    assert say_date(day, "uk") == "17 березня 2026 року"
    assert say_date(day, "ja") == "2026年3月17日"
    assert say_date(day, "en") == "17 March 2026"


def test_times_and_counts() -> None:
    assert say_time(datetime(2026, 3, 17, 9, 5, 1, tzinfo=UTC)) == "2026-03-17 09:05:01"
    assert say_count(1_234_567, "ja") == "1,234,567"
    assert say_count(1_234_567, "uk") == "1\u00a0234\u00a0567"
    assert in_groups("0a" * 8) == "0a0a0a0a 0a0a0a0a"
    with pytest.raises(ValueError, match="time zone"):
        say_time(datetime(2026, 3, 17))  # noqa: DTZ001 - the point of the test


def test_another_languages_words_are_never_shown_instead() -> None:
    with pytest.raises(Refused, match=r"documents\.words_missing"):
        word({"uk": "Київ"}, "ja")
    with pytest.raises(Refused, match=r"documents\.unknown_language"):
        wording("de")


@pytest.mark.parametrize(
    ("text", "language", "kept"),
    [
        ("у школі і в дворі", "uk", "у~школі і~в~дворі"),
        ("ст. 438, ч. 2 та № 7", "uk", "ст.~438, ч.~2 та~№~7"),
        ("17 березня 2022 року", "uk", "17~березня 2022~року"),
        ("О. П. Лисенко", "uk", "О.~П.~Лисенко"),
        ("Київ — столиця", "uk", "Київ~— столиця"),
        ("Article 14 of Act No. 69", "en", "Article~14 of Act No.~69"),
        ("17 March 2022", "en", "17~March 2022"),
    ],
)
def test_what_belongs_together_stays_on_one_line(text: str, language: str, kept: str) -> None:
    assert set_text(text, language) == kept.replace("~", NO_BREAK_SPACE)


@pytest.mark.parametrize("text", ["第31条", "第2項", "3月", "11名", "第14条の2"])
def test_a_japanese_ordinal_is_joined(text: str) -> None:
    assert set_text(text, "ja") == WORD_JOINER.join(text)


@given(st.text(max_size=80), st.sampled_from(["uk", "ja", "en"]))
def test_setting_changes_nothing_that_can_be_read(text: str, language: str) -> None:
    def plain(value: str) -> str:
        spaced = value.replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "")
        return unicodedata.normalize("NFC", spaced)

    assert plain(set_text(text, language)) == plain(text)
