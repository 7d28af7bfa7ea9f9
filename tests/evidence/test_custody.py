"""Whoever changes, swaps or removes a custody record, or the details behind it, is seen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from comity.core import canonical
from comity.core.errors import NotVisible
from comity.evidence import actions
from comity.evidence.models import COMMITTED_FIELDS, CustodyRecord
from comity.evidence.rules import CustodyEvent
from comity.ledger.actions import sequence_pending
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db


def check(world: World, item):
    return actions.check_custody(world.prosecutor, item)


def test_the_custody_of_an_item_holds_as_it_was_written(world: World) -> None:
    item = world.item()
    actions.verify_item(world.prosecutor, item)
    assert check(world, item) == actions.CustodyCheck(3, (), ())
    sequence_pending()
    assert check(world, item).holds
    with pytest.raises(NotVisible):
        actions.check_custody(world.stranger, item)


@pytest.mark.parametrize("field", [*COMMITTED_FIELDS, "event", "at"])
def test_a_changed_field_is_seen_on_the_page_and_by_the_command(
    world: World, sign_in: Callable, capsys, field: str
) -> None:
    item = world.item()
    record = item.custody.get(event=CustodyEvent.RECEIVED)
    other = record.at.replace(year=2020) if field == "at" else "changed"
    CustodyRecord.objects.filter(pk=record.pk).update(**{field: other})
    assert check(world, item).altered == (record.pk,)
    if field == "event":  # no code of ours: the page is not asked to name it
        return
    page = sign_in(world.prosecutor).get(reverse("item", args=[item.pk])).content.decode()
    assert "not what the ledger committed to" in page
    with pytest.raises(CommandError):
        call_command("evidence_check", item.number)
    assert f"{item.number}: records changed: [{record.pk}]" in capsys.readouterr().err


def test_a_removed_record_is_seen(world: World, sign_in: Callable, capsys) -> None:
    item = world.item()
    actions.open_item(world.prosecutor, item, purpose="court").close()
    record = item.custody.get(event=CustodyEvent.ACCESSED)
    entry = record.entry
    CustodyRecord.objects.filter(pk=record.pk).delete()
    assert check(world, item).removed == (entry,)
    page = sign_in(world.prosecutor).get(reverse("item", args=[item.pk])).content.decode()
    assert "Records of custody are gone" in page
    with pytest.raises(CommandError):
        call_command("evidence_check")


def test_a_record_tied_to_another_items_entry_is_seen(world: World) -> None:
    one, other = world.item(b"one"), world.item(b"other")
    record = one.custody.get(event=CustodyEvent.INGESTED)
    foreign = other.custody.get(event=CustodyEvent.INGESTED).entry
    CustodyRecord.objects.filter(entry=foreign).update(entry=None)
    CustodyRecord.objects.filter(pk=record.pk).update(entry=foreign)
    assert record.pk in check(world, one).altered
    assert check(world, one).removed


@pytest.mark.breaks_ledger
def test_whoever_changes_record_and_details_together_is_seen(world: World) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the triggers of PostgreSQL are tested in tests/ledger")
    item = world.item()
    record = item.custody.get(event=CustodyEvent.RECEIVED)
    CustodyRecord.objects.filter(pk=record.pk).update(place="elsewhere")
    record.refresh_from_db()
    details = record.entry.committed.as_mapping() | {"record": record.record_digest()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(
            "UPDATE ledger_entrydetails SET details = %s WHERE entry_id = %s",
            [canonical.encode(details), record.entry_id],
        )
    record = CustodyRecord.objects.get(pk=record.pk)
    assert record.matches_entry
    assert check(world, item).altered == (record.pk,)


def test_the_command_says_that_all_hold_and_names_what_is_no_number(world: World, capsys) -> None:
    item = world.item()
    call_command("evidence_check", item.number)
    assert "The custody of 1 items holds." in capsys.readouterr().out
    for wrong in ("E-999999", "../x", "E-" + "9" * 30):
        with pytest.raises(CommandError):
            call_command("evidence_check", wrong)
