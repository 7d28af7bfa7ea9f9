"""Recomputes the whole ledger from its rows, in one pass and in memory that does not grow with it.

What a database owner could change is compared with what follows from the entries' bodies: leaf
hashes, tiles, the root of every checkpoint, its signature, the tokens over it, the details.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from comity.core import checkpoint, merkle, notes, renewals, timestamps
from comity.core.errors import ProofError, Untrusted
from comity.ledger import engines, judging
from comity.ledger.judging import ERASED as ERASED
from comity.ledger.judging import Judged
from comity.ledger.models import Checkpoint, Entry, TimeToken, TokenRenewal

FINDINGS_KEPT = 1_000

# What an examination cannot settle here and that is no fault of the ledger.
DOUBTS = frozenset({"timestamp.authority_unknown"})


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
        self.kept: dict[int, dict[int, bytes]] = {}

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Append leaf hashes (32 bytes each). One loop without calls: it runs for every entry."""
        peaks, size, sha256 = self.peaks, self.size, hashlib.sha256
        for leaf in leaves:
            size += 1
            node, bits, height = leaf, size, 0
            while not bits & 1:
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                bits >>= 1
                height += 1
                if not height & 7:
                    self._put(height >> 3, node)
            peaks.append(node)
        self.size = size
        self._put(0, b"".join(leaves))

    def root(self) -> bytes:
        """The root over what was added."""
        return merkle.fold(self.peaks) if self.peaks else merkle.EMPTY_ROOT

    def finish(self) -> None:
        """Compare the tiles that are not full."""
        for level, row in enumerate(self.rows):
            if row:
                self._compare(level, bytes(row))

    def _put(self, level: int, digests: bytes) -> None:
        while level >= len(self.rows):
            self.rows.append(bytearray())
            self.done.append(0)
        row = self.rows[level]
        row += digests
        while len(row) >= _TILE_BYTES:
            self._compare(level, bytes(row[:_TILE_BYTES]))
            self.done[level] += 1
            del row[:_TILE_BYTES]

    def _compare(self, level: int, expected: bytes) -> None:
        index = self.done[level]
        kept = self.kept.get(level, {})
        if index not in kept:
            kept = self.kept[level] = engines.tile_hashes(level, index, _TILES_AT_ONCE)
        if kept.get(index, b"")[: len(expected)] != expected:
            self.report.found(ProofError("ledger.tiles_differ", level=level, index=index))


_TILE_BYTES = 256 * merkle.HASH_SIZE
_TILES_AT_ONCE = 64


def examine(terms: Terms, processes: int = 1) -> Examination:
    """Read the whole ledger once and report every finding; raises nothing for what it finds.

    Memory: some batches of entries and some hashes, however large the ledger is. processes: how
    many judge entries; more than one read the database by connections of their own.
    """
    report = Examination()
    report.size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    tree = _Tree(report)
    heads = _Heads(terms, report)
    for judged in judging.judge_all(report.size, processes):
        _grow(tree, heads, judged, report)
        if judged.next_number is not None:
            last = judged.next_number - 1
            report.found(ProofError("ledger.entries_missing", first=tree.size, last=last))
            break
    else:
        if tree.size != report.size:
            last = report.size - 1
            report.found(ProofError("ledger.entries_missing", first=tree.size, last=last))
        tree.finish()
    heads.finish()
    _look_at_the_rest(terms, report)
    return report


def _grow(tree: _Tree, heads: _Heads, judged: Judged, report: Examination) -> None:
    """Let the tree grow, stopping at each checkpoint's size."""
    for code, index in judged.faults:
        report.found(ProofError(code, index=index))
    report.erased += judged.erased
    report.seen += len(judged.leaves)
    first, at = tree.size, 0
    while at < len(judged.leaves):
        stop = min(heads.next_size() - first, len(judged.leaves))
        tree.extend(judged.leaves[at:stop])
        heads.reach(tree)
        at = stop


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

    def next_size(self) -> int:
        """The size at which the next checkpoint has to be met."""
        return self.head.size if self.head is not None else self.report.size

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
        self._judge_renewals()

    def _judge_renewals(self) -> None:
        kept = TokenRenewal.objects.filter(checkpoint__size__lte=self.report.size)
        for renewal in kept.select_related("checkpoint"):
            try:
                _judge_renewal(renewal, self.terms.roots)
            except Untrusted as doubt:
                doubt.facts["size"] = size = renewal.checkpoint.size
                changed = ProofError("ledger.renewal_changed", size=size)
                self.report.found(doubt if doubt.code in DOUBTS else changed)

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


def _judge_renewal(renewal: TokenRenewal, roots: Sequence[bytes]) -> None:
    """Check a kept renewal: its record, its token, its authority. Raises Untrusted."""
    head = renewal.checkpoint
    record = renewals.read(bytes(renewal.record))
    renewals.require_over(
        record,
        notes=[renewals.digest(bytes(head.note))],
        tokens=[renewals.digest(bytes(each.response)) for each in head.tokens.all()],
    )
    before = head.renewals.filter(number__lt=renewal.number).order_by("number")
    if record.renewals != tuple(renewals.digest(bytes(each.response)) for each in before):
        raise Untrusted("renewal.order")
    if record.chain != renewals.chain_digests(bytes(renewal.chain)):
        raise Untrusted("renewal.other_chain")
    digest = hashlib.sha256(bytes(renewal.record)).digest()
    asked = timestamps.read_request(bytes(renewal.request))
    if asked.digest != digest:
        raise Untrusted("timestamp.wrong_imprint")
    stamp = timestamps.read_response(bytes(renewal.response), digest, asked.nonce)
    if stamp.gen_time != renewal.gen_time:
        raise Untrusted("renewal.other_time")
    timestamps.trust_stamp(stamp, roots)


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
