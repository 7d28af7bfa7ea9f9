"""Some pages of a PDF as a PDF, by poppler's pdfseparate and pdfunite."""

from __future__ import annotations

import os
import subprocess
from typing import BinaryIO

from comity.evidence.tools import Unfit
from comity.evidence.tools.pixels import SOURCE, page_count

MOST_PAGES = 100


def main(arguments: list[str], _source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: first and last page, from 1, both included."""
    first, last = (int(number) for number in arguments)
    if not 1 <= first <= last <= page_count():
        raise Unfit("page_missing")
    if last - first >= MOST_PAGES:
        raise Unfit("range_outside")
    parts = [_separated(number) for number in range(first, last + 1)]
    whole = os.memfd_create("whole") if len(parts) > 1 else parts[0]
    if len(parts) > 1:
        _run(["pdfunite", *map(_path, parts), _path(whole)], [*parts, whole])
    with os.fdopen(whole, "rb") as made:
        made.seek(0)
        target.write(made.read())


def _separated(number: int) -> int:
    part = os.memfd_create(f"page {number}")
    page = str(number)
    _run(["pdfseparate", "-f", page, "-l", page, SOURCE, _path(part)], [part])
    return part


def _path(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _run(command: list[str], descriptors: list[int]) -> None:
    subprocess.run(command, check=True, stdin=0, pass_fds=descriptors, stdout=subprocess.DEVNULL)
