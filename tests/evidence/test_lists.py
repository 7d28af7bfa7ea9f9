"""No list of the evidence pages ends silently: it has pages, or says how many more there are."""

from __future__ import annotations

import pytest

from comity.evidence import actions
from comity.evidence.models import Likeness, TextJob, likeness, lineage, lineage_of
from comity.evidence.rules.tools import Writing
from comity.evidence.views import custody, items, looking, packages
from tests.evidence.conftest import World
from tests.evidence.test_lineage import made
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db


def page_of(sign_in: SignIn, world: World, address: str) -> str:
    return sign_in(world.prosecutor).get(address).content.decode()


def test_the_custody_has_pages_and_counts_all(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = world.item()
    for _time in range(3):
        actions.verify_item(world.prosecutor, item)
    monkeypatch.setattr(custody, "PER_PAGE", 2)
    first = page_of(sign_in, world, url("item_custody", item.pk))
    assert first.count("<li") > 0
    assert 'class="cm-count">5<' in first
    assert "?page=3" in first
    assert "Received" not in first
    last = page_of(sign_in, world, url("item_custody", item.pk) + "?page=3")
    assert "Received" in last


def test_the_item_says_that_older_events_are_not_shown(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = world.item()
    actions.verify_item(world.prosecutor, item)
    assert "These are the newest" not in page_of(sign_in, world, url("item", item.pk))
    monkeypatch.setattr(items, "MOST_CUSTODY", 2)
    page = page_of(sign_in, world, url("item", item.pk))
    assert "These are the newest 2 of 3 events." in page


def test_more_items_of_the_same_bytes_are_counted(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, *others = [world.item(b"the same") for _number in range(4)]
    for other in others:
        actions.attach_condition(
            world.prosecutor, other, code="no_publication", texts={"en": "No."}, forbids=[],
            set_by_node="moj.jp.example",
        )  # fmt: skip
    monkeypatch.setattr(items, "MOST_TWINS", 1)
    page = page_of(sign_in, world, url("item", item.pk))
    assert "and 2 more" in page.partition('id="conditions"')[0]


def test_a_package_page_says_that_older_items_are_not_listed(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.item(), world.item(b"another")
    assert "are listed" not in page_of(sign_in, world, url("item_package"))
    monkeypatch.setattr(packages, "MOST_OFFERED", 1)
    assert "Only the newest 1 items are listed." in page_of(sign_in, world, url("item_package"))


def test_what_looks_alike_and_came_together_is_counted_beyond_what_is_listed(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = [world.item(b"%d" % number) for number in range(4)]
    for other in others:
        Likeness.objects.create(first=first, second=other, distance=4)
    monkeypatch.setattr(likeness, "MOST_SHOWN", 1)
    page = page_of(sign_in, world, url("item", first.pk))
    assert page.partition('id="alike"')[2].count("and 2 more") == 2


def test_a_deep_tree_counts_what_it_cuts(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.item()
    middle = made(world, first, "middle")
    made(world, middle, "one"), made(world, middle, "two")
    for name in ("MOST_LEVELS", "MOST_SHOWN"):
        with monkeypatch.context() as patch:
            patch.setattr(lineage, name, 1 if name == "MOST_LEVELS" else 2)
            root = lineage_of(world.investigator, first)
        assert root is not None
        assert [child.more for child in root.children] == [2]


def test_more_texts_that_are_being_made_are_counted(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = world.item()
    for _number in range(3):
        TextJob.objects.create(item=item, how=next(iter(Writing)), asked_by=world.investigator)
    monkeypatch.setattr(looking, "MOST_JOBS", 1)
    assert "and 2 more" in page_of(sign_in, world, url("item", item.pk))


def test_what_forbids_use_stands_before_all_else_on_the_item(world: World, sign_in: SignIn) -> None:
    item = world.item()
    made(world, item, "an excerpt")
    page = page_of(sign_in, world, url("item", item.pk))
    order = [page.index(f'id="{part}"') for part in ("conditions", "lineage", "disclosures")]
    assert order == sorted(order)
    assert page.index('id="conditions"') < page.index('id="custody"')
