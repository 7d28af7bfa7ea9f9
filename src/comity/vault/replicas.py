"""Copies of objects elsewhere: a second one in the replica, the only one in the object store.

The worker tends them: new ones are made, those in the replica are re-hashed in turn and mended, and
those of replaced objects go. Each is remembered by itself: a stop in between costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from comity.core import vaultfile
from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import storage, stores
from comity.vault.models import Pack, StoredFile
from comity.vault.scrubbing import Scrubbed, note_check, whole_files

Row = StoredFile | Pack
CHECK_EACH_WITHIN = timedelta(days=30)
TRY_AGAIN_AFTER = timedelta(days=1)
DAMAGED = "vault.copy_damaged"
REPLACED, CLEARED = "vault.object_replaced", "vault.leftovers_removed"
# Entries that were written at the same moment may be committed in another order than numbered.
OVERLAP = 1_000


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


def copies_to_check(older_than: timedelta = timedelta()) -> int:
    """How many copies in the replica are due to be re-hashed, and have been for so long.

    Due: not looked at for thirty days, or damaged and not tried again for a day.
    """
    return sum(rows.count() for rows in _due(older_than)) if stores.replica() else 0


def damaged_copies() -> int:
    """How many copies in the replica are damaged and could not be written anew."""
    if stores.replica() is None:
        return 0
    return sum(rows.exclude(copy_damage="").count() for rows in _copied())


def check_replica(actor: Actor, *, at_most: int | None = None, only_due: bool = False) -> Scrubbed:
    """Re-hash the copies in the replica, and write those anew that are damaged or gone.

    at_most: so many of those that were looked at least recently; all by default. only_due: none
    whose time has not come. Each damage and each repair is recorded.
    Raises StoreAway; RuntimeError without a replica. What was done until then is done.
    """
    replica = stores.replica()
    if replica is None:
        raise RuntimeError("no replica is set")
    damaged: list[Row] = []
    count = stored_bytes = repaired = 0
    for row in _in_turn(at_most, only_due=only_due):
        count, stored_bytes = count + 1, stored_bytes + row.stored_size
        if _holds(replica, row.stored_name):
            _remember(row, "")
            continue
        is_whole = _written_anew(replica, row)
        _note_replica(actor, row, is_whole=is_whole)
        repaired += is_whole
        damaged += [] if is_whole else [row]
    if count:
        with transaction.atomic():
            ledger.append(
                actor,
                "vault.replica_checked",
                actor.actor_id,
                files=count,
                stored_bytes=stored_bytes,
                damaged=len(damaged),
                repaired=repaired,
            )
    return Scrubbed(count, stored_bytes, tuple(damaged), repaired)


def leftovers_are_due() -> bool:
    """Say whether a lost object was replaced since leftovers were last removed elsewhere."""
    if not any(_elsewhere()):
        return False
    return Entry.objects.filter(kind=REPLACED, pk__gt=_cleared_until()).exists()


def remove_leftovers(actor: Actor) -> int:
    """Remove elsewhere the objects that were replaced here: no key opens them any more.

    Only what the ledger says was replaced, and what no row names now: a database from an old backup
    lacks rows, and must cost no copy. Returns how many names. Raises StoreAway.
    """
    until, removed = _cleared_until(), 0
    entries = Entry.objects.filter(kind=REPLACED, pk__gt=until - OVERLAP)
    for entry in entries.select_related("committed").order_by("pk"):
        name = str(entry.committed.as_mapping().get("lost", ""))
        if not name or _is_named(name):
            continue
        for store in _elsewhere():
            store.remove(name)
        removed += 1
    with transaction.atomic():
        ledger.append(actor, CLEARED, actor.actor_id, removed=removed)
    return removed


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
    fresh = {"copy_checked_at": None, "copy_damage": ""} if column == "replicated_at" else {}
    same.update(**{column: timezone.now()}, **fresh)
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


def _elsewhere() -> list[stores.Store]:
    return [store for store in (stores.replica(), stores.object_store()) if store is not None]


def _cleared_until() -> int:
    last = Entry.objects.filter(kind=CLEARED).order_by("-id").first()
    return last.pk if last else 0


def _is_named(name: str) -> bool:
    return any(model.objects.filter(stored_name=name).exists() for model in (StoredFile, Pack))


def _copied() -> tuple[QuerySet[StoredFile] | QuerySet[Pack], ...]:
    files, packs = _readable()
    return files.exclude(replicated_at=None), packs.exclude(replicated_at=None)


def _due(older_than: timedelta = timedelta()) -> list[QuerySet[StoredFile] | QuerySet[Pack]]:
    now = timezone.now() - older_than
    old = now - CHECK_EACH_WITHIN
    is_due = (
        Q(copy_checked_at__lt=old)
        | Q(copy_checked_at=None, replicated_at__lt=old)
        | (~Q(copy_damage="") & Q(copy_checked_at__lt=now - TRY_AGAIN_AFTER))
    )
    return [rows.filter(is_due) for rows in _copied()]


def _in_turn(at_most: int | None, *, only_due: bool) -> Iterator[Row]:
    chosen = _due() if only_due else _copied()
    if at_most is None:
        yield from chain.from_iterable(rows.order_by("pk").iterator() for rows in chosen)
        return
    order = F("copy_checked_at").asc(nulls_first=True)
    found: list[Row] = []
    for rows in chosen:
        found += rows.order_by(order, "replicated_at", "pk")[:at_most]
    found.sort(key=lambda row: row.copy_checked_at or row.replicated_at or row.created_at)
    yield from found[:at_most]


def _written_anew(replica: stores.Store, row: Row) -> bool:
    try:
        with storage.open_object_bytes(row.stored_name) as source:
            replica.put(row.stored_name, source, again=True)
    except (Untrusted, Refused):
        return False
    return _holds(replica, row.stored_name)


@transaction.atomic
def _note_replica(actor: Actor, row: Row, *, is_whole: bool) -> None:
    if not row.copy_damage:  # one that stays damaged is recorded once
        ledger.append(actor, "vault.replica_damaged", row.subject, stored_name=row.stored_name)
    if is_whole:
        ledger.append(actor, "vault.replica_repaired", row.subject, stored_name=row.stored_name)
    _remember(row, "" if is_whole else DAMAGED)


def _remember(row: Row, damage: str) -> None:
    same = type(row).objects.filter(pk=row.pk, stored_name=row.stored_name)
    same.exclude(replicated_at=None).update(copy_checked_at=timezone.now(), copy_damage=damage)
