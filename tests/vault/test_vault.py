"""Rows of the vault: one object for the same bytes, damage seen, orphans swept."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection, transaction

from comity.core.access import NodeActor
from comity.core.errors import Refused, Untrusted
from comity.ledger.models import Entry
from comity.vault import actions, storage
from comity.vault.models import StoredFile
from comity.vault.tasks import scrub_is_due, sweep_incoming, sweep_is_due
from tests.vault.conftest import objects

NODE = NodeActor("test")
pytestmark = pytest.mark.django_db(transaction=True)


def keep(plain: bytes) -> StoredFile:
    taken = storage.take_in(io.BytesIO(plain))
    with transaction.atomic():
        return actions.keep(NODE, taken)


def damage(path: Path, change: Callable[[bytes], bytes]) -> None:
    data = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(change(data))


def make_old(path: Path, hours: float = 48) -> None:
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))


def test_known_bytes_keep_one_row_and_one_object(vault: Path) -> None:
    first, second = keep(b"a photograph"), keep(b"a photograph")
    assert first.pk == second.pk
    assert [path.name for path in objects(vault)] == [first.stored_name]


def test_the_second_object_stays_until_the_transaction_is_committed(vault: Path) -> None:
    keep(b"a photograph")
    taken = storage.take_in(io.BytesIO(b"a photograph"))
    with transaction.atomic():
        actions.keep(NODE, taken)
        transaction.set_rollback(True)
    assert len(objects(vault)) == 2


def test_keeping_outside_a_transaction_is_a_mistake() -> None:
    taken = storage.take_in(io.BytesIO(b"x"))
    with pytest.raises(RuntimeError, match="transaction"):
        actions.keep(NODE, taken)


def test_six_writers_of_the_same_bytes_make_one_object(vault: Path) -> None:
    plain, kept, failed = os.urandom(200_000), [], []

    def write() -> None:
        try:
            kept.append(keep(plain).pk)
        except Exception as failure:  # noqa: BLE001 - shown by the assertion below
            failed.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(set(kept)) == 1
    assert len(objects(vault)) == StoredFile.objects.count() == 1


def test_bytes_received_again_replace_an_object_that_was_lost(vault: Path) -> None:
    first = keep(b"only copy")
    storage.remove(first.stored_name)
    again = keep(b"only copy")
    assert again.pk == first.pk
    with actions.open_file(NODE, again) as reader:
        assert reader.read() == b"only copy"
    assert Entry.objects.filter(kind="vault.object_replaced", subject=first.subject).count() == 1


def test_a_scrub_records_each_damage_once(vault: Path) -> None:
    whole, broken = keep(b"whole"), keep(b"broken" * 10_000)
    damage(vault / "objects" / broken.stored_name[:2] / broken.stored_name, lambda b: b[:-1])
    first, second = (actions.scrub(NODE) for _ in range(2))
    assert [file.pk for file in first.damaged] == [broken.pk]
    assert [file.pk for file in second.damaged] == [broken.pk]
    assert Entry.objects.filter(kind="vault.object_damaged").count() == 1
    assert Entry.objects.filter(kind="vault.objects_checked").count() == 2
    whole.refresh_from_db()
    assert whole.checked_at is not None
    assert whole.damage == ""


def test_a_scrub_takes_those_checked_longest_ago_first() -> None:
    files = [keep(bytes([number])) for number in range(3)]
    assert actions.scrub(NODE, at_most=2).files == 2
    assert actions.scrub(NODE, at_most=1).files == 1
    assert StoredFile.objects.filter(checked_at=None).count() == 0
    assert not scrub_is_due()
    StoredFile.objects.filter(pk=files[0].pk).update(checked_at="2020-01-01T00:00Z")
    assert scrub_is_due()


def test_a_damaged_file_names_what_is_wrong(vault: Path) -> None:
    file = keep(b"a statement")
    damage(objects(vault)[0], lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Untrusted) as doubt:
        actions.open_file(NODE, file)
    assert doubt.value.code == "vaultfile.end_not_authentic"


def test_a_sweep_removes_what_a_stopped_ingest_left_and_nothing_else(vault: Path) -> None:
    named = keep(b"named")
    orphan = storage.take_in(io.BytesIO(b"no row"))
    fresh = storage.take_in(io.BytesIO(b"about to be kept"))
    for path in objects(vault):
        if path.name != fresh.stored_name:
            make_old(path)
    left = vault / "incoming" / "left"
    left.write_bytes(b"half")
    make_old(left)
    assert sweep_is_due()
    assert sweep_incoming.func() == 2
    assert {path.name for path in objects(vault)} == {named.stored_name, fresh.stored_name}
    assert orphan.stored_name not in {path.name for path in objects(vault)}
    assert not left.exists()
    assert not sweep_is_due()
    assert Entry.objects.filter(kind="vault.orphans_swept").count() == 1


def test_a_sweep_leaves_a_running_ingest_alone(vault: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    class Slow(io.RawIOBase):
        done = False

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            if self.done:
                return 0
            started.set()
            go_on.wait(10)
            self.done = True
            buffer[:4] = b"slow"
            return 4

    taken: list[storage.TakenIn] = []
    thread = threading.Thread(target=lambda: taken.append(storage.take_in(Slow())))  # type: ignore[arg-type]
    thread.start()
    started.wait(10)
    (writing,) = (vault / "incoming").iterdir()
    make_old(writing)
    assert actions.sweep(NODE).incoming == 0
    go_on.set()
    thread.join()
    assert taken[0].size == 4


def test_a_sweep_does_not_take_an_object_that_is_being_kept(vault: Path) -> None:
    taken = storage.take_in(io.BytesIO(b"kept late"))
    make_old(objects(vault)[0])
    with transaction.atomic():
        file = actions.keep(NODE, taken)
        assert not storage.remove_if_old(taken.stored_name, 3600)
    assert storage.is_whole(file.stored_name, file.stored_size)


def test_keeping_what_a_sweep_removed_is_refused(vault: Path) -> None:
    taken = storage.take_in(io.BytesIO(b"forgotten"))
    make_old(objects(vault)[0])
    actions.sweep(NODE)
    with pytest.raises(Refused) as refused, transaction.atomic():
        actions.keep(NODE, taken)
    assert refused.value.code == "vault.taken_in_too_long_ago"
    assert not StoredFile.objects.exists()
