"""Time-ordered identifiers (RFC 9562)."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.uuid7 import time_of, uuid7, uuid7_from

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


def test_the_example_of_rfc_9562_appendix_a6() -> None:
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    randomness = (0xCC3 << 64 | 0b01 << 62 | 0x18C4DC0C0C07398F).to_bytes(10)
    assert uuid7_from(moment, randomness) == uuid.UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(MOMENTS, st.binary(min_size=10, max_size=10))
def test_version_variant_and_time_hold_for_every_randomness(
    moment: datetime, randomness: bytes
) -> None:
    made = uuid7_from(moment, randomness)
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert timedelta(0) <= moment - time_of(made) < timedelta(milliseconds=1)


def test_the_random_bits_all_reach_the_identifier() -> None:
    moment = datetime(2026, 11, 25, tzinfo=UTC)
    made = {uuid7_from(moment, (1 << bit).to_bytes(10)) for bit in range(80) if bit not in {62, 63}}
    assert len(made) == 74 + 1  # the four version bits all give the same


def test_later_sorts_after_earlier() -> None:
    moment = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    made = [uuid7(moment + timedelta(milliseconds=n)) for n in range(200)]
    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_one_moment_gives_different_identifiers_in_any_zone() -> None:
    moment = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    tokyo = moment.astimezone(timezone(timedelta(hours=9)))
    made = {uuid7(moment) for _ in range(1000)} | {uuid7(tokyo) for _ in range(1000)}
    assert len(made) == 2000
    assert {time_of(one) for one in made} == {moment}


def test_a_naive_or_ancient_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        uuid7(datetime(2026, 11, 25))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="1970"):
        uuid7(datetime(1969, 12, 31, tzinfo=UTC))


def test_the_time_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version 7"):
        time_of(uuid.uuid4())
    with pytest.raises(ValueError, match="range"):
        time_of(uuid.UUID(int=(1 << 48) - 1 << 80 | 7 << 76 | 2 << 62))
