"""The ledger: entries in the act's transaction, one sequencer, proofs, refusing triggers."""

import threading

import pytest
from django.db import DatabaseError, connection, transaction

from comity.core import logproof
from comity.core.access import NodeActor
from comity.core.errors import ProofError, Refused, Untrusted
from comity.ledger import actions, engines
from comity.ledger.models import Checkpoint, Entry, EntryDetails, Tile

ACTOR = NodeActor("test")


def write(count: int, **details: object) -> list[Entry]:
    with transaction.atomic():
        return [
            actions.append(ACTOR, "test.done", f"thing:{number}", n=number, **details)
            for number in range(count)
        ]


def sequence() -> None:
    while actions.sequence_pending():
        pass


@pytest.mark.django_db
def test_an_entry_is_pending_until_the_sequencer_numbers_it() -> None:
    entry = write(1)[0]
    assert entry.index is None
    with pytest.raises(Refused):
        actions.prove(entry)
    sequence()
    entry.refresh_from_db()
    assert entry.index == 0
    assert actions.size() == 1


@pytest.mark.django_db
def test_an_act_that_rolls_back_leaves_no_entry() -> None:
    def act_that_fails() -> None:
        with transaction.atomic():
            actions.append(ACTOR, "test.done", "thing:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        act_that_fails()
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_many_acts_at_once_are_entries_like_any_other() -> None:
    """The way past the models stores what the way through them does, in the order given."""
    acts = [
        actions.NewEntry("test.done", f"thing:{n}", {"n": n, "word": "слово 証"})
        for n in range(150)
    ]
    before = write(1)[0]
    with transaction.atomic():
        keys = actions.append_many(ACTOR, acts)
    after = write(1)[0]
    assert keys == sorted(keys)
    assert before.pk < keys[0]
    assert keys[-1] < after.pk
    stored = list(Entry.objects.filter(pk__in=keys).order_by("pk").select_related("committed"))
    assert [entry.subject for entry in stored] == [act.subject for act in acts]
    assert [dict(entry.committed.as_mapping()) for entry in stored] == [act.details for act in acts]
    assert Entry.objects.get(uid=stored[70].uid).at == stored[70].at
    sequence()
    assert actions.verify_all() == 152
    assert actions.append_many(ACTOR, []) == []


@pytest.mark.django_db
def test_one_act_without_a_byte_form_stops_all_of_them() -> None:
    act = actions.NewEntry("test.done", "thing:1", {"n": 2.5})
    with transaction.atomic(), pytest.raises(TypeError):
        actions.append_many(ACTOR, [actions.NewEntry("test.done", "thing:0", {}), act])
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_a_proof_convinces_somebody_who_has_only_the_entry_and_the_key() -> None:
    write(700)
    sequence()
    write(3)
    sequence()
    entry = Entry.objects.get(index=701)
    proof = logproof.parse(actions.prove(entry))
    signed = logproof.verify(proof, bytes(entry.body), [actions.signer().verifier])
    assert signed.checkpoint.size == 703
    with pytest.raises(ProofError):
        logproof.verify(proof, bytes(entry.body) + b" ", [actions.signer().verifier])


@pytest.mark.django_db
@pytest.mark.breaks_ledger
def test_the_database_refuses_to_change_or_delete_the_ledger() -> None:
    write(2)
    sequence()
    entry = Entry.objects.get(index=0)
    attempts = [
        lambda: Entry.objects.filter(index=0).update(kind="test.undone"),
        lambda: Entry.objects.filter(index=0).update(index=9),
        lambda: Entry.objects.filter(index=0).delete(),
        lambda: EntryDetails.objects.filter(entry=entry).update(details=b"{}"),
        lambda: EntryDetails.objects.filter(entry=entry).delete(),
        lambda: Tile.objects.update(hashes=b"x" * 64),
        lambda: Tile.objects.all().delete(),
        lambda: Checkpoint.objects.update(size=1),
        lambda: Checkpoint.objects.all().delete(),
    ]
    for attempt in attempts:
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert actions.verify_all() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
@pytest.mark.parametrize("table", engines.LEDGER_TABLES)
def test_the_database_refuses_to_empty_the_ledger_at_a_stroke(table: str) -> None:
    write(2)
    sequence()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {table} CASCADE")
    assert Entry.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
@pytest.mark.parametrize(
    "damage",
    [
        'UPDATE ledger_entry SET body = %s WHERE "index" = 1',
        "UPDATE ledger_entry SET kind = 'x' WHERE \"index\" = 1",
        'UPDATE ledger_entry SET leaf_hash = %s WHERE "index" = 1',
        "UPDATE ledger_entrydetails SET details = %s",
        'DELETE FROM ledger_entrydetails; DELETE FROM ledger_entry WHERE "index" = 2',
        "UPDATE ledger_tile SET hashes = %s",
        "UPDATE ledger_checkpoint SET root = %s",
        "UPDATE ledger_checkpoint SET note = %s",
    ],
)
def test_an_insider_who_edits_a_table_is_found_out(damage: str) -> None:
    write(3)
    sequence()
    with connection.cursor() as cursor:
        for table in ("entry", "entrydetails", "tile", "checkpoint", "timetoken"):
            _without_triggers(cursor, table)
        for statement in damage.split("; "):
            cursor.execute(statement, [b"\x00" * 32] if "%s" in statement else [])
    with pytest.raises(Untrusted):
        actions.verify_all()
    with connection.cursor() as cursor:
        _restore_triggers(cursor)


def _without_triggers(cursor, table: str) -> None:
    if connection.vendor == "postgresql":
        cursor.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER")
        return
    cursor.execute(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s",
        [f"ledger_{table}"],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f"DROP TRIGGER {name}")


def _restore_triggers(cursor) -> None:
    from comity.ledger import engines

    if connection.vendor == "postgresql":
        for table in ("entry", "entrydetails", "tile", "checkpoint", "timetoken"):
            cursor.execute(f"ALTER TABLE ledger_{table} ENABLE TRIGGER USER")
        return
    for statement in engines.trigger_statements("sqlite"):
        cursor.execute(statement.replace("CREATE TRIGGER", "CREATE TRIGGER IF NOT EXISTS"))


@pytest.mark.django_db(transaction=True)
def test_many_writers_and_two_sequencers_number_every_entry_once() -> None:
    def writer() -> None:
        for _ in range(10):
            write(3)
        connection.close()

    def sequencer() -> None:
        for _ in range(20):
            actions.sequence_pending()
        connection.close()

    threads = [threading.Thread(target=work) for work in [writer] * 4 + [sequencer] * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequence()
    assert sorted(Entry.objects.values_list("index", flat=True)) == list(range(120))
    assert actions.verify_all() == 120


@pytest.mark.django_db
def test_appending_outside_a_transaction_is_a_bug(transactional_db: None) -> None:
    with pytest.raises(RuntimeError):
        actions.append(ACTOR, "test.done", "thing:1")


@pytest.mark.django_db
def test_a_checkpoint_is_stamped_by_a_real_authority(tsa, settings) -> None:
    from comity.ledger import tasks

    url, root = tsa
    settings.COMITY_TSA_URLS = [url]
    settings.COMITY_TSA_ROOTS = [root]
    write(2)
    sequence()
    assert tasks.stamp_is_due()
    assert tasks.stamp_newest()
    assert not tasks.stamp_is_due()
    assert actions.stamped_checkpoint().size == 2


@pytest.mark.django_db
def test_a_silent_authority_is_recorded_and_does_not_stop_anything(settings) -> None:
    from comity.ledger import tasks
    from comity.ledger.models import StampFailure

    settings.COMITY_TSA_URLS = ["http://127.0.0.1:9/"]
    write(1)
    sequence()
    assert not tasks.stamp_newest()
    assert StampFailure.objects.get().reason.startswith("http.")
    assert not tasks.stamp_is_due()


@pytest.mark.django_db
def test_an_authority_that_stays_away_is_recorded_once_an_hour_with_a_count(settings, tsa) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from comity.ledger import tasks
    from comity.ledger.models import StampFailure, StampOutage

    settings.COMITY_TSA_URLS = ["http://127.0.0.1:9/"]
    write(1)
    sequence()
    for _ in range(5):
        assert not tasks.stamp_newest()
        StampOutage.objects.update(tried_at=timezone.now() - timedelta(seconds=31))
        assert tasks.stamp_is_due()
    assert [row.failures for row in StampFailure.objects.all()] == [1]
    StampOutage.objects.update(recorded_at=timezone.now() - timedelta(hours=1))
    assert not tasks.stamp_newest()
    assert not tasks.stamp_newest()
    assert [row.failures for row in StampFailure.objects.order_by("id")] == [1, 5]
    address, root = tsa
    settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [address], [root]
    assert tasks.stamp_newest()
    settings.COMITY_TSA_URLS = ["http://127.0.0.1:9/"]
    StampOutage.objects.update(tried_at=timezone.now() - timedelta(seconds=31))
    write(1)
    sequence()
    assert not tasks.stamp_newest()  # another one's token does not end its outage
    assert [row.failures for row in StampFailure.objects.order_by("id")] == [1, 5]


@pytest.mark.django_db
def test_failures_of_authorities_stay_append_only() -> None:
    from comity.ledger.models import StampFailure

    authority = "http://127.0.0.1:9/"
    write(1)
    sequence()
    actions.keep_stamp_failures(actions.newest_checkpoint(), [(authority, "http.x", b"")])
    for change in (
        lambda: StampFailure.objects.update(failures=9),
        lambda: StampFailure.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
