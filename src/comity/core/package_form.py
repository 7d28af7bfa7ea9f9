"""The form of a court package: its names, package.json and the lines of custody.jsonl."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing.fields import CODE, HEX_256, MEDIA_TYPE, NODE_ID, Fields, moment_text

FORMAT = "comity-package/1"
ABOUT = "comity/package.json"
CUSTODY = "comity/custody.jsonl"
CASE = "comity/case.jsonld"
CHECKPOINT = "comity/checkpoint"
INSTRUCTIONS = "comity/VERIFY.txt"
SCRIPT = "comity/verify.sh"
REPORT = "comity/report.pdf"
PROOFS, TIME, MESSAGES = "comity/proofs/", "comity/time/", "comity/messages/"
RECEIPTS, DESCRIPTORS = "comity/receipts/", "comity/descriptors/"
INGESTED = "evidence.item_ingested"
CONDITION_ATTACHED = "evidence.condition_attached"
# What a hostile file may cost: JSON takes about forty times its size while it is read.
MAX_ABOUT_BYTES = 24 << 20
MAX_LINE_BYTES = 1 << 20
MAX_ITEMS = 50_000
MAX_INDEX = 2**53 - 1
SALT_BYTES = 32
_NUMBER = re.compile(r"[A-Z]{1,4}-[0-9]{1,12}")
_PATH = re.compile(r"[A-Za-z0-9._/-]{1,200}")
_ENTRY_PATH = re.compile(r"(data|comity)/[A-Za-z0-9._/-]{1,190}")
_MAX_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Item:
    """An item of evidence in a package.

    number: the node's own, such as "E-000123". sha256: 64 hex digits. size: bytes.
    conditions: use conditions in words or codes. entries: its ledger entries by index, ascending.
    """

    number: str
    path: str
    sha256: str
    size: int
    media_type: str
    conditions: tuple[str, ...]
    entries: tuple[int, ...]


@dataclass(frozen=True)
class About:
    """What package.json says. messages: (path, id). receipts: paths."""

    from_node: str
    purpose: str
    legal_basis: str
    case_ref: str
    created: datetime
    items: tuple[Item, ...]
    messages: tuple[tuple[str, str], ...]
    receipts: tuple[str, ...]
    origin: str
    size: int


@dataclass(frozen=True, slots=True)
class CustodyLine:
    """One ledger entry as it travels.

    index: 0-based leaf. entry: the leaf's bytes. details: canonical JSON behind the commitment,
    and salt, its 32 bytes; both None when they are withheld or erased.
    """

    index: int
    entry: bytes
    details: bytes | None
    salt: bytes | None


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line as it was read, with the values of entry and details: each is decoded once."""

    line: CustodyLine
    entry: dict[str, Any]
    details: Any


@dataclass(frozen=True, slots=True)
class LeafBody:
    """What a ledger entry says. subject: such as "item:<uuid>". commitment: 64 hex digits."""

    kind: str
    subject: str
    at: datetime
    commitment: str


def item_path(number: str) -> str:
    """Give the place of an item's bytes.

    Raises ValueError for what is not an item's number.
    """
    if not _NUMBER.fullmatch(number):
        raise ValueError("not an item's number")
    return f"data/{number}/original.bin"


def proof_path(index: int) -> str:
    """Give the place of the proof for a leaf."""
    return f"{PROOFS}{index}.tlog-proof"


def write_about(about: About) -> bytes:
    """Give package.json: the only byte form of these statements.

    Raises ValueError for what `read_about` would refuse.
    """
    stated = {
        "format": FORMAT,
        "from": about.from_node,
        "purpose": about.purpose,
        "legal_basis": about.legal_basis,
        "case_ref": about.case_ref,
        "created": moment_text(about.created),
        "items": [_stated(item) for item in about.items],
        "messages": [{"path": path, "id": each} for path, each in about.messages],
        "receipts": list(about.receipts),
        "log": {"origin": about.origin, "size": about.size},
    }
    try:
        _read_about(stated)
    except Untrusted as refusal:
        raise ValueError(f"{refusal.code} {refusal.facts}") from refusal
    return canonical.encode(stated)


def _stated(item: Item) -> dict[str, object]:
    return {
        "number": item.number,
        "path": item.path,
        "sha256": item.sha256,
        "size": item.size,
        "media_type": item.media_type,
        "conditions": list(item.conditions),
        "entries": list(item.entries),
    }


def read_about(data: bytes) -> About:
    """Read package.json.

    Raises Untrusted("package.unknown_format") for another version, "package.field" or a code of
    `canonical` for anything else that is not of this form.
    """
    return _read_about(canonical.decode(data))


def _read_about(value: object) -> About:
    fields = Fields(value, "package")
    stated = fields.take("format")
    if stated != FORMAT:
        raise Untrusted("package.unknown_format", format=str(stated)[:60])
    log = Fields(fields.take("log"), "package")
    about = About(
        from_node=fields.text("from", NODE_ID),
        purpose=fields.words("purpose", at_most=_MAX_WORDS),
        legal_basis=fields.words("legal_basis", at_most=_MAX_WORDS),
        case_ref=fields.words("case_ref", at_most=_MAX_WORDS),
        created=fields.moment("created"),
        items=tuple(_item(each) for each in fields.members("items", at_most=MAX_ITEMS)),
        messages=tuple(_message(each) for each in fields.members("messages", at_most=MAX_ITEMS)),
        receipts=fields.texts("receipts", _ENTRY_PATH, at_most=MAX_ITEMS),
        origin=log.words("origin", at_most=300),
        size=log.number("size", least=1, most=MAX_INDEX),
    )
    log.done()
    fields.done()
    _require_distinct(fields, "items", [item.path for item in about.items])
    _require_distinct(fields, "messages", [path for path, _ in about.messages])
    _require_distinct(fields, "receipts", about.receipts)
    return about


def _require_distinct(fields: Fields, name: str, values: Any) -> None:
    if len(set(values)) != len(values):
        raise fields.odd(name)


def _item(value: object) -> Item:
    fields = Fields(value, "package")
    item = Item(
        number=fields.text("number", _NUMBER),
        path=fields.text("path", _PATH),
        sha256=fields.text("sha256", HEX_256),
        size=fields.number("size", least=0, most=MAX_INDEX),
        media_type=sys.intern(fields.text("media_type", MEDIA_TYPE)),
        conditions=_conditions(fields),
        entries=_indexes(fields),
    )
    fields.done()
    if item.path != item_path(item.number):
        raise fields.odd("path")
    return item


def _conditions(fields: Fields) -> tuple[str, ...]:
    values = fields.members("conditions", at_most=100)
    each = [Fields({"conditions": value}, "package") for value in values]
    return tuple(one.words("conditions", at_most=_MAX_WORDS) for one in each)


def _indexes(fields: Fields) -> tuple[int, ...]:
    values = fields.members("entries", at_most=10_000)
    sound = all(type(value) is int and 0 <= value <= MAX_INDEX for value in values)
    if not sound or not values or values != sorted(set(values)):
        raise fields.odd("entries")
    return tuple(values)


def _message(value: object) -> tuple[str, str]:
    fields = Fields(value, "package")
    path, identifier = fields.text("path", _ENTRY_PATH), str(fields.identifier("id"))
    fields.done()
    if path != message_path(identifier):
        raise fields.odd("path")
    return path, identifier


def message_path(identifier: str) -> str:
    """Give the place of a message's container."""
    return f"{MESSAGES}{identifier}.asice"


_BEFORE_DETAILS = b'{"details":'


def write_line(line: CustodyLine) -> bytes:
    """Give one line of custody.jsonl, with its newline. Entry and details are canonical."""
    details = b"null" if line.details is None else line.details
    salt = b"null" if line.salt is None else b'"%s"' % line.salt.hex().encode("ascii")
    return b'{"details":%s,"entry":%s,"index":%d,"salt":%s}\n' % (
        details,
        line.entry,
        line.index,
        salt,
    )


def read_lines(stream: BinaryIO) -> Iterator[ReadLine]:
    """Read custody.jsonl line by line, by ascending index; no more than a line is in memory.

    Raises Untrusted("custody.field") or a code of `canonical`, at the latest after the last line.
    """
    before = -1
    while raw := stream.readline(MAX_LINE_BYTES + 2):
        if not raw.endswith(b"\n"):
            raise Untrusted("custody.field", field="")
        read = _line(raw[:-1])
        if read.line.index <= before:
            raise Untrusted("custody.field", field="index")
        before = read.line.index
        yield read
    if before < 0:
        raise Untrusted("custody.field", field="")


def _line(data: bytes) -> ReadLine:
    fields = Fields(canonical.decode(data), "custody")
    index = fields.number("index", least=0, most=MAX_INDEX)
    stated = fields.table("entry", at_most=20)
    entry = canonical.encode(stated)
    details, salt = fields.take("details"), fields.maybe("salt", _hex_of(fields))
    fields.done()
    if (details is None) != (salt is None):
        raise fields.odd("salt")
    if details is None or salt is None:
        return ReadLine(CustodyLine(index, entry, None, None), stated, None)
    # The line is canonical, so what stands between the ends of its form are the details.
    around = write_line(CustodyLine(index, entry, b"", bytes.fromhex(salt)))
    start = len(_BEFORE_DETAILS)
    shown = data[start : start + len(data) - len(around) + 1]
    return ReadLine(CustodyLine(index, entry, shown, bytes.fromhex(salt)), stated, details)


def _hex_of(fields: Fields) -> Any:
    return lambda name: fields.text(name, HEX_256)


def read_leaf(stated: dict[str, Any]) -> LeafBody:
    """Read the parts of a ledger entry that the package rests on, from its decoded form.

    Raises Untrusted("custody.field") if it has not exactly the members of version 1.
    """
    fields = Fields(stated, "custody")
    fields.number("v", least=1, most=1)
    fields.identifier("id")
    fields.words("actor", at_most=300)
    body = LeafBody(
        kind=fields.text("kind", CODE),
        subject=fields.words("subject", at_most=300),
        at=fields.moment("at"),
        commitment=fields.text("commitment", HEX_256),
    )
    fields.done()
    return body


def commitment(details: bytes, salt: bytes) -> str:
    """Give the 64 hex digits by which an entry commits to its details."""
    return hashlib.sha256(salt + details).hexdigest()
