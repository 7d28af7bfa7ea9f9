"""Checks that the CASE/UCO description of a package says what the package proves, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import zip_longest
from typing import BinaryIO

from comity.core import case_uco
from comity.core import package_form as form
from comity.core.container import Container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure
from comity.core.package_form import About, ReadLine


class Description:
    """Writes the description again from package.json and custody.jsonl, and compares.

    A description in a form that this reader does not know stays a doubt; none is no fault.
    """

    def __init__(self, container: Container, about: About) -> None:
        self._container, self._about = container, about
        self._found: Finding | None = None

    def watching(self, lines: Iterator[ReadLine]) -> Iterator[ReadLine]:
        """Give the lines of custody.jsonl on, compared while they pass."""
        if form.CASE not in self._container:
            yield from lines
            return
        with ExitStack() as stack:
            theirs = _Theirs(stack.enter_context(self._container.open(form.CASE)))
            describer = case_uco.Describer(self._about)
            found = theirs.other_than(describer.start())
            for read in lines:
                found = found or theirs.other_than(_acts(describer, read))
                yield read
            self._found = found or theirs.other_than([case_uco.END]) or theirs.ended()

    def findings(self) -> Iterator[Finding]:
        """Say whether it is the same; custody is read for it if nobody read it to its end."""
        if form.CASE not in self._container:
            return
        if self._found is None:
            try:
                with self._container.open(form.CUSTODY) as custody:
                    for _read in self.watching(form.read_lines(custody)):
                        pass
            except Untrusted as error:
                self._found = failure("case", error, form.CASE)
        if self._found is not None:
            yield self._found


def _acts(describer: case_uco.Describer, read: ReadLine) -> Iterator[bytes]:
    try:
        yield describer.act(read.line.index, read.entry, read.details)
    except (KeyError, TypeError):  # no entry of a ledger
        raise Untrusted("custody.field", field="entry") from None


class _Theirs:
    """The description as it came, read piece by piece beside ours."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._count = stream, 0

    def other_than(self, pieces: Iterable[bytes]) -> Finding | None:
        """Read on; say where it is not what follows in ours."""
        try:
            for ours in pieces:
                theirs = self._stream.read(len(ours))
                if theirs != ours:
                    return self._difference(ours, theirs)
                self._count += ours.count(b"\n")
        except Untrusted as error:
            return failure("case", error, form.CASE)
        return None

    def ended(self) -> Finding:
        """Say that it is ours, if nothing follows."""
        try:
            if rest := self._stream.read(1):
                return self._difference(b"", rest)
        except Untrusted as error:
            return failure("case", error, form.CASE)
        return Finding("case", True, form.CASE, {"lines": self._count})

    def _difference(self, ours: bytes, theirs: bytes) -> Finding:
        theirs += self._stream.readline(2 * form.MAX_LINE_BYTES)  # to the end of its last line
        pairs = zip_longest(ours.splitlines(keepends=True), theirs.splitlines(keepends=True))
        at = next(at for at, (one, other) in enumerate(pairs, self._count) if one != other)
        stated = f'"uco-core:name":"{case_uco.FORM}"'.encode()
        if at == 0 and theirs and stated not in theirs.partition(b"\n")[0]:
            return Finding("case", None, form.CASE, {"reason": "case.unknown_form"})
        return Finding("case", False, form.CASE, {"reason": "case.differs", "line": at + 1})
