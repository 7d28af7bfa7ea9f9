"""`comity init` in a process of its own: it looks first, says what is wrong, leaves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.node.running import environment, init


def values(folder: Path) -> dict[str, str]:
    lines = (folder / "node.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_what_was_stated_stands_in_the_settings(made: Path) -> None:
    found = values(made)
    assert found["COMITY_PAGES_URL"] == "https://comity.test.example"
    assert found["COMITY_EXCHANGE_URL"] == "https://exchange.test.example:8443"
    assert found["COMITY_TRUSTED_PROXY_COUNT"] == "1"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--database-url", "mysql://root@db/comity"], "--database-url must be postgresql://"),
        (["--database-url", "postgresql://x:secret@127.0.0.1:{port}/x"], "cannot be used"),
        (["--database-url", "sqlite:////nowhere/at/all.sqlite3"], "/nowhere/at"),
        (["--tsa-url", "http://tsa.example/", "--tsa-root", "/nowhere/root.pem"], "cannot be read"),
        (["--tsa-url", "http://tsa.example/", "--tsa-root", "/etc/passwd"], "not a certificate"),
        (["--tsa-url", "http://tsa.example/"], "together"),
        (["--pages-url", "comity.test.example"], "--pages-url must be"),
        (["--pages-url", "https://comity.test.example/deep/"], "--pages-url must be"),
        (["--exchange-url", "http://exchange.test.example"], "--exchange-url must be"),
        (["--trusted-proxies", "-1"], "0 or more"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_and_nothing_is_left(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    folder = tmp_path / "node"
    done = init(folder, *(each.format(port=free_port()) for each in arguments))
    assert done.returncode == 2
    assert said in done.stdout
    assert done.stdout.count("\n") == 1
    assert "secret" not in done.stdout
    assert done.stderr == ""
    assert not folder.exists()


def test_after_a_failure_in_the_middle_the_same_command_makes_the_node(tmp_path: Path) -> None:
    folder, database = tmp_path / "node", tmp_path / "other.sqlite3"
    folder.mkdir()
    (folder / "kept.txt").write_text("not ours")
    database.write_bytes(b"this is no database at all" * 100)
    stated = ["--database-url", f"sqlite:///{database}"]
    done = init(folder, *stated)
    assert done.returncode == 2
    assert "cannot be prepared" in done.stdout
    assert [path.name for path in folder.iterdir()] == ["kept.txt"]
    database.unlink()
    assert init(folder, *stated).returncode == 0
    assert (folder / "node.env").exists()


def test_a_node_that_is_there_is_kept(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    done = init(made)
    assert (done.returncode, "already holds a node" in done.stdout) == (2, True)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before


def test_a_new_version_brings_its_static_files_when_the_pages_start(
    made: Path, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    shutil.copytree(made, node)
    manifest = (node / "static/staticfiles.json").read_text("utf-8")
    assert "ui/comity.css" in manifest
    collect = (
        "import django; django.setup(); from comity.node.collecting import collect_static; "
        "print(collect_static())"
    )
    extra = tmp_path / "newer"
    (extra / "ui").mkdir(parents=True)
    shutil.copytree(Path(sys.modules["comity"].__path__[0]) / "ui/static/ui", extra / "ui",
                    dirs_exist_ok=True)  # fmt: skip
    changed = extra / "ui/comity.css"
    changed.write_text(changed.read_text("utf-8") + ".newer{color:red}", "utf-8")
    os.utime(changed, (0, 1_000_000_000))  # older than what it replaces, as in a wheel
    (tmp_path / "newer_settings.py").write_text(
        f"from comity.node.settings import *\nSTATICFILES_DIRS = [{str(extra)!r}]\n"
    )

    def collected(settings: str) -> str:
        place = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        more = {"DJANGO_SETTINGS_MODULE": settings, "PYTHONPATH": place}
        return subprocess.run(
            [sys.executable, "-c", collect], env=environment(node, **more),
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip

    assert collected("comity.node.settings") == "False"
    assert collected("newer_settings") == "True"
    assert collected("newer_settings") == "False"
    assert ".newer{color:red}" in (node / "static/ui/comity.css").read_text("utf-8")
    (node / "static/staticfiles.json").unlink()  # cut short: the mark was never written
    (node / "static/.collected").unlink()
    assert collected("newer_settings") == "True"
    assert (node / "static/staticfiles.json").exists()
