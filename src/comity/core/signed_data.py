"""CMS SignedData (RFC 5652) with one signer, read strictly: for seals and for time tokens."""

# asn1crypto and rfc3161-client come without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from asn1crypto import cms, core
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from comity.core import certificates
from comity.core.errors import Untrusted

MAX_BYTES = 4 << 20
_MAX_DEPTH = 40
_MAX_CERTIFICATES = 20
_MIN_RSA_BITS = 2048
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
# asn1crypto parses lazily and raises whatever the bytes provoke.
PARSING = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True)
class SignedData:
    """One verified signature.

    content: what is signed. attributes: the signed attributes by name, as asn1crypto values.
    signature: the raw value. signer: its certificate. others: certificates beside it.
    unsigned: unsigned attributes by name.
    """

    content: bytes
    attributes: dict[str, Any]  # Any: asn1crypto has no types
    signature: bytes
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]
    unsigned: dict[str, Any]  # Any: asn1crypto has no types


def read(der: bytes, *, content_type: str, detached: bytes | None) -> SignedData:
    """Parse a SignedData and verify its signature with the certificate that it carries.

    der: the ContentInfo, nothing after it. content_type: the asn1crypto name of what is signed.
    detached: the content when it is not inside. Says nothing about trust in the certificate.
    Demands exactly one signer, signed attributes, a signing-certificate attribute that matches
    (RFC 5035), SHA-2, and DER framing throughout.
    Raises Untrusted("cms.…").
    """
    if len(der) > MAX_BYTES:
        raise Untrusted("cms.malformed", size_bytes=len(der))
    require_der(der)
    try:
        return _verified(der, content_type, detached)
    except PARSING as error:
        raise Untrusted("cms.malformed") from error


def _verified(der: bytes, content_type: str, detached: bytes | None) -> SignedData:
    signed = _signed_data(der, content_type)
    (info,) = signed["signer_infos"]
    encapsulated = _encapsulated(signed)
    content = _content(encapsulated, detached)
    algorithm = _digest_algorithm(info["digest_algorithm"])
    if [_digest_algorithm(each) for each in signed["digest_algorithms"]] != [algorithm]:
        raise Untrusted("cms.malformed")
    attributes = _attributes(info["signed_attrs"])
    if _only(attributes, "content_type").native != content_type:
        raise Untrusted("cms.malformed")
    if _only(attributes, "message_digest").native != hashlib.new(algorithm, content).digest():
        raise Untrusted("cms.digest_mismatch")
    found = [certificates.load_der(each.dump()) for each in _plain_certificates(signed)]
    signer = _signer_certificate(info["sid"], found)
    _require_bound(attributes, signer)
    # The signed form of the attributes is an explicit SET, not the [0] they travel in.
    _require_signature(info, algorithm, signer, info["signed_attrs"].untag().dump())
    return SignedData(
        content=content,
        attributes=attributes,
        signature=info["signature"].native,
        signer=signer,
        others=tuple(each for each in found if each != signer),
        unsigned=_attributes(info["unsigned_attrs"]),
    )


def _signed_data(der: bytes, content_type: str) -> Any:
    outer = cms.ContentInfo.load(der, strict=True)
    if outer["content_type"].native != "signed_data":
        raise Untrusted("cms.malformed")
    signed = outer["content"]
    expected = "v1" if content_type == "data" else "v3"
    if signed["version"].native != expected or len(signed["crls"]):
        raise Untrusted("cms.malformed")
    if signed["encap_content_info"]["content_type"].native != content_type:
        raise Untrusted("cms.malformed")
    if len(signed["signer_infos"]) != 1:
        raise Untrusted("cms.signers", count=len(signed["signer_infos"]))
    if not len(signed["signer_infos"][0]["signed_attrs"]):
        # Without attributes the signer's purpose is not bound (openssl/openssl#27055).
        raise Untrusted("cms.no_attributes")
    return signed


def _digest_algorithm(declared: Any) -> str:
    """Give the name of a SHA-2 whose parameters are absent or NULL (RFC 5754, section 2)."""
    name = declared["algorithm"].native
    if name not in _HASHES or declared["parameters"].dump() not in {b"", b"\x05\x00"}:
        raise Untrusted("cms.algorithm", algorithm=str(name))
    return str(name)


def _encapsulated(signed: Any) -> bytes | None:
    content = signed["encap_content_info"]["content"]
    # asn1crypto replaces the octets of a known type by what it parses from them; .contents stays.
    return None if isinstance(content, core.Void) else bytes(content.contents)


def _content(encapsulated: Any, detached: bytes | None) -> bytes:
    if detached is not None:
        if encapsulated is not None:
            raise Untrusted("cms.malformed")
        return detached
    if not isinstance(encapsulated, bytes):
        raise Untrusted("cms.malformed")
    return encapsulated


def _attributes(attributes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in attributes:
        name = attribute["type"].native
        if name in found:
            raise Untrusted("cms.malformed")
        found[name] = attribute["values"]
    return found


def _only(attributes: dict[str, Any], name: str) -> Any:
    if name not in attributes or len(attributes[name]) != 1:
        raise Untrusted("cms.malformed")
    return attributes[name][0]


def _plain_certificates(signed: Any) -> Iterator[Any]:
    if len(signed["certificates"]) > _MAX_CERTIFICATES:
        raise Untrusted("cms.malformed")
    for choice in signed["certificates"]:
        if choice.name != "certificate":
            raise Untrusted("cms.malformed")
        yield choice.chosen


def _signer_certificate(sid: Any, found: list[x509.Certificate]) -> x509.Certificate:
    if sid.name != "issuer_and_serial_number":
        raise Untrusted("cms.malformed")
    issuer = sid.chosen["issuer"].dump()
    serial = sid.chosen["serial_number"].native
    for certificate in found:
        if certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer:
            return certificate
    raise Untrusted("cms.certificate_missing")


def _require_bound(attributes: dict[str, Any], signer: x509.Certificate) -> None:
    """Demand the attribute that keeps another certificate of the same key out (RFC 5035)."""
    der = signer.public_bytes(Encoding.DER)
    if "signing_certificate_v2" in attributes:
        first = _only(attributes, "signing_certificate_v2")["certs"][0]
        expected = hashlib.new(_digest_algorithm(first["hash_algorithm"]), der).digest()
    elif "signing_certificate" in attributes:
        # RFC 3161 tokens may still name the certificate by SHA-1; a collision does not help here.
        first = _only(attributes, "signing_certificate")["certs"][0]
        expected = hashlib.sha1(der, usedforsecurity=False).digest()
    else:
        raise Untrusted("cms.certificate_not_bound")
    if first["cert_hash"].native != expected:
        raise Untrusted("cms.certificate_not_bound")


def _require_signature(info: Any, digest: str, signer: x509.Certificate, message: bytes) -> None:
    if info["version"].native != "v1":
        raise Untrusted("cms.malformed")
    declared = info["signature_algorithm"]
    kind = declared.signature_algo
    # rsaEncryption names no hash; every other algorithm names the one that must be used.
    if declared["algorithm"].native != "rsassa_pkcs1v15" and declared.hash_algo != digest:
        raise Untrusted("cms.algorithm", algorithm=str(declared["algorithm"].native))
    if kind != "rsassa_pss" and declared["parameters"].dump() not in {b"", b"\x05\x00"}:
        raise Untrusted("cms.algorithm", algorithm=str(kind))
    value = info["signature"].native
    try:
        key = signer.public_key()
        if kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, message, ec.ECDSA(_HASHES[digest]))
            return
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _MIN_RSA_BITS:
            key.verify(value, message, _rsa_padding(kind, declared, digest), _HASHES[digest])
            return
    except InvalidSignature as error:
        raise Untrusted("cms.signature_wrong") from error
    except UnsupportedAlgorithm as error:
        raise Untrusted("cms.algorithm") from error
    raise Untrusted("cms.algorithm", algorithm=str(kind))


def _rsa_padding(kind: str, declared: Any, digest: str) -> padding.AsymmetricPadding:
    if kind == "rsassa_pkcs1v15":
        return padding.PKCS1v15()
    if kind != "rsassa_pss":
        raise Untrusted("cms.algorithm", algorithm=str(kind))
    parameters = declared["parameters"]
    mask = parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native
    if mask != digest:
        raise Untrusted("cms.algorithm", algorithm=str(kind))
    return padding.PSS(padding.MGF1(_HASHES[digest]), parameters["salt_length"].native)


def certificate_from_pem(pem: bytes) -> Any:
    """Give a PEM certificate as an asn1crypto value, for building a SignedData.

    Raises Untrusted("certificate.malformed").
    """
    der = certificates.load_certificate(pem).public_bytes(Encoding.DER)
    return asn1_x509.Certificate.load(der, strict=True)


def require_der(data: bytes) -> None:
    """Demand definite, minimal lengths in every element and nothing after the outermost one.

    The order inside a SET is left alone: OpenSSL's time-stamp replies do not sort it.
    Raises Untrusted("cms.malformed").
    """
    pending = [(0, len(data), 0)]
    first = True
    while pending:
        start, end, depth = pending.pop()
        if depth > _MAX_DEPTH:
            raise Untrusted("cms.malformed")
        while start < end:
            constructed, body, after = _element(data, start, end)
            if constructed:
                pending.append((body, after, depth + 1))
            if first and after != len(data):
                raise Untrusted("cms.malformed")
            first = False
            start = after
    if first:
        raise Untrusted("cms.malformed")


def _element(data: bytes, start: int, end: int) -> tuple[bool, int, int]:
    """Give (constructed, start of the body, end of the body) of the element at `start`."""
    if end - start < 2 or data[start] & 0x1F == 0x1F:
        raise Untrusted("cms.malformed")
    length, body = data[start + 1], start + 2
    if length >= 0x80:
        width = length & 0x7F
        written = data[body : body + width]
        length, body = int.from_bytes(written, "big"), body + width
        if not 1 <= width <= 4 or written[:1] == b"\0" or length < 0x80:
            raise Untrusted("cms.malformed")
        if width > 1 and length < 1 << (8 * (width - 1)):
            raise Untrusted("cms.malformed")
    if body + length > end:
        raise Untrusted("cms.malformed")
    return bool(data[start] & 0x20), body, body + length
