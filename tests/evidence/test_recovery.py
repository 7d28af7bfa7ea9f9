"""Rescue without Comity: root key, exported wrapped keys, objects, and a script of sixty lines."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import transaction

from comity.core.keyring import Keyring
from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.ledger.models import Entry
from comity.vault import actions as vault_actions
from tests.evidence.conftest import World, acquisition, damage, stored_path

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).resolve().parents[2] / "scripts/recover.py"
CHUNK = 16_384


def recover(vault: Path, key: bytes, objects: Path | None = None) -> tuple[int, str, Path]:
    """Run the script where no module of ours can be imported."""
    folder = vault.parent / f"rescue-{len(list(vault.parent.glob('rescue-*')))}"
    folder.mkdir()
    (folder / "root").write_bytes(key)
    (folder / "recover.py").write_bytes(SCRIPT.read_bytes())
    arguments = [folder / "root", vault.parent / "keys.jsonl", objects or vault / "objects"]
    done = subprocess.run(
        [sys.executable, "-S", "-c", RUN, *map(str, arguments), str(folder / "out")],
        cwd=folder, env={"SITE": LIBRARIES}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr, folder / "out"


# `cryptography` and the standard library only: whatever else is asked for is not there.
LIBRARIES = str(Path(__import__("cryptography").__file__).parents[1])
RUN = """
import os, runpy, sys
class Gate:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"comity", "django"}:
            raise ImportError(name)
sys.meta_path.insert(0, Gate())
sys.path.append(os.environ["SITE"])
runpy.run_path("recover.py", run_name="__main__")
"""


def several(world: World) -> list[Item]:
    """Items of every shape: empty, one chunk exactly, many chunks, two in one pack."""
    made = [world.item(os.urandom(size)) for size in (0, CHUNK, 5 * CHUNK + 1, 1_500_000)]
    contents = (b"first of a pack", b"second" * 9_000)
    shared = actions.Shared(
        kind="photo",
        access=[("case", world.case)],
        origin=Origin.INVESTIGATION,
        acquisition=acquisition(),
    )
    incoming = [
        actions.Incoming(lambda content=content: io.BytesIO(content), "Photo")
        for content in contents
    ]
    packed = list(actions.ingest_many(world.investigator, incoming, shared))
    assert packed[0].stored_file.pack_id == packed[1].stored_file.pack_id is not None
    return [*made, *packed]


@pytest.fixture
def root(settings: LazySettings) -> bytes:
    return Keyring(settings.COMITY_KEYS).vault_root


def test_every_file_comes_back_as_it_was(world: World, vault: Path, root: bytes) -> None:
    items = several(world)
    call_command("keys_export", out=vault.parent / "keys.jsonl")
    for key in (root, root.hex().encode() + b"\n"):
        status, said, out = recover(vault, key)
        assert (status, said) == (0, "")
        found = {
            path.name.partition("-")[0] + "-" + path.name.split("-")[1]: path
            for path in out.iterdir()
        }
        assert set(found) == {item.number for item in items}
        for item in items:
            content = found[item.number].read_bytes()
            assert hashlib.sha256(content).hexdigest() == item.sha256
    assert len(SCRIPT.read_text("utf-8").splitlines()) <= 67


def test_what_is_damaged_or_locked_is_told_and_the_rest_comes(
    world: World, vault: Path, root: bytes
) -> None:
    good, bad = world.item(b"good"), world.item(os.urandom(1_500_000))
    call_command("keys_export", out=vault.parent / "keys.jsonl")
    damage(stored_path(vault, bad))
    status, said, out = recover(vault, root)
    assert status == 1
    assert bad.number in said
    assert good.number not in said
    assert [path.read_bytes() for path in out.iterdir()] == [b"good"]
    status, said, _out = recover(vault, bytes(32))
    assert (status, said.count("FAILED")) == (1, 2)


def test_a_wrong_digest_on_record_is_told(world: World, vault: Path, root: bytes) -> None:
    world.item(b"good")
    export = vault.parent / "keys.jsonl"
    call_command("keys_export", out=export)
    line = json.loads(export.read_text())
    export.write_text(json.dumps(line | {"sha256": "00" * 32}))
    status, said, _out = recover(vault, root)
    assert status == 1
    assert "not the bytes on record" in said


def test_an_erased_file_goes_from_the_nodes_own_export_and_the_script_opens_none_of_the_list(
    world: World, vault: Path, root: bytes, settings: LazySettings,
    django_capture_on_commit_callbacks,
) -> None:  # fmt: skip
    settings.COMITY_ERASURES = vault.parent / "erasures.jsonl"
    kept, gone = world.item(b"kept"), world.item(b"gone")
    call_command("keys_export")
    own = vault.parent / "wrapped-keys.jsonl"
    (vault.parent / "keys.jsonl").write_bytes(own.read_bytes())  # a copy on another medium
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        vault_actions.shred(world.prosecutor, gone.stored_file)
    lines = [json.loads(line)["file"] for line in own.read_text().splitlines()]
    assert lines == [str(kept.stored_file.uid)]
    assert own.stat().st_mode & 0o077 == 0
    assert list(vault.parent.glob("*.new")) == []
    status, said, out = recover(vault, root)
    assert (status, said.count("ERASED")) == (0, 1)
    assert [path.read_bytes() for path in out.iterdir()] == [b"kept"]


def test_an_export_that_an_old_backup_brought_back_loses_its_destroyed_keys(
    world: World, vault: Path, settings: LazySettings, django_capture_on_commit_callbacks
) -> None:
    settings.COMITY_ERASURES = vault.parent / "erasures.jsonl"
    gone = world.item(b"gone")
    call_command("keys_export")
    own = vault.parent / "wrapped-keys.jsonl"
    old = own.read_bytes()
    with django_capture_on_commit_callbacks(execute=True):
        vault_actions.shred(world.prosecutor, gone.stored_file)
    own.write_bytes(old)
    vault_actions.replay_erasures(world.prosecutor)
    assert own.read_bytes() == b""


def test_the_export_names_nobody_and_no_destroyed_key(world: World, vault: Path) -> None:
    kept, gone = world.item(b"kept", title="A secret title"), world.item(b"gone")
    vault_actions.shred(world.prosecutor, gone.stored_file)
    export = vault.parent / "keys.jsonl"
    call_command("keys_export", out=export)
    lines = [json.loads(line) for line in export.read_text().splitlines()]
    assert [line["said"] for line in lines] == [kept.number]
    assert "secret" not in export.read_text()
    assert export.stat().st_mode & 0o077 == 0
    assert Entry.objects.filter(kind="vault.keys_exported").exists()
