"""Personal fields: sealed for one person, found by folded words, useless without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core import personal
from comity.core.errors import Untrusted

ROOT, OTHER_ROOT = b"r" * 32, b"o" * 32


def test_fields_come_back_only_with_the_right_root_person_and_bytes() -> None:
    key = personal.new_key(ROOT, "a")
    sealed = personal.seal(ROOT, key, "a", {"legal_name": "Галина Петренчук"})
    assert personal.open_fields(ROOT, key, "a", sealed) == {"legal_name": "Галина Петренчук"}
    assert "Галина".encode() not in sealed
    for root, person in ((OTHER_ROOT, "a"), (ROOT, "b")):
        with pytest.raises(Untrusted):
            personal.open_fields(root, key, person, sealed)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_noticed(position: int, change: int) -> None:
    key = personal.new_key(ROOT, "a")
    sealed = bytearray(personal.seal(ROOT, key, "a", {"n": "x"}))
    sealed[position % len(sealed)] ^= change
    with pytest.raises(Untrusted):
        personal.open_fields(ROOT, key, "a", bytes(sealed))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Мар'яна", "мар’яна"),
        ("ҐАНДЖА", "ганджа"),
        ("ﾊﾅｺ", "ハナコ"),
        ("  Halyna   PETRENCHUK ", "halyna petrenchuk"),
    ],
)
def test_spellings_that_officers_take_for_the_same_are_the_same(typed: str, kept: str) -> None:
    assert personal.search_digests(ROOT, typed) == personal.search_digests(ROOT, kept)


def test_digests_of_another_node_do_not_compare() -> None:
    assert personal.search_digests(ROOT, "Ганна") != personal.search_digests(OTHER_ROOT, "Ганна")
