"""Archive time-stamps: a later token vouches for earlier ones before their certificates end.

What is stamped is a short record that names the note, the replies that hold the tokens, the earlier
renewals and the certificates of that day, each by SHA-256. So an old token is still worth its time
when its authority's key can no longer be believed: the renewal proves that it was there before.
Follows the idea of RFC 4998 (archive time-stamp chains), without its ASN.1. See
docs/protocol/package.md, section 4.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.core import canonical, certificates
from comity.core.errors import Untrusted
from comity.core.sealing.fields import HEX_256, Fields

FORM = "comity-renewal/1"
MAX_RECORD_BYTES = 1 << 16
_AT_MOST = 100
_FORM = re.compile(r"comity-renewal/[0-9]{1,4}")


@dataclass(frozen=True)
class Record:
    """What a renewal is over; each is SHA-256 in 64 hex digits.

    note: the checkpoint's note as the tokens are over it. tokens: the replies that hold them.
    renewals: the replies of the earlier renewals, oldest first. chain: certificates in DER.
    """

    note: str
    tokens: tuple[str, ...]
    renewals: tuple[str, ...]
    chain: tuple[str, ...]


def digest(data: bytes) -> str:
    """Give SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def chain_digests(pem: bytes) -> tuple[str, ...]:
    """Give the digest of each certificate (its DER) of a PEM text. Raises Untrusted."""
    return tuple(map(certificates.fingerprint, certificates.load_certificates(pem)))


def write(record: Record) -> bytes:
    """Give the only byte form of a record."""
    return canonical.encode(
        {
            "format": FORM,
            "note": record.note,
            "tokens": list(record.tokens),
            "renewals": list(record.renewals),
            "chain": list(record.chain),
        }
    )


def read(data: bytes) -> Record:
    """Read a record. Raises Untrusted("renewal.…") or a code of `canonical`."""
    fields = Fields(canonical.decode(data), "renewal")
    stated = fields.text("format", _FORM)
    if stated != FORM:
        raise Untrusted("renewal.unknown_format", format=stated)
    record = Record(
        note=fields.text("note", HEX_256),
        tokens=fields.texts("tokens", HEX_256, at_most=_AT_MOST),
        renewals=fields.texts("renewals", HEX_256, at_most=_AT_MOST),
        chain=fields.texts("chain", HEX_256, at_most=_AT_MOST),
    )
    fields.done()
    return record


def require_over(record: Record, *, notes: Iterable[str], tokens: Sequence[str]) -> None:
    """Demand that a record names a note and tokens that are there.

    notes, tokens: digests. Raises Untrusted("renewal.other_note" or "renewal.other_tokens").
    """
    if record.note not in set(notes):
        raise Untrusted("renewal.other_note")
    if not record.tokens or not set(record.tokens) <= set(tokens):
        raise Untrusted("renewal.other_tokens")


def kept_until(end: datetime, renewed: Iterable[tuple[datetime, datetime]]) -> datetime:
    """Give the moment up to which a token is kept believable.

    end: when its own chain ends. renewed: (stated time, end of its chain) of each renewal, oldest
    first; one that came after what it renews had ended does not count, nor does any after it.
    """
    for at, until in renewed:
        if at > end:
            break
        end = max(end, until)
    return end
