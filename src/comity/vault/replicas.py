"""Copies of objects elsewhere: a second one in the replica, the only one in the object store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from comity.core import vaultfile
from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.ledger import actions as ledger
from comity.vault import storage, stores
from comity.vault.models import Pack, StoredFile
from comity.vault.scrubbing import Scrubbed, note_check, whole_files

Row = StoredFile | Pack


@dataclass(frozen=True)
class Copies:
    """How many objects were copied, moved and removed elsewhere. left: what could not be read."""

    replicated: int = 0
    archived: int = 0
    removed: int = 0
    left: int = 0


def copies_are_due() -> bool:
    """Say whether an object waits for its copy, or a copy of something erased for its end."""
    waits = any(
        rows.exists()
        for store, column in _wanted()
        if store is not None
        for rows in _without(column)
    )
    return waits or next(_erased(), None) is not None


def uncopied(older_than: timedelta = timedelta()) -> int:
    """How many objects lack the copy that the settings ask for, and have for so long."""
    until = timezone.now() - older_than
    found = 0
    for store, column in _wanted():
        if store is not None:
            found += sum(rows.filter(created_at__lte=until).count() for rows in _without(column))
    return found


def copy_objects(actor: Actor, *, at_most: int = 100) -> Copies:
    """Copy objects to the replica, move them to the object store, remove what was erased there.

    An object counts as copied when bytes of its name were written; it leaves this disk only after
    they were read back. Safe twice and at once. Raises StoreAway; what was done until then is done.
    """
    replicated = archived = left = 0
    for row in _some("replicated_at", at_most) if stores.replica() else ():
        done = _kept(actor, row, "replicated_at")
        replicated, left = replicated + done, left + (not done)
    for row in _some("archived_at", at_most) if stores.object_store() else ():
        done = _kept(actor, row, "archived_at")
        archived, left = archived + done, left + (not done)
    removed = sum(_remove_copies(row) for row in _erased())
    if replicated or archived or removed:
        with transaction.atomic():
            ledger.append(
                actor,
                "vault.objects_copied",
                actor.actor_id,
                replicated=replicated,
                archived=archived,
                removed=removed,
            )
    return Copies(replicated, archived, removed, left)


def check_replica(actor: Actor, *, at_most: int | None = None) -> Scrubbed:
    """Re-hash the copies in the replica, and write those anew that are damaged or gone.

    Each damage and each repair is recorded. Raises StoreAway; RuntimeError without a replica.
    """
    replica = stores.replica()
    if replica is None:
        raise RuntimeError("no replica is set")
    damaged: list[Row] = []
    count = stored_bytes = repaired = 0
    for row in _replicated(at_most):
        count, stored_bytes = count + 1, stored_bytes + row.stored_size
        if _holds(replica, row.stored_name):
            continue
        is_whole = _written_anew(replica, row)
        _note_replica(actor, row, is_whole=is_whole)
        repaired += is_whole
        damaged += [] if is_whole else [row]
    return Scrubbed(count, stored_bytes, tuple(damaged), repaired)


def _replicated(at_most: int | None) -> Iterator[Row]:
    files, packs = (rows.exclude(replicated_at=None).order_by("pk") for rows in _readable())
    found: Iterator[Row] = chain(files.iterator(), packs.iterator())
    for number, row in enumerate(found):
        if at_most is not None and number >= at_most:
            return
        yield row


def _written_anew(replica: stores.Store, row: Row) -> bool:
    try:
        with storage.open_object_bytes(row.stored_name) as source:
            replica.put(row.stored_name, source, again=True)
    except (Untrusted, Refused):
        return False
    return _holds(replica, row.stored_name)


@transaction.atomic
def _note_replica(actor: Actor, row: Row, *, is_whole: bool) -> None:
    ledger.append(actor, "vault.replica_damaged", row.subject, stored_name=row.stored_name)
    if is_whole:
        ledger.append(actor, "vault.replica_repaired", row.subject, stored_name=row.stored_name)


def _readable() -> tuple[QuerySet[StoredFile], QuerySet[Pack]]:
    return whole_files(), Pack.objects.readable()


def _wanted() -> tuple[tuple[stores.Store | None, str], ...]:
    return (stores.replica(), "replicated_at"), (stores.object_store(), "archived_at")


def _without(column: str) -> list[QuerySet[StoredFile] | QuerySet[Pack]]:
    """Whole objects without a copy; a damaged one waits until the scrub has repaired it."""
    return [rows.filter(**{column: None, "damage": ""}).order_by("pk") for rows in _readable()]


def _some(column: str, at_most: int) -> list[Row]:
    found: list[Row] = []
    for rows in _without(column):
        found += rows[: at_most - len(found)]
    return found


def _kept(actor: Actor, row: Row, column: str) -> bool:
    """Copy one object and remember it; one that is damaged gets an entry and is left."""
    try:
        (_replicate if column == "replicated_at" else _archive)(row.stored_name)
    except Untrusted as doubt:
        note_check(actor, row, doubt.code)
        return False
    except Refused:
        return False
    same = type(row).objects.filter(pk=row.pk, stored_name=row.stored_name)
    same.update(**{column: timezone.now()})
    return True


def _replicate(name: str) -> None:
    replica = stores.replica()
    if replica is not None:
        with storage.open_object_bytes(name) as source:
            replica.put(name, source)


def _archive(name: str) -> None:
    """Move an object to the store: write, read back, and only then remove it from this disk."""
    store, local = stores.object_store(), storage.open_local(name)
    if store is None:
        return
    if local is not None:
        with local:
            store.put(name, local)
            if not _holds(store, name):
                store.put(name, local, again=True)
    if not _holds(store, name):
        raise Untrusted("vaultfile.stored_digest_mismatch", stored_sha256=name)
    storage.evict(name)


def _holds(store: stores.Store, name: str) -> bool:
    """Say whether the store has bytes of this name. Raises StoreAway."""
    try:
        with store.open(name) as source:
            vaultfile.check_stored(source, name)
    except Untrusted:
        return False
    return True


def _erased() -> Iterator[Row]:
    """Objects that nobody can open any more, and that have copies elsewhere."""
    copied = Q(replicated_at__isnull=False) | Q(archived_at__isnull=False)
    yield from StoredFile.objects.filter(copied, pack=None, shredded_at__isnull=False)
    yield from Pack.objects.filter(copied).exclude(pk__in=Pack.objects.readable())


def _remove_copies(row: Row) -> int:
    for store, column in _wanted():
        if store is not None and getattr(row, column) is not None:
            store.remove(row.stored_name)
    type(row).objects.filter(pk=row.pk).update(replicated_at=None, archived_at=None)
    return 1
