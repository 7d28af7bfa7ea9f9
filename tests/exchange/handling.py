"""A handler for tests: the ledger keeps what it did, so that a double shows as two entries."""

from comity.core.access import Actor
from comity.core.errors import Refused
from comity.exchange.received import Received
from comity.ledger import actions as ledger
from comity.vault import actions as vault


def receive_note(actor: Actor, received: Received) -> None:
    text = received.message.body["text"]
    if text == "refuse me":
        raise Refused("note.refused")
    if text == "break me":
        raise RuntimeError(received.human["en.txt"].decode())
    for _, taken in received.attachments:
        vault.keep(actor, taken)
    ledger.append(
        actor,
        "test.note_received",
        f"note:{received.message.id}",
        text=text,
        attachments=[taken.sha256 for _, taken in received.attachments],
    )
