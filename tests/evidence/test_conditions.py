"""Conditions hold for every use: by software where it can tell, by a lawyer where not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.accounts.models import Officer
from comity.cases import actions as cases
from comity.cases.models import Charge, Exhibit, IncidentItem
from comity.cases.rules import ElementState
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import Item, UseCondition, UseConfirmation, work_for
from comity.evidence.rules import CustodyEvent, Recipient, Ruling, Terms, Use, Wanted, rulings
from comity.ledger.models import Entry
from tests.cases.conftest import OFFENCE, PROVISION, SHELLING, add_item

pytestmark = pytest.mark.django_db
NODE = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
SignIn = Callable[[Officer], Client]
YESTERDAY = timezone.localdate() - timedelta(days=1)


class Proceedings:
    """An item that came for one case, and another case of the same officers."""

    def __init__(self, officer: Callable[..., Officer]) -> None:
        self.prosecutor = officer(Role.PROSECUTOR, name="I. Savchuk")
        self.second = officer(Role.PROSECUTOR)
        self.investigator = officer(Role.INVESTIGATOR)
        team = [self.second, self.investigator]
        self.case = cases.open_case(self.prosecutor, number="1/26", title="One", members=team)
        self.other = cases.open_case(self.prosecutor, number="2/26", title="Two", members=team)
        self.item = add_item(self.investigator, self.case)

    def attach(self, *forbids: Use, code: str = "own_words") -> UseCondition:
        return actions.attach_condition(
            NODE, self.item, code=code, texts={"en": "No death penalty.", "uk": "Без страти."},
            forbids=forbids, set_by_node="moj.jp.example",
        )  # fmt: skip

    def incident(self, case):
        return cases.record_incident(
            self.prosecutor, case, title="t", account="a", occurred_from=SHELLING, place="p"
        )

    def uses_in(self, case) -> dict[str, Callable[[], object]]:
        """Every way of using the item in a case."""
        incident = self.incident(case)

        def tie() -> object:
            return cases.add_item_to_incident(self.prosecutor, incident, self.item)

        def assess() -> object:
            IncidentItem.objects.get_or_create(
                incident=incident, item=self.item, added_by=self.prosecutor
            )
            charge = Charge.objects.filter(incident=incident).first() or cases.propose_charge(
                self.prosecutor, incident, offence=OFFENCE, provision=PROVISION
            )
            element = charge.matrix()[0].element.id
            return cases.assess_element(
                self.prosecutor, charge, element=element, state=ElementState.SUPPORTED,
                items=[self.item],
            )  # fmt: skip

        return {
            "file": lambda: cases.file_exhibit(self.prosecutor, case, self.item),
            "tie": tie,
            "assess": assess,
            "share": lambda: actions.share_item(
                self.prosecutor, self.item, kind="case", record=case.uid
            ),
        }


@pytest.fixture
def two(officer: Callable[..., Officer]) -> Proceedings:
    return Proceedings(officer)


USES = ["file", "tie", "assess", "share"]


@pytest.mark.parametrize("use", USES)
def test_only_this_proceeding_means_every_use_in_another_case(two: Proceedings, use: str) -> None:
    two.attach(Use.OTHER_PROCEEDING, code="this_proceeding_only")
    two.uses_in(two.case)[use]()
    with pytest.raises(Refused) as refused:
        two.uses_in(two.other)[use]()
    assert refused.value.code == "evidence.use_forbidden"
    assert refused.value.facts == {"item": two.item.number, "condition": "this_proceeding_only"}


@pytest.mark.parametrize("use", USES)
def test_what_only_a_lawyer_can_judge_waits_for_a_lawyer(two: Proceedings, use: str) -> None:
    condition = two.attach()
    two.uses_in(two.case)[use]()
    uses = two.uses_in(two.other)
    with pytest.raises(Refused) as refused:
        uses[use]()
    assert refused.value.code == "evidence.use_unconfirmed"
    actions.confirm_use(
        two.prosecutor, condition, target=f"case:{two.other.uid}", reason="Assurance of 3 November"
    )
    uses[use]()
    kept = two.item.custody.get(event=CustodyEvent.USE_CONFIRMED)
    assert (kept.condition, kept.matches_entry) == ("own_words", True)
    assert kept.entry.actor == two.prosecutor.actor_id


@pytest.mark.parametrize("use", USES)
def test_after_its_last_day_nothing_is_done_with_an_item(two: Proceedings, use: str) -> None:
    condition = two.attach(Use.PUBLICATION)
    uses = two.uses_in(two.case)
    uses["tie"]()
    actions.set_last_day(two.prosecutor, condition, last_day=YESTERDAY, reason="Return by then")
    IncidentItem.objects.all().delete()
    with pytest.raises(Refused) as refused:
        uses[use]()
    assert refused.value.code == "evidence.use_ended"
    today = timezone.localdate()
    actions.set_last_day(two.prosecutor, condition, last_day=today, reason="Letter 7 of the MoJ")
    uses[use]()


def test_a_charge_that_rests_on_an_item_whose_use_ended_is_not_confirmed(two: Proceedings) -> None:
    condition = two.attach(Use.PUBLICATION)
    two.uses_in(two.case)["assess"]()
    actions.set_last_day(two.prosecutor, condition, last_day=YESTERDAY, reason="Return by then")
    charge = Charge.objects.get()
    with pytest.raises(Refused) as refused:
        cases.decide_charge(two.second, charge, confirmed=True)
    assert refused.value.facts["item"] == two.item.number
    cases.decide_charge(two.second, charge, confirmed=False)


def test_after_the_last_day_the_file_is_neither_opened_nor_saved(
    two: Proceedings, sign_in: SignIn
) -> None:
    condition, client = two.attach(Use.PUBLICATION), sign_in(two.prosecutor)
    opened = reverse("item_open", args=[two.item.pk])
    client.post(opened, {"purpose": "case_work"})
    assert client.get(reverse("item_file", args=[two.item.pk])).status_code == 200
    actions.set_last_day(two.prosecutor, condition, last_day=YESTERDAY, reason="Return by then")
    answer = client.get(reverse("item_file", args=[two.item.pk]))
    assert answer.headers["Location"] == reverse("item", args=[two.item.pk])
    before = two.item.custody.filter(event=CustodyEvent.ACCESSED).count()
    answer = client.post(opened, {"purpose": "case_work"}, follow=True)
    assert "The last day of use" in answer.content.decode()
    assert two.item.custody.filter(event=CustodyEvent.ACCESSED).count() == before
    assert actions.verify_item(two.prosecutor, two.item)


def test_an_item_whose_use_ends_soon_is_work_for_a_lawyer(two: Proceedings) -> None:
    condition = two.attach()
    soon = timezone.localdate() + timedelta(days=10)
    assert not work_for(two.prosecutor)
    actions.set_last_day(two.prosecutor, condition, last_day=soon, reason="As the letter says")
    assert two.item.number in work_for(two.prosecutor)[0].title
    assert not work_for(two.investigator)


def test_only_a_lawyer_of_the_team_confirms_and_gives_a_reason(two: Proceedings, officer) -> None:
    condition, target = two.attach(), f"case:{two.other.uid}"
    with pytest.raises(NotAllowed):
        actions.confirm_use(two.investigator, condition, target=target, reason="x")
    with pytest.raises(NotVisible):
        actions.confirm_use(officer(Role.PROSECUTOR), condition, target=target, reason="x")
    with pytest.raises(Incomplete):
        actions.confirm_use(two.prosecutor, condition, target=target, reason=" \u202e ")
    for wrong in ("", "case:", "nobody", "partner:", "other:", "court" * 60):
        with pytest.raises(Refused):
            actions.confirm_use(two.prosecutor, condition, target=wrong, reason="x")
    assert not UseConfirmation.objects.exists()


def test_nobody_confirms_what_a_condition_forbids(two: Proceedings) -> None:
    condition = two.attach(Use.OTHER_PROCEEDING, Use.ONWARD_TRANSFER)
    for target in (f"case:{two.other.uid}", "icc", "partner:jp.example"):
        with pytest.raises(Refused) as refused:
            actions.confirm_use(two.prosecutor, condition, target=target, reason="x")
        assert refused.value.code == "evidence.use_forbidden"


def test_a_confirmation_for_one_recipient_serves_no_other(two: Proceedings) -> None:
    condition = two.attach()
    actions.confirm_use(two.prosecutor, condition, target="partner:a", reason="Assurance")
    actions.require_use(two.item, Use.ONWARD_TRANSFER, target="partner:a")
    with pytest.raises(Refused):
        actions.require_use(two.item, Use.ONWARD_TRANSFER, target="partner:b")


def test_an_item_of_the_same_bytes_says_that_conditions_may_bind_it(
    two: Proceedings, sign_in: SignIn
) -> None:
    again = add_item(two.investigator, two.case)
    page = reverse("item", args=[again.pk])
    client, said = sign_in(two.prosecutor), "The same bytes came under conditions of use"
    assert said not in client.get(page).content.decode()
    two.attach()
    shown = client.get(page).content.decode()
    assert said in shown
    assert reverse("item", args=[two.item.pk]) in shown
    assert said not in client.get(reverse("item", args=[two.item.pk])).content.decode()


ONLY_HERE = Terms(frozenset({Use.OTHER_PROCEEDING}), frozenset({"a"}), None)
IN_WORDS = Terms(frozenset(), frozenset({"a"}), None)


@pytest.mark.parametrize(
    ("terms", "wanted", "found"),
    [
        (ONLY_HERE, Wanted(case="a", leaving=(Use.EXPORT_TO_COURT,)), []),
        (ONLY_HERE, Wanted(case="b"), [Ruling.FORBIDDEN]),
        (ONLY_HERE, Wanted(case=""), [Ruling.UNKNOWN_PROCEEDING]),
        (ONLY_HERE, Wanted(case="elsewhere"), [Ruling.FORBIDDEN]),
        (IN_WORDS, Wanted(case="a"), []),
        (IN_WORDS, Wanted(), []),
        (IN_WORDS, Wanted(case="b"), [Ruling.LAWYER]),
        (IN_WORDS, Wanted(case="a", leaving=(Use.EXPORT_TO_COURT,)), [Ruling.LAWYER]),
        (Terms(frozenset({Use.THIS_PROCEEDING}), frozenset({"a"}), None), Wanted(case="a"),
         [Ruling.FORBIDDEN]),
        (Terms(frozenset({Use.PUBLICATION}), frozenset({"a"}), None),
         Wanted(leaving=(Use.ONWARD_TRANSFER, Use.PUBLICATION)), [Ruling.LAWYER]),
        (Terms(frozenset({Use.OTHER_PROCEEDING}), frozenset(), None), Wanted(case="b"),
         [Ruling.LAWYER]),
        (Terms(frozenset(), frozenset(), YESTERDAY), Wanted(), [Ruling.ENDED]),
    ],
)  # fmt: skip
def test_what_a_condition_holds_against_a_use(terms: Terms, wanted: Wanted, found: list) -> None:
    assert [ruling for ruling, _ in rulings(terms, wanted, timezone.localdate())] == found


def test_a_package_for_another_number_is_refused(two: Proceedings, tmp_path, settings) -> None:
    two.attach(Use.OTHER_PROCEEDING)
    stated = {"purpose": "Trial", "legal_basis": "CPC art. 290"}
    for number, code in (("77/26", "unknown_proceeding"), ("2/26", "use_forbidden")):
        with pytest.raises(Refused) as refused:
            actions.export_package(two.prosecutor, [two.item], case_ref=number, **stated)
        assert refused.value.code == f"evidence.{code}"
    actions.export_package(two.prosecutor, [two.item], case_ref="1/26", **stated)


def test_the_condition_stands_on_every_page_that_uses_the_item(
    two: Proceedings, sign_in: SignIn
) -> None:
    two.attach()
    uses = two.uses_in(two.case)
    uses["file"]()
    uses["assess"]()
    charge, client = Charge.objects.get(), sign_in(two.prosecutor)
    element = charge.matrix()[0].element.id
    unfiled = add_item(two.investigator, two.case, content=b"x")
    actions.attach_condition(
        NODE, unfiled, code="own_words", texts={}, forbids=[], set_by_node="moj.jp.example"
    )
    words = "ondition in own words"
    for name, args in (
        ("item", [two.item.pk]),
        ("item_open", [two.item.pk]),
        ("item_package", []),
        ("case", [two.case.pk]),
        ("incident", [charge.incident_id]),
        ("incident_items", [charge.incident_id]),
        ("element", [charge.pk, element]),
    ):
        page = client.get(reverse(name, args=args)).content.decode()
        assert words in page, name


def test_a_lawyer_confirms_and_sets_the_day_on_the_pages(two: Proceedings, sign_in: SignIn) -> None:
    condition = two.attach()
    args, client = [two.item.pk, condition.pk], sign_in(two.prosecutor)
    address = reverse("item_use", args=args)
    assert "2/26" in client.get(address).content.decode()
    target = f"case:{two.other.uid}"
    assert client.post(address, {"target": target, "reason": ""}).status_code == 422
    assert client.post(address, {"target": "other", "reason": "x"}).status_code == 422
    for _ in range(2):
        client.post(address, {"target": target, "reason": "Assurance of 3 November"})
    assert UseConfirmation.objects.get().by == two.prosecutor
    assert Entry.objects.filter(kind="evidence.use_confirmed").count() == 1
    page = client.get(reverse("item", args=[two.item.pk])).content.decode()
    assert "Assurance of 3 November" in page
    day = {"last_day_0": "31", "last_day_1": "12", "last_day_2": "2099", "reason": "Letter 7"}
    assert client.post(reverse("item_last_day", args=args), day).status_code == 302
    assert "2099" in client.get(reverse("item", args=[two.item.pk])).content.decode()
    investigator = sign_in(two.investigator)
    for name in ("item_use", "item_last_day"):
        assert investigator.get(reverse(name, args=args)).status_code == 403
        assert investigator.post(reverse(name, args=args), day).status_code == 403


def test_the_node_files_what_came_for_the_case_and_nothing_else(two: Proceedings) -> None:
    two.attach(Use.OTHER_PROCEEDING)
    cases.file_exhibit(NODE, two.case, two.item)
    with pytest.raises(Refused):
        cases.file_exhibit(NODE, two.other, two.item)
    assert Exhibit.objects.count() == 1


def test_a_letter_team_is_another_proceeding(two: Proceedings) -> None:
    two.attach(Use.OTHER_PROCEEDING)
    with pytest.raises(Refused):
        actions.share_item(two.prosecutor, two.item, kind="letter", record=uuid.uuid4())
    assert Item.objects.get().access.count() == 1
    assert set(Recipient) == {"court", "defence", "icc", "other"}
