"""What goes into a package, gathered in a few questions to the database, whatever its size."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, cast

from django.conf import settings
from django.db.models import F
from django.utils.module_loading import import_string

from comity.accounts.models import fetch
from comity.core.access import Actor
from comity.core.errors import Refused, Untrusted
from comity.core.package import PackageItem, PackageMessage, ProvenEntry
from comity.core.package_form import CustodyLine
from comity.evidence.actions.conditions import grouped
from comity.evidence.actions.opening import note_damage
from comity.evidence.models import Item, UseCondition
from comity.exchange import actions as exchange
from comity.exchange.models import IncomingMessage, OutgoingMessage, Partner, Receipt
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint, Entry
from comity.vault import actions as vault
from comity.vault.models import StoredFile

_NUMBER_AT_ONCE = 50
Opened = Callable[[StoredFile], BinaryIO]


@dataclass(frozen=True)
class Kept:
    """What the ledger has about the items: every line under the head, and whose it is.

    indexes: of each item's entries, by its subject, ascending.
    """

    lines: tuple[CustodyLine, ...]
    indexes: dict[str, tuple[int, ...]]


def require_seen(actor: Actor, items: Sequence[Item]) -> None:
    """Raise NotVisible for the first of the items that the actor does not see."""
    for group in grouped(items):
        rows = Item.objects.visible_to(actor).filter(pk__in=[item.pk for item in group])
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


def kept_about(items: Sequence[Item], head: Checkpoint) -> Kept:
    """Every entry about the items that the checkpoint covers, in the order of the ledger."""
    lines: list[CustodyLine] = []
    indexes: dict[str, list[int]] = {}
    for group in grouped(items):
        rows = Entry.objects.filter(
            subject__in=[item.subject for item in group], index__lt=head.size
        ).order_by("index")
        # Details without a custody record may name people: they stay here, the entry does not.
        rows = rows.annotate(record=F("custody_record__pk"))
        found = rows.values_list(
            "index", "subject", "body", "committed__details", "committed__salt", "record"
        )
        for index, subject, body, details, salt, record in found:
            shown = record is not None and details is not None
            lines.append(
                CustodyLine(
                    index or 0,
                    bytes(body),
                    bytes(details) if shown else None,
                    bytes(salt) if shown else None,
                )
            )
            indexes.setdefault(subject, []).append(index or 0)
    lines.sort(key=lambda line: line.index)
    return Kept(tuple(lines), {subject: tuple(each) for subject, each in indexes.items()})


def proven(kept: Kept, head: Checkpoint) -> list[ProvenEntry]:
    """Each line with its proof."""
    proofs = ledger.prove_many([line.index for line in kept.lines], head)
    return [ProvenEntry(line, proof) for line, proof in zip(kept.lines, proofs, strict=True)]


def packed(actor: Actor, items: Sequence[Item], kept: Kept, opened: Opened) -> list[PackageItem]:
    """The items as the package takes them; their bytes are read when they are written."""
    found: list[PackageItem] = []
    for group in grouped(items):
        files = _files_of(group)
        conditions: dict[int, list[str]] = {}
        for each in UseCondition.objects.filter(item__in=group).order_by("id"):
            conditions.setdefault(each.item_id, []).append(each.text_en or each.code)
        for item in group:
            found.append(
                PackageItem(
                    number=item.number,
                    source=partial(_read, actor, item, files[item.stored_file_id], opened),
                    sha256=item.sha256,
                    size=item.size,
                    media_type=item.media_type_sniffed,
                    conditions=tuple(conditions.get(item.pk, ())),
                    entries=kept.indexes.get(item.subject, ()),
                )
            )
    return found


def _files_of(items: Sequence[Item]) -> dict[int, StoredFile]:
    keys = [item.stored_file_id for item in items]
    return StoredFile.objects.select_related("pack").in_bulk(keys)


def _read(actor: Actor, item: Item, file: StoredFile, opened: Opened) -> BinaryIO:
    """Open an item; the first piece that does not hold is recorded as an anomaly."""
    try:
        stream = opened(file)
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
