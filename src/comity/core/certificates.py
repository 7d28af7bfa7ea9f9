"""X.509 certificates of a node: its own authority, the kinds it issues, paths and validity."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from comity.core.errors import Untrusted

# A partner's clock may be behind: a certificate is already valid this long before its making.
CLOCK_TOLERANCE = timedelta(minutes=5)
MAX_PATH = 5
MAX_PEM_BYTES = 1 << 20
# What the parser of `cryptography` raises, at once or when a part is first used.
_PARSING = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Kind(StrEnum):
    """What a certificate is for; each kind has its own key usage."""

    SEAL = "seal"
    TLS_SERVER = "tls_server"
    TLS_CLIENT = "tls_client"
    TSA = "tsa"
    OFFICER = "officer"


class KeyPair(NamedTuple):
    """A private key and its certificate, both PEM; unpacks as `key_pem, certificate_pem`."""

    key_pem: bytes
    certificate_pem: bytes


_PURPOSE = {
    Kind.TLS_SERVER: ExtendedKeyUsageOID.SERVER_AUTH,
    Kind.TLS_CLIENT: ExtendedKeyUsageOID.CLIENT_AUTH,
    Kind.TSA: ExtendedKeyUsageOID.TIME_STAMPING,
}


def make_ca(name: str, now: datetime, days: int) -> KeyPair:
    """Make a self-signed authority on P-256 that may issue leaf certificates only.

    name: its common name. now: aware UTC; valid from five minutes before it. days: from now.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = (
        _builder(subject, subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(certificates=True), critical=True)
    )
    return KeyPair(_private_pem(key), builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))


def make_certificate(
    ca: KeyPair, name: str, kind: Kind | str, hosts: Sequence[str], now: datetime, days: int
) -> KeyPair:
    """Make a P-256 key and a certificate for it, issued by this authority.

    kind: decides key usage. Seals and officers sign documents (digitalSignature and
    nonRepudiation, no extended usage); a TSA has the critical timeStamping usage alone (RFC 3161,
    2.3). hosts: DNS names or IP addresses for the subject alternative name; may be empty.
    """
    kind = Kind(kind)
    issuer_key = load_pem_private_key(ca.key_pem, password=None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key is not an elliptic-curve key")
    issuer = load_certificate(ca.certificate_pem)
    key = ec.generate_private_key(ec.SECP256R1())
    signs_documents = kind in {Kind.SEAL, Kind.OFFICER}
    builder = (
        _builder(_name(name), issuer.subject, key.public_key(), now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(commitment=signs_documents), critical=True)
        .add_extension(_authority_key_identifier(issuer), critical=False)
    )
    if kind in _PURPOSE:
        usage = x509.ExtendedKeyUsage([_PURPOSE[kind]])
        builder = builder.add_extension(usage, critical=kind is Kind.TSA)
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    return KeyPair(_private_pem(key), certificate.public_bytes(Encoding.PEM))


def load_certificate(pem: bytes) -> x509.Certificate:
    """Read one PEM certificate.

    Raises Untrusted("certificate.malformed") for anything else.
    """
    certificates = load_certificates(pem)
    if len(certificates) != 1:
        raise Untrusted("certificate.malformed", count=len(certificates))
    return certificates[0]


def load_certificates(pem: bytes) -> list[x509.Certificate]:
    """Read every certificate of a PEM text, in its order.

    Raises Untrusted("certificate.malformed") if there is none or one cannot be read.
    """
    if len(pem) > MAX_PEM_BYTES:
        raise Untrusted("certificate.malformed", size_bytes=len(pem))
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except _PARSING as error:
        raise Untrusted("certificate.malformed") from error
    for certificate in certificates:
        _touch(certificate)
    return certificates


def load_der(der: bytes) -> x509.Certificate:
    """Read one DER certificate.

    Raises Untrusted("certificate.malformed").
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
    except _PARSING as error:
        raise Untrusted("certificate.malformed") from error
    _touch(certificate)
    return certificate


def fingerprint(certificate: x509.Certificate) -> str:
    """Give the SHA-256 of the certificate's DER as 64 hex digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def is_valid_at(certificate: x509.Certificate, moment: datetime) -> bool:
    """Say whether this aware moment lies within the certificate's validity."""
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def leads_to(
    leaf: x509.Certificate,
    *,
    others: Iterable[x509.Certificate],
    trusted: Iterable[x509.Certificate],
    at: datetime,
) -> bool:
    """Say whether the leaf is trusted, or issued through valid authorities by one that is.

    others: authorities found beside the signature; they only connect. A trusted certificate that
    is the leaf itself is a pin. Every certificate on the way is valid at the moment `at`.
    """
    return bool(path_to(leaf, others=others, trusted=trusted, at=at))


def path_to(
    leaf: x509.Certificate,
    *,
    others: Iterable[x509.Certificate],
    trusted: Iterable[x509.Certificate],
    at: datetime,
) -> list[x509.Certificate]:
    """Give the certificates by which the leaf is trusted, as `leads_to`: leaf first, or none."""
    anchors = list(trusted)
    pool = [certificate for certificate in others if _may_issue(certificate)]
    current, path = leaf, [leaf]
    for _ in range(MAX_PATH):
        if not is_valid_at(current, at):
            return []
        if current in anchors:
            return path
        issuer = _issuer_of(current, anchors) or _issuer_of(current, pool)
        if issuer is None or issuer == current:
            return []
        current = issuer
        path.append(current)
    return []


def _issuer_of(
    certificate: x509.Certificate, candidates: list[x509.Certificate]
) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject != certificate.issuer or not _may_issue(candidate):
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return candidate
    return None


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _touch(certificate: x509.Certificate) -> None:
    """Make the lazy parts fail here, as bytes that cannot be believed, and never later."""
    try:
        _ = certificate.subject, certificate.issuer, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        _ = certificate.signature_hash_algorithm, certificate.public_key()
    except _PARSING as error:
        raise Untrusted("certificate.malformed") from error


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _authority_key_identifier(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _key_usage(*, certificates: bool = False, commitment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
