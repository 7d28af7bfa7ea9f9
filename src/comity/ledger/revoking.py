"""Keeps beside the time-stamps what shows that their authorities were good, once they are gone.

The newest stamped checkpoint counts: its tokens cover every entry. Of each certificate that its
tokens rest on, and that names an address for it, the issuer's list of revoked ones is fetched; an
authority that names none is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx2
from cryptography import x509
from django.utils import timezone

from comity.core import revocation
from comity.core.errors import Untrusted
from comity.ledger import actions, stamping
from comity.ledger.models import RevocationRecord

logger = logging.getLogger("comity.worker")
AT_MOST_EVERY = timedelta(days=1)


def lists_are_due(now: datetime | None = None) -> bool:
    """Say whether a list is wanted: none is kept, or none of after the token, asked once a day."""
    return next(_wanted(now or timezone.now()), None) is not None


def keep_lists(now: datetime | None = None) -> int:
    """Fetch the lists that are wanted; return how many hold. Never call in a transaction.

    What cannot be fetched or is not the issuer's is told to the log, and tried at the next look.
    """
    kept = 0
    for address, issuer in list(_wanted(now or timezone.now())):
        try:
            found = stamping.fetch_list(address)
            if not revocation.is_of(found, issuer):
                raise Untrusted("revocation.wrong_signer")
        except (httpx2.HTTPError, httpx2.InvalidURL, Untrusted) as failure:
            why = failure.code if isinstance(failure, Untrusted) else type(failure).__name__
            logger.warning("A time-stamp authority's list of revoked certificates: %s.", why)
            continue
        actions.keep_revocations(address, found.der, found.this_update)
        kept += 1
    return kept


def _wanted(now: datetime) -> Iterator[tuple[str, x509.Certificate]]:
    head = actions.stamped_checkpoint()
    if head is None:
        return
    seen = set()
    for moment, chain in stamping.chains(head):
        for certificate, issuer in revocation.pairs(chain):
            named = revocation.addresses(certificate)
            if named and named[0] not in seen and not _is_kept(named, moment, now):
                seen.add(named[0])
                yield named[0], issuer


def _is_kept(addresses: list[str], moment: datetime, now: datetime) -> bool:
    rows = RevocationRecord.objects.filter(address__in=addresses)
    if rows.filter(this_update__gte=moment).exists():
        return True
    return rows.filter(checked_at__gt=now - AT_MOST_EVERY).exists()
