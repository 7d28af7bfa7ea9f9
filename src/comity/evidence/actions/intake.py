"""Taking items into evidence."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, insert_once
from comity.core import canonical
from comity.core.access import Act, Actor, Compartment, require
from comity.core.days import is_too_early
from comity.core.errors import Incomplete, Refused
from comity.evidence import media
from comity.evidence.kinds import known_kinds
from comity.evidence.models import (
    TEAM_KINDS,
    Alike,
    CustodyRecord,
    Item,
    ItemAccess,
    custody_of,
    new_salt,
    role_of,
    teams_digest,
    words_digest,
)
from comity.evidence.rules import (
    ACQUISITION_AT_MOST,
    FACT_AT_MOST,
    STATED_FACTS,
    TITLE_AT_MOST,
    CustodyEvent,
    Fact,
    Origin,
    digest_match,
    kept_name,
    missing_of,
    plain_digest,
    plain_line,
    plain_media_type,
)
from comity.ledger import actions as ledger
from comity.ledger.rows import insert_alike
from comity.vault import actions as vault
from comity.vault import storage
from comity.vault.models import StoredFile

# The record whose team holds an item: ("case", uid), ("person", uid) or ("letter", uid).
Holder = tuple[str, uuid.UUID]
Access = Sequence[Holder]


@dataclass(frozen=True)
class Acquisition:
    """How an item was obtained. acquired_at: aware; the collector's statement, not our clock.

    Without acquired_by or acquired_at the custody says that nobody stated it; its moment is then
    that of the intake. Nothing is put in their place.
    method: an id of the vocabulary's ways to obtain, or words. legal_authority: order, letter,
    consent or other mandate, with its reference. facts: by rules.Fact, of STATED_FACTS.
    """

    acquired_by: str
    acquired_at: datetime | None
    place: str = ""
    device: str = ""
    method: str = ""
    legal_authority: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def ingest(
    actor: Actor,
    source: BinaryIO,
    *,
    title: str,
    kind: str,
    access: Access,
    origin: str,
    acquisition: Acquisition,
    original_name: str | bytes = "",
    declared_type: str = "",
    compartment: str = Compartment.INVESTIGATION,
    expected_size: int | None = None,
    once: uuid.UUID | None = None,
) -> Item:
    """Take the bytes of source into the vault, then make the item: see `ingest_stored`.

    The item exists when this returns, and only then: its bytes are durable before its row is.
    Raises also Refused("vault.disk_full" | "vault.source_changed").
    """
    require(actor, Act.ADD_ITEM)
    require_sound(title, kind, access)
    require_day(acquisition.acquired_at)
    taken = storage.take_in(source, expected_size=expected_size)
    return ingest_stored(
        actor,
        taken,
        title=title,
        kind=kind,
        access=access,
        origin=origin,
        acquisition=acquisition,
        original_name=original_name,
        declared_type=declared_type,
        compartment=compartment,
        once=once,
    )


@transaction.atomic
def ingest_stored(
    actor: Actor,
    taken: storage.TakenIn,
    *,
    title: str,
    kind: str,
    access: Access,
    origin: str,
    acquisition: Acquisition,
    original_name: str | bytes = "",
    declared_type: str = "",
    compartment: str = Compartment.INVESTIGATION,
    once: uuid.UUID | None = None,
) -> Item:
    """Make an item of bytes that were taken in, with its first two custody records.

    The same bytes may become several items: each has a custody of its own, the bytes are stored
    once. access: the records whose teams see it, such as ("case", uid); at least one, and an
    officer belongs to each of them. original_name is kept to be read and is never used as a name.
    once: of the form that was sent; a second item under it is refused.
    Raises NotAllowed, Incomplete("evidence.incomplete"), Refused("evidence.unknown_kind" |
    "evidence.not_in_team" | "evidence.too_long" | "evidence.sent_twice" | "evidence.too_early" |
    "evidence.not_yet" | "vault.…"), Untrusted("vaultfile.…").
    """
    require(actor, Act.ADD_ITEM)
    require_sound(title, kind, access)
    require_member(actor, access)
    acquired = plain_acquisition(acquisition)
    require_day(acquired.acquired_at)
    file = vault.keep(actor, taken)
    # The file must open, whatever of it was seen when it was taken in.
    with vault.open_file(actor, file) as reader:
        head = reader.read(storage.HEAD_BYTES)
    item = new_item(
        actor,
        taken,
        file,
        head,
        once=once,
        title=title,
        kind=kind,
        origin=origin,
        original_name=original_name,
        declared_type=declared_type,
        compartment=compartment,
    )
    insert_once(item, twice="evidence.sent_twice")
    begin(actor, [item], access, acquired)
    return item


def new_item(
    actor: Actor,
    taken: storage.TakenIn,
    file: StoredFile,
    head: bytes,
    *,
    once: uuid.UUID | None,
    title: str,
    kind: str,
    origin: str,
    original_name: str | bytes,
    compartment: str,
    declared_type: str = "",
) -> Item:
    """Return an item that is not saved yet. head: its first bytes; the rest as `ingest_stored`."""
    item = Item(
        uid=once or uuid.uuid4(),
        kind=kind,
        compartment=Compartment(compartment),
        origin=Origin(origin),
        created_by=actor.actor_id,
        **of_bytes(taken, file, head),
        **of_file(title, original_name),
    )
    item.media_type_declared = plain_media_type(declared_type)
    item._state.fields_cache["stored_file"] = file
    return item


def of_bytes(taken: storage.TakenIn, file: StoredFile, head: bytes) -> dict[str, Any]:
    """What an item has from its bytes, by attribute."""
    return {
        "stored_file_id": file.pk,
        "sha256": taken.sha256,
        "size": taken.size,
        "media_type_sniffed": media.sniff(head),
    }


def of_file(title: str, original_name: str | bytes) -> dict[str, Any]:
    """What an item has from what its file is called, by attribute."""
    return {
        "title": plain_line(title),
        "original_name": kept_name(original_name),
        "salt": new_salt(),
    }


def begin(actor: Actor, items: Sequence[Item], access: Access, acquired: Acquisition) -> None:
    """Give new items to their teams and write the first two records of each one's custody."""
    keys = [item.pk for item in items]
    for kind, record in dict.fromkeys(access):
        insert_alike(ItemAccess(kind=kind, record=record), item_id=keys)
    for same in _of_one_match(items, acquired):
        _begin_custody(actor, same, access, acquired)


def _of_one_match(items: Sequence[Item], acquired: Acquisition) -> list[list[Item]]:
    """Put together what the first record says the same of, but for the digest of the bytes."""
    together: dict[str, list[Item]] = {}
    stated = acquired.facts.get(Fact.STATED_DIGEST)
    for item in items:
        match = str(digest_match(stated, item.sha256)) if stated else ""
        together.setdefault(match, []).append(item)
    return list(together.values())


def _begin_custody(
    actor: Actor, items: Sequence[Item], access: Access, acquired: Acquisition
) -> None:
    sha256s = [item.sha256 for item in items]
    received = Alike(_received(actor, items[0], acquired, access))
    said = _committed("received", role_of(actor)).fill_all(sha256s, received.digests(sha256s))
    ingested, also_said = _ingested(actor, items, access)
    entries: list[ledger.NewEntry] = []
    for item, first, second in zip(items, said, also_said, strict=True):
        subject = item.subject
        entries.append(ledger.NewEntry("evidence.item_received", subject, first))
        entries.append(ledger.NewEntry("evidence.item_ingested", subject, second))
    keys = ledger.append_many(actor, entries)
    received.insert(items, keys[0::2])
    ingested.insert(items, keys[1::2])


def ingested_of(
    actor: Actor, items: Sequence[Item], access: Access
) -> Iterator[tuple[CustodyRecord, ledger.NewEntry]]:
    """Yield for each saved item, alike in all but its bytes, that the vault has it now.

    The records are not saved. This entry is what a package's verifier finds an item by.
    """
    records, said = _ingested(actor, items, access)
    for item, stated in zip(items, said, strict=True):
        yield (
            records.of(item),
            ledger.NewEntry("evidence.item_ingested", item.subject, stated),
        )


def _ingested(actor: Actor, items: Sequence[Item], access: Access) -> tuple[Alike, list[bytes]]:
    """The second records of items alike, and what their entries commit to."""
    first, sha256s = items[0], [item.sha256 for item in items]
    records = Alike(
        custody_of(
            actor, first, CustodyEvent.INGESTED, digest_after=first.sha256, facts=in_case(access)
        )
    )
    teams = {f"{kind}:{record}" for kind, record in access}
    facts = [facts_of(item) for item in items]
    columns = [[each[name] for each in facts] for name in facts[0]]
    columns.append([teams_digest(item, teams) for item in items])
    form = _committed("ingested", role_of(actor), [*facts[0], "teams"], {"rows": {}})
    return records, form.fill_all(sha256s, records.digests(sha256s), *columns)


def _committed(
    event: str,
    role: str,
    facts: Sequence[str] = (),
    shared: Mapping[str, object] | None = None,
) -> canonical.Template:
    """What an entry commits to, as `CustodyRecord.committed` has it, of many items alike."""
    common = {"event": event, "role": role, **(shared or {})}
    return canonical.Template(common, ["sha256", "record", *facts])


def _received(actor: Actor, item: Item, acquired: Acquisition, access: Access) -> CustodyRecord:
    return custody_of(
        actor,
        item,
        CustodyEvent.RECEIVED,
        at=acquired.acquired_at or timezone.now(),
        place=acquired.place,
        device=acquired.device,
        method=acquired.method,
        legal_authority=acquired.legal_authority,
        counterparty=acquired.acquired_by,
        digest_after=item.sha256,
        facts=compared(acquired.facts, item) | _not_stated(acquired) | in_case(access),
    )


def _not_stated(acquired: Acquisition) -> dict[str, str]:
    """What nobody said of how the item was obtained, for the custody to say so."""
    missing = [] if acquired.acquired_by else ["acquired_by"]
    missing += [] if acquired.acquired_at else ["acquired_at"]
    return {Fact.NOT_STATED: " ".join(missing)} if missing else {}


def in_case(access: Iterable[Holder]) -> dict[str, str]:
    """The case of an item, where one is known: the first whose team it is given to."""
    cases = [str(record) for kind, record in access if kind == "case"]
    return {Fact.CASE: cases[0]} if cases else {}


def compared(facts: Mapping[str, str], item: Item) -> dict[str, str]:
    """The facts, with what a digest among them says about the item's bytes."""
    stated = facts.get(Fact.STATED_DIGEST)
    match = {Fact.DIGEST_MATCH: str(digest_match(stated, item.sha256))} if stated else {}
    return dict(facts) | match


def facts_of(item: Item) -> dict[str, str | int]:
    """What the vault's own entry says of an item, that `custody` compares with its row."""
    return {
        "origin": str(item.origin),
        "evidence_kind": item.kind,
        "compartment": str(item.compartment),
        "size": item.size,
        "media_type": item.media_type_sniffed,
        "declared_type": item.media_type_declared,
        "distressing": int(item.distressing),
        "file": item.stored_file.subject,
        "words": words_digest(item),
    }


def require_sound(title: str, kind: str, access: Access) -> None:
    """Raise Incomplete or Refused for what no item can have."""
    missing = [] if plain_line(title) else ["title"]
    missing += [] if access else ["access"]
    if missing:
        raise Incomplete("evidence.incomplete", missing=missing)
    require_title(title)
    if kind not in known_kinds():
        raise Refused("evidence.unknown_kind")
    if not all(name in TEAM_KINDS for name, _ in access):
        raise Refused("evidence.not_in_team")


def require_title(title: str) -> None:
    """Raise Incomplete or Refused for a title that no item can have."""
    plain = plain_line(title)
    if not plain:
        raise Incomplete("evidence.incomplete", missing=["title"])
    if len(plain) > TITLE_AT_MOST:
        raise Refused("evidence.too_long", field="title")


def require_member(actor: Actor, access: Access) -> None:
    """An officer gives an item to their own teams; sharing it with another is an act of its own."""
    if isinstance(actor, Officer) and not all(
        accounts.is_member(actor, kind=name, record=record) for name, record in access
    ):
        raise Refused("evidence.not_in_team")


def require_day(acquired_at: datetime | None) -> None:
    """The collector states the day, but nobody obtained it before 1900 or tomorrow.

    Raises Refused("evidence.too_early" | "evidence.not_yet").
    """
    if acquired_at is None:
        return
    if is_too_early(acquired_at):
        raise Refused("evidence.too_early")
    if acquired_at > timezone.now():
        raise Refused("evidence.not_yet")


def plain_acquisition(acquisition: Acquisition) -> Acquisition:
    """Return it in plain lines. Raises Refused("evidence.too_long"), Incomplete, as plain_facts."""
    plain = Acquisition(
        acquired_by=plain_line(acquisition.acquired_by),
        acquired_at=acquisition.acquired_at,
        place=plain_line(acquisition.place),
        device=plain_line(acquisition.device),
        method=plain_line(acquisition.method),
        legal_authority=plain_line(acquisition.legal_authority),
        facts=plain_facts(acquisition.facts),
    )
    if missing := missing_of(CustodyEvent.RECEIVED, plain.facts):
        raise Incomplete("evidence.incomplete", missing=missing)
    for name, at_most in ACQUISITION_AT_MOST.items():
        if len(getattr(plain, name)) > at_most:
            raise Refused("evidence.too_long", field=name)
    return plain


def plain_facts(stated: Mapping[str, str]) -> dict[str, str]:
    """Return what an officer states beside the columns, in plain lines, without what is empty.

    Raises Refused("evidence.too_long" | "evidence.no_digest").
    """
    plain = {str(Fact(name)): plain_line(text) for name, text in stated.items() if text}
    if not plain.keys() <= set(STATED_FACTS):
        raise ValueError("the node states this itself")
    for name, text in plain.items():
        if len(text) > FACT_AT_MOST:
            raise Refused("evidence.too_long", field=name)
    if digest := plain.get(Fact.STATED_DIGEST):
        digits = plain_digest(digest)
        if digits is None:
            raise Refused("evidence.no_digest")
        plain[Fact.STATED_DIGEST] = digits
    return plain
