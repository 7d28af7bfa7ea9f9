"""Codes instead of names, text without tricks, and how findings stand together."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.cases.rules import (
    NEXT,
    ChargeState,
    Column,
    Cover,
    ElementState,
    column_of,
    cover_of,
    person_code,
    plain_line,
    plain_text,
    require_move,
)
from comity.core.errors import Refused, WrongState

TRICKS = st.sampled_from("\u202e\u2066\u200f\u061c\x00\x1b\x7f\r\ud800")
TEXT = st.lists(st.text(max_size=8) | TRICKS, max_size=20).map("".join)


@given(TEXT)
def test_plain_text_keeps_nothing_that_cannot_be_seen_or_stored(text) -> None:
    plain = plain_text(text)
    plain.encode("utf-8")
    assert plain == plain_text(plain)
    assert plain == unicodedata.normalize("NFC", plain)
    for letter in plain:
        assert letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(letter) not in {
            "RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI",
        }  # fmt: skip


@given(TEXT)
def test_a_plain_line_is_one_line(text) -> None:
    line = plain_line(text)
    assert line == " ".join(line.split())


def test_names_in_any_script_pass_unchanged() -> None:
    for name in ("Мар’яна Ґалаґан", "林 美香", "محمد", "O\u2019Brien-Żółć", "👩\u200d🚀"):
        assert plain_line(name) == name


@given(st.text(max_size=12))
def test_a_code_is_never_a_name(text) -> None:
    try:
        code = person_code(text)
    except Refused:
        return
    letters, _dash, number = code.partition("-")
    assert set(letters) <= set(string.ascii_uppercase)
    assert len(letters) <= 3
    assert set(number) <= set(string.digits)


def test_a_decision_is_made_once() -> None:
    require_move(ChargeState.PROPOSED, ChargeState.CONFIRMED)
    for state in (ChargeState.CONFIRMED, ChargeState.REJECTED):
        assert not NEXT[state]
        with pytest.raises(WrongState):
            require_move(state, ChargeState.CONFIRMED)


@given(st.none() | st.sampled_from(ElementState), st.lists(st.sampled_from(Column)), st.booleans())
def test_only_support_covers(state, columns, question) -> None:
    cover = cover_of(state, columns, question=question)
    assert (cover in {Cover.COVERED, Cover.THIN}) == (state is ElementState.SUPPORTED)
    if cover is Cover.COVERED:
        assert len(columns) > 1


def test_kinds_stand_in_their_columns() -> None:
    assert column_of("photo", "digital") is Column.IMAGES
    assert column_of("satellite", "imagery") is Column.IMAGES
    assert column_of("intercept", "digital") is Column.RECORDS
    assert column_of("victim-statement", "testimonial") is Column.ACCOUNTS
    assert column_of("forensic-report", "expert") is Column.EXPERTS
