"""Who else may have an item: sharing, release, and what left to whom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from comity.accounts.models import Officer, fetch
from comity.core.access import Act, Actor, require
from comity.core.errors import NotAllowed, Refused
from comity.evidence.actions.conditions import grouped, keys_of, require_shared
from comity.evidence.models import (
    TEAM_KINDS,
    Alike,
    CustodyRecord,
    Derivation,
    Disclosure,
    Item,
    ItemAccess,
    ReleaseGrant,
    committed_rows,
    custody_of,
)
from comity.evidence.rules import FOLLOWS_CONSENT, ORDER, BasisKind, CustodyEvent, Fact, Origin
from comity.ledger import actions as ledger
from comity.ledger.rows import alike, insert

_DISCLOSING = (Act.SEND_LETTER, Act.RELEASE_REPLY, Act.SHARE_ACCOUNT, Act.EXPORT_PACKAGE)


@dataclass(frozen=True)
class Basis:
    """Why an item may leave. ref: "consent:<uid>" or "order:<reference>"; empty for our own.

    mode: how the person may be shown, as the grant says; empty where no person is concerned.
    """

    kind: BasisKind
    ref: str = ""
    mode: str = ""


@transaction.atomic
def share_item(actor: Actor, item: Item, *, kind: str, record: uuid.UUID) -> ItemAccess:
    """Let the team of another record see an item; sharing twice changes nothing.

    An item that came from a person needs Act.SHARE_ACCOUNT. Raises NotAllowed, NotVisible,
    Refused("evidence.not_in_team") for a kind of record that has no team, Refused("evidence.use_…")
    if a condition does not let it be used there.
    """
    require(actor, Act.SHARE_ACCOUNT if item.origin == Origin.PERSON else Act.ADD_ITEM)
    if isinstance(actor, Officer):
        fetch(Item.objects.visible_to(actor), pk=item.pk)
    if kind not in TEAM_KINDS:
        raise Refused("evidence.not_in_team")
    Item.objects.select_for_update().get(pk=item.pk)
    require_shared(item, kind=kind, record=record)
    access, is_new = ItemAccess.objects.get_or_create(item=item, kind=kind, record=record)
    if is_new:
        shared = custody_of(actor, item, CustodyEvent.SHARED, counterparty=f"{kind}:{record}")
        shared.entry = ledger.append(
            actor,
            "evidence.item_shared",
            item.subject,
            **shared.committed(item),
            team=f"{kind}:{record}",
        )
        shared.save()
    return access


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
    valid_until: date | None = None,
) -> ReleaseGrant:
    """Let an item go to a recipient for a purpose, from one day to another, both included.

    source_ref: "consent:<uid>", or "order:<reference>" for a legal order. The same source,
    recipient and purpose for the same item is one grant, however often it is given. Redacted copies
    and excerpts that were made for this scope follow their original, and end with it.
    """
    require(actor, Act.RECORD_CONSENT)
    Item.objects.select_for_update().get(pk=item.pk)
    grant, is_new = ReleaseGrant.objects.get_or_create(
        item=item,
        source_ref=source_ref,
        recipient=recipient,
        purpose=purpose,
        scope=scope,
        withdrawn_at=None,
        defaults={"mode": mode, "valid_from": valid_from, "valid_until": valid_until},
    )
    if is_new:
        ledger.append(
            actor,
            "evidence.release_granted",
            item.subject,
            source=source_ref,
            recipient=recipient,
            purpose=purpose,
            scope=scope,
            mode=mode,
            valid_from=valid_from.isoformat(),
            valid_until=valid_until.isoformat() if valid_until else None,
            rows=committed_rows(item, [grant]),
        )
    made = Derivation.objects.filter(original=item, how__in=FOLLOWS_CONSENT, scope=scope)
    for line in made.select_related("item").order_by("pk"):
        _follow(actor, line.item, grant)
    return grant


def scopes_of(item: Item) -> list[str]:
    """The scopes of a person's consent under which an item may leave now or later."""
    today = timezone.localdate()
    live = ReleaseGrant.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=today), item=item, withdrawn_at=None
    )
    return sorted(set(live.values_list("scope", flat=True)))


def follow_release(actor: Actor, original: Item, made: Item, scope: str) -> None:
    """Let what was made out of a person's item, for a scope, go where that scope of it may go.

    It holds less than what the person agreed to; the source stays hers, so that a withdrawal ends
    it too. The caller has shown that the actor may make it. In the caller's transaction.
    """
    Item.objects.select_for_update().get(pk=original.pk)
    live = ReleaseGrant.objects.filter(item=original, scope=scope, withdrawn_at=None)
    for grant in live.order_by("pk"):
        _follow(actor, made, grant)


@transaction.atomic
def _follow(actor: Actor, made: Item, grant: ReleaseGrant) -> None:
    copy, is_new = ReleaseGrant.objects.get_or_create(
        item=made,
        source_ref=grant.source_ref,
        recipient=grant.recipient,
        purpose=grant.purpose,
        scope=grant.scope,
        withdrawn_at=None,
        defaults={
            "mode": grant.mode,
            "valid_from": grant.valid_from,
            "valid_until": grant.valid_until,
        },
    )
    if is_new:
        ledger.append(
            actor,
            "evidence.release_followed",
            made.subject,
            original=grant.item.subject,
            source=copy.source_ref,
            recipient=copy.recipient,
            purpose=copy.purpose,
            scope=copy.scope,
            mode=copy.mode,
            valid_from=copy.valid_from.isoformat(),
            valid_until=copy.valid_until.isoformat() if copy.valid_until else None,
            rows=committed_rows(made, [copy]),
        )
    further = Derivation.objects.filter(original=made, how__in=FOLLOWS_CONSENT, scope=grant.scope)
    for line in further.select_related("item").order_by("pk"):
        _follow(actor, line.item, copy)


@transaction.atomic
def withdraw_release(actor: Actor, *, source_ref: str) -> int:
    """End every release that rests on this source, at once; return how many ended.

    What carries such an item and has not left is stopped in the same transaction, by the function
    that COMITY_RELEASE_WITHDRAWN names: (actor, source_ref, items, recipients). Raises NotAllowed.
    """
    require(actor, Act.WITHDRAW_CONSENT)
    live = list(
        ReleaseGrant.objects.select_for_update(of=("self",))
        .filter(source_ref=source_ref, withdrawn_at=None)
        .select_related("item")
        .order_by("pk")
    )
    _end(actor, live, source_ref)
    return len(live)


def _end(actor: Actor, live: list[ReleaseGrant], source_ref: str) -> None:
    """End releases and tell whoever stops what carries their items: keys of items, recipients."""
    now = timezone.now()
    for grant in live:
        grant.withdrawn_at = now
        ledger.append(
            actor, "evidence.release_withdrawn", grant.item.subject, source=source_ref,
            recipient=grant.recipient, purpose=grant.purpose,
            rows=committed_rows(grant.item, [grant]),
        )  # fmt: skip
    ReleaseGrant.objects.bulk_update(live, ["withdrawn_at"])
    if live:
        import_string(settings.COMITY_RELEASE_WITHDRAWN)(
            actor,
            source_ref=source_ref,
            items={grant.item_id for grant in live},
            recipients={grant.recipient for grant in live},
        )


@transaction.atomic
def narrow_release(actor: Actor, *, source_ref: str, recipient: str) -> int:
    """End the releases to one recipient that rest on this source; return how many ended."""
    require(actor, Act.RECORD_CONSENT)
    live = list(
        ReleaseGrant.objects.select_for_update(of=("self",))
        .filter(source_ref=source_ref, recipient=recipient, withdrawn_at=None)
        .select_related("item")
        .order_by("pk")
    )
    _end(actor, live, source_ref)
    return len(live)


def require_release(item: Item, *, recipient: str, purpose: str, on: date) -> Basis:
    """Return why an item may go to a recipient for a purpose on a day, or refuse.

    What came from a person needs a live grant; other items are the investigation's own.
    Raises Refused("evidence.no_release", item=number).
    """
    found = release_bases([item], recipient=recipient, purpose=purpose, on=on)[item.pk]
    if found is None:
        raise Refused("evidence.no_release", item=item.number)
    return found


def release_bases(
    items: Sequence[Item], *, recipient: str, purpose: str, on: date
) -> dict[int, Basis | None]:
    """Return for each item, by key, what `require_release` returns, or None where it refuses."""
    own = Basis(BasisKind.INVESTIGATION)
    bases: dict[int, Basis | None] = {
        item.pk: None if item.origin == Origin.PERSON else own for item in items
    }
    from_people = [item for item in items if item.origin == Origin.PERSON]
    for group in grouped(from_people):
        grants = ReleaseGrant.objects.filter(
            Q(valid_until=None) | Q(valid_until__gte=on),
            item__in=keys_of(group),
            recipient=recipient,
            purpose=purpose,
            valid_from__lte=on,
            withdrawn_at=None,
        )
        for grant in grants.order_by("-pk"):  # the first one stays
            kind = BasisKind.LEGAL if grant.source_ref.startswith(ORDER) else BasisKind.CONSENT
            bases[grant.item_id] = Basis(kind, grant.source_ref, grant.mode)
    return bases


@dataclass(frozen=True)
class Leaving:
    """An item that leaves, on which basis, and how the person's name is kept out, if it is."""

    item: Item
    basis: Basis
    appearance: str = ""


def record_disclosure(
    actor: Actor,
    item: Item,
    *,
    recipient: str,
    purpose: str,
    basis: Basis,
    message_id: uuid.UUID | None = None,
    appearance: str = "",
) -> Disclosure:
    """Record that an item leaves: to whom, why and on which basis. Raises NotAllowed.

    appearance: how the person's name is kept out, if the basis asks for that; up to 500 letters.
    """
    left = [Leaving(item, basis, appearance)]
    made = record_disclosures(
        actor, left, recipient=recipient, purpose=purpose, message_id=message_id
    )
    return made[0]


@transaction.atomic
def record_disclosures(
    actor: Actor,
    leaving: Sequence[Leaving],
    *,
    recipient: str,
    purpose: str,
    message_id: uuid.UUID | None = None,
) -> list[Disclosure]:
    """Record that items leave, as `record_disclosure` each. Raises NotAllowed."""
    _require_one_of(actor, _DISCLOSING)
    make = alike(
        Disclosure(
            recipient=recipient, purpose=purpose, message_id=message_id, actor=actor.actor_id
        )
    )
    made = [
        make(
            item_id=one.item.pk,
            basis_kind=one.basis.kind,
            basis_ref=one.basis.ref,
            appearance=one.appearance,
            sha256=one.item.sha256,
        )
        for one in leaving
    ]
    insert(made)
    message = str(message_id) if message_id else None
    said = {"recipient": recipient, "purpose": purpose, "message": message}
    by_basis: dict[Basis, list[tuple[Item, Disclosure]]] = {}
    for one, row in zip(leaving, made, strict=True):
        by_basis.setdefault(one.basis, []).append((one.item, row))
    first = {one.basis: one for one in leaving}
    for basis, together in by_basis.items():
        left = Alike(_left(actor, first[basis], recipient, purpose))
        more = said | {"basis_kind": str(basis.kind), "basis_ref": basis.ref}
        details = [
            stated | more | {"rows": committed_rows(item, [row])}
            for stated, (item, row) in zip(
                left.stated([item for item, _ in together]), together, strict=True
            )
        ]
        keep_alike(actor, left, [item for item, _ in together], "evidence.item_disclosed", details)
    return made


def _left(actor: Actor, one: Leaving, recipient: str, purpose: str) -> CustodyRecord:
    return custody_of(
        actor,
        one.item,
        CustodyEvent.TRANSFERRED_OUT,
        counterparty=recipient[:120],
        purpose=purpose,
        legal_authority=one.basis.ref,
        digest_before=one.item.sha256,
        digest_after=one.item.sha256,
    )


def keep_alike(
    actor: Actor,
    records: Alike,
    items: Sequence[Item],
    kind: str,
    details: Sequence[dict[str, Any] | bytes],
) -> None:
    """Write custody records alike and, for each, its entry; in the caller's transaction.

    details: of each entry, as `ledger.NewEntry` takes them, with what `Alike.stated` gives.
    """
    acts = [
        ledger.NewEntry(kind, item.subject, stated)
        for item, stated in zip(items, details, strict=True)
    ]
    records.insert(items, ledger.append_many(actor, acts))


@transaction.atomic
def acknowledge_disclosures(actor: Actor, *, message_id: uuid.UUID) -> int:
    """Note that the recipient acknowledged what left in a message; return how many items."""
    require(actor, Act.SEE_LETTERS)
    waiting = list(
        Disclosure.objects.select_for_update(of=("self",))
        .filter(message_id=message_id, acknowledged_at=None)
        .select_related("item")
        .order_by("pk")
    )
    now = timezone.now()
    for disclosure in waiting:
        disclosure.acknowledged_at = now
        receipt = custody_of(
            actor,
            disclosure.item,
            CustodyEvent.RECEIPT,
            counterparty=disclosure.recipient[:120],
            facts={Fact.RECEIPT: str(message_id)},
        )
        receipt.entry = ledger.append(
            actor, "evidence.disclosure_acknowledged", disclosure.item.subject,
            **receipt.committed(disclosure.item), message=str(message_id),
            rows=committed_rows(disclosure.item, [disclosure]),
        )  # fmt: skip
        receipt.save()
    Disclosure.objects.bulk_update(waiting, ["acknowledged_at"])
    return len(waiting)


def _require_one_of(actor: Actor, acts: tuple[Act, ...]) -> None:
    if not any(actor.may(act) for act in acts):
        raise NotAllowed("access.not_allowed", act=acts[0])
