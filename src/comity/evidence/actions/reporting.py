"""The custody report of one item: checked, printed, sealed (PAdES), and recorded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import fetch
from comity.core.access import Act, Actor, require
from comity.core.documents.custody import Findings
from comity.core.errors import Refused
from comity.evidence.actions._package_contents import numbered_head
from comity.evidence.actions.custody import compare
from comity.evidence.actions.opening import verify_item
from comity.evidence.actions.packages import sealed_pdf, stamp
from comity.evidence.models import Item
from comity.evidence.report import LANGUAGES, entries_about, print_item_report
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint


def report_custody(
    actor: Actor,
    item: Item,
    *,
    language: str,
    with_words: bool = True,
    names: Mapping[str, str] | None = None,
) -> bytes:
    """Return the custody report of an item as a sealed PDF; the bytes are compared first.

    language: uk, ja or en. with_words, names: as `print_item_report`. The state of the ledger that
    stands in it covers every act before this one, and is stamped if an authority answers.
    Of an erased item there are no bytes: the report says when and under what it was erased.
    Raises NotAllowed, NotVisible, Untrusted if the stored bytes are damaged, Refused("documents.…"
    | "ledger.pending").
    """
    require(actor, Act.SEE_ITEMS)
    found = fetch(Item.objects.visible_to(actor).select_related("stored_file"), pk=item.pk)
    if language not in LANGUAGES:
        raise ValueError("uk, ja or en")
    if not found.erased_at:
        verify_item(actor, found)
    head, now = numbered_head([found]), timezone.now()
    stamp(head)
    printing = partial(
        print_item_report,
        found,
        entries_about([found], head),
        head,
        _findings(found, head, now),
        language=language,
        created=timezone.localtime(now),
        with_words=with_words,
        names=names or {},
    )
    try:
        plain = printing()
    except Refused as refusal:
        if refusal.code != "documents.character_missing":
            raise
        plain = printing(spelled=True)
    sealed = sealed_pdf(plain, now)
    _record(actor, found, sealed, language)
    return sealed


def _findings(item: Item, head: Checkpoint, now: datetime) -> Findings:
    checked = compare(item)
    tokens = head.tokens.order_by("gen_time")
    return Findings(
        checked_at=None if item.erased_at else now,
        records=checked.held + len(checked.altered),
        altered=len(checked.altered) + len(checked.rows),
        removed=len(checked.removed),
        stamps=tuple((token.authority, token.gen_time) for token in tokens),
    )


@transaction.atomic
def _record(actor: Actor, item: Item, sealed: bytes, language: str) -> None:
    ledger.append(
        actor,
        "evidence.custody_reported",
        item.subject,
        report_sha256=hashlib.sha256(sealed).hexdigest(),
        language=language,
    )
    accounts.record_look(actor, item.subject, part="report")
