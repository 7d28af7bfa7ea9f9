"""Every page of the three apps: form and deed ask the same right; no look goes unrecorded."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.urls import URLPattern, reverse

from comity.cases import actions as cases
from comity.cases import urls as case_urls
from comity.core.access import Act, NodeActor, Role
from comity.evidence import actions as evidence
from comity.evidence import urls as evidence_urls
from comity.hub import actions
from comity.hub import urls as hub_urls
from comity.ledger.actions import sequence_pending
from comity.ledger.models import Entry
from tests.cases.conftest import OFFENCE, PROVISION, SHELLING, add_item
from tests.hub.conftest import agree, tell

pytestmark = pytest.mark.django_db
# What a form page asks of whoever sends it; the page itself asks the same.
FORMS = {
    "item_add": Act.ADD_ITEM,
    "item_open": Act.OPEN_ITEM,
    "item_event": Act.ADD_ITEM,
    "item_package": Act.EXPORT_PACKAGE,
    "item_text": Act.ADD_ITEM,
    "item_transcript": Act.ADD_ITEM,
    "exposure": Act.OPEN_ITEM,
    "exposure_of": Act.REVIEW_BREAK_GLASS,
    "item_use": Act.ACCEPT_CONDITIONS,
    "item_last_day": Act.ACCEPT_CONDITIONS,
    "item_redact": Act.ADD_ITEM,
    "item_hold": Act.PLACE_HOLD,
    "item_hold_lift": Act.PLACE_HOLD,
    "item_move": Act.ADD_ITEM,
    "item_erase": Act.ORDER_ERASURE,
    "item_excerpt": Act.ADD_ITEM,
    "case_new": Act.OPEN_CASE,
    "incident_new": Act.RECORD_INCIDENT,
    "incident_items": Act.RECORD_INCIDENT,
    "incident_person": Act.RECORD_INCIDENT,
    "charge_new": Act.QUALIFY_INCIDENT,
    "element": Act.ASSESS_ELEMENT,
    "people": Act.SEE_PEOPLE,
    "person_new": Act.REGISTER_PERSON,
    "person_consent": Act.RECORD_CONSENT,
    "consent_withdraw": Act.WITHDRAW_CONSENT,
    "account_new": Act.ADD_ITEM,
    "item_share": Act.SHARE_ACCOUNT,
}
SENT_ONLY = {
    "item_close",
    "item_verify",
    "item_mark",
    "item_unmark",
    "item_expand",
    "item_unlike",
    "item_attest",
    "item_custody_report",
    "file_exhibit",
    "charge_decide",
    "uploads",
    "upload",  # tus: tests/evidence/test_uploads.py
}
PICTURES = {"item_thumbnail", "item_page", "item_poster", "item_waveform"}
READ_ONLY = PICTURES | {
    "item_erasure", "items", "item", "item_custody", "item_file", "item_show",
    "item_entry", "item_proof", "item_entry_body", "item_entry_details", "item_contents",
    "item_drawn", "cases", "case", "incident", "person", "consent_sheet",
}  # fmt: skip
# Pages that show nothing protected: empty forms; and one that sends on until the item is opened.
BARE = PICTURES | {"item_add", "case_new", "person_new", "item_show", "item_file"}
BARE |= {"exposure", "exposure_of"}  # numbers; no item is named


def patterns() -> list[URLPattern]:
    return [*case_urls.urlpatterns, *evidence_urls.urlpatterns, *hub_urls.urlpatterns]


def world(officer, role: Role) -> SimpleNamespace:
    """One of everything, with an officer of this role in every team."""
    lawyer = officer(Role.PROSECUTOR)
    coordinator = officer(Role.HUB_COORDINATOR)
    somebody = officer(role)
    person = actions.register_person(
        coordinator, identity={"preferred_name": "Invented"}, age_band="adult", language="uk",
        searched=True, colleagues=[somebody],
    )  # fmt: skip
    case = cases.open_case(lawyer, number="1/26", title="One", members=[somebody])
    grant = agree(coordinator, person)
    told = tell(coordinator, person)
    item = add_item(lawyer, case, compartment="disclosable")
    condition = evidence.attach_condition(
        NodeActor("exchange", frozenset({Act.ADD_ITEM})), item, code="own_words", texts={},
        forbids=[], set_by_node="moj.jp.example",
    )  # fmt: skip
    evidence.order_erasure(lawyer, item, legal_basis="Order 3", reason="Not relevant.")
    hold = evidence.place_hold(lawyer, item, legal_basis="Order 4", reason="A complaint is open.")
    incident = cases.record_incident(
        lawyer, case, title="t", account="a", occurred_from=SHELLING, place="p", items=[item]
    )
    charge = cases.propose_charge(lawyer, incident, offence=OFFENCE, provision=PROVISION)
    sequence_pending()
    entry = Entry.objects.filter(subject=item.subject).order_by("index").first()
    return SimpleNamespace(
        somebody=somebody, person=person, case=case, grant=grant, told=told, item=item,
        condition=condition, incident=incident, charge=charge, entry=entry, lawyer=lawyer,
        hold=hold,
    )  # fmt: skip


def address(name: str, has: SimpleNamespace) -> str:
    args = {
        "item_share": [has.person.pk, has.told.pk],
        "consent_withdraw": [has.person.pk, has.grant.pk],
        "consent_sheet": [has.person.pk, "uk"],
        "item_use": [has.item.pk, has.condition.pk],
        "item_last_day": [has.item.pk, has.condition.pk],
        "item_drawn": [has.item.pk, 1],
        "item_hold_lift": [has.item.pk, has.hold.pk],
        "element": [has.charge.pk, has.charge.matrix()[0].element.id],
        "charge_decide": [has.charge.pk],
        "item_page": [has.item.pk, 1],
        "exposure": [],
        "exposure_of": [has.lawyer.pk],
    }.get(name)
    if args is None and name in {"items", "cases", "people"} | {
        "item_add", "item_package", "case_new", "person_new"
    }:  # fmt: skip
        args = []
    if args is None and name.startswith(("item_entry", "item_proof")):
        args = [has.item.pk, has.entry.index]
    if args is None:
        owner = {"item": has.item, "person": has.person, "account": has.person}
        owner |= {"case": has.case, "file": has.case, "charge": has.incident}
        known = owner.get(name.split("_")[0], has.incident)
        args = [(has.case if name == "incident_new" else known).pk]
    return reverse(name, args=args)


def test_every_address_is_known_to_these_tests() -> None:
    assert {pattern.name for pattern in patterns()} == set(FORMS) | SENT_ONLY | READ_ONLY


@pytest.mark.parametrize("role", Role)
def test_a_form_is_shown_to_whoever_may_send_it_and_to_nobody_else(
    officer, sign_in, role: Role
) -> None:
    has = world(officer, role)
    client = sign_in(has.somebody)
    refused = {403, 404}
    for name, act in FORMS.items():
        shown = client.get(address(name, has)).status_code
        sent = client.post(address(name, has)).status_code
        assert (shown in refused) == (sent in refused), (name, shown, sent)
        if not has.somebody.may(act):
            assert shown in refused, (name, shown)
        elif shown in refused:  # the act alone is not enough: the team or compartment is another
            assert name not in {"item_add", "item_package", "case_new", "people", "person_new"}


@pytest.mark.parametrize("role", [Role.PROSECUTOR, Role.HUB_COORDINATOR])
def test_every_page_that_shows_something_protected_is_recorded(
    officer, sign_in, role: Role
) -> None:
    has = world(officer, role)
    client = sign_in(has.somebody)
    looks = Entry.objects.filter(kind="access.looked", actor=has.somebody.actor_id)
    seen = 0
    for name in sorted((set(FORMS) | READ_ONLY) - BARE):
        before = looks.count()
        answer = client.get(address(name, has))
        if answer.status_code == 200:
            seen += 1
            assert looks.count() > before, name
    assert seen >= (15 if role is Role.PROSECUTOR else 8)


def test_saving_a_file_is_recorded_beside_its_opening(officer, sign_in) -> None:
    has = world(officer, Role.PROSECUTOR)
    client = sign_in(has.somebody)
    client.post(address("item_open", has), {"purpose": "case_work"})
    before = Entry.objects.filter(kind="access.looked").count()
    assert client.get(address("item_file", has)).status_code == 200
    assert Entry.objects.filter(kind="access.looked").count() == before + 1
