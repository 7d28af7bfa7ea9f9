"""What the ledger does by itself: number pending entries, have checkpoints stamped."""

from __future__ import annotations

from django.conf import settings
from django_tasks import task

from comity.core.errors import Refused
from comity.ledger import actions, renewing, revoking, stamping


def sequence_is_due() -> bool:
    """Say whether an entry waits for its number, and the ledger is the one signed last."""
    return actions.pending_count() > 0 and actions.head_trouble() is None


@task()
def sequence_ledger() -> int:
    """Number everything that waits; safe to run twice and at once."""
    total = 0
    while done := actions.sequence_pending():
        total += done
    return total


def stamp_is_due() -> bool:
    """Say whether the newest checkpoint lacks tokens and an authority may be asked for them."""
    head = actions.newest_checkpoint()
    if head is None or not settings.COMITY_TSA_URLS:
        return False
    missing, authorities = actions.missing_stamps(head)
    return missing > 0 and bool(authorities)


@task()
def stamp_checkpoints() -> bool:
    """Have the newest checkpoint stamped: one token covers every entry up to its size."""
    return stamp_newest()


def stamp_newest() -> bool:
    """Have the newest checkpoint stamped; keep why not, if no authority answers well."""
    head = actions.newest_checkpoint()
    return head is not None and stamping.have_stamped(head)


def renewal_is_due() -> bool:
    """Say whether the newest tokens want a renewal."""
    return renewing.renewal_is_due()


@task()
def renew_stamps() -> bool:
    """Have the newest tokens renewed; if nobody can, it is tried again at the next look."""
    try:
        renewing.renew()
    except Refused:
        return False
    return True


def revocations_are_due() -> bool:
    """Say whether a list of revoked certificates is wanted beside the newest tokens."""
    return revoking.lists_are_due()


@task()
def keep_revocations() -> int:
    """Fetch and keep them; safe to run twice and at once."""
    return revoking.keep_lists()
