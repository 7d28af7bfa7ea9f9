"""Running a foreign tool on one file so that nothing but its answer comes out.

With bubblewrap: an empty read-only world of programs and fonts, no network, no other process, no
key, no path of the node, a temporary folder in memory, and a filter that refuses the system calls
which no tool needs (`core.seccomp`). The file comes over a socket, decrypted as
the tool asks for it (`tools.remote`). Limits hold in any case; what does not end in time is killed
with all that it started. Without a working sandbox nothing runs: see COMITY_SANDBOX.
"""

from __future__ import annotations

import contextlib
import os
import platform
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

import comity
from comity.core import seccomp
from comity.evidence.tools import remote

BWRAP, LIMITS, OFF = "bwrap", "limits", "off"  # what COMITY_SANDBOX can say
MIB = 1024 * 1024
NOBODY = "65534"
ROOM = "/tmp"  # noqa: S108 - in the sandbox, where nothing else is
_READ_BYTES = 256 * 1024
_CONFIGURATION = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/libreoffice",
    "/etc/papersize",
)


@dataclass(frozen=True)
class Limits:
    """What a tool may use. memory: of each of its processes. room: of its temporary folder."""

    wall_seconds: float = 60
    cpu_seconds: int = 60
    memory_bytes: int = 2048 * MIB
    processes: int = 64
    room_bytes: int = 512 * MIB
    answer_bytes: int = 64 * MIB


class NotExamined(Exception):
    """A tool gave no answer. code: why, of `rules.NotExaminedWhy`; never what the file holds."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def how() -> str:
    """How tools are held in on this machine now: BWRAP, LIMITS, or OFF when nothing runs."""
    chosen = str(getattr(settings, "COMITY_SANDBOX", BWRAP))
    if chosen == BWRAP:
        return BWRAP if bwrap_works() else OFF
    return LIMITS if chosen == LIMITS and shutil.which("prlimit") else OFF


@cache
def bwrap_works() -> bool:
    """Say whether bubblewrap can make its empty world here; looked at once in each process."""
    if not (shutil.which("bwrap") and shutil.which("prlimit")):
        return False
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        with _filter() as passed:
            command = [*_world(Limits(), passed), *_limited(Limits()), "/usr/bin/true"]
            ended = subprocess.run(
                command, capture_output=True, timeout=20, env={}, check=False, pass_fds=passed
            )
        return ended.returncode == 0
    return False


@contextlib.contextmanager
def held_in(limits: Limits) -> Iterator[tuple[list[str], tuple[int, ...]]]:
    """Give the words before a command that hold it in, and the descriptors to pass with them.

    Raises NotExamined("no_sandbox").
    """
    held = how()
    if held == OFF:
        raise NotExamined("no_sandbox")
    if held == LIMITS:
        yield _limited(limits), ()
        return
    with _filter() as passed:
        yield [*_world(limits, passed), *_limited(limits)], passed


def has_filter() -> bool:
    """Say whether system calls can be filtered on this kind of machine."""
    return seccomp.program(platform.machine()) is not None


@contextlib.contextmanager
def _filter() -> Iterator[tuple[int, ...]]:
    """The filter of system calls as a file for bubblewrap, which reads it once; none elsewhere."""
    program = seccomp.program(platform.machine())
    if program is None:
        yield ()
        return
    with os.fdopen(os.memfd_create("filter"), "w+b") as made:
        made.write(program)
        made.seek(0)
        yield (made.fileno(),)


def run_tool(
    tool: str, arguments: Sequence[str], source: BinaryIO, size: int, limits: Limits
) -> list[tuple[dict[str, object], bytes]]:
    """Run `comity.evidence.tools.<tool>` on a file and return its answers: header and content.

    source: seekable, decrypts when it is read. Raises NotExamined, and what the source raises.
    """
    command = [sys.executable, "-m", f"comity.evidence.tools.{tool}", *arguments]
    said = run(command, source, size, limits)
    try:
        return list(remote.read_frames(said))
    except ValueError as doubt:
        raise NotExamined("tool_failed") from doubt


def run(command: Sequence[str], source: BinaryIO, size: int, limits: Limits | None = None) -> bytes:
    """Run a program on a file and return what it wrote to its standard output.

    Raises NotExamined("no_sandbox" | "timed_out" | "answer_too_long" | "tool_failed"), and what the
    source raises when its stored bytes cannot be believed.
    """
    held, limits = how(), limits or Limits()
    with contextlib.ExitStack() as opened:
        before, passed = opened.enter_context(held_in(limits))
        ours, theirs = (opened.enter_context(end) for end in socket.socketpair())
        room = opened.enter_context(_room())
        with theirs:
            environment = _environment(theirs.fileno(), size, room if held == LIMITS else ROOM)
            process = subprocess.Popen(
                [*before, *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # it may say what the file holds
                pass_fds=(theirs.fileno(), *passed),
                start_new_session=True,
                cwd="/",
                env=environment,
            )
        try:
            said = _Answered(process, ours, source, limits).until_the_end()
        finally:
            _kill(process)
    if process.returncode != 0:
        raise NotExamined("tool_failed")
    return said


@contextlib.contextmanager
def _room() -> Iterator[str]:
    """A folder in memory for the weaker sandbox, gone afterwards."""
    if how() != LIMITS:
        yield ""
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield folder


def _environment(descriptor: int, size: int, room: str) -> dict[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": room,
        "TMPDIR": room,
        "LC_ALL": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(_package().parent),
        remote.SOCKET: str(descriptor),
        remote.SIZE: str(size),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the tool and all that it started: with its first process its whole world ends."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


class _Answered:
    """Serves a running tool the file and gathers what it says, until it ends or time is over."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        link: socket.socket,
        source: BinaryIO,
        limits: Limits,
    ) -> None:
        self._process, self._link, self._source, self._limits = process, link, source, limits
        self._end = time.monotonic() + limits.wall_seconds
        self._said = bytearray()

    def until_the_end(self) -> bytes:
        """Return all that the tool said. Raises NotExamined, and what the source raises."""
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ, self._listen)
            waiting.register(self._link, selectors.EVENT_READ, self._serve)
            while self._process.stdout in waiting.get_map():
                for key, _ in waiting.select(self._left()):
                    if not key.data():
                        waiting.unregister(key.fileobj)
        try:
            self._process.wait(self._left())
        except subprocess.TimeoutExpired as late:
            raise NotExamined("timed_out") from late
        return bytes(self._said)

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise NotExamined("timed_out")
        return left

    def _listen(self) -> bool:
        assert self._process.stdout is not None  # noqa: S101 - it was opened as a pipe
        piece = os.read(self._process.stdout.fileno(), _READ_BYTES)
        self._said += piece
        if len(self._said) > self._limits.answer_bytes:
            raise NotExamined("answer_too_long")
        return bool(piece)

    def _serve(self) -> bool:
        """Answer one request; False when the tool has closed its end or speaks nonsense."""
        try:
            self._link.settimeout(self._left())
            asked = self._link.recv(remote.REQUEST.size, socket.MSG_WAITALL)
            if len(asked) < remote.REQUEST.size:
                return False
            offset, length = remote.REQUEST.unpack(asked)
            if offset >= 2**63 or length > remote.MOST_AT_ONCE:
                return False
            self._source.seek(offset)
            piece = self._source.read(length)
            self._link.sendall(remote.COUNT.pack(len(piece)) + piece)
        except TimeoutError as late:
            raise NotExamined("timed_out") from late
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True


def _limited(limits: Limits) -> list[str]:
    return [
        "/usr/bin/prlimit",
        f"--cpu={limits.cpu_seconds}",
        f"--as={limits.memory_bytes}",
        f"--fsize={limits.room_bytes}",
        f"--nproc={limits.processes}",
        "--nofile=256",
        "--core=0",
        "--",
    ]


def _world(limits: Limits, filters: Sequence[int]) -> list[str]:
    """The command that makes the empty world; what follows it runs inside.

    A node that runs as root gives its tools to nobody: in a user namespace they would still be
    root outside, whom the limit of processes does not hold.
    """
    world = [
        # The first to go when memory ends, and the last to be given the processor.
        *(["/usr/bin/choom", "-n", "1000", "--"] if Path("/usr/bin/choom").exists() else []),
        *("/usr/bin/nice", "-n", "10"),
        *(shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session"),
        *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"),
        "--unshare-cgroup-try",
        *(word for number in filters for word in ("--seccomp", str(number))),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--perms", "1777", "--size", str(limits.room_bytes), "--tmpfs", ROOM),
        *_programs(),
        *("--ro-bind", str(_package()), str(_package())),
        *_hidden(),
        *("--remount-ro", "/", "--chdir", "/"),
    ]
    if os.geteuid() != 0:
        return [*world, "--unshare-user"]
    capabilities = [("--cap-add", name) for name in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")]
    return [
        *world,
        *("--cap-drop", "ALL"),
        *(word for pair in capabilities for word in pair),
        *("/usr/bin/setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"),
        *("--no-new-privs", "--bounding-set", "-all", "--inh-caps", "-all", "--"),
    ]


def _programs() -> list[str]:
    """Programs, libraries and fonts, to be read only."""
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("lib", "lib64", "bin", "sbin"):
        if Path("/", name).is_symlink():
            words += ["--symlink", f"usr/{name}", f"/{name}"]
        elif Path("/", name).is_dir():
            words += ["--ro-bind", f"/{name}", f"/{name}"]
    words += ["--perms", "0755", "--dir", "/etc"]
    for path in _CONFIGURATION:
        words += ["--ro-bind-try", path, path]
    own = [str(path) for path in getattr(settings, "COMITY_TOOL_FOLDERS", ())]
    for folder in dict.fromkeys((sys.base_prefix, sys.prefix, *own)):
        if not Path(folder).is_relative_to("/usr"):
            words += [*_above(Path(folder)), "--ro-bind", folder, folder]
    return [*words, *_above(_package())]


def _above(path: Path) -> list[str]:
    """Folders on the way to a path, empty but for it; without this only root could go through."""
    return [
        word
        for folder in [*path.parents][-2::-1]
        for word in ("--perms", "0755", "--dir", str(folder))
    ]


def _hidden() -> list[str]:
    """Cover the node's home and folders, should they lie under one that is shown.

    What is shown and lies in such a folder itself, as an interpreter may, is shown again.
    """
    places = ("/usr", sys.prefix, sys.base_prefix, *getattr(settings, "COMITY_TOOL_FOLDERS", ()))
    shown = [Path(place).resolve() for place in places]
    names = ("HOME", "COMITY_KEYS", "COMITY_VAULT", "COMITY_SPOOL")
    own = [Path(getattr(settings, name)).resolve() for name in names if hasattr(settings, name)]
    hidden = [
        path
        for path in dict.fromkeys(own)
        if path.is_dir() and any(path.is_relative_to(place) for place in shown)
    ]
    outermost = [
        path
        for path in hidden
        if not any(path != one and path.is_relative_to(one) for one in hidden)
    ]
    words = [word for path in outermost for word in ("--tmpfs", str(path))]
    for place in dict.fromkeys((*shown, _package())):
        if any(place != path and place.is_relative_to(path) for path in outermost):
            words += ["--ro-bind", str(place), str(place)]
    return words


def _package() -> Path:
    return Path(next(iter(comity.__path__))).resolve()
