"""How far an intake is, for somebody at a terminal: bytes, files, pace; nothing into a pipe."""

from __future__ import annotations

import stat
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

SHOW_EVERY_SECONDS = 0.2
WIDTH = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """A line that is drawn over; nothing is written unless `screen` is a terminal."""

    def __init__(self, files: Sequence[str], screen: TextIO) -> None:
        self._screen, self._is_shown = screen, screen.isatty()
        self._files, self._bytes = len(files), sum(map(_size, files)) if self._is_shown else 0
        self._done_files = self._done_bytes = 0
        self._began = self._drawn = time.monotonic()

    def read(self, count: int) -> None:
        """Count bytes that were read."""
        self._done_bytes += count
        if time.monotonic() - self._drawn >= SHOW_EVERY_SECONDS:
            self.draw()

    def file_done(self) -> None:
        """Count a file."""
        self._done_files += 1
        if time.monotonic() - self._drawn >= SHOW_EVERY_SECONDS:
            self.draw()

    def draw(self) -> None:
        """Show how far it is."""
        self._drawn = time.monotonic()
        share = min(1.0, self._done_bytes / self._bytes) if self._bytes else 1.0
        full = int(share * WIDTH)
        pace = self._done_bytes / max(self._drawn - self._began, 0.001)
        self._write(
            f"{_CLEAR}[{'#' * full}{'-' * (WIDTH - full)}] {share:4.0%}  "
            f"{_said(self._done_bytes)} of {_said(self._bytes)}, "
            f"{self._done_files} of {self._files} files, {_said(pace)}/s"
        )

    def clear(self) -> None:
        """Make room for a line."""
        self._write(_CLEAR)

    def _write(self, text: str) -> None:
        if self._is_shown:
            self._screen.write(text)
            self._screen.flush()


def _size(path: str) -> int:
    with suppress(OSError):
        found = Path(path).lstat()
        return found.st_size if stat.S_ISREG(found.st_mode) else 0
    return 0


def _said(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
