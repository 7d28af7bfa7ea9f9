"""Today's work among the letters: the oldest first, nothing urgent left out, true counts."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest, count_urgent, work_for
from comity.assistance.models.work import AT_MOST
from comity.assistance.rules import (
    CLOCKS,
    DeskState,
    Direction,
    State,
    due_on,
    started_by,
)
from comity.core.access import Role
from comity.core.worklist import SOON, WorkRow
from comity.node import views
from tests.cases.conftest import sign_in  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db


def many(kyiv, count: int, **fields) -> list[LetterOfRequest]:
    """Letters as they stand in the database after their verbs, made at once."""
    stated = {
        "direction": Direction.OUTGOING,
        "partner": kyiv.partner,
        "requesting": "UA-OPG",
        "requested": "JP-MOJ",
        "requesting_node": "kyiv.test.comity.example",
        "requested_node": kyiv.node.node_id,
        "source_language": "uk",
        "author": kyiv.prosecutor,
    } | fields
    return LetterOfRequest.objects.bulk_create(
        LetterOfRequest(**stated) for _number in range(count)
    )


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def urgent(rows: list[WorkRow]) -> list[WorkRow]:
    return [row for row in rows if row.due_at and row.due_at <= timezone.now() + SOON]


def in_nav(officer: Officer) -> int:
    request = RequestFactory().get("/")
    request.user = officer
    return views.nav_counts(request)["today"]


def test_an_old_letter_stands_on_today_above_a_thousand_newer_ones(kyiv, sign_in) -> None:  # noqa: F811
    (old,) = many(kyiv, 1, state=State.APPROVED, approved_at=ago(9.9))
    many(kyiv, 1000, state=State.APPROVED, approved_at=ago(1))
    rows = work_for(kyiv.lawyer)
    assert [row.url for row in urgent(rows)] == [old.get_absolute_url()]
    assert in_nav(kyiv.lawyer) == count_urgent(kyiv.lawyer) == 1
    assert len(rows) == 1 + AT_MOST + 1
    assert rows[-1].more == 1000 - AT_MOST
    page = sign_in(kyiv.lawyer).get("/").content.decode().replace("\u00a0", " ")
    assert page.index(old.number) < page.index("And 950 more letters")
    assert 'href="/letters/?tab=outgoing"' in page
    assert "1 legal clock runs out within 24 hours. 1000 things wait for you." in page


def test_no_letter_whose_time_is_over_is_left_out(kyiv) -> None:
    many(kyiv, AT_MOST + 10, state=State.APPROVED, approved_at=ago(30))
    many(kyiv, 5, state=State.APPROVED, approved_at=ago(1))
    rows = work_for(kyiv.lawyer)
    assert len(urgent(rows)) == in_nav(kyiv.lawyer) == AT_MOST + 10
    assert len(rows) == AT_MOST + 15
    assert not any(row.more for row in rows)


def test_what_has_no_clock_stands_oldest_first(kyiv) -> None:
    letters = many(kyiv, AT_MOST + 1, state=State.DRAFT, case=kyiv.case)
    LetterOfRequest.objects.filter(pk=letters[7].pk).update(created_at=ago(400))
    rows = work_for(kyiv.prosecutor)
    assert rows[0].url == letters[7].get_absolute_url()
    assert [row.more for row in rows[-2:]] == [0, 1]


@pytest.mark.parametrize("hours", range(-40, 41, 8))
def test_the_count_is_that_of_the_rows_around_every_end(kyiv, asked, hours) -> None:
    for rule in CLOCKS:
        first = started_by(rule, timezone.localdate())
        start = timezone.make_aware(datetime.combine(first, datetime.min.time()))
        begun = start + timedelta(hours=hours)
        many(kyiv, 1, state=State.APPROVED, approved_at=begun)
        many(kyiv, 1, state=State.SENT, approved_at=begun, sent_at=begun)
        ours = {"direction": Direction.INCOMING, "requested": "UA-OPG", "requesting": "JP-MOJ"}
        many(kyiv, 1, state=DeskState.EXECUTING, accepted_at=begun, **ours)
    rows = urgent(work_for(kyiv.lawyer))
    assert len(rows) == count_urgent(kyiv.lawyer) > 0


@pytest.mark.parametrize("rule", CLOCKS, ids=lambda rule: rule.id)
def test_the_latest_start_of_a_clock_fits_its_last_day(rule) -> None:
    day = date(2028, 1, 1)
    for _number in range(500):
        started = started_by(rule, day)
        assert due_on(rule, started) <= day < due_on(rule, started + timedelta(days=1))
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("state", "stands"),
    [
        (State.SENT, True),
        (State.EXECUTED, True),
        (State.REFUSED, True),
        (State.CLOSED, False),
        (State.WITHDRAWN, False),
    ],
)
def test_the_paper_original_is_due_until_the_letter_is_closed(kyiv, state, stands) -> None:
    (letter,) = many(kyiv, 1, state=state, sent_at=ago(5))
    assert bool(letter.running_clocks("UA")) is stands
    assert ("Record post" in [row.verb for row in work_for(kyiv.lawyer)]) is stands
    assert count_urgent(kyiv.lawyer) == stands


def test_a_letter_that_was_withdrawn_after_approval_has_no_clock(kyiv) -> None:
    letter = kyiv.approved()
    actions.withdraw_letter(kyiv.prosecutor, letter, reason="Закрито.")
    assert not LetterOfRequest.objects.get(pk=letter.pk).running_clocks("UA")


def test_whoever_sees_no_letters_counts_none(kyiv, officer) -> None:
    many(kyiv, 1, state=State.APPROVED, approved_at=ago(30))
    assert count_urgent(officer(Role.ANALYST)) == 0
