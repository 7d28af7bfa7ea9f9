"""When credentials or roles change, what rested on them ends: sessions, teams, emergency access."""

import uuid

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.urls import reverse

from comity.accounts import actions
from comity.accounts.models import BreakGlass, Membership, Officer, team_records
from comity.core.access import Role
from comity.ledger.models import Entry
from tests.accounts.conftest import PASSWORD, code_now
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
REASON = "The duty prosecutor is in hospital and the hearing starts in one hour."
OWN = "four words nobody joins"


def kinds() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("kind", flat=True))


def confirm_again(client) -> None:
    """What changes a second step is asked for once more, by password."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def signed_in(client) -> bool:
    return client.get("/").status_code == 200


def test_a_new_password_is_recorded_and_ends_the_other_session(officer, enter) -> None:
    made = officer(Role.PROSECUTOR)
    here, elsewhere = enter(made), enter(made)
    here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": OWN, "password2": OWN},
    )
    assert signed_in(here)
    assert not signed_in(elsewhere)
    assert kinds().count("accounts.password_changed") == 1


def test_a_removed_second_step_is_recorded_and_ends_the_other_session(officer, enter) -> None:
    made = officer(Role.PROSECUTOR)
    here, elsewhere = enter(made), enter(made)
    RecoveryCodes.activate(made)
    confirm_again(here)
    here.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=made).exists()
    assert here.get("/").url == reverse("mfa_index")  # not what the session remembers
    assert reverse("account_login") in elsewhere.get("/").url
    removed = Entry.objects.filter(kind="accounts.factor_removed")
    factors = {entry.committed.as_mapping()["factor"] for entry in removed}
    assert factors == {"totp", "recovery_codes"}


def test_a_new_second_step_is_recorded_and_ends_a_session_that_never_gave_one(
    officer, client
) -> None:
    made = officer(Role.PROSECUTOR)
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.post(reverse("account_login"), {"login": made.email, "password": PASSWORD})
    confirm_again(client)
    client.get(reverse("mfa_activate_totp"))
    secret = client.session["mfa.totp.secret"]
    client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    assert signed_in(client)
    assert reverse("account_login") in elsewhere.get("/").url
    added = Entry.objects.filter(kind="accounts.factor_added", actor=made.actor_id)
    factors = {entry.committed.as_mapping()["factor"] for entry in added}
    assert factors == {"totp", "recovery_codes"}


def test_new_recovery_codes_are_recorded_and_end_the_other_session(officer, enter) -> None:
    made = officer(Role.PROSECUTOR)
    RecoveryCodes.activate(made)
    here, elsewhere = enter(made), enter(made)
    confirm_again(here)
    here.post(reverse("mfa_generate_recovery_codes"))
    assert kinds().count("accounts.factor_added") == 1
    assert kinds().count("accounts.factor_removed") == 1
    assert signed_in(here)
    assert not signed_in(elsewhere)


def test_a_wrong_old_password_changes_and_records_nothing(officer, enter) -> None:
    made = officer(Role.PROSECUTOR)
    here, elsewhere = enter(made), enter(made)
    here.post(
        reverse("account_change_password"),
        {"oldpassword": "wrong", "password1": OWN, "password2": OWN},
    )
    assert "accounts.password_changed" not in kinds()
    assert signed_in(here)
    assert signed_in(elsewhere)


def test_a_second_step_removed_behind_the_pages_is_missed_at_the_next_request(
    officer, enter
) -> None:
    made = officer(Role.PROSECUTOR)
    here = enter(made)
    Authenticator.objects.filter(user=made).delete()
    assert here.get("/").url == reverse("mfa_index")


def test_roles_that_go_take_teams_emergency_access_and_sessions_with_them(officer, enter) -> None:
    administrator = officer(Role.ADMINISTRATOR)
    target = officer(Role.PROSECUTOR, Role.CENTRAL_AUTHORITY)
    case, letter, other = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    actions.found_team(target, kind="case", record=case)
    actions.found_team(target, kind="letter", record=letter)
    actions.break_glass(target, kind="case", record=other, reason=REASON)
    browser = enter(target)
    actions.narrow_roles(administrator, target, [Role.CENTRAL_AUTHORITY])
    fresh = Officer.objects.get(pk=target.pk)
    assert list(team_records(fresh, "case")) == []
    assert list(team_records(fresh, "letter")) == [letter]
    assert not signed_in(browser)
    left = Entry.objects.filter(kind="accounts.team_left", actor=administrator.actor_id)
    assert {entry.subject for entry in left} == {f"case:{case}", f"case:{other}"}
    assert BreakGlass.objects.get().membership.ended_at is not None


def test_narrowing_ends_emergency_access_even_where_the_team_stays(officer) -> None:
    administrator, target = officer(Role.ADMINISTRATOR), officer(Role.PROSECUTOR, Role.ANALYST)
    case, other = uuid.uuid4(), uuid.uuid4()
    actions.found_team(target, kind="case", record=case)
    actions.break_glass(target, kind="case", record=other, reason=REASON)
    actions.narrow_roles(administrator, target, [Role.PROSECUTOR])
    assert list(team_records(Officer.objects.get(pk=target.pk), "case")) == [case]


def test_who_leaves_loses_everything_and_each_end_is_recorded(officer, enter) -> None:
    administrator, target = officer(Role.ADMINISTRATOR), officer(Role.PROSECUTOR)
    case, other = uuid.uuid4(), uuid.uuid4()
    actions.found_team(target, kind="case", record=case)
    actions.break_glass(target, kind="case", record=other, reason=REASON)
    browser = enter(target)
    actions.deactivate_officer(administrator, target)
    assert not signed_in(browser)
    assert not Membership.objects.filter(ended_at=None).exists()
    left = Entry.objects.filter(kind="accounts.team_left")
    assert {entry.subject for entry in left} == {f"case:{case}", f"case:{other}"}
    assert (
        Entry.objects.get(kind="accounts.officer_deactivated").committed.as_mapping()[
            "memberships_ended"
        ]
        == 2
    )


def test_giving_roles_ends_the_sessions_too(officer, enter) -> None:
    first, second = officer(Role.ADMINISTRATOR), officer(Role.ADMINISTRATOR)
    target = officer(Role.PROSECUTOR)
    browser = enter(target)
    proposal = actions.propose_roles(first, target, [Role.PROSECUTOR, Role.SUPERVISOR])
    assert signed_in(browser)
    actions.confirm_proposal(second, proposal)
    assert not signed_in(browser)


def test_a_glance_at_an_officer_leaves_a_mark(officer, client) -> None:
    administrator, target = officer(Role.ADMINISTRATOR), officer(Role.PROSECUTOR)
    client.force_login(give_second_step(administrator))
    client.get(reverse("officer", args=[target.pk]))
    look = Entry.objects.get(kind="access.looked")
    assert (look.actor, look.subject) == (administrator.actor_id, target.subject)
