"""The last signed checkpoint in a file of its own: outside the database, and of every backup.

An old copy of the database, restored, would sign other entries under numbers that were given out.
The file is then ahead of it, and the sequencer refuses (evidence.md E6). No database here.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from comity.core import checkpoint, notes
from comity.core.checkpoint import Checkpoint
from comity.core.errors import Untrusted


def read() -> bytes | None:
    """The bytes of the file; None if there is none."""
    try:
        return _path().read_bytes()
    except FileNotFoundError:
        return None


def stated(held: bytes, verifier: notes.Verifier) -> Checkpoint | None:
    """The checkpoint that the file states, if this ledger signed it."""
    try:
        return checkpoint.verify(held, [verifier]).checkpoint
    except Untrusted:
        return None


def advance(note: bytes, verifier: notes.Verifier, instead_of: bytes | None) -> None:
    """Put a newly signed checkpoint in the file's place: compared and exchanged under a lock.

    The larger one stays, whichever process comes first. instead_of: bytes that are to go even if
    they state a larger tree; only a new epoch asks for that. Old or new, the file is always whole.
    """
    path = _path()
    with _locked(path):
        held = read()
        if held is not None and held != instead_of and not _is_older(held, note, verifier):
            return
        fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            with fresh.open("xb") as file:
                file.write(note)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)  # if a power cut undoes this, the older one is there: no harm
        finally:
            with suppress(FileNotFoundError):
                fresh.unlink()


def _is_older(held: bytes, note: bytes, verifier: notes.Verifier) -> bool:
    old, new = stated(held, verifier), stated(note, verifier)
    return old is not None and new is not None and old.size < new.size


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.guard").open("ab") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield


def _path() -> Path:
    return Path(settings.COMITY_HEAD_LOCK)
