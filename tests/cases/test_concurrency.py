"""Two officers press at once; one decision stands. Runs where rows can be locked."""

import threading

import pytest
from django.db import connection

from comity.accounts.actions import add_to_team
from comity.accounts.models import Officer
from comity.cases import actions
from comity.cases.models import Charge, Exhibit
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
