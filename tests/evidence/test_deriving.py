"""An item made out of another: the line back, what goes with it, and both sides' custody."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from comity.core.access import Act, NodeActor
from comity.core.errors import Incomplete, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import Derivation, Item
from comity.evidence.rules import CustodyEvent, Derived
from tests.evidence.conftest import World
from tests.evidence.test_packages import Verdict, export, failures, verified

pytestmark = pytest.mark.django_db
NODE = NodeActor("exchange", frozenset({Act.ADD_ITEM}))


def cut(world: World, original: Item, **changes: Any) -> Item:
    making = {"how": Derived.EXCERPT, "tool": "cutter 1.2", "detail": {"from_ms": 0, "to_ms": 900}}
    return actions.derive(
        changes.pop("actor", world.investigator),
        original,
        io.BytesIO(b"a part"),
        actions.Making(**(making | changes)),
        title="First second",
    )


def test_a_derived_item_stands_beside_its_original_and_both_custodies_say_so(world: World) -> None:
    original = world.item()
    made = cut(world, original)
    line = Derivation.objects.get(item=made)
    assert (line.original, line.how, line.tool) == (original, Derived.EXCERPT, "cutter 1.2")
    assert (made.compartment, made.origin) == (original.compartment, original.origin)
    assert list(made.access.values_list("kind", "record")) == [("case", world.case)]
    for item, other in ((original, made), (made, original)):
        record = item.custody.get(event=CustodyEvent.DERIVED)
        assert record.matches_entry
        assert (record.digest_before, record.digest_after, record.note) == (
            original.sha256,
            made.sha256,
            other.number,
        )
        assert actions.check_custody(world.investigator, item).holds
    original.refresh_from_db()
    assert actions.verify_item(world.investigator, original)


def test_conditions_and_confirmations_follow_into_what_is_made(world: World) -> None:
    original = world.item()
    condition = actions.attach_condition(
        NODE, original, code="own_words", texts={"en": "No."}, forbids=[], set_by_node="a.example"
    )
    actions.confirm_use(
        world.prosecutor, condition, target="partner:b.example", reason="Letter of 3 November"
    )
    made = cut(world, original)
    (followed,) = made.conditions.all()
    assert (followed.code, followed.cases) == ("own_words", condition.cases)
    assert followed.confirmations.get().target == "partner:b.example"
    actions.set_last_day(
        world.prosecutor,
        condition,
        last_day=timezone.localdate() - timedelta(days=1),
        reason="Return by then",
    )
    with pytest.raises(Refused, match=r"evidence\.use_ended"):
        cut(world, original)


def test_nobody_derives_from_what_they_do_not_see_or_without_naming_the_tool(world: World) -> None:
    original = world.item()
    with pytest.raises(NotVisible):
        cut(world, original, actor=world.stranger)
    with pytest.raises(Incomplete):
        cut(world, original, tool=" ")
    assert not Derivation.objects.exists()


def test_a_condition_or_last_day_that_comes_later_holds_for_what_was_made_before(
    world: World,
) -> None:
    original = world.item()
    made = cut(world, original)
    again = cut(world, made)
    condition = actions.attach_condition(
        NODE, original, code="own_words", texts={"en": "No."}, forbids=[], set_by_node="a.example"
    )
    other = actions.attach_condition(
        NODE, again, code="own_words", texts={"en": "No."}, forbids=[], set_by_node="b.example"
    )
    assert [item.conditions.count() for item in (original, made, again)] == [1, 1, 2]
    day = timezone.localdate() - timedelta(days=1)
    actions.set_last_day(world.prosecutor, condition, last_day=day, reason="Return by then")
    for item in (original, made, again):
        assert item.conditions.filter(last_day=day).count() == 1
        assert actions.check_custody(world.investigator, item).holds
        with pytest.raises(Refused, match=r"evidence\.use_ended"):
            actions.require_look(item)
    other.refresh_from_db()
    assert other.last_day is None


def test_a_package_with_a_derived_item_verifies(world: World) -> None:
    original = world.item()
    made = cut(world, original)
    report = verified(export(world, original, made))
    assert failures(report) == []
    assert report.verdict == Verdict.SEALED
    assert made.custody.get(event=CustodyEvent.INGESTED).matches_entry
