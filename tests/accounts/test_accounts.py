"""Officers, roles, teams and emergency access: the right act, the wrong officer, the entry."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from comity.accounts import actions
from comity.accounts.models import BreakGlass, Membership, Officer, team_records, work_for
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import Incomplete, NotAllowed, Refused, WrongState
from comity.ledger.models import Entry

pytestmark = pytest.mark.django_db
REASON = "The duty prosecutor is in hospital and the hearing starts in one hour."


CONSOLE = NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS}))


def test_the_console_adds_an_officer(db) -> None:
    made = actions.add_officer(
        CONSOLE,
        email="New.Officer@example.test",
        name="Н. Коваль",
        password="a long enough passphrase",
        roles=[Role.INVESTIGATOR],
    )
    assert made.roles == {Role.INVESTIGATOR}
    assert made.email == "new.officer@example.test"
    entry = Entry.objects.get(kind="accounts.officer_added")
    assert "Коваль" not in bytes(entry.body).decode()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"roles": [Role.AUDITOR, Role.PROSECUTOR]}, "accounts.incompatible_roles"),
        ({"password": "short"}, "accounts.weak_password"),
        ({"email": "taken@example.test"}, "accounts.email_taken"),
    ],
)
def test_a_wrong_officer_is_refused_and_nothing_changes(fields, code) -> None:
    Officer.objects.create(email="taken@example.test", name="A")
    before = Officer.objects.count(), Entry.objects.count()
    wanted = {
        "email": "b@example.test",
        "name": "B",
        "password": "a long enough passphrase",
        "roles": [Role.ANALYST],
    }
    with pytest.raises(Refused) as refused:
        actions.add_officer(CONSOLE, **(wanted | fields))
    assert refused.value.code == code
    assert (Officer.objects.count(), Entry.objects.count()) == before


def test_only_an_administrator_takes_roles_and_never_their_own(officer) -> None:
    administrator, both = officer(Role.ADMINISTRATOR), officer(Role.PROSECUTOR, Role.INVESTIGATOR)
    with pytest.raises(NotAllowed):
        actions.narrow_roles(both, both, [Role.PROSECUTOR])
    with pytest.raises(Refused, match="own_roles"):
        actions.narrow_roles(administrator, administrator, [])
    actions.narrow_roles(administrator, both, [Role.INVESTIGATOR])
    assert Officer.objects.get(pk=both.pk).roles == {Role.INVESTIGATOR}


def test_a_record_is_open_to_its_team_only(officer) -> None:
    maker, other = officer(Role.PROSECUTOR), officer(Role.PROSECUTOR)
    record = uuid.uuid4()
    actions.found_team(maker, kind="case", record=record)
    assert list(team_records(maker, "case")) == [record]
    assert list(team_records(other, "case")) == []
    with pytest.raises(Refused, match="not_in_team"):
        actions.add_to_team(other, other, kind="case", record=record)
    actions.add_to_team(maker, other, kind="case", record=record)
    assert list(team_records(other, "case")) == [record]
    assert list(team_records(other, "person")) == []


def test_emergency_access_needs_a_reason_ends_and_is_reviewed_by_another(officer) -> None:
    prosecutor = officer(Role.PROSECUTOR)
    supervisor = officer(Role.SUPERVISOR)
    record = uuid.uuid4()
    with pytest.raises(Incomplete):
        actions.break_glass(prosecutor, kind="case", record=record, reason="urgent")
    glass = actions.break_glass(prosecutor, kind="case", record=record, reason=REASON)
    assert list(team_records(prosecutor, "case")) == [record]
    assert [row.icon for row in work_for(supervisor)] == ["shield-alert"]
    assert work_for(prosecutor) == []
    actions.review_break_glass(supervisor, glass, justified=False)
    assert list(team_records(prosecutor, "case")) == []
    assert work_for(supervisor) == []
    with pytest.raises(WrongState):
        actions.review_break_glass(supervisor, glass, justified=True)


def test_emergency_access_lets_nobody_in_for_good(officer) -> None:
    prosecutor, friend = officer(Role.PROSECUTOR), officer(Role.PROSECUTOR)
    record = uuid.uuid4()
    actions.break_glass(prosecutor, kind="case", record=record, reason=REASON)
    for wanted in (prosecutor, friend):
        with pytest.raises(Refused, match="not_in_team"):
            actions.add_to_team(prosecutor, wanted, kind="case", record=record)
    assert Membership.objects.count() == 1


def test_nobody_reviews_their_own_emergency_access(officer) -> None:
    supervisor = officer(Role.SUPERVISOR)
    glass = actions.break_glass(supervisor, kind="case", record=uuid.uuid4(), reason=REASON)
    with pytest.raises(Refused, match="own_glass"):
        actions.review_break_glass(supervisor, glass, justified=True)


def test_emergency_access_ends_by_itself(officer) -> None:
    prosecutor = officer(Role.PROSECUTOR)
    record = uuid.uuid4()
    actions.break_glass(prosecutor, kind="case", record=record, reason=REASON)
    Membership.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert list(team_records(prosecutor, "case")) == []
    assert actions.end_expired(NodeActor("worker")) == 1
    assert actions.end_expired(NodeActor("worker")) == 0
    assert Entry.objects.filter(kind="accounts.team_left").count() == 1


def test_a_deactivated_officer_sees_and_does_nothing(officer) -> None:
    administrator, prosecutor = officer(Role.ADMINISTRATOR), officer(Role.PROSECUTOR)
    record = uuid.uuid4()
    actions.found_team(prosecutor, kind="case", record=record)
    actions.deactivate_officer(administrator, prosecutor)
    gone = Officer.objects.get(pk=prosecutor.pk)
    assert list(team_records(gone, "case")) == []
    with pytest.raises(NotAllowed):
        actions.break_glass(gone, kind="case", record=record, reason=REASON)
    assert not BreakGlass.objects.exists()
