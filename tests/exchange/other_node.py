"""Another authority's node, played by the tests with the same core: keys, calls, receipts."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.test import Client

from comity.core import container, httpsig, keyring, messages
from comity.core.keyring import Keyring
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import envelope, receipts
from comity.core.sealing.descriptor import Descriptor, HttpKey, KemKey
from comity.core.sealing.receipts import Event
from comity.core.uuid7 import uuid7
from comity.exchange.actions import own_descriptor

OCTETS = "application/octet-stream"
JOSE = "application/jose"
CLIENT = Client()


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class OtherNode:
    """One foreign node."""

    node_id: str
    keys: Keyring
    serial: int = 1
    endpoint: str = "https://localhost:1"
    chain: str = ""
    head: tuple[int, str] = (0, "")
    said: list[str] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path, node_id: str) -> OtherNode:
        keys = keyring.create(folder / node_id, node_id=node_id, hosts=["localhost"], now=now())
        return cls(node_id, keys)

    @property
    def keyid(self) -> str:
        return hashlib.sha256(self._http_public()).hexdigest()[:32]

    def _http_public(self) -> bytes:
        return self.keys.http_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def described(self, **changes: Any) -> Descriptor:
        kem = tuple(
            KemKey(k["key_id"], k["suite"], base64.b64decode(k["public"]))
            for k in self.keys.kem_public()
        )
        values: dict[str, Any] = {
            "node_id": self.node_id,
            "names": {"uk": "Токіо", "ja": "東京", "en": "Office of Tokyo"},
            "state": "JP",
            "roles": ("letter/1",),
            "endpoint": self.endpoint,
            "seal_certificate": self.keys.seal_certificate_pem.decode(),
            "kem_keys": kem,
            "http_key": HttpKey(self.keyid, self._http_public()),
            "ledger_key": self.keys.ledger_signer(f"{self.node_id}/ledger").verifier.text,
            "tls_ca": self.keys.read("ca.pem").decode(),
            "suites": (1,),
            "max_message_bytes": 1 << 26,
            "issued_at": now(),
            "serial": self.serial,
        }
        return Descriptor(**(values | changes))

    def descriptor(self, **changes: Any) -> str:
        return descriptors.sign(self.described(**changes), self.keys.seal_key)

    @property
    def fingerprint(self) -> str:
        return descriptors.fingerprint(self.described())

    # what it says

    def message(self, text: str = "hello", **changes: Any) -> messages.Message:
        values: dict[str, Any] = {
            "id": uuid7(now()),
            "conversation": uuid.uuid4(),
            "seq": 0,
            "type": "note/1",
            "from_node": self.node_id,
            "to_node": settings.COMITY_NODE_ID,
            "created": now(),
            "classification": "restricted",
            "body": {"text": text},
        }
        return messages.Message(**(values | changes))

    def container(self, message: messages.Message, human: bytes = b"words") -> bytes:
        target = io.BytesIO()
        seal = container.Seal(self.keys.seal_key_pem, self.keys.seal_certificate_pem)
        entries = [
            container.Entry("message.json", messages.to_bytes(message), "application/json"),
            container.Entry("human/en.txt", human, "text/plain"),
        ]
        container.write_container(target, entries, seal, now())
        return target.getvalue()

    def seal(
        self, plain: bytes, message_id: uuid.UUID, kind: str = "message", /, **public: str
    ) -> bytes:
        """Seal bytes to the node under test; what the header says can be changed."""
        target = io.BytesIO()
        header = {
            "message_id": str(message_id),
            "from": self.node_id,
            "to": settings.COMITY_NODE_ID,
            "kind": kind,
        } | public
        recipient = descriptors.recipient(descriptors.parse(own_descriptor()))
        if header["to"] != recipient.node_id:
            recipient = envelope.Recipient(
                header["to"], recipient.suite, recipient.key_id, recipient.public
            )
        envelope.seal_stream(io.BytesIO(plain), target, header, [recipient])
        return target.getvalue()

    def sealed(self, message: messages.Message) -> bytes:
        return self.seal(self.container(message), message.id)

    def receipt(self, event: Event, sent: Any, /, **changes: Any) -> str:
        """A receipt about a message of the node under test, chained to the last one."""
        values: dict[str, Any] = {
            "receipt_id": uuid7(now()),
            "message_id": sent.uid,
            "event": event,
            "container_sha256": "" if event in {"E2", "F1"} else sent.container_sha256,
            "sealed_sha256": sent.sealed_sha256,
            "at": now(),
            "actor_role": "node",
            "node_id": self.node_id,
            "prev": self.chain,
            "head_size": self.head[0],
            "head_root": self.head[1],
            "details": {},
        }
        stated = receipts.Receipt(**(values | changes))
        text = receipts.sign(
            stated, key=self.keys.seal_key, certificate_pem=self.keys.seal_certificate_pem
        )
        self.chain = receipts.digest(text)
        return text

    # how it calls

    def signed(
        self, method: str, path: str, body: bytes, kind: str, **changes: Any
    ) -> dict[str, str]:
        values: dict[str, Any] = {
            "method": method,
            "target_uri": settings.COMITY_EXCHANGE_URL + path,
            "body_digest": hashlib.sha256(body).digest(),
            "key": self.keys.http_key,
            "keyid": self.keyid,
            "created": now(),
            "nonce": secrets.token_urlsafe(24),
            "content_type": kind,
        }
        return httpsig.sign_headers(**(values | changes))

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        kind: str = OCTETS,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ):
        fields = self.signed(method, path, body, kind, **changes) | (headers or {})
        return send(method, path, body, fields)

    def put(self, message: messages.Message, sealed: bytes | None = None, **changes: Any):
        body = self.sealed(message) if sealed is None else sealed
        return self.call("PUT", f"/x/1/messages/{message.id}", body, **changes)

    def put_blob(self, sealed: bytes, start: int = 0, end: int | None = None, **fields: str):
        part = sealed[start:end]
        digest = hashlib.sha256(sealed).hexdigest()
        headers = {"Upload-Offset": str(start), "Upload-Length": str(len(sealed))} | fields
        return self.call("PUT", f"/x/1/blobs/{digest}", part, headers=headers)


def send(method: str, path: str, body: bytes, fields: dict[str, str]):
    """Carry a call to the node under test as its listener would."""
    kind = fields.get("Content-Type", OCTETS)
    rest = {name: value for name, value in fields.items() if name != "Content-Type"}
    return CLIENT.generic(method, path, body, headers=rest, CONTENT_TYPE=kind)


def late(seconds: int) -> datetime:
    return now() - timedelta(seconds=seconds)
