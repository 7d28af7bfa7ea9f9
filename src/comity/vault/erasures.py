"""The list of destroyed keys, outside the database: an old copy restored brings none of them back.

`COMITY_ERASURES`: a line of JSON for each destroyed key, `{"file": uid, "entry": uid}`. It is only
lengthened, under a lock, and synced; it names nobody and tells nothing about the bytes.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

_read: dict[Path, tuple[tuple[int, int], frozenset[uuid.UUID]]] = {}


def note(destroyed: Iterable[tuple[uuid.UUID, uuid.UUID]]) -> int:
    """Add the files, each with the entry that says so, that the list lacks; return how many.

    Safe from several processes at once.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        held = file.read()
        known = _files_of(held)
        fresh = [pair for pair in destroyed if pair[0] not in known]
        # A line that a power cut left unfinished is closed first, so that it spoils no other.
        start = b"\n" if held and not held.endswith(b"\n") else b""
        lines = b"".join(_line(file_uid, entry) for file_uid, entry in fresh)
        if lines:
            file.write(start + lines)
            os.fsync(file.fileno())
    return len(fresh)


def destroyed() -> frozenset[uuid.UUID]:
    """The uids of the files whose keys are destroyed; read again only when the list has grown."""
    path = _path()
    try:
        found = path.stat()
        state = (found.st_ino, found.st_size)
        if path not in _read or _read[path][0] != state:
            _read[path] = (state, frozenset(_files_of(path.read_bytes())))
    except FileNotFoundError:
        return frozenset()
    return _read[path][1]


def _path() -> Path:
    return Path(settings.COMITY_ERASURES)


def _line(file: uuid.UUID, entry: uuid.UUID) -> bytes:
    return json.dumps({"file": str(file), "entry": str(entry)}).encode() + b"\n"


def _files_of(held: bytes) -> set[uuid.UUID]:
    """The files that whole lines name; a line that was cut off was noted for nobody yet."""
    found = set()
    for line in held.splitlines():
        try:
            found.add(uuid.UUID(json.loads(line)["file"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found
