"""What was made of what: the whole tree from the first original, as far as an officer sees it."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comity.evidence import actions
from comity.evidence.models import Item, ItemAccess, lineage, lineage_of
from comity.evidence.models.lineage import MOST_CHILDREN
from comity.evidence.rules import Derived
from tests.core.test_archives import zipped
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db


def made(world: World, original: Item, title: str) -> Item:
    making = actions.Making(Derived.EXCERPT, "cutter 1", detail={"from_ms": 1000, "to_ms": 2500})
    source = io.BytesIO(title.encode())
    return actions.derive(world.investigator, original, source, making, title=title)


def test_the_tree_goes_from_the_first_original_through_all(world: World) -> None:
    first = world.item()
    assert lineage_of(world.investigator, first) is None
    left, right = made(world, first, "left"), made(world, first, "right")
    deep = made(world, left, "deep")
    for seen_from in (first, left, right, deep):
        root = lineage_of(world.investigator, seen_from)
        assert root is not None
        assert root.item == first
        assert [child.item for child in root.children] == [left, right]
        assert [child.item for child in root.children[0].children] == [deep]
        current = [root, *root.children, *root.children[0].children]
        assert [node.item for node in current if node.is_current] == [seen_from]


def test_an_item_that_an_officer_may_not_see_is_named_by_nothing(
    world: World, sign_in: SignIn
) -> None:
    first = world.item(title="Hidden original")
    between = made(world, first, "between")
    shown = made(world, between, "shown")
    ItemAccess.objects.filter(item__in=[first, between]).delete()
    page = sign_in(world.investigator).get(url("item", shown.pk)).content.decode()
    assert page.count("an item that you may not see") == 2
    assert "Hidden original" not in page
    assert "0:00:01.000 – 0:00:02.500" in page
    tree = page.partition('id="lineage"')[2].partition("</section>")[0]
    assert first.number not in tree


def test_thousands_of_members_are_counted_and_the_way_to_this_one_is_there(
    world: World, sign_in: SignIn
) -> None:
    archive = world.item(zipped([(str(number), b"%d" % number) for number in range(40)]))
    actions.expand(world.investigator, actions.ask_expansion(world.investigator, archive))
    last = Item.objects.order_by("-pk")[0]
    root = lineage_of(world.investigator, last)
    assert root is not None
    assert [child.item for child in root.children][-1] == last
    assert (len(root.children), root.more) == (MOST_CHILDREN + 1, 40 - MOST_CHILDREN - 1)
    ItemAccess.objects.filter(item=archive).delete()
    hidden = lineage_of(world.investigator, last)
    assert hidden is not None
    assert (hidden.item, hidden.more) == (None, 0)
    ItemAccess.objects.create(item=archive, kind="case", record=world.case)
    assert "and 27 more" in sign_in(world.investigator).get(url("item", last.pk)).content.decode()


def test_of_very_many_a_few_are_read_and_all_are_counted(world: World) -> None:
    first = world.item()
    items = [made(world, first, str(number)) for number in range(lineage.MOST_CHILDREN + 5)]
    found = lineage._below([first.pk], [first.pk, items[-1].pk])
    assert [line.item_id for line in found] == [
        *(item.pk for item in items[: lineage.MOST_CHILDREN]), items[-1].pk,
    ]  # fmt: skip
    assert {line.total for line in found} == {len(items)}


def test_a_wide_tree_asks_as_often_as_a_narrow_one(world: World) -> None:
    first = world.item()
    counts = []
    for width in (1, 9):
        for number in range(width):
            made(world, first, f"{width} {number}")
        with CaptureQueriesContext(connection) as queries:
            lineage_of(world.investigator, first)
        counts.append(len(queries))
    assert counts[0] == counts[1]
