"""The verbs on stored files: keep, open, check, destroy the key, sweep."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import BinaryIO

from django.db import connection, transaction

from comity.core.access import Actor
from comity.core.errors import Refused
from comity.ledger import actions as ledger
from comity.ledger.rows import alike, insert_missing, new_uids
from comity.vault import storage
from comity.vault.escrowing import drill as drill
from comity.vault.escrowing import escrow_keys as escrow_keys
from comity.vault.exports import exports_with as exports_with
from comity.vault.models import Pack, StoredFile
from comity.vault.reading import Places, key_of, open_stored
from comity.vault.replicas import check_replica as check_replica
from comity.vault.replicas import copies_are_due as copies_are_due
from comity.vault.replicas import copy_objects as copy_objects
from comity.vault.replicas import uncopied as uncopied
from comity.vault.scrubbing import Scrubbed as Scrubbed
from comity.vault.scrubbing import objects_count as objects_count
from comity.vault.scrubbing import scrub as scrub
from comity.vault.shredding import erasures_to_replay as erasures_to_replay
from comity.vault.shredding import erasures_unlisted as erasures_unlisted
from comity.vault.shredding import other_uses as other_uses
from comity.vault.shredding import replay_erasures as replay_erasures
from comity.vault.shredding import shred as shred
from comity.vault.taking import is_sound
from comity.vault.taking import take_in_many as take_in_many

INCOMING_IS_OLD_SECONDS = 3600
STOPPED_SECONDS = 3
OBJECT_IS_OLD_SECONDS = 24 * 3600
_BATCH = 500


def keep(actor: Actor, taken: storage.TakenIn) -> StoredFile:
    """Give bytes that were taken in their row, in the caller's transaction: see `keep_many`."""
    return keep_many(actor, [taken])[0]


def keep_many(actor: Actor, taken: Sequence[storage.TakenIn]) -> list[StoredFile]:
    """Give bytes that were taken in their rows, in the caller's transaction and the given order.

    Known bytes keep their first place; an object that nothing names goes when the transaction is
    committed. If the first is gone or cut short, the new one takes its place and an entry says so.
    Raises Refused("vault.taken_in_too_long_ago") if a sweep has removed an object meanwhile.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("keep() belongs in the transaction of the act that needs the file")
    for name in {each.object_name for each in taken}:
        if not storage.hold(name):
            raise Refused("vault.taken_in_too_long_ago")
    in_packs = _pack_rows(taken)
    # In one order for all, so that two writers of the same bytes wait and never wait for each
    # other. On PostgreSQL the second waits here until the first has ended.
    first_of = {each.lookup: each for each in sorted(taken, key=lambda one: one.lookup)}
    made = dict(zip(first_of, _rows_of(list(first_of.values()), in_packs), strict=True))
    insert_missing(list(made.values()), "lookup")
    kept = {lookup: row for lookup, row in made.items() if row.pk}
    rows = StoredFile.objects.select_for_update(of=("self",)).select_related("pack")
    there = [lookup for lookup in made if lookup not in kept]
    for row in rows.filter(lookup__in=there).order_by("lookup"):
        lookup = bytes(row.lookup)
        kept[lookup] = _settled(actor, row, first_of[lookup], in_packs)
    if len(kept) < len(first_of):  # erased since the bytes were found to be here already
        raise Refused("vault.taken_in_too_long_ago")
    _drop_unnamed(taken, list(kept.values()), in_packs)
    return [kept[each.lookup] for each in taken]


def _pack_rows(taken: Sequence[storage.TakenIn]) -> dict[str, Pack]:
    sizes = {one.section.pack: one.section.pack_size for one in taken if one.section}
    if not sizes:
        return {}
    rows = [Pack(stored_name=name, stored_size=size) for name, size in sorted(sizes.items())]
    Pack.objects.bulk_create(rows, ignore_conflicts=True)
    found = Pack.objects.select_for_update().filter(stored_name__in=list(sizes))
    return {row.stored_name: row for row in found.order_by("stored_name")}


def _row_of(taken: storage.TakenIn, in_packs: Mapping[str, Pack]) -> StoredFile:
    return _rows_of([taken], in_packs)[0]


def _rows_of(taken: Sequence[storage.TakenIn], in_packs: Mapping[str, Pack]) -> list[StoredFile]:
    make = alike(StoredFile())
    rows = []
    for one, uid in zip(taken, new_uids(len(taken)), strict=True):
        section = one.section
        rows.append(
            make(
                uid=uid,
                lookup=one.lookup,
                size=one.size,
                stored_name=one.stored_name,
                stored_size=one.stored_size,
                wrapped_key=one.wrapped_key,
                pack_id=in_packs[section.pack].pk if section else None,
                offset=section.offset if section else 0,
            )
        )
    return rows


def _settled(
    actor: Actor, kept: StoredFile, taken: storage.TakenIn, in_packs: Mapping[str, Pack]
) -> StoredFile:
    if kept.stored_name == taken.stored_name or is_sound(kept):
        return kept
    return _replace(actor, kept, taken, in_packs)


def _drop_unnamed(
    taken: Sequence[storage.TakenIn], kept: Sequence[StoredFile], in_packs: Mapping[str, Pack]
) -> None:
    """What was written for bytes that had their place already goes with the commit."""
    named, used = {row.stored_name for row in kept}, {row.pack_id for row in kept}
    for name in {each.object_name for each in taken} - named:
        if pack := in_packs.get(name):
            if pack.pk in used or pack.files.exists():
                continue
            pack.delete()
        transaction.on_commit(partial(storage.remove, name))


def _replace(
    actor: Actor, kept: StoredFile, taken: storage.TakenIn, in_packs: Mapping[str, Pack]
) -> StoredFile:
    lost, fresh = kept.stored_name, _row_of(taken, in_packs)
    places = (
        "stored_name",
        "stored_size",
        "wrapped_key",
        "pack_id",
        "offset",
        "replicated_at",
        "archived_at",
    )
    for name in places:
        setattr(kept, name, getattr(fresh, name))
    kept.damage = ""
    kept.save(update_fields=[*places, "damage"])
    ledger.append(
        actor, "vault.object_replaced", kept.subject, lost=lost, stored_name=taken.stored_name
    )
    return kept


def open_file(actor: Actor, file: StoredFile) -> io.BufferedReader:  # noqa: ARG001
    """Open a stored file, seekable; every chunk is authenticated when it is read.

    Whether the actor may, and the entry that says so, are the caller's (evidence).
    Raises Refused("vault.key_destroyed"), Untrusted("vault.object_missing") or
    Untrusted("vaultfile.…").
    """
    return open_stored(file)


@contextmanager
def opened_shelf(
    actor: Actor,  # noqa: ARG001
    keys: Sequence[int],
) -> Iterator[Callable[[int], BinaryIO]]:
    """Give a function that opens stored files by key, as `open_file` one by one, but faster.

    keys: of the files, in the order in which they will be opened: so their rows are fetched in
    groups. What is small is given whole; the caller compares its digest.
    """
    shelf, places = storage.Shelf(), Places(keys)

    def opened(key: int) -> BinaryIO:
        return shelf.open(*places.of(key))

    try:
        yield opened
    finally:
        shelf.close()


def check_file(actor: Actor, file: StoredFile, sha256: str) -> int:  # noqa: ARG001
    """Decrypt the whole file and compare it with the digest (64 hex digits); return its size.

    Raises Refused("vault.key_destroyed"), Untrusted("vault.object_missing") or
    Untrusted("vaultfile.…").
    """
    key = key_of(file)
    return storage.check_object(file.stored_name, key, sha256, file.section, file.stored_size)


@dataclass(frozen=True)
class Swept:
    """How many files without a row were removed."""

    incoming: int
    objects: int


def sweep(
    actor: Actor,
    *,
    incoming_seconds: float = INCOMING_IS_OLD_SECONDS,
    object_seconds: float = OBJECT_IS_OLD_SECONDS,
) -> Swept:
    """Remove what a stopped ingest left behind; safe beside running ones.

    A running ingest holds a lock on its incoming file, and `keep` makes its object young again.
    """
    incoming = 0
    for path in storage.abandoned_incoming(incoming_seconds):
        path.unlink(missing_ok=True)
        incoming += 1
    objects = sum(storage.remove_if_old(name, object_seconds) for name in _unnamed(object_seconds))
    storage.mark_swept()
    if incoming or objects:
        with transaction.atomic():
            ledger.append(
                actor, "vault.orphans_swept", actor.actor_id, incoming=incoming, objects=objects
            )
    return Swept(incoming, objects)


def sweep_stopped(actor: Actor) -> int:
    """Remove what stopped intakes were writing, before another begins; return how many files.

    A running intake holds a lock on its file from the moment it makes it.
    """
    left = storage.abandoned_incoming(STOPPED_SECONDS)
    for path in left:
        path.unlink(missing_ok=True)
    if left:
        with transaction.atomic():
            ledger.append(
                actor, "vault.orphans_swept", actor.actor_id, incoming=len(left), objects=0
            )
    return len(left)


def _unnamed(older_than_seconds: float) -> Iterator[str]:
    names = storage.object_names(older_than_seconds)
    while batch := list(islice(names, _BATCH)):
        files = StoredFile.objects.filter(stored_name__in=batch, shredded_at=None)
        whole = Pack.objects.readable().filter(stored_name__in=batch)
        known = {
            name for rows in (files, whole) for name in rows.values_list("stored_name", flat=True)
        }
        yield from (name for name in batch if name not in known)
