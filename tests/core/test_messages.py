"""message.json: one byte form, both ways, and nothing else."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.messages import MAX_BYTES, Attachment, Message, from_bytes, to_bytes
from comity.core.uuid7 import uuid7, uuid7_from

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
VECTOR = Path(__file__).parents[1] / "vectors/exchange/message.json"

LETTER = Message(
    id=uuid.UUID("019397c2-5a00-7000-8000-000000000001"),
    conversation=uuid.UUID("019397c2-5a00-7000-8000-000000000001"),
    seq=0,
    type="letter/1",
    from_node="kyiv.example",
    to_node="tokyo.example",
    created=NOW,
    classification="restricted",
    basis="budapest.art-31",
    use_conditions=("Лише для цього провадження", "本件に限り使用する"),
    reply_due=date(2027, 1, 31),
    in_reply_to=None,
    body={"measures": [{"code": "stored-data", "count": 2}], "urgent": False},
    attachments=(
        Attachment("exhibit-1.pdf", 8_000_000_000, "application/pdf", "a" * 64, "b" * 64, "open"),
        Attachment("E-000123/original.bin", 0, "image/svg+xml", "c" * 64, "d" * 64, "witness"),
    ),
)


def _changed(**members: Any) -> bytes:
    return canonical.encode(canonical.decode(to_bytes(LETTER)) | members)


def test_the_published_message_has_exactly_these_bytes() -> None:
    assert VECTOR.read_bytes() == to_bytes(LETTER)
    assert from_bytes(VECTOR.read_bytes()) == LETTER


TEXT = st.text(st.characters(codec="utf-8"), max_size=30)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
MOMENTS = st.datetimes(datetime(1971, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
IDS = st.builds(uuid7_from, MOMENTS, st.binary(min_size=10, max_size=10))
NODES = st.sampled_from(["kyiv.example", "a", "x-1.y.example", "127.0.0.1"])
CODES = st.from_regex(r"[a-z0-9][a-z0-9._/-]{0,20}", fullmatch=True)
ATTACHMENTS = st.builds(
    Attachment,
    name_code=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True),
    size=st.integers(0, 2**50),
    media_type=st.sampled_from(["application/pdf", "audio/mp4", "application/vnd.ms-excel"]),
    sha256=HEX,
    sealed_sha256=HEX,
    handling=CODES,
)
MESSAGES = st.builds(
    Message,
    id=IDS,
    conversation=IDS,
    seq=st.integers(0, 1000),
    type=st.from_regex(r"[a-z][a-z0-9-]{0,20}/[1-9][0-9]?", fullmatch=True),
    from_node=NODES,
    to_node=NODES,
    created=MOMENTS,
    classification=CODES,
    basis=st.none() | CODES,
    use_conditions=st.lists(WORDS, max_size=3).map(tuple),
    reply_due=st.none() | st.dates(),
    in_reply_to=st.none() | IDS,
    body=st.dictionaries(TEXT, JSON, max_size=4),
    attachments=st.lists(ATTACHMENTS, max_size=3, unique_by=lambda one: one.name_code).map(tuple),
)


@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    data = to_bytes(message)
    assert from_bytes(data) == message
    assert to_bytes(from_bytes(data)) == data


def test_the_zone_of_the_clock_does_not_change_the_bytes() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert to_bytes(replace(LETTER, created=tokyo)) == to_bytes(LETTER)


@pytest.mark.parametrize("name", sorted(canonical.decode(to_bytes(LETTER))))
def test_every_missing_member_is_named(name: str) -> None:
    members = canonical.decode(to_bytes(LETTER))
    del members[name]
    with pytest.raises(Untrusted) as refusal:
        from_bytes(canonical.encode(members))
    assert (refusal.value.code, refusal.value.facts) == ("message.field", {"field": name})


ODD = [
    ("id", "019397C2-5A00-7000-8000-000000000001"),
    ("id", "{019397c2-5a00-7000-8000-000000000001}"),
    ("id", str(uuid.UUID(int=4 << 76 | 2 << 62))),
    ("conversation", 7),
    ("seq", -1),
    ("seq", True),
    ("seq", "1"),
    ("type", "letter"),
    ("type", "letter/0"),
    ("type", "letter/1\n"),
    ("from", "Kyiv.example"),
    ("from", "kyiv.example."),
    ("from", "kyiv example"),
    ("to", "токіо.example"),
    ("to", "a" * 64),
    ("created", "2026-11-25T10:00:00.000000+00:00"),
    ("created", "2026-11-25T10:00:00"),
    ("created", "2026-11-25 10:00:00.000000Z"),
    ("created", "2026-02-30T10:00:00.000000Z"),
    ("created", "2026-11-25T10:00:00Z"),
    ("created", None),
    ("classification", ""),
    ("classification", None),
    ("basis", "ст. 31"),
    ("use_conditions", "only here"),
    ("use_conditions", [""]),
    ("use_conditions", [["nested"]]),
    ("use_conditions", ["a\u0007bell"]),
    ("use_conditions", ["x" * 2001]),
    ("use_conditions", ["x"] * 101),
    ("reply_due", "2027-1-31"),
    ("reply_due", "20270131"),
    ("reply_due", "2027-02-30"),
    ("in_reply_to", ""),
    ("body", []),
    ("body", None),
    ("attachments", {}),
    ("attachments", [None]),
    ("profile_version", "comity-message/2"),
    ("surprise", 1),
]


@pytest.mark.parametrize(("name", "value"), ODD)
def test_an_odd_member_is_untrusted(name: str, value: object) -> None:
    with pytest.raises(Untrusted) as refusal:
        from_bytes(_changed(**{name: value}))
    assert refusal.value.code == "message.field"
    assert refusal.value.facts["field"] in {name, ""}


@pytest.mark.parametrize(
    "change",
    [
        {"name_code": "../../etc/passwd"},
        {"name_code": "/etc/passwd"},
        {"name_code": "a/../b"},
        {"name_code": "a//b"},
        {"name_code": ".hidden"},
        {"name_code": "a\\b"},
        {"name_code": "свідок.pdf"},
        {"name_code": ""},
        {"size": -1},
        {"size": 2**50 + 1},
        {"media_type": "pdf"},
        {"media_type": "text/html\r\nX: y"},
        {"sha256": "A" * 64},
        {"sha256": "a" * 63},
        {"sealed_sha256": ""},
        {"handling": "for Olena only"},
        {"more": 1},
    ],
)
def test_an_odd_attachment_is_untrusted(change: dict[str, object]) -> None:
    attachment = vars(LETTER.attachments[0]) | change
    with pytest.raises(Untrusted) as refusal:
        from_bytes(_changed(attachments=[attachment]))
    assert refusal.value.code == "message.field"


def test_two_attachments_of_one_name_are_untrusted() -> None:
    twice = [vars(LETTER.attachments[0])] * 2
    with pytest.raises(Untrusted):
        from_bytes(_changed(attachments=twice))


def test_another_spelling_of_the_same_message_is_untrusted() -> None:
    with pytest.raises(Untrusted) as refusal:
        from_bytes(to_bytes(LETTER) + b"\n")
    assert refusal.value.code == "canonical.not_canonical"


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(Untrusted) as refusal:
        from_bytes(b"[" * (MAX_BYTES + 1))
    assert refusal.value.code == "message.too_large"


def test_what_the_other_side_would_refuse_is_never_written() -> None:
    for message in (
        replace(LETTER, to_node="Tokyo"),
        replace(LETTER, id=uuid.uuid4()),
        replace(LETTER, created=NOW.replace(tzinfo=None)),
        replace(LETTER, body={"note": "x" * MAX_BYTES}),
        replace(LETTER, profile_version="2"),
    ):
        with pytest.raises(ValueError, match=r"message|aware"):
            to_bytes(message)
    with pytest.raises(TypeError):
        to_bytes(replace(LETTER, body={"price": 1.5}))


def test_a_new_identifier_is_accepted() -> None:
    assert from_bytes(to_bytes(replace(LETTER, id=uuid7(NOW)))).type == "letter/1"


GOOD = canonical.decode(to_bytes(LETTER))
RUBBISH = st.one_of(
    st.binary(max_size=200),
    JSON.map(canonical.encode),
    st.builds(
        lambda name, value: canonical.encode(GOOD | {name: value}),
        st.sampled_from(list(GOOD)),
        JSON,
    ),
    st.builds(
        lambda name, value: canonical.encode(
            GOOD | {"attachments": [GOOD["attachments"][0] | {name: value}]}
        ),
        st.sampled_from(list(GOOD["attachments"][0])),
        JSON,
    ),
)


@settings(max_examples=300)
@given(RUBBISH)
def test_rubbish_is_untrusted_and_nothing_else(rubbish: bytes) -> None:
    try:
        message = from_bytes(rubbish)
    except Untrusted:
        return
    assert to_bytes(message) == rubbish
