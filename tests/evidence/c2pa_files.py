"""Real C2PA files: an invented camera's certificate under an invented root, and c2pa's builder."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CAPTURE = "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"
USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """PEM: certificates of signer and root, the signer's key, the root alone."""

    certificates: str
    key: str
    root: str


def _name(common: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "UA"), (NameOID.ORGANIZATION_NAME, "Invented Press"))
    named = [x509.NameAttribute(oid, value) for oid, value in parts]
    return x509.Name([*named, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(**wanted: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**(dict.fromkeys(USAGES, False) | wanted))


def chain() -> Chain:
    """A root and a camera under it, as C2PA demands them."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    since = datetime.now(UTC) - timedelta(days=1)

    def begun(subject: str, public: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name("Root"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(since + timedelta(days=300))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        )

    root = (
        begun("Root", root_key.public_key())
        .add_extension(x509.BasicConstraints(True, None), True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), True)
        .sign(root_key, hashes.SHA256())
    )
    camera = (
        begun("Camera 2", key.public_key())
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(_usage(digital_signature=True), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), False
        )
        .sign(root_key, hashes.SHA256())
    )
    pem = [each.public_bytes(serialization.Encoding.PEM).decode() for each in (camera, root)]
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Chain("".join(pem), secret.decode(), pem[1])


def signed(data: bytes, media_type: str, by: Chain) -> bytes:
    """The file with a manifest that says it was captured."""
    info = c2pa.C2paSignerInfo(b"es256", by.certificates.encode(), by.key.encode(), None)
    action = {"action": "c2pa.created", "digitalSourceType": CAPTURE}
    manifest = {
        "claim_generator_info": [{"name": "invented-camera", "version": "2"}],
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }
    made = io.BytesIO()
    with c2pa.Builder(manifest) as builder:
        builder.sign(c2pa.Signer.from_info(info), media_type, io.BytesIO(data), made)
    return made.getvalue()
