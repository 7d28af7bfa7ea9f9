"""A clock that is wrong: order stays, the jump is an entry, and nothing is sealed beyond reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from comity.core.errors import Refused
from comity.ledger import actions, clock
from comity.ledger.models import Entry, TimeToken
from tests.ledger.test_ledger import sequence, write

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch):
    """Set the wall clock: `at(moment)`."""

    def setting(moment: datetime) -> None:
        monkeypatch.setattr(timezone, "now", lambda: moment)

    setting(NOON)
    return setting


def jumps() -> list[dict[str, object]]:
    rows = Entry.objects.filter(kind="ledger.clock_jumped").order_by("index")
    return [dict(row.committed.as_mapping()) for row in rows]


def test_a_clock_that_steps_back_is_recorded_once_and_the_order_stays(at) -> None:
    first = write(2)
    sequence()
    at(NOON - timedelta(hours=1))
    second = write(2)
    sequence()
    third = write(1)
    sequence()
    ordered = Entry.objects.exclude(kind="ledger.clock_jumped").order_by("index")
    assert [row.pk for row in ordered] == [row.pk for row in (*first, *second, *third)]
    (jump,) = jumps()
    assert jump["seconds"] == -3600
    assert jump["before"] == "2026-12-01T12:00:00.000000Z"
    assert jump["shown"] == "2026-12-01T11:00:00.000000Z"
    assert actions.verify_all() == 6


def test_a_clock_that_goes_on_or_is_slewed_is_no_jump(at) -> None:
    write(1)
    sequence()
    for moment in (NOON + timedelta(days=3), NOON + timedelta(days=3) - timedelta(seconds=5)):
        at(moment)
        write(1)
        sequence()
    assert jumps() == []


def test_nothing_is_sealed_behind_the_recorded_time(at, settings) -> None:
    write(1)
    sequence()
    actions.require_clock()
    at(NOON - timedelta(seconds=settings.COMITY_CLOCK_SKEW_SECONDS - 1))
    actions.require_clock()
    at(NOON - timedelta(seconds=settings.COMITY_CLOCK_SKEW_SECONDS + 1))
    with pytest.raises(Refused) as refused:
        actions.require_clock()
    assert refused.value.code == "ledger.clock_wrong"


@pytest.mark.breaks_ledger  # the tokens are none
@pytest.mark.parametrize(
    ("stated", "noted", "now", "is_believed"),
    [
        (0, 0, 60, True),
        (0, 0, -301, False),  # behind what an authority stated
        (0, 3600, 3700, False),  # ahead of it, and not put right
        (0, 3600, 100, True),  # put right
    ],
)
def test_trusted_time_decides_before_our_own(at, stated, noted, now, is_believed) -> None:
    write(1)
    sequence()
    head = actions.newest_checkpoint()

    def moment(seconds: int) -> datetime:
        return NOON + timedelta(seconds=seconds)

    TimeToken.objects.create(
        checkpoint=head, authority="x", request=b"", response=b"",
        gen_time=moment(stated), at=moment(noted),
    )  # fmt: skip
    if is_believed:
        clock.require_believable(moment(now))
    else:
        with pytest.raises(Refused):
            clock.require_believable(moment(now))
