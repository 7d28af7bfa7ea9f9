"""Signatures inside a PDF: PAdES B-B and B-T, several on one file, and their check."""

# pyHanko and asn1crypto come without complete types.
# mypy: disable-error-code="no-untyped-call,misc"

from __future__ import annotations

import asyncio
import io
import logging
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, pem, x509
from asn1crypto.keys import PrivateKeyInfo
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import EmbeddedPdfSignature, async_validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from comity.core.errors import Refused, Untrusted

Stamper = Callable[[bytes], bytes]
"""Takes a SHA-256 digest and gives the DER token over it (as core.cms has it)."""

# Room for the CMS with one certificate and a stamp that brings its chain.
_RESERVED_BYTES = 1 << 15
_MAX_PDF_BYTES = 64 << 20
# What pyHanko raises while it reads bytes that are no sound PDF.
_MALFORMED = (
    PdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
# pyHanko logs the names of signers whom it does not trust; the caller gets them as a result.
logging.getLogger("pyhanko.sign.validation").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class PdfSignature:
    """One signature that holds.

    field: its name in the file, in order of signing. subject: RFC 4514-like, for people.
    fingerprint_sha256: 64 hex digits of the certificate's DER. stated_at: what the signer says;
    stamped_at: what a trusted time-stamp authority says, None without. trusted: the certificate
    leads to a trusted one at that time. reason: the code given when signing.
    """

    field: str
    subject: str
    fingerprint_sha256: str
    stated_at: datetime | None
    stamped_at: datetime | None
    trusted: bool
    reason: str


class _Stamps(TimeStamper):
    """Hands digests to the caller's stamper instead of to a server."""

    def __init__(self, stamper: Stamper) -> None:
        super().__init__()
        self._stamper = stamper

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        if md_algorithm.lower() != "sha256":
            raise ValueError("stampers take SHA-256 digests only")
        token: cms.ContentInfo = cms.ContentInfo.load(self._stamper(message_digest), strict=True)
        return token


class _SignerAt(PdfSigner):
    """A signer whose time is given, since core never reads the clock."""

    at: datetime

    def init_signing_session(
        self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


def sign_pdf(
    pdf: bytes,
    *,
    key_pem: bytes,
    cert_pem: bytes,
    stamper: Stamper | None,
    now: datetime,
    reason_code: str,
) -> bytes:
    """Add a PAdES signature, B-T with a stamper, else B-B; earlier ones stay valid.

    key_pem, cert_pem: a P-256 key and its certificate. now: aware, stated as signing time.
    reason_code: a dotted code such as "letter.approved", readable in the signature; no content.
    Raises Untrusted if the bytes are no PDF, Refused("documents.not_signed") if the file forbids
    a further signature. Source: ETSI EN 319 142-1, clauses 5.3, 6.3.
    """
    writer = _writer(pdf)
    number = len(writer.prev.embedded_signatures) + 1
    metadata = PdfSignatureMetadata(
        field_name=f"Signature{number}",
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        reason=reason_code,
    )
    stamps = _Stamps(stamper) if stamper else None
    signer = _SignerAt(metadata, signer=_simple_signer(key_pem, cert_pem), timestamper=stamps)
    signer.at = now.astimezone(UTC)
    target = io.BytesIO()
    try:
        coroutine = signer.async_sign_pdf(writer, bytes_reserved=_RESERVED_BYTES, output=target)
        asyncio.run(coroutine)
    except SigningError as error:
        raise Refused("documents.not_signed") from error
    return target.getvalue()


def _writer(pdf: bytes) -> IncrementalPdfFileWriter:
    _require_size(pdf)
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        list(writer.prev.embedded_signatures)
    except _MALFORMED as error:
        raise Untrusted("pdf.malformed") from error
    return writer


def _require_size(pdf: bytes) -> None:
    if len(pdf) > _MAX_PDF_BYTES:
        raise Untrusted("pdf.too_large", size_bytes=len(pdf))


def _simple_signer(key_pem: bytes, cert_pem: bytes) -> SimpleSigner:
    key = load_pem_private_key(key_pem, password=None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SimpleSigner(
        signing_cert=_certificate(cert_pem),
        signing_key=PrivateKeyInfo.load(der),
        cert_registry=SimpleCertificateStore(),
        embed_roots=False,
    )


def _certificate(certificate_pem: bytes) -> x509.Certificate:
    try:
        kind, _, der = pem.unarmor(certificate_pem)
        if kind != "CERTIFICATE":
            raise ValueError("another kind of PEM")
        certificate: x509.Certificate = x509.Certificate.load(der, strict=True)
    except ValueError as error:
        raise Untrusted("certificate.malformed") from error
    return certificate


def verify_pdf(
    pdf: bytes, *, trusted: Sequence[bytes], stamp_roots: Sequence[bytes], now: datetime
) -> list[PdfSignature]:
    """Check every signature of a PDF, in order of signing; an empty list if it has none.

    trusted, stamp_roots: certificates as PEM. now: aware; the certificate must have been valid
    then, or at the trusted stamp's time. Raises Untrusted if the bytes are no PDF, a signature
    does not hold, or anything but a further signature was added after one.
    """
    _require_size(pdf)
    try:
        # One reader for all: pyHanko compares the revisions.
        found = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        checked = [_checked(one, trusted, stamp_roots, now) for one in found]
        covered = not found or found[-1].coverage is SignatureCoverageLevel.ENTIRE_FILE
    except SignatureValidationError as error:
        raise Untrusted("pdf.signature_malformed") from error
    except _MALFORMED as error:
        raise Untrusted("pdf.malformed") from error
    if not covered:
        raise Untrusted("pdf.changed_after_signing")
    return checked


def _checked(
    one: EmbeddedPdfSignature,
    trusted: Sequence[bytes],
    stamp_roots: Sequence[bytes],
    now: datetime,
) -> PdfSignature:
    status = asyncio.run(
        async_validate_pdf_signature(
            one,
            signer_validation_context=_context(trusted, now),
            ts_validation_context=_context(stamp_roots, now),
        )
    )
    if not (status.intact and status.valid):
        raise Untrusted("pdf.signature_wrong", field=one.field_name)
    if status.modification_level is None or not status.docmdp_ok:
        raise Untrusted("pdf.changed_after_signing", field=one.field_name)
    stamp = status.timestamp_validity
    holds = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
    return PdfSignature(
        field=str(one.field_name),
        subject=str(one.signer_cert.subject.human_friendly),
        fingerprint_sha256=one.signer_cert.sha256.hex(),
        stated_at=one.self_reported_timestamp,
        stamped_at=stamp.timestamp if stamp is not None and holds else None,
        trusted=bool(status.trusted),
        reason=str(one.sig_object.get("/Reason", "")),
    )


def _context(roots: Sequence[bytes], now: datetime) -> Any:
    return ValidationContext(
        trust_roots=[_certificate(root) for root in roots],
        moment=now.astimezone(UTC),
        allow_fetching=False,
    )
