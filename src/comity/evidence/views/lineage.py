"""The lineage of an item in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.accounts.models import Officer
from comity.evidence.models import Derivation, Item, Node, lineage_of
from comity.evidence.rules import FOLLOWS_CONSENT, Derived, marks_in_words, time_code
from comity.ui.labels import label


def lineage(actor: Officer, item: Item) -> list[dict[str, Any]]:
    """The tree for the page; empty if the item stands alone."""
    root = lineage_of(actor, item)
    return [_shown(root)] if root else []


def _shown(node: Node) -> dict[str, Any]:
    return {
        "item": node.item,
        "is_current": node.is_current,
        "how": made_words(node.line) if node.line and node.item else "",
        "children": [_shown(each) for each in node.children],
        "more": node.more,
    }


def made_words(line: Derivation) -> str:
    """How an item was made, with the numbers that say from which part of the original."""
    part = _part(line)
    how = label(Derived(line.how))
    return f"{how}, {part}" if part else how


def left_out(line: Derivation | None) -> list[tuple[str, str]]:
    """Where a copy leaves something out, each with its reason; of an excerpt, what was taken."""
    if line is None or line.how not in FOLLOWS_CONSENT:
        return []
    reasons = [
        str(each.get("reason", ""))
        for name in ("regions", "stretches", "spans")
        for each in line.detail.get(name, ())
    ]
    marks = marks_in_words(line.detail)
    return list(zip(marks, reasons or [line.reason] * len(marks), strict=False))


def _part(line: Derivation) -> str:
    detail = line.detail
    if "from_ms" in detail:
        return f"{time_code(detail['from_ms'])} – {time_code(detail['to_ms'])}"
    if "from_page" in detail:
        return _("pages %(first)d to %(last)d") % {
            "first": detail["from_page"],
            "last": detail["to_page"],
        }
    if line.how == Derived.MEMBER and "index" in detail:
        return _("file %(n)d") % {"n": detail["index"] + 1}
    marks = sum(len(detail.get(name, ())) for name in ("regions", "stretches", "spans"))
    if marks:
        return ngettext("%(n)d part left out", "%(n)d parts left out", marks) % {"n": marks}
    return ""
