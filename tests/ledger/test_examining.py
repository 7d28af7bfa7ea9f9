"""The examination of the whole ledger: each kind of damage is found, said in words, and counted."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from comity.core.access import Role
from comity.ledger import actions, engines, judging, tasks
from comity.ledger.models import Checkpoint, Entry, TimeToken
from tests.ledger.test_ledger import _restore_triggers, _without_triggers, sequence, write

TABLES = ("entry", "entrydetails", "tile", "checkpoint", "timetoken")


def codes(report: object) -> list[str]:
    return [fault.code for fault in report.faults]


def say(**options: object) -> tuple[str, str]:
    """What the command prints and complains of; raises CommandError for a fault."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify_ledger", stdout=out, stderr=err, **options)
    except CommandError as failed:
        return out.getvalue(), f"{err.getvalue()}{failed}"
    return out.getvalue(), err.getvalue()


@pytest.fixture
def grown() -> None:
    """Three checkpoints over 600 entries: full tiles, a second level, old heads."""
    for count in (10, 300, 290):
        write(count)
        sequence()


@pytest.fixture
def open_tables() -> Iterator[None]:
    """The tables as their owner has them, who can switch triggers off."""
    with connection.cursor() as cursor:
        for table in TABLES:
            _without_triggers(cursor, table)
    yield
    with connection.cursor() as cursor:
        _restore_triggers(cursor)


@pytest.mark.django_db
def test_a_whole_ledger_holds(grown) -> None:
    report = actions.examine(timedelta(minutes=10))
    assert (report.size, report.seen, report.checkpoints) == (600, 600, 3)
    assert report.faults == report.doubts == []
    assert "It holds" in say()[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ('UPDATE ledger_entry SET body = %s WHERE "index" = 1', ["ledger.entry_changed"] * 2),
        ("UPDATE ledger_entry SET kind = 'x' WHERE \"index\" = 1", ["ledger.entry_changed"]),
        ("UPDATE ledger_checkpoint SET root = %s WHERE size = 10",
         ["ledger.root_differs", "ledger.checkpoint_changed"]),
        ("UPDATE ledger_checkpoint SET note = %s WHERE size = 10", ["ledger.checkpoint_unsigned"]),
        ("UPDATE ledger_checkpoint SET size = 11 WHERE size = 10",
         ["ledger.root_differs", "ledger.checkpoint_changed"]),
        ("UPDATE ledger_tile SET hashes = %s WHERE level = 1", ["ledger.tiles_differ"]),
        ('UPDATE ledger_tile SET hashes = %s WHERE level = 0 AND "index" = 1',
         ["ledger.tiles_differ"]),
        ("DELETE FROM ledger_entrydetails WHERE entry_id = "
         '(SELECT id FROM ledger_entry WHERE "index" = 7)', ["ledger.details_missing"]),
        ("DELETE FROM ledger_checkpoint WHERE size = 600", ["ledger.entries_unsigned"]),
        ('UPDATE ledger_entry SET "index" = 700 WHERE "index" = 5',
         ["ledger.entries_missing", "ledger.entries_unsigned"]),
    ],
)  # fmt: skip
def test_each_damage_is_found_where_it_is(grown, open_tables, damage, expected) -> None:
    with connection.cursor() as cursor:
        cursor.execute(damage, [b"\x00" * 32] if "%s" in damage else [])
    assert codes(actions.examine())[: len(expected)] == expected
    assert len(codes(actions.examine())) == len(expected)
    _said, complained = say()
    assert expected[0] in complained
    assert "The ledger does not hold" in complained


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_a_rewritten_history_is_seen_at_the_first_old_checkpoint(grown, open_tables) -> None:
    """An insider who forges an entry, its leaf and the newest head leaves the older heads."""
    from comity.core import canonical, merkle

    entry = Entry.objects.get(index=3)
    stated = canonical.decode(bytes(entry.body)) | {"kind": "test.forged"}
    body = canonical.encode(stated)
    Entry.objects.filter(pk=entry.pk).update(
        body=body, leaf_hash=merkle.leaf_hash(body), kind="test.forged"
    )
    report = actions.examine()
    assert codes(report) == ["ledger.root_differs", "ledger.tiles_differ", "ledger.tiles_differ"]
    assert report.faults[0].facts == {"size": 10}


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_details_may_be_gone_where_an_entry_says_so(grown, open_tables) -> None:
    entry = Entry.objects.get(index=7)
    entry.committed.delete()
    with transaction.atomic():
        actions.append(_Keeper(), "ledger.details_erased", f"entry:{entry.uid}")
    report = actions.examine()
    assert (report.faults, report.erased) == ([], 1)


class _Keeper:
    actor_id = "node:test"

    def may(self, act: object) -> bool:
        return False


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"response": b"\x30\x00"}, "timestamp.malformed"),
        ({"gen_time": timezone.now() - timedelta(days=1)}, "ledger.token_changed"),
        ("other", "ledger.token_for_other_bytes"),
    ],
)
def test_a_token_that_does_not_fit_its_checkpoint(
    tsa, settings, grown, open_tables, change, code
) -> None:
    settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [tsa[0]], [tsa[1]]
    assert tasks.stamp_newest()
    report = actions.examine()
    assert (report.faults, report.doubts, report.tokens) == ([], [], 1)
    if change == "other":
        TimeToken.objects.update(checkpoint=Checkpoint.objects.get(size=10))
    else:
        TimeToken.objects.update(**change)
    assert codes(actions.examine()) == [code]


@pytest.mark.django_db
def test_a_token_of_an_authority_without_a_root_here_is_a_doubt(tsa, settings, grown) -> None:
    settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [tsa[0]], [tsa[1]]
    assert tasks.stamp_newest()
    settings.COMITY_TSA_ROOTS = []
    report = actions.examine()
    assert (report.faults, [doubt.code for doubt in report.doubts]) == (
        [], ["timestamp.authority_unknown"],
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_an_entry_that_waits_too_long_is_a_finding(open_tables) -> None:
    write(2)
    Entry.objects.update(at=timezone.now() - timedelta(hours=1))
    assert codes(actions.examine(timedelta(minutes=10))) == ["ledger.pending_too_long"]
    assert codes(actions.examine(timedelta(hours=2))) == []
    assert "2 entries wait" in say()[1]


@pytest.mark.django_db(transaction=True)
def test_a_custody_record_that_was_altered_is_named(officer, tmp_path, settings) -> None:
    from django.utils import timezone as clock

    from comity.cases import actions as cases
    from comity.evidence import actions as evidence
    from comity.evidence.models import CustodyRecord
    from comity.evidence.rules import Origin

    prosecutor = officer(Role.PROSECUTOR)
    case = cases.open_case(prosecutor, number="80/26", title="Bridge")
    evidence.ingest(
        prosecutor, io.BytesIO(b"crater"), title="Crater", kind="photo",
        access=[("case", case.uid)], origin=Origin.INVESTIGATION,
        acquisition=evidence.Acquisition(
            acquired_by=prosecutor.actor_id, acquired_at=clock.now(),
            method="copied", place="Verbivka", legal_authority="КПК 93",
        ),
    )  # fmt: skip
    assert "It holds" in say()[0]
    CustodyRecord.objects.update(note="altered")
    assert "ledger.custody_changed" in say()[1]


@pytest.mark.django_db
def test_memory_does_not_grow_with_the_ledger(monkeypatch) -> None:
    monkeypatch.setattr(engines, "READ_AT_ONCE", 500)
    monkeypatch.setattr(judging, "AT_ONCE", 500)
    write(20)
    sequence()
    peaks = []
    for count in (500, 3_000):
        with transaction.atomic():
            actions.append_many(
                _Keeper(),
                [actions.NewEntry("test.done", "thing:1", {"n": n}) for n in range(count)],
            )
        sequence()
        tracemalloc.start()
        actions.examine()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2  # six times the entries
