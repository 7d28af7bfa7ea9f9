"""A page asks the database as often for fifty rows as for five."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comity.cases import actions
from comity.cases.rules import ElementState
from comity.core.access import Act, NodeActor, Role
from comity.evidence import actions as evidence
from comity.evidence.rules import Use
from comity.hub import actions as hub
from tests.cases.conftest import add_item
from tests.hub.conftest import agree, register, tell

pytestmark = pytest.mark.django_db
NODE = NodeActor("exchange", frozenset({Act.ADD_ITEM}))


def asked(client, name: str, *args: object) -> int:
    address = reverse(name, args=args)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def grow(world, charge, first: int, last: int) -> None:
    """Items with a condition, tied, filed and part of the newest finding."""
    element = charge.matrix()[0].element.id
    for number in range(first, last):
        item = add_item(world.investigator, world.case, content=b"%d" % number)
        evidence.attach_condition(
            NODE, item, code="own_words", texts={"en": "Ask."}, forbids=[Use.PUBLICATION],
            set_by_node="moj.jp.example",
        )  # fmt: skip
        actions.add_item_to_incident(world.investigator, world.incident, item)
        if number % 2:
            actions.file_exhibit(world.prosecutor, world.case, item)
        actions.assess_element(
            world.prosecutor, charge, element=element, state=ElementState.SUPPORTED, items=[item]
        )


def test_case_incident_and_charge_pages(world, charge, sign_in) -> None:
    client = sign_in(world.prosecutor)
    element = charge.matrix()[0].element.id
    pages = [
        ("case", world.case.pk), ("incident", world.incident.pk),
        ("incident_items", world.incident.pk), ("element", charge.pk, element), ("items",),
        ("item_package",), ("cases",),
    ]  # fmt: skip
    grow(world, charge, 0, 5)
    few = {page: asked(client, *page) for page in pages for _ in range(2)}
    grow(world, charge, 5, 50)
    for page in pages:
        assert asked(client, *page) == few[page], page


def test_a_person_with_many_accounts_answers_and_departures(officer, sign_in) -> None:
    coordinator, lawyer = officer(Role.HUB_COORDINATOR), officer(Role.PROSECUTOR)
    person = register(coordinator)
    agree(coordinator, person)
    client = sign_in(coordinator)

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            item = tell(coordinator, person, b"%d" % number)
            case = actions.open_case(lawyer, number=f"{number}/26", title="x")
            hub.share_account(coordinator, person, item, case)
            evidence.record_disclosure(
                coordinator, item, recipient=f"partner:{number}.example", purpose="investigation",
                basis=evidence.Basis("consent", "consent:x"),
            )  # fmt: skip
            agree(coordinator, person, recipient=f"partner:{number}.example")

    pages = [("person", person.pk), ("people",), ("person_consent", person.pk)]
    more(0, 5)
    few = {page: asked(client, *page) for page in pages for _ in range(2)}
    more(5, 50)
    for page in pages:
        assert asked(client, *page) == few[page], page


def test_an_item_with_many_conditions_departures_and_confirmations(world, sign_in) -> None:
    item, client = world.photo, sign_in(world.prosecutor)

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            condition = evidence.attach_condition(
                NODE, item, code="own_words", texts={}, forbids=[], set_by_node="moj.jp.example"
            )
            evidence.confirm_use(
                world.prosecutor, condition, target=f"partner:{number}", reason="Assurance"
            )
            evidence.record_disclosure(
                world.prosecutor, item, recipient=f"partner:{number}", purpose="court",
                basis=evidence.Basis("investigation"),
            )  # fmt: skip

    more(0, 5)
    pages = [("item", item.pk), ("item_open", item.pk)]
    few = {page: asked(client, *page) for page in pages for _ in range(2)}
    more(5, 50)
    for page in pages:
        assert asked(client, *page) == few[page], page
