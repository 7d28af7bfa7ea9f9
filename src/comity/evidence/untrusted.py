"""The one place where programs are let at media of strangers: `run`.

A tool is a process of its own, without a shell, with a clean environment, limits and a timeout. Its
input and output are files in memory (memfd): nothing readable is left on the disk.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from comity.core.errors import Refused, Untrusted

INPUT_AT_MOST_BYTES = 1 << 30
SECONDS = 600
LIMITS = {
    "cpu_seconds": 600,
    "memory_bytes": 6 << 30,
    "file_bytes": 2 << 30,
    "files": 128,
    "core_bytes": 0,
}
# What a tool may say of its input; all else that goes wrong is "evidence.unreadable_media".
CODES = frozenset(
    {"region_outside", "page_missing", "range_outside", "cannot_copy", "reader_missing"}
)
_UNFIT_STATUS = 3
_PACKAGES = str(Path(__file__).resolve().parents[2])


def run(
    module: str,
    arguments: Sequence[str],
    source: BinaryIO,
    *,
    beside: Sequence[bytes] = (),
    seconds: float = SECONDS,
) -> BinaryIO:
    """Let a tool of `comity.evidence.tools` work on source, from its start; give what it wrote.

    module: its name. beside: small files that the tool needs too; their descriptors follow its
    arguments. The result is a file in memory, at its start; closing it frees it.
    Raises Refused("evidence.too_large_for_tools" | "evidence.region_outside" | …) for what the
    officer can put right, Untrusted("evidence.unreadable_media" | "evidence.took_too_long").
    """
    with ExitStack() as opened:
        given = opened.enter_context(_memory_file("input"))
        _copy(source, given)
        given.seek(0)
        others = [opened.enter_context(_filled(each)) for each in beside]
        made = _memory_file("output")
        numbers = [each.fileno() for each in others]
        try:
            done = subprocess.run(
                _command(module, [*arguments, *map(str, numbers)]),
                pass_fds=numbers,
                stdin=given,
                stdout=made,
                stderr=subprocess.PIPE,
                env=_environment(),
                cwd="/",
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as slow:
            made.close()
            raise Untrusted("evidence.took_too_long") from slow
    if done.returncode:
        made.close()
        raise _failure(done)
    made.seek(0)
    return made


def _command(module: str, arguments: Sequence[str]) -> list[str]:
    return [
        sys.executable, "-s", "-B", "-m", "comity.evidence.tools", module, json.dumps(LIMITS),
        *arguments,
    ]  # fmt: skip


def _environment() -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "PYTHONPATH": _PACKAGES,
    }


def _memory_file(name: str) -> BinaryIO:
    return os.fdopen(os.memfd_create(name, os.MFD_CLOEXEC), "w+b")


def _filled(content: bytes) -> BinaryIO:
    made = _memory_file("beside")
    made.write(content)
    made.seek(0)
    return made


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    size = source.seek(0, os.SEEK_END)
    if size > INPUT_AT_MOST_BYTES:
        raise Refused("evidence.too_large_for_tools", most_bytes=INPUT_AT_MOST_BYTES)
    source.seek(0)
    shutil.copyfileobj(source, target, 1 << 20)
    target.flush()


def _failure(done: subprocess.CompletedProcess[bytes]) -> Refused | Untrusted:
    said = done.stderr.decode("ascii", "replace").strip()
    if done.returncode == _UNFIT_STATUS and said in CODES:
        return Refused(f"evidence.{said}")
    return Untrusted("evidence.unreadable_media")
