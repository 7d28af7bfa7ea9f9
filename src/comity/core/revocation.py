"""Revocation lists (RFC 5280, 5) of those who vouch for time: read, believed, asked about a moment.

A token outlives its authority. The list that was kept beside it shows that the authority's
certificate was not revoked then, when nobody can be asked any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from comity.core.errors import Untrusted

MAX_LIST_BYTES = 8 << 20
MAX_ADDRESSES = 8
# RFC 3161, 4.1: for these reasons what was stamped before stays good; for others, and without a
# reason, nothing does that the key has ever signed.
_GOOD_BEFORE = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)


@dataclass(frozen=True)
class RevocationList:
    """A complete list of one issuer. this_update: of what moment it speaks; aware UTC."""

    der: bytes
    this_update: datetime
    next_update: datetime | None
    parsed: x509.CertificateRevocationList


def addresses(certificate: x509.Certificate) -> list[str]:
    """Where the list that covers a certificate is to be had: http addresses that it names."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    named = [
        name.value
        for point in points
        if point.full_name and not point.reasons and not point.crl_issuer
        for name in point.full_name
        if isinstance(name, x509.UniformResourceIdentifier)
    ]
    return [each for each in named if each.startswith(("http://", "https://"))][:MAX_ADDRESSES]


def read(data: bytes) -> RevocationList:
    """Read a list in DER or PEM; who signed it is not judged.

    Raises Untrusted("revocation.malformed"), ("revocation.partial") for one that lists changes,
    some reasons or the certificates of others.
    """
    if len(data) > MAX_LIST_BYTES:
        raise Untrusted("revocation.malformed")
    load = x509.load_pem_x509_crl if data.startswith(b"-----BEGIN") else x509.load_der_x509_crl
    try:
        parsed = load(data)
        this_update, next_update = parsed.last_update_utc, parsed.next_update_utc
        _require_whole(parsed.extensions)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Untrusted("revocation.malformed") from error
    der = parsed.public_bytes(Encoding.DER)
    return RevocationList(der, this_update, next_update, parsed)


def _require_whole(extensions: x509.Extensions) -> None:
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            part = value.only_some_reasons or value.indirect_crl
            if part or value.only_contains_attribute_certs:
                raise Untrusted("revocation.partial")
        elif extension.critical or isinstance(value, x509.DeltaCRLIndicator):
            raise Untrusted("revocation.partial")


def is_of(found: RevocationList, issuer: x509.Certificate) -> bool:
    """Say whether this issuer signed the list."""
    if found.parsed.issuer != issuer.subject or not _may_sign_lists(issuer):
        return False
    try:
        return found.parsed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (TypeError, ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False


def revoked_for(found: RevocationList, certificate: x509.Certificate, moment: datetime) -> bool:
    """Say whether, by this list, what the certificate's key signed at the moment is no good.

    The list may be of a later day. Source: RFC 3161, section 4.1.
    """
    entry = found.parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return False
    if entry.revocation_date_utc <= moment:
        return True
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, ValueError):
        return True
    return reason not in _GOOD_BEFORE


def covering(
    lists: Iterable[RevocationList], issuer: x509.Certificate, moment: datetime
) -> RevocationList | None:
    """Give the list of an issuer that says most about a moment: the first after it, else the last.

    None without a list that this issuer signed.
    """
    own = sorted((each for each in lists if is_of(each, issuer)), key=lambda each: each.this_update)
    later = [each for each in own if each.this_update >= moment]
    best = later[:1] or own[-1:]
    return best[0] if best else None


def pairs(
    chain: Sequence[x509.Certificate],
) -> list[tuple[x509.Certificate, x509.Certificate]]:
    """Each certificate of a chain, leaf first, with its issuer; nobody vouches for the root."""
    return list(pairwise(chain))
