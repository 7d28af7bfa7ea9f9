"""The tree from a first original through all that was made of it, as far as an officer sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count

from comity.core.access import Actor
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.items import Item

MOST_LEVELS = 12
MOST_CHILDREN = 12  # of one item; the way to the item that is looked at is always there
MOST_SHOWN = 200


@dataclass
class Node:
    """An item in the tree. item: None for one that the officer may not see.

    line: how it was made; None for the first original. more: how many others were made of it that
    are not listed.
    """

    item: Item | None
    line: Derivation | None
    is_current: bool
    children: list[Node] = field(default_factory=list)
    more: int = 0


def lineage_of(actor: Actor, item: Item) -> Node | None:
    """Return the tree that an item stands in; None if nothing was made of it, nor it of anything.

    A level is two questions to the database, and one or two more for each that very many were made
    of.
    """
    path = _path(item.pk)
    root = Node(None, None, path[0] == item.pk)
    nodes = {path[0]: root}
    _grow(nodes, path, item)
    if len(nodes) == 1:
        return None
    for node in nodes.values():
        node.more = max(0, node.more - len(node.children))
    for each in Item.objects.visible_to(actor).filter(pk__in=list(nodes)):
        nodes[each.pk].item = each
    for node in nodes.values():
        if node.item is None:
            node.more = 0  # how many were made of it is not told either
    return root


def _grow(nodes: dict[int, Node], path: list[int], item: Item) -> None:
    """Hang what was made of the root on it, level by level, until the tree is large enough.

    Where it is cut, what lies below is counted: `more` of a node is how many were made of it.
    """
    level = [path[0]]
    for _ in range(MOST_LEVELS):
        if len(nodes) >= MOST_SHOWN:
            break
        lines = _below(level, path)
        level = []
        for line in lines:
            made = Node(None, line, line.item_id == item.pk)
            parent = nodes[line.original_id]
            parent.children.append(made)
            parent.more = line.total  # type: ignore[attr-defined]  # annotated
            nodes[line.item_id] = made
            level.append(line.item_id)
        if not level:
            break
    for row in (
        Derivation.objects.filter(original__in=level).values("original").annotate(n=Count("id"))
    ):
        nodes[row["original"]].more = row["n"]  # the tree is cut here: what is below is counted


def _path(key: int) -> list[int]:
    """The keys from the first original down to an item."""
    path = [key]
    for _ in range(MOST_LEVELS):
        above = Derivation.objects.filter(item=path[0]).values_list("original", flat=True).first()
        if above is None or above in path:
            break
        path.insert(0, above)
    return path


def _below(level: list[int], path: list[int]) -> list[Derivation]:
    """The first that were made of each, and the way to the item; `total`: how many there are.

    Where very many were made of one, such as of an archive, they are counted and not read.
    """
    rows = Derivation.objects.filter(original__in=level)
    counted = rows.order_by().values("original").annotate(n=Count("id"))
    total = dict(counted.values_list("original", "n"))
    wide = [key for key, count in total.items() if count > MOST_CHILDREN]
    found = list(rows.exclude(original__in=wide))
    for key in wide:
        first = list(rows.filter(original=key).order_by("id")[:MOST_CHILDREN])
        listed = [line.pk for line in first]
        found += [*first, *rows.filter(original=key, item__in=path).exclude(pk__in=listed)]
    for line in found:
        line.total = total[line.original_id]  # type: ignore[attr-defined]  # for `more`
    return sorted(found, key=lambda line: line.pk)
