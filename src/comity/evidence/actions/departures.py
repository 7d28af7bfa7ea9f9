"""Items that were to leave and did not: their message was stopped in time."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction

from comity.core.access import Act, Actor, require
from comity.evidence.models import Disclosure, custody_of, row_name
from comity.evidence.rules import CustodyEvent
from comity.ledger import actions as ledger


@transaction.atomic
def undo_disclosures(actor: Actor, *, message_id: uuid.UUID, kept: Collection[int] = ()) -> int:
    """Take back what was recorded as leaving in a message that was stopped; return how many.

    kept: keys of items whose sealed bytes had begun to leave; their disclosure stays. The custody
    of the others says that they were to leave and stayed. Raises NotAllowed.
    """
    require(actor, Act.WITHDRAW_CONSENT)
    undone = list(
        Disclosure.objects.select_for_update(of=("self",))
        .filter(message_id=message_id)
        .exclude(item__in=list(kept))
        .select_related("item")
        .order_by("pk")
    )
    for one in undone:
        stayed = custody_of(
            actor,
            one.item,
            CustodyEvent.TRANSFER_STOPPED,
            counterparty=one.recipient[:120],
            purpose=one.purpose,
            legal_authority=one.basis_ref,
            digest_before=one.item.sha256,
            digest_after=one.item.sha256,
        )
        stayed.entry = ledger.append(
            actor,
            "evidence.disclosure_undone",
            one.item.subject,
            **stayed.committed(one.item),
            recipient=one.recipient,
            message=str(message_id),
            rows={row_name(one): None},
        )
        stayed.save()
        one.delete()
    return len(undone)
