"""What goes into a package, gathered in a few questions to the database, whatever its size."""

from __future__ import annotations

import io
import uuid
from array import array
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import BinaryIO, cast

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils.module_loading import import_string

from comity.accounts.models import fetch
from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.core.package import PackageItem, PackageMessage, ProvenEntry
from comity.core.package_form import CustodyLine, item_path
from comity.evidence.actions.conditions import grouped, keys_of
from comity.evidence.actions.opening import note_damage
from comity.evidence.models import Item, UseCondition
from comity.exchange import actions as exchange
from comity.exchange.models import IncomingMessage, OutgoingMessage, Partner, Receipt
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint, Entry
from comity.vault import actions as vault

_NUMBER_AT_ONCE = 50
Opened = Callable[[int], BinaryIO]  # by the key of a stored file


class Custody:
    """Every entry about the items that the checkpoint covers, in the ledger's order, with proofs.

    Asked for group by group whenever somebody goes through it: it is never in memory as a whole.
    indexes: of each item's entries, by the item's key, ascending.
    """

    def __init__(self, items: Sequence[Item], head: Checkpoint) -> None:
        self._head = head
        self.indexes: dict[int, list[int]] = {item.pk: [] for item in items}
        for group in grouped(items):
            keys = {item.subject: item.pk for item in group}
            rows = Entry.objects.filter(subject__in=list(keys), index__lt=head.size)
            for index, subject in rows.order_by("index").values_list("index", "subject"):
                self.indexes[keys[subject]].append(index or 0)
        self._ascending = array("q", sorted(chain.from_iterable(self.indexes.values())))

    def __iter__(self) -> Iterator[ProvenEntry]:
        proofs = ledger.prove_many(self._ascending, self._head)
        for group in grouped(self._ascending):
            # Details without a custody record may name people: they stay here, the entry does not.
            rows = _numbered(group).order_by("index")
            found = rows.annotate(record=F("custody_record__pk")).values_list(
                "index", "body", "committed__details", "committed__salt", "record"
            )
            for (index, body, *private, record), proof in zip(
                found, islice(proofs, len(group)), strict=True
            ):
                shown = record is not None and None not in private
                details, salt = map(bytes, private) if shown else (None, None)
                yield ProvenEntry(CustodyLine(index or 0, bytes(body), details, salt), proof)


def require_seen(actor: Actor, items: Sequence[Item]) -> None:
    """Raise NotVisible for the first of the items that the actor does not see."""
    for group in grouped(items):
        rows = Item.objects.visible_to(actor).filter(pk__in=keys_of(group))
        seen = set(rows.values_list("pk", flat=True))
        for item in group:
            if item.pk not in seen:
                fetch(Item.objects.visible_to(actor), pk=item.pk)


def numbered_head(items: Sequence[Item]) -> Checkpoint:
    """Have every entry of the items numbered now, and return a checkpoint that covers them."""
    subjects = {item.subject for item in items}
    for _ in range(_NUMBER_AT_ONCE):
        if not _wait(subjects):
            break
        ledger.sequence_pending()
    head = ledger.newest_checkpoint()
    if head is None or _wait(subjects):
        raise Refused("ledger.pending")
    return head


def _wait(subjects: set[str]) -> bool:
    waiting = Entry.objects.filter(index=None).values_list("subject", flat=True)
    return not subjects.isdisjoint(waiting.iterator())


def _numbered(ascending: Sequence[int]) -> QuerySet[Entry]:
    """The entries of these numbers, most of which follow each other without a gap."""
    first, last = ascending[0], ascending[-1]
    if last - first < len(ascending):
        return Entry.objects.filter(index__range=(first, last))
    return Entry.objects.filter(index__in=list(ascending))


def packed(
    actor: Actor, items: Sequence[Item], custody: Custody, opened: Opened
) -> list[PackageItem]:
    """The items as the package takes them; their bytes are read when they are written."""
    found: list[PackageItem] = []
    for group in grouped(items):
        conditions: dict[int, list[str]] = {}
        rows = UseCondition.objects.filter(item__in=keys_of(group)).order_by("id")
        for key, words, code in rows.values_list("item_id", "text_en", "code"):
            conditions.setdefault(key, []).append(words or code)
        for item in group:
            found.append(
                PackageItem(
                    number=item.number,
                    source=partial(_read, actor, item, opened),
                    sha256=item.sha256,
                    size=item.size,
                    media_type=item.media_type_sniffed,
                    conditions=tuple(conditions.get(item.pk, ())),
                    entries=tuple(custody.indexes[item.pk]),
                )
            )
    return found


def files_as_written(items: Sequence[Item]) -> list[int]:
    """The keys of the items' stored files, in the order in which a package holds the items."""
    ordered = sorted(items, key=lambda item: item_path(item.number))
    return [item.stored_file_id for item in ordered]


def _read(actor: Actor, item: Item, opened: Opened) -> BinaryIO:
    """Open an item; the first piece that does not hold is recorded as an anomaly."""
    try:
        stream = opened(item.stored_file_id)
    except Untrusted as doubt:
        raise note_damage(actor, item, doubt) from doubt
    if isinstance(stream, io.BytesIO):
        return stream
    return cast("BinaryIO", io.BufferedReader(_Watched(actor, item, stream), 1 << 17))


class _Watched(io.RawIOBase):
    def __init__(self, actor: Actor, item: Item, stream: BinaryIO) -> None:
        super().__init__()
        self._actor, self._item, self._stream = actor, item, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says object
        try:
            data = self._stream.read(len(buffer))
        except Untrusted as doubt:
            raise note_damage(self._actor, self._item, doubt) from doubt
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def readable_messages(actor: Actor, message_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the messages that belong to a conversation which the actor may read.

    A message says more than the items that left with it. COMITY_CONVERSATIONS: dotted path of
    `f(actor) -> query of conversations`, of the app whose conversations they are.
    """
    seen = import_string(settings.COMITY_CONVERSATIONS)(actor)
    found: set[uuid.UUID] = set()
    for kind in (OutgoingMessage, IncomingMessage):
        rows = kind.objects.filter(uid__in=message_ids, conversation__in=seen)
        found.update(rows.values_list("uid", flat=True))
    return found


def packed_message(actor: Actor, message_id: uuid.UUID) -> PackageMessage:
    """A message as the package takes it. Raises Refused("evidence.unknown_message")."""
    sent = OutgoingMessage.objects.filter(uid=message_id).select_related("container").first()
    got = IncomingMessage.objects.filter(uid=message_id).select_related("container").first()
    file = sent.container if sent else got.container if got else None
    if file is None:
        raise Refused("evidence.unknown_message")
    return PackageMessage(str(message_id), partial(vault.open_file, actor, file))


def receipts_of(message_ids: Sequence[uuid.UUID]) -> list[str]:
    """The receipts about these messages, oldest first."""
    rows = Receipt.objects.filter(message_id__in=message_ids).order_by("at", "id")
    return list(rows.values_list("text", flat=True))


def descriptors_for(message_ids: Sequence[uuid.UUID]) -> list[str]:
    """Our own descriptor, and every one that the partners of the messages have had."""
    texts = [exchange.own_descriptor()]
    partners = Partner.objects.filter(receipts__message_id__in=message_ids).distinct()
    for partner in partners.prefetch_related("descriptors"):
        texts += [partner.descriptor, *(each.text for each in partner.descriptors.all())]
    return list(dict.fromkeys(texts))


def size_about(everything: Sequence[Item], message_ids: Sequence[uuid.UUID]) -> int:
    """The bytes of items and messages, which are all that is large in a package."""
    whole = sum(item.size for item in everything)
    for kind in (OutgoingMessage, IncomingMessage):
        rows = kind.objects.filter(uid__in=message_ids, container__isnull=False)
        whole += sum(rows.values_list("container__size", flat=True))
    return whole
