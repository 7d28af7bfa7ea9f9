"""Keeps beside the time-stamps what shows that their authorities were good, once they are gone.

The newest stamped checkpoint counts: its tokens cover every entry. Of each certificate that its
tokens rest on, the list of revoked ones at the address that it names is fetched, or its responder
is asked; an authority that names neither is left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
from cryptography import x509
from django.utils import timezone

from comity.core import certificates, ocsp, revocation
from comity.core.errors import Untrusted
from comity.ledger import actions, stamping

logger = logging.getLogger("comity.worker")
AT_MOST_EVERY = timedelta(days=1)


def lists_are_due(now: datetime | None = None) -> bool:
    """Say whether a list is wanted: none is kept, or none of after the token, asked once a day."""
    return next(_wanted(now or timezone.now()), None) is not None


def keep_lists(now: datetime | None = None) -> int:
    """Fetch what is wanted; return how many statements hold. Never call in a transaction.

    What cannot be fetched or is not the issuer's is told to the log, and tried at the next look.
    """
    kept = 0
    for wanted in list(_wanted(now or timezone.now())):
        try:
            said = stamping.fetch(wanted.address, wanted.question)
            if not said.speaks_of(wanted.certificate, wanted.issuer):
                raise Untrusted("revocation.wrong_signer")
        except (httpx2.HTTPError, httpx2.InvalidURL, Untrusted) as failure:
            why = failure.code if isinstance(failure, Untrusted) else type(failure).__name__
            logger.warning("What a time-stamp authority says of revocation: %s.", why)
            continue
        about = certificates.fingerprint(wanted.certificate) if wanted.question else ""
        actions.keep_revocations(wanted.address, said, about)
        kept += 1
    return kept


@dataclass(frozen=True)
class _Wanted:
    """question: for a responder; empty for a list."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    address: str
    question: bytes


def _wanted(now: datetime) -> Iterator[_Wanted]:
    head = actions.stamped_checkpoint()
    if head is None:
        return
    seen = set()
    for moment, chain in stamping.chains(head):
        for certificate, issuer in revocation.pairs(chain):
            found = _named(certificate, issuer)
            if found is None or (found.address, found.question) in seen:
                continue
            seen.add((found.address, found.question))
            if not _is_kept(certificate, moment, now):
                yield found


def _named(certificate: x509.Certificate, issuer: x509.Certificate) -> _Wanted | None:
    """Where to ask about a certificate: its list, or else its responder."""
    if lists := revocation.addresses(certificate):
        return _Wanted(certificate, issuer, lists[0], b"")
    if responders := ocsp.addresses(certificate):
        question = ocsp.question(certificate, issuer)
        return _Wanted(certificate, issuer, responders[0], question)
    return None


def _is_kept(certificate: x509.Certificate, moment: datetime, now: datetime) -> bool:
    rows = stamping.kept_about(certificate)
    if rows.filter(this_update__gte=moment).exists():
        return True
    return rows.filter(checked_at__gt=now - AT_MOST_EVERY).exists()
