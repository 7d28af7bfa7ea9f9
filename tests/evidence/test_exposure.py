"""Distressing items are counted for each officer and day; past the limit a reason is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core.access import Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.rules import Derived
from comity.ledger.models import Entry
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db


def look(actor: Officer, item: Item, going_on: str = "") -> None:
    item.refresh_from_db()
    actions.open_item(actor, item, purpose="case_work", going_on=going_on).close()


def hard(world: World) -> Item:
    item = world.item()
    actions.mark_distressing(world.prosecutor, item)
    return item


def test_a_mark_is_in_the_ledger_and_only_for_those_who_see_the_item(world: World) -> None:
    item = hard(world)
    actions.mark_distressing(world.prosecutor, item)
    assert Entry.objects.filter(kind="evidence.item_marked").count() == 1
    actions.unmark_distressing(world.investigator, item)
    assert Entry.objects.filter(kind="evidence.item_marked").count() == 2
    item.refresh_from_db()
    assert not item.distressing
    assert actions.check_custody(world.prosecutor, item).holds
    with pytest.raises(NotVisible):
        actions.mark_distressing(world.stranger, item)


def test_what_is_made_of_a_distressing_item_is_marked_too(world: World) -> None:
    for original, marked in ((hard(world), True), (world.item(b"a street"), False)):
        made = actions.add_transcript(
            world.investigator, original, "words", how=Derived.TRANSCRIPT, title="Typed"
        )
        assert made.distressing is marked


def test_only_distressing_items_of_today_count(world: World) -> None:
    item, other = hard(world), world.item(b"a street")
    actions.set_exposure_limit(world.prosecutor, world.prosecutor, 2)
    look(world.prosecutor, other)
    look(world.prosecutor, item)
    look(world.investigator, item)
    assert actions.exposure_of(world.prosecutor).views == 1
    CustodyRecord.objects.filter(event="accessed").update(at=timezone.now() - timedelta(days=1))
    assert actions.exposure_of(world.prosecutor).views == 0


def test_past_the_limit_a_reason_lets_go_on_and_stands_under_the_officer(world: World) -> None:
    item = hard(world)
    actions.set_exposure_limit(world.prosecutor, world.prosecutor, 1)
    look(world.prosecutor, item)
    with pytest.raises(Incomplete, match=r"exposure_reached"):
        look(world.prosecutor, item)
    with pytest.raises(Refused, match=r"too_long"):
        look(world.prosecutor, item, going_on="x" * 501)
    opened = item.custody.filter(event="accessed")
    assert opened.count() == 1
    look(world.prosecutor, item, going_on="The hearing is tomorrow")
    assert opened.count() == 2
    entry = Entry.objects.get(kind="evidence.exposure_continued")
    assert entry.subject == world.prosecutor.subject
    assert entry.committed.as_mapping()["reason"] == "The hearing is tomorrow"
    assert "hearing" not in str(list(item.custody.values()))
    look(world.prosecutor, world.item(b"a street"))


def test_the_node_sets_a_limit_for_those_who_have_none(
    world: World, settings: LazySettings
) -> None:
    item = hard(world)
    assert actions.exposure_of(world.prosecutor).limit == 0
    settings.COMITY_DISTRESSING_VIEWS_A_DAY = 1
    look(world.prosecutor, item)
    assert actions.exposure_of(world.prosecutor).is_reached
    actions.set_exposure_limit(world.prosecutor, world.prosecutor, 0)
    look(world.prosecutor, item)


def test_a_supervisor_of_the_team_sets_it_and_the_officer_only_lowers_it(
    world: World, officer
) -> None:
    supervisor, outside = officer(Role.SUPERVISOR), officer(Role.SUPERVISOR)
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=supervisor)
    actions.set_exposure_limit(supervisor, world.investigator, 5)
    for wish in (0, 6):
        with pytest.raises(Refused, match=r"limit_of_a_supervisor"):
            actions.set_exposure_limit(world.investigator, world.investigator, wish)
    actions.set_exposure_limit(world.investigator, world.investigator, 3)
    with pytest.raises(Refused, match=r"limit_of_a_supervisor"):
        actions.set_exposure_limit(world.investigator, world.investigator, 4)
    assert actions.exposure_of(world.investigator).limit == 3
    with pytest.raises(NotAllowed):
        actions.set_exposure_limit(outside, world.investigator, 1)
    with pytest.raises(NotAllowed):
        actions.set_exposure_limit(world.investigator, world.prosecutor, 1)
    with pytest.raises(Refused, match=r"out_of_range"):
        actions.set_exposure_limit(supervisor, world.investigator, 501)


def test_who_takes_the_mark_away_still_counts_and_is_asked(world: World) -> None:
    item, other = hard(world), hard(world)
    officer = world.investigator
    actions.set_exposure_limit(officer, officer, 1)
    look(officer, item)
    for one in (item, other):
        actions.unmark_distressing(officer, one)
    assert actions.exposure_of(officer).views == 1
    with pytest.raises(Incomplete, match=r"exposure_reached"):
        look(officer, other)
    look(officer, world.item(b"a street"))
    assert actions.exposure_of(officer).views == 1
