"""Ukrainian national signatures in CMS: recognised and carried as issued, never judged here.

OpenSSL and `cryptography` cannot load DSTU 4145 keys (evidence.md, finding 0.3).
"""

# asn1crypto comes without types.
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

from dataclasses import dataclass

from asn1crypto import cms

from comity.core.signed_data import MAX_BYTES as _SIGNATURE_BYTES
from comity.core.signed_data import PARSING

MAX_BYTES = _SIGNATURE_BYTES

# Algorithms of the national standards: {iso(1) member-body(2) ua(804) root(2) security(1)
# cryptography(1) ua-pki(1)}; order of the Administration of the State Service of Special
# Communications on formats of signed data.
UA_PKI = "1.2.804.2.1.1.1"


@dataclass(frozen=True)
class NationalSignature:
    """A CMS that is signed under a national algorithm. algorithms: OIDs of its signers.

    content: what is signed, if it is inside; None for a signature that lies beside its file.
    signers: names as the certificates inside state them.
    """

    algorithms: tuple[str, ...]
    content: bytes | None
    signers: tuple[str, ...]


def recognise(der: bytes) -> NationalSignature | None:
    """Return what is known of a signature under a Ukrainian national algorithm; None for others."""
    if len(der) > MAX_BYTES:
        return None
    try:
        return _read(der)
    except PARSING:
        return None


def _read(der: bytes) -> NationalSignature | None:
    outer = cms.ContentInfo.load(der)
    if outer["content_type"].native != "signed_data":
        return None
    signed = outer["content"]
    oids = tuple(
        str(info["signature_algorithm"]["algorithm"].dotted) for info in signed["signer_infos"]
    )
    if not any(oid == UA_PKI or oid.startswith(UA_PKI + ".") for oid in oids):
        return None
    content = signed["encap_content_info"]["content"]
    inside = bytes(content.native) if content.native is not None else None
    return NationalSignature(oids, inside, tuple(_names(signed)))


def _names(signed: cms.SignedData) -> list[str]:
    found = []
    for each in signed["certificates"]:
        if each.name == "certificate":
            found.append(str(each.chosen.subject.human_friendly)[:300])
    return found
