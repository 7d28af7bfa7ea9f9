"""Whose turn it is to be looked at by the tools: who waits first, then each in its place.

A large archive lets others go between (`Item.examine_turn`), bytes that were looked at before are
not looked at again, and what only exiftool reads is given to it many at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from comity.core import canonical
from comity.core.access import Actor
from comity.evidence import media, sandbox
from comity.evidence.actions.examining import (
    TRIES_AT_MOST,
    examine,
    read_statements,
)
from comity.evidence.models import Examination, Item, ItemAccess, Rendition
from comity.evidence.rules.tools import Examiner, NotExaminedWhy
from comity.ledger import actions as ledger
from comity.vault.models import StoredFile

AT_ONCE = 8  # whose pictures are drawn in one go
TOGETHER = 64  # of which only statements are read, or that are known already
TOGETHER_BYTES = 64 << 20
CLAIMED_FOR = timedelta(minutes=15)
# What another look at the same bytes by the same tools would find again.
_LASTING = ("", NotExaminedWhy.TOOL_FAILED.value, NotExaminedWhy.TOO_LARGE.value)


def examination_is_due() -> bool:
    """Say whether an item waits for the tools."""
    return _due().exists()


def _due() -> QuerySet[Item]:
    now = timezone.now()
    waits = Q(examined_at=None, size__gt=0, erased_at=None)
    rows = Item.objects.filter(waits, examine_after__lte=now).order_by("examine_turn", "id")
    if not rows.exists() and sandbox.how() != sandbox.OFF:
        again = Examination.objects.filter(failed=NotExaminedWhy.NO_SANDBOX).values("item")
        return Item.objects.filter(pk__in=again, examine_after__lte=now).order_by("pk")
    return rows


def failed_examinations() -> QuerySet[Examination]:
    """The looks at which a tool found nothing."""
    return Examination.objects.exclude(failed="")


@transaction.atomic
def look_again(actor: Actor, items: QuerySet[Item], *, first: bool = False) -> int:
    """Have the worker look at these items as if they had just come in; return how many.

    first: before all others.
    """
    keys = list(items.order_by("pk").values_list("pk", flat=True).distinct())
    waiting = Item.objects.filter(pk__in=keys)
    count = waiting.update(
        examined_at=None,
        examine_after=timezone.now(),
        examine_tries=0,
        examine_turn=Item.FIRST if first else 0,
    )
    ledger.append(actor, "evidence.look_again", actor.actor_id, items=count)
    return count


def examine_due(actor: Actor, *, at_most: int = AT_ONCE) -> int:
    """Look at items that wait, each claimed so that no other worker takes it; return how many.

    at_most: of those whose pictures are drawn, which takes seconds each.
    """
    claimed = _claimed(at_most)
    known = [item for item in claimed if _take_over(actor, item)]
    left = [item for item in claimed if item not in known]
    for together in _together([item for item in left if not item.examine_tries]):
        read = read_statements(actor, together)
        for item in together:
            examine(actor, item, statements=read.get(item.pk))
    for item in [item for item in left if item.examine_tries]:  # alone: it may have killed a worker
        examine(actor, item, gave_up=item.examine_tries >= TRIES_AT_MOST)
    return len(claimed)


def _claimed(at_most: int) -> list[Item]:
    """Take the next items, as their rows were before; of those that are drawn, a few."""
    found, drawn = [], 0
    for item in _due().select_related("stored_file__pack")[:TOGETHER]:
        drawn += media.examiners(item.media_type_sniffed) != [Examiner.EXIFTOOL]
        if drawn > at_most:
            break
        rows = Item.objects.filter(pk=item.pk, examine_after=item.examine_after)
        until = timezone.now() + CLAIMED_FOR
        if rows.update(examine_after=until, examine_tries=F("examine_tries") + 1):
            found.append(item)
    return found


@transaction.atomic
def _take_over(actor: Actor, item: Item) -> bool:
    """Keep for an item what the tools found in the same bytes; say whether that could be done.

    An item that was looked at itself is looked at again.
    """
    if item.examinations.exists():
        return False
    like = _looked_at(item)
    if like is None:
        return False
    drawn = list(like.renditions.all())
    files = {row.stored_file_id for row in drawn}
    held = StoredFile.objects.select_for_update().filter(pk__in=files)
    rows = list(like.examinations.all())
    if len(held) < len(files) or like.renditions.count() < len(drawn):
        return False  # erased meanwhile
    stated = [_stated(row, drawn) for row in rows]
    for row in rows:
        row.pk, row.item = None, item
    for picture in drawn:
        picture.pk, picture.item = None, item
    Examination.objects.bulk_create(rows)
    Rendition.objects.bulk_create(drawn)
    Item.objects.filter(pk=item.pk).update(examined_at=timezone.now(), examine_tries=0)
    facts = {"sha256": item.sha256, "tools": stated, "same_bytes_as": like.subject}
    ledger.append(actor, "evidence.item_examined", item.subject, **facts)
    return True


def _looked_at(item: Item) -> Item | None:
    """An item of the same bytes in which every tool found what it would find again."""
    same = Item.objects.filter(
        sha256=item.sha256, media_type_sniffed=item.media_type_sniffed, erased_at=None
    )
    same = same.exclude(examined_at=None).exclude(pk=item.pk)
    again = Examination.objects.exclude(failed__in=_LASTING).values("item")
    like = same.exclude(pk__in=again).order_by("pk").first()
    tools = set(like.examinations.values_list("tool", flat=True)) if like else set()
    return like if tools == {*media.examiners(item.media_type_sniffed)} else None


def _stated(row: Examination, drawn: Sequence[Rendition]) -> dict[str, str]:
    pictures = [one.sha256 for one in drawn] if row.tool == Examiner.PICTURES else []
    return {
        "tool": row.tool,
        "version": row.version,
        "failed": row.failed,
        "facts_sha256": canonical.digest_hex({"facts": row.facts}),
        "pictures_sha256": canonical.digest_hex({"pictures": pictures}),
    }


def _together(items: Sequence[Item]) -> list[list[Item]]:
    """Put together what one run of exiftool may read: of one team, for one file can lie about all.

    What is large is read alone.
    """
    holders: dict[int, list[str]] = {item.pk: [] for item in items}
    held = ItemAccess.objects.filter(item__in=items).order_by("kind", "record")
    for key, kind, record in held.values_list("item", "kind", "record"):
        holders[key].append(f"{kind}:{record}")
    groups: list[list[Item]] = []
    open_groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        whose = (item.compartment, item.created_by, *holders[item.pk])
        group = open_groups.get(whose)
        if group is None or sum(one.size for one in group) + item.size > TOGETHER_BYTES:
            group = open_groups[whose] = []
            groups.append(group)
        group.append(item)
    return groups
