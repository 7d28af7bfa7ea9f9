"""The court package: items with their whole custody, which anyone can check without this node."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.container import ContainerDigest, Seal
from comity.core.errors import Incomplete, NotVisible, Refused
from comity.core.package import PackageRenewal, PackageSpec, write_package
from comity.evidence.actions import _package_contents as contents
from comity.evidence.actions._package_files import encrypted, package_file, sound_keys
from comity.evidence.actions.conditions import grouped, keys_of, require_handovers
from comity.evidence.actions.release import (
    Basis,
    Leaving,
    keep_alike,
    record_disclosures,
    release_bases,
)
from comity.evidence.models import Alike, Disclosure, Item, ItemAccess, ReleaseGrant, custody_of
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
from comity.exchange import witnesses
from comity.exchange.models import IncomingMessage
from comity.ledger import actions as ledger
from comity.ledger import stamping
from comity.ledger.models import Checkpoint
from comity.vault import actions as vault

REASON = "custody.reported"
PROCEEDINGS = "comity.cases.models.case_numbered"


@dataclass(frozen=True)
class Handover:
    """To whom a package goes, and what lets a person's items go there.

    name: who that is, for Recipient.OTHER. order: the court order or provision that compels it,
    for items that no agreement covers. appearance: how the person's name is kept out, where the
    agreement asks for that; the officer who exports answers for it. keys: age public keys to
    which the package is encrypted; none leaves it in clear.
    """

    recipient: Recipient = Recipient.COURT
    name: str = ""
    order: str = ""
    appearance: str = ""
    keys: tuple[str, ...] = ()

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
    returns; the caller hands the file over and removes it. With `to.keys` the file is the same
    package encrypted with age, which the disk never holds in clear.
    Raises NotAllowed, NotVisible, Incomplete, Refused("evidence.no_release" |
    "evidence.appearance_unsaid" | "evidence.use_…" | "evidence.unknown_proceeding" |
    "evidence.too_long" | "evidence.bad_age_key" | "ledger.pending" |
    "ledger.clock_wrong" | "evidence.unknown_message" |
    "container.source_changed" | "documents.…" | "vault.disk_full"), Untrusted when an item is
    damaged.
    """
    require(actor, Act.EXPORT_PACKAGE)
    stated = _stated(items, purpose=purpose, legal_basis=legal_basis, case_ref=case_ref)
    if not set(message_ids) <= contents.readable_messages(actor, message_ids):
        raise NotVisible("access.not_visible", act="see_letters")
    contents.require_seen(actor, items)
    leaving = _Leaving(
        items=tuple(items),
        enclosed=_enclosed(items, message_ids),
        to=_plain(to),
        case=_proceeding(actor, stated["case_ref"]),
        **stated,
    )
    for _group in _cleared(leaving):
        pass
    ledger.require_clock()
    head = contents.numbered_head(leaving.items)
    size = contents.size_about(leaving.everything, message_ids)
    with (
        vault.opened_shelf(actor, contents.files_as_written(leaving.items)) as opened,
        package_file(size, ".asice.age" if leaving.to.keys else ".asice") as (path, target),
    ):
        chosen = language or language_of_node()
        spec = _spec(actor, leaving, head, message_ids, chosen, opened)
        digest, sealed = _write(target, spec, leaving.to.keys)
        target.flush()
        os.fsync(target.fileno())
        _record_export(actor, leaving, digest, sealed)
    return path


def _spec(
    actor: Actor,
    leaving: _Leaving,
    head: Checkpoint,
    message_ids: Sequence[uuid.UUID],
    language: str,
    opened: contents.Opened,
) -> PackageSpec:
    witnesses.ask_now(head)
    stamped = stamp(head)
    seal, now = ledger.keyring(), timezone.now()
    custody = contents.Custody(leaving.items, head)
    return PackageSpec(
        from_node=settings.COMITY_NODE_ID,
        purpose=leaving.purpose,
        legal_basis=leaving.legal_basis,
        case_ref=leaving.case_ref,
        created=now,
        seal=Seal(
            seal.seal_key_pem, seal.seal_certificate_pem, stamping.stamper if stamped else None
        ),
        items=contents.packed(actor, leaving.items, custody, opened),
        custody=custody,
        checkpoint=ledger.cosigned_note(head),
        descriptors=contents.descriptors_for(message_ids),
        time=[(bytes(each.request), bytes(each.response)) for each in head.tokens.order_by("pk")],
        renewals=[
            PackageRenewal(
                bytes(each.record), bytes(each.chain), bytes(each.request), bytes(each.response)
            )
            for each in head.renewals.order_by("number")
        ],
        revocations=stamping.statements_about(head),
        messages=[contents.packed_message(actor, each) for each in message_ids],
        receipts=contents.receipts_of(message_ids),
        report=sealed_pdf(
            print_report(
                leaving.items,
                head,
                language=language,
                reference=leaving.case_ref,
                created=now,
            ),
            now,
        ),
    )


def _plain(to: Handover) -> Handover:
    """The handover without signs that mislead.

    Raises Incomplete, Refused("evidence.too_long" | "evidence.bad_age_key").
    """
    cleaned = replace(
        to,
        name=plain_line(to.name),
        order=plain_line(to.order),
        appearance=plain_line(to.appearance),
        keys=sound_keys(to.keys),
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


def items_of_proceeding(actor: Actor, case_ref: str) -> QuerySet[Item] | None:
    """The items that the actor sees in the case with this number, oldest first.

    None if the actor sees no such case: then it is the number of another authority, or a mistake.
    """
    case = _proceeding(actor, plain_line(case_ref))
    if case is None:
        return None
    seen = Item.objects.visible_to(actor).filter(erased_at=None)
    return seen.filter(pk__in=ItemAccess.objects.filter(kind="case", record=case).values("item"))


def _enclosed(items: Sequence[Item], message_ids: Sequence[uuid.UUID]) -> tuple[Item, ...]:
    """The items whose bytes travel in the messages and are not among those chosen."""
    arrived = IncomingMessage.objects.filter(uid__in=message_ids).values("conversation")
    travelled = Item.objects.filter(
        Q(disclosures__message_id__in=message_ids)
        | Q(origin=Origin.PARTNER, access__kind="letter", access__record__in=arrived)
    )
    chosen = {item.pk for item in items}
    return tuple(item for item in travelled.distinct().order_by("pk") if item.pk not in chosen)


def _cleared(leaving: _Leaving) -> Iterator[list[Leaving]]:
    """Say for each item on which basis it goes, or refuse with the number of the first."""
    for group in grouped(leaving.everything):
        yield _cleared_group(group, leaving.to, leaving.case)


def _cleared_group(items: Sequence[Item], to: Handover, case: uuid.UUID | None) -> list[Leaving]:
    require_handovers(items, to.recipient, target=to.target, case=case)
    bases = release_bases(
        items, recipient=to.target, purpose=HANDOVER_PURPOSE, on=timezone.localdate()
    )
    missing = [item for item in items if bases[item.pk] is None]
    if missing and not to.order:
        raise Refused("evidence.no_release", item=missing[0].number)
    bases |= _by_order(missing, to.order)
    cleared = []
    for item in items:
        basis = bases[item.pk]
        if basis is None:
            raise Refused("evidence.no_release", item=item.number)
        named = basis.mode in {"", IDENTIFIED}
        if not named and not to.appearance:
            raise Refused("evidence.appearance_unsaid", item=item.number, mode=basis.mode)
        cleared.append(Leaving(item, basis, "" if named else to.appearance))
    return cleared


def _by_order(items: Sequence[Item], order: str) -> dict[int, Basis]:
    """The bases of items that an order compels, by key.

    It compels the item, not the name: what the person asked anywhere still holds.
    """
    modes: dict[int, str] = {}
    for group in grouped(items):
        asked = ReleaseGrant.objects.filter(item__in=keys_of(group), withdrawn_at=None)
        for grant in asked.exclude(mode__in=["", IDENTIFIED]).order_by("-pk"):
            modes[grant.item_id] = grant.mode
    return {
        item.pk: Basis(BasisKind.LEGAL, f"{ORDER}{order}", modes.get(item.pk, "")) for item in items
    }


@dataclass(frozen=True)
class _Sealed:
    """The file that is handed over, if that is not the package itself. keys: their digests."""

    sha256: str
    keys: tuple[str, ...]


def _write(
    target: BinaryIO, spec: PackageSpec, keys: Sequence[str]
) -> tuple[ContainerDigest, _Sealed | None]:
    """Write the package, encrypted if there are keys; give its digest, and the file's."""
    if not keys:
        return _write_clear(target, spec), None
    with encrypted(target, keys) as (pipe, digest_of_file):
        digest = _write_clear(pipe, spec)
    hashed = tuple(hashlib.sha256(each.encode("ascii")).hexdigest() for each in keys)
    return digest, _Sealed(digest_of_file(), hashed)


def _write_clear(target: BinaryIO, spec: PackageSpec) -> ContainerDigest:
    """Write the package; without a stamp over its seal if the authority has gone meanwhile."""
    try:
        return write_package(target, spec)
    except stamping.NoStamp:  # the seal comes first: nothing is written yet
        return write_package(target, replace(spec, seal=replace(spec.seal, stamper=None)))


def messages_about(actor: Actor, items: Sequence[Item]) -> list[uuid.UUID]:
    """Return the messages in which items left, oldest first, as far as the actor may read them."""
    left = Disclosure.objects.filter(item__in=items, message_id__isnull=False).order_by("at")
    found = list(dict.fromkeys(row.message_id for row in left if row.message_id))
    readable = contents.readable_messages(actor, found)
    return [each for each in found if each in readable]


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


def stamp(head: Checkpoint) -> bool:
    """Have the checkpoint stamped as far as it is not; return whether an authority answers."""
    if not settings.COMITY_TSA_URLS:
        return False
    return stamping.have_stamped(head) and bool(ledger.authorities_to_ask(()))


def sealed_pdf(pdf: bytes, now: datetime) -> bytes:
    """Return the PDF with the node's seal (PAdES); without a time-stamp if no authority answers."""
    stamper = stamping.stamper if settings.COMITY_TSA_URLS else None
    try:
        return stamping.signed_pdf(pdf, stamper, now, REASON)
    except stamping.NoStamp:
        return stamping.signed_pdf(pdf, None, now, REASON)


@transaction.atomic
def _record_export(
    actor: Actor, leaving: _Leaving, digest: ContainerDigest, sealed: _Sealed | None
) -> None:
    """Keep what left and on which basis; what was agreed must still hold at this moment."""
    for group in grouped(leaving.everything):
        held = ReleaseGrant.objects.filter(item__in=keys_of(group), withdrawn_at=None)
        list(held.select_for_update().order_by("pk"))
    for group in grouped(leaving.items):
        _exported(actor, group, leaving, digest, sealed)
    for left in _cleared(leaving):
        record_disclosures(actor, left, recipient=leaving.to.target, purpose=HANDOVER_PURPOSE)


def _exported(
    actor: Actor,
    items: Sequence[Item],
    leaving: _Leaving,
    digest: ContainerDigest,
    sealed: _Sealed | None,
) -> None:
    first = items[0]
    exported = Alike(
        custody_of(
            actor,
            first,
            CustodyEvent.EXPORTED,
            purpose=leaving.purpose,
            legal_authority=leaving.legal_basis,
            counterparty=leaving.to.target[:120],
            digest_before=first.sha256,
            digest_after=first.sha256,
            note=digest.sha256,
        )
    )
    file: dict[str, object] = {
        "package_sha256": digest.sha256,
        "package_size": digest.size,
    }
    if sealed is not None:
        file |= {"encrypted_sha256": sealed.sha256, "encrypted_to": list(sealed.keys)}
    details = [stated | file for stated in exported.stated(items)]
    keep_alike(actor, exported, items, "evidence.item_exported", details)
    looked = canonical.encode({"part": "package", "purpose": ""})
    ledger.append_many(
        actor, [ledger.NewEntry("access.looked", item.subject, looked) for item in items]
    )
