"""Two invented nodes and a court package between them, made with real keys and a real authority."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from comity.core import (
    canonical,
    checkpoint,
    logproof,
    merkle,
    messages,
    notes,
    renewals,
    tiles,
    timestamps,
)
from comity.core.certificates import make_ca, make_certificate
from comity.core.cms import Stamper
from comity.core.container import Entry, Seal, write_container
from comity.core.package import (
    PackageItem,
    PackageMessage,
    PackageRenewal,
    PackageSpec,
    ProvenEntry,
    Trust,
    write_package,
)
from comity.core.package_form import CustodyLine
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import keys, receipts
from comity.core.sealing.descriptor import Descriptor, HttpKey, KemKey
from comity.core.sealing.fields import moment_text
from comity.core.sealing.receipts import Event, Receipt
from comity.core.uuid7 import uuid7
from comity.node.testtsa import Authority

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class Node:
    """A node's keys, its descriptor and its ledger in memory."""

    def __init__(self, node_id: str, state: str, now: datetime = NOW) -> None:
        self.node_id, self.now = node_id, now
        self.ca = make_ca(f"{node_id} authority", now, 3650)
        pair = make_certificate(self.ca, node_id, "seal", [], now, 1095)
        self.seal = Seal(pair.key_pem, pair.certificate_pem)
        key = load_pem_private_key(pair.key_pem, None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self.seal_key = key
        self.ledger_signer = notes.Signer(f"{node_id}/ledger", os.urandom(32))
        self.state = state
        self.leaves: list[bytes] = []
        self.last_receipt = ""

    @cached_property
    def descriptor(self) -> Descriptor:
        _, public, key_id = keys.generate(2)
        http = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        return Descriptor(
            node_id=self.node_id,
            names={"uk": "Вигаданий орган", "ja": "架空の機関", "en": "Invented authority"},
            state=self.state,
            roles=("prosecution",),
            endpoint=f"https://{self.node_id}",
            seal_certificate=self.seal.certificate.decode(),
            kem_keys=(KemKey(key_id, 2, public),),
            http_key=HttpKey("http-1", http),
            ledger_key=self.ledger_signer.verifier.text,
            tls_ca=self.ca.certificate_pem.decode(),
            suites=(2,),
            max_message_bytes=1 << 26,
            issued_at=self.now,
            serial=1,
        )

    @cached_property
    def descriptor_text(self) -> str:
        return descriptors.sign(self.descriptor, self.seal_key)

    def record(self, kind: str, subject: str, details: dict[str, object]) -> CustodyLine:
        """Append one entry in the ledger's own form."""
        written, salt = canonical.encode(details), os.urandom(32)
        body = canonical.encode(
            {
                "v": 1,
                "id": str(uuid7(self.now)),
                "kind": kind,
                "actor": f"officer:{uuid7(self.now)}",
                "at": moment_text(self.now),
                "subject": subject,
                "commitment": hashlib.sha256(salt + written).hexdigest(),
            }
        )
        self.leaves.append(body)
        return CustodyLine(len(self.leaves) - 1, body, written, salt)

    def note(self, witnesses: Sequence[notes.Signer] = ()) -> bytes:
        root = merkle.root_of(merkle.leaf_hash(leaf) for leaf in self.leaves)
        head = checkpoint.Checkpoint(f"{self.node_id}/ledger", len(self.leaves), root)
        return checkpoint.sign(head, [self.ledger_signer, *witnesses], self.now)

    def prove(self, lines: Sequence[CustodyLine], note: bytes) -> list[ProvenEntry]:
        hashes = [merkle.leaf_hash(leaf) for leaf in self.leaves]
        reader = Tiles()
        for write in tiles.append(reader, 0, hashes):
            reader.held[write.level, write.index] = write.data
        return [
            ProvenEntry(
                line,
                logproof.write(
                    logproof.LogProof(
                        line.index,
                        tuple(tiles.inclusion_path(reader, line.index, len(hashes))),
                        note,
                    )
                ),
            )
            for line in lines
        ]

    def message(self, to: Node, kind: str, **fields: Any) -> tuple[str, bytes]:
        """A sealed message container: (id, bytes). fields: of `messages.Message`."""
        message = messages.Message(
            id=uuid7(self.now),
            conversation=uuid.uuid4(),
            seq=0,
            type=kind,
            from_node=self.node_id,
            to_node=to.node_id,
            created=self.now,
            classification="official",
            body={"purpose": "Перевірка / 検証"},
            **fields,
        )
        target = io.BytesIO()
        entry = Entry("message.json", messages.to_bytes(message), "application/json")
        write_container(target, [entry], self.seal, self.now)
        return str(message.id), target.getvalue()

    def receipt(self, event: Event, message_id: str, container: bytes) -> str:
        root = merkle.root_of(merkle.leaf_hash(leaf) for leaf in self.leaves)
        receipt = Receipt(
            receipt_id=uuid.uuid4(),
            message_id=uuid.UUID(message_id),
            event=event,
            container_sha256=hashlib.sha256(container).hexdigest(),
            sealed_sha256="",
            at=self.now,
            actor_role="registrar",
            node_id=self.node_id,
            prev=self.last_receipt,
            head_size=len(self.leaves),
            head_root=root.hex() if self.leaves else "",
        )
        text = receipts.sign(receipt, key=self.seal_key, certificate_pem=self.seal.certificate)
        self.last_receipt = receipts.digest(text)
        return text


@dataclass
class Tiles:
    held: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self.held[level, index][: 32 * width]


def stamper(authority: Authority) -> Stamper:
    def stamp(digest: bytes) -> bytes:
        request = timestamps.make_request(digest, 7)
        return timestamps.token_of(authority.reply(request))

    return stamp


def stamped(authority: Authority, note: bytes) -> tuple[bytes, bytes]:
    request = timestamps.make_request(hashlib.sha256(note).digest(), 2**62 + 3)
    return request, authority.reply(request)


def renewed(spec: PackageSpec, authority: Authority, chain: bytes) -> PackageSpec:
    """The package with its tokens, and the renewals it has, renewed. chain: PEM of that day."""
    record = renewals.write(
        renewals.Record(
            note=renewals.digest(spec.checkpoint),
            tokens=tuple(renewals.digest(response) for _, response in spec.time),
            renewals=tuple(renewals.digest(each.response) for each in spec.renewals),
            chain=renewals.chain_digests(chain),
        )
    )
    made = PackageRenewal(record, chain, *stamped(authority, record))
    return replace(spec, renewals=[*spec.renewals, made])


def make_spec(
    kyiv: Node,
    tokyo: Node,
    contents: Sequence[bytes],
    *,
    authority: Authority | None = None,
    witnesses: Sequence[notes.Signer] = (),
) -> PackageSpec:
    """A package of these items, with a letter, its receipts, and time if there is an authority."""
    kyiv.record("ledger.started", "node:kyiv", {"note": "not in the package"})
    items, lines = [], []
    for number, content in enumerate(contents, 1):
        subject, digest = f"item:{uuid.uuid4()}", hashlib.sha256(content).hexdigest()
        taken = kyiv.record(
            "evidence.item_ingested",
            subject,
            {"sha256": digest, "size": len(content), "role": "investigator"},
        )
        looked = kyiv.record("evidence.item_viewed", subject, {"purpose": "case"})
        lines += [taken, looked]
        items.append(
            PackageItem(
                number=f"E-{number:06}",
                source=content,
                sha256=digest,
                size=len(content),
                media_type="image/jpeg",
                conditions=("Лише для цієї справи",),
                entries=(taken.index, looked.index),
            )
        )
    identifier, container = kyiv.message(tokyo, "letter/1")
    sent = kyiv.receipt(Event.ACCEPTED_FOR_SENDING, identifier, container)
    taken_over = [
        tokyo.receipt(event, identifier, container)
        for event in (Event.RELAYED, Event.CONSIGNED, Event.ACKNOWLEDGED)
    ]
    note = kyiv.note(witnesses)
    return PackageSpec(
        from_node=kyiv.node_id,
        purpose="Хід провадження",
        legal_basis="UNTOC 18",
        case_ref="K-2026-17",
        created=NOW,
        seal=Seal(
            kyiv.seal.key, kyiv.seal.certificate, None if authority is None else stamper(authority)
        ),
        items=items,
        custody=kyiv.prove(lines, note),
        checkpoint=note,
        descriptors=[kyiv.descriptor_text, tokyo.descriptor_text],
        time=[] if authority is None else [stamped(authority, note)],
        messages=[PackageMessage(identifier, container)],
        receipts=[sent, *taken_over],
    )


def written(spec: PackageSpec) -> bytes:
    target = io.BytesIO()
    write_package(target, spec)
    return target.getvalue()


def trusting(*nodes: Node, authority: Authority | None = None) -> Trust:
    roots = () if authority is None else (authority.root_pem,)
    return Trust(tuple(node.descriptor for node in nodes), roots)


def later() -> datetime:
    return NOW + timedelta(days=20)


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
