"""Recomputes the whole ledger from its rows, in one pass and in memory that does not grow with it.

What a database owner could change is compared with what follows from the entries' bodies: leaf
hashes, tiles, the root of every checkpoint, its signature, the tokens over it, the details.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from comity.core import canonical, checkpoint, merkle, notes, timestamps
from comity.core.errors import ProofError, Untrusted
from comity.ledger.models import Checkpoint, Entry, Tile, TimeToken

FINDINGS_KEPT = 1_000
BATCH = 5_000
ERASED = "ledger.details_erased"  # the kind of the entry that records an erasure of details

# What an examination cannot settle here and that is no fault of the ledger.
DOUBTS = frozenset({"timestamp.authority_unknown"})

_COLUMNS = (
    "index", "uid", "kind", "actor", "at", "subject", "body", "leaf_hash",
    "committed__details", "committed__salt",
)  # fmt: skip


@dataclass
class Examination:
    """What was looked at and what does not hold. faults: the first thousand, in order.

    size: entries that the newest checkpoint covers. seen: entries read.
    """

    size: int = 0
    seen: int = 0
    checkpoints: int = 0
    tokens: int = 0
    erased: int = 0
    faults: list[Untrusted] = field(default_factory=list)
    fault_count: int = 0
    doubts: list[Untrusted] = field(default_factory=list)

    def found(self, finding: Untrusted) -> None:
        """Keep a finding."""
        if finding.code in DOUBTS:
            self.doubts = [*self.doubts, finding][:FINDINGS_KEPT]
            return
        self.fault_count += 1
        if self.fault_count <= FINDINGS_KEPT:
            self.faults.append(finding)


@dataclass(frozen=True)
class Terms:
    """By what the examination judges.

    verifiers: keys that sign checkpoints. origin: the log's name. roots: PEM of time-stamp
    authorities. now: aware. pending_at_most: how long an entry may wait; None skips that.
    """

    verifiers: Sequence[notes.Verifier]
    origin: str
    roots: Sequence[bytes]
    now: datetime
    pending_at_most: timedelta | None = None


class _Tree:
    """Grows leaf by leaf; compares each full tile with the stored one."""

    def __init__(self, report: Examination) -> None:
        self.report = report
        self.size = 0
        self.peaks: list[bytes] = []
        self.rows: list[bytearray] = []
        self.done: list[int] = []

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash (32 bytes)."""
        self._put(0, leaf)
        self.size += 1
        self.peaks.append(leaf)
        bits, height = self.size, 0
        while bits & 1 == 0:
            right = self.peaks.pop()
            self.peaks[-1] = merkle.node_hash(self.peaks[-1], right)
            bits, height = bits >> 1, height + 1
            if height % 8 == 0:
                self._put(height // 8, self.peaks[-1])

    def root(self) -> bytes:
        """The root over what was added."""
        return merkle.fold(self.peaks) if self.peaks else merkle.EMPTY_ROOT

    def finish(self) -> None:
        """Compare the tiles that are not full."""
        for level, row in enumerate(self.rows):
            if row:
                self._compare(level, bytes(row))

    def _put(self, level: int, digest: bytes) -> None:
        if level == len(self.rows):
            self.rows.append(bytearray())
            self.done.append(0)
        row = self.rows[level]
        row += digest
        if len(row) == 256 * merkle.HASH_SIZE:
            self._compare(level, bytes(row))
            self.done[level] += 1
            row.clear()

    def _compare(self, level: int, expected: bytes) -> None:
        index = self.done[level]
        kept = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True)
        if bytes(kept.first() or b"")[: len(expected)] != expected:
            self.report.found(ProofError("ledger.tiles_differ", level=level, index=index))


def examine(terms: Terms, batch: int = BATCH) -> Examination:
    """Read the whole ledger once and report every finding; raises nothing for what it finds.

    Memory: one batch of entries and some hashes, however large the ledger is.
    """
    report = Examination()
    report.size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    tree = _Tree(report)
    heads = _Heads(terms, report)
    for row in _rows(report.size, batch):
        if row[0] != tree.size:
            report.found(ProofError("ledger.entries_missing", first=tree.size, last=row[0] - 1))
            break
        report.seen += 1
        tree.add(_leaf(row, report))
        heads.reach(tree)
    else:
        if tree.size != report.size:
            last = report.size - 1
            report.found(ProofError("ledger.entries_missing", first=tree.size, last=last))
        tree.finish()
    heads.finish()
    _look_at_the_rest(terms, report)
    return report


def _rows(size: int, batch: int) -> Iterator[tuple[Any, ...]]:
    entries = Entry.objects.order_by("index").values_list(*_COLUMNS)
    for start in range(0, size, batch):
        yield from entries.filter(index__gte=start, index__lt=min(start + batch, size))


def _leaf(row: tuple[Any, ...], report: Examination) -> bytes:
    """Judge one entry; give the leaf hash to go on with.

    Where the body no longer fits the stored leaf, the stored one: then the roots still tell
    whether it was the body alone that was changed.
    """
    index, uid, kind, actor, at, subject, body, stored, details, salt = row
    body, stored = bytes(body), bytes(stored or b"")
    leaf = merkle.leaf_hash(body)
    if leaf != stored:
        report.found(ProofError("ledger.entry_changed", index=index))
        leaf = stored if len(stored) == merkle.HASH_SIZE else leaf
    shown = {
        "v": 1,
        "id": str(uid),
        "kind": kind,
        "actor": actor,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "subject": subject,
    }
    if details is not None:
        commitment = hashlib.sha256(bytes(salt) + bytes(details)).hexdigest()
        if canonical.encode(shown | {"commitment": commitment}) == body:
            return leaf
    _explain(index, body, shown, details is None, report)
    return leaf


def _explain(
    index: int, body: bytes, shown: dict[str, Any], without_details: bool, report: Examination
) -> None:
    """Say what of a row does not fit its body: the columns, the details, or details gone."""
    try:
        stated = canonical.decode(body)
    except Untrusted:
        stated = None
    if not isinstance(stated, dict) or {k: stated.get(k) for k in shown} != shown:
        report.found(ProofError("ledger.entry_changed", index=index))
    elif not without_details:
        report.found(ProofError("ledger.details_changed", index=index))
    elif Entry.objects.filter(kind=ERASED, subject=f"entry:{shown['id']}").exists():
        report.erased += 1
    else:
        report.found(ProofError("ledger.details_missing", index=index))


class _Heads:
    """Every checkpoint and the tokens over it, met in the order in which the tree grows."""

    def __init__(self, terms: Terms, report: Examination) -> None:
        self.terms, self.report = terms, report
        heads = Checkpoint.objects.filter(size__lte=report.size).order_by("size")
        self.heads = heads.iterator(chunk_size=500)
        tokens = TimeToken.objects.order_by("checkpoint__size", "pk").select_related("checkpoint")
        self.tokens = tokens.filter(checkpoint__size__lte=report.size).iterator(chunk_size=100)
        self.head = next(self.heads, None)
        self.differ: list[int] = []

    def reach(self, tree: _Tree) -> None:
        """Judge the checkpoints of the tree's present size."""
        while self.head is not None and self.head.size <= tree.size:
            if self.head.size == tree.size and bytes(self.head.root) != tree.root():
                self.differ = [*self.differ[:1], self.head.size]
                if len(self.differ) == 1:
                    self.report.found(ProofError("ledger.root_differs", size=self.head.size))
            self._judge_note(self.head)
            self.head = next(self.heads, None)

    def finish(self) -> None:
        """Judge what the entries did not reach, and every token."""
        while self.head is not None:
            self._judge_note(self.head)
            self.head = next(self.heads, None)
        for token in self.tokens:
            self.report.tokens += 1
            try:
                self._judge_token(token)
            except Untrusted as doubt:
                doubt.facts["size"] = token.checkpoint.size
                self.report.found(doubt)

    def _judge_note(self, head: Checkpoint) -> None:
        self.report.checkpoints += 1
        try:
            signed = checkpoint.verify(bytes(head.note), self.terms.verifiers).checkpoint
        except Untrusted:
            self.report.found(ProofError("ledger.checkpoint_unsigned", size=head.size))
            return
        kept = checkpoint.Checkpoint(self.terms.origin, head.size, bytes(head.root))
        if signed != kept:
            self.report.found(ProofError("ledger.checkpoint_changed", size=head.size))

    def _judge_token(self, token: TimeToken) -> None:
        digest = hashlib.sha256(bytes(token.checkpoint.note)).digest()
        asked = timestamps.read_request(bytes(token.request))
        if asked.digest != digest:
            raise ProofError("ledger.token_for_other_bytes")
        stamp = timestamps.read_response(bytes(token.response), digest, asked.nonce)
        if stamp.gen_time != token.gen_time:
            raise ProofError("ledger.token_changed")
        if stamp.gen_time > self.terms.now + timestamps.CLOCK_TOLERANCE:
            raise ProofError("timestamp.from_the_future")
        timestamps.trust_stamp(stamp, self.terms.roots)


def _look_at_the_rest(terms: Terms, report: Examination) -> None:
    beyond = Entry.objects.filter(index__gte=report.size)
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    if newest == report.size and beyond.exists():
        report.found(ProofError("ledger.entries_unsigned", first=report.size))
    if terms.pending_at_most is None:
        return
    late = Entry.objects.filter(index__isnull=True, at__lt=terms.now - terms.pending_at_most)
    count = late.count()
    if count:
        oldest = late.order_by("at").values_list("at", flat=True).first()
        report.found(ProofError("ledger.pending_too_long", count=count, since=f"{oldest:%F %H:%M}"))
