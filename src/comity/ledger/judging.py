"""Judges the entries of a ledger range by range, in this process or in several."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from comity.core import canonical, merkle
from comity.core.errors import Untrusted
from comity.ledger import apart, engines
from comity.ledger.engines import Kept
from comity.ledger.models import Entry

AT_ONCE = 20_000
WAITING_FOR_EACH = 2
ERASED = "ledger.details_erased"  # the kind of the entry that records an erasure of details


@dataclass
class Judged:
    """Entries from one number on: their leaf hashes, and what does not hold of them.

    faults: code and number of the entry, for an error does not cross processes. next_number: that
    of the first entry after a gap; None if there is none in between.
    """

    leaves: list[bytes] = field(default_factory=list)
    faults: list[tuple[str, int]] = field(default_factory=list)
    erased: int = 0
    next_number: int | None = None


def judge(start: int, end: int) -> Judged:
    """Read and judge the entries with these numbers, up to the first gap."""
    judged = Judged()
    for rows in engines.numbered_rows(start, end):
        expected = start + len(judged.leaves)
        if rows and rows[-1].number != expected + len(rows) - 1:
            gap = next(at for at, row in enumerate(rows, expected) if row.number != at)
            judged.next_number = rows[gap - expected].number
            rows = rows[: gap - expected]
        judged.leaves += _leaves(rows, judged)
        if judged.next_number is not None:
            break
    return judged


def judge_all(size: int, processes: int) -> Iterator[Judged]:
    """Yield what is found of the entries below a number, in order, a range at a time.

    With several processes a few ranges are judged ahead; whoever stops asking stops the work.
    """
    ranges = [(start, min(start + AT_ONCE, size)) for start in range(0, size, AT_ONCE)]
    if processes < 2 or len(ranges) < 2:
        for start, end in ranges:
            yield judge(start, end)
        return
    # A fresh interpreter each: a database connection must not be shared by a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=apart.join) as pool:
        waiting: deque[Future[Judged]] = deque()
        for start, end in ranges:
            waiting.append(pool.submit(judge, start, end))
            if len(waiting) > WAITING_FOR_EACH * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _leaves(rows: Sequence[Kept], judged: Judged) -> list[bytes]:
    """Judge entries; give the leaf hashes to go on with.

    A body is compared with what its columns and details give, written out as canonical JSON writes
    plain words; only what differs is looked at again and explained. Where the body no longer fits
    the stored leaf, the stored one counts: then the roots still tell whether it was the body alone
    that was changed.
    """
    sha256, leaves = hashlib.sha256, []
    for row in rows:
        index, before, after, body, stored, details, salt = row
        leaf = sha256(b"\0" + body).digest()
        if leaf != stored:
            judged.faults.append(("ledger.entry_changed", index))
            leaf = stored if stored and len(stored) == merkle.HASH_SIZE else leaf
        leaves.append(leaf)
        if details is not None and salt is not None:
            commitment = sha256(salt + details).hexdigest()
            if f"{before}{commitment}{after}".encode() == body:
                continue
        _explain(row, judged)
    return leaves


def _explain(row: Kept, judged: Judged) -> None:
    """Say what of a row does not fit its body: the columns, the details, or details gone."""
    shown = _columns(row.number)
    if row.details is not None and row.salt is not None:
        commitment = hashlib.sha256(row.salt + row.details).hexdigest()
        if shown and canonical.encode(shown | {"commitment": commitment}) == row.body:
            return  # words that canonical JSON writes in another way than they stand
    try:
        stated = canonical.decode(row.body)
    except Untrusted:
        stated = None
    if not shown or not isinstance(stated, dict) or {k: stated.get(k) for k in shown} != shown:
        judged.faults.append(("ledger.entry_changed", row.number))
    elif row.details is not None:
        judged.faults.append(("ledger.details_changed", row.number))
    elif Entry.objects.filter(kind=ERASED, subject=f"entry:{shown['id']}").exists():
        judged.erased += 1
    else:
        judged.faults.append(("ledger.details_missing", row.number))


def _columns(index: int) -> dict[str, Any]:
    """What the columns of an entry say; empty if somebody put there what no column can hold."""
    try:
        entry = Entry.objects.get(index=index)
        at = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, TypeError, AttributeError):
        return {}
    return {
        "v": 1,
        "id": str(entry.uid),
        "kind": entry.kind,
        "actor": entry.actor,
        "at": at,
        "subject": entry.subject,
    }
