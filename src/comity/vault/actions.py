"""The verbs on stored files: keep, open, check, sweep."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.ledger import actions as ledger
from comity.vault import storage
from comity.vault.models import StoredFile

INCOMING_IS_OLD_SECONDS = 3600
OBJECT_IS_OLD_SECONDS = 24 * 3600
_BATCH = 500


def keep(actor: Actor, taken: storage.TakenIn) -> StoredFile:
    """Give bytes that were taken in their row, in the caller's transaction.

    Known bytes keep their first object; the new one goes when the transaction is committed. If the
    first is gone or cut short, the new one takes its place and an entry says so.
    Raises Refused("vault.taken_in_too_long_ago") if a sweep has removed the object meanwhile.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("keep() belongs in the transaction of the act that needs the file")
    if not storage.hold(taken.stored_name):
        raise Refused("vault.taken_in_too_long_ago")
    fresh = StoredFile(
        lookup=taken.lookup,
        size=taken.size,
        stored_name=taken.stored_name,
        stored_size=taken.stored_size,
        wrapped_key=taken.wrapped_key,
    )
    # On PostgreSQL a second writer of the same bytes waits here until the first has ended.
    StoredFile.objects.bulk_create([fresh], ignore_conflicts=True)
    kept = StoredFile.objects.select_for_update().get(lookup=taken.lookup)
    if kept.stored_name == taken.stored_name:
        return kept
    if _is_sound(kept):
        transaction.on_commit(partial(storage.remove, taken.stored_name))
        return kept
    return _replace(actor, kept, taken)


def _is_sound(file: StoredFile) -> bool:
    """Say whether a file is there, whole, and opens; the scrub looks at the bytes in between."""
    if file.damage or not storage.is_whole(file.stored_name, file.stored_size):
        return False
    try:
        storage.open_object(file.stored_name, bytes(file.wrapped_key)).close()
    except Untrusted:
        return False
    return True


def _replace(actor: Actor, kept: StoredFile, taken: storage.TakenIn) -> StoredFile:
    lost = kept.stored_name
    kept.stored_name = taken.stored_name
    kept.stored_size = taken.stored_size
    kept.wrapped_key = taken.wrapped_key
    kept.damage = ""
    kept.save(update_fields=["stored_name", "stored_size", "wrapped_key", "damage"])
    ledger.append(
        actor, "vault.object_replaced", kept.subject, lost=lost, stored_name=taken.stored_name
    )
    return kept


def open_file(actor: Actor, file: StoredFile) -> io.BufferedReader:  # noqa: ARG001
    """Open a stored file, seekable; every chunk is authenticated when it is read.

    Whether the actor may, and the entry that says so, are the caller's (evidence).
    Raises Untrusted("vault.object_missing") or Untrusted("vaultfile.…").
    """
    return storage.open_object(file.stored_name, bytes(file.wrapped_key))


def check_file(actor: Actor, file: StoredFile, sha256: str) -> int:  # noqa: ARG001
    """Decrypt the whole file and compare it with the digest (64 hex digits); return its size.

    Raises Untrusted("vault.object_missing") or Untrusted("vaultfile.…").
    """
    return storage.check_object(file.stored_name, bytes(file.wrapped_key), sha256)


@dataclass(frozen=True)
class Scrubbed:
    """What a scrub looked at. damaged: files whose stored bytes are not what their names say."""

    files: int
    stored_bytes: int
    damaged: tuple[StoredFile, ...]


def scrub(actor: Actor, *, at_most: int = 100) -> Scrubbed:
    """Re-hash the stored files that were checked least recently, without their keys.

    Each damage is recorded once, when it is first seen; the file stays, for a repair from a copy.
    """
    damaged: list[StoredFile] = []
    count = stored_bytes = 0
    order = F("checked_at").asc(nulls_first=True)
    for file in StoredFile.objects.order_by(order, "id")[:at_most]:
        damage = _damage_of(file)
        _note_check(actor, file, damage)
        count, stored_bytes = count + 1, stored_bytes + file.stored_size
        if damage:
            damaged.append(file)
    if count:
        with transaction.atomic():
            ledger.append(
                actor,
                "vault.objects_checked",
                actor.actor_id,
                files=count,
                stored_bytes=stored_bytes,
                damaged=len(damaged),
            )
    return Scrubbed(count, stored_bytes, tuple(damaged))


def _damage_of(file: StoredFile) -> str:
    try:
        storage.check_stored(file.stored_name)
    except Untrusted as doubt:
        return doubt.code
    return ""


@transaction.atomic
def _note_check(actor: Actor, file: StoredFile, damage: str) -> None:
    row = StoredFile.objects.select_for_update().get(pk=file.pk)
    if row.stored_name != file.stored_name:
        return
    if damage and damage != row.damage:
        ledger.append(
            actor,
            "vault.object_damaged",
            row.subject,
            reason=damage,
            stored_name=row.stored_name,
        )
    row.damage = damage
    row.checked_at = timezone.now()
    row.save(update_fields=["damage", "checked_at"])


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


def _unnamed(older_than_seconds: float) -> Iterator[str]:
    names = storage.object_names(older_than_seconds)
    while batch := list(islice(names, _BATCH)):
        known = set(
            StoredFile.objects.filter(stored_name__in=batch).values_list("stored_name", flat=True)
        )
        yield from (name for name in batch if name not in known)
