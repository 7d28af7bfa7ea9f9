"""What a test has a live node do, called through its puppet: values in and out are JSON."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from comity.accounts.models import Officer, OfficerRole
from comity.core import checkpoint
from comity.core.access import NodeActor, Role
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import receipts
from comity.exchange import actions, transport, witnesses
from comity.exchange.actions import witnessing
from comity.exchange.models import (
    IncomingMessage,
    OutgoingMessage,
    Partner,
    Receipt,
    Rejection,
)
from comity.exchange.rules import Direction
from comity.ledger import actions as ledger
from comity.ledger import judging
from comity.vault import actions as vault
from comity.vault.models import StoredFile
from tests.two_nodes.notes.models import Note
from tests.two_nodes.sample import bytes_of

SENDER = NodeActor("test")
TYPES = [
    "note/1",
    "letter/1",
    "acknowledgement/1",
    "conditions/1",
    "conditions-accepted/1",
    "reply/1",
]


def officer(email: str, role: str) -> Officer:
    found, made = Officer.objects.get_or_create(email=email, defaults={"name": email.split("@")[0]})
    if made:
        OfficerRole.objects.create(officer=found, role=Role(role), granted_by="test")
    return found


def own_descriptor() -> str:
    return actions.own_descriptor()


def examine(processes: int, at_once: int) -> dict[str, Any]:
    """What an examination of the node's ledger finds."""
    judging.AT_ONCE = at_once
    report = ledger.examine(processes=processes)
    return {
        "size": report.size,
        "seen": report.seen,
        "faults": [str(fault) for fault in report.faults],
    }


def ask_witnesses() -> dict[str, Any]:
    """Ask the partner to witness the newest head; who is found to have witnessed it."""
    while ledger.sequence_pending():
        pass
    head = ledger.newest_checkpoint()
    assert head is not None
    asked = witnesses.ask_now(head)
    keys = [ledger.signer().verifier, witnessing.cosigning_key(Partner.objects.get())]
    signed = checkpoint.verify(ledger.cosigned_note(head), keys)
    return {"asked": asked, "witnesses": [one.name for one in signed.witnesses]}


def pair(text: str, types: list[str] | None = None) -> str:
    """Both officers of this node trust the other node; returns its node id."""
    partner = actions.propose_partner(
        officer("administrator@example.test", "administrator"), text, types or TYPES
    )
    actions.confirm_partner(
        officer("central@example.test", "central_authority"),
        partner,
        descriptors.fingerprint(descriptors.parse(text)),
        "Video call and paper, both officers present.",
    )
    return partner.node_id


def learn(text: str) -> bool:
    partner = Partner.objects.get(node_id=descriptors.parse(text).node_id)
    return actions.update_descriptor(SENDER, partner, text)


def revoke() -> None:
    actions.revoke_partner(
        officer("central@example.test", "central_authority"), Partner.objects.get()
    )


def send_note(
    text: str,
    conversation: str | None = None,
    sizes: list[int] | None = None,
    kind: str = "note/1",
) -> str:
    partner = Partner.objects.get()
    attachments = [_attachment(number, size) for number, size in enumerate(sizes or [])]
    prepared = actions.prepare_message(
        partner,
        kind,
        body={"text": text},
        conversation=uuid.UUID(conversation) if conversation else uuid.uuid4(),
        human={"en.txt": text.encode()},
        attachments=attachments,
    )
    return str(actions.queue_message(SENDER, prepared).uid)


def send_notes(count: int, conversations: int = 1, prefix: str = "note") -> list[str]:
    ids = [str(uuid.uuid4()) for _ in range(conversations)]
    return [send_note(f"{prefix} {n}", ids[n % conversations]) for n in range(count)]


def _attachment(number: int, size: int) -> actions.Attachment:
    data = bytes_of(number, size)
    return actions.Attachment(
        name_code=f"exhibit-{number}.bin",
        open=lambda: io.BytesIO(data),
        size=size,
        media_type="application/octet-stream",
        sha256=hashlib.sha256(data).hexdigest(),
    )


def notes() -> list[dict[str, Any]]:
    return list(
        Note.objects.order_by("id").values(
            "message_id", "conversation", "seq", "text", "attachments"
        )
    )


def attachment_digests() -> list[str]:
    found = []
    for note in Note.objects.all():
        for each in note.attachments:
            with vault.open_file(SENDER, StoredFile.objects.get(pk=each["file"])) as file:
                found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def outgoing() -> list[dict[str, Any]]:
    return list(
        OutgoingMessage.objects.order_by("id").values(
            "uid", "status", "last_error", "attempts", "next_attempt_at", "type", "sealed_path"
        )
    )


def statuses() -> dict[str, int]:
    return dict(Counter(OutgoingMessage.objects.values_list("status", flat=True)))


def incoming() -> list[dict[str, Any]]:
    return list(
        IncomingMessage.objects.order_by("id").values("uid", "status", "reason", "type", "seq")
    )


def rejections() -> list[dict[str, Any]]:
    return list(Rejection.objects.order_by("id").values("what", "reason", "times"))


def receipt_events(message_id: str) -> list[str]:
    return list(Receipt.objects.about(uuid.UUID(message_id)).values_list("event", flat=True))


def undelivered_receipts() -> int:
    return Receipt.objects.filter(direction=Direction.GIVEN, delivered_at=None).count()


def partner() -> dict[str, Any]:
    return Partner.objects.values(
        "status", "last_error", "failures", "next_attempt_at", "ahead_seconds", "history_doubted_at"
    ).get()


def hurry() -> None:
    """Let every pause be over, as if the time had passed."""
    Partner.objects.update(next_attempt_at=None)
    OutgoingMessage.objects.update(next_attempt_at=None)
    IncomingMessage.objects.update(next_attempt_at=None)


def acknowledge_all() -> int:
    actor = officer("central@example.test", "central_authority")
    handled = IncomingMessage.objects.filter(status="handled")
    for number, message in enumerate(handled, start=1):
        actions.record_handed_over(actor, message)
        actions.record_acknowledged(actor, message, registered_as=f"L-{number:04d}")
    return handled.count()


def resend_dead() -> int:
    actor = officer("central@example.test", "central_authority")
    dead = list(OutgoingMessage.objects.filter(status="dead"))
    for message in dead:
        actions.resend(actor, message)
    return len(dead)


def chain_lengths() -> dict[str, int]:
    """Verify the whole chain of receipts in both directions, from first to last."""
    there = Partner.objects.get()
    ours = ledger.keyring().seal_certificate_pem
    theirs = there.described().seal_certificate
    lengths = {}
    for direction, certificate in (("given", ours), ("got", theirs), ("own", ours)):
        rows = {r.prev: r.text for r in Receipt.objects.filter(direction=direction)}
        texts, at = [], ""
        while at in rows:
            texts.append(rows[at])
            at = receipts.digest(rows[at])
        receipts.check_chain(texts, certificate)
        if len(texts) != len(rows):
            raise AssertionError(f"{direction}: {len(texts)} of {len(rows)} are in the chain")
        lengths[direction] = len(texts)
    return lengths


def verify_ledger() -> int:
    while ledger.sequence_pending():
        pass
    return ledger.verify_all()


def diagnose() -> list[list[Any]]:
    found = transport.diagnose(Partner.objects.get())
    return [[step.code, step.ok, step.facts] for step in found.steps]


def forget_descriptor_endpoint(endpoint: str) -> str:
    """Publish another address for this node, as its operator would by changing the setting."""
    from django.conf import settings

    settings.COMITY_EXCHANGE_URL = endpoint
    return actions.own_descriptor()


def save_last_container(folder: str) -> str:
    message = IncomingMessage.objects.filter(status="handled").latest("id")
    path = Path(folder) / "container.asice"
    with actions.open_container(SENDER, message) as source:
        path.write_bytes(source.read())
    return str(path)
