"""Two officers of one team at once: what is taken back stays taken back."""

import uuid

import pytest
from django.db import transaction
from django.urls import reverse

from comity.accounts.actions import found_team
from comity.accounts.models import Officer
from comity.core.access import Role
from comity.core.errors import Refused, WrongState
from comity.evidence.models import Item, ReleaseGrant
from comity.hub import actions
from comity.hub.models import ConsentGrant, Person
from comity.hub.rules import Answer
from comity.ledger.models import Entry
from tests.cases.test_concurrency import at_once
from tests.hub.conftest import agree, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def second(hub, officer) -> Officer:
    """Another coordinator of the person's team."""
    made = officer(Role.HUB_COORDINATOR)
    with transaction.atomic():
        found_team(hub.coordinator, kind="person", record=hub.person.uid, members=[made])
    return made


def again(officer: Officer) -> Officer:
    return Officer.objects.get(pk=officer.pk)


def test_an_account_taken_while_consent_is_withdrawn_is_never_left_released(hub, second) -> None:
    for number in range(4):
        grant = agree(hub.coordinator, hub.person)
        one, two = again(hub.coordinator), again(second)
        person = Person.objects.get()
        results = at_once(
            lambda one=one, grant=grant: actions.withdraw_consent(one, grant),
            lambda two=two, person=person, number=number: tell(two, person, bytes([number])),
        )
        assert results[0] is None, results
        assert isinstance(results[1], Item), results
        assert not ReleaseGrant.objects.filter(withdrawn_at=None).exists()


def test_two_answers_at_once_leave_one_agreement(hub, second) -> None:
    item = tell(hub.coordinator, hub.person)
    results = at_once(
        *(
            lambda who=who: agree(who, Person.objects.get())
            for who in (again(hub.coordinator), again(second))
        )
    )
    assert all(isinstance(one, ConsentGrant) for one in results), results
    assert ConsentGrant.objects.agreements().count() == 1
    live = ReleaseGrant.objects.filter(item=item, withdrawn_at=None)
    assert sorted(live.values_list("recipient", flat=True)) == ["court", "prosecution"]


def test_an_agreement_is_withdrawn_once(hub, second) -> None:
    grant = agree(hub.coordinator, hub.person)
    results = at_once(
        *(
            lambda who=who: actions.withdraw_consent(who, ConsentGrant.objects.get(pk=grant.pk))
            for who in (again(hub.coordinator), again(second))
        )
    )
    refused = [one for one in results if isinstance(one, Refused)]
    assert [type(one) for one in refused] == [WrongState], results
    assert ConsentGrant.objects.get().answer == Answer.WITHDRAWN
    assert Entry.objects.filter(kind="hub.consent_withdrawn").count() == 1


def test_one_form_sent_several_times_at_once_registers_one_person(hub, sign_in) -> None:
    clients = [sign_in(hub.coordinator) for _number in range(3)]
    for client in clients:
        client.post(reverse("people"), {"text": "Олена"})
    fields = {"preferred_name": "Олена", "language": "uk", "age_band": "adult"}
    fields["once"] = str(uuid.uuid4())
    answers = at_once(
        *(lambda client=client: client.post(reverse("person_new"), fields) for client in clients)
    )
    made = Person.objects.exclude(pk=hub.person.pk).get()
    assert {answer.status_code for answer in answers} == {302}, answers
    assert {answer.headers["Location"] for answer in answers} == {reverse("person", args=[made.pk])}
    again_sent = clients[0].post(reverse("person_new"), fields)
    assert again_sent.headers["Location"] == reverse("person", args=[made.pk])
    assert made.opened_identity["preferred_name"] == "Олена"
