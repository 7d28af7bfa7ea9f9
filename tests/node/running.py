"""The `comity` command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

OURS = ("COMITY_", "DATABASE_URL", "SECRET_KEY", "DJANGO_")
COMITY = [sys.executable, "-c", "from comity.node.command import main; main()"]


def environment(home: Path | None = None, **more: str) -> dict[str, str]:
    """Nothing of the tests' own node."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return kept | ({"COMITY_HOME": str(home)} if home else {}) | more


def run(*arguments: str | Path, home: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run(
        [*COMITY, *map(str, arguments)], env=environment(home), cwd="/",
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def init(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`comity init` for an invented office."""
    return run("init", folder, "--node-id", "kyiv.test.example", *arguments)
