"""Making an item out of another: the original never changes, and the line back to it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Model

from comity.accounts.models import fetch
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, Refused
from comity.evidence.actions.conditions import require_look
from comity.evidence.actions.intake import ingested_of, new_item, require_sound
from comity.evidence.actions.release import follow_release
from comity.evidence.models import (
    CustodyRecord,
    Derivation,
    Item,
    ItemAccess,
    UseCondition,
    UseConfirmation,
    committed_rows,
    custody_of,
)
from comity.evidence.rules import (
    FOLLOWS_CONSENT,
    CustodyEvent,
    Derived,
    Fact,
    kept_name,
    marks_in_words,
    plain_line,
)
from comity.ledger import actions as ledger
from comity.ledger.rows import insert
from comity.vault import actions as vault
from comity.vault import storage

REASON_AT_MOST = 2000
TOOL_AT_MOST = 200
CHANGES_AT_MOST = 2000


@dataclass(frozen=True)
class Making:
    """How something was made out of an item; as the columns of `Derivation`."""

    how: Derived
    tool: str
    model: str = ""
    machine_made: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    scope: str = ""


def derive(
    actor: Actor,
    original: Item,
    source: BinaryIO,
    making: Making,
    *,
    title: str,
    kind: str = "",
    original_name: str | bytes = "",
    declared_type: str = "",
) -> Item:
    """Take what was made out of an item into the vault as an item of its own.

    It has the original's teams, compartment, origin and mark as distressing, and carries its
    conditions of use with the confirmations of lawyers. kind: the original's where it is empty.
    Both items get a record of custody. Raises NotAllowed, NotVisible, Incomplete,
    Refused("evidence.use_ended" | "evidence.too_long" | "evidence.unknown_kind" | "vault.…"),
    Untrusted("vaultfile.…").
    """
    require(actor, Act.ADD_ITEM)
    fetch(Item.objects.visible_to(actor), pk=original.pk)
    require_look(original)
    making = _plain(making)
    kind = kind or original.kind
    require_sound(title, kind, list(_holders(original)))
    taken = storage.take_in(source)
    return _keep(
        actor,
        original,
        taken,
        making,
        title=title,
        kind=kind,
        original_name=original_name,
        declared_type=declared_type,
    )


def _plain(making: Making) -> Making:
    reason, tool = plain_line(making.reason), plain_line(making.tool)
    if not tool:
        raise Incomplete("evidence.incomplete", missing=["tool"])
    if len(reason) > REASON_AT_MOST:
        raise Refused("evidence.too_long", field="reason")
    return Making(
        Derived(making.how),
        tool[:TOOL_AT_MOST],
        plain_line(making.model)[:TOOL_AT_MOST],
        making.machine_made,
        dict(making.detail),
        reason,
        making.scope,
    )


def _holders(original: Item) -> list[tuple[str, Any]]:
    return list(original.access.order_by("pk").values_list("kind", "record"))


@transaction.atomic
def _keep(
    actor: Actor,
    original: Item,
    taken: storage.TakenIn,
    making: Making,
    *,
    title: str,
    kind: str,
    original_name: str | bytes,
    declared_type: str,
) -> Item:
    file = vault.keep(actor, taken)
    with vault.open_file(actor, file) as reader:
        head = reader.read(storage.HEAD_BYTES)
    item = new_item(
        actor,
        taken,
        file,
        head,
        once=None,
        title=title,
        kind=kind,
        origin=original.origin,
        original_name=kept_name(original_name) if original_name else "",
        declared_type=declared_type,
        compartment=original.compartment,
    )
    item.distressing = original.distressing  # what is made of it is hard to look at too
    item.save()
    keep_derived(actor, original, [(item, making)])
    if making.scope and making.how in FOLLOWS_CONSENT:
        follow_release(actor, original, item, making.scope)
    return item


def keep_derived(actor: Actor, original: Item, made: list[tuple[Item, Making]]) -> None:
    """Write what saved items have in common with their original, and both sides' custody.

    The original has one record for all that were made at once: thousands of them would bury it.
    """
    items, holders = [item for item, _ in made], _holders(original)
    ItemAccess.objects.bulk_create(
        ItemAccess(item=item, kind=kind, record=record)
        for item in items
        for kind, record in holders
    )
    derivations = Derivation.objects.bulk_create(
        Derivation(
            item=item,
            original=original,
            how=making.how,
            tool=making.tool,
            model=making.model,
            machine_made=making.machine_made,
            detail=making.detail,
            reason=making.reason,
            scope=making.scope,
            created_by=actor.actor_id,
        )
        for item, making in made
    )
    rows: dict[int, list[Model]] = {one.item_id: [one] for one in derivations}
    _copy_conditions(original, items, rows)
    _keep_custody(actor, original, made, rows)


def _keep_custody(
    actor: Actor,
    original: Item,
    made: list[tuple[Item, Making]],
    rows: Mapping[int, Sequence[Model]],
) -> None:
    records, entries = [], []
    kept = ingested_of(actor, [item for item, _ in made], _holders(original))
    for (item, making), (ingested, entry) in zip(made, kept, strict=True):
        record = _record(actor, item, making, original.sha256, item.sha256, original.number)
        records += [record, ingested]
        stated = {"other": original.subject, "rows": committed_rows(item, rows[item.pk])}
        said = _entry(item, record, _facts(making) | stated)
        entries += [said, entry]
    (first, making), (last, _) = made[0], made[-1]
    alone = len(made) == 1
    note = first.number if alone else f"{first.number} … {last.number} ({len(made)})"
    after = first.sha256 if alone else original.sha256
    record = _record(actor, original, making, original.sha256, after, note)
    others = [item.subject for item, _ in made]
    facts = _facts(making) | {"other": others[0]} if alone else _all(making, others)
    records.append(record)
    entries.append(_entry(original, record, facts | {"rows": {}}))
    keys = ledger.append_many(actor, entries)
    for record, key in zip(records, keys, strict=True):
        record.entry_id = key
    insert(records)


def _facts(making: Making) -> dict[str, Any]:
    return {
        "how": str(making.how),
        "tool": making.tool,
        "model": making.model,
        "machine_made": making.machine_made,
        "detail_sha256": canonical.digest_hex(dict(making.detail)),
        "reason_sha256": canonical.digest_hex({"reason": making.reason}),
        **_told(making),
    }


def _told(making: Making) -> dict[str, Any]:
    """What was left out and why, which goes with the copy wherever that goes; see `redact`."""
    if making.how not in FOLLOWS_CONSENT:
        return {}
    return {"reason": making.reason, "detail": dict(making.detail)}


def _changes(making: Making) -> dict[str, str]:
    """The same as facts of a custody record."""
    told = {**_told(making)}
    if not told:
        return {}
    marks = "; ".join(marks_in_words(told["detail"]))
    return {
        Fact.MARKS: marks[:CHANGES_AT_MOST],
        Fact.MARKS_WHY: making.reason[:CHANGES_AT_MOST],
    }


def _all(making: Making, others: list[str]) -> dict[str, Any]:
    """What the original's entry says of many: how many, and the digest of the list of them."""
    return {
        "how": str(making.how),
        "tool": making.tool,
        "count": len(others),
        "others_sha256": canonical.digest_hex(others),
    }


def _record(
    actor: Actor, about: Item, making: Making, before: str, after: str, note: str
) -> CustodyRecord:
    return custody_of(
        actor,
        about,
        CustodyEvent.DERIVED,
        method=str(making.how),
        device=making.tool,
        digest_before=before,
        digest_after=after,
        note=note,
        facts=_changes(making),
    )


def _entry(about: Item, record: CustodyRecord, facts: dict[str, Any]) -> ledger.NewEntry:
    return ledger.NewEntry("evidence.item_derived", about.subject, record.committed(about) | facts)


def _copy_conditions(original: Item, items: list[Item], rows: dict[int, list[Model]]) -> None:
    """What a partner asked of an original holds for whatever is made out of it.

    rows: by key of an item; what is made is added.
    """
    for condition in original.conditions.prefetch_related("confirmations"):
        confirmations = list(condition.confirmations.all())
        copies = UseCondition.objects.bulk_create(
            UseCondition(
                item=item,
                code=condition.code,
                text_uk=condition.text_uk,
                text_ja=condition.text_ja,
                text_en=condition.text_en,
                forbids=condition.forbids,
                cases=condition.cases,
                last_day=condition.last_day,
                letter_ref=condition.letter_ref,
                set_by_node=condition.set_by_node,
                at=condition.at,
            )
            for item in items
        )
        confirmed = UseConfirmation.objects.bulk_create(
            UseConfirmation(
                condition=copy, target=one.target, reason=one.reason, by=one.by, at=one.at
            )
            for copy in copies
            for one in confirmations
        )
        for copy in copies:
            rows[copy.item_id].append(copy)
        for one in confirmed:
            rows[one.condition.item_id].append(one)
