"""Nobody makes an officer, widens roles or opens a new way in alone."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.accounts import actions
from comity.accounts.models import Invitation, Officer, Proposal, may_decide, work_for
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import NotAllowed, Refused, WrongState
from comity.ledger.models import Entry
from tests.accounts.conftest import PASSWORD
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
CARD = actions.Card(email="New.Officer@example.test", name="Н. Коваль")
OWN = "four words nobody joins"
DOOR = NodeActor("sign-in")
CONSOLE = NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS}))


@pytest.fixture
def two(officer) -> tuple[Officer, Officer]:
    return officer(Role.ADMINISTRATOR), officer(Role.ADMINISTRATOR)


def invited(two: tuple[Officer, Officer], role: Role = Role.SUPERVISOR) -> tuple[str, str]:
    proposal, first = actions.propose_officer(two[0], CARD, [role])
    return first, actions.confirm_proposal(two[1], proposal)


def take_up(first: str, second: str, **changed: str) -> Officer:
    typed = {"email": CARD.email, "first": first, "second": second, "password": OWN}
    return actions.take_up_invitation(DOOR, **(typed | changed))


def test_one_administrator_alone_makes_nobody(officer) -> None:
    administrator = officer(Role.ADMINISTRATOR)
    proposal, first = actions.propose_officer(administrator, CARD, [Role.SUPERVISOR])
    with pytest.raises(NotAllowed):
        actions.confirm_proposal(administrator, proposal)
    with pytest.raises(NotAllowed):
        actions.add_officer(
            administrator, email="x@example.test", name="X", password=OWN, roles=[Role.SUPERVISOR]
        )
    with pytest.raises(Refused, match="no_invitation"):
        take_up(first, first)
    assert Officer.objects.count() == 1


def test_two_people_each_hold_one_code_and_the_officer_chooses_the_password(two) -> None:
    first, second = invited(two)
    made = Officer.objects.get(email="new.officer@example.test")
    assert not made.has_usable_password()
    for wrong in ((first, first), (second, second), (second, first)):
        with pytest.raises(Refused, match="no_invitation"):
            take_up(*wrong)
    taken = take_up(first.lower().replace("-", " "), second)
    assert taken.check_password(OWN)
    assert not taken.must_change_password
    assert taken.roles == {Role.SUPERVISOR}
    entry = Entry.objects.get(kind="accounts.officer_added")
    said = entry.committed.as_mapping()
    assert (said["proposed_by"], said["confirmed_by"]) == tuple(each.actor_id for each in two)
    assert "Коваль" not in bytes(entry.body).decode() + bytes(entry.committed.details).decode()


def test_an_invitation_is_good_once_and_not_for_long(two) -> None:
    first, second = invited(two)
    Invitation.objects.update(until=timezone.now() - timedelta(seconds=1))
    with pytest.raises(Refused, match="no_invitation"):
        take_up(first, second)
    Invitation.objects.update(until=timezone.now() + timedelta(hours=1))
    with pytest.raises(Refused, match="weak_password"):
        take_up(first, second, password="short")
    take_up(first, second)
    with pytest.raises(Refused, match="no_invitation"):
        take_up(first, second, password="another four words here")


def test_codes_are_not_kept(two) -> None:
    first, second = invited(two)
    rows = [
        *Proposal.objects.values_list("code_digest", "facts"),
        *Invitation.objects.values_list(),
    ]
    text = repr(rows) + "".join(repr(bytes(e.committed.details)) for e in Entry.objects.all())
    for code in (first, second):
        assert code not in text
        assert code.replace("-", "") not in text


@pytest.mark.parametrize(
    ("role", "others", "allowed"),
    [
        (Role.ADMINISTRATOR, 0, True),
        (Role.SUPERVISOR, 0, True),
        (Role.SUPERVISOR, 1, False),
        (Role.PROSECUTOR, 0, False),
        (Role.AUDITOR, 0, False),
    ],
)
def test_who_may_confirm(officer, role, others, allowed) -> None:
    proposer, second = officer(Role.ADMINISTRATOR), officer(role)
    for _ in range(others):
        officer(Role.ADMINISTRATOR)
    proposal, _code = actions.propose_officer(proposer, CARD, [Role.ANALYST])
    assert may_decide(second, proposal) is allowed
    assert bool(work_for(second)) is allowed
    assert work_for(proposer) == []
    if allowed:
        actions.confirm_proposal(second, proposal)
        assert work_for(second) == []
    else:
        with pytest.raises(NotAllowed):
            actions.confirm_proposal(second, proposal)


def test_roles_are_given_by_two_and_taken_by_one(officer, two) -> None:
    prosecutor = officer(Role.PROSECUTOR, Role.ANALYST)
    with pytest.raises(Refused, match="needs_two"):
        actions.narrow_roles(two[0], prosecutor, [Role.PROSECUTOR, Role.SUPERVISOR])
    actions.narrow_roles(two[0], prosecutor, [Role.PROSECUTOR])
    assert Officer.objects.get(pk=prosecutor.pk).roles == {Role.PROSECUTOR}
    fresh = Officer.objects.get(pk=prosecutor.pk)
    proposal = actions.propose_roles(two[0], fresh, [Role.PROSECUTOR, Role.SUPERVISOR])
    assert Officer.objects.get(pk=prosecutor.pk).roles == {Role.PROSECUTOR}
    actions.confirm_proposal(two[1], proposal)
    assert Officer.objects.get(pk=prosecutor.pk).roles == {Role.PROSECUTOR, Role.SUPERVISOR}
    said = Entry.objects.filter(kind="accounts.roles_set").last().committed.as_mapping()
    assert (said["proposed_by"], said["confirmed_by"]) == tuple(each.actor_id for each in two)
    assert said["added"] == ["supervisor"]


def test_nobody_confirms_what_is_about_themselves_or_proposes_it(two, officer) -> None:
    with pytest.raises(Refused, match="own_roles"):
        actions.propose_roles(two[0], two[0], [Role.AUDITOR])
    proposal, _code = actions.propose_new_way_in(two[0], two[1])
    with pytest.raises(NotAllowed):
        actions.confirm_proposal(two[1], proposal)
    supervisor = officer(Role.SUPERVISOR)  # no other administrator could: a supervisor may
    actions.confirm_proposal(supervisor, proposal)


def test_the_database_itself_wants_two(two) -> None:
    proposal, _code = actions.propose_officer(two[0], CARD, [Role.ANALYST])
    with pytest.raises(IntegrityError), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(state="confirmed", decided_by=two[0])


def test_a_decided_or_stale_proposal_changes_nothing(officer, two) -> None:
    target = officer(Role.PROSECUTOR, Role.ANALYST)
    proposal = actions.propose_roles(two[0], target, [Role.SUPERVISOR])
    with pytest.raises(Refused, match="already_proposed"):
        actions.propose_roles(two[1], target, [Role.INVESTIGATOR])
    actions.narrow_roles(two[0], target, [Role.PROSECUTOR])
    with pytest.raises(Refused, match="roles_changed"):
        actions.confirm_proposal(two[1], proposal)
    actions.reject_proposal(two[1], proposal)
    with pytest.raises(WrongState):
        actions.confirm_proposal(two[1], proposal)
    gone = actions.propose_roles(two[0], Officer.objects.get(pk=target.pk), [Role.SUPERVISOR])
    actions.deactivate_officer(two[1], two[0])
    with pytest.raises(Refused, match="proposer_gone"):
        actions.confirm_proposal(two[1], gone)
    assert Officer.objects.get(pk=target.pk).roles == {Role.PROSECUTOR}


def test_a_new_way_in_ends_password_second_step_and_sessions(officer, two, enter) -> None:
    lost = officer(Role.PROSECUTOR)
    browser = enter(lost)
    proposal, first = actions.propose_new_way_in(two[0], lost)
    assert browser.get("/").status_code == 200
    second = actions.confirm_proposal(two[1], proposal)
    assert browser.get("/").status_code == 302
    assert not Authenticator.objects.filter(user=lost).exists()
    assert not Officer.objects.get(pk=lost.pk).check_password(PASSWORD)
    said = Entry.objects.get(kind="accounts.invited_anew").committed.as_mapping()
    assert said["factors_removed"] == ["totp"]
    assert (said["proposed_by"], said["confirmed_by"]) == tuple(each.actor_id for each in two)
    assert take_up(first, second, email=lost.email).pk == lost.pk


def test_an_officer_who_left_comes_in_by_no_invitation(two) -> None:
    first, second = invited(two)
    made = Officer.objects.get(email="new.officer@example.test")
    actions.deactivate_officer(two[0], made)
    with pytest.raises(Refused, match="no_invitation"):
        take_up(first, second)


def browser_of(officer: Officer) -> Client:
    client = Client()
    client.force_login(give_second_step(officer))
    return client


def code_on(page: str) -> str:
    return re.search(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", page).group(0)


def test_the_whole_way_through_the_pages(two) -> None:
    proposing, confirming, stranger = browser_of(two[0]), browser_of(two[1]), Client()
    typed = {
        "name": "Н. Коваль", "email": "koval@example.test", "language": "uk",
        "roles": ["supervisor"],
    }  # fmt: skip
    answer = proposing.post(reverse("add_officer"), typed | {"password": "known to administrator"})
    first = code_on(answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    where = reverse("officer_proposal", args=[Proposal.objects.get().pk])
    assert where in confirming.get("/").content.decode()
    assert where not in proposing.get("/").content.decode()
    assert first not in confirming.get(where).content.decode()
    confirm = reverse("confirm_proposal", args=[Proposal.objects.get().pk])
    assert proposing.post(confirm).status_code == 403
    answer = confirming.post(confirm)
    second = code_on(answer.content.decode())
    door = {"email": "koval@example.test", "password": OWN, "again": OWN}
    stranger.post(reverse("invitation"), door | {"first": first, "second": first})
    assert Entry.objects.filter(kind="accounts.sign_in_failed").count() == 1
    answer = stranger.post(reverse("invitation"), door | {"first": first, "second": second})
    assert answer.url == reverse("account_login")
    stranger.post(reverse("account_login"), {"login": "koval@example.test", "password": OWN})
    assert stranger.get("/").url == reverse("mfa_index")


def test_the_officer_page_narrows_at_once_and_proposes_the_rest(two, officer) -> None:
    target = officer(Role.PROSECUTOR, Role.ANALYST)
    page, browser = reverse("officer", args=[target.pk]), browser_of(two[0])
    browser.post(page, {"roles": ["prosecutor"]})
    assert Officer.objects.get(pk=target.pk).roles == {Role.PROSECUTOR}
    browser.post(page, {"roles": ["prosecutor", "supervisor"]})
    assert Officer.objects.get(pk=target.pk).roles == {Role.PROSECUTOR}
    assert Proposal.objects.get().roles == {Role.PROSECUTOR, Role.SUPERVISOR}


def test_the_console_is_recorded_as_such_and_its_password_must_go(
    officer, client, settings
) -> None:
    settings.COMITY_TRAINING_NODE = False
    made = actions.add_officer(
        CONSOLE, email="first@example.test", name="F", password=PASSWORD,
        roles=[Role.ADMINISTRATOR],
    )  # fmt: skip
    entry = Entry.objects.get(kind="accounts.officer_added")
    assert entry.actor == "node:terminal"
    assert entry.committed.as_mapping()["by"] == "console"
    client.force_login(give_second_step(made))
    assert client.get("/").url == reverse("account_change_password")
    assert client.get(reverse("officers")).url == reverse("account_change_password")
    client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": OWN, "password2": OWN},
    )
    assert client.get("/").status_code == 200


def test_a_training_node_keeps_the_passwords_that_it_prints(settings) -> None:
    settings.COMITY_TRAINING_NODE = True
    made = actions.add_officer(
        CONSOLE, email="a@example.test", name="A", password=PASSWORD, roles=[Role.ANALYST]
    )
    assert not made.must_change_password


def test_the_console_gives_a_new_way_in_when_nobody_could_confirm(officer, capsys) -> None:
    alone = give_second_step(officer(Role.ADMINISTRATOR))
    call_command("invite_officer", email=alone.email)
    first, second = re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", capsys.readouterr().out)
    assert take_up(first, second, email=alone.email).pk == alone.pk
    entry = Entry.objects.get(kind="accounts.invited_anew")
    assert entry.committed.as_mapping() == {"by": "console", "factors_removed": ["totp"]}
    with pytest.raises(NotAllowed):
        actions.invite_anew(officer(Role.ADMINISTRATOR), alone)
