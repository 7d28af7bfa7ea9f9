"""The court package: items with their whole custody, which anyone can check without this node."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.accounts import actions as accounts
from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.core.container import ContainerDigest, Seal
from comity.core.errors import Incomplete, NotVisible, Refused
from comity.core.package import (
    PackageItem,
    PackageMessage,
    PackageSpec,
    ProvenEntry,
    write_package,
)
from comity.core.package_form import CustodyLine
from comity.evidence.actions.opening import read_item
from comity.evidence.actions.release import require_use
from comity.evidence.models import Disclosure, Item, custody_of
from comity.evidence.rules import CustodyEvent, Use
from comity.exchange import actions as exchange
from comity.exchange.models import IncomingMessage, OutgoingMessage, Partner, Receipt
from comity.ledger import actions as ledger
from comity.ledger import stamping
from comity.ledger.models import Checkpoint, Entry
from comity.vault import actions as vault
from comity.vault.models import StoredFile

KEEP_PACKAGES_SECONDS = 24 * 3600
_NUMBER_AT_ONCE = 50


def export_package(
    actor: Actor,
    items: Sequence[Item],
    *,
    purpose: str,
    legal_basis: str,
    case_ref: str,
    message_ids: Sequence[uuid.UUID] = (),
) -> Path:
    """Write a sealed package of items for a court and return its file in the spool, durable.

    It holds the bytes, every ledger entry about the items with its proof, the signed checkpoint
    and time-stamps over it, and the messages named with their receipts. Custody says "exported",
    with the package's digest, before this returns; the caller hands the file over and removes it.
    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.use_forbidden" |
    "ledger.pending" | "evidence.unknown_message" | "container.source_changed"), Untrusted when an
    item is damaged.
    """
    require(actor, Act.EXPORT_PACKAGE)
    _require_stated(items, purpose=purpose, legal_basis=legal_basis, case_ref=case_ref)
    if not set(message_ids) <= _readable(actor, message_ids):
        raise NotVisible("access.not_visible", act="see_letters")
    for item in items:
        fetch(Item.objects.visible_to(actor), pk=item.pk)
        require_use(item, Use.EXPORT_TO_COURT)
    head = _numbered_head(items)
    stamped = _stamp(head)
    seal = ledger.keyring()
    spec = PackageSpec(
        from_node=settings.COMITY_NODE_ID,
        purpose=purpose,
        legal_basis=legal_basis,
        case_ref=case_ref,
        created=timezone.now(),
        seal=Seal(
            seal.seal_key_pem, seal.seal_certificate_pem, stamping.stamper if stamped else None
        ),
        items=[_packed(actor, item) for item in items],
        custody=_custody(items, head),
        checkpoint=bytes(head.note),
        descriptors=_descriptors(message_ids),
        time=[(bytes(each.request), bytes(each.response)) for each in head.tokens.all()],
        messages=[_message(actor, each) for each in message_ids],
        receipts=_receipts(message_ids),
    )
    with _package_file() as (path, target):
        digest = _write(target, spec)
        target.flush()
        os.fsync(target.fileno())
        _record_export(actor, items, digest, purpose=purpose, legal_basis=legal_basis)
    return path


def _write(target: BinaryIO, spec: PackageSpec) -> ContainerDigest:
    """Write the package; without a stamp over its seal if the authority has gone meanwhile."""
    try:
        return write_package(target, spec)
    except stamping.NoStamp:
        target.seek(0)
        target.truncate()
        return write_package(target, replace(spec, seal=replace(spec.seal, stamper=None)))


def messages_about(actor: Actor, items: Sequence[Item]) -> list[uuid.UUID]:
    """Return the messages in which items left, oldest first, as far as the actor may read them."""
    left = Disclosure.objects.filter(item__in=items, message_id__isnull=False).order_by("at")
    found = list(dict.fromkeys(row.message_id for row in left if row.message_id))
    readable = _readable(actor, found)
    return [each for each in found if each in readable]


def _readable(actor: Actor, message_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
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


def _require_stated(items: Sequence[Item], **stated: str) -> None:
    missing = [name for name, text in stated.items() if not text.strip()]
    missing += [] if items else ["items"]
    if missing:
        raise Incomplete("evidence.incomplete", missing=missing)


def _subjects(items: Sequence[Item]) -> list[str]:
    return [item.subject for item in items]


def _numbered_head(items: Sequence[Item]) -> Checkpoint:
    """Have every entry of the items numbered now, and return a checkpoint that covers them."""
    waiting = Entry.objects.filter(subject__in=_subjects(items), index=None)
    for _ in range(_NUMBER_AT_ONCE):
        if not waiting.exists():
            break
        ledger.sequence_pending()
    head = ledger.newest_checkpoint()
    if head is None or waiting.exists():
        raise Refused("ledger.pending")
    return head


def _stamp(head: Checkpoint) -> bool:
    """Have the checkpoint stamped if it is not; return whether an authority answers."""
    if not settings.COMITY_TSA_URLS:
        return False
    try:
        answer = stamping.ask(hashlib.sha256(bytes(head.note)).digest())
    except stamping.NoStamp as failure:
        ledger.keep_stamp_failures(head, failure.reasons)
        return False
    ledger.keep_stamp(
        head,
        authority=answer.authority,
        request=answer.request,
        response=answer.response,
        gen_time=answer.stamp.gen_time,
    )
    return True


def _packed(actor: Actor, item: Item) -> PackageItem:
    indexes = Entry.objects.filter(subject=item.subject, index__isnull=False)
    return PackageItem(
        number=item.number,
        source=partial(read_item, actor, item),
        sha256=item.sha256,
        size=item.size,
        media_type=item.media_type_sniffed,
        conditions=tuple(each.text_en or each.code for each in item.conditions.all()),
        entries=tuple(entry.index or 0 for entry in indexes.order_by("index")),
    )


def _open(actor: Actor, file: StoredFile) -> BinaryIO:
    return vault.open_file(actor, file)


def _custody(items: Sequence[Item], head: Checkpoint) -> list[ProvenEntry]:
    """Every entry about the items; details only of those that custody rests on."""
    rows = (
        Entry.objects.filter(subject__in=_subjects(items), index__lt=head.size)
        .select_related("committed", "custody_record")
        .order_by("index")
    )
    return [ProvenEntry(_line(entry), ledger.prove(entry, head)) for entry in rows]


def _line(entry: Entry) -> CustodyLine:
    index = entry.index if entry.index is not None else -1
    kept = getattr(entry, "committed", None)
    if kept is None or not hasattr(entry, "custody_record"):
        return CustodyLine(index, bytes(entry.body), None, None)
    return CustodyLine(index, bytes(entry.body), bytes(kept.details), bytes(kept.salt))


def _message(actor: Actor, message_id: uuid.UUID) -> PackageMessage:
    sent = OutgoingMessage.objects.filter(uid=message_id).select_related("container").first()
    got = IncomingMessage.objects.filter(uid=message_id).select_related("container").first()
    file = sent.container if sent else got.container if got else None
    if file is None:
        raise Refused("evidence.unknown_message")
    return PackageMessage(str(message_id), partial(_open, actor, file))


def _receipts(message_ids: Sequence[uuid.UUID]) -> list[str]:
    rows = Receipt.objects.filter(message_id__in=message_ids).order_by("at", "id")
    return list(rows.values_list("text", flat=True))


def _descriptors(message_ids: Sequence[uuid.UUID]) -> list[str]:
    """Our own descriptor, and every one that the partners of the messages have had."""
    texts = [exchange.own_descriptor()]
    partners = Partner.objects.filter(receipts__message_id__in=message_ids).distinct()
    for partner in partners.prefetch_related("descriptors"):
        texts += [partner.descriptor, *(each.text for each in partner.descriptors.all())]
    return list(dict.fromkeys(texts))


@contextmanager
def _package_file() -> Iterator[tuple[Path, BinaryIO]]:
    """Give a new file for a package; it is gone again if anything goes wrong."""
    folder = Path(settings.COMITY_SPOOL) / "packages"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_old(folder)
    path = folder / f"{uuid.uuid4().hex}.asice"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=1 << 20) as target:
            yield path, target
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _forget_old(folder: Path) -> None:
    for path in folder.glob("*.asice"):
        if time.time() - path.stat().st_mtime > KEEP_PACKAGES_SECONDS:
            path.unlink(missing_ok=True)


@transaction.atomic
def _record_export(
    actor: Actor, items: Sequence[Item], digest: ContainerDigest, *, purpose: str, legal_basis: str
) -> None:
    for item in items:
        exported = custody_of(
            actor,
            item,
            CustodyEvent.EXPORTED,
            purpose=purpose[:200],
            legal_authority=legal_basis[:200],
            digest_before=item.sha256,
            digest_after=item.sha256,
            note=digest.sha256,
        )
        exported.entry = ledger.append(
            actor,
            "evidence.item_exported",
            item.subject,
            **exported.committed(item),
            package_sha256=digest.sha256,
            package_size=digest.size,
        )
        exported.save()
        accounts.record_look(actor, item.subject, part="package")
