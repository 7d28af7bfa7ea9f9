"""Pages of cases and incidents: who sees them, what they show, what a hostile text does."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comity.accounts.actions import add_to_team
from comity.cases import actions
from comity.cases.models import Case, Charge, ElementAssessment, Exhibit, Incident
from comity.cases.rules import Certainty, ElementState, PersonRole
from comity.core.access import Role
from comity.ledger.models import Entry
from tests.cases.conftest import OFFENCE, PROVISION, add_item

pytestmark = pytest.mark.django_db
ELEMENT = "UA-E-438.2"
HOSTILE = "<script>alert(1)</script>\u202eevil\u202c {{ 7|add:7 }} ' \" &"


def addresses(world, charge) -> list[tuple[str, list, str]]:
    """Every page of the app: URL name, arguments, method that opens it."""
    return [
        ("case", [world.case.pk], "get"),
        ("file_exhibit", [world.case.pk], "post"),
        ("incident_new", [world.case.pk], "get"),
        ("incident", [world.incident.pk], "get"),
        ("incident_items", [world.incident.pk], "get"),
        ("incident_person", [world.incident.pk], "get"),
        ("charge_new", [world.incident.pk], "get"),
        ("charge_decide", [charge.pk], "post"),
        ("element", [charge.pk, ELEMENT], "get"),
    ]


def test_the_team_opens_every_page(world, charge, sign_in) -> None:
    client = sign_in(world.colleague)
    for name in ("cases", "case_new"):
        assert client.get(reverse(name)).status_code == 200
    for name, args, method in addresses(world, charge):
        response = getattr(client, method)(reverse(name, args=args))
        expected = (200,) if method == "get" else (302, 404)
        assert response.status_code in expected, name


@pytest.mark.parametrize("role", Role)
def test_nobody_outside_the_team_opens_a_page(world, charge, officer, sign_in, role) -> None:
    client = sign_in(officer(role))
    missing = {"case": 9999, "incident": 9999, "charge": 9999}
    for name, args, method in addresses(world, charge):
        before = Entry.objects.filter(kind="access.refused").count()
        hidden = getattr(client, method)(reverse(name, args=args))
        assert hidden.status_code == 404, name
        assert Entry.objects.filter(kind="access.refused").count() == before + 1, name
        absent = getattr(client, method)(reverse(name, args=[missing["case"], *args[1:]]))
        assert absent.status_code == 404, name
        assert b"Verbivka" not in hidden.content
    assert not Entry.objects.filter(kind="access.looked").exists()


MAY = {
    "cases": {Role.INVESTIGATOR, Role.PROSECUTOR, Role.SUPERVISOR, Role.ANALYST},
    "case_new": {Role.INVESTIGATOR, Role.PROSECUTOR},
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", MAY)
def test_a_list_is_open_to_its_roles_only(officer, sign_in, role, name) -> None:
    response = sign_in(officer(role)).get(reverse(name))
    allowed = role in MAY[name]
    assert response.status_code == (200 if allowed else 403)
    assert Entry.objects.filter(kind="access.refused").exists() is not allowed


@pytest.mark.parametrize("name", ["charge_new", "charge_decide", "element"])
def test_an_investigator_of_the_team_qualifies_nothing(world, charge, sign_in, name) -> None:
    args = {
        "charge_new": [world.incident.pk],
        "charge_decide": [charge.pk],
        "element": [charge.pk, ELEMENT],
    }[name]
    response = sign_in(world.investigator).post(reverse(name, args=args), {"decision": "confirm"})
    assert response.status_code == 403
    assert Entry.objects.filter(kind="access.refused").count() == 1
    assert Charge.objects.get().state == "proposed"


def test_opening_a_case_and_an_incident_leaves_a_mark(world, sign_in) -> None:
    client = sign_in(world.prosecutor)
    client.get(reverse("case", args=[world.case.pk]))
    client.get(reverse("incident", args=[world.incident.pk]))
    looked = Entry.objects.filter(kind="access.looked", actor=world.prosecutor.actor_id)
    assert set(looked.values_list("subject", flat=True)) == {
        world.case.subject,
        world.incident.subject,
    }


def test_a_case_is_opened_by_form(officer, sign_in) -> None:
    maker, helper = officer(Role.INVESTIGATOR), officer(Role.PROSECUTOR)
    fields = {"number": " 77/26 ", "title": "Invented", "stage": "pretrial", "members": [helper.pk]}
    response = sign_in(maker).post(reverse("case_new"), fields)
    made = Case.objects.get()
    assert made.number == "77/26"
    assert response.url == reverse("case", args=[made.pk])
    assert Case.objects.visible_to(helper).exists()
    again = sign_in(maker).post(reverse("case_new"), fields)
    assert again.status_code == 200
    assert "There is a case with this number already" in again.content.decode()
    assert Case.objects.count() == 1


def test_an_incident_is_recorded_by_form_in_local_time(world, sign_in) -> None:
    fields = {
        "title": "Second shelling", "account": "Invented.", "place": "Verbivka",
        "day_0": "18", "day_1": "3", "day_2": "2022", "from_time": "18:40", "to_time": "19:10",
        "latitude": "50.5", "longitude": "30.25", "radius_m": "60",
    }  # fmt: skip
    response = sign_in(world.investigator).post(
        reverse("incident_new", args=[world.case.pk]), fields
    )
    made = Incident.objects.get(title="Second shelling")
    assert response.url == reverse("incident", args=[made.pk])
    assert made.occurred_from.isoformat() == "2022-03-18T16:40:00+00:00"
    page = sign_in(world.investigator).get(response.url).content.decode()
    assert "50.50000" in page
    assert "18:40" in page


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"day_2": "2050"}, "has not come yet"),
        ({"day_2": "0001"}, "lies before 1900"),
        ({"to_time": "18:00"}, "before the beginning"),
        ({"latitude": "50.5"}, "both latitude and longitude"),
        ({"title": "x" * 201}, "200"),
        ({"latitude": "91", "longitude": "0"}, "90"),
        ({"latitude": "nan", "longitude": "0"}, "Latitude"),
    ],
)
def test_a_wrong_incident_is_refused_with_words(world, sign_in, change, words) -> None:
    fields = {
        "title": "Second", "account": "Invented.", "place": "Verbivka",
        "day_0": "18", "day_1": "3", "day_2": "2022", "from_time": "18:40",
    }  # fmt: skip
    response = sign_in(world.investigator).post(
        reverse("incident_new", args=[world.case.pk]), fields | change
    )
    assert response.status_code == 200
    assert words in response.content.decode()
    assert Incident.objects.count() == 1


def test_items_are_tied_by_tick_and_by_number(world, sign_in) -> None:
    one = add_item(world.investigator, world.case, content=b"one")
    two = add_item(world.investigator, world.case, content=b"two")
    client = sign_in(world.investigator)
    address = reverse("incident_items", args=[world.incident.pk])
    assert one.number in client.get(address).content.decode()
    client.post(address, {"items": [one.pk], "numbers": two.number.lower(), "note": "crater"})
    tied = set(world.incident.item_links.values_list("item", flat=True))
    assert {one.pk, two.pk} <= tied


def test_an_item_of_another_team_cannot_be_tied_or_found_out(world, officer, sign_in) -> None:
    other = officer(Role.INVESTIGATOR)
    theirs = actions.open_case(other, number="9/26", title="Other")
    item = add_item(other, theirs, content=b"theirs")
    client = sign_in(world.investigator)
    address = reverse("incident_items", args=[world.incident.pk])
    page = client.post(address, {"numbers": item.number}).content.decode()
    absent = client.post(address, {"numbers": "E-999999"}).content.decode()
    token = re.compile(r'"[A-Za-z0-9]{64}"')
    assert token.sub("", page).replace(item.number, "E-999999") == token.sub("", absent)
    assert not world.incident.item_links.filter(item=item).exists()


def test_a_person_stands_by_code_and_never_by_name(world, sign_in) -> None:
    client = sign_in(world.investigator)
    address = reverse("incident_person", args=[world.incident.pk])
    wrong = client.post(
        address, {"code": "Halyna", "role": PersonRole.VICTIM, "certainty": Certainty.CONFIRMED}
    )
    assert "never stands here" in wrong.content.decode()
    client.post(
        address, {"code": "p-0041", "role": PersonRole.VICTIM, "certainty": Certainty.CLAIMED}
    )
    assert list(world.incident.people.values_list("code", flat=True)) == ["P-0041"]


def test_a_qualification_is_proposed_in_two_steps_and_decided_by_another(world, sign_in) -> None:
    proposer, decider = sign_in(world.prosecutor), sign_in(world.colleague)
    address = reverse("charge_new", args=[world.incident.pk])
    assert OFFENCE in proposer.get(address).content.decode()
    second = proposer.get(address, {"offence": OFFENCE}).content.decode()
    assert PROVISION in second
    assert "ICC-6-a" not in second
    proposer.post(address, {"offence": OFFENCE, "provision": PROVISION, "mode": "", "reason": ""})
    made = Charge.objects.get()
    decide = reverse("charge_decide", args=[made.pk])
    page = reverse("incident", args=[world.incident.pk])
    assert decide not in proposer.get(page).content.decode()
    assert decide in decider.get(page).content.decode()
    proposer.post(decide, {"decision": "confirm"})
    assert Charge.objects.get().state == "proposed"
    decider.post(decide, {"decision": "confirm"})
    assert Charge.objects.get().state == "confirmed"


def test_the_matrix_shows_national_elements_first_with_source_and_gap(
    world, charge, sign_in
) -> None:
    client = sign_in(world.prosecutor)
    form = reverse("element", args=[charge.pk, ELEMENT])
    assert "UA-E-438.2" in client.get(form).content.decode()
    client.post(form, {"state": ElementState.SUPPORTED, "items": [world.photo.pk], "note": "six"})
    assert ElementAssessment.objects.get().items.get() == world.photo
    page = client.get(reverse("incident", args=[world.incident.pk])).content.decode()
    page = page.replace("\u00a0", " ")
    assert page.index("Criminal Code of Ukraine art. 438(1)") < page.index("Rome Statute art. 8(2)")
    assert "Thin" in page
    assert "Gap" in page
    assert "high certainty" in page
    gaps = page[page.index('id="gaps"') :]
    assert "UA-E-438.1" in gaps
    assert "UA-E-438.2" not in gaps


def test_an_unknown_element_leads_back(world, charge, sign_in) -> None:
    response = sign_in(world.prosecutor).get(reverse("element", args=[charge.pk, "UA-E-0"]))
    assert response.url == reverse("incident", args=[world.incident.pk])


def test_a_charge_whose_ids_left_the_data_does_not_break_the_page(world, charge, sign_in) -> None:
    Charge.objects.update(offence="UA-CC-0", provision="ICC-0", mode="MODE-0", data_version="0")
    page = sign_in(world.prosecutor).get(reverse("incident", args=[world.incident.pk]))
    assert page.status_code == 200
    assert "law data have changed" in page.content.decode()


def test_what_an_officer_may_not_open_is_not_listed_in_the_incident(
    world, charge, officer, sign_in
) -> None:
    analyst = officer(Role.ANALYST)
    open_item = add_item(
        world.investigator, world.case, content=b"d", title="Disclosable", compartment="disclosable"
    )
    actions.add_item_to_incident(world.investigator, world.incident, open_item)
    add_to_team(world.prosecutor, analyst, kind="case", record=world.case.uid)
    actions.assess_element(
        world.prosecutor, charge, element=ELEMENT, state=ElementState.SUPPORTED, items=[open_item]
    )
    page = sign_in(analyst).get(reverse("incident", args=[world.incident.pk])).content.decode()
    assert world.photo.number in page
    assert open_item.number not in page
    assert "Disclosable" not in page


def test_an_exhibit_gets_its_number_by_form(world, sign_in) -> None:
    client = sign_in(world.investigator)
    address = reverse("file_exhibit", args=[world.case.pk])
    client.post(address, {"item": world.photo.pk})
    client.post(address, {"item": world.photo.pk})
    assert Exhibit.objects.get().number == 1
    assert client.post(address, {"item": "x"}).status_code == 404
    page = client.get(reverse("case", args=[world.case.pk])).content.decode()
    assert world.photo.number in page


def test_hostile_text_stays_text(world, sign_in) -> None:
    long = "ж" * 10_000
    made = actions.record_incident(
        world.investigator,
        world.case,
        title=HOSTILE,
        account=HOSTILE + long,
        occurred_from=world.incident.occurred_from,
        place=HOSTILE,
    )
    actions.propose_charge(world.prosecutor, made, offence=OFFENCE, reason=HOSTILE)
    client = sign_in(world.colleague)
    for name, pk in (("incident", made.pk), ("case", world.case.pk)):
        page = client.get(reverse(name, args=[pk])).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page
        assert "\u202e" not in page
        assert "{{ 7|add:7 }}" in page


def test_no_title_or_place_is_in_address_title_or_ledger(world, charge, sign_in) -> None:
    client = sign_in(world.prosecutor)
    for name, pk in (("incident", world.incident.pk), ("case", world.case.pk)):
        page = client.get(reverse(name, args=[pk])).content.decode()
        title = page[page.index("<title>") : page.index("</title>")]
        assert "school" not in title
    for entry in Entry.objects.select_related("committed"):
        told = bytes(entry.body).decode() + bytes(entry.committed.details).decode()
        for word in ("school", "Verbivka", "shells", "Savchuk"):
            assert word not in told


def test_the_list_asks_the_database_the_same_number_of_questions(world, sign_in) -> None:
    client = sign_in(world.prosecutor)
    address = reverse("cases")
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(20):
        actions.open_case(world.prosecutor, number=f"{number}/26", title="Invented")
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
    assert len(many) < 20


def test_an_incident_asks_the_same_number_of_questions_for_many_items(world, sign_in) -> None:
    for offence in ("UA-CC-438-1", "UA-CC-438-2"):
        made = actions.propose_charge(world.prosecutor, world.incident, offence=offence)
        actions.assess_element(
            world.prosecutor, made, element=ELEMENT, state=ElementState.SUPPORTED,
            items=[world.photo],
        )  # fmt: skip
    client = sign_in(world.colleague)
    address = reverse("incident", args=[world.incident.pk])
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(12):
        item = add_item(world.investigator, world.case, content=str(number).encode())
        actions.add_item_to_incident(world.investigator, world.incident, item)
    for charge in Charge.objects.all():
        for row in charge.matrix():
            actions.assess_element(
                world.prosecutor, charge, element=row.element.id, state=ElementState.SUPPORTED,
                items=[world.photo, world.witness],
            )  # fmt: skip
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)


def test_who_adds_an_item_chooses_the_case_by_its_number(world, sign_in) -> None:
    page = sign_in(world.investigator).get(reverse("item_add"), {"team": world.case.subject})
    wanted = f'<option value="{world.case.subject}" selected>2211/24 · Shelling</option>'
    assert wanted in page.content.decode()
