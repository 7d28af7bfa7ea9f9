"""`comity evidence_add`: files of this machine become items; links and other things do not."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sys
import uuid
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from comity.core.access import Compartment
from comity.evidence import actions
from comity.evidence.management import progress
from comity.evidence.management.commands import evidence_add
from comity.evidence.models import Item
from comity.node.command import in_one_word
from comity.vault.models import Pack, StoredFile
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db


def add(world: World, *paths: Path, **options: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    if not {"acquired_by", "acquired_at"} & options.keys():
        options = {"not_stated": True} | options
    try:
        call_command(
            "evidence_add", *map(str, paths), case=world.case, officer=world.investigator.email,
            stdout=out, stderr=err, **options,
        )  # fmt: skip
    except CommandError as failure:
        err.write(str(failure))
    return out.getvalue(), err.getvalue()


def test_each_file_becomes_an_item(world: World, tmp_path: Path) -> None:
    paths = [tmp_path / "one.txt", tmp_path / "two\u202e\n.bin"]
    for path in paths:
        path.write_bytes(path.name.encode())
    out, err = add(world, *paths, title="Notes", kind="photo")
    assert err == ""
    assert [item.original_name for item in Item.objects.order_by("pk")] == [
        "one.txt",
        "two\\xe2\\x80\\xae\\x0a.bin",
    ]
    assert out.count("E-") == 2
    assert "one.txt" not in out


def test_a_name_that_is_not_utf_8_is_kept(world: World, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    path.write_bytes(b"x")
    assert add(world, path)[1] == ""
    assert Item.objects.get().original_name == "caf\\xe9"


def test_links_pipes_and_missing_files_are_refused_and_the_rest_taken(
    world: World, tmp_path: Path
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"x")
    link.symlink_to(real)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    _out, err = add(world, link, pipe, tmp_path / "missing", real)
    assert "File 1: This is a link" in err
    assert "File 2: This is a link" in err
    assert "File 3: No such file" in err
    assert "3 of 4 files were not taken in." in err
    assert str(tmp_path) not in err
    assert Item.objects.count() == 1


def test_an_officer_outside_the_team_adds_nothing(world: World, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"x")
    err = io.StringIO()
    with pytest.raises(CommandError, match="whose team you belong to"):
        call_command(
            "evidence_add", str(path), case=world.case, officer=world.stranger.email, stderr=err,
            not_stated=True,
        )  # fmt: skip
    with pytest.raises(CommandError, match="No officer"):
        call_command("evidence_add", str(path), case=world.case, officer="nobody@example.test")
    assert not Item.objects.exists()


def tree(folder: Path, count: int) -> Path:
    """A folder with files of different bytes in folders of their own."""
    for number in range(count):
        path = folder / "tree" / f"part {number % 3}" / f"{number:03}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"page %d" % number)
    return folder / "tree"


def test_a_folder_becomes_an_item_for_each_file_in_it(world: World, tmp_path: Path) -> None:
    folder = tree(tmp_path, 12)
    (folder / "elsewhere").symlink_to(tmp_path)
    report = tmp_path / "report.jsonl"
    out, err = add(world, folder, report=report)
    assert "1 of 13 files were not taken in." in err
    assert out.count("E-") == Item.objects.count() == 12
    assert not any(name in out for name in ("page", ".txt", "part"))
    stated = [json.loads(line) for line in report.read_text().splitlines()]
    assert sum("item" in one for one in stated) == 12
    assert report.stat().st_mode & 0o077 == 0
    for item in Item.objects.all():
        assert [row.event for row in item.custody.all()] == ["received", "ingested"]
        assert item.custody.first().matches_entry
        assert actions.verify_item(world.investigator, item)
        assert item.media_type_sniffed == "text/plain"


def test_a_stopped_intake_goes_on_and_doubles_nothing(
    world: World, tmp_path: Path, monkeypatch
) -> None:
    """Stopped after the rows of a group were committed and before the report said so."""
    monkeypatch.setattr("comity.vault.packs.PACK_FILES", 4)
    monkeypatch.setattr("comity.vault.packs.PACK_FILES", 4)
    folder, report = tree(tmp_path, 10), tmp_path / "report.jsonl"
    wrote = evidence_add.Report.note
    said = []

    def stops(self, path, result):
        said.append(path)
        if len(said) == 6:
            raise KeyboardInterrupt
        wrote(self, path, result)

    monkeypatch.setattr(evidence_add.Report, "note", stops)
    with pytest.raises(KeyboardInterrupt):
        add(world, folder, report=report)
    assert Item.objects.count() == 8
    with report.open("a") as half:
        half.write('{"path": "half a li')
    monkeypatch.setattr(evidence_add.Report, "note", wrote)
    out, err = add(world, folder, report=report)
    assert err == ""
    assert "8 files were taken in before; 2 are left." in out
    assert Item.objects.count() == len(set(Item.objects.values_list("sha256", flat=True))) == 10
    assert "10 files were taken in before; 0 are left." in add(world, folder, report=report)[0]
    lines = [json.loads(line) for line in report.read_text().splitlines() if line[-1:] == "}"]
    assert len([one for one in lines if "item" in one]) == 10


def test_without_a_report_known_bytes_are_items_again_and_stored_once(
    world: World, tmp_path: Path
) -> None:
    folder = tree(tmp_path, 5)
    add(world, folder)
    add(world, folder)
    assert Item.objects.count() == 10
    assert StoredFile.objects.count() == 5
    assert Pack.objects.count() == 1


def test_a_report_of_something_else_is_left_alone(world: World, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    assert "not one of this command" in add(world, tree(tmp_path, 1), report=other)[1]
    assert other.read_text() == "mine"


def test_a_changed_file_is_taken_in_again_and_the_report_says_so(
    world: World, tmp_path: Path
) -> None:
    folder, report = tree(tmp_path, 3), tmp_path / "report.jsonl"
    add(world, folder, report=report)
    changed = folder / "part 0/000.txt"
    changed.write_bytes(b"page 9")  # as many bytes as before
    out, err = add(world, folder, report=report)
    assert err == ""
    assert "2 files were taken in before; 1 are left." in out
    assert "(changed since E-" in out
    assert Item.objects.count() == 4
    stated = json.loads(report.read_text().splitlines()[-1])
    assert (stated["item"], stated["changed_since"]) == (
        Item.objects.latest("pk").number,
        Item.objects.get(sha256=hashlib.sha256(b"page 0").hexdigest()).number,
    )
    assert "3 files were taken in before; 0 are left." in add(world, folder, report=report)[0]


def test_a_report_of_an_earlier_version_doubles_nothing(world: World, tmp_path: Path) -> None:
    folder, report = tree(tmp_path, 1), tmp_path / "report.jsonl"
    report.write_text(json.dumps({"intake": str(uuid.uuid4())}) + "\n")
    add(world, folder, report=report)
    os.utime(folder / "part 0/000.txt", (1, 1))
    assert "1 files were taken in before" in add(world, folder, report=report)[0]


def test_the_path_from_the_named_folder_is_kept(world: World, tmp_path: Path) -> None:
    for name in ("100", "200", "empty"):
        (tmp_path / "DCIM" / name).mkdir(parents=True)
    for name in ("100", "200"):
        (tmp_path / "DCIM" / name / "IMG_1.jpg").write_text(name)
    report = tmp_path / "report.jsonl"
    out, err = add(world, tmp_path / "DCIM", report=report)
    assert err == ""
    items = Item.objects.order_by("pk")
    assert [item.original_name for item in items] == [
        "DCIM/100/IMG_1.jpg", "DCIM/200/IMG_1.jpg",
    ]  # fmt: skip
    assert items[0].title == "IMG_1.jpg"
    assert "1 folders are empty; the report names them." in out
    assert '"state": "empty"' in report.read_text()


def test_folders_that_cannot_be_read_are_named(world: World, tmp_path: Path, monkeypatch) -> None:
    folder, report = tree(tmp_path, 3), tmp_path / "report.jsonl"
    scandir = os.scandir

    def barred(path: str | Path) -> object:  # as for an account that is not root
        if str(path).endswith("part 1"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", barred)
    _out, err = add(world, folder, report=report)
    assert "A folder cannot be read: Permission denied" in err
    assert "1 folders could not be read." in err
    assert Item.objects.count() == 2
    assert '"state": "Permission denied"' in report.read_text()


def test_custody_says_what_was_stated_or_that_nobody_did(world: World, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_bytes(b"x")
    with pytest.raises(CommandError, match="Say who obtained the files"):
        call_command("evidence_add", str(path), case=world.case, officer=world.investigator.email)
    assert not Item.objects.exists()
    add(world, path)
    silent = Item.objects.get().custody.get(event="received")
    assert (silent.counterparty, silent.facts["not_stated"]) == ("", "acquired_by acquired_at")
    add(
        world, path, acquired_by="R. Melnyk", acquired_at="2026-11-20T09:30:00+02:00",
        place="School yard", device="Camera 2", authority="Decision 17", method="open-source",
        fact=["seal=A 17", "seal_intact=yes"],
    )  # fmt: skip
    stated = Item.objects.latest("pk").custody.get(event="received")
    assert (stated.counterparty, stated.place, stated.device) == (
        "R. Melnyk", "School yard", "Camera 2",
    )  # fmt: skip
    assert stated.at.isoformat() == "2026-11-20T07:30:00+00:00"
    assert (stated.facts["seal"], stated.legal_authority) == ("A 17", "Decision 17")
    assert "not_stated" not in stated.facts
    for wrong in ({"acquired_at": "yesterday"}, {"fact": ["colour=red"]}, {"fact": ["seal"]}):
        assert "--" in add(world, path, not_stated=True, **wrong)[1]
    assert Item.objects.count() == 2


@pytest.mark.parametrize("compartment", [each.value for each in Compartment])
def test_each_compartment_can_be_named(world: World, tmp_path: Path, compartment: str) -> None:
    path = tmp_path / "one.txt"
    path.write_bytes(b"x")
    said = io.StringIO()
    call_command(
        "evidence_add", str(path), "--compartment", compartment, "--not-stated",
        "--case", str(world.case), "--officer", world.investigator.email, stdout=said,
    )  # fmt: skip
    assert Item.objects.get().compartment == compartment


def test_a_report_that_cannot_be_written_is_said_clearly(world: World, tmp_path: Path) -> None:
    _out, err = add(world, tree(tmp_path, 1), report=tmp_path / "missing/report.jsonl")
    assert err == "The report cannot be written: No such file or directory."
    assert not Item.objects.exists()


def test_what_a_stopped_intake_was_writing_is_gone_at_the_next(
    world: World, tmp_path: Path, settings: LazySettings
) -> None:
    incoming = settings.COMITY_VAULT / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    for name, at in (("a" * 32, 1), ("b" * 32, None)):
        (incoming / name).write_bytes(b"half")
        os.utime(incoming / name, at and (at, at))
    out, _err = add(world, tree(tmp_path, 1))
    assert "1 unfinished files of a stopped intake were removed." in out
    assert [path.name for path in incoming.iterdir()] == ["b" * 32]


def test_the_command_is_said_in_two_words_too() -> None:
    said = ["comity", "evidence", "add", "x", "--case", "y"]
    assert in_one_word(said) == ["comity", "evidence_add", "x", "--case", "y"]
    assert in_one_word(["comity", "evidence", "check"]) == ["comity", "evidence_check"]
    for other in (["comity"], ["comity", "check"], ["comity", "evidence", "burn"]):
        assert in_one_word(other) == other


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is_and_a_pipe_does_not(
    world: World, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(progress, "SHOW_EVERY_SECONDS", 0)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "small").write_bytes(b"x" * 10)
    (folder / "large").write_bytes(b"x" * 3_000_000)
    for screen in (Terminal(), io.StringIO()):
        monkeypatch.setattr(sys, "stderr", screen)
        out, _err = add(world, folder)
        assert out.count("E-") == 2
        shown = screen.getvalue()
        if not screen.isatty():
            assert shown == ""
            continue
        assert "100%  3.0 MB of 3.0 MB, 2 of 2 files" in shown
        assert shown.endswith("\r\x1b[K")
    assert {item.size for item in Item.objects.all()} == {10, 3_000_000}
