"""What happened to an item outside the vault: handed over, returned, copied, its seal checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.core.days import is_too_early
from comity.core.errors import Incomplete, Refused
from comity.evidence.actions.intake import compared, in_case, plain_facts
from comity.evidence.models import CustodyRecord, Item, custody_of
from comity.evidence.rules import (
    ACQUISITION_AT_MOST,
    HANDLING,
    CustodyEvent,
    handling_refused,
    missing_of,
    plain_line,
)
from comity.ledger import actions as ledger

_ENTRIES = {
    CustodyEvent.HANDED_OVER: "evidence.item_handed_over",
    CustodyEvent.RETURNED: "evidence.item_returned",
    CustodyEvent.COPIED: "evidence.item_copied",
    CustodyEvent.SEAL_CHECKED: "evidence.seal_checked",
}
_AT_MOST = {"counterparty": 120, "purpose": 200, "note": 200} | {
    name: ACQUISITION_AT_MOST[name] for name in ("place", "legal_authority")
}


@dataclass(frozen=True)
class Happened:
    """An event as an officer states it. at: aware. facts: by rules.Fact, of STATED_FACTS.

    counterparty: who got it, returned it, or has the copy. legal_authority: with reference.
    """

    event: CustodyEvent
    at: datetime
    counterparty: str = ""
    place: str = ""
    purpose: str = ""
    legal_authority: str = ""
    note: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def record_handling(actor: Actor, item: Item, happened: Happened) -> CustodyRecord:
    """Add what happened to the item's custody; what happened is recorded, not judged.

    Raises NotAllowed, NotVisible, Incomplete("evidence.incomplete"), Refused("evidence.too_long" |
    "evidence.no_digest" | "evidence.not_yet" | "evidence.too_early" | "evidence.before_received" |
    "evidence.is_out" | "evidence.is_not_out" | "evidence.before_last_move").
    """
    require(actor, Act.ADD_ITEM)
    found = fetch(Item.objects.visible_to(actor).select_for_update(of=("self",)), pk=item.pk)
    stated = _plain(happened)
    _require_possible(found, stated)
    record = custody_of(
        actor,
        found,
        stated.event,
        at=stated.at,
        counterparty=stated.counterparty,
        place=stated.place,
        purpose=stated.purpose,
        legal_authority=stated.legal_authority,
        note=stated.note,
        facts=compared(stated.facts, found)
        | in_case(found.access.order_by("pk").values_list("kind", "record")),
    )
    record.entry = ledger.append(
        actor, _ENTRIES[stated.event], found.subject, **record.committed(found)
    )
    record.save()
    return record


def _plain(happened: Happened) -> Happened:
    if happened.event not in HANDLING:
        raise ValueError("the node records this event itself")
    lines = {name: plain_line(getattr(happened, name)) for name in _AT_MOST}
    for name, at_most in _AT_MOST.items():
        if len(lines[name]) > at_most:
            raise Refused("evidence.too_long", field=name)
    stated = Happened(happened.event, happened.at, facts=plain_facts(happened.facts), **lines)
    if missing := missing_of(stated.event, {**stated.facts, **lines}):
        raise Incomplete("evidence.incomplete", missing=missing)
    return stated


def _require_possible(item: Item, stated: Happened) -> None:
    if is_too_early(stated.at):
        raise Refused("evidence.too_early")
    if stated.at > timezone.now():
        raise Refused("evidence.not_yet")
    rows = item.custody.order_by("pk").values_list("event", "at")
    history = [(CustodyEvent(event), at) for event, at in rows]
    if code := handling_refused(stated.event, stated.at, history):
        raise Refused(code)
