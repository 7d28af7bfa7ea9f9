"""Ingest under kill -9, under a full disk and under sixteen hands at once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.rules import CustodyEvent, Origin
from comity.vault.models import StoredFile
from tests.evidence.conftest import World, acquisition

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own_database(tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite://{tmp_path}/node/node.sqlite3"
        return
    known, name = connection.settings_dict, f"kill_{os.getpid()}"
    login = f"{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT'] or 5432}"
    with psycopg.connect(f"postgresql://{login}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://{login}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_nothing_told_and_leaves_no_row_without_its_bytes(
    tmp_path: Path, own_database: str
) -> None:
    (tmp_path / "node").mkdir()
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "COMITY_HOME": str(tmp_path / "node"),
        "DATABASE_URL": own_database,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
    }
    environment.pop("COMITY_KEYS", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.evidence.killing", "12", str(tmp_path / "told")],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    left = json.loads(done.stdout)
    assert (left["lost"], left["wrong"]) == ([], [])
    assert (left["unnamed"], left["missing"], left["incoming"]) == (0, 0, 0)
    assert left["items"] >= left["acknowledged"] > 0
    assert left["swept"] > 0, "no kill hit an ingest between its first byte and its row"


@pytest.mark.django_db(transaction=True)
def test_sixteen_ingests_of_the_same_bytes_are_one_object_and_sixteen_custodies(
    world: World, vault: Path
) -> None:
    content, failed = os.urandom(300_000), []
    assert world.investigator.acts  # read once, before the threads share the officer

    def ingest() -> None:
        try:
            world.item(content)
        except Exception as failure:  # noqa: BLE001 - shown by the assertion below
            failed.append(failure)
        finally:
            connection.close()

    threads = [threading.Thread(target=ingest) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert Item.objects.count() == 16
    assert CustodyRecord.objects.filter(event=CustodyEvent.INGESTED).count() == 16
    assert StoredFile.objects.count() == 1
    assert len([path for path in (vault / "objects").rglob("*") if path.is_file()]) == 1


@pytest.mark.django_db
def test_a_disk_that_fills_up_leaves_no_item_and_everything_else_works(
    world: World, tmp_path: Path, settings
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system; run as root to test a full disk")
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(small)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"mounting a small file system is not allowed here: {done.stderr.strip()}")
    try:
        settings.COMITY_VAULT, settings.COMITY_RESERVED_DISK_BYTES = small / "vault", 0
        before = world.item(b"kept before")
        with pytest.raises(Refused) as refused:
            world.item(os.urandom(10_000_000))
        assert refused.value.code == "vault.disk_full"
        assert Item.objects.count() == StoredFile.objects.count() == 1
        assert actions.verify_item(world.prosecutor, before)
        assert world.item(b"room again").size == 10
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.django_db
def test_a_file_that_changes_while_it_is_read_becomes_no_item(world: World, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(os.urandom(1_000_000))

    class Growing(io.FileIO):
        def readinto(self, buffer: object) -> int:
            count = super().readinto(buffer)  # type: ignore[arg-type]
            with path.open("ab") as other:
                other.write(b"a line" if self.tell() < 10_000_000 else b"")
            return count

    with Growing(path) as source, pytest.raises(Refused) as refused:
        actions.ingest(
            world.investigator, source, title="Log", kind="photo",  # type: ignore[arg-type]
            access=[("case", world.case)], origin=Origin.INVESTIGATION, acquisition=acquisition(),
        )  # fmt: skip
    assert refused.value.code == "vault.source_changed"
    assert not Item.objects.exists()
