"""The files of packages in the spool: there is room for them, and none is left lying."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings

from comity.core.errors import Refused
from comity.vault.storage import NO_SPACE, WatchedTarget

# A package is fetched in the request that made it: older ones were left by a killed process.
KEEP_SECONDS = 3600


@contextmanager
def package_file(size: int) -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new file for a package of about `size` bytes; if anything goes wrong, it is gone.

    Raises Refused("vault.disk_full") before and while the disk would fall under its reserve.
    """
    folder = _folder()
    path = folder / f"{uuid.uuid4().hex}.asice"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_space(size)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as target:
            fcntl.flock(target, fcntl.LOCK_EX)  # no sweep takes what is being written
            yield path, cast("BinaryIO", WatchedTarget(target, lambda: _require_space(0)))
    except BaseException as failure:
        with suppress(FileNotFoundError):
            path.unlink()
        if isinstance(failure, OSError) and failure.errno in NO_SPACE:
            raise Refused("vault.disk_full") from failure
        raise


def left_packages() -> list[Path]:
    """The packages that lie longer than an hour."""
    oldest = time.time() - KEEP_SECONDS
    found = []
    for path in _folder().glob("*.asice"):
        with suppress(FileNotFoundError):  # handed over meanwhile
            if path.stat().st_mtime < oldest:
                found.append(path)
    return found


def sweep_packages() -> int:
    """Remove packages that nobody fetched within an hour; return how many."""
    swept = 0
    for path in left_packages():
        with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
            swept += 1
    return swept


def _folder() -> Path:
    return Path(settings.COMITY_SPOOL) / "packages"


def _require_space(needed: int) -> None:
    if shutil.disk_usage(_folder()).free - needed < settings.COMITY_RESERVED_DISK_BYTES:
        raise Refused("vault.disk_full")
