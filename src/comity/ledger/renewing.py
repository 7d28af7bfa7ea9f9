"""Has old time-stamps renewed before their certificates end (`core.renewals`)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.utils import timezone

from comity.core import renewals, timestamps
from comity.core.errors import Refused
from comity.ledger import actions, stamping
from comity.ledger.models import Checkpoint, TimeToken, TokenRenewal

AT_MOST_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """How the tokens of a checkpoint stand.

    until: when the first of them can no longer be believed. chain: the certificates that they and
    their renewals rest on, PEM.
    """

    head: Checkpoint
    tokens: tuple[TimeToken, ...]
    renewals: tuple[TokenRenewal, ...]
    until: datetime
    chain: bytes


def standing() -> Standing | None:
    """How the tokens of the newest stamped checkpoint stand; None without any.

    One token covers all entries up to its checkpoint, so what renews the newest keeps the proof
    that every one of them existed before that token's time.
    """
    head = actions.stamped_checkpoint()
    if head is None:
        return None
    tokens = tuple(head.tokens.order_by("pk"))
    earlier = tuple(head.renewals.order_by("number"))
    replies = [*(each.response for each in tokens), *(each.response for each in earlier)]
    chains = [stamping.chain_of(bytes(reply)) for reply in replies]
    ends = [timestamps.end_of(chain) for chain in chains]
    renewed = list(zip((each.gen_time for each in earlier), ends[len(tokens) :], strict=True))
    found = dict.fromkeys(certificate for chain in chains for certificate in chain)
    return Standing(
        head=head,
        tokens=tokens,
        renewals=earlier,
        until=min(renewals.kept_until(end, renewed) for end in ends[: len(tokens)]),
        chain=b"".join(each.public_bytes(Encoding.PEM) for each in found),
    )


def renewal_is_due(now: datetime | None = None) -> bool:
    """Say whether the newest tokens end within COMITY_TSA_RENEW_DAYS; asked for once a day."""
    now = now or timezone.now()
    if not settings.COMITY_TSA_URLS:
        return False
    if TokenRenewal.objects.filter(at__gt=now - AT_MOST_EVERY).exists():
        return False
    found = standing()
    return found is not None and found.until - now <= timedelta(days=settings.COMITY_TSA_RENEW_DAYS)


def renew() -> TokenRenewal:
    """Have the newest tokens renewed by an authority whose certificates last longer; keep that.

    Never call in a transaction. Raises Refused("ledger.nothing_to_renew") without a token,
    Refused("ledger.no_renewal") if no authority gives a stamp that lasts longer.
    """
    found = standing()
    if found is None:
        raise Refused("ledger.nothing_to_renew")
    record = record_of(found.head, found.tokens, found.renewals, found.chain)
    urls = settings.COMITY_TSA_URLS
    for answer in stamping.ask_several(urls, hashlib.sha256(record).digest(), len(urls)):
        if not isinstance(answer, stamping.Answer):
            actions.keep_stamp_failures(found.head, [answer])
        elif timestamps.end_of(stamping.chain_of(answer.response)) > found.until:
            return actions.keep_renewal(
                found.head,
                record=record,
                chain=found.chain,
                authority=answer.authority,
                request=answer.request,
                response=answer.response,
                gen_time=answer.stamp.gen_time,
            )
    raise Refused("ledger.no_renewal")


def record_of(
    head: Checkpoint,
    tokens: Sequence[TimeToken],
    earlier: Sequence[TokenRenewal],
    chain: bytes,
) -> bytes:
    """Give the record that a renewal of these tokens is over."""
    return renewals.write(
        renewals.Record(
            note=renewals.digest(bytes(head.note)),
            tokens=tuple(renewals.digest(bytes(each.response)) for each in tokens),
            renewals=tuple(renewals.digest(bytes(each.response)) for each in earlier),
            chain=renewals.chain_digests(chain),
        )
    )
