"""A second process reads and seals a large intake; whatever happens to it, nothing is half done."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from comity.core.access import NodeActor
from comity.core.errors import Refused
from comity.vault import actions, apart, packs, storage, taking
from comity.vault.apart import Apart
from comity.vault.models import Pack, StoredFile
from comity.vault.sealer import Read

pytestmark = pytest.mark.django_db
NODE = NodeActor("test")


@pytest.fixture(autouse=True)
def small_packs(monkeypatch) -> None:
    monkeypatch.setattr(packs, "PACK_BYTES", 100_000)
    monkeypatch.setattr(apart, "CORES_NEEDED", 1)


def files(folder: Path, *contents: bytes) -> list[storage.RegularFile]:
    made = []
    for number, content in enumerate(contents):
        (folder / f"{number:03}").write_bytes(content)
        made.append(storage.RegularFile(folder / f"{number:03}"))
    return made


def kept(sources) -> list[StoredFile | Refused | OSError]:
    found: list[StoredFile | Refused | OSError] = []
    for group in actions.take_in_many(sources):
        with transaction.atomic():
            taken = [one for one in group if isinstance(one, storage.TakenIn)]
            rows = iter(actions.keep_many(NODE, taken))
        found += [next(rows) if isinstance(one, storage.TakenIn) else one for one in group]
    return found


def content_of(file: StoredFile) -> bytes:
    with actions.open_file(NODE, StoredFile.objects.get(pk=file.pk)) as reader:
        return reader.read()


def helpers() -> list[int]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()
    programs = {int(each): Path(f"/proc/{each}/cmdline").read_bytes() for each in children}
    return [pid for pid, program in programs.items() if b"sealer" in program]


def the_helper() -> int:
    """Its command line is empty for a moment after its start."""
    until = time.monotonic() + 10
    while not (found := helpers()) and time.monotonic() < until:
        time.sleep(0.01)
    [pid] = found
    return pid


def nothing_is_half_done(vault: Path) -> bool:
    objects = [path.name for path in (vault / "objects").rglob("?" * 64)]
    return not list((vault / "incoming").iterdir()) and all(map(storage.check_stored, objects))


def test_each_file_is_kept_in_its_place_whoever_read_it(vault: Path, tmp_path: Path) -> None:
    contents = [os.urandom(30_000) for _ in range(16)]
    seen: list[int] = []
    sources = files(tmp_path, *contents)
    watched = [storage.RegularFile(one.path, seen.append) for one in sources]

    def each() -> Iterator[storage.RegularFile]:
        yield from watched[:8]
        assert the_helper()
        yield from watched[8:]

    rows = kept(each())
    assert [content_of(row) for row in rows] == contents
    assert seen == [30_000] * 16
    assert Pack.objects.count() == 4
    assert nothing_is_half_done(vault)
    assert helpers() == []


def test_what_is_no_small_file_stands_in_its_place(vault: Path, tmp_path: Path) -> None:
    first = files(tmp_path, *(os.urandom(30_000) for _ in range(4)))
    (tmp_path / "link").symlink_to(tmp_path / "000")
    (tmp_path / "large").write_bytes(os.urandom(packs.SMALL_BYTES))
    odd = os.fsdecode(bytes(tmp_path) + b"/\xff\xfe")
    Path(odd).write_bytes(b"odd name")
    names = ["link", "gone", "large", odd, "000"]
    refusal = Refused("evidence.too_long", field="title")

    def refused():
        raise refusal

    rest = [storage.RegularFile(tmp_path / name) for name in names]
    rows = kept([*first, *rest, refused, lambda: (tmp_path / "001").open("rb")])
    link, gone, large, odd_row, again, title, opened = rows[4:]
    assert isinstance(link, Refused)
    assert link.code == "vault.not_a_regular_file"
    assert isinstance(gone, OSError)
    assert (gone.errno, gone.strerror) == (errno.ENOENT, os.strerror(errno.ENOENT))
    assert large.pack is None
    assert len(content_of(large)) == packs.SMALL_BYTES
    assert content_of(odd_row) == b"odd name"
    assert again == rows[0]
    assert title is refusal
    assert opened == rows[1]
    assert helpers() == []


def test_known_bytes_are_not_stored_again_by_the_helper(vault: Path, tmp_path: Path) -> None:
    contents = [os.urandom(30_000) for _ in range(8)]
    first = kept(files(tmp_path, *contents))
    stored = Pack.objects.count()
    again = kept(files(tmp_path, *contents, b"new", b"new"))
    assert again[:8] == first
    assert again[8] == again[9]
    assert Pack.objects.count() == stored + 1
    assert Pack.objects.order_by("pk").last().stored_size < 200


@pytest.mark.parametrize("at", [5, 26, 40])
def test_a_helper_that_is_killed_costs_nothing(vault: Path, tmp_path: Path, at: int) -> None:
    contents = [os.urandom(30_000) for _ in range(50)]

    def each() -> Iterator[storage.RegularFile]:
        for number, one in enumerate(files(tmp_path, *contents)):
            if number == at:
                os.kill(the_helper(), signal.SIGKILL)
            yield one

    rows = kept(each())
    assert [content_of(row) for row in rows] == contents
    assert nothing_is_half_done(vault)
    assert helpers() == []


def test_one_that_is_killed_before_it_has_sealed_costs_nothing(
    monkeypatch, vault: Path, tmp_path: Path
) -> None:
    """It has told what it read; what it is asked for then comes to nothing."""
    contents = [os.urandom(30_000) for _ in range(50)]
    stopped: list[int] = []
    lost: list[object] = []
    ask, again = Apart.ask_to_seal, taking._GroupApart._read_here

    def stops(self: Apart, *asked: object) -> None:
        if not stopped:
            stopped.append(self._process.pid)
            os.kill(self._process.pid, signal.SIGSTOP)
        ask(self, *asked)  # type: ignore[arg-type]
        os.kill(self._process.pid, signal.SIGKILL)

    def reads_again(self: taking._GroupApart) -> object:
        lost.append(self)
        return again(self)

    monkeypatch.setattr(Apart, "ask_to_seal", stops)
    monkeypatch.setattr(taking._GroupApart, "_read_here", reads_again)
    rows = kept(files(tmp_path, *contents))
    assert lost
    assert [content_of(row) for row in rows] == contents
    assert nothing_is_half_done(vault)


def test_one_that_cannot_be_started_is_done_without(
    monkeypatch, vault: Path, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no program"))
    contents = [os.urandom(30_000) for _ in range(9)]
    assert [content_of(row) for row in kept(files(tmp_path, *contents))] == contents


def test_whoever_stops_in_the_middle_leaves_no_helper(vault: Path, tmp_path: Path) -> None:
    groups = actions.take_in_many(files(tmp_path, *(os.urandom(30_000) for _ in range(30))))
    next(groups)
    next(groups)
    groups.close()
    assert nothing_is_half_done(vault)
    assert helpers() == []


def test_a_full_disk_refuses_the_group_that_the_helper_writes(
    vault: Path, tmp_path: Path, settings
) -> None:
    def filling() -> Iterator[storage.RegularFile]:
        for number, one in enumerate(files(tmp_path, *(os.urandom(30_000) for _ in range(12)))):
            if number == 9:
                settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
            yield one

    found = kept(filling())
    assert isinstance(found[0], StoredFile)
    assert isinstance(found[11], Refused)
    assert found[11].code == "vault.disk_full"
    assert nothing_is_half_done(vault)


def test_what_the_disk_says_to_the_helper_is_said_here(vault: Path) -> None:
    with Apart() as helper:
        helper.ask_to_read([b"bytes"], 100)
        [read] = helper.what_was_read()
        assert isinstance(read, Read)
        helper.ask_to_seal(Path("/dev/full"), [0], bytes(32))
        answer = helper.what_was_sealed()
    assert isinstance(answer, OSError)
    assert answer.errno == errno.ENOSPC
    packing = packs.Packing()
    packing.begin(5)
    with pytest.raises(Refused, match=r"vault\.disk_full"):
        packing.filled([read], bytes(32), answer)
    assert list((vault / "incoming").iterdir()) == []


def test_the_helper_knows_no_secret_of_the_node_and_loads_no_website(
    monkeypatch, vault: Path
) -> None:
    monkeypatch.setenv("SECRET_KEY", "a secret of the node")
    with Apart() as helper:
        helper.ask_to_read([b"bytes"], 100)
        helper.what_was_read()
        place = Path(f"/proc/{helper._process.pid}")
        environment = (place / "environ").read_bytes()
        loaded = (place / "maps").read_text()
    assert b"a secret" not in environment
    assert b"DATABASE_URL" not in environment
    assert "_sqlite3" not in loaded


def test_the_helper_ends_with_the_process_that_started_it() -> None:
    program = (
        "import time; from comity.vault.apart import Apart\n"
        "with Apart() as helper:\n"
        "    print(helper._process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": apart._PACKAGES}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        helper = int(owner.stdout.readline())
        assert is_running(helper)
        owner.kill()
    until = time.monotonic() + 10
    while is_running(helper) and time.monotonic() < until:
        time.sleep(0.02)
    assert not is_running(helper)


def is_running(pid: int) -> bool:
    """A process whose exit nobody asked for yet does not run any more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
