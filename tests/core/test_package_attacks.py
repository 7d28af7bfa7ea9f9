"""Packages made or changed by somebody who means harm: what the verifier and the script find."""

from __future__ import annotations

import hashlib
import io
import random
import shutil
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from comity.core import package_form as form
from comity.core.package import PackageItem, Report, Verdict, verify_package
from comity.core.package_form import CustodyLine
from comity.node.testtsa import Authority
from tests.core.test_package import wrong
from tests.court import Node, later, make_spec, stamped, trusting, written

CONTENTS = [b"first photograph", b"a film" * 1000]


@dataclass
class Stage:
    kyiv: Node
    tokyo: Node
    authority: Authority

    def check(self, data: bytes) -> Report:
        trust = trusting(self.kyiv, self.tokyo, authority=self.authority)
        return verify_package(io.BytesIO(data), trust, later())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    authority = Authority(tmp_path_factory.mktemp("tsa"))
    return Stage(Node("kyiv.example", "UA"), Node("tokyo.example", "JP"), authority)


def spoken_for_by_another(stage: Stage, change: dict[str, Any]) -> Report:
    spec = make_spec(stage.kyiv, stage.tokyo, CONTENTS[:1], authority=stage.authority)
    return stage.check(written(replace(spec, messages=(), receipts=(), **change)))


def one_item(stage: Stage, node: Node, lines: Sequence[CustodyLine]) -> dict[str, Any]:
    note = node.note()
    item = PackageItem(
        number="E-000001",
        source=CONTENTS[0],
        sha256=hashlib.sha256(CONTENTS[0]).hexdigest(),
        size=len(CONTENTS[0]),
        media_type="image/jpeg",
        conditions=(),
        entries=tuple(line.index for line in lines),
    )
    return {
        "items": [item],
        "custody": node.prove(lines, note),
        "checkpoint": note,
        "time": [stamped(stage.authority, note)],
    }


def taken_in(node: Node, content: bytes, subject: str) -> CustodyLine:
    digest = hashlib.sha256(content).hexdigest()
    details = {"sha256": digest, "size": len(content)}
    return node.record("evidence.item_ingested", subject, details)


def test_a_seal_does_not_vouch_for_the_ledger_of_another_node(stage: Stage) -> None:
    """Each node is trusted, and each would witness the other's ledger."""
    line = taken_in(stage.tokyo, CONTENTS[0], f"item:{uuid.uuid4()}")
    report = spoken_for_by_another(stage, one_item(stage, stage.tokyo, [line]))
    assert report.verdict is Verdict.FAILED
    assert ("log.checkpoint", "", "package.other_ledger") in wrong(report)


@pytest.mark.parametrize("same_item", [True, False])
def test_an_item_is_what_was_taken_in_first_and_nothing_else(stage: Stage, same_item: bool) -> None:
    subject = f"item:{uuid.uuid4()}"
    other = subject if same_item else f"item:{uuid.uuid4()}"
    lines = [taken_in(stage.kyiv, b"first", other), taken_in(stage.kyiv, CONTENTS[0], subject)]
    report = spoken_for_by_another(stage, one_item(stage, stage.kyiv, lines))
    assert report.verdict is Verdict.FAILED
    reason = "item.taken_in_twice" if same_item else "item.entries_of_others"
    assert ("item", "E-000001", reason) in wrong(report)


@pytest.fixture(scope="module")
def small_bag(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bag")
    spec = make_spec(stage.kyiv, stage.tokyo, CONTENTS[:2], authority=stage.authority)
    (folder / "seal.pem").write_bytes(stage.kyiv.seal.certificate)
    (folder / "roots.pem").write_bytes(stage.authority.root_pem)
    (folder / "package.asice").write_bytes(written(spec))
    subprocess.run(
        ["unzip", "-q", "package.asice", "-d", "bag"], cwd=folder, check=True, capture_output=True
    )
    return folder


def script_says(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["sh", "bag/comity/verify.sh", "seal.pem", "roots.pem"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_script_finds_links_that_were_added(small_bag: Path, tmp_path: Path) -> None:
    shutil.copytree(small_bag, tmp_path / "copy", symlinks=True)
    assert script_says(tmp_path / "copy").returncode == 0
    (tmp_path / "copy/bag/data/E-000099").symlink_to("/etc/hostname")
    said = script_says(tmp_path / "copy")
    assert (said.returncode, "the signed list lacks" in said.stderr) == (1, True)


def test_the_script_refuses_an_entry_that_stands_there_twice(
    small_bag: Path, tmp_path: Path
) -> None:
    """A line that nobody proved must not hide behind a proven one of the same number."""
    shutil.copytree(small_bag, tmp_path / "copy")
    custody = tmp_path / "copy/bag" / form.CUSTODY
    lines = custody.read_bytes().splitlines(keepends=True)
    script = (tmp_path / "copy/bag/comity/verify.sh").read_text()
    start, end = script.index('echo "1.'), script.index('echo "4.')
    (tmp_path / "copy/bag/comity/verify.sh").write_text(script[:start] + script[end:])
    assert script_says(tmp_path / "copy").returncode == 0
    forged = lines[0].replace(hashlib.sha256(CONTENTS[0]).hexdigest().encode(), b"0" * 64)
    custody.write_bytes(forged + b"".join(lines))
    assert "stands there twice" in script_says(tmp_path / "copy").stderr
    custody.write_bytes(forged + b"".join(lines[1:]))
    assert "its details" in script_says(tmp_path / "copy").stderr


@pytest.mark.parametrize("seed", range(8))
def test_the_script_finds_any_changed_byte(small_bag: Path, tmp_path: Path, seed: int) -> None:
    shutil.copytree(small_bag, tmp_path / "copy")
    chance = random.Random(seed)
    files = sorted(path for path in (tmp_path / "copy/bag").rglob("*") if path.is_file())
    for path in chance.sample(files, 4):
        whole = path.read_bytes()
        position = chance.randrange(len(whole))
        changed = bytes([whole[position] ^ (1 << chance.randrange(8))])
        if path.name == "verify.sh":
            continue  # whoever does not trust the sender takes it from elsewhere
        path.write_bytes(whole[:position] + changed + whole[position + 1 :])
        assert script_says(tmp_path / "copy").returncode == 1, (path, position)
        path.write_bytes(whole)


def test_an_encrypted_package_is_no_failure_but_to_be_decrypted(stage: Stage) -> None:
    report = stage.check(b"age-encryption.org/v1\n-> X25519 abc\n" + bytes(200))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert [each.facts["reason"] for each in report.findings] == ["container.encrypted"]
