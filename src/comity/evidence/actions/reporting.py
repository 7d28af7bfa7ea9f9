"""The custody of one item on paper, whether the item is still there or erased."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.evidence.actions.packages import entries_about, numbered_head
from comity.evidence.models import Item
from comity.evidence.report import LANGUAGES, language_of_node, print_report


def report_custody(actor: Actor, item: Item, *, language: str) -> bytes:
    """Return the custody report of an item as PDF, under the newest signed head.

    language: uk, ja or en; any other gives that of the node's state. Of an erased item the report
    says when and under what it was erased. Raises NotAllowed, NotVisible, Refused("ledger.pending"
    | "ledger.head_…" | "documents.…").
    """
    require(actor, Act.SEE_ITEMS)
    found = fetch(Item.objects.visible_to(actor), pk=item.pk)
    with transaction.atomic():
        accounts.record_look(actor, found.subject, part="report")
    head = numbered_head([found])
    return print_report(
        [found],
        entries_about([found], head),
        head,
        language=language if language in LANGUAGES else language_of_node(),
        reference=found.number,
        created=timezone.now(),
    )
