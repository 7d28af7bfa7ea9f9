"""What these tests have a live node do, through its puppet: values in and out are JSON."""

from __future__ import annotations

import io
import time
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.db.models import F

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.assistance.models import LetterOfRequest
from comity.cases import actions as cases
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import Untrusted
from comity.core.sealing import envelope, keys
from comity.evidence.models import Disclosure, Item
from comity.exchange import actions as exchange
from comity.exchange import spool, transport
from comity.exchange.models import IncomingMessage, OutgoingMessage, Partner, Rejection
from comity.hub import actions as hub
from comity.hub.rules import AgeBand
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import actions as vault
from comity.vault import storage
from comity.vault.models import Pack, StoredFile

KEEPER = NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS}))
NODE = NodeActor("test")


def add_officer(email: str, password: str, secret: str, role: str) -> None:
    """An officer who signs in with both factors."""
    officer = accounts.add_officer(
        KEEPER, email=email, name="Officer of the tests", password=password, roles=[Role(role)]
    )
    TOTP.activate(officer, secret)
    RecoveryCodes.activate(officer)


def register_person(email: str) -> int:
    """A person of this coordinator's; returns the number in the address."""
    person = hub.register_person(
        Officer.objects.get(email=email),
        identity={"preferred_name": "Invented"},
        age_band=AgeBand.ADULT,
        language="uk",
        searched=True,
        reason="witness",
    )
    return person.pk


def open_case(email: str) -> str:
    """A case of this prosecutor's; returns its uid."""
    found = Officer.objects.filter(email=email).first()
    if found is None:
        add_officer(email, "another passphrase for tests", "JBSWY3DPEHPK3PXP", "prosecutor")
        found = Officer.objects.get(email=email)
    return str(cases.open_case(found, number=f"T-{uuid.uuid4().hex[:6]}", title="Case").uid)


def items() -> list[dict[str, Any]]:
    """Every item: its bytes decrypted and hashed anew, its custody held against the ledger."""
    return [
        {
            "sha256": item.sha256,
            "size": item.size,
            "name": item.original_name,
            "checked": vault.check_file(NODE, item.stored_file, item.sha256),
            "events": [record.event for record in item.custody.all()],
            "in_ledger": all(record.matches_entry for record in item.custody.all()),
            "access": item.access.count(),
        }
        for item in Item.objects.select_related("stored_file").order_by("pk")
    ]


def counts() -> list[int]:
    """How many items and how many stored files."""
    return [Item.objects.count(), StoredFile.objects.count()]


def store() -> dict[str, Any]:
    """Rows against objects, after a sweep that spares nothing which no row names."""
    swept = vault.sweep(NODE, incoming_seconds=0, object_seconds=0)
    alone = StoredFile.objects.filter(pack=None)  # a small one lies in a pack, under no name
    named = {
        name for rows in (alone, Pack.objects.all())
        for name in rows.values_list("stored_name", flat=True)
    }  # fmt: skip
    lying = set(storage.object_names(0))
    broken = []
    for name in named & lying:
        try:
            storage.check_stored(name)
        except Untrusted:
            broken.append(name)
    return {
        "rows": StoredFile.objects.count(),
        "rows_without_object": sorted(named - lying),
        "objects_without_row": sorted(lying - named),
        "broken": broken,
        "incoming": len(list((Path(settings.COMITY_VAULT) / "incoming").iterdir())),
        "swept": swept.incoming + swept.objects,
    }


def sweep() -> None:
    vault.sweep(NODE, incoming_seconds=0, object_seconds=0)


def failed_sign_ins() -> int:
    return Entry.objects.filter(kind="accounts.sign_in_failed").count()


def whole_ledger() -> dict[str, int]:
    """Number what waits, also beside a worker that does the same, then recompute everything."""
    end = time.monotonic() + 60
    while ledger.pending_count() and time.monotonic() < end:
        if not ledger.sequence_pending():
            time.sleep(0.1)
    return {"entries": ledger.verify_all(), "pending": ledger.pending_count()}


# Exchange


def pass_time(minutes: int) -> None:
    """Let so many minutes have passed: every moment that something waits for moves back."""
    span = timedelta(minutes=minutes)
    for model in (Partner, OutgoingMessage, IncomingMessage):
        model.objects.exclude(next_attempt_at=None).update(
            next_attempt_at=F("next_attempt_at") - span
        )
    OutgoingMessage.objects.update(created_at=F("created_at") - span)


def waits() -> dict[str, Any]:
    partner = Partner.objects.get()
    return {
        "failures": partner.failures,
        "last_error": partner.last_error,
        "until": partner.next_attempt_at,
        "statuses": dict(Counter(OutgoingMessage.objects.values_list("status", flat=True))),
    }


def message_uids() -> list[str]:
    return [str(uid) for uid in OutgoingMessage.objects.values_list("uid", flat=True)]


def forward(path: str, message_id: str) -> list[Any]:
    """Hand bytes to the partner as our own, well-signed call: a partner that passes things on."""
    with transport.Line(Partner.objects.get()) as line:
        answer = line.call("PUT", f"/x/1/messages/{message_id}", body=Path(path).read_bytes())
    return [answer.status, answer.code]


def send_for_another(to: str) -> str:
    """Queue a message whose envelope is sealed to a key that the partner does not have.

    to: the node that the envelope names; perhaps the partner itself.
    """
    partner, key = Partner.objects.get(), keys.generate(keys.Suite.MLKEM768_X25519)
    prepared = exchange.prepare_message(
        partner, "note/1", body={"text": "for somebody else"}, conversation=uuid.uuid4()
    )
    public = {
        "message_id": str(prepared.message.id),
        "from": settings.COMITY_NODE_ID,
        "to": to,
        "kind": "message",
    }
    with spool.absolute(prepared.sealed_path).open("wb") as target:
        sealed = envelope.seal_stream(
            io.BytesIO(b"not for whom it reaches"),
            target,
            public,
            [envelope.Recipient(to, keys.Suite.MLKEM768_X25519, key.key_id, key.public)],
        )
    misdirected = replace(prepared, sealed_sha256=sealed.sha256, sealed_size=sealed.size)
    return str(exchange.queue_message(NODE, misdirected).uid)


def outgoing_of(message_id: str) -> list[str]:
    message = OutgoingMessage.objects.get(uid=uuid.UUID(message_id))
    return [message.status, message.last_error]


def incoming_of(message_id: str) -> int:
    return IncomingMessage.objects.filter(uid=uuid.UUID(message_id)).count()


def letters() -> dict[str, int]:
    return {
        "letters": LetterOfRequest.objects.count(),
        "messages": OutgoingMessage.objects.filter(type="letter/1").count(),
        "disclosures": Disclosure.objects.count(),
    }


def rejected() -> list[str]:
    return list(Rejection.objects.order_by("id").values_list("reason", flat=True))
