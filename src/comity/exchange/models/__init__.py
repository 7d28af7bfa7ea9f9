"""Partners, what goes to them, what came from them, receipts, and what was refused."""

from comity.exchange.models.messages import (
    IncomingBlob,
    IncomingMessage,
    OutgoingBlob,
    OutgoingMessage,
)
from comity.exchange.models.partners import (
    DEFAULT_TYPES,
    KnownDescriptor,
    OwnDescriptor,
    Partner,
    Witnessing,
    default_types,
)
from comity.exchange.models.receipts import (
    Receipt,
    Rejection,
    SeenNonce,
)
from comity.exchange.models.work import (
    work_for,
)

__all__ = [
    "DEFAULT_TYPES",
    "IncomingBlob",
    "IncomingMessage",
    "KnownDescriptor",
    "OutgoingBlob",
    "OutgoingMessage",
    "OwnDescriptor",
    "Partner",
    "Receipt",
    "Rejection",
    "SeenNonce",
    "Witnessing",
    "default_types",
    "work_for",
]
