"""Recomputes the whole ledger from its rows, in one pass and in memory that does not grow with it.

What a database owner could change is compared with what follows from the entries' bodies: leaf
hashes, tiles, the root of every checkpoint, its signature, the tokens over it, the details.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from comity.core import canonical, checkpoint, merkle, notes, timestamps
from comity.core.errors import ProofError, Untrusted
from comity.ledger import engines
from comity.ledger.engines import Kept
from comity.ledger.models import Checkpoint, Entry, TimeToken

FINDINGS_KEPT = 1_000
ERASED = "ledger.details_erased"  # the kind of the entry that records an erasure of details

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


def examine(terms: Terms) -> Examination:
    """Read the whole ledger once and report every finding; raises nothing for what it finds.

    Memory: one batch of entries and some hashes, however large the ledger is.
    """
    report = Examination()
    report.size = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    tree = _Tree(report)
    heads = _Heads(terms, report)
    for rows in engines.numbered_rows(0, report.size):
        if not _grow(tree, heads, rows, report):
            break
    else:
        if tree.size != report.size:
            last = report.size - 1
            report.found(ProofError("ledger.entries_missing", first=tree.size, last=last))
        tree.finish()
    heads.finish()
    _look_at_the_rest(terms, report)
    return report


def _grow(tree: _Tree, heads: _Heads, rows: list[Kept], report: Examination) -> bool:
    """Let the tree grow by a batch, stopping at each checkpoint's size; False at a gap."""
    first = tree.size
    whole = [row for at, row in enumerate(rows, first) if row.index == at]
    if len(whole) < len(rows):  # the numbers ascend, so what does not fit comes after a gap
        whole = rows[: next(at for at, row in enumerate(rows) if row.index != first + at)]
    leaves = _leaves(whole, report)
    report.seen += len(leaves)
    at = 0
    while at < len(leaves):
        stop = min(heads.next_size() - first, len(leaves))
        tree.extend(leaves[at:stop])
        heads.reach(tree)
        at = stop
    if len(whole) == len(rows):
        return True
    last = rows[len(whole)].index - 1
    report.found(ProofError("ledger.entries_missing", first=tree.size, last=last))
    return False


def _leaves(rows: Sequence[Kept], report: Examination) -> list[bytes]:
    """Judge entries; give the leaf hashes to go on with.

    A body is compared with what its columns and details give, written out as canonical JSON writes
    plain words; only what differs is looked at again and explained. Where the body no longer fits
    the stored leaf, the stored one counts: then the roots still tell whether it was the body alone
    that was changed.
    """
    sha256, leaves = hashlib.sha256, []
    for row in rows:
        index, uid, kind, actor, at, subject, body, stored, details, salt = row
        leaf = sha256(b"\0" + body).digest()
        if leaf != stored:
            report.found(ProofError("ledger.entry_changed", index=index))
            leaf = stored if stored and len(stored) == merkle.HASH_SIZE else leaf
        leaves.append(leaf)
        if details is not None and salt is not None:
            commitment = sha256(salt + details).hexdigest()
            plain = (
                f'{{"actor":"{actor}","at":"{at}","commitment":"{commitment}","id":"{uid}",'
                f'"kind":"{kind}","subject":"{subject}","v":1}}'
            )
            if plain.encode() == body:
                continue
        _explain(row, report)
    return leaves


def _explain(row: Kept, report: Examination) -> None:
    """Say what of a row does not fit its body: the columns, the details, or details gone."""
    shown = {
        "v": 1,
        "id": row.uid,
        "kind": row.kind,
        "actor": row.actor,
        "at": row.at,
        "subject": row.subject,
    }
    if row.details is not None and row.salt is not None:
        commitment = hashlib.sha256(row.salt + row.details).hexdigest()
        if canonical.encode(shown | {"commitment": commitment}) == row.body:
            return  # words that canonical JSON writes in another way than they stand
    try:
        stated = canonical.decode(row.body)
    except Untrusted:
        stated = None
    if not isinstance(stated, dict) or {k: stated.get(k) for k in shown} != shown:
        report.found(ProofError("ledger.entry_changed", index=row.index))
    elif row.details is not None:
        report.found(ProofError("ledger.details_changed", index=row.index))
    elif Entry.objects.filter(kind=ERASED, subject=f"entry:{row.uid}").exists():
        report.erased += 1
    else:
        report.found(ProofError("ledger.details_missing", index=row.index))


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
