"""RFC 8785 in the part we use: every value has one byte form, and only that form is read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical
from comity.core.errors import Untrusted

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/canonical.json").read_text("utf-8"))

texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(min_value=-(2**53) + 1, max_value=2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["what"])
def test_published_values_have_their_published_form(vector):
    encoded = canonical.encode(json.loads(vector["value"]))
    assert encoded.hex() == vector["canonical_hex"]
    assert canonical.digest_hex(json.loads(vector["value"])) == vector["sha256"]
    assert canonical.encode(canonical.decode(encoded)) == encoded


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["what"])
def test_published_rubbish_is_refused(vector):
    with pytest.raises(Untrusted, match=vector["code"].replace(".", r"\.")):
        canonical.decode(bytes.fromhex(vector["hex"]))


@settings(deadline=None)
@given(values)
def test_what_is_written_is_read_back(value):
    assert canonical.decode(canonical.encode(value)) == value


@settings(deadline=None)
@given(values)
def test_the_order_of_names_does_not_matter(value):
    assert canonical.encode(_reversed(value)) == canonical.encode(value)


def _reversed(value):
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return [_reversed(member) for member in value] if isinstance(value, list) else value


@settings(deadline=None)
@given(values, st.data())
def test_two_byte_strings_never_mean_the_same(value, data):
    encoded = bytearray(canonical.encode(value))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        read = canonical.decode(bytes(encoded))
    except Untrusted:
        return
    assert canonical.encode(read) == encoded


@settings(deadline=None)
@given(st.binary())
def test_rubbish_is_untrusted_or_canonical(data):
    try:
        value = canonical.decode(data)
    except Untrusted:
        return
    assert canonical.encode(value) == data


@pytest.mark.parametrize("value", [1.0, float("nan"), b"bytes", {1: 2}, object(), {1, 2}])
def test_a_value_without_a_canonical_form_is_a_type_error(value):
    with pytest.raises(TypeError):
        canonical.encode([value])


@pytest.mark.parametrize("value", [2**53, -(2**53), "\ud800", {"\udfff": 1}])
def test_a_value_out_of_range_is_a_value_error(value):
    with pytest.raises(ValueError, match=r"."):
        canonical.encode(value)


def test_a_tuple_is_written_as_a_list():
    assert canonical.encode((1, ("a",))) == b'[1,["a"]]'


def test_depth_is_limited_on_both_sides():
    nested: object = 1
    for _ in range(canonical.DEPTH_LIMIT):
        nested = [nested]
    assert canonical.decode(canonical.encode(nested)) == nested
    with pytest.raises(ValueError, match="nested"):
        canonical.encode([nested])
    for depth in (canonical.DEPTH_LIMIT + 1, 100_000):
        with pytest.raises(Untrusted):
            canonical.decode(b"[" * depth + b"1" + b"]" * depth)


texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.one_of(texts, st.integers(-(2**53) + 1, 2**53 - 1))


@given(
    fixed=st.dictionaries(texts, st.one_of(plain, st.none(), st.lists(plain))),
    changing=st.dictionaries(texts, plain, min_size=1),
)
def test_a_template_writes_what_encode_writes(
    fixed: dict[str, object], changing: dict[str, str | int]
) -> None:
    stays = {name: value for name, value in fixed.items() if name not in changing}
    template = canonical.Template(stays, list(changing))
    assert template.fill(*changing.values()) == canonical.encode(stays | changing)


def test_a_template_refuses_what_encode_refuses() -> None:
    template = canonical.Template({}, ["n"])
    for wrong in (2**53, "\ud800"):
        with pytest.raises(ValueError, match=r"."):
            template.fill(wrong)
    with pytest.raises(TypeError):
        template.fill(1.5)  # type: ignore[arg-type]
