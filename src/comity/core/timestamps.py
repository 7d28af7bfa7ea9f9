"""RFC 3161 time-stamps: requests, replies and tokens, each verified as of the time it states."""

# asn1crypto and rfc3161-client come without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from asn1crypto import algos, cms, core, tsp
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from comity.core import certificates, signed_data
from comity.core.errors import Untrusted
from comity.core.signed_data import PARSING

if TYPE_CHECKING:
    import rfc3161_client

CLOCK_TOLERANCE = timedelta(minutes=5)
_DIGEST_BYTES = 32


class _Reply(core.Sequence):
    """TimeStampResp with its token optional, as in RFC 3161, 2.4.2; asn1crypto demands one."""

    _fields = [
        ("status", tsp.PKIStatusInfo),
        ("time_stamp_token", cms.ContentInfo, {"optional": True}),
    ]


@dataclass(frozen=True)
class Stamp:
    """What a time-stamp authority states.

    gen_time: aware UTC. policy: dotted object identifier. serial: the authority's number.
    authority: its certificate's subject (RFC 4514). token: the ContentInfo in DER.
    trusted: its certificate leads, at gen_time, to a root that the caller trusts.
    """

    gen_time: datetime
    policy: str
    serial: int
    authority: str
    token: bytes
    trusted: bool = False


@dataclass(frozen=True)
class Query:
    """What was asked of an authority. digest: SHA-256. nonce: None if none was sent."""

    digest: bytes
    nonce: int | None


def make_request(digest: bytes, nonce: int | None) -> bytes:
    """Give the DER request for a stamp over a SHA-256 digest, asking for the certificate.

    digest: 32 bytes. nonce: 64 random bits from the caller, or None.
    """
    if len(digest) != _DIGEST_BYTES:
        raise ValueError("the digest is not a SHA-256")
    fields: dict[str, Any] = {  # Any: asn1crypto has no types
        "version": 1,
        "message_imprint": {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": digest,
        },
        "cert_req": True,
    }
    if nonce is not None:
        fields["nonce"] = core.Integer(nonce)
    return bytes(tsp.TimeStampReq(fields).dump())


def read_request(request: bytes) -> Query:
    """Read a request back.

    Raises Untrusted("timestamp.malformed") for anything but a request over SHA-256.
    """
    _require_der(request)
    try:
        parsed = tsp.TimeStampReq.load(request, strict=True)
        imprint = parsed["message_imprint"]
        if imprint["hash_algorithm"]["algorithm"].native != "sha256":
            raise Untrusted("timestamp.malformed")
        if parsed["version"].native != "v1" or not parsed["cert_req"].native:
            raise Untrusted("timestamp.malformed")
        return Query(imprint["hashed_message"].native, parsed["nonce"].native)
    except PARSING as error:
        raise Untrusted("timestamp.malformed") from error


def verify_response(
    response: bytes,
    digest: bytes,
    nonce: int | None,
    trusted_roots: Sequence[bytes],
    now: datetime | None,
) -> Stamp:
    """Verify an authority's reply and give its stamp, which is then trusted.

    digest: the SHA-256 that was sent. nonce: the one that was sent; None skips the comparison.
    trusted_roots: PEM. now: refuses a time more than five minutes ahead of it; None skips that.
    The certificate is judged at the time of the stamp (RFC 3161, appendix B).
    Raises Untrusted("timestamp.…").
    """
    stamp = read_response(response, digest, nonce)
    if now is not None and stamp.gen_time > now + CLOCK_TOLERANCE:
        raise Untrusted("timestamp.from_the_future")
    return trust_stamp(stamp, trusted_roots)


def read_response(response: bytes, digest: bytes, nonce: int | None) -> Stamp:
    """Check a reply as `verify_response` does, except for trust in its authority.

    Raises Untrusted("timestamp.…").
    """
    token = token_of(response)
    stamp = read_token(token, digest)
    if nonce is not None and _info(token)["nonce"].native != nonce:
        raise Untrusted("timestamp.wrong_nonce")
    return stamp


def token_of(response: bytes) -> bytes:
    """Give the token inside a reply that grants one.

    Raises Untrusted("timestamp.not_granted") with the status, or ("timestamp.malformed").
    """
    _require_der(response)
    try:
        parsed = _Reply.load(response, strict=True)
        status = parsed["status"]["status"].native
        if status != "granted":
            raise Untrusted("timestamp.not_granted", status=str(status))
        return bytes(parsed["time_stamp_token"].dump())
    except PARSING as error:
        raise Untrusted("timestamp.malformed") from error


def stamp_of(token: bytes) -> Stamp:
    """Read a token whatever it is over, as `read_token`; for one that was verified before."""
    return _stamp_of(token, None)


def read_token(token: bytes, digest: bytes) -> Stamp:
    """Verify a token over this SHA-256 with the certificate it carries; trust is not judged.

    Raises Untrusted("timestamp.…") if its signature, its key usage or its imprint does not hold,
    or the certificate was not valid at the time it states.
    """
    return _stamp_of(token, digest)


def _stamp_of(token: bytes, digest: bytes | None) -> Stamp:
    try:
        signed = signed_data.read(token, content_type="tst_info", detached=None)
    except Untrusted as error:
        raise Untrusted("timestamp.malformed", reason=error.code) from error
    try:
        info = tsp.TSTInfo.load(signed.content, strict=True)
        imprint = info["message_imprint"]
        if imprint["hash_algorithm"]["algorithm"].native != "sha256":
            raise Untrusted("timestamp.wrong_imprint")
        if digest is not None and imprint["hashed_message"].native != digest:
            raise Untrusted("timestamp.wrong_imprint")
        stamp = Stamp(
            gen_time=info["gen_time"].native,
            policy=info["policy"].dotted,
            serial=info["serial_number"].native,
            authority=signed.signer.subject.rfc4514_string(),
            token=token,
        )
    except PARSING as error:
        raise Untrusted("timestamp.malformed") from error
    _require_time_stamping(signed.signer)
    if not certificates.is_valid_at(signed.signer, stamp.gen_time):
        raise Untrusted("timestamp.certificate_expired")
    return stamp


def trust_stamp(stamp: Stamp, trusted_roots: Sequence[bytes]) -> Stamp:
    """Give the stamp as trusted if its certificate leads to one of these roots at gen_time.

    trusted_roots: PEM, each one certificate or more.
    Raises Untrusted("timestamp.authority_unknown") if it does not.
    """
    import rfc3161_client  # it reads tokens; most processes never see one

    roots = [each for pem in trusted_roots for each in certificates.load_certificates(pem)]
    if not roots:
        raise Untrusted("timestamp.authority_unknown")
    reply = _decoded(stamp.token)
    verifier = rfc3161_client.VerifierBuilder(roots=roots).build()
    try:
        verifier.verify(reply, reply.tst_info.message_imprint.message)
    except (rfc3161_client.VerificationError, ValueError) as error:
        raise Untrusted("timestamp.authority_unknown") from error
    return replace(stamp, trusted=True)


def chain_of(stamp: Stamp, trusted_roots: Sequence[bytes]) -> list[x509.Certificate]:
    """Give the certificates from the authority's own to one of these roots, valid at gen_time.

    trusted_roots: PEM. Only the authority's own if none of them leads there; trust is the matter
    of `trust_stamp`.
    """
    signed = signed_data.read(stamp.token, content_type="tst_info", detached=None)
    roots = [each for pem in trusted_roots for each in certificates.load_certificates(pem)]
    found = certificates.path_to(
        signed.signer, others=signed.others, trusted=roots, at=stamp.gen_time
    )
    return found or [signed.signer]


def end_of(chain: Sequence[x509.Certificate]) -> datetime:
    """Give the moment at which the first certificate of a chain ends, aware UTC."""
    return min(certificate.not_valid_after_utc for certificate in chain)


def _decoded(token: bytes) -> rfc3161_client.TimeStampResponse:
    """Give the token as rfc3161-client's reply; the second try sorts its certificates.

    OpenSSL writes that SET unsorted (openssl/openssl#13142) and the client refuses it. The
    certificates stand outside the signature, so a sorted copy proves the same.
    """
    import rfc3161_client

    parsed = cms.ContentInfo.load(token)
    try:
        return rfc3161_client.decode_timestamp_response(_reply_with(parsed))
    except ValueError:
        pass
    try:
        held = list(parsed["content"]["certificates"])
        held.sort(key=lambda each: bytes(each.dump()))
        parsed["content"]["certificates"] = cms.CertificateSet(held)
        return rfc3161_client.decode_timestamp_response(_reply_with(parsed))
    except PARSING as error:
        raise Untrusted("timestamp.malformed") from error


def _reply_with(token: Any) -> bytes:
    return bytes(_Reply({"status": {"status": 0}, "time_stamp_token": token}).dump())


def _info(token: bytes) -> Any:
    content = cms.ContentInfo.load(token)["content"]
    return content["encap_content_info"]["content"].parsed


def _require_time_stamping(certificate: x509.Certificate) -> None:
    """Demand the critical usage, alone (RFC 3161, section 2.3)."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise Untrusted("timestamp.wrong_usage") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Untrusted("timestamp.wrong_usage")


def _require_der(data: bytes) -> None:
    try:
        signed_data.require_der(data)
    except Untrusted as error:
        raise Untrusted("timestamp.malformed") from error
