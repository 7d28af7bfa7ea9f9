"""Writing custody: one record and one entry for every event of an item."""

from __future__ import annotations

from typing import Any

from comity.core.access import Actor
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.rules import CustodyEvent
from comity.ledger import actions as ledger

# Fields of a record that may also stand in the ledger: codes and digests, never words about people.
_COMMITTED = ("digest_before", "digest_after", "method", "counterparty")


def record(
    actor: Actor, item: Item, event: CustodyEvent, *, details: dict[str, Any] | None = None,
    **fields: str,
) -> CustodyRecord:  # fmt: skip
    """Write the custody record of an event and the entry `evidence.item_<event>` it rests on.

    details: more codes, numbers and digests for the entry. fields: columns of CustodyRecord.
    """
    committed = {name: fields[name] for name in _COMMITTED if fields.get(name)}
    entry = ledger.append(
        actor, f"evidence.item_{event}", item.subject, **committed, **(details or {})
    )
    roles: frozenset[str] = getattr(actor, "roles", frozenset())
    return CustodyRecord.objects.create(
        item=item,
        event=event,
        at=entry.at,
        actor=actor.actor_id,
        role=", ".join(sorted(roles)),
        entry=entry,
        **fields,
    )
