"""What says whether the certificate of somebody who vouches for time was revoked, at a moment.

A token outlives its authority. The list (RFC 5280, 5) or the responder's answer (`ocsp`) that was
kept beside it shows that the certificate was not revoked then, when nobody can be asked any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from comity.core import ocsp
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
    parsed: x509.CertificateRevocationList

    def speaks_of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Say whether this issuer signed the list."""
        if self.parsed.issuer != issuer.subject or not _may_sign_lists(issuer):
            return False
        try:
            return self.parsed.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        except (TypeError, ValueError, InvalidSignature, UnsupportedAlgorithm):
            return False

    def revokes(
        self, certificate: x509.Certificate
    ) -> tuple[datetime, x509.ReasonFlags | None] | None:
        """When the list says it was revoked and why; None if it does not name it."""
        entry = self.parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
        if entry is None:
            return None
        try:
            reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except (x509.ExtensionNotFound, ValueError):
            return entry.revocation_date_utc, None
        return entry.revocation_date_utc, reason


Statement = RevocationList | ocsp.OcspAnswer


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
        this_update = parsed.last_update_utc
        _require_whole(parsed.extensions)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Untrusted("revocation.malformed") from error
    der = parsed.public_bytes(Encoding.DER)
    return RevocationList(der, this_update, parsed)


def _require_whole(extensions: x509.Extensions) -> None:
    for extension in extensions:
        value = extension.value
        if isinstance(value, x509.IssuingDistributionPoint):
            part = value.only_some_reasons or value.indirect_crl
            if part or value.only_contains_attribute_certs:
                raise Untrusted("revocation.partial")
        elif extension.critical or isinstance(value, x509.DeltaCRLIndicator):
            raise Untrusted("revocation.partial")


def _may_sign_lists(issuer: x509.Certificate) -> bool:
    try:
        return issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False


def read_answer(data: bytes) -> ocsp.OcspAnswer:
    """Read the other form of it: a responder's answer. Raises Untrusted("revocation.malformed")."""
    return ocsp.read(data)


def revoked_for(found: Statement, certificate: x509.Certificate, moment: datetime) -> bool:
    """Say whether, by this statement, what the certificate's key signed at the moment is no good.

    It may be of a later day. Source: RFC 3161, section 4.1.
    """
    revoked = found.revokes(certificate)
    if revoked is None:
        return False
    since, reason = revoked
    return since <= moment or reason not in _GOOD_BEFORE


def covering(
    statements: Iterable[Statement],
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    moment: datetime,
) -> Statement | None:
    """Give what says most about a certificate at a moment: the first after it, else the last.

    None without a statement of its issuer.
    """
    own = [each for each in statements if each.speaks_of(certificate, issuer)]
    own.sort(key=lambda each: each.this_update)
    later = [each for each in own if each.this_update >= moment]
    best = later[:1] or own[-1:]
    return best[0] if best else None


def pairs(
    chain: Sequence[x509.Certificate],
) -> list[tuple[x509.Certificate, x509.Certificate]]:
    """Each certificate of a chain, leaf first, with its issuer; nobody vouches for the root."""
    return list(pairwise(chain))
