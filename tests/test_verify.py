"""The command `comity-verify`, run as a court's expert runs it: a process of its own."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import resource
import string
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from comity.core import ziplayout
from comity.core.container import Entry, open_container, write_container
from comity.core.findings import Finding, Report, Verdict
from comity.core.package_form import ABOUT, CUSTODY
from comity.core.verdict_reasons import REASONS
from comity.core.verdict_tables import EVENTS, FINDINGS, TYPES, VERDICTS
from comity.core.verdict_words import LANGUAGES, finding_words, report_lines, verdict_words
from comity.node.testtsa import Authority
from comity.verify import main
from tests.court import Node, make_spec, written

CORE = Path(__file__).parents[1] / "src" / "comity" / "core"
KYIV, TOKYO = Node("kyiv.example", "UA"), Node("tokyo.example", "JP")
# As a process of a bare install: whatever is not a dependency of the verifier cannot be imported.
BARE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"django", "psycopg", "sqlite3", "pyhanko", "httpx2", "typst"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
from comity.verify import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package, its trust, and the root of its time-stamp authority."""
    folder = tmp_path_factory.mktemp("court")
    authority = Authority(folder / "tsa")
    spec = make_spec(KYIV, TOKYO, [b"photograph", b"film"], authority=authority)
    (folder / "package.asice").write_bytes(written(spec))
    (folder / "kyiv.jws").write_text(KYIV.descriptor_text)
    (folder / "partners").mkdir()
    (folder / "partners" / "tokyo.jws").write_text(TOKYO.descriptor_text + "\n")
    (folder / "receipts.txt").write_text("\n".join([*spec.receipts, ""]))
    _, message = KYIV.message(TOKYO, "letter/1")
    (folder / "message.asice").write_bytes(message)
    return folder


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BARE, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CORE.parents[1]),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        timeout=120,
    )


TRUST = ("--trust", "kyiv.jws", "--trust", "partners", "--tsa-root", "tsa/ca.pem")


def test_a_package_is_verified_without_django_and_database(folder: Path) -> None:
    result = run(folder, "package.asice", *TRUST, "--lang", "en")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("SEALED AND TIMED.")
    assert "Item E-000001 is unchanged since it was taken in" in result.stdout
    assert "Receipt: tokyo.example" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("language", "words"),
    [("uk", "ЛИШЕ ЦІЛІСНІСТЬ."), ("ja", "完全性のみ確認。"), ("en", "INTEGRITY ONLY.")],
)
def test_it_speaks_three_languages(folder: Path, language: str, words: str) -> None:
    result = run(folder, "package.asice", "--lang", language)
    assert result.returncode == 0
    assert result.stdout.startswith(words)
    by_locale = run(folder, "package.asice", LANG=f"{language}_XX.UTF-8")
    assert by_locale.stdout == result.stdout


def test_it_writes_json(folder: Path) -> None:
    result = run(folder, "package.asice", *TRUST, "--json", "--lang", "ja")
    value = json.loads(result.stdout)
    assert (value["kind"], value["verdict"], value["holds"]) == ("package", "SEALED_TIMED", True)
    assert {each["code"] for each in value["findings"]} >= {"item", "log.time", "receipt"}


def test_it_knows_messages_and_receipts(folder: Path) -> None:
    message = json.loads(run(folder, "message.asice", *TRUST, "--json").stdout)
    assert (message["kind"], message["verdict"]) == ("message", "SEALED")
    bundle = json.loads(run(folder, "receipts.txt", *TRUST, "--json").stdout)
    assert (bundle["kind"], bundle["verdict"]) == ("receipts", "SEALED")
    unknown = run(folder, "receipts.txt", "--json")
    assert (unknown.returncode, json.loads(unknown.stdout)["verdict"]) == (1, "UNVERIFIABLE")


def test_a_flipped_bit_is_named(folder: Path) -> None:
    data = bytearray((folder / "package.asice").read_bytes())
    data[data.index(b"photograph")] ^= 1
    (folder / "flipped.asice").write_bytes(data)
    result = run(folder, "flipped.asice", *TRUST, "--lang", "en")
    assert result.returncode == 1
    assert result.stdout.startswith("FAILED.")
    assert "A file in the container has changed: data/E-000001/original.bin" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("absent.asice",),
        (".",),
        ("package.asice", "--trust", "absent.jws"),
        ("package.asice", "--trust", "package.asice"),
        ("package.asice", "--trust", "tsa"),
        ("package.asice", "--tsa-root", "kyiv.jws"),
        ("package.asice", "--witness", "kyiv.jws"),
        ("package.asice", "--lang", "xx"),
        (),
    ],
)
def test_wrong_use_ends_with_two_and_a_sentence(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(folder, *arguments)
    assert result.returncode == 2
    assert result.stderr
    assert "Traceback" not in result.stderr


def hostile() -> Iterator[tuple[str, bytes]]:
    """Files by somebody who wants the verifier to fall over."""
    yield "empty", b""
    yield "text", b"\xff\xfe hello"
    yield "jws", b"eyJ" + b"\xff" * 100
    yield "dots", b"eyJ." + b"." * 1_000_000
    yield "lines", b"eyJ\n" * 200_000
    yield "deep-jws", b"eyJ" + b"W1tbW1tb" * 20_000 + b".W1tb.AAAA"
    for name, path, content in [
        ("deep", ABOUT, b"[" * 4_000_000),
        ("deep-closed", ABOUT, b"[" * 3_000_000 + b"]" * 3_000_000),
        ("wide", ABOUT, b"[" + b"[]," * 2_000_000 + b"[]]"),
        ("number", ABOUT, b"9" * 8_000_000),
        ("latin", ABOUT, b"\xe9" * 1000),
        ("surrogate", ABOUT, b'{"format":"\\ud800"}'),
        ("large", ABOUT, b"x" * 20_000_000),
        ("scalar", ABOUT, b"1"),
        ("wrong-types", ABOUT, b'{"format":{"a":[1]},"log":3}'),
        ("message", "message.json", b"{" * 100_000),
    ]:
        yield name, sealed({path: content})
    yield "custody", damaged({CUSTODY: b"[" * 1_000_000 + b"\n"})
    yield "no-newline", damaged({CUSTODY: b"{}"})
    yield "checkpoint", damaged({"comity/checkpoint": "a\n1\n\n— ".encode() + b"\xf0" * 100})
    yield (
        "proof",
        damaged({"comity/proofs/1.tlog-proof": b"c2sp.org/tlog-proof@v1\nindex 99999999"}),
    )
    yield "token", damaged({"comity/time/1.tsr": b"\x30\x80" * 1000})
    yield "descriptor", damaged({"comity/descriptors/000001.jws": b"\xe3\x81\x82"})
    yield "receipt", damaged({"comity/receipts/000001.jws": b"a.b.c"})
    yield "inner", damaged({"comity/messages/x.asice": b"PK\x05\x06" + bytes(18)})
    yield "bomb", bomb()


def sealed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    entries = [Entry(name, data, "text/plain") for name, data in files.items()]
    write_container(target, entries, KYIV.seal, KYIV.now)
    return target.getvalue()


def damaged(files: dict[str, bytes]) -> bytes:
    """A court package with some entries replaced, sealed again by its sender."""
    container = open_container(io.BytesIO(written(make_spec(KYIV, TOKYO, [b"x"]))))
    held = {
        name: container.view(name).read()
        for name in container.names()
        if name.startswith(("data/", "comity/"))
    }
    return sealed(held | files)


def bomb() -> bytes:
    """Entries that overlap, as in the bombs that unpack to petabytes."""
    data = b"0" * 10_000_000
    crc = zlib.crc32(data)
    members = [ziplayout.Member(f"m/{number}", len(data), crc, 0) for number in range(20_000)]
    body = ziplayout.local_header("m/0", size=len(data), crc32=crc) + data
    return body + ziplayout.directory(members, len(body))


def test_hostile_files_end_with_one_and_a_sentence(folder: Path, tmp_path: Path) -> None:
    for name, data in hostile():
        file = tmp_path / name
        file.write_bytes(data)
        result = run(folder, str(file), *TRUST, "--lang", "en")
        assert result.returncode == 1, (name, result.stdout, result.stderr)
        assert result.stdout.startswith(("FAILED.", "UNVERIFIABLE.")), name
        assert "carried through" not in result.stdout, (name, result.stdout)
        assert result.stderr == "", name
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1_500_000  # kilobytes


def test_a_terminal_is_never_given_anything_to_obey() -> None:
    nasty = "\x1b[2J\u202ename\n" + "x" * 1000
    finding = Finding("item", False, nasty, {"reason": nasty, "time": nasty})
    for language in LANGUAGES:
        for line in report_lines(Report("package", Verdict.FAILED, (finding,)), language):
            assert line.isprintable()
            assert len(line) < 800


def test_a_terminal_without_the_signs_gets_question_marks(folder: Path) -> None:
    result = run(folder, "package.asice", "--lang", "ja", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert "???" in result.stdout


def test_main_ends_the_process_with_its_code(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["package.asice", "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "INTEGRITY_ONLY"


# Words


def emitted() -> set[str]:
    """Every code of a finding that core can write, read from its source."""
    codes = set()
    for path in CORE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = getattr(node.func, "id", ""), node.args[0]
            if name in {"Finding", "failure"} and isinstance(first, ast.Constant):
                codes.add(first.value)
    return codes


def reasons() -> set[str]:
    codes = set()
    for path in CORE.rglob("*.py"):
        codes |= set(re.findall(r'(?:Untrusted|ProofError)\(\s*"([a-z0-9_.]+)"', path.read_text()))
    return codes


def test_every_finding_has_words_in_every_language() -> None:
    assert emitted() == set(FINDINGS) - {""}
    tables: list[Any] = [REASONS, EVENTS, TYPES, VERDICTS, *FINDINGS.values()]
    for words in [each for table in tables for each in table.values()]:
        assert len(words) == len(LANGUAGES)
        assert all(words)
    assert set(VERDICTS) == set(Verdict)
    for verdict in Verdict:
        assert len({verdict_words(verdict, language) for language in LANGUAGES}) == 3


def test_every_language_names_the_same_facts() -> None:
    for states in FINDINGS.values():
        for texts in states.values():
            named = [{name for _, name, _, _ in string.Formatter().parse(each)} for each in texts]
            assert named[0] - {None} == named[1] - {None} == named[2] - {None}, texts


def test_what_the_verifier_can_meet_has_a_reason_in_words() -> None:
    met = ("container", "bag", "cms", "certificate", "timestamp", "canonical", "package", "custody")
    met += ("item", "merkle", "logproof", "note", "checkpoint", "descriptor", "message", "receipt")
    for code in reasons():
        if code.startswith(met):
            assert code in REASONS or code.partition(".")[0] in REASONS, code


def test_no_words_are_left_unfilled(folder: Path) -> None:
    for language in LANGUAGES:
        for trust in ((), TRUST):
            shown = run(folder, "package.asice", *trust, "--lang", language).stdout
            assert not re.search(r"[{}]|— и|\(—\)", shown), shown


def test_a_finding_without_words_still_says_something() -> None:
    assert finding_words(Finding("new.thing", False, "x"), "en") == "new.thing: x"
