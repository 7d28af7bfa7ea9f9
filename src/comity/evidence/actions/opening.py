"""Opening and verifying items: looking is an act, and damage is never passed over in silence."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from django.db import transaction

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, Untrusted
from comity.evidence.actions.conditions import require_kept, require_look
from comity.evidence.actions.exposure import record_exposure
from comity.evidence.actions.intake import in_case
from comity.evidence.models import Item, Rendition, custody_of
from comity.evidence.rules import CustodyEvent
from comity.evidence.rules.tools import Picture
from comity.ledger import actions as ledger
from comity.vault import actions as vault

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_AT_ONCE_BYTES = 128 * 1024


def open_item(actor: Actor, item: Item, *, purpose: str, going_on: str = "") -> io.BufferedReader:
    """Open an item's bytes, seekable, after recording who looks and why.

    Every piece is checked when it is read. purpose: a code of `rules.Purpose`, or words.
    going_on: why, for a distressing item past the officer's limit of the day.
    Raises NotAllowed, NotVisible, Incomplete("evidence.purpose_missing" |
    "evidence.exposure_reached"), Refused("evidence.use_ended") after the last day that a condition
    leaves, and Untrusted with the item's number when the stored file is damaged: that is recorded
    as an anomaly.
    """
    reader = read_opened(actor, item)
    try:
        _record_opening(actor, item, purpose, going_on)
    except BaseException:
        reader.close()
        raise
    return reader


@transaction.atomic
def _record_opening(actor: Actor, item: Item, purpose: str, going_on: str) -> None:
    if not purpose.strip():
        raise Incomplete("evidence.purpose_missing", missing=["purpose"])
    record_exposure(actor, item, going_on)
    opened = custody_of(
        actor,
        item,
        CustodyEvent.ACCESSED,
        purpose=str(purpose),
        digest_before=item.sha256,
        digest_after=item.sha256,
        facts=in_case(item.access.order_by("pk").values_list("kind", "record")),
    )
    opened.entry = ledger.append(
        actor, "evidence.item_opened", item.subject, **opened.committed(item), purpose=str(purpose)
    )
    opened.save()
    # Somebody waits for its safe pictures, if they are still to be drawn.
    Item.objects.filter(pk=item.pk, examined_at=None).update(examine_turn=Item.FIRST)
    accounts.record_look(actor, item.subject, part="content", purpose=str(purpose))


def read_opened(actor: Actor, item: Item) -> io.BufferedReader:
    """Open an item that this officer has opened already, for another part of the same look.

    Raises NotAllowed, NotVisible, Refused("evidence.use_ended"), Untrusted as `open_item`.
    """
    require(actor, Act.OPEN_ITEM)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(item)
    return read_item(actor, item)


def read_picture(actor: Actor, item: Item, kind: Picture, number: int = 1) -> bytes:
    """Return a safe picture of an item; a clear one only to whoever may open the item.

    Raises NotAllowed, NotVisible (also if there is no such picture), Refused("evidence.use_ended"),
    Untrusted.
    """
    require(actor, Act.SEE_ITEMS if kind == Picture.THUMBNAIL else Act.OPEN_ITEM)
    found = fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_look(found)
    row = fetch(
        Rendition.objects.filter(item=found).select_related("stored_file__pack"),
        kind=kind,
        number=number,
    )
    with vault.open_file(actor, row.stored_file) as reader:
        return reader.read()


def read_item(actor: Actor, item: Item) -> io.BufferedReader:
    """Open an item for work whose act writes its own entry, such as sealing it for a partner.

    Raises Refused("evidence.item_erased" | "vault.key_destroyed"), Untrusted with the item's number
    when the stored file is damaged.
    """
    require_kept(item)
    try:
        reader = vault.open_file(actor, item.stored_file)
    except Untrusted as doubt:
        raise note_damage(actor, item, doubt) from doubt
    return io.BufferedReader(_Watched(actor, item, reader.detach()), READ_AT_ONCE_BYTES)


class _Watched(io.RawIOBase):
    """A stored file of which the first piece that does not hold is recorded as an anomaly."""

    def __init__(self, actor: Actor, item: Item, reader: io.RawIOBase) -> None:
        super().__init__()
        self._actor, self._item, self._reader = actor, item, reader

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._reader.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._reader.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        try:
            return self._reader.readinto(buffer)
        except Untrusted as doubt:
            raise note_damage(self._actor, self._item, doubt) from doubt

    def close(self) -> None:
        self._reader.close()
        super().close()


@transaction.atomic
def record_look(actor: Actor, item: Item, *, part: str) -> None:
    """Keep that an item's page was looked at: its title and origin are protected too."""
    accounts.record_look(actor, item.subject, part=part)


@transaction.atomic
def record_list(actor: Officer, *, part: str) -> None:
    """Keep that a list of items, with their titles, was looked at."""
    accounts.record_look(actor, actor.subject, part=part)


def verify_item(actor: Actor, item: Item) -> bool:
    """Decrypt the whole item, compare it with its digest, record that it held, and return True.

    Raises NotAllowed, NotVisible, Refused("evidence.item_erased"); Untrusted with the item's
    number if it does not hold: that is recorded as an anomaly.
    """
    require(actor, Act.SEE_ITEMS)
    fetch(Item.objects.visible_to(actor), pk=item.pk)
    require_kept(item)
    try:
        vault.check_file(actor, item.stored_file, item.sha256)
    except Untrusted as doubt:
        raise note_damage(actor, item, doubt) from doubt
    with transaction.atomic():
        held = custody_of(
            actor,
            item,
            CustodyEvent.VERIFIED,
            method="sha256",
            digest_before=item.sha256,
            digest_after=item.sha256,
        )
        held.entry = ledger.append(
            actor, "evidence.item_verified", item.subject, **held.committed(item)
        )
        held.save()
    return True


@transaction.atomic
def note_damage(actor: Actor, item: Item, doubt: Untrusted) -> Untrusted:
    """Record that an item's stored file cannot be believed; return the error that names it."""
    anomaly = custody_of(
        actor, item, CustodyEvent.ANOMALY, digest_before=item.sha256, condition=doubt.code
    )
    anomaly.entry = ledger.append(
        actor,
        "evidence.item_damaged",
        item.subject,
        **anomaly.committed(item),
        reason=doubt.code,
    )
    anomaly.save()
    return Untrusted(doubt.code, item=item.number)
