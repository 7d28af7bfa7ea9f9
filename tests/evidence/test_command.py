"""`comity evidence_add`: files of this machine become items; links and other things do not."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from comity.evidence.models import Item
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db


def add(world: World, *paths: Path, **options: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
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


def test_links_folders_and_missing_files_are_refused_and_the_rest_taken(
    world: World, tmp_path: Path
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"x")
    link.symlink_to(real)
    _out, err = add(world, link, tmp_path, tmp_path / "missing", real)
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
    with pytest.raises(CommandError):
        call_command(
            "evidence_add", str(path), case=world.case, officer=world.stranger.email, stderr=err
        )
    assert "whose team you belong to" in err.getvalue()
    with pytest.raises(CommandError, match="No officer"):
        call_command("evidence_add", str(path), case=world.case, officer="nobody@example.test")
    assert not Item.objects.exists()
