"""The verbs on an item: ingest, open, verify, share, attach a condition."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import fetch
from comity.core.access import Act, Actor, Compartment, NodeActor, require
from comity.core.errors import Incomplete, NotVisible, Refused, Untrusted
from comity.evidence import media
from comity.evidence.actions import custody
from comity.evidence.models import Item, ItemAccess, UseCondition
from comity.evidence.rules import CustodyEvent, Origin, Use
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault import storage
from comity.vault.models import StoredFile

# A team that holds an item: ("case", uid), ("person", uid) or ("letter", uid).
Holder = tuple[str, uuid.UUID]


@dataclass(frozen=True)
class Acquisition:
    """How an item came into our hands (evidence.md B1). acquired_at: aware, the collector's clock."""

    acquired_by: str
    acquired_at: datetime
    place: str = ""
    device: str = ""
    method: str = ""
    legal_authority: str = ""
    counterparty: str = ""


def ingest(
    actor: Actor,
    source: BinaryIO,
    *,
    title: str,
    kind: str,
    access: Sequence[Holder],
    origin: Origin,
    acquisition: Acquisition,
    compartment: Compartment,
    original_name: str = "",
    declared_type: str = "",
    expected_size: int | None = None,
) -> Item:
    """Take a file in and make it an item; the arguments are those of `ingest_stored`.

    The bytes are durable before the transaction starts. Raises Refused("vault.disk_full",
    "vault.source_changed"), NotAllowed, Incomplete; then there is no item.
    """
    require(actor, Act.ADD_ITEM)
    taken = storage.take_in(source, expected_size=expected_size)
    return ingest_stored(
        actor,
        taken,
        title=title,
        kind=kind,
        access=access,
        origin=origin,
        acquisition=acquisition,
        compartment=compartment,
        original_name=original_name,
        declared_type=declared_type,
    )


@transaction.atomic
def ingest_stored(
    actor: Actor,
    taken: storage.TakenIn,
    *,
    title: str,
    kind: str,
    access: Sequence[Holder],
    origin: Origin,
    acquisition: Acquisition,
    compartment: Compartment,
    original_name: str = "",
    declared_type: str = "",
) -> Item:
    """Make an item of bytes already taken in, held by the teams in `access`.

    original_name: as it was called where it came from; kept as data and never used as a path. Known
    bytes are stored once; each receipt is an item with a custody of its own.
    """
    require(actor, Act.ADD_ITEM)
    lacking = [name for name, given in (("title", title.strip()), ("access", access)) if not given]
    if lacking:
        raise Incomplete("evidence.incomplete", missing=lacking)
    stored = vault.keep(actor, taken)
    item = Item.objects.create(
        title=title.strip(),
        kind=kind,
        stored_file=stored,
        sha256=taken.sha256,
        size=taken.size,
        media_type_sniffed=_sniffed(actor, stored),
        media_type_declared=declared_type[:120],
        original_name=original_name,
        compartment=compartment,
        origin=origin,
        created_by=actor.actor_id,
    )
    ItemAccess.objects.bulk_create(
        ItemAccess(item=item, kind=held_by, record=uid) for held_by, uid in access
    )
    custody.record(
        actor,
        item,
        CustodyEvent.RECEIVED,
        details={"acquired_at": acquisition.acquired_at.astimezone().isoformat()},
        place=acquisition.place,
        device=acquisition.device,
        method=acquisition.method,
        legal_authority=acquisition.legal_authority,
        counterparty=acquisition.counterparty,
        note=acquisition.acquired_by[:200],
    )
    custody.record(
        actor,
        item,
        CustodyEvent.INGESTED,
        details={"sha256": taken.sha256, "size": taken.size, "stored": taken.stored_name},
        digest_after=taken.sha256,
    )
    return item


def _sniffed(actor: Actor, stored: StoredFile) -> str:
    with vault.open_file(actor, stored) as file:
        return media.sniff(file.read(media.HEAD_BYTES))


def reachable(actor: Actor, item: Item) -> Item:
    """Return the item if the actor may see it; the node itself sees what it works on.

    Raises NotVisible.
    """
    if isinstance(actor, NodeActor):
        return item
    return fetch(Item.objects.visible_to(actor), pk=item.pk)


def open_item(actor: Actor, item: Item, *, purpose: str) -> BinaryIO:
    """Open an item's bytes, seekable; custody says who looked and why before a byte is read.

    Raises NotVisible, NotAllowed, Incomplete without a purpose, Untrusted for a damaged object.
    """
    require(actor, Act.OPEN_ITEM)
    item = reachable(actor, item)
    if not purpose.strip():
        raise Incomplete("evidence.no_purpose", missing=["purpose"])
    with transaction.atomic():
        custody.record(actor, item, CustodyEvent.ACCESSED, purpose=purpose.strip()[:200])
    return read_item(actor, item)


def read_item(actor: Actor, item: Item) -> BinaryIO:
    """Open an item's bytes for work whose act writes its own entry: sealing, exporting."""
    return vault.open_file(actor, item.stored_file)


def verify_item(actor: Actor, item: Item) -> None:
    """Read the whole stored file and compare it with the digest of the day it came in.

    Custody says "verified" or "anomaly" either way. Raises Untrusted when it does not hold.
    """
    item = reachable(actor, item)
    try:
        vault.check_file(actor, item.stored_file, item.sha256)
    except Untrusted as damage:
        with transaction.atomic():
            custody.record(
                actor,
                item,
                CustodyEvent.ANOMALY,
                details={"damage": damage.code},
                digest_before=item.sha256,
                condition=damage.code[:200],
            )
        raise
    with transaction.atomic():
        custody.record(
            actor,
            item,
            CustodyEvent.VERIFIED,
            digest_before=item.sha256,
            digest_after=item.sha256,
        )


@transaction.atomic
def share_item(actor: Actor, item: Item, *, kind: str, record: uuid.UUID) -> None:
    """Let the team of another record hold the item too. Twice changes nothing."""
    item = reachable(actor, item)
    _, new = ItemAccess.objects.get_or_create(item=item, kind=kind, record=record)
    if new:
        custody.record(
            actor, item, CustodyEvent.SHARED, details={"with": f"{kind}:{record}"}, purpose=kind
        )


@transaction.atomic
def attach_condition(
    actor: Actor,
    item: Item,
    *,
    code: str,
    texts: dict[str, str],
    forbids: Sequence[Use],
    set_by_node: str,
    letter_ref: uuid.UUID | None = None,
) -> UseCondition:
    """Put a limit of a partner on an item. texts: by language code, as the partner wrote them."""
    condition = UseCondition.objects.create(
        item=item,
        code=code,
        text_uk=texts.get("uk", ""),
        text_ja=texts.get("ja", ""),
        text_en=texts.get("en", ""),
        forbids=[use.value for use in forbids],
        set_by_node=set_by_node,
        letter_ref=letter_ref,
    )
    custody.record(
        actor,
        item,
        CustodyEvent.CONDITION_SET,
        details={"code": code, "forbids": condition.forbids, "set_by": set_by_node},
        counterparty=set_by_node[:120],
        condition=code,
    )
    return condition


def require_use(item: Item, use: Use) -> None:
    """Let a use pass, or raise Refused("evidence.use_forbidden") naming condition and setter."""
    for condition in item.conditions.all():
        if use.value in condition.forbids:
            raise Refused(
                "evidence.use_forbidden",
                item=item.number,
                condition=condition.code,
                set_by=condition.set_by_node,
            )


@transaction.atomic
def record_look(actor: Actor, item: Item, *, part: str) -> None:
    """Keep that an item's page was looked at: its title and origin are protected too."""
    if not Item.objects.filter(pk=item.pk).exists():
        raise NotVisible("access.not_visible", act="see_item")
    ledger.append(actor, "access.looked", item.subject, part=part, at=timezone.now().isoformat())
