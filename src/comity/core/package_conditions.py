"""Checks that a package states the conditions of use that came with what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comity.core import package_form as form
from comity.core.findings import Finding
from comity.core.messages import Message
from comity.core.package_form import About, Item
from comity.core.package_ledger import LedgerView


def check_conditions(
    about: About, ledger: LedgerView, opened: Sequence[Message]
) -> Iterator[Finding]:
    """Compare each item's conditions with its proven entries and with enclosed partner messages.

    opened: messages whose seal holds. Whoever seals a package cannot drop a condition that another
    node set in a message which is enclosed, nor one that an enclosed entry says was attached.
    """
    asked: dict[str, set[str]] = {}
    for message in opened:
        if message.from_node != about.from_node:
            for attachment in message.attachments:
                asked.setdefault(attachment.sha256, set()).update(message.use_conditions)
    for item in about.items:
        dropped = asked.get(item.sha256, set()) - set(item.conditions)
        unlisted = _attached(item, ledger) - len(item.conditions)
        if dropped or unlisted > 0:
            reason = "item.condition_dropped" if dropped else "item.condition_unlisted"
            facts = {"reason": reason, "count": len(dropped) or unlisted}
            yield Finding("item.conditions", False, item.number, facts)
        elif item.conditions:
            yield Finding("item.conditions", True, item.number, {"count": len(item.conditions)})


def _attached(item: Item, ledger: LedgerView) -> int:
    found = (ledger.entries[index] for index in item.entries if index in ledger.entries)
    return sum(proven.kind == form.CONDITION_ATTACHED for proven in found)


def check_receipted(about: About, receipted: frozenset[str]) -> Iterator[Finding]:
    """Say of which enclosed messages no receipt is enclosed. receipted: ids of messages."""
    for _path, identifier in about.messages:
        if identifier not in receipted:
            yield Finding("message.receipts", None, identifier, {"reason": "none"})
