"""Keeping what came over the exchange and was not believed."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from comity.core.errors import Stated
from comity.core.findings import plain
from comity.exchange.actions.own import NODE
from comity.exchange.models import Partner, Rejection
from comity.ledger import actions as ledger

COUNTED_TOGETHER = timedelta(hours=1)
MAX_FACTS = 12
# A partner's ledger or receipts contradict what it stated before.
REWRITTEN = frozenset({"receipt.fork", "receipt.history"})


@transaction.atomic
def record_rejection(
    *,
    what: str,
    doubt: Stated,
    partner: Partner | None = None,
    message_id: uuid.UUID | None = None,
    apart: bool = False,
) -> Rejection:
    """Keep that something was refused and why; the same of a partner within an hour only counts up.

    So a partner that makes up an id for each call fills neither this list nor the ledger. apart: of
    a message that is kept under its id, and counts against the partner's messages an hour.
    what: "call", "message", "blob" or "receipt". Nothing of the refused bytes is kept.
    """
    now = timezone.now()
    reason = doubt.code[:120]
    same = (
        Rejection.objects.select_for_update()
        .filter(
            partner=partner,
            what=what,
            reason=reason,
            at__gt=now - COUNTED_TOGETHER,
            **({"message_id": message_id, "apart": True} if apart else {"apart": False}),
        )
        .first()
    )
    if same is not None:
        Rejection.objects.filter(pk=same.pk).update(times=F("times") + 1)
        return same
    facts = _short(doubt.facts)
    kept = Rejection.objects.create(
        partner=partner,
        what=what,
        reason=reason,
        message_id=message_id,
        apart=apart,
        facts=facts,
        at=now,
    )
    if partner is not None and reason in REWRITTEN:
        Partner.objects.filter(pk=partner.pk, history_doubted_at=None).update(
            history_doubted_at=now
        )
    ledger.append(
        NODE,
        f"exchange.{what}_rejected",
        kept.subject,
        reason=reason,
        partner=str(partner.uid) if partner else "",
        message=str(message_id) if message_id else "",
    )
    return kept


def _short(facts: dict[str, Any]) -> dict[str, Any]:
    return dict(list(plain(facts).items())[:MAX_FACTS])
