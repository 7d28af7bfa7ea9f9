"""What this node says about itself: its descriptor, and whom its exchange listener lets in."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.core import canonical
from comity.core.access import NodeActor
from comity.core.keyring import Keyring
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing.descriptor import Descriptor, HttpKey, KemKey
from comity.exchange.models import OwnDescriptor, Partner
from comity.ledger import actions as ledger

NODE = NodeActor("exchange")
BUNDLE = "partners-ca.pem"


def keyring() -> Keyring:
    """This node's keys, each read from its file once in a process."""
    return _keyring(Path(settings.COMITY_KEYS))


@lru_cache(maxsize=4)
def _keyring(folder: Path) -> Keyring:
    return Keyring(folder)


def http_keyid() -> str:
    """The name of our HTTP key: the first 16 bytes of its SHA-256, as 32 hex digits."""
    return hashlib.sha256(_http_public()).hexdigest()[:32]


def _http_public() -> bytes:
    return keyring().http_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def own_descriptor() -> str:
    """Return this node's signed descriptor, newly issued if keys or settings have changed."""
    newest = OwnDescriptor.objects.order_by("-serial").first()
    content = _content_digest()
    if newest is not None and newest.content_digest == content:
        return newest.text
    return _issue(content)


@transaction.atomic
def _issue(content: str) -> str:
    newest = OwnDescriptor.objects.select_for_update().order_by("-serial").first()
    if newest is not None and newest.content_digest == content:
        return newest.text
    now = timezone.now()
    # Also grows over a database restored from an older copy.
    serial = max(int(now.timestamp()), newest.serial + 1 if newest else 0)
    text = descriptors.sign(_described(now, serial), keyring().seal_key)
    OwnDescriptor.objects.create(serial=serial, text=text, content_digest=content, issued_at=now)
    ledger.append(
        NODE,
        "exchange.descriptor_issued",
        f"node:{settings.COMITY_NODE_ID}",
        serial=serial,
        sha256=hashlib.sha256(text.encode("ascii")).hexdigest(),
    )
    return text


def _content_digest() -> str:
    described = _described(datetime(2000, 1, 1, tzinfo=UTC), 0)
    return canonical.digest_hex(
        {
            "fingerprint": descriptors.fingerprint(described),
            "endpoint": described.endpoint,
            "ledger_key": described.ledger_key,
            "max_message_bytes": described.max_message_bytes,
            "names": described.names,
            "roles": described.roles,
            "state": described.state,
            "suites": described.suites,
            "tls_ca": described.tls_ca,
        }
    )


def _described(issued_at: datetime, serial: int) -> Descriptor:
    ring = keyring()
    kem_keys = tuple(
        KemKey(str(key["key_id"]), int(str(key["suite"])), base64.b64decode(str(key["public"])))
        for key in ring.kem_public()
    )
    return Descriptor(
        node_id=settings.COMITY_NODE_ID,
        names={language: settings.COMITY_NODE_NAMES[language] for language in ("uk", "ja", "en")},
        state=settings.COMITY_STATE,
        roles=tuple(sorted(settings.MESSAGE_HANDLERS)),
        endpoint=settings.COMITY_EXCHANGE_URL.rstrip("/"),
        seal_certificate=ring.seal_certificate_pem.decode("ascii"),
        kem_keys=kem_keys,
        http_key=HttpKey(http_keyid(), _http_public()),
        ledger_key=ledger.signer().verifier.text,
        tls_ca=ring.read("ca.pem").decode("ascii"),
        suites=tuple(sorted({key.suite for key in kem_keys})),
        max_message_bytes=settings.COMITY_MAX_MESSAGE_BYTES,
        issued_at=issued_at,
        serial=serial,
    )


def write_partners_bundle() -> bool:
    """Write the authorities whose certificates the listener accepts; say whether they changed.

    `<keys>/partners-ca.pem` holds our own authority and that of every active partner. The listener
    reads it only at start, so `comity serve` watches it and starts the listener again.
    """
    authorities = [keyring().read("ca.pem").decode("ascii").strip()]
    for partner in Partner.objects.active().order_by("node_id"):
        authorities.append(partner.described().tls_ca.strip())
    wanted = ("\n".join(dict.fromkeys(authorities)) + "\n").encode("ascii")
    path = Path(settings.COMITY_KEYS) / BUNDLE
    if path.exists() and path.read_bytes() == wanted:
        return False
    fresh = path.with_name(f"{BUNDLE}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        file.write(wanted)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    return True
