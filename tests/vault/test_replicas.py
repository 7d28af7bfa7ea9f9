"""Copies elsewhere: in a folder, in a bucket of a real server, with repair from either side."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import transaction

from comity.core.access import NodeActor
from comity.core.errors import Refused, Untrusted
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.node import checks
from comity.vault import actions, packs, replicas, storage, stores, tasks
from comity.vault.models import Pack, StoredFile
from tests.conftest import free_port
from tests.vault.bucket import bucket_server

ACTOR = NodeActor("test")
LARGE = os.urandom(1 << 20) * 3


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with bucket_server(tmp_path_factory.mktemp("bucket")) as reached:
        yield reached


@pytest.fixture
def vault(tmp_path: Path, settings: LazySettings) -> Path:
    settings.COMITY_VAULT = tmp_path / "vault"
    settings.COMITY_ERASURES = tmp_path / "erasures.jsonl"
    return tmp_path / "vault"


@pytest.fixture(params=["folder", "bucket"])
def replica(request, tmp_path: Path, settings: LazySettings, vault: Path) -> stores.Store:
    if request.param == "folder":
        settings.COMITY_REPLICA = str(tmp_path / "replica")
    else:
        settings.COMITY_REPLICA = f"s3://copies/{uuid.uuid4().hex}"
        settings.COMITY_REPLICA_S3 = request.getfixturevalue("server")
    made = stores.replica()
    assert made is not None
    return made


@pytest.fixture
def bucket(server: dict[str, str], settings: LazySettings, vault: Path) -> stores.Store:
    settings.COMITY_OBJECT_STORE = f"s3://objects/{uuid.uuid4().hex}"
    settings.COMITY_OBJECT_STORE_S3 = server
    made = stores.object_store()
    assert made is not None
    return made


@transaction.atomic
def stored(content: bytes = LARGE) -> StoredFile:
    return actions.keep(ACTOR, storage.take_in(io.BytesIO(content)))


@transaction.atomic
def packed(*contents: bytes) -> list[StoredFile]:
    small = [packs.Small(each, hashlib.sha256(each).hexdigest()) for each in contents]
    return actions.keep_many(ACTOR, packs.take_in_small(small))


def local(vault: Path, name: str) -> Path:
    return vault / "objects" / name[:2] / name


def spoil(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def kinds() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("kind", flat=True))


# --- the one interface ------------------------------------------------------------------------


def test_a_store_takes_only_bytes_of_their_name_and_gives_ranges(replica) -> None:
    name = hashlib.sha256(LARGE).hexdigest()
    assert replica.size(name) is None
    with pytest.raises(Untrusted, match=r"vault\.object_missing"):
        replica.open(name)
    with pytest.raises(Untrusted, match=r"stored_digest_mismatch"):
        replica.put(name, io.BytesIO(LARGE[:-1]))
    assert replica.size(name) is None
    replica.put(name, io.BytesIO(LARGE))
    replica.put(name, io.BytesIO(LARGE))  # it is there: nothing happens
    assert replica.size(name) == len(LARGE)
    with replica.open(name) as source:
        for place in (0, 2_000_000, 1_048_570, len(LARGE) - 5):
            source.seek(place)
            assert source.read(17) == LARGE[place : place + 17]
        source.seek(0)
        assert hashlib.file_digest(source, "sha256").hexdigest() == name
    replica.remove(name)
    replica.remove(name)
    assert replica.size(name) is None


def test_what_is_written_in_parts_counts_only_if_it_is_whole(replica, monkeypatch) -> None:
    monkeypatch.setattr(stores, "WHOLE_BYTES", 1 << 20)
    content = LARGE * 4
    name = hashlib.sha256(content).hexdigest()
    with pytest.raises(Untrusted, match=r"stored_digest_mismatch"):
        replica.put(name, io.BytesIO(content + b"x"))
    assert replica.size(name) is None
    replica.put(name, io.BytesIO(content))
    with replica.open(name) as source:
        assert hashlib.file_digest(source, "sha256").hexdigest() == name


def test_half_an_object_under_a_name_is_written_over(tmp_path: Path) -> None:
    store, name = stores.Store(str(tmp_path)), hashlib.sha256(LARGE).hexdigest()
    (tmp_path / name[:2]).mkdir()
    (tmp_path / name[:2] / name).write_bytes(LARGE[:100])
    store.put(name, io.BytesIO(LARGE))
    assert (tmp_path / name[:2] / name).read_bytes() == LARGE


# --- the replica ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_object_is_copied_once(replica) -> None:
    file, (first, _second) = stored(), packed(b"one", b"two")
    assert actions.uncopied() == 2
    done = actions.copy_objects(ACTOR)
    assert (done.replicated, done.archived) == (2, 0)
    for name in (file.stored_name, first.pack.stored_name):
        with replica.open(name) as source:
            assert hashlib.file_digest(source, "sha256").hexdigest() == name
    assert not actions.copies_are_due()
    assert actions.copy_objects(ACTOR).replicated == 0


@pytest.mark.django_db
@pytest.mark.parametrize("loss", ["spoilt", "gone"])
def test_the_scrub_repairs_from_the_replica_and_never_silently(replica, vault, loss) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    path = local(vault, file.stored_name)
    spoil(path) if loss == "spoilt" else path.unlink()
    done = actions.scrub(ACTOR)
    assert (done.repaired, done.damaged) == (1, ())
    assert [each for each in kinds() if "object_" in each] == [
        "vault.object_damaged",
        "vault.object_repaired",
    ]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == file.stored_name
    file.refresh_from_db()
    assert file.damage == ""
    assert actions.check_file(ACTOR, file, hashlib.sha256(LARGE).hexdigest()) == len(LARGE)
    assert actions.scrub(ACTOR).repaired == 0


@pytest.mark.django_db
def test_the_files_of_a_repaired_pack_open_again(replica, vault) -> None:
    first, second = packed(b"one" * 100, b"two" * 100)
    actions.copy_objects(ACTOR)
    spoil(local(vault, first.pack.stored_name))
    assert actions.scrub(ACTOR).repaired == 1
    assert not StoredFile.objects.exclude(damage="").exists()
    with actions.open_file(ACTOR, second) as reader:
        assert reader.read() == b"two" * 100


@pytest.mark.django_db
def test_a_spoilt_replica_repairs_nothing(tmp_path, settings, vault) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    file = stored()
    actions.copy_objects(ACTOR)
    name = file.stored_name
    spoil(tmp_path / "replica" / name[:2] / name)
    path = local(vault, name)
    spoil(path)
    before = path.read_bytes()
    assert len(actions.scrub(ACTOR).damaged) == 1
    assert path.read_bytes() == before


@pytest.mark.django_db
def test_a_damaged_object_is_not_copied(replica, vault) -> None:
    file = stored()
    spoil(local(vault, file.stored_name))
    assert actions.copy_objects(ACTOR).left == 1
    assert replica.size(file.stored_name) is None
    assert kinds() == ["vault.object_damaged"]
    assert not actions.copies_are_due()


@pytest.mark.django_db
def test_sha256sum_checks_a_replica_without_keys_and_the_scrub_mends_it(
    tmp_path, settings, vault, capsys
) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    file, _pack = stored(), packed(b"one", b"two")
    call_command("vault_replicate")
    page = Path(__file__).parents[2] / "docs/operate/backup.md"
    line = next(
        each for each in page.read_text("utf-8").splitlines() if each.startswith("(cd REPLICA")
    )

    def sha256sum() -> int:
        command = line.replace("REPLICA", str(tmp_path / "replica"))
        return subprocess.run(["bash", "-c", command], check=False, capture_output=True).returncode

    assert sha256sum() == 0
    copy = tmp_path / "replica" / file.stored_name[:2] / file.stored_name
    spoil(copy)
    assert sha256sum() != 0
    call_command("vault_scrub", "--replica")
    assert "1 repaired, 0 damaged" in capsys.readouterr().out
    assert sha256sum() == 0
    assert kinds()[-3:] == [
        "vault.replica_damaged", "vault.replica_repaired", "vault.replica_checked",
    ]  # fmt: skip


@pytest.mark.django_db
def test_what_is_erased_goes_from_the_replica_too(replica) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    with transaction.atomic():
        actions.shred(ACTOR, file)
    assert actions.copies_are_due()
    assert actions.copy_objects(ACTOR).removed == 1
    assert replica.size(file.stored_name) is None
    assert not actions.copies_are_due()


@pytest.mark.django_db
def test_a_store_that_is_away_is_told_and_nothing_is_marked(settings, vault) -> None:
    settings.COMITY_REPLICA = "s3://copies"
    settings.COMITY_REPLICA_S3 = {
        "endpoint": f"http://127.0.0.1:{free_port()}", "region": "", "key_id": "a", "secret": "b",
    }  # fmt: skip
    stored()
    StoredFile.objects.update(created_at="2026-01-01T00:00:00Z")
    with pytest.raises(CommandError, match="takes nothing"):
        call_command("vault_replicate")
    assert StoredFile.objects.get().replicated_at is None
    assert [each.id for each in checks.copies_are_made(None)] == ["comity.W009"]


# --- a node that keeps its objects in a bucket -------------------------------------------------


@pytest.mark.django_db
def test_objects_move_to_the_bucket_and_open_from_there(bucket, vault) -> None:
    file, (first, second) = stored(), packed(b"one" * 9, b"two" * 9)
    assert actions.copy_objects(ACTOR).archived == 2
    assert not list(vault.rglob("objects/*/*"))
    with actions.open_file(ACTOR, file) as reader:
        reader.seek(2_000_000)
        assert reader.read(10) == LARGE[2_000_000:2_000_010]
    with actions.open_file(ACTOR, second) as reader:
        assert reader.read() == b"two" * 9
    assert actions.check_file(ACTOR, file, hashlib.sha256(LARGE).hexdigest()) == len(LARGE)
    assert actions.scrub(ACTOR).damaged == ()
    assert actions.sweep(ACTOR, object_seconds=0).objects == 0
    assert first.pack_id == Pack.objects.get().pk


@pytest.mark.django_db
def test_bytes_that_are_in_the_bucket_are_not_stored_twice(bucket, vault) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    again = stored()
    assert again.pk == file.pk
    assert "vault.object_replaced" not in kinds()


@pytest.mark.django_db
def test_an_object_lost_in_the_bucket_comes_back_from_the_replica(
    bucket, vault, tmp_path, settings
) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    file = stored()
    assert actions.copy_objects(ACTOR).archived == 1
    bucket.remove(file.stored_name)
    assert actions.scrub(ACTOR).repaired == 1
    assert local(vault, file.stored_name).exists()
    assert actions.copy_objects(ACTOR).archived == 1
    assert bucket.size(file.stored_name) == file.stored_size
    assert not local(vault, file.stored_name).exists()


@pytest.mark.django_db
def test_an_object_stays_here_until_the_bucket_has_it_whole(bucket, vault) -> None:
    file = stored()
    path = local(vault, file.stored_name)
    spoil(path)
    assert actions.copy_objects(ACTOR).left == 1
    assert path.exists()
    assert bucket.size(file.stored_name) is None


@pytest.mark.django_db
def test_a_bucket_that_is_away_is_no_damage(bucket, vault, settings) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    away = {"endpoint": f"http://127.0.0.1:{free_port()}", "key_id": "a", "secret": "b"}
    settings.COMITY_OBJECT_STORE_S3 = away
    with pytest.raises(Refused, match=r"vault\.store_away"):
        actions.open_file(ACTOR, file)
    done = actions.scrub(ACTOR)
    assert (done.files, done.unseen, done.damaged) == (0, 1, ())
    file.refresh_from_db()
    assert file.damage == ""


@pytest.mark.django_db
def test_what_is_erased_goes_from_the_bucket(bucket) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    with transaction.atomic():
        actions.shred(ACTOR, file)
    actions.copy_objects(ACTOR)
    assert bucket.size(file.stored_name) is None


# --- the worker tends the replica ---------------------------------------------------------------


def later(days: int) -> None:
    """As if so many days had gone by since everything that was noted."""
    for model in (StoredFile, Pack):
        for row in model.objects.all():
            for name in ("replicated_at", "copy_checked_at", "created_at"):
                if getattr(row, name):
                    setattr(row, name, getattr(row, name) - timedelta(days=days))
            row.save()


@pytest.mark.django_db
def test_the_worker_re_hashes_each_copy_in_thirty_days_and_mends_it(replica, vault) -> None:
    file, (small, _other) = stored(), packed(b"one", b"two")
    assert tasks.copy_objects.func() == 2
    assert not tasks.replica_is_due()
    later(31)
    assert tasks.replica_is_due()
    replica.remove(small.pack.stored_name)
    assert tasks.tend_replica.func() == 2
    assert not tasks.replica_is_due()
    assert replica.size(small.pack.stored_name) == small.pack.stored_size
    assert replica.size(file.stored_name) == file.stored_size
    assert [each for each in kinds() if "replica" in each] == [
        "vault.replica_damaged", "vault.replica_repaired", "vault.replica_checked",
    ]  # fmt: skip
    assert replicas.damaged_copies() == 0


@pytest.mark.django_db
def test_a_few_at_a_time_those_that_wait_longest_first(tmp_path, settings, vault) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    files = [stored(os.urandom(1 << 20)) for _number in range(3)]
    actions.copy_objects(ACTOR)
    later(40)
    StoredFile.objects.filter(pk=files[2].pk).update(replicated_at="2020-01-01T00:00:00Z")
    for left in (2, 1, 0):
        assert replicas.check_replica(ACTOR, at_most=1, only_due=True).files == 1
        assert replicas.copies_to_check() == left
        files[2].refresh_from_db()
        assert files[2].copy_checked_at is not None
    assert replicas.check_replica(ACTOR, at_most=1, only_due=True).files == 0


@pytest.mark.django_db
def test_a_copy_that_nothing_mends_is_reported_once_and_tried_again(
    tmp_path, settings, vault
) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    file = stored()
    actions.copy_objects(ACTOR)
    copy = tmp_path / "replica" / file.stored_name[:2] / file.stored_name
    own = local(vault, file.stored_name)
    spoil(copy)
    whole = own.read_bytes()
    spoil(own)
    assert len(replicas.check_replica(ACTOR).damaged) == 1
    assert [each.id for each in checks.copies_are_made(None)] == ["comity.W009"]
    assert not tasks.replica_is_due()
    later(2)
    assert tasks.replica_is_due()
    tasks.tend_replica.func()
    assert kinds().count("vault.replica_damaged") == 1
    own.write_bytes(whole)
    later(2)
    tasks.tend_replica.func()
    assert kinds().count("vault.replica_repaired") == 1
    assert checks.copies_are_made(None) == []


@pytest.mark.django_db
def test_copies_that_nobody_looks_at_any_more_are_reported(tmp_path, settings, vault) -> None:
    settings.COMITY_REPLICA = str(tmp_path / "replica")
    stored()
    actions.copy_objects(ACTOR)
    later(31)
    assert checks.copies_are_made(None) == []
    later(7)
    (found,) = checks.copies_are_made(None)
    assert "1 copies have waited a week to be re-hashed." in found.msg


@pytest.mark.django_db
def test_a_replica_that_is_away_costs_nothing_that_was_looked_at(replica, settings, vault) -> None:
    stored()
    actions.copy_objects(ACTOR)
    later(31)
    settings.COMITY_REPLICA = "s3://copies"
    settings.COMITY_REPLICA_S3 = {
        "endpoint": f"http://127.0.0.1:{free_port()}", "region": "", "key_id": "a", "secret": "b",
    }  # fmt: skip
    assert tasks.tend_replica.func() == 0
    assert replicas.damaged_copies() == 0
    assert tasks.replica_is_due()


@pytest.mark.django_db
def test_what_was_replaced_goes_from_replica_and_bucket(replica, bucket, vault) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    lost = file.stored_name
    assert not tasks.leftovers_are_due()
    bucket.remove(lost)
    again = stored()
    assert again.pk == file.pk
    assert again.stored_name != lost
    actions.copy_objects(ACTOR)
    bucket.put(lost, io.BytesIO(_bytes_of(replica, lost)))  # as a bucket that came back has it
    assert tasks.leftovers_are_due()
    assert tasks.remove_leftovers.func() == 1
    assert (replica.size(lost), bucket.size(lost)) == (None, None)
    assert replica.size(again.stored_name) == bucket.size(again.stored_name) == again.stored_size
    assert not tasks.leftovers_are_due()


def _bytes_of(store: stores.Store, name: str) -> bytes:
    with store.open(name) as source:
        return source.read()


@pytest.mark.django_db
def test_an_object_that_a_row_names_and_one_that_nobody_replaced_stay(replica, vault) -> None:
    file = stored()
    actions.copy_objects(ACTOR)
    stray = b"of a database that is not restored yet"
    replica.put(hashlib.sha256(stray).hexdigest(), io.BytesIO(stray))
    with transaction.atomic():  # an entry that a wrong hand or an old database brought
        ledger.append(
            ACTOR, "vault.object_replaced", file.subject, lost=file.stored_name, stored_name="0"
        )
    assert tasks.remove_leftovers.func() == 0
    assert replica.size(file.stored_name) == file.stored_size
    assert replica.size(hashlib.sha256(stray).hexdigest()) == len(stray)


def test_a_copy_that_was_killed_in_the_middle_goes_on(tmp_path: Path) -> None:
    """A worker that is killed between two objects has marked the first and no other."""
    place = os.environ | {
        "COMITY_HOME": str(tmp_path), "COMITY_REPLICA": str(tmp_path / "replica"),
        "DATABASE_URL": "", "SECRET_KEY": "x", "DJANGO_SETTINGS_MODULE": "comity.node.settings",
    }  # fmt: skip

    def run(what: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(Path(__file__).parent / "killed_copying.py"), what]
        return subprocess.run(command, env=place, check=False, capture_output=True, text=True)

    first = run("kill")
    assert first.returncode == -signal.SIGKILL, first.stderr
    second = run("go")
    assert second.stdout.split() == ["1", "2", "3"], second.stderr
    names = [path for path in (tmp_path / "replica").rglob("*") if path.is_file()]
    assert len(names) == 3
    for path in names:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
