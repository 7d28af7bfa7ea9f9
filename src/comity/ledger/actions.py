"""The verbs of the ledger: append in the act's transaction, number, sign, prove, verify."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, islice
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from comity.core import canonical, checkpoint, growth, logproof, merkle, notes, revocation, tiles
from comity.core.access import Actor, NodeActor
from comity.core.errors import Refused
from comity.core.keyring import Keyring
from comity.core.uuid7 import uuid7_many
from comity.ledger import clock, engines, examining, headlock, heads
from comity.ledger.examining import Examination, Terms
from comity.ledger.models import (
    Checkpoint,
    Cosignature,
    Entry,
    EntryDetails,
    RevocationRecord,
    StampFailure,
    StampOutage,
    TimeToken,
    TokenRenewal,
)
from comity.ledger.tilestore import TileStore

SALT_BYTES = 32
SEQUENCE_AT_MOST = 20_000
TILES_AT_ONCE = 200
WAIT_AFTER_FAILURE = timedelta(seconds=30)
TOKENS_LOOKED_AT = 500
RECORD_FAILURES_EVERY = timedelta(hours=1)
JUST_NOW = timedelta(seconds=10)


class NewEntry(NamedTuple):
    """An act to record. subject: `<kind>:<uid>`. details: codes, numbers, digests; no content.

    Bytes are details in their canonical form, of many acts alike (`canonical.Template`).
    """

    kind: str
    subject: str
    details: dict[str, Any] | bytes


def append(actor: Actor, kind: str, subject: str, **details: Any) -> Entry:
    """Record one act as a pending entry in the caller's transaction.

    kind: `<app>.<thing>_<done>`. subject: `<kind>:<uid>`. details: codes, numbers and digests; a
    salted hash commits to them, so they can be erased without touching the tree.
    """
    row = _rows(actor, [NewEntry(kind, subject, details)])[0]
    entry = Entry.objects.create(**dict(zip(row._fields[:6], row[:6], strict=True)))
    EntryDetails.objects.create(entry=entry, details=row.details, salt=row.salt)
    return entry


def append_many(actor: Actor, acts: Sequence[NewEntry]) -> list[int]:
    """Record several acts of one actor in the caller's transaction; return the entries' keys.

    The keys, and so the numbers that the sequencer gives, ascend in the order of the acts.
    """
    return engines.store_pending(_rows(actor, acts))


def _rows(actor: Actor, acts: Sequence[NewEntry]) -> list[engines.Row]:
    if not connection.in_atomic_block:
        raise RuntimeError("append() belongs in the transaction of the act it records")
    now, who, count = timezone.now(), actor.actor_id, len(acts)
    if not count:
        return []
    template = canonical.Template(
        {"v": 1, "actor": who, "at": _iso(now)}, ("id", "kind", "subject", "commitment")
    )
    kinds, subjects, stated = zip(*acts, strict=True)
    details = [one if type(one) is bytes else canonical.encode(one) for one in stated]
    drawn, uids = os.urandom(SALT_BYTES * count), uuid7_many(now, count)
    salts = [drawn[at : at + SALT_BYTES] for at in range(0, len(drawn), SALT_BYTES)]
    commitments = [
        hashlib.sha256(salt + one).hexdigest() for salt, one in zip(salts, details, strict=True)
    ]
    bodies = template.fill_all(list(map(str, uids)), kinds, subjects, commitments)
    columns = zip(
        uids, kinds, [who] * count, subjects, [now] * count, bodies, details, salts, strict=True
    )
    return list(map(engines.Row._make, columns))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def keyring() -> Keyring:
    """The node's keys."""
    return Keyring(settings.COMITY_KEYS)


def origin() -> str:
    """The name of this node's log in checkpoints."""
    return f"{settings.COMITY_NODE_ID}/ledger"


def signer() -> notes.Signer:
    """The key that signs this node's checkpoints."""
    return keyring().ledger_signer(origin())


def size() -> int:
    """How many entries are numbered."""
    newest = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return newest or 0


def pending_count() -> int:
    """How many entries wait for a number."""
    return Entry.objects.filter(index__isnull=True).count()


@transaction.atomic
def sequence_pending(limit: int = SEQUENCE_AT_MOST) -> int:
    """Number pending entries, extend the tree and sign a checkpoint; return how many were numbered.

    One sequencer at a time; a second returns 0. If the machine stops in the middle, nothing has
    happened: numbers, tiles and checkpoint are one transaction. The file with the last signed
    checkpoint follows the commit; if the machine stops in between, it is one behind, and grows.
    Raises Refused("ledger.head_…") if the tree is not the one signed last, or not its growth.
    """
    if not engines.lock_sequencer():
        return 0
    pending = engines.pending(limit)
    if pending and _note_clock():
        pending = engines.pending(limit + 1)
    if not pending:
        return 0
    start, store = size(), TileStore()
    held = heads.require_sound(store, start, signer().verifier)
    numbered = [
        engines.Numbered(key, start + offset, merkle.leaf_hash(body))
        for offset, (key, body) in enumerate(pending)
    ]
    leaves = [each.leaf for each in numbered]
    engines.store_numbers(numbered)
    written = tiles.append(store, start, leaves)
    engines.store_tiles(written)
    new_size = start + len(pending)
    fresh = _Written(store, written)
    root = tiles.root(fresh, new_size)
    signed = _sign_checkpoint(new_size, root)
    transaction.on_commit(partial(_lock_head, bytes(signed.note), held, start))
    return len(pending)


def _lock_head(note: bytes, held: bytes | None, start: int) -> None:
    headlock.advance(note, signer().verifier, instead_of=held)
    if held is None and start and not _signed_just_now(start):
        # An upgrade, another machine, or somebody removed it: then nothing was compared.
        with transaction.atomic():
            append(NodeActor("ledger"), "ledger.head_lock_made", f"ledger:{start}", size=start)


def _signed_just_now(size: int) -> bool:
    """Another sequencer may have committed this checkpoint and be about to write the file."""
    at = Checkpoint.objects.filter(size=size).values_list("at", flat=True).first()
    return at is not None and timezone.now() - at < JUST_NOW


def head_trouble() -> heads.Trouble | None:
    """Say why nothing is signed: the tree is not the one signed last. None if it is."""
    held = headlock.read()
    return heads.trouble(held, TileStore(), size(), signer().verifier)


def _note_clock() -> bool:
    """Record that the clock went back since the newest checkpoint; say whether it did.

    Entries keep their order all the same: it is that of their numbers, not of their times.
    """
    now = timezone.now()
    before = clock.stepped_back(now)
    if before is None:
        return False
    seconds = int((before - now).total_seconds())
    append(
        NodeActor("ledger"),
        "ledger.clock_jumped",
        f"node:{settings.COMITY_NODE_ID}"[:80],
        shown=_iso(now),
        before=_iso(before),
        seconds=-seconds,
    )
    return True


def require_clock() -> None:
    """Let something be sealed now. Raises Refused("ledger.clock_wrong"): see `clock`."""
    clock.require_believable(timezone.now())


class _Written:
    """Tiles just written, over what the store had."""

    def __init__(self, store: TileStore, written: Iterable[tiles.TileWrite]) -> None:
        self._store = store
        self._written = {(tile.level, tile.index): tile.data for tile in written}

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        data = self._written.get((level, index))
        if data is None or len(data) < width * 32:
            return self._store.read_tile(level, index, width)
        return data[: width * 32]


def _sign_checkpoint(new_size: int, root: bytes) -> Checkpoint:
    head = checkpoint.Checkpoint(origin=origin(), size=new_size, root=root)
    note = checkpoint.sign(head, [signer()])
    return Checkpoint.objects.create(size=new_size, root=root, note=note, at=timezone.now())


def newest_checkpoint() -> Checkpoint | None:
    """The newest signed tree head."""
    return Checkpoint.objects.order_by("-size").first()


def prove(entry: Entry, head: Checkpoint | None = None) -> bytes:
    """Return a `.tlog-proof` that the entry is in the tree of `head`, or of the newest checkpoint.

    Raises Refused("ledger.pending") while the entry has no number.
    """
    head = head or newest_checkpoint()
    if entry.index is None or head is None or head.size <= entry.index:
        raise Refused("ledger.pending")
    store, index, size = TileStore(), entry.index, head.size
    store.read_ahead(tiles.inclusion_tiles(index, size))
    path = tiles.inclusion_path(store, index, size)
    return logproof.write(logproof.LogProof(entry.index, tuple(path), bytes(head.note)))


def prove_many(indexes: Sequence[int], head: Checkpoint) -> Iterator[tuple[bytes, bytes]]:
    """Yield the `.tlog-proof` of each of these leaves under `head`, in their order, in two pieces.

    The second is one object for the leaves of a tile. The tiles are fetched in a few questions,
    however many leaves there are, and few of them are in memory at a time. indexes: ascending.
    Raises Refused("ledger.pending") for one that the head does not cover.
    """
    if indexes and max(indexes) >= head.size:
        raise Refused("ledger.pending")
    of_tiles = groupby(indexes, lambda index: index // tiles.WIDTH)
    while some := [index for _, leaves in islice(of_tiles, TILES_AT_ONCE) for index in leaves]:
        yield from _prove_some(some, head)


def _prove_some(indexes: Sequence[int], head: Checkpoint) -> Iterator[tuple[bytes, bytes]]:
    store, note = TileStore(), bytes(head.note)
    firsts = {index // tiles.WIDTH: index for index in indexes}.values()
    places = sorted(set().union(*(tiles.inclusion_tiles(index, head.size) for index in firsts)))
    for start in range(0, len(places), TILES_AT_ONCE):
        store.read_ahead(places[start : start + TILES_AT_ONCE])
    shared: list[bytes] | None = None
    tail = b""
    for index, below, above in tiles.inclusion_paths(store, indexes, head.size):
        if above is not shared:
            shared, tail = above, logproof.write_tail(above, note)
        yield logproof.write_head(index, below), tail


def prove_growth(old_size: int, head: Checkpoint | None = None) -> bytes:
    """Return the proof that the tree of `head`, or of the newest checkpoint, grew from old_size.

    Form: `core.growth`; path: RFC 9162, 2.1.4. Raises Refused("ledger.no_such_size").
    """
    head = head or newest_checkpoint()
    if head is None or not 0 <= old_size <= head.size:
        raise Refused("ledger.no_such_size")
    path = tiles.consistency_path(TileStore(), old_size, head.size)
    return growth.write(growth.Growth(old_size, tuple(path), bytes(head.note)))


def keep_cosignature(head: Checkpoint, *, witness: str, line: str) -> None:
    """Keep another node's verified cosignature of a checkpoint; a second one changes nothing."""
    Cosignature.objects.get_or_create(checkpoint=head, witness=witness, defaults={"line": line})


def newest_cosignatures() -> list[Cosignature]:
    """The newest cosignature of each witness, for pages."""
    newest = Cosignature.objects.values("witness").annotate(last=Max("pk")).values("last")
    return list(Cosignature.objects.filter(pk__in=newest).select_related("checkpoint"))


def cosigned_note(head: Checkpoint) -> bytes:
    """Return the checkpoint's note with the lines of all who witnessed it, as outsiders get it."""
    lines = head.cosigned.order_by("id").values_list("line", flat=True)
    return bytes(head.note) + "".join(lines).encode()


def cosigner() -> notes.Signer:
    """The key by which this node witnesses other ledgers: its ledger's, for cosignatures."""
    return replace(signer(), algorithm=notes.Algorithm.COSIGNATURE)


@transaction.atomic
def record_look(actor: Actor, subject: str, *, part: str, purpose: str = "") -> None:
    """Keep that protected content was looked at: opening is an act too."""
    append(actor, "access.looked", subject, part=part, purpose=purpose)


def examine(pending_at_most: timedelta | None = None, processes: int = 1) -> Examination:
    """Recompute the whole ledger and report every finding: see `examining`.

    Every entry, tile, checkpoint and time token. pending_at_most: how long an entry may wait for
    its number; None does not ask. processes: how many read and judge entries.
    """
    terms = Terms(
        verifiers=[signer().verifier],
        origin=origin(),
        roots=[path.read_bytes() for path in settings.COMITY_TSA_ROOTS if path.is_file()],
        now=timezone.now(),
        pending_at_most=pending_at_most,
    )
    return examining.examine(terms, processes)


def verify_all() -> int:
    """Recompute the whole ledger; return the size checked.

    Raises the first Untrusted of `examine`, a ProofError for what the ledger itself states.
    """
    report = examine()
    if report.faults:
        raise report.faults[0]
    return report.size


@transaction.atomic
def keep_stamp(
    head: Checkpoint, *, authority: str, request: bytes, response: bytes, gen_time: datetime
) -> TimeToken:
    """Keep a verified time-stamp over a checkpoint's note, as asked and as answered."""
    StampOutage.objects.filter(authority=authority).delete()
    return TimeToken.objects.create(
        checkpoint=head,
        authority=authority,
        request=request,
        response=response,
        gen_time=gen_time,
        at=timezone.now(),
    )


@transaction.atomic
def keep_revocations(
    address: str, said: revocation.Statement, certificate: str = ""
) -> RevocationRecord:
    """Keep a verified statement on revocation; the same one again is only noted."""
    now = timezone.now()
    row, _made = RevocationRecord.objects.update_or_create(
        sha256=hashlib.sha256(said.der).hexdigest(),
        defaults={"checked_at": now},
        create_defaults={
            "address": address,
            "certificate": certificate,
            "content": said.der,
            "this_update": said.this_update,
            "at": now,
            "checked_at": now,
        },
    )
    return row


@transaction.atomic
def keep_renewal(
    head: Checkpoint,
    *,
    record: bytes,
    chain: bytes,
    authority: str,
    request: bytes,
    response: bytes,
    gen_time: datetime,
) -> TokenRenewal:
    """Keep a verified time-stamp over the tokens of a checkpoint, as asked and as answered."""
    StampOutage.objects.filter(authority=authority).delete()
    return TokenRenewal.objects.create(
        checkpoint=head,
        number=head.renewals.count() + 1,
        record=record,
        chain=chain,
        authority=authority,
        request=request,
        response=response,
        gen_time=gen_time,
        at=timezone.now(),
    )


@transaction.atomic
def keep_stamp_failures(head: Checkpoint, reasons: list[tuple[str, str, bytes]]) -> None:
    """Keep why authorities gave no usable stamp; a lying one's answer is evidence.

    Of each authority the first failure of a run is kept, then one an hour with how many it was:
    an authority that is away for a week is not worth twenty thousand rows.
    """
    now = timezone.now()
    for authority, reason, response in reasons:
        outage, first = StampOutage.objects.select_for_update().get_or_create(
            authority=authority, defaults={"tried_at": now, "recorded_at": now}
        )
        outage.tried_at, outage.uncounted = now, outage.uncounted + 1
        if first or now - outage.recorded_at >= RECORD_FAILURES_EVERY:
            StampFailure.objects.create(
                checkpoint=head,
                authority=authority,
                reason=reason[:80],
                response=response,
                at=now,
                failures=outage.uncounted,
            )
            outage.recorded_at, outage.uncounted = now, 0
        outage.save()


def missing_stamps(head: Checkpoint) -> tuple[int, list[str]]:
    """How many tokens a checkpoint still lacks, and the authorities that may be asked for them.

    A checkpoint wants tokens of COMITY_TSA_NEEDED different authorities, as far as so many are
    configured. Those that failed within the last half minute are not asked.
    """
    wanted = min(settings.COMITY_TSA_NEEDED, len(settings.COMITY_TSA_URLS))
    have = set(head.tokens.values_list("authority", flat=True))
    return max(0, wanted - len(have)), authorities_to_ask(have)


def authorities_to_ask(besides: Collection[str], since: datetime | None = None) -> list[str]:
    """Configured authorities, besides these, that gave no failure since a moment.

    since: half a minute ago if it is not given.
    """
    since = since or timezone.now() - WAIT_AFTER_FAILURE
    failed = set(StampOutage.objects.filter(tried_at__gt=since).values_list("authority", flat=True))
    return [url for url in settings.COMITY_TSA_URLS if url not in failed and url not in besides]


def stamp_failed_since(moment: datetime) -> bool:
    """Say whether every authority was asked for a stamp after this moment and gave none."""
    return not authorities_to_ask((), moment)


def unstamped_since() -> datetime | None:
    """When the oldest checkpoint was signed that no sufficient set of tokens covers; None: none.

    A token covers every checkpoint up to its own. Without an authority nothing is wanted.
    """
    if not settings.COMITY_TSA_URLS:
        return None
    wanted = min(settings.COMITY_TSA_NEEDED, len(settings.COMITY_TSA_URLS))
    newest = TimeToken.objects.order_by("-pk").values_list("checkpoint__size", "authority")
    seen: dict[int, set[str]] = {}
    for size, authority in newest[:TOKENS_LOOKED_AT]:
        seen.setdefault(size, set()).add(authority)
    covered = max((size for size, each in seen.items() if len(each) >= wanted), default=0)
    waiting = Checkpoint.objects.filter(size__gt=covered).order_by("size")
    return waiting.values_list("at", flat=True).first()


def stamps_late() -> datetime | None:
    """Since when a checkpoint waits for its tokens, if that is longer than the node allows."""
    since = unstamped_since()
    allowed = timedelta(minutes=settings.COMITY_TSA_ALARM_MINUTES)
    return since if since is not None and since < timezone.now() - allowed else None


def stamped_checkpoint() -> Checkpoint | None:
    """The newest checkpoint that a time-stamp authority has stamped."""
    return Checkpoint.objects.filter(tokens__isnull=False).order_by("-size").first()
