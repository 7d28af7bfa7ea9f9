"""Watched folders: each file once, nothing deleted, nothing followed, nothing half written."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

import pytest
from django.conf import LazySettings

from comity.evidence import actions, deposits, watching
from comity.evidence.models import Item
from comity.evidence.tasks import take_in_watched, watched_are_due
from comity.ledger.models import Entry
from comity.node.checks import watched_folders_are_read
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(world: World, tmp_path: Path, settings: LazySettings) -> Path:
    made = tmp_path / "in"
    made.mkdir()
    watch(settings, world, made)
    settings.COMITY_WATCHED_QUIET_SECONDS = -1
    return made


def watch(settings: LazySettings, world: World, path: Path, **more: str) -> None:
    settings.COMITY_WATCHED_FOLDERS = json.dumps(
        [
            {
                "path": str(path), "officer": world.investigator.email, "case": str(world.case),
                "kind": "photo", "acquired_by": "Unit 7", "legal_authority": "Decision 17",
            }
            | more
        ]
    )  # fmt: skip


def run() -> int:
    return take_in_watched.func()


def names(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    )


def test_files_become_items_and_move(world: World, folder: Path) -> None:
    (folder / "inner").mkdir()
    for name in ("one.jpg", "inner/two.jpg"):
        (folder / name).write_text(name)
    assert watched_are_due()
    assert run() == 2
    assert names(folder) == ["taken/inner/two.jpg", "taken/one.jpg"]
    assert not watched_are_due()
    item = Item.objects.get(original_name="one.jpg")
    received = item.custody.get(event="received")
    assert (received.counterparty, received.method) == ("Unit 7", "watched folder")
    assert received.actor == world.investigator.actor_id
    assert "one" not in item.title


def test_who_and_when_are_not_invented(world: World, folder: Path, settings: LazySettings) -> None:
    watch(settings, world, folder, acquired_by="")
    (folder / "one").write_text("x")
    assert run() == 1
    [first] = Item.objects.get().custody.filter(event="received")
    assert first.counterparty == ""
    assert first.facts["not_stated"] == "acquired_by acquired_at"
    assert first.matches_entry
    watch(settings, world, folder, acquired_at="2026-11-20T09:30:00+02:00")
    (folder / "two").write_text("x")
    assert run() == 1
    stated = Item.objects.get(original_name="two").custody.get(event="received")
    assert (stated.counterparty, stated.at.isoformat()) == ("Unit 7", "2026-11-20T07:30:00+00:00")
    assert "not_stated" not in stated.facts
    watch(settings, world, folder, acquired_at="yesterday")
    assert watched_folders_are_read(None)[0].id == "comity.E006"


def test_the_path_below_the_folder_is_kept(folder: Path) -> None:
    for name in ("100", "200"):
        (folder / name).mkdir()
        (folder / name / "IMG_1.jpg").write_text(name)
    assert run() == 2
    kept = Item.objects.order_by("pk").values_list("original_name", flat=True)
    assert list(kept) == ["100/IMG_1.jpg", "200/IMG_1.jpg"]


def test_a_link_where_the_reason_belongs_is_not_written_through(
    folder: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "node.env"
    victim.write_text("as it was")
    (folder / "refused").mkdir()
    (folder / "refused/scan.reason.txt").symlink_to(victim)
    (folder / "scan").symlink_to("/nowhere")
    assert run() == 0
    assert victim.read_text() == "as it was"
    assert "This is a link" in (folder / "refused/scan.2.reason.txt").read_text()


def test_a_link_planted_after_the_look_is_not_written_through(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    victim = tmp_path / "node.env"
    free_name = deposits._free_name

    def planting(descriptor: int, name: str, ending: str = "") -> str:
        found = free_name(descriptor, name, ending)
        if ending:
            os.symlink(victim, found, dir_fd=descriptor)
        return found

    monkeypatch.setattr(deposits, "_free_name", planting)
    (folder / "scan").symlink_to("/nowhere")
    assert run() == 0
    assert not victim.exists()


@pytest.mark.parametrize("name", ["taken", "refused"])
def test_a_link_in_place_of_its_own_folders_takes_nothing_out(
    folder: Path, tmp_path: Path, monkeypatch, name: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / name).symlink_to(elsewhere)
    (folder / "real").write_text("x")
    (folder / "scan").symlink_to("/nowhere")
    [found] = watched_folders_are_read(None)
    assert "has a link" in found.msg
    assert run() == 0
    monkeypatch.setattr(watching, "problem_with", lambda _watched: "")  # swapped after the look
    run()
    run()
    assert list(elsewhere.iterdir()) == []
    assert Entry.objects.filter(kind="evidence.file_refused").count() <= 1


def test_a_folder_swapped_for_a_link_gives_nothing_of_the_node(
    folder: Path, tmp_path: Path, monkeypatch
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "one").write_text("secret")
    (folder / "inner").mkdir()
    (folder / "inner/one").write_text("x")
    ready = watching._ready

    def swapped(deposit: deposits.Deposit) -> list[deposits.Place]:
        found = list(ready(deposit))
        (folder / "inner").rename(tmp_path / "away")
        (folder / "inner").symlink_to(keys)
        return found

    monkeypatch.setattr(watching, "_ready", swapped)
    run()
    assert (keys / "one").read_text() == "secret"
    assert not Item.objects.exists()


@pytest.mark.parametrize("letter", ["x", "є"])
def test_a_name_without_room_for_a_number_blocks_nothing(folder: Path, letter: str) -> None:
    name = letter * (255 // len(letter.encode()))
    for content in ("first", "second"):
        (folder / name).write_text(content)
        (folder / f"zz {content}").write_text(content)
        assert run() == 2
    kept = sorted(path.name for path in (folder / "taken").iterdir())
    assert len(kept) == 4
    assert all(one.endswith((".2", letter, "first", "second")) for one in kept)
    (folder / name).symlink_to("/nowhere")
    assert run() == 0
    assert len(list((folder / "refused").glob("*.reason.txt"))) == 1


def test_folders_that_are_not_looked_into_are_named_by_the_check(folder: Path) -> None:
    place = folder
    for _ in range(deposits.MOST_DEEP + 2):
        place /= "d"
        place.mkdir()
    (place / "lost").write_text("x")
    (folder / "real").write_text("x")
    [found] = watched_folders_are_read(None)
    assert "cannot be read, or lie too deep: 1" in found.msg
    assert run() == 1


def test_half_written_hidden_and_young_files_wait(folder: Path, settings: LazySettings) -> None:
    for name in (".hidden", "film.mp4.part", "film.mp4.crdownload", "notes~"):
        (folder / name).write_text("x")
    with (folder / "open.bin").open("w") as writing:
        writing.write("half")
        writing.flush()
        assert not watched_are_due()
        assert run() == 0
    assert watched_are_due()
    settings.COMITY_WATCHED_QUIET_SECONDS = 60
    assert not watched_are_due()
    assert Item.objects.count() == 0


def test_who_opens_a_file_for_writing_meanwhile_ends_no_process(folder: Path, monkeypatch) -> None:
    path = folder / "one"
    path.write_text("x")
    call = watching.fcntl.fcntl

    def between(descriptor: int, what: int, how: int) -> object:
        if (what, how) == (fcntl.F_SETLEASE, fcntl.F_UNLCK):
            with pytest.raises(BlockingIOError):
                os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        return call(descriptor, what, how)

    monkeypatch.setattr(watching.fcntl, "fcntl", between)
    assert watched_are_due()
    assert run() == 1


def test_what_can_be_no_item_is_put_aside_with_the_reason(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be read")
    (folder / "link").symlink_to(secret)
    (folder / "folder-link").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    (folder / "real").write_text("x")
    assert run() == 1
    assert names(folder) == [
        "refused/folder-link", "refused/folder-link.reason.txt", "refused/link",
        "refused/link.reason.txt", "refused/pipe", "refused/pipe.reason.txt", "taken/real",
    ]  # fmt: skip
    reason = (folder / "refused/link.reason.txt").read_text()
    assert "This is a link" in reason
    assert "secret" not in reason
    assert secret.read_text() == "not to be read"
    assert Entry.objects.filter(kind="evidence.file_refused").count() == 3


def test_a_stop_before_the_move_doubles_nothing(folder: Path, monkeypatch) -> None:
    (folder / "one").write_text("x")

    def stop(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(deposits.Deposit, "move", stop)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert (Item.objects.count(), names(folder)) == (1, ["one"])
    assert run() == 0
    assert (Item.objects.count(), names(folder)) == (1, ["taken/one"])


def test_another_file_of_the_same_name_is_another_item(folder: Path) -> None:
    for content in ("first", "second"):
        (folder / "one").write_text(content)
        assert run() == 1
    assert names(folder) == ["taken/one", "taken/one.2"]
    assert Item.objects.count() == 2


def test_a_full_disk_leaves_the_files_where_they_are(folder: Path, settings: LazySettings) -> None:
    (folder / "one").write_text("x")
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    assert run() == 0
    assert names(folder) == ["one"]
    settings.COMITY_RESERVED_DISK_BYTES = 0
    assert run() == 1


def test_of_two_workers_one_does_the_work(folder: Path) -> None:
    (folder / "one").write_text("x")
    with watching._alone() as alone:
        assert alone
        assert run() == 0
    assert run() == 1


def test_the_check_says_what_is_wrong(world: World, folder: Path, settings: LazySettings) -> None:
    assert watched_folders_are_read(None) == []
    for more, said in (
        ({"path": str(folder / "missing")}, "is not there"),
        ({"officer": "nobody@example.test"}, "has no officer"),
        ({"officer": world.stranger.email}, "evidence.not_in_team"),
        ({"kind": "no-such-kind"}, "evidence.unknown_kind"),
    ):
        watch(settings, world, **({"path": folder} | more))  # type: ignore[arg-type]
        [found] = watched_folders_are_read(None)
        assert (found.id, said in found.msg) == ("comity.W006", True), found.msg
        assert str(folder) not in found.msg
        assert run() == 0
    for wrong in ("{", "{}", '[{"path": "/x"}]', '[{"colour": "red"}]'):
        settings.COMITY_WATCHED_FOLDERS = wrong
        [found] = watched_folders_are_read(None)
        assert found.id == "comity.E006"
        assert not watched_are_due()
    assert actions.taken_already(world.investigator, []) == {}
