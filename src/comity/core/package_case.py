"""Checks that the CASE/UCO description of a package says what the package proves, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import BinaryIO

from comity.core import case_uco
from comity.core import package_form as form
from comity.core.container import Container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure
from comity.core.package_form import About


def check_description(container: Container, about: About) -> Iterator[Finding]:
    """Write the description again from package.json and custody.jsonl, and compare.

    A description in a form that this reader does not know stays a doubt; none is no fault.
    """
    if form.CASE not in container:
        return
    try:
        with container.open(form.CASE) as found, container.open(form.CUSTODY) as custody:
            yield _compared(found, case_uco.describe(about, form.read_lines(custody)))
    except Untrusted as error:
        yield failure("case", error, form.CASE)


def _compared(found: BinaryIO, expected: Iterable[bytes]) -> Finding:
    count = 0
    for ours, theirs in zip_longest(_single(expected), _lines(found)):
        if ours != theirs:
            stated = f'"uco-core:name":"{case_uco.FORM}"'.encode()
            if count == 0 and theirs is not None and stated not in theirs:
                return Finding("case", None, form.CASE, {"reason": "case.unknown_form"})
            return Finding("case", False, form.CASE, {"reason": "case.differs", "line": count + 1})
        count += 1
    return Finding("case", True, form.CASE, {"lines": count})


def _single(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from piece.splitlines(keepends=True)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    while line := stream.readline(2 * form.MAX_LINE_BYTES):
        yield line
