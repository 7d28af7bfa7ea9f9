"""What lets an item leave this node, and the record of what left."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comity.core.access import Actor
from comity.core.errors import Refused
from comity.evidence.actions import custody
from comity.evidence.models import Disclosure, Item, ReleaseGrant
from comity.evidence.rules import BasisKind, CustodyEvent, Origin
from comity.ledger import actions as ledger


@dataclass(frozen=True)
class Basis:
    """Why an item may leave. ref: `consent:<uid>` or the named order. mode: as hub.rules.Mode."""

    kind: BasisKind
    ref: str = ""
    mode: str = ""


@transaction.atomic
def grant_release(
    actor: Actor,
    item: Item,
    *,
    source_ref: str,
    recipient: str,
    purpose: str,
    scope: str,
    mode: str,
    valid_from: date,
    valid_until: date | None,
) -> ReleaseGrant:
    """Let an item go to a recipient for a purpose from a day to a day, both included."""
    grant = ReleaseGrant.objects.create(
        item=item,
        source_ref=source_ref,
        recipient=recipient,
        purpose=purpose,
        scope=scope,
        mode=mode,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    ledger.append(
        actor,
        "evidence.release_granted",
        item.subject,
        source=source_ref,
        purpose=purpose,
        scope=scope,
        mode=mode,
    )
    return grant


@transaction.atomic
def withdraw_release(actor: Actor, *, source_ref: str) -> int:
    """End every release that rests on one consent; return how many ended. What left stays listed."""
    now = timezone.now()
    live = list(
        ReleaseGrant.objects.select_for_update()
        .filter(source_ref=source_ref, withdrawn_at=None)
        .select_related("item")
    )
    for grant in live:
        grant.withdrawn_at = now
        ledger.append(actor, "evidence.release_withdrawn", grant.item.subject, source=source_ref)
    ReleaseGrant.objects.bulk_update(live, ["withdrawn_at"])
    return len(live)


def require_release(item: Item, *, recipient: str, purpose: str, on: date) -> Basis:
    """Return why the item may go to the recipient for the purpose on that day.

    An item that a person gave needs a live grant of hers. Others rest on the investigation itself.
    Raises Refused("evidence.no_release") naming the item: then ask the person.
    """
    if item.origin != Origin.PERSON:
        return Basis(BasisKind.INVESTIGATION)
    live = item.release_grants.filter(
        Q(valid_until=None) | Q(valid_until__gte=on),
        recipient=recipient,
        purpose=purpose,
        valid_from__lte=on,
        withdrawn_at=None,
    ).first()
    if live is None:
        raise Refused("evidence.no_release", item=item.number)
    return Basis(BasisKind.CONSENT, live.source_ref, live.mode)


@transaction.atomic
def record_disclosure(
    actor: Actor,
    item: Item,
    *,
    recipient: str,
    purpose: str,
    basis: Basis,
    message_id: uuid.UUID | None = None,
) -> Disclosure:
    """Keep that an item left: to whom, why, on which basis, in which message."""
    disclosure = Disclosure.objects.create(
        item=item,
        recipient=recipient,
        purpose=purpose,
        basis_kind=basis.kind,
        basis_ref=basis.ref,
        message_id=message_id,
        sha256=item.sha256,
        actor=actor.actor_id,
    )
    custody.record(
        actor,
        item,
        CustodyEvent.TRANSFERRED_OUT,
        details={
            "recipient": recipient,
            "purpose": purpose,
            "basis": basis.kind,
            "message": str(message_id or ""),
        },
        counterparty=recipient[:120],
        purpose=purpose,
        legal_authority=basis.ref or basis.kind,
        digest_before=item.sha256,
        digest_after=item.sha256,
    )
    return disclosure


@transaction.atomic
def acknowledge_disclosures(actor: Actor, *, message_id: uuid.UUID) -> int:
    """Note that the recipient acknowledged a message, on every item that left with it."""
    waiting = list(
        Disclosure.objects.select_for_update()
        .filter(message_id=message_id, acknowledged_at=None)
        .select_related("item")
    )
    for disclosure in waiting:
        disclosure.acknowledged_at = timezone.now()
        custody.record(
            actor,
            disclosure.item,
            CustodyEvent.RECEIPT,
            details={"message": str(message_id)},
            counterparty=disclosure.recipient[:120],
        )
    Disclosure.objects.bulk_update(waiting, ["acknowledged_at"])
    return len(waiting)
