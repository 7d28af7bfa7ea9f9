"""The one place where programs are let at media of strangers: `run`.

A tool is a process of its own in the sandbox, with a clean environment, limits and a timeout. Its
input and output are files in memory (memfd): nothing readable is left on the disk. A node's own
sidecar alone runs outside, since it has its own files: see `tools.ask_sidecar`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO

from comity.core.errors import Refused, Untrusted
from comity.evidence import sandbox

INPUT_AT_MOST_BYTES = 1 << 30
ANSWER_AT_MOST_BYTES = 1 << 20
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
    {
        "region_outside",
        "page_missing",
        "range_outside",
        "past_the_end",
        "cannot_copy",
        "reader_missing",
    }
)
_UNFIT_STATUS = 3
_TOO_LONG = 124
_SIGNALLED = 128  # and the signal's number, as the sandbox says it
_CODE_BYTES = 40
OUTSIDE = frozenset({"ask_sidecar"})
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
    officer can put right, "evidence.no_sandbox" where tools cannot be held in, Untrusted(
    "evidence.unreadable_media" | "evidence.took_too_long").
    """
    with ExitStack() as opened:
        held_in, passed = ([], ()) if module in OUTSIDE else _held_in(opened)
        given = opened.enter_context(_memory_file("input"))
        _copy(source, given)
        given.seek(0)
        others = [opened.enter_context(_filled(each)) for each in beside]
        complaint = opened.enter_context(_memory_file("complaint"))
        made = _memory_file("output")
        numbers = [each.fileno() for each in others]
        status = _status(
            subprocess.Popen(
                [*held_in, *_command(module, [*arguments, *map(str, numbers)])],
                pass_fds=[*numbers, *passed],
                stdin=given,
                stdout=made,
                stderr=complaint,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            ),
            seconds,
        )
        complaint.seek(0)
        said = complaint.read(_CODE_BYTES).decode("ascii", "replace").strip()
    if status:
        made.close()
        raise _failure(status, said)
    made.seek(0)
    return made


def _held_in(opened: ExitStack) -> tuple[list[str], tuple[int, ...]]:
    limits = sandbox.Limits(
        cpu_seconds=LIMITS["cpu_seconds"],
        memory_bytes=LIMITS["memory_bytes"],
        room_bytes=LIMITS["file_bytes"],
    )
    try:
        return opened.enter_context(sandbox.held_in(limits))
    except sandbox.NotExamined as failure:
        raise Refused("evidence.no_sandbox") from failure


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


def _status(tool: subprocess.Popen[bytes], seconds: float) -> int:
    """Wait for a tool; _TOO_LONG if it does not end. What it started ends with it."""
    with tool:
        try:
            return tool.wait(seconds)
        except subprocess.TimeoutExpired:
            return _TOO_LONG
        finally:
            with suppress(ProcessLookupError):
                os.killpg(tool.pid, signal.SIGKILL)


def answer(made: BinaryIO) -> dict[str, Any]:
    """Read a tool's answer, a JSON object. Raises Untrusted("evidence.unreadable_media")."""
    with made:
        try:
            found = json.loads(made.read(ANSWER_AT_MOST_BYTES))
        except ValueError as error:
            raise Untrusted("evidence.unreadable_media") from error
    if not isinstance(found, dict):
        raise Untrusted("evidence.unreadable_media")
    return found


def _failure(status: int, said: str) -> Refused | Untrusted:
    if status in {_TOO_LONG, -signal.SIGXCPU, _SIGNALLED + signal.SIGXCPU}:
        return Untrusted("evidence.took_too_long")
    if status == _UNFIT_STATUS and said in CODES:
        return Refused(f"evidence.{said}")
    return Untrusted("evidence.unreadable_media")
