"""Fingerprints of pictures and films, and what looks alike: made by the node, judged by people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, cast

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.core.access import Act, Actor, require
from comity.core.errors import Stated
from comity.evidence import likeness, untrusted
from comity.evidence.actions.opening import read_item
from comity.evidence.models import Fingerprint, Item, Likeness
from comity.ledger import actions as ledger

AT_ONCE = 4  # the worker has other work too
COMPARED_AT_ONCE = 500
_SECONDS = 60


def unprinted() -> list[Item]:
    """Pictures and films whose fingerprint nobody has tried to make, oldest first."""
    looked_at = Q(media_type_sniffed__startswith="image/") | Q(
        media_type_sniffed__startswith="video/"
    )
    rows = Item.objects.filter(looked_at, fingerprint=None, erased_at=None).select_related(
        "stored_file"
    )
    return list(rows.order_by("pk")[:AT_ONCE])


def uncompared() -> list[Fingerprint]:
    """Fingerprints that nobody has compared with the others, oldest first."""
    return list(
        Fingerprint.objects.filter(compared_at=None, quality__gte=likeness.LEAST_QUALITY)
        .exclude(bits=None)
        .order_by("pk")[:COMPARED_AT_ONCE]
    )


def make_fingerprint(actor: Actor, item: Item) -> Fingerprint:
    """Make an item's fingerprint, or keep why that failed; the same bytes are read once.

    Safe to run twice: one row stays.
    """
    same = Fingerprint.objects.filter(item__stored_file=item.stored_file_id).exclude(bits=None)
    twin = same.first()
    if twin is not None and twin.bits is not None:
        return _keep(actor, item, bytes(twin.bits), twin.quality, twin.tool, "")
    kind = item.media_type_sniffed.partition("/")[0]
    try:
        with read_item(actor, item) as reader:
            source = cast("BinaryIO", reader)
            found = untrusted.answer(untrusted.run("fingerprint", [kind], source, seconds=_SECONDS))
    except Stated as doubt:
        return _keep(actor, item, None, 0, "", doubt.code)
    bits = bytes.fromhex(found["bits"])
    return _keep(actor, item, bits, int(found["quality"]), str(found["tool"]), "")


@transaction.atomic
def _keep(
    actor: Actor, item: Item, bits: bytes | None, quality: int, tool: str, failure: str
) -> Fingerprint:
    fingerprint, is_new = Fingerprint.objects.get_or_create(
        item=item, defaults={"bits": bits, "quality": quality, "tool": tool, "failure": failure}
    )
    if is_new:
        ledger.append(
            actor,
            "evidence.fingerprint_made",
            item.subject,
            sha256=item.sha256,
            bits=bits.hex() if bits else "",
            quality=quality,
            tool=tool,
            failure=failure,
        )
    return fingerprint


def compare_fingerprints(actor: Actor, fresh: Sequence[Fingerprint]) -> int:
    """Compare new fingerprints with all; keep what looks alike, and return how many pairs.

    The nearest twenty of each; a picture with too little in it is compared with nothing.
    """
    rows = Fingerprint.objects.filter(quality__gte=likeness.LEAST_QUALITY).exclude(bits=None)
    known = list(rows.order_by("pk").values_list("item", "bits"))
    among = likeness.table([bytes(bits or b"") for _, bits in known])
    pairs: dict[tuple[int, int], int] = {}
    for one in fresh:
        bits = bytes(one.bits) if one.bits is not None else b""
        for row, distance in likeness.nearest(bits, among):
            other = known[row][0]
            if other != one.item_id:
                pairs[min(one.item_id, other), max(one.item_id, other)] = distance
    return _keep_pairs(actor, fresh, pairs)


@transaction.atomic
def _keep_pairs(
    actor: Actor, fresh: Sequence[Fingerprint], pairs: dict[tuple[int, int], int]
) -> int:
    Likeness.objects.bulk_create(
        (
            Likeness(first_id=first, second_id=second, distance=distance)
            for (first, second), distance in pairs.items()
        ),
        ignore_conflicts=True,
    )
    Fingerprint.objects.filter(pk__in=[one.pk for one in fresh]).update(compared_at=timezone.now())
    ledger.append(
        actor,
        "evidence.fingerprints_compared",
        actor.actor_id,
        compared=len(fresh),
        pairs=len(pairs),
    )
    return len(pairs)


@transaction.atomic
def dismiss_likeness(actor: Officer, found: Likeness) -> None:
    """Say that two items do not show the same; nobody is shown the suggestion any more.

    Raises NotAllowed, NotVisible unless the officer sees both.
    """
    require(actor, Act.ADD_ITEM)
    for key in (found.first_id, found.second_id):
        fetch(Item.objects.visible_to(actor), pk=key)
    row = (
        Likeness.objects.select_for_update(of=("self",))
        .select_related("first", "second")
        .get(pk=found.pk)
    )
    if row.dismissed_at is not None:
        return
    row.dismissed_at, row.dismissed_by = timezone.now(), actor
    row.save(update_fields=["dismissed_at", "dismissed_by"])
    ledger.append(
        actor,
        "evidence.likeness_dismissed",
        row.first.subject,
        other=row.second.subject,
        distance=row.distance,
    )
