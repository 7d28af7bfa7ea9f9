"""What lets an item leave, what forbids a use, and the record of what left."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest

from comity.accounts import actions as accounts
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import NotAllowed, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import Disclosure, Item
from comity.evidence.rules import BasisKind, CustodyEvent, Origin, Use
from comity.ledger.models import Entry
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db

RELEASE = {"recipient": "jp-moj", "purpose": "legal_assistance"}
TODAY = date(2026, 11, 25)
NODE = NodeActor("exchange", frozenset({Act.ADD_ITEM, Act.SEE_LETTERS}))


def grant(world: World, item: Item, **fields: object):
    stated = RELEASE | {
        "source_ref": "consent:1",
        "scope": "media",
        "mode": "name_withheld",
        "valid_from": TODAY,
        "valid_until": TODAY + timedelta(days=1),
    }
    return actions.grant_release(world.coordinator, item, **(stated | fields))


def test_a_persons_item_leaves_only_under_a_live_grant(world: World) -> None:
    item = world.item(origin=Origin.PERSON)
    with pytest.raises(Refused) as refused:
        actions.require_release(item, **RELEASE, on=TODAY)
    assert refused.value.facts == {"item": item.number}
    grant(world, item)
    basis = actions.require_release(item, **RELEASE, on=TODAY + timedelta(days=1))
    assert basis == actions.Basis(BasisKind.CONSENT, "consent:1", "name_withheld")


@pytest.mark.parametrize(
    "other",
    [
        {"recipient": "xx-moj"},
        {"purpose": "statistics"},
        {"on": TODAY + timedelta(days=2)},
        {"on": TODAY - timedelta(days=1)},
    ],
)
def test_a_grant_covers_nothing_but_what_it_says(world: World, other: dict) -> None:
    item = world.item(origin=Origin.PERSON)
    grant(world, item)
    grant(world, world.item(b"another", origin=Origin.PERSON), recipient="xx-moj")
    with pytest.raises(Refused):
        actions.require_release(item, **(RELEASE | {"on": TODAY} | other))


def test_a_withdrawn_grant_ends_at_once_for_every_item(world: World) -> None:
    items = [world.item(bytes([n]), origin=Origin.PERSON) for n in range(2)]
    for item in items:
        grant(world, item)
    grant(world, items[0], source_ref="consent:2")
    assert actions.withdraw_release(world.coordinator, source_ref="consent:1") == 2
    assert actions.withdraw_release(world.coordinator, source_ref="consent:1") == 0
    assert actions.require_release(items[0], **RELEASE, on=TODAY).ref == "consent:2"
    with pytest.raises(Refused):
        actions.require_release(items[1], **RELEASE, on=TODAY)
    assert Entry.objects.filter(kind="evidence.release_withdrawn").count() == 2


def test_the_same_grant_twice_is_one(world: World) -> None:
    item = world.item(origin=Origin.PERSON)
    assert grant(world, item).pk == grant(world, item).pk


def test_a_legal_order_is_another_basis(world: World) -> None:
    item = world.item(origin=Origin.PERSON)
    grant(world, item, source_ref="order:412/26", valid_until=None)
    assert actions.require_release(item, **RELEASE, on=TODAY).kind == BasisKind.LEGAL


def test_what_the_investigation_holds_needs_no_grant(world: World) -> None:
    for origin in (Origin.INVESTIGATION, Origin.PARTNER):
        basis = actions.require_release(world.item(origin=origin), **RELEASE, on=TODAY)
        assert basis.kind == BasisKind.INVESTIGATION


def test_only_the_hub_records_and_withdraws(world: World) -> None:
    item = world.item(origin=Origin.PERSON)
    with pytest.raises(NotAllowed):
        actions.grant_release(
            world.prosecutor, item, **RELEASE, source_ref="consent:1", scope="", mode="",
            valid_from=TODAY,
        )  # fmt: skip
    with pytest.raises(NotAllowed):
        actions.withdraw_release(world.prosecutor, source_ref="consent:1")


def test_what_left_is_listed_and_acknowledged_once(world: World) -> None:
    item, message = world.item(), uuid.uuid4()
    basis = actions.require_release(item, **RELEASE, on=TODAY)
    actions.record_disclosure(world.prosecutor, item, **RELEASE, basis=basis, message_id=message)
    assert actions.acknowledge_disclosures(NODE, message_id=message) == 1
    assert actions.acknowledge_disclosures(NODE, message_id=message) == 0
    assert Disclosure.objects.get().acknowledged_at is not None
    events = list(item.custody.values_list("event", flat=True))
    assert events[2:] == [CustodyEvent.TRANSFERRED_OUT, CustodyEvent.RECEIPT]


def test_only_who_sends_records_a_disclosure(world: World) -> None:
    item = world.item()
    basis = actions.require_release(item, **RELEASE, on=TODAY)
    with pytest.raises(NotAllowed):
        actions.record_disclosure(world.investigator, item, **RELEASE, basis=basis)


def attach(item: Item, *forbids: Use) -> None:
    actions.attach_condition(
        NODE,
        item,
        code="this_proceeding_only",
        texts={"uk": "Лише це провадження.", "en": "Only in proceeding 2211/24."},
        forbids=forbids,
        set_by_node="moj.jp.example",
    )


def test_a_condition_blocks_the_use_it_forbids_and_no_other(world: World) -> None:
    item = world.item(origin=Origin.PARTNER)
    attach(item, Use.OTHER_PROCEEDING, Use.ONWARD_TRANSFER)
    actions.require_use(item, Use.EXPORT_TO_COURT)
    with pytest.raises(Refused) as refused:
        actions.require_use(item, Use.ONWARD_TRANSFER)
    assert refused.value.facts == {"item": item.number, "condition": "this_proceeding_only"}
    kept = item.custody.get(event=CustodyEvent.CONDITION_SET)
    assert (kept.counterparty, kept.condition) == ("moj.jp.example", "this_proceeding_only")


def test_an_unknown_use_is_a_mistake(world: World) -> None:
    with pytest.raises(ValueError, match="telepathy"):
        attach(world.item(), "telepathy")  # type: ignore[arg-type]


def test_an_item_shared_with_a_case_is_seen_by_its_team(world: World, officer) -> None:
    other_case, prosecutor = uuid.uuid4(), officer(Role.PROSECUTOR)
    accounts.found_team(prosecutor, kind="case", record=other_case)
    item = world.item()
    for _ in range(2):
        actions.share_item(world.prosecutor, item, kind="case", record=other_case)
    assert Item.objects.visible_to(prosecutor).get() == item
    assert item.custody.filter(event=CustodyEvent.SHARED).count() == 1


def test_only_the_hub_shares_what_a_person_gave(world: World) -> None:
    item = world.item(origin=Origin.PERSON)
    with pytest.raises(NotAllowed):
        actions.share_item(world.prosecutor, item, kind="case", record=world.case)
    actions.share_item(world.coordinator, item, kind="case", record=world.case)
    assert Item.objects.visible_to(world.prosecutor).get() == item


def test_nobody_shares_what_they_do_not_see(world: World) -> None:
    with pytest.raises(NotVisible):
        actions.share_item(world.stranger, world.item(), kind="case", record=uuid.uuid4())
