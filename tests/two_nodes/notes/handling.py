"""The handler of "note/1": keeps the note and its attachments, or refuses as its text asks."""

from comity.core.access import Actor
from comity.core.errors import Refused
from comity.exchange.received import Received
from comity.vault import actions as vault
from tests.two_nodes.notes.models import Note


def receive_note(actor: Actor, received: Received) -> None:
    message = received.message
    text = message.body["text"]
    if text == "refuse me":
        raise Refused("note.refused")
    if text == "break me":
        raise RuntimeError("a fault whose text must not reach the log")
    kept = [
        {"name_code": each.name_code, "sha256": taken.sha256, "file": vault.keep(actor, taken).pk}
        for each, taken in received.attachments
    ]
    Note.objects.create(
        message_id=message.id,
        conversation=message.conversation,
        seq=message.seq,
        text=text,
        attachments=kept,
    )
