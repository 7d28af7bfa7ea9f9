"""Destroying keys, so that nobody opens the bytes again, and keeping them destroyed."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from functools import partial

from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.db.models.fields.reverse_related import ForeignObjectRel
from django.utils import timezone

from comity.core.access import Actor
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import erasures, exports, storage
from comity.vault.models import StoredFile

KEY_DESTROYED = "vault.key_destroyed"
_BATCH = 500


def other_uses(file: StoredFile, apart_from: type[Model]) -> int:
    """How many rows point at a stored file: messages, papers, whatever app they belong to.

    apart_from: a kind of row that is not counted, since the caller knows more about it.
    """
    count = 0
    for field in StoredFile._meta.get_fields(include_hidden=True):
        if isinstance(field, ForeignObjectRel) and field.related_model is not apart_from:
            rows = field.related_model._base_manager
            count += rows.filter(**{field.field.name: file}).count()
    return count


def shred(actor: Actor, file: StoredFile) -> None:
    """Destroy the key of a stored file, in the transaction of the act that orders it.

    No one can open it afterwards, not this node either. Its object goes with the commit; in a pack
    it stays, unreadable. The same bytes taken in later are a new file. Who ordered it, and that
    nothing else needs the file, are the caller's (evidence). Twice changes nothing.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("shred() belongs in the transaction of the act that orders it")
    row = StoredFile.objects.select_for_update(of=("self",)).select_related("pack").get(pk=file.pk)
    if row.shredded_at is None:
        _destroy_key(actor, row)
    file.refresh_from_db()


def _destroy_key(actor: Actor, row: StoredFile) -> None:
    row.wrapped_key, row.lookup, row.shredded_at = b"", secrets.token_bytes(32), timezone.now()
    row.damage = ""
    row.save(update_fields=["wrapped_key", "lookup", "shredded_at", "damage"])
    entry = ledger.append(actor, KEY_DESTROYED, row.subject, stored_name=row.stored_name)
    _forget_in_exports()  # before the list says so: a stop in between is found by the list
    transaction.on_commit(partial(erasures.note, [(row.uid, entry.uid)]))
    if row.pack is None:
        transaction.on_commit(partial(storage.remove, row.stored_name))


def _forget_in_exports() -> None:
    """Write the export anew once, however many keys one transaction destroys."""
    waiting = {function for _, function, *_ in connection.run_on_commit}
    if exports.forget_destroyed not in waiting:
        transaction.on_commit(exports.forget_destroyed)


def erasures_to_replay() -> int:
    """How many keys the list says are destroyed and an old database has brought back."""
    listed = list(erasures.destroyed())
    return sum(_brought_back(listed[at : at + _BATCH]).count() for at in _steps(listed))


def _steps(listed: Sequence[uuid.UUID]) -> range:
    return range(0, len(listed), _BATCH)


def _brought_back(uids: Sequence[uuid.UUID]) -> QuerySet[StoredFile]:
    return StoredFile.objects.filter(uid__in=uids, shredded_at=None)


def replay_erasures(actor: Actor) -> int:
    """Bring list and database together after a crash or a restore; return how many keys went anew.

    What the database says is destroyed is put on the list; what the list says is destroyed again.
    """
    exports.forget_destroyed()
    _list_destroyed()
    listed, count = list(erasures.destroyed()), 0
    for at in _steps(listed):
        with transaction.atomic():
            rows = _brought_back(listed[at : at + _BATCH]).select_for_update(of=("self",))
            for row in rows.select_related("pack"):
                _destroy_key(actor, row)
                count += 1
    return count


def _list_destroyed() -> None:
    known = erasures.destroyed()
    rows = StoredFile.objects.filter(shredded_at__isnull=False).values_list("uid", flat=True)
    if missing := [uid for uid in rows.iterator() if uid not in known]:
        said = Entry.objects.filter(
            kind=KEY_DESTROYED, subject__in=[f"file:{uid}" for uid in missing]
        )
        named = dict(said.values_list("subject", "uid"))
        erasures.note((uid, named.get(f"file:{uid}", uid)) for uid in missing)


def erasures_unlisted() -> bool:
    """Say whether the database knows a destroyed key that the list lacks: a stop in between."""
    known = erasures.destroyed()
    rows = StoredFile.objects.filter(shredded_at__isnull=False).values_list("uid", flat=True)
    return any(uid not in known for uid in rows.iterator())
