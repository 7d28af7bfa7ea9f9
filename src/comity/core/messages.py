"""The message: what one authority says to another, in the byte form that is signed and sealed."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing.fields import CODE, HEX_256, MEDIA_TYPE, NODE_ID, Fields, moment_text

PROFILE_VERSION = "comity-message/1"
MAX_BYTES = 4 << 20
MAX_ATTACHMENTS = 10_000
MAX_CONDITIONS = 100
MAX_CONDITION_CHARACTERS = 2000
_MAX_BODY_MEMBERS = 1000
_MAX_SIZE_BYTES = 1 << 50
_TYPE = re.compile(r"[a-z][a-z0-9-]{0,59}/[1-9][0-9]{0,2}")
# Instruments keep the capital letters that the law data give them: BUDAPEST, API_1977.
_BASIS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,119}")
_PROFILE = re.compile(re.escape(PROFILE_VERSION))
# Every part begins with a letter or digit, so that no name can climb out of a folder.
_NAME_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME_CODE = re.compile(rf"{_NAME_PART}(/{_NAME_PART}){{0,3}}")


@dataclass(frozen=True)
class Attachment:
    """A file that travels as its own sealed blob.

    name_code: a neutral name such as "exhibit-1.pdf", never a person's. size: bytes of plaintext.
    sha256 and sealed_sha256: 64 hexadecimal digits, of the plaintext and of the sealed blob.
    handling: code of the rule for whoever keeps it.
    """

    name_code: str
    size: int
    media_type: str
    sha256: str
    sealed_sha256: str
    handling: str


@dataclass(frozen=True)
class Message:
    """One message of a conversation, addressed and signed as a whole.

    Sender and addressee stand inside what is signed, so that sealing the same content again to
    somebody else is noticed. type: "letter/1", "acknowledgement/1", …; who receives which type is
    decided elsewhere. created: aware. basis: code of the legal basis, None where none is invoked.
    seq: 0-based place in the sender's half of the conversation. body: JSON without floats.
    """

    id: uuid.UUID
    conversation: uuid.UUID
    seq: int
    type: str
    from_node: str
    to_node: str
    created: datetime
    classification: str
    basis: str | None = None
    use_conditions: tuple[str, ...] = ()
    reply_due: date | None = None
    in_reply_to: uuid.UUID | None = None
    body: dict[str, Any] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()
    profile_version: str = PROFILE_VERSION


def to_bytes(message: Message) -> bytes:
    """Return message.json: the only byte form of this message (RFC 8785).

    Raises ValueError for what `from_bytes` would refuse, TypeError for a body with other than
    JSON values.
    """
    data = canonical.encode(
        {
            "attachments": [vars(attachment) for attachment in message.attachments],
            "basis": message.basis,
            "body": message.body,
            "classification": message.classification,
            "conversation": str(message.conversation),
            "created": moment_text(message.created),
            "from": message.from_node,
            "id": str(message.id),
            "in_reply_to": None if message.in_reply_to is None else str(message.in_reply_to),
            "profile_version": message.profile_version,
            "reply_due": None if message.reply_due is None else message.reply_due.isoformat(),
            "seq": message.seq,
            "to": message.to_node,
            "type": message.type,
            "use_conditions": list(message.use_conditions),
        }
    )
    try:
        from_bytes(data)
    except Untrusted as refusal:
        raise ValueError(f"{refusal.code} {refusal.facts}") from refusal
    return data


def from_bytes(data: bytes) -> Message:
    """Return the message with exactly this byte form.

    The caller still compares `to_node` with itself and `from_node` with the signer.
    Raises Untrusted: message.too_large, message.field (facts: field) or a code of `canonical`.
    """
    if len(data) > MAX_BYTES:
        raise Untrusted("message.too_large", size_bytes=len(data))
    fields = Fields(canonical.decode(data), "message")
    message = Message(
        id=_identifier_7(fields, "id"),
        conversation=fields.identifier("conversation"),
        seq=fields.number("seq", least=0, most=2**31),
        type=fields.text("type", _TYPE),
        from_node=fields.text("from", NODE_ID),
        to_node=fields.text("to", NODE_ID),
        created=fields.moment("created"),
        classification=fields.text("classification", CODE),
        basis=fields.maybe("basis", lambda name: fields.text(name, _BASIS)),
        use_conditions=_conditions(fields),
        reply_due=fields.maybe("reply_due", fields.day),
        in_reply_to=fields.maybe("in_reply_to", fields.identifier),
        body=fields.table("body", at_most=_MAX_BODY_MEMBERS),
        attachments=_attachments(fields),
        profile_version=fields.text("profile_version", _PROFILE),
    )
    fields.done()
    return message


def _identifier_7(fields: Fields, name: str) -> uuid.UUID:
    identifier = fields.identifier(name)
    if identifier.version != 7:
        raise fields.odd(name)
    return identifier


def _conditions(fields: Fields) -> tuple[str, ...]:
    values = fields.members("use_conditions", at_most=MAX_CONDITIONS)
    each = [Fields({"use_conditions": value}, "message") for value in values]
    return tuple(one.words("use_conditions", at_most=MAX_CONDITION_CHARACTERS) for one in each)


def _attachments(fields: Fields) -> tuple[Attachment, ...]:
    values = fields.members("attachments", at_most=MAX_ATTACHMENTS)
    attachments = tuple(_attachment(value) for value in values)
    if len({attachment.name_code for attachment in attachments}) != len(attachments):
        raise fields.odd("attachments")
    return attachments


def _attachment(value: object) -> Attachment:
    fields = Fields(value, "message")
    attachment = Attachment(
        name_code=fields.text("name_code", _NAME_CODE),
        size=fields.number("size", least=0, most=_MAX_SIZE_BYTES),
        media_type=fields.text("media_type", MEDIA_TYPE),
        sha256=fields.text("sha256", HEX_256),
        sealed_sha256=fields.text("sealed_sha256", HEX_256),
        handling=fields.text("handling", CODE),
    )
    fields.done()
    return attachment
