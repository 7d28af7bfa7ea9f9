"""Answers of an OCSP responder (RFC 6960) about one certificate: asked for, read, believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from comity.core import certificates
from comity.core.errors import Untrusted

MAX_ANSWER_BYTES = 64 << 10
MAX_ADDRESSES = 8


@dataclass(frozen=True)
class OcspAnswer:
    """What a responder said of one certificate. this_update: of what moment; aware UTC."""

    der: bytes
    this_update: datetime
    parsed: ocsp.OCSPResponse

    def speaks_of(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
        """Say whether it is about this certificate, known to, and said for, its issuer."""
        said = self.parsed
        if said.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
            return False
        asked = _asked(certificate, issuer, said.hash_algorithm)
        named = (said.serial_number, said.issuer_name_hash, said.issuer_key_hash)
        if named != (asked.serial_number, asked.issuer_name_hash, asked.issuer_key_hash):
            return False
        signers = [issuer, *(each for each in said.certificates if _may_answer(each, issuer, said))]
        return any(_is_signed_by(said, signer) for signer in signers)

    def revokes(
        self, certificate: x509.Certificate
    ) -> tuple[datetime, x509.ReasonFlags | None] | None:
        """When it was revoked and why; None if it was not."""
        moment = self.parsed.revocation_time_utc
        return (moment, self.parsed.revocation_reason) if moment else None


def addresses(certificate: x509.Certificate) -> list[str]:
    """The http addresses of responders that a certificate names."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return []
    named = [
        each.access_location.value
        for each in access.value
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    ]
    return [each for each in named if each.startswith(("http://", "https://"))][:MAX_ADDRESSES]


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Give the DER request about a certificate; SHA-1 names it, as every responder can."""
    return _asked(certificate, issuer, hashes.SHA1()).public_bytes(Encoding.DER)  # noqa: S303 - a name


def _asked(
    certificate: x509.Certificate, issuer: x509.Certificate, digest: hashes.HashAlgorithm
) -> ocsp.OCSPRequest:
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, digest).build()


def read(data: bytes) -> OcspAnswer:
    """Read an answer about one certificate; who signed it is not judged.

    Raises Untrusted("revocation.malformed").
    """
    try:
        parsed = ocsp.load_der_ocsp_response(data)
        if len(data) > MAX_ANSWER_BYTES or len(list(parsed.responses)) != 1:
            raise Untrusted("revocation.malformed")
        return OcspAnswer(data, parsed.this_update_utc, parsed)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Untrusted("revocation.malformed") from error


def _may_answer(
    responder: x509.Certificate, issuer: x509.Certificate, said: ocsp.OCSPResponse
) -> bool:
    """Whether the issuer itself let this responder speak for it (RFC 6960, 4.2.2.2)."""
    try:
        responder.verify_directly_issued_by(issuer)
        usage = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    valid = certificates.is_valid_at(responder, said.produced_at_utc)
    return valid and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _is_signed_by(said: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, digest = signer.public_key(), said.signature_hash_algorithm
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(said.signature, said.tbs_response_bytes)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(said.signature, said.tbs_response_bytes, ec.ECDSA(digest))
        elif isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(said.signature, said.tbs_response_bytes, padding.PKCS1v15(), digest)
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
