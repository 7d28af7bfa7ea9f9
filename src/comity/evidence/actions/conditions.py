"""Conditions of use: attached to an item, asked before every use, judged by a lawyer if need be."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, NotAllowed, Refused
from comity.evidence.models import (
    Derivation,
    Item,
    ItemAccess,
    UseCondition,
    UseConfirmation,
    committed_rows,
    custody_of,
)
from comity.evidence.rules import (
    ELSEWHERE,
    IN_THE_PROCEEDING,
    LEAVING,
    UNKNOWN,
    CustodyEvent,
    Recipient,
    Ruling,
    Use,
    Wanted,
    plain_line,
    rulings,
)
from comity.ledger import actions as ledger

REASON_AT_MOST = 2000
ASKED_AT_ONCE = 2000  # items named in one question to the database
_Each = TypeVar("_Each")
TARGET_AT_MOST = 200
_RECEIVING = (Act.ADD_ITEM, Act.ACCEPT_CONDITIONS)
_REFUSALS = {
    Ruling.ENDED: "evidence.use_ended",
    Ruling.FORBIDDEN: "evidence.use_forbidden",
    Ruling.UNKNOWN_PROCEEDING: "evidence.unknown_proceeding",
    Ruling.LAWYER: "evidence.use_unconfirmed",
}


def require_use(item: Item, use: Use, *, target: str | None = None) -> None:
    """Let a use of an item pass, or refuse if a condition on it forbids that.

    target: who gets the item, as in `Disclosure.recipient`; without one, any confirmation of a
    lawyer serves. Raises Refused("evidence.use_forbidden" | "evidence.use_ended" |
    "evidence.use_unconfirmed", item=number, condition=code).
    """
    _require(item, Wanted(leaving=(use,), target=target))


def require_use_in_case(item: Item, case: uuid.UUID) -> None:
    """Let an item be used in a case, or refuse as `require_use`."""
    _require(item, Wanted(case=str(case)))


def require_shared(item: Item, *, kind: str, record: uuid.UUID) -> None:
    """Let another record's team use an item, or refuse as `require_use`."""
    if kind == "case":
        require_use_in_case(item, record)
    else:
        _require(item, Wanted(case=f"{kind}:{record}"))


def require_look(item: Item) -> None:
    """Let an item be opened. Raises Refused("evidence.use_ended") after its last day of use."""
    _require(item, Wanted())


def require_handover(
    item: Item, recipient: Recipient, *, target: str, case: uuid.UUID | None
) -> None:
    """Let an item leave in a package, or refuse as `require_use`.

    target: the recipient as its disclosure names it. case: the proceeding that the package serves;
    None for one that this node does not know. Raises also Refused("evidence.unknown_proceeding").
    """
    require_handovers([item], recipient, target=target, case=case)


def require_handovers(
    items: Sequence[Item], recipient: Recipient, *, target: str, case: uuid.UUID | None
) -> None:
    """Let items leave in a package, as `require_handover` each, in a few questions for all."""
    known = UNKNOWN if case is None else str(case)
    where = known if recipient in IN_THE_PROCEEDING else ELSEWHERE
    wanted = Wanted(case=where, leaving=LEAVING[recipient], target=target)
    for group in grouped(items):
        keys = keys_of(group)
        for gone in Item.objects.filter(pk__in=keys).exclude(erased_at=None):
            require_kept(gone)
        rows = UseCondition.objects.filter(item__in=keys).prefetch_related("confirmations")
        held: dict[int, list[UseCondition]] = {}
        for condition in rows.order_by("id"):
            held.setdefault(condition.item_id, []).append(condition)
        for item in group:
            _judge(item, held.get(item.pk, ()), wanted)


def grouped(items: Sequence[_Each]) -> Iterator[Sequence[_Each]]:
    """Give items in groups that one question may name."""
    for start in range(0, len(items), ASKED_AT_ONCE):
        yield items[start : start + ASKED_AT_ONCE]


def keys_of(items: Sequence[Item]) -> list[int]:
    """Give the items' keys, which a question takes at less cost than the items."""
    return [item.pk for item in items]


def _require(item: Item, wanted: Wanted) -> None:
    require_kept(item)
    _judge(item, item.conditions.prefetch_related("confirmations"), wanted)


def _judge(item: Item, conditions: Iterable[UseCondition], wanted: Wanted) -> None:
    """Refuse what is ruled out first, then what a lawyer has not confirmed."""
    today = timezone.localdate()
    unconfirmed = ""
    for condition in conditions:
        confirmed = {each.target for each in condition.confirmations.all()}
        for ruling, target in rulings(condition.terms, wanted, today):
            if ruling is not Ruling.LAWYER:
                raise Refused(_REFUSALS[ruling], item=item.number, condition=condition.code)
            asked = confirmed if target is None else confirmed & {target}
            unconfirmed = unconfirmed or ("" if asked else condition.code)
    if unconfirmed:
        raise Refused(_REFUSALS[Ruling.LAWYER], item=item.number, condition=unconfirmed)


def require_kept(item: Item) -> None:
    """Let an item that is there pass. Raises Refused("evidence.item_erased")."""
    erased_at = Item.objects.filter(pk=item.pk).values_list("erased_at", flat=True).first()
    if erased_at is not None:
        day = timezone.localdate(erased_at).isoformat()
        raise Refused("evidence.item_erased", item=item.number, day=day)


@transaction.atomic
def attach_condition(
    actor: Actor,
    item: Item,
    *,
    code: str,
    texts: Mapping[str, str],
    forbids: Iterable[str],
    set_by_node: str,
    letter_ref: uuid.UUID | None = None,
) -> UseCondition:
    """Attach a partner's condition of use to an item; it holds for every later use.

    It holds for whatever was made out of the item too.

    texts: by language, as the partner wrote them. forbids: codes of `rules.Use`. The cases whose
    teams hold the item now are the ones that it came for.
    Raises NotAllowed, ValueError for an unknown use.
    """
    if not any(actor.may(act) for act in _RECEIVING):
        raise NotAllowed("access.not_allowed", act=_RECEIVING[0])
    held = ItemAccess.objects.filter(item=item, kind="case").values_list("record", flat=True)
    condition = UseCondition.objects.create(
        item=item,
        code=code,
        text_uk=texts.get("uk", ""),
        text_ja=texts.get("ja", ""),
        text_en=texts.get("en", ""),
        forbids=sorted({Use(use).value for use in forbids}),
        cases=sorted(str(record) for record in held),
        set_by_node=set_by_node,
        letter_ref=letter_ref,
    )
    kept = custody_of(
        actor, item, CustodyEvent.CONDITION_SET, counterparty=set_by_node[:120], condition=code
    )
    kept.entry = ledger.append(
        actor,
        "evidence.condition_attached",
        item.subject,
        **kept.committed(item),
        condition=code,
        forbids=list(condition.forbids),
        cases=list(condition.cases),
        text_sha256=canonical.digest_hex(dict(texts)),
        rows=committed_rows(item, [condition]),
    )
    kept.save()
    for made in Item.objects.filter(derivation__original=item).order_by("pk"):
        attach_condition(
            actor,
            made,
            code=code,
            texts=texts,
            forbids=condition.forbids,
            set_by_node=set_by_node,
            letter_ref=letter_ref,
        )
    return condition


def _of_item(actor: Officer, condition: UseCondition) -> UseCondition:
    require(actor, Act.ACCEPT_CONDITIONS)
    fetch(Item.objects.visible_to(actor), pk=condition.item_id)
    return (
        UseCondition.objects.select_for_update(of=("self",))
        .select_related("item")
        .get(pk=condition.pk)
    )


def _stated(reason: str) -> str:
    said = plain_line(reason)
    if not said:
        raise Incomplete("evidence.reason_missing", missing=["reason"])
    if len(said) > REASON_AT_MOST:
        raise Refused("evidence.too_long", field="reason")
    return said


@transaction.atomic
def confirm_use(
    actor: Officer, condition: UseCondition, *, target: str, reason: str
) -> UseConfirmation:
    """Confirm as a lawyer that a use respects a condition that software cannot judge.

    target: "case:<uid>", or who gets the item. Twice for the same target keeps the first.
    What a condition forbids outright is not confirmed: the authority that set it must be asked.
    Raises NotAllowed, NotVisible, Incomplete("evidence.reason_missing"), Refused(
    "evidence.use_forbidden" | "evidence.use_ended" | "evidence.unknown_target").
    """
    condition = _of_item(actor, condition)
    said = _stated(reason)
    for ruling, _target in rulings(condition.terms, _wanted(target), timezone.localdate()):
        if ruling is not Ruling.LAWYER:
            raise Refused(_REFUSALS[ruling], item=condition.item.number, condition=condition.code)
    confirmation, is_new = UseConfirmation.objects.get_or_create(
        condition=condition, target=target, defaults={"reason": said, "by": actor}
    )
    if is_new:
        _keep(
            actor,
            condition,
            "evidence.use_confirmed",
            CustodyEvent.USE_CONFIRMED,
            target=target,
            reason_sha256=canonical.digest_hex({"reason": said}),
            rows=committed_rows(condition.item, [confirmation]),
        )
    return confirmation


def _wanted(target: str) -> Wanted:
    """The use that a target stands for. Raises Refused("evidence.unknown_target")."""
    kind, _colon, name = target.partition(":")
    if len(target) > TARGET_AT_MOST or (kind in {"case", "partner", "other"} and not name):
        raise Refused("evidence.unknown_target")
    if kind == "case":
        return Wanted(case=name)
    if kind == "partner":
        return Wanted(leaving=(Use.ONWARD_TRANSFER,), target=target)
    if kind not in set(Recipient):
        raise Refused("evidence.unknown_target")
    return Wanted(leaving=LEAVING[Recipient(kind)], target=target)


@transaction.atomic
def set_last_day(
    actor: Officer, condition: UseCondition, *, last_day: date | None, reason: str
) -> None:
    """Set the last day on which an item may be used, included, as its condition says.

    After it nobody opens, files, shares or exports the item. None: the authority set no day, or
    lifted it. reason: where that stands. Raises NotAllowed, NotVisible, Incomplete.
    """
    condition = _of_item(actor, condition)
    said = _stated(reason)
    for one in [condition, *_followers(condition)]:
        one.last_day = last_day
        one.save(update_fields=["last_day"])
        _keep(
            actor,
            one,
            "evidence.last_day_set",
            CustodyEvent.CONDITION_SET,
            last_day=last_day.isoformat() if last_day else None,
            rows=committed_rows(one.item, [one]),
            reason_sha256=canonical.digest_hex({"reason": said}),
        )


def _followers(condition: UseCondition) -> list[UseCondition]:
    """The same condition on whatever was made out of the item, locked."""
    rows = UseCondition.objects.select_for_update(of=("self",)).select_related("item")
    same = rows.filter(
        code=condition.code, set_by_node=condition.set_by_node, letter_ref=condition.letter_ref
    )
    found: list[UseCondition] = []
    level = [condition.item_id]
    while level:
        made = list(Derivation.objects.filter(original__in=level).values_list("item", flat=True))
        found += same.filter(item__in=made).order_by("pk")
        level = made
    return found


def _keep(
    actor: Officer, condition: UseCondition, kind: str, event: CustodyEvent, **facts: object
) -> None:
    item = condition.item
    kept = custody_of(actor, item, event, condition=condition.code)
    kept.entry = ledger.append(
        actor, kind, item.subject, **kept.committed(item), condition=condition.code, **facts
    )
    kept.save()
