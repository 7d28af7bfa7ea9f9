"""Receipts: what a node says it did with a message, signed and chained (assistance.md, E.5)."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric import ec

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing import jws
from comity.core.sealing.fields import CODE, NODE_ID, REFERENCE, Fields, moment_text

TYPE = "comity-receipt+jws"
MAX_DETAILS = 20
_HEX_OR_NOTHING = re.compile(r"([0-9a-f]{64})?")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


class Event(StrEnum):
    """What happened to a message; the names in comments are those of ETSI EN 319 522."""

    ACCEPTED_FOR_SENDING = "E1"  # SubmissionAcceptance
    RELAYED = "E2"  # RelayAcceptance
    CONSIGNED = "E3"  # ContentConsignment
    HANDED_OVER = "E4"  # ContentHandover
    ACKNOWLEDGED = "E5"  # an authority registered it: no counterpart
    RELAY_REJECTED = "F1"  # RelayRejection
    RELAY_FAILED = "F2"  # RelayFailure
    NOT_DELIVERED = "F3"  # ContentConsignmentFailure
    NOT_RETRIEVED = "F4"  # ContentHandoverFailure


_EVENT = re.compile("|".join(Event))


@dataclass(frozen=True)
class Receipt:
    """One statement of the node `node_id` about one message.

    container_sha256, sealed_sha256: 64 hexadecimal digits, or "" where the node never had the
    bytes. at: aware. actor_role: a role, never a person. prev: `digest` of the node's previous
    receipt to this partner, "" for the first. head_size, head_root: the node's ledger then (root
    "" only if it is empty), so that a ledger rewritten later contradicts receipts others hold.
    details: codes and references only, such as reason, registered_as, expected_on.
    """

    receipt_id: uuid.UUID
    message_id: uuid.UUID
    event: Event
    container_sha256: str
    sealed_sha256: str
    at: datetime
    actor_role: str
    node_id: str
    prev: str
    head_size: int
    head_root: str
    details: dict[str, str] = field(default_factory=dict)


def sign(receipt: Receipt, *, key: ec.EllipticCurvePrivateKey, certificate_pem: bytes | str) -> str:
    """Return the receipt as compact JWS, signed with the node's seal key.

    certificate_pem: of that key; its SHA-256 goes into the header (x5t#S256).
    Raises ValueError for a receipt that `verify` would refuse.
    """
    payload = canonical.encode(
        vars(receipt)
        | {
            "at": moment_text(receipt.at),
            "message_id": str(receipt.message_id),
            "receipt_id": str(receipt.receipt_id),
        }
    )
    try:
        _parse(payload)
    except Untrusted as refusal:
        raise ValueError(f"{refusal.code} {refusal.facts}") from refusal
    certificate = jws.load_pem(certificate_pem)
    return jws.sign(payload, {"typ": TYPE, "x5t#S256": jws.thumbprint(certificate)}, key)


def verify(text: str, certificate_pem: bytes | str) -> Receipt:
    """Return the receipt that the key of this certificate signed.

    The caller compares node_id, message_id and digests with what it expects.
    Raises Untrusted: receipt.malformed, receipt.other_certificate, receipt.signature,
    receipt.field (facts: field) or a code of `canonical` or `certificate`.
    """
    parts = jws.split(text, "receipt")
    if set(parts.header) != {"alg", "typ", "x5t#S256"} or parts.header["typ"] != TYPE:
        raise Untrusted("receipt.malformed")
    certificate = jws.load_pem(certificate_pem)
    if parts.header["x5t#S256"] != jws.thumbprint(certificate):
        raise Untrusted("receipt.other_certificate")
    jws.check(parts, certificate, "receipt")
    return _parse(parts.payload)


def digest(text: str) -> str:
    """Return the SHA-256 of the JWS text in 64 hexadecimal digits: `prev` of the next receipt."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def check_chain(texts: Sequence[str], certificate_pem: bytes | str) -> list[Receipt]:
    """Verify all receipts of a node to one partner, oldest first, and that none is missing.

    Raises Untrusted: as `verify`; receipt.chain (facts: position) where a receipt does not name
    its predecessor, comes from another node, or its ledger has shrunk.
    """
    receipts: list[Receipt] = []
    for position, text in enumerate(texts):
        receipt = verify(text, certificate_pem)
        last = receipts[-1] if receipts else receipt
        expected = digest(texts[position - 1]) if position else ""
        shrunk = receipt.head_size < last.head_size
        if receipt.prev != expected or receipt.node_id != last.node_id or shrunk:
            raise Untrusted("receipt.chain", position=position)
        receipts.append(receipt)
    return receipts


def _parse(payload: bytes) -> Receipt:
    fields = Fields(canonical.decode(payload), "receipt")
    receipt = Receipt(
        receipt_id=fields.identifier("receipt_id"),
        message_id=fields.identifier("message_id"),
        event=_event(fields),
        container_sha256=fields.text("container_sha256", _HEX_OR_NOTHING),
        sealed_sha256=fields.text("sealed_sha256", _HEX_OR_NOTHING),
        at=fields.moment("at"),
        actor_role=fields.text("actor_role", _ROLE),
        node_id=fields.text("node_id", NODE_ID),
        prev=fields.text("prev", _HEX_OR_NOTHING),
        head_size=fields.number("head_size", least=0, most=2**53 - 1),
        head_root=fields.text("head_root", _HEX_OR_NOTHING),
        details=_details(fields),
    )
    fields.done()
    if receipt.head_size and not receipt.head_root:
        raise fields.odd("head_root")
    return receipt


def _event(fields: Fields) -> Event:
    return Event(fields.text("event", _EVENT))


def _details(fields: Fields) -> dict[str, str]:
    details = Fields(fields.table("details", at_most=MAX_DETAILS), "receipt")
    return {name: details.text(name, REFERENCE) for name in details.names(CODE)}
