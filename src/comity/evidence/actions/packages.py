"""The court package: items with their whole custody, which anyone can check without this node."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q
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
from comity.evidence.actions._package_files import package_file
from comity.evidence.actions.conditions import require_handover
from comity.evidence.actions.opening import read_item
from comity.evidence.actions.release import Basis, record_disclosure, require_release
from comity.evidence.models import Disclosure, Item, ReleaseGrant, custody_of
from comity.evidence.report import language_of_node, print_report
from comity.evidence.rules import (
    HANDOVER_AT_MOST,
    HANDOVER_PURPOSE,
    IDENTIFIED,
    ORDER,
    STATED_AT_MOST,
    BasisKind,
    CustodyEvent,
    Origin,
    Recipient,
    plain_line,
)
from comity.exchange import actions as exchange
from comity.exchange import witnesses
from comity.exchange.models import IncomingMessage, OutgoingMessage, Partner, Receipt
from comity.ledger import actions as ledger
from comity.ledger import stamping
from comity.ledger.models import Checkpoint, Entry
from comity.vault import actions as vault
from comity.vault.models import StoredFile

_NUMBER_AT_ONCE = 50
PROCEEDINGS = "comity.cases.models.case_numbered"


@dataclass(frozen=True)
class Handover:
    """To whom a package goes, and what lets a person's items go there.

    name: who that is, for Recipient.OTHER. order: the court order or provision that compels it,
    for items that no agreement covers. appearance: how the person's name is kept out, where the
    agreement asks for that; the officer who exports answers for it.
    """

    recipient: Recipient = Recipient.COURT
    name: str = ""
    order: str = ""
    appearance: str = ""

    @property
    def target(self) -> str:
        """The recipient as its disclosure names it."""
        return f"{self.recipient}:{self.name}" if self.name else str(self.recipient)


@dataclass(frozen=True)
class _Leaving:
    """What leaves, whereto and for which proceeding, checked and cleaned."""

    items: tuple[Item, ...]
    enclosed: tuple[Item, ...]
    to: Handover
    case: uuid.UUID | None
    purpose: str
    legal_basis: str
    case_ref: str

    @property
    def everything(self) -> tuple[Item, ...]:
        return (*self.items, *self.enclosed)


def export_package(
    actor: Actor,
    items: Sequence[Item],
    *,
    purpose: str,
    legal_basis: str,
    case_ref: str,
    to: Handover = Handover(),
    language: str = "",
    message_ids: Sequence[uuid.UUID] = (),
) -> Path:
    """Write a sealed package of items for a court and return its file in the spool, durable.

    It holds the bytes, every ledger entry about the items with its proof, the signed checkpoint
    and time-stamps over it, the custody report (uk, ja or en), and the messages named with their
    receipts. Each item, and each that went in those messages, must be free to go to the recipient:
    by its conditions of use, and by an agreement or `to.order` if it came from a person. Custody
    says "exported" with the package's digest, and each item's disclosure is recorded, before this
    returns; the caller hands the file over and removes it.
    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.no_release" |
    "evidence.appearance_unsaid" | "evidence.use_…" | "evidence.unknown_proceeding" |
    "evidence.too_long" | "ledger.pending" | "evidence.unknown_message" |
    "container.source_changed" | "documents.…" | "vault.disk_full"), Untrusted when an item is
    damaged.
    """
    require(actor, Act.EXPORT_PACKAGE)
    stated = _stated(items, purpose=purpose, legal_basis=legal_basis, case_ref=case_ref)
    if not set(message_ids) <= _readable(actor, message_ids):
        raise NotVisible("access.not_visible", act="see_letters")
    for item in items:
        fetch(Item.objects.visible_to(actor), pk=item.pk)
    leaving = _Leaving(
        items=tuple(items),
        enclosed=_enclosed(items, message_ids),
        to=_plain(to),
        case=_proceeding(actor, stated["case_ref"]),
        **stated,
    )
    _cleared(leaving)
    head = numbered_head(leaving.items)
    spec = _spec(actor, leaving, head, message_ids, language or language_of_node())
    with package_file(_size_about(leaving, message_ids)) as (path, target):
        digest = _write(target, spec)
        target.flush()
        os.fsync(target.fileno())
        _record_export(actor, leaving, digest)
    return path


def _spec(
    actor: Actor,
    leaving: _Leaving,
    head: Checkpoint,
    message_ids: Sequence[uuid.UUID],
    language: str,
) -> PackageSpec:
    witnesses.ask_now(head)
    stamped = _stamp(head)
    seal, now = ledger.keyring(), timezone.now()
    entries = entries_about(leaving.items, head)
    return PackageSpec(
        from_node=settings.COMITY_NODE_ID,
        purpose=leaving.purpose,
        legal_basis=leaving.legal_basis,
        case_ref=leaving.case_ref,
        created=now,
        seal=Seal(
            seal.seal_key_pem, seal.seal_certificate_pem, stamping.stamper if stamped else None
        ),
        items=[_packed(actor, item) for item in leaving.items],
        custody=[ProvenEntry(_line(entry), ledger.prove(entry, head)) for entry in entries],
        checkpoint=ledger.cosigned_note(head),
        descriptors=_descriptors(message_ids),
        time=[(bytes(each.request), bytes(each.response)) for each in head.tokens.all()],
        messages=[_message(actor, each) for each in message_ids],
        receipts=_receipts(message_ids),
        report=print_report(
            leaving.items,
            entries,
            head,
            language=language,
            reference=leaving.case_ref,
            created=now,
        ),
    )


def _plain(to: Handover) -> Handover:
    """The handover without signs that mislead. Raises Incomplete, Refused("evidence.too_long")."""
    cleaned = replace(
        to,
        name=plain_line(to.name),
        order=plain_line(to.order),
        appearance=plain_line(to.appearance),
    )
    if (to.recipient is Recipient.OTHER) is not bool(cleaned.name):
        raise Incomplete("evidence.incomplete", missing=["name"])
    for name, at_most in HANDOVER_AT_MOST.items():
        if len(getattr(cleaned, name)) > at_most:
            raise Refused("evidence.too_long", field=name)
    return cleaned


def _proceeding(actor: Actor, case_ref: str) -> uuid.UUID | None:
    """The case with this number, as the actor sees it (settings.COMITY_PROCEEDINGS)."""
    named = import_string(getattr(settings, "COMITY_PROCEEDINGS", PROCEEDINGS))
    found: uuid.UUID | None = named(actor, case_ref)
    return found


def _enclosed(items: Sequence[Item], message_ids: Sequence[uuid.UUID]) -> tuple[Item, ...]:
    """The items whose bytes travel in the messages and are not among those chosen."""
    arrived = IncomingMessage.objects.filter(uid__in=message_ids).values("conversation")
    travelled = Item.objects.filter(
        Q(disclosures__message_id__in=message_ids)
        | Q(origin=Origin.PARTNER, access__kind="letter", access__record__in=arrived)
    )
    chosen = [item.pk for item in items]
    return tuple(travelled.exclude(pk__in=chosen).distinct().order_by("pk"))


def _cleared(leaving: _Leaving) -> list[tuple[Item, Basis]]:
    """Say for each item on which basis it goes, or refuse with the number of the first."""
    cleared = []
    for item in leaving.everything:
        require_handover(item, leaving.to.recipient, target=leaving.to.target, case=leaving.case)
        basis = _basis(item, leaving.to)
        if basis.mode not in {"", IDENTIFIED} and not leaving.to.appearance:
            raise Refused("evidence.appearance_unsaid", item=item.number, mode=basis.mode)
        cleared.append((item, basis))
    return cleared


def _basis(item: Item, to: Handover) -> Basis:
    try:
        return require_release(
            item, recipient=to.target, purpose=HANDOVER_PURPOSE, on=timezone.localdate()
        )
    except Refused:
        if not to.order:
            raise
    # An order compels the item, not the name: what the person asked anywhere still holds.
    asked = item.release_grants.filter(withdrawn_at=None).exclude(mode__in=["", IDENTIFIED])
    first = asked.order_by("pk").first()
    return Basis(BasisKind.LEGAL, f"{ORDER}{to.order}", first.mode if first else "")


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


def _stated(items: Sequence[Item], **stated: str) -> dict[str, str]:
    """What was stated, as plain lines. Raises Incomplete, Refused("evidence.too_long")."""
    plain = {name: plain_line(text) for name, text in stated.items()}
    missing = [name for name, text in plain.items() if not text]
    missing += [] if items else ["items"]
    if missing:
        raise Incomplete("evidence.incomplete", missing=missing)
    for name, text in plain.items():
        if len(text) > STATED_AT_MOST:
            raise Refused("evidence.too_long", field=name)
    return plain


def _subjects(items: Sequence[Item]) -> list[str]:
    return [item.subject for item in items]


def numbered_head(items: Sequence[Item]) -> Checkpoint:
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


def entries_about(items: Sequence[Item], head: Checkpoint) -> list[Entry]:
    """Every entry about the items that the checkpoint covers, in the order of the ledger."""
    rows = Entry.objects.filter(subject__in=_subjects(items), index__lt=head.size)
    return list(rows.select_related("committed", "custody_record").order_by("index"))


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


def _size_about(leaving: _Leaving, message_ids: Sequence[uuid.UUID]) -> int:
    """The bytes of items and messages, which are all that is large in a package."""
    whole = sum(item.size for item in leaving.items)
    for kind in (OutgoingMessage, IncomingMessage):
        rows = kind.objects.filter(uid__in=message_ids, container__isnull=False)
        whole += sum(rows.values_list("container__size", flat=True))
    return whole


@transaction.atomic
def _record_export(actor: Actor, leaving: _Leaving, digest: ContainerDigest) -> None:
    """Keep what left and on which basis; what was agreed must still hold at this moment."""
    held = ReleaseGrant.objects.filter(item__in=leaving.everything, withdrawn_at=None)
    list(held.select_for_update().order_by("pk"))
    for item, basis in _cleared(leaving):
        if item in leaving.items:
            _exported(actor, item, leaving, digest)
        record_disclosure(
            actor,
            item,
            recipient=leaving.to.target,
            purpose=HANDOVER_PURPOSE,
            basis=basis,
            appearance=leaving.to.appearance if basis.mode not in {"", IDENTIFIED} else "",
        )


def _exported(actor: Actor, item: Item, leaving: _Leaving, digest: ContainerDigest) -> None:
    exported = custody_of(
        actor,
        item,
        CustodyEvent.EXPORTED,
        purpose=leaving.purpose,
        legal_authority=leaving.legal_basis,
        counterparty=leaving.to.target[:120],
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
