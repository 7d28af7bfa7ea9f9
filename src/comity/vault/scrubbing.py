"""The rolling scrub: re-hash objects without their keys, and repair what is damaged from a copy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.ledger import actions as ledger
from comity.vault import storage, stores
from comity.vault.models import Pack, StoredFile
from comity.vault.reading import open_stored


@dataclass(frozen=True)
class Scrubbed:
    """What a scrub looked at. damaged: files and packs whose bytes are not what their names say.

    repaired: how many more were damaged and are whole again. unseen: the store did not answer.
    """

    files: int
    stored_bytes: int
    damaged: tuple[StoredFile | Pack, ...]
    repaired: int = 0
    unseen: int = 0


def scrub(actor: Actor, *, at_most: int = 100, at_once: int = 1) -> Scrubbed:
    """Re-hash the objects that were checked least recently, without their keys.

    at_once: how many are read beside each other; one leaves the machine to others.
    Each damage is recorded once, when it is first seen. If the replica holds bytes of the object's
    name, they take its place, and that is recorded too; else the object stays as it is.
    Of a damaged pack each file is looked at with its key: what still opens whole is not damaged.
    """
    damaged: list[StoredFile | Pack] = []
    count = stored_bytes = repaired = unseen = 0
    for one, looked_at in _looked_at(_least_checked(at_most), at_once):
        try:
            damage = looked_at.result()
        except (Refused, OSError):  # the store does not answer: nothing is known of the object
            unseen += 1
            continue
        note_check(actor, one, damage)
        count, stored_bytes = count + 1, stored_bytes + one.stored_size
        if damage and _repair(actor, one, damage):
            repaired += 1
        elif damage:
            damaged.append(one)
    if count:
        with transaction.atomic():
            ledger.append(
                actor,
                "vault.objects_checked",
                actor.actor_id,
                files=count,
                stored_bytes=stored_bytes,
                damaged=len(damaged),
                repaired=repaired,
            )
    return Scrubbed(count, stored_bytes, tuple(damaged), repaired, unseen)


def _looked_at(
    objects: Iterable[StoredFile | Pack], at_once: int
) -> Iterator[tuple[StoredFile | Pack, Future[str]]]:
    """Give each object in turn with what is wrong with it, some being read beside each other."""
    with ThreadPoolExecutor(at_once) as readers:
        waiting: deque[tuple[StoredFile | Pack, Future[str]]] = deque()
        for one in objects:
            waiting.append((one, readers.submit(damage_of, one)))
            if len(waiting) > at_once:
                yield waiting.popleft()
        yield from waiting


def _repair(actor: Actor, one: StoredFile | Pack, damage: str) -> bool:
    """Bring a damaged object back from the replica, if its bytes there are those of its name."""
    replica = stores.replica()
    if replica is None:
        return False
    try:
        with replica.open(one.stored_name) as source:
            if not storage.bring_back(one.stored_name, source):
                return False
    except (Untrusted, Refused, OSError):
        return False
    note_check(actor, one, "")
    with transaction.atomic():
        type(one).objects.filter(pk=one.pk).update(archived_at=None)
        ledger.append(
            actor,
            "vault.object_repaired",
            one.subject,
            reason=damage,
            stored_name=one.stored_name,
            source="replica",
        )
    return True


def objects_count() -> int:
    """How many objects lie on disk, each of them a file or a pack."""
    return whole_files().count() + Pack.objects.readable().count()


def whole_files() -> QuerySet[StoredFile]:
    """Files that are objects of their own and can still be opened."""
    return StoredFile.objects.filter(pack=None, shredded_at=None)


def _least_checked(at_most: int) -> list[StoredFile | Pack]:
    order = F("checked_at").asc(nulls_first=True)
    files = whole_files().order_by(order, "id")[:at_most]
    packs_ = Pack.objects.readable().order_by(order, "id")[:at_most]
    rows: list[StoredFile | Pack] = [*files, *packs_]
    return sorted(rows, key=lambda row: (row.checked_at or _NEVER, row.created_at))[:at_most]


_NEVER = datetime.min.replace(tzinfo=UTC)


def damage_of(one: StoredFile | Pack) -> str:
    """The code of what is wrong with an object's bytes; empty if they are those of its name.

    Raises Refused("vault.store_away") or StoreAway.
    """
    try:
        storage.check_stored(one.stored_name)
    except Untrusted as doubt:
        return doubt.code
    return ""


@transaction.atomic
def note_check(actor: Actor, one: StoredFile | Pack, damage: str) -> None:
    """Keep what a check found; a damage that is new gets an entry."""
    row = type(one).objects.select_for_update(of=("self",)).filter(pk=one.pk).first()
    if row is None or row.stored_name != one.stored_name or getattr(row, "shredded_at", None):
        return
    if damage and damage != row.damage:
        ledger.append(
            actor,
            "vault.object_damaged",
            row.subject,
            reason=damage,
            stored_name=row.stored_name,
        )
    now = timezone.now()
    if isinstance(row, Pack) and (damage or row.damage):
        _note_files(row, damage)
    row.damage = damage
    row.checked_at = now
    row.save(update_fields=["damage", "checked_at"])


def _note_files(pack: Pack, damage: str) -> None:
    """Say which files of a pack are damaged; none once it is whole again."""
    live = pack.files.filter(shredded_at=None)
    for file in live.select_for_update(of=("self",)).select_related("pack"):
        found = damage if damage and not _opens_whole(file) else ""
        if found != file.damage:
            file.damage = found
            file.save(update_fields=["damage"])


def _opens_whole(file: StoredFile) -> bool:
    try:
        with open_stored(file) as reader:
            while reader.read(storage.READ_AT_ONCE_BYTES):
                pass
    except (Untrusted, Refused, OSError):
        return False
    return True
