"""The rules of ARCHITECTURE.md that import-linter cannot say."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src/comity"
APPS = {
    "ledger", "accounts", "vault", "exchange", "evidence", "screening", "cases", "hub",
    "assistance", "coordination",
}  # fmt: skip
PLUMBING = {"ledger", "exchange", "vault"}
OPEN_MODULES = {"models", "actions"}
# The doors that apps open besides models and actions; docs/decisions/0002 says why.
DOORS = {
    "comity.accounts.step_up",
    "comity.ledger.rows",
    "comity.ledger.stamping",
    "comity.vault.storage",
    "comity.vault.uploads",
    "comity.vault.arrivals",
    "comity.vault.resumable",
    "comity.exchange.received",
    "comity.exchange.witnesses",
    "comity.evidence.rules",
    "comity.cases.rules",
}


def test_between_apps_only_models_and_actions_are_open() -> None:
    graph = grimp.build_graph("comity")
    wrong = []
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            if not imported.startswith("comity."):
                continue
            from_app, to = importer.split(".")[1], imported.split(".")
            to_app = to[1]
            if from_app == to_app or to_app not in APPS or from_app not in APPS | {"node"}:
                continue
            if from_app == "node" or len(to) < 3 or to[2] in OPEN_MODULES or imported in DOORS:
                continue
            wrong.append(f"{importer} -> {imported}")
    assert not wrong, "\n".join(wrong)


def action_files() -> list[Path]:
    files = []
    for app in sorted(APPS - PLUMBING):
        one = SOURCE / app / "actions.py"
        files.extend([one] if one.exists() else sorted((SOURCE / app / "actions").glob("*.py")))
    return files


def _calls(function: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            target = node.func
            if isinstance(target, ast.Attribute):
                names.add(ast.unparse(target))
            elif isinstance(target, ast.Name):
                names.add(target.id)
    return names


def _writes(function: ast.AST) -> bool:
    """Whether the function opens a transaction: only those change anything."""
    decorated = any(
        "atomic" in ast.unparse(each) for each in getattr(function, "decorator_list", [])
    )
    return decorated or any("atomic" in name for name in _calls(function))


@pytest.mark.parametrize("path", action_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_every_action_takes_the_actor_first_and_writes_the_ledger(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}

    def appends(name: str, seen: frozenset[str] = frozenset()) -> bool:
        calls = _calls(functions[name])
        if calls & {"ledger.append", "ledger.append_many", "ledger.record_look"}:
            return True
        inner = (calls & functions.keys()) - seen
        others = {"accounts.", "evidence.", "exchange.", "cases."}
        if any(call.startswith(tuple(others)) for call in calls):
            return True
        return any(appends(each, seen | {name}) for each in inner)

    wrong = []
    for name, function in functions.items():
        if name.startswith("_") or not _writes(function):
            continue
        first = function.args.args[0].arg if function.args.args else ""
        if first != "actor":
            wrong.append(f"{name}: the first argument is {first!r}, not actor")
        if not appends(name):
            wrong.append(f"{name}: writes no ledger entry")
    assert not wrong, "\n".join(wrong)


def test_files_and_functions_keep_their_size() -> None:
    wrong = []
    for path in SOURCE.rglob("*.py"):
        if "migrations" in path.parts:
            continue
        text = path.read_text("utf-8")
        lines = text.count("\n")
        if lines > 500:
            wrong.append(f"{path.relative_to(ROOT)}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > 40:
                    wrong.append(f"{path.relative_to(ROOT)}: {node.name} is over 40 lines")
    assert not wrong, "\n".join(wrong)


def test_no_app_uses_signals_or_the_admin() -> None:
    for path in SOURCE.rglob("*.py"):
        text = path.read_text("utf-8")
        assert "django.contrib.admin" not in text, path
        assert "@receiver" not in text, path


def test_core_reads_no_clock() -> None:
    banned = ("datetime.now(", "time.time(", "date.today(", "utcnow(")
    for path in (SOURCE / "core").rglob("*.py"):
        text = path.read_text("utf-8")
        assert not any(word in text for word in banned), path


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    words = (
        "files.pythonhosted" + ".org",
        "registry.npmjs" + ".org",
        "/root" + "/",
        "/work" + "/main",
    )
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        text = path.read_text("utf-8")
        assert not any(word in text for word in words), path


# Each of these takes megabytes: only a process that does what they are for may pay for them.
LARGE = (
    "PIL", "aiohttp", "http_message_signatures", "httpx2", "numpy", "obstore", "pyhanko", "pyrage",
    "rfc3161_client", "shamir_mnemonic", "typst",
)  # fmt: skip


def test_taking_evidence_in_loads_nothing_large(tmp_path: Path) -> None:
    program = (
        "import sys, django; django.setup(); import comity.evidence.actions; "
        f"print(*sorted(set({LARGE!r}) & set(sys.modules)))"
    )
    environment = os.environ | {
        "COMITY_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "comity.node.settings",
        "SECRET_KEY": "only for this test",
        "PYTHONPATH": str(SOURCE.parent),
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
