"""No disclosure without a live grant that names recipient, purpose and scope (hub.md E3)."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from comity.hub.rules import Answer, Grant, Mode, Purpose, Scope, may_disclose

DAYS = st.dates(min_value=date(2024, 1, 1), max_value=date(2027, 1, 1))
GRANTS = st.builds(
    Grant,
    recipient=st.sampled_from(["prosecution", "partner:a", "partner:b"]),
    purpose=st.sampled_from(Purpose),
    scopes=st.frozensets(st.sampled_from(Scope)),
    mode=st.sampled_from(Mode),
    answer=st.sampled_from(Answer),
    since=DAYS,
    until=st.none() | DAYS,
)


@given(st.lists(GRANTS, max_size=6), st.sampled_from(Purpose), st.sampled_from(Scope), DAYS)
def test_what_leaves_rests_on_a_live_grant(grants, purpose, scope, on) -> None:
    found = may_disclose(grants, recipient="partner:a", purpose=purpose, scope=scope, on=on)
    if found is None:
        return
    assert found.recipient == "partner:a"
    assert found.purpose is purpose
    assert scope in found.scopes
    assert found.answer in {Answer.AGREED, Answer.IN_PART}
    assert found.since <= on <= (found.until or on)


@given(st.lists(GRANTS, max_size=6), GRANTS, st.sampled_from(Scope), DAYS)
def test_withdrawing_never_lets_more_leave(grants, one, scope, on) -> None:
    def lets(rows) -> bool:
        return bool(
            may_disclose(rows, recipient=one.recipient, purpose=one.purpose, scope=scope, on=on)
        )

    assert lets(grants) <= lets([*grants, one])


def test_the_last_day_is_included() -> None:
    day = date(2026, 11, 25)
    grant = Grant(
        "prosecution", Purpose.INVESTIGATION, frozenset({Scope.MEDIA}), Mode.IDENTIFIED,
        Answer.AGREED, day, day,
    )  # fmt: skip
    asked = {"recipient": "prosecution", "purpose": Purpose.INVESTIGATION, "scope": Scope.MEDIA}
    assert grant.lets(**asked, on=day)
    assert not grant.lets(**asked, on=day + timedelta(days=1))
    assert not grant.lets(**asked, on=day - timedelta(days=1))
