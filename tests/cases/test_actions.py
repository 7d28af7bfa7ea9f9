"""The verbs on cases: what each does, beside what each refuses and then leaves untouched."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from comity.accounts.actions import add_to_team
from comity.accounts.models import team_records
from comity.cases import actions
from comity.cases.models import Case, Charge, ElementAssessment, Incident, IncidentPerson, work_for
from comity.cases.rules import Certainty, ElementState, PersonRole
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, WrongState
from comity.ledger.models import Entry
from tests.cases.conftest import OFFENCE, PROVISION, SHELLING, add_item

pytestmark = pytest.mark.django_db
ELEMENT = "UA-E-438.2"


def test_a_case_is_open_to_its_team_only(world, officer) -> None:
    assert list(team_records(world.colleague, "case")) == [world.case.uid]
    assert Case.objects.visible_to(world.colleague).get() == world.case
    outsider = officer(Role.PROSECUTOR)
    for model in (Case, Incident, Charge):
        assert not model.objects.visible_to(outsider).exists()


def test_a_member_without_a_role_for_cases_sees_none(world, officer) -> None:
    central = officer(Role.CENTRAL_AUTHORITY)
    add_to_team(world.prosecutor, central, kind="case", record=world.case.uid)
    assert not Case.objects.visible_to(central).exists()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"number": "2211/24", "title": "Again"}, Refused),
        ({"number": " \u202e ", "title": "Nothing"}, Incomplete),
        ({"number": "1/26", "title": "\n"}, Incomplete),
    ],
)
def test_a_wrong_case_is_refused_and_nothing_changes(world, fields, error) -> None:
    before = Entry.objects.count()
    with pytest.raises(error):
        actions.open_case(world.prosecutor, **fields)
    assert (Case.objects.count(), Entry.objects.count()) == (1, before)


@pytest.mark.parametrize("role", [Role.HUB_COORDINATOR, Role.ANALYST, Role.ADMINISTRATOR])
def test_other_roles_open_no_case(officer, role) -> None:
    with pytest.raises(NotAllowed):
        actions.open_case(officer(role), number="1/26", title="No")


def incident_of(world, **change):
    facts = {"title": "t", "account": "a", "occurred_from": SHELLING, "place": "p"} | change
    return actions.record_incident(world.investigator, world.case, **facts)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"occurred_to": SHELLING - timedelta(seconds=1)}, "cases.ends_before_it_starts"),
        ({"occurred_from": timezone.now() + timedelta(days=1)}, "cases.not_yet"),
        ({"latitude": 50.0}, "cases.place_in_part"),
        ({"occurred_from": datetime(1, 1, 1, tzinfo=UTC)}, "cases.too_early"),
        ({"occurred_from": datetime(1899, 12, 31, tzinfo=UTC)}, "cases.too_early"),
    ],
)
def test_an_impossible_incident_is_refused(world, change, code) -> None:
    with pytest.raises(Refused) as refused:
        incident_of(world, **change)
    assert refused.value.code == code
    assert Incident.objects.count() == 1


def test_the_database_itself_refuses_a_place_off_the_earth(world) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        incident_of(world, latitude=91.0, longitude=0.0)


def test_an_outsider_records_and_ties_nothing(world, officer) -> None:
    outsider = officer(Role.INVESTIGATOR)
    with pytest.raises(NotVisible):
        actions.record_incident(
            outsider, world.case, title="t", account="a", occurred_from=SHELLING, place="p"
        )
    with pytest.raises(NotVisible):
        actions.add_item_to_incident(outsider, world.incident, world.photo)
    with pytest.raises(NotVisible):
        actions.file_exhibit(outsider, world.case, world.photo)


def test_an_item_is_tied_once(world) -> None:
    entries = Entry.objects.filter(kind="cases.item_tied").count()
    actions.add_item_to_incident(world.investigator, world.incident, world.photo)
    assert world.incident.item_links.count() == 2
    assert Entry.objects.filter(kind="cases.item_tied").count() == entries


def test_how_sure_a_reference_is_can_change_and_a_name_is_refused(world) -> None:
    for certainty in (Certainty.CLAIMED, Certainty.REFUTED):
        actions.refer_to_person(
            world.investigator,
            world.incident,
            actions.PersonReference("W-07", PersonRole.WITNESS, certainty),
        )
    assert IncidentPerson.objects.get().certainty == Certainty.REFUTED
    with pytest.raises(Refused, match="not_a_code"):
        actions.refer_to_person(
            world.investigator,
            world.incident,
            actions.PersonReference("Halyna P.", PersonRole.WITNESS),
        )


def test_exhibits_are_numbered_and_keep_their_number(world) -> None:
    first = actions.file_exhibit(world.prosecutor, world.case, world.photo)
    second = actions.file_exhibit(world.prosecutor, world.case, world.witness)
    again = actions.file_exhibit(world.prosecutor, world.case, world.photo)
    assert (first.number, second.number, again.number) == (1, 2, 1)


def test_the_node_files_what_a_reply_brought(world) -> None:
    node = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
    assert actions.file_exhibit(node, world.case, world.photo).filed_by == "node:exchange"
    with pytest.raises(NotAllowed):
        actions.file_exhibit(NodeActor("exchange"), world.case, world.photo)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"offence": "UA-CC-9999"}, "offences.unknown_offence"),
        ({"offence": OFFENCE, "provision": "ICC-6-a"}, "offences.not_connected"),
        ({"offence": OFFENCE, "mode": "MODE-0"}, "cases.unknown_mode"),
        ({"offence": OFFENCE, "provision": PROVISION}, "cases.charge_exists"),
    ],
)
def test_a_wrong_qualification_is_refused(world, charge, fields, code) -> None:
    before = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        actions.propose_charge(world.prosecutor, world.incident, **fields)
    assert refused.value.code == code
    assert (Charge.objects.count(), Entry.objects.count()) == (1, before)


def test_another_officer_decides_once(world, charge) -> None:
    with pytest.raises(Refused, match="own_proposal"):
        actions.decide_charge(world.prosecutor, charge, confirmed=True)
    actions.decide_charge(world.colleague, charge, confirmed=False)
    with pytest.raises(WrongState):
        actions.decide_charge(world.colleague, charge, confirmed=True)
    charge.refresh_from_db()
    assert (charge.state, charge.decided_by) == ("rejected", world.colleague)
    assert Entry.objects.filter(kind="cases.charge_rejected").count() == 1


def test_the_database_itself_refuses_a_decision_by_the_proposer(world, charge) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Charge.objects.filter(pk=charge.pk).update(
            state="confirmed", decided_by=world.prosecutor.pk
        )


def test_a_proposal_waits_for_every_prosecutor_but_its_own(world, charge, officer) -> None:
    assert [row.icon for row in work_for(world.colleague)] == ["scale"]
    assert work_for(world.prosecutor) == []
    assert work_for(world.investigator) == []
    assert work_for(officer(Role.PROSECUTOR)) == []
    actions.decide_charge(world.colleague, charge, confirmed=True)
    assert work_for(world.colleague) == []


def test_an_element_is_assessed_with_items_and_the_newest_finding_counts(world, charge) -> None:
    assert charge.gaps()[0] == "UA-E-438.1"
    assert ELEMENT in charge.gaps()
    for state in (ElementState.CONTRADICTED, ElementState.SUPPORTED):
        actions.assess_element(
            world.prosecutor, charge, element=ELEMENT, state=state, items=[world.photo]
        )
    fresh = Charge.objects.get()
    assert ELEMENT not in fresh.gaps()
    assert fresh.newest_findings()[ELEMENT].state == ElementState.SUPPORTED
    assert ElementAssessment.objects.count() == 2
    actions.assess_element(
        world.colleague, charge, element=ELEMENT, state=ElementState.NOT_COVERED, note="withdrawn"
    )
    assert ELEMENT in Charge.objects.get().gaps()


def test_a_question_for_a_lawyer_is_no_gap(world) -> None:
    charge = actions.propose_charge(world.prosecutor, world.incident, offence="UA-CC-437")
    assert "UA-E-437.1" in charge.gaps()
    assert "UA-E-437.2" not in charge.gaps()


def test_a_wrong_finding_is_refused(world, charge) -> None:
    untied = add_item(world.investigator, world.case, content=b"untied")

    def assess(**change) -> None:
        wanted = {"element": ELEMENT, "state": ElementState.SUPPORTED, "items": [world.photo]}
        actions.assess_element(world.prosecutor, charge, **(wanted | change))

    with pytest.raises(Refused, match="unknown_element"):
        assess(element="UA-E-0")
    with pytest.raises(Incomplete):
        assess(items=[])
    with pytest.raises(Refused, match="item_not_tied"):
        assess(items=[untied])
    with pytest.raises(NotAllowed):
        actions.assess_element(
            world.investigator, charge, element=ELEMENT, state=ElementState.NOT_COVERED
        )
    actions.decide_charge(world.colleague, charge, confirmed=False)
    with pytest.raises(WrongState):
        assess()
    assert not ElementAssessment.objects.exists()
