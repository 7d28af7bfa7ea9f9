"""The other end of `sealer`: a process of its own that reads and seals beside this one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from comity.vault.sealer import Answer, Given, Sealed

CORES_NEEDED = 2
_ENDS_WITHIN_SECONDS = 5
_PACKAGES = str(Path(__file__).resolve().parents[2])
_PROGRAM = "import sys; from comity.vault import sealer; sealer.main(int(sys.argv[1]))"


class Gone(Exception):
    """The process beside this one has ended: nothing of what it was asked for is there."""


def is_worth_it() -> bool:
    """Say whether another process would have a core to run on."""
    return len(os.sched_getaffinity(0)) >= CORES_NEEDED


class Apart:
    """A process that reads and seals. Use with `with`: it ends at the end. Raises Gone.

    Ask in order, and take the answers in that order, if need be from another thread.
    """

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        self._link = Connection(os.dup(self._socket.fileno()))
        with theirs:
            self._process = _started(theirs.fileno())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        # Who still waits for an answer in another thread gets none; closing it would not tell him.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        try:
            self._process.wait(_ENDS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask_to_read(self, given: Sequence[Given], at_most_bytes: int) -> None:
        """Have the first of these read and held, until there are so many bytes. Raises Gone."""
        self._send("read", given, at_most_bytes)

    def ask_to_seal(self, path: Path, numbers: Sequence[int], keys: bytes) -> None:
        """Have those of what is held sealed into a file that is there. Raises Gone.

        numbers: their places in what was read last. keys: 32 bytes for each.
        """
        self._send("seal", str(path), numbers, keys)

    def what_was_read(self) -> list[Answer]:
        """Wait for the answer to `ask_to_read`; it may be of fewer than were given. Raises Gone."""
        return cast("list[Answer]", self._received())

    def what_was_sealed(self) -> Sealed:
        """Wait for the answer to `ask_to_seal`. Raises Gone."""
        return cast("Sealed", self._received())

    def _send(self, *message: object) -> None:
        try:
            self._link.send(message)
        except OSError as failure:
            raise Gone from failure

    def _received(self) -> object:
        try:
            return self._link.recv()
        except (EOFError, OSError) as failure:
            raise Gone from failure


def _started(descriptor: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            [sys.executable, "-s", "-P", "-c", _PROGRAM, str(descriptor)],
            pass_fds=[descriptor],
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
    except OSError as failure:
        raise Gone from failure


def _environment() -> dict[str, str]:
    """It needs the interpreter and nothing of the node: no address, no secret."""
    known = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return known | {"PYTHONPATH": _PACKAGES, "LANG": "C.UTF-8"}


_PASSED_ON = ("PATH", "LD_LIBRARY_PATH")
