"""Two officers press at once; one decision stands. Runs where rows can be locked."""

import threading
import uuid

import pytest
from django.db import connection
from django.urls import reverse

from comity.accounts.actions import add_to_team
from comity.accounts.models import Officer
from comity.cases import actions
from comity.cases.models import Case, Charge, Exhibit
from comity.core.access import Role
from comity.core.errors import WrongState
from comity.evidence.models import Item
from comity.ledger.models import Entry
from tests.cases.conftest import add_item

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts) -> list[object]:
    """Run the acts in threads that start together; return results and exceptions."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = acts[place]()
        except Exception as failure:  # noqa: BLE001 - the test looks at it
            results[place] = failure
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_two_officers_decide_a_charge_at_once_and_one_decision_stands(
    world, charge, officer
) -> None:
    other = officer(Role.PROSECUTOR)
    add_to_team(world.prosecutor, other, kind="case", record=world.case.uid)
    deciders = [Officer.objects.get(pk=one.pk) for one in (world.colleague, other)]
    results = at_once(
        lambda: actions.decide_charge(deciders[0], charge, confirmed=True),
        lambda: actions.decide_charge(deciders[1], charge, confirmed=False),
    )
    refused = [one for one in results if one is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], WrongState), refused
    assert Charge.objects.get().state in {"confirmed", "rejected"}
    decided = Entry.objects.filter(kind__in=["cases.charge_confirmed", "cases.charge_rejected"])
    assert decided.count() == 1


def test_exhibits_filed_at_once_get_different_numbers(world) -> None:
    items = [
        add_item(world.investigator, world.case, content=str(number).encode())
        for number in range(4)
    ]
    officers = [Officer.objects.get(pk=world.investigator.pk) for _ in items]
    results = at_once(
        *(
            lambda who=who, item=item: actions.file_exhibit(
                who, world.case, Item.objects.get(pk=item.pk)
            )
            for who, item in zip(officers, items, strict=True)
        )
    )
    assert all(isinstance(one, Exhibit) for one in results), results
    assert sorted(one.number for one in results) == [1, 2, 3, 4]


def test_one_form_sent_several_times_at_once_opens_one_case(officer, sign_in) -> None:
    maker = officer(Role.PROSECUTOR)
    clients = [sign_in(maker) for _number in range(3)]
    fields = {"number": "77/26", "title": "School", "stage": "pretrial", "once": str(uuid.uuid4())}
    answers = at_once(
        *(lambda client=client: client.post(reverse("case_new"), fields) for client in clients)
    )
    made = Case.objects.get()
    assert {answer.status_code for answer in answers} == {302}, answers
    assert {answer.headers["Location"] for answer in answers} == {reverse("case", args=[made.pk])}
    other = clients[0].post(reverse("case_new"), fields | {"once": str(uuid.uuid4())})
    assert other.context["form"].errors
