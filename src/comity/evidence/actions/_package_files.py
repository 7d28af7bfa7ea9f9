"""The files of packages in the spool: there is room for them, and none is left lying."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings

from comity.core.errors import Refused
from comity.evidence.rules import plain_line
from comity.vault.storage import NO_SPACE, WatchedTarget

# A package is fetched in the request that made it: older ones were left by a killed process.
KEEP_SECONDS = 3600
KEYS_AT_MOST = 20


@contextmanager
def package_file(size: int, suffix: str = ".asice") -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new file for a package of about `size` bytes; if anything goes wrong, it is gone.

    Raises Refused("vault.disk_full") before and while the disk would fall under its reserve.
    """
    folder = _folder()
    path = folder / f"{uuid.uuid4().hex}{suffix}"
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


def sound_keys(keys: Sequence[str]) -> tuple[str, ...]:
    """Give age public keys (`age1…`), each once. Raises Refused("evidence.bad_age_key")."""
    import pyrage  # only whoever encrypts a package needs it

    found = tuple(dict.fromkeys(each.strip() for each in keys if each.strip()))
    if len(found) > KEYS_AT_MOST:
        raise Refused("evidence.bad_age_key", key=found[KEYS_AT_MOST][:16])
    for key in found:
        try:
            pyrage.x25519.Recipient.from_str(key)
        except pyrage.RecipientError as failure:
            raise Refused("evidence.bad_age_key", key=plain_line(key)[:16]) from failure
    return found


@contextmanager
def encrypted(
    target: BinaryIO, keys: Sequence[str]
) -> Iterator[tuple[BinaryIO, Callable[[], str]]]:
    """Give a file whose bytes go to `target` encrypted with age, and what gives their digest.

    keys: sound ones. The digest (64 hex digits) of what the target got is known at the end. The
    bytes go through a pipe: the plain ones are in memory only, a piece at a time.
    """
    import pyrage

    recipients = [pyrage.x25519.Recipient.from_str(key) for key in keys]
    sink = _Sink(target)
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def encrypt() -> None:
        with os.fdopen(reading, "rb", buffering=1 << 20) as source:
            try:
                pyrage.encrypt_io(source, sink, recipients)
            except BaseException as failure:  # noqa: BLE001 - raised again below, by who waits
                failures.append(sink.failure or failure)

    thread = threading.Thread(target=encrypt, name="age")
    thread.start()
    try:
        with os.fdopen(writing, "wb", buffering=1 << 20) as pipe:
            yield pipe, sink.digest.hexdigest
    except BrokenPipeError:
        if not failures:
            raise
    finally:
        thread.join()
    if failures:
        raise failures[0]


class _Sink(io.RawIOBase):
    """Hashes what passes; keeps why the target took no more, which age does not hand on."""

    def __init__(self, target: BinaryIO) -> None:
        super().__init__()
        self._target, self.digest = target, hashlib.sha256()
        self.failure: BaseException | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # the base says a buffer
        try:
            self._target.write(data)
        except BaseException as failure:
            self.failure = failure
            raise
        self.digest.update(data)
        return len(data)


def left_packages() -> list[Path]:
    """The packages that lie longer than an hour."""
    oldest = time.time() - KEEP_SECONDS
    found = []
    for path in _folder().glob("*.asice*"):
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
