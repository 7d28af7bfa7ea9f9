"""CAdES baseline signatures (B-B, and B-T with a stamp), detached, with ECDSA on P-256."""

# asn1crypto and rfc3161-client come without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from comity.core import certificates, signed_data, timestamps
from comity.core.errors import Untrusted
from comity.core.timestamps import Stamp

Stamper = Callable[[bytes], bytes]
"""Takes a SHA-256 digest and gives the DER token over it, already verified by the caller."""


@dataclass(frozen=True)
class Signer:
    """Who signed.

    subject: RFC 4514. fingerprint_sha256: 64 hex digits of the certificate's DER.
    signing_time: what the signer states, aware UTC. timestamp: the stamp over the signature.
    trusted: the certificate is, or leads to, one that the caller trusts, and was valid at the
    stamp's time if that is trusted, else now. doubt: why it is not trusted ("" if it is).
    """

    subject: str
    fingerprint_sha256: str
    certificate_pem: bytes
    signing_time: datetime | None
    timestamp: Stamp | None
    trusted: bool
    doubt: str


def sign_detached(
    content: bytes, key: bytes, certificate: bytes, stamper: Stamper | None, now: datetime
) -> bytes:
    """Sign bytes that stay outside, as CAdES-B-B, or CAdES-B-T if there is a stamper.

    key, certificate: PEM, P-256. now: stated as signing time, aware. Returns DER.
    Source: ETSI EN 319 122-1, clauses 5.1, 5.2.1, 5.2.2.3 and 5.3.
    """
    private = load_pem_private_key(key, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is not an elliptic-curve key")
    signer = signed_data.certificate_from_pem(certificate)
    attributes = _signed_attributes(content, signer, now)
    signature = private.sign(attributes.dump(), ec.ECDSA(hashes.SHA256()))
    info = {
        "version": "v1",
        "sid": {
            "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                {"issuer": signer.issuer, "serial_number": signer.serial_number}
            )
        },
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
        "signed_attrs": attributes,
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": signature,
    }
    if stamper is not None:
        token = cms.ContentInfo.load(stamper(hashlib.sha256(signature).digest()), strict=True)
        info["unsigned_attrs"] = [
            cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [token]})
        ]
    signed = {
        "version": "v1",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": "data"},
        "certificates": [signer],
        "signer_infos": [cms.SignerInfo(info)],
    }
    return bytes(
        cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump()
    )


def verify_detached(
    content: bytes,
    signature: bytes,
    trusted: Sequence[bytes],
    now: datetime,
    *,
    stamp_roots: Sequence[bytes] = (),
) -> Signer:
    """Verify a CAdES signature over these bytes and say how far its signer is to be trusted.

    signature: DER. trusted, stamp_roots: PEM certificates. now: aware.
    A signer or a time authority that is unknown is no error: see `Signer.trusted` and
    `Stamp.trusted`.
    Raises Untrusted("cms.…" or "timestamp.…") if the signature or its stamp does not hold.
    """
    signed = signed_data.read(signature, content_type="data", detached=content)
    stamp = _stamp(signed, stamp_roots)
    reference = stamp.gen_time if stamp is not None and stamp.trusted else now
    doubt = _doubt(signed, trusted, reference)
    return Signer(
        subject=signed.signer.subject.rfc4514_string(),
        fingerprint_sha256=certificates.fingerprint(signed.signer),
        certificate_pem=signed.signer.public_bytes(Encoding.PEM),
        signing_time=_signing_time(signed),
        timestamp=stamp,
        trusted=not doubt,
        doubt=doubt,
    )


def _doubt(signed: signed_data.SignedData, trusted: Sequence[bytes], reference: datetime) -> str:
    anchors = [each for pem in trusted for each in certificates.load_certificates(pem)]
    if not _signs_documents(signed.signer):
        return "wrong_usage"
    if certificates.leads_to(signed.signer, others=signed.others, trusted=anchors, at=reference):
        return ""
    if not certificates.is_valid_at(signed.signer, reference):
        return "expired"
    return "unknown"


def _signs_documents(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _stamp(signed: signed_data.SignedData, roots: Sequence[bytes]) -> Stamp | None:
    if set(signed.unsigned) - {"signature_time_stamp_token"}:
        raise Untrusted("cms.unknown_attribute")
    if not signed.unsigned:
        return None
    values = signed.unsigned["signature_time_stamp_token"]
    if len(values) != 1:
        raise Untrusted("cms.malformed")
    digest = hashlib.sha256(signed.signature).digest()
    stamp = timestamps.read_token(values[0].dump(), digest)
    try:
        return timestamps.trust_stamp(stamp, roots)
    except Untrusted:
        return stamp


def _signing_time(signed: signed_data.SignedData) -> datetime | None:
    if "signing_time" not in signed.attributes:
        return None
    try:
        moment = signed.attributes["signing_time"][0].native
    except (ValueError, IndexError) as error:
        raise Untrusted("cms.malformed") from error
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise Untrusted("cms.malformed")
    return moment


def _signed_attributes(
    content: bytes, signer: asn1_x509.Certificate, now: datetime
) -> cms.CMSAttributes:
    """Give the attributes in DER order, which is what is signed."""
    bound = tsp.SigningCertificateV2(
        {
            "certs": [
                tsp.ESSCertIDv2(
                    {
                        "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
                        "cert_hash": hashlib.sha256(signer.dump()).digest(),
                    }
                )
            ]
        }
    )
    moment = cms.Time({"utc_time": core.UTCTime(now.replace(microsecond=0))})
    values: dict[str, object] = {
        "content_type": "data",
        "signing_time": moment,
        "message_digest": hashlib.sha256(content).digest(),
        "signing_certificate_v2": bound,
    }
    return cms.CMSAttributes(
        [cms.CMSAttribute({"type": name, "values": [value]}) for name, value in values.items()]
    )
