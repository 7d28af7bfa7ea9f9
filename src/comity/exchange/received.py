"""The shape in which a partner's message reaches its handler (docs/decisions/0002)."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.messages import Attachment, Message
from comity.exchange.models import IncomingMessage, Partner
from comity.vault.storage import TakenIn


@dataclass(frozen=True)
class Received:
    """A message that is proven to come from this partner and to be meant for us.

    human: the documents beside message.json by their names, such as "uk.pdf". attachments: what the
    message says of each file, and the file, sealed in the vault but not yet kept: the handler keeps
    it with `vault.actions.keep` or `evidence.actions.ingest_stored`, or it is swept.
    """

    message: Message
    partner: Partner
    incoming: IncomingMessage
    human: dict[str, bytes]
    attachments: list[tuple[Attachment, TakenIn]]
