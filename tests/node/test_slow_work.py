"""Foreign tools take minutes; the quick work of a node does not wait for them."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django_tasks_db.models import DBTaskResult

from comity.evidence.models import Examination
from comity.node import checks, working
from tests.evidence import made_media
from tests.evidence.conftest import World, vault, world  # noqa: F401 - fixtures

EXAMINE = "comity.evidence.tasks.examine_items"


def lines(*, slow: bool) -> list[working.Planned]:
    return [line for line in working.plan() if line.is_slow == slow]


def test_tools_texts_and_the_replica_are_slow_and_nothing_else_is() -> None:
    paths = {line.task.module_path for line in lines(slow=True)}
    tools = {EXAMINE, "comity.evidence.tasks.make_texts"}
    assert paths == tools | {"comity.vault.tasks.tend_replica"}


@pytest.mark.django_db(transaction=True)
def test_a_waiting_tool_is_not_run_by_the_quick_thread_but_by_the_slow_one(
    world: World,  # noqa: F811
) -> None:
    item = world.item(made_media.photo())
    assert working.enqueue_due(lines(slow=True), now=0.0) == 1
    working._work_lines(lines(slow=False), slow=False)
    assert [row.task_path for row in DBTaskResult.objects.ready()] == [EXAMINE]
    working._work_lines(lines(slow=True), slow=True)
    assert not DBTaskResult.objects.ready().exists()
    assert Examination.objects.filter(item=item, failed="").count() == 2


@pytest.mark.parametrize(("chosen", "said"), [("bwrap", ""), ("limits", "alone"), ("off", "No")])
def test_the_check_says_how_tools_are_held_in(
    settings: LazySettings, chosen: str, said: str
) -> None:
    settings.COMITY_SANDBOX = chosen
    found = checks.tools_are_held_in(None)
    assert [each.id for each in found] == (["comity.W007"] if said else [])
    assert all(said in each.msg for each in found)
