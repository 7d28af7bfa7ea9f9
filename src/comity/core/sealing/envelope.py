r"""The envelope that only the addressed authority opens: header, wrapped content key, chunks.

    magic            b"comity-sealed/1\n"
    header length    4 bytes, big-endian
    header           canonical JSON (RFC 8785): suite, chunk_size, commitment, payload, recipients
    chunks           AES-256-GCM, `chunk_size` bytes of plaintext and a 16-byte tag each; the last
                     one shorter or equal, and empty only if there is nothing to seal

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is seven zero
bytes, the chunk's number (4 bytes, big-endian) and 1 in the last chunk, 0 before; the associated
data is the SHA-256 of the header. docs/protocol/exchange.md says the same for another vendor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.sealing import keys
from comity.core.sealing.fields import HEX_256, KEY_ID, NODE_ID, Fields

MAGIC = b"comity-sealed/1\n"
CHUNK_BYTES = 1 << 20
TAG_BYTES = 16
MAX_HEADER_BYTES = 1 << 18
MAX_RECIPIENTS = 64
_CHUNK_SIZES = tuple(1 << power for power in range(12, 23))
_MAX_WRAPPED_BYTES = 4096
_KIND = re.compile(r"message|blob")


@dataclass(frozen=True)
class Recipient:
    """One published key of a node to seal to."""

    node_id: str
    suite: int
    key_id: str
    public: bytes


@dataclass(frozen=True)
class WrappedKey:
    """The content key, wrapped to one recipient key."""

    key_id: str
    to: str
    wrapped: bytes


@dataclass(frozen=True)
class Header:
    """What anybody can read on an envelope. Nothing in it is proven until a chunk has opened."""

    suite: int
    chunk_size: int
    commitment: str
    payload: dict[str, str]
    recipients: tuple[WrappedKey, ...]
    raw: bytes


@dataclass(frozen=True)
class SealedDigest:
    """Digests (64 hex digits) and sizes in bytes of the sealed and of the plain side."""

    sha256: str
    size: int
    plain_sha256: str
    plain_size: int


@dataclass(frozen=True)
class Opened:
    """An envelope that opened to its last byte.

    public: the header's payload (message_id, from, to, kind), now authentic in the sense that the
    sealer wrote it; who that was, the signature inside says. opened_as: the node named beside the
    key that opened it.
    """

    public: dict[str, str]
    suite: int
    opened_as: str
    digest: SealedDigest


def seal_stream(
    source: BinaryIO,
    target: BinaryIO,
    header_public: Mapping[str, str],
    recipients: Sequence[Recipient],
    *,
    chunk_size: int = CHUNK_BYTES,
) -> SealedDigest:
    """Seal everything in `source` to the recipients, in one pass and constant memory.

    header_public: exactly message_id, from, to and kind ("message" or "blob"); visible to whoever
    carries the envelope. recipients: keys of one suite; one of them belongs to the node `to`.
    chunk_size: a power of two from 4 KiB to 4 MiB.
    Raises ValueError if the other side would refuse this header, Untrusted for a broken key.
    """
    content_key = secrets.token_bytes(32)
    raw = _make_header(content_key, dict(header_public), recipients, chunk_size)
    sealed = _Counted(target.write)
    sealed.take(MAGIC + len(raw).to_bytes(4) + raw)
    cipher, aad = AESGCM(_derive(content_key, b"payload")), hashlib.sha256(raw).digest()
    plain = _Counted(lambda _chunk: None)
    for number, chunk, last in _numbered(source, chunk_size):
        plain.take(chunk)
        sealed.take(cipher.encrypt(_nonce(number, last), chunk, aad))
    return SealedDigest(sealed.hex(), sealed.size, plain.hex(), plain.size)


def read_header(source: BinaryIO) -> Header:
    """Read and check the header, and leave `source` at the first chunk.

    Raises Untrusted: envelope.magic, envelope.truncated, envelope.header, envelope.field,
    envelope.suite_unknown or a code of `canonical`.
    """
    if _read_fully(source, len(MAGIC)) != MAGIC:
        raise Untrusted("envelope.magic")
    size = int.from_bytes(_read_exactly(source, 4))
    if not 0 < size <= MAX_HEADER_BYTES:
        raise Untrusted("envelope.header", size_bytes=size)
    return _parse_header(_read_exactly(source, size))


def open_stream(
    source: BinaryIO,
    target: BinaryIO,
    private_keys: Mapping[str, bytes],
    *,
    accepted_suites: Collection[int] = keys.ALL_SUITES,
) -> Opened:
    """Open an envelope with one of these private keys (by key id), in constant memory.

    Chunks reach `target` as they are authenticated. When this raises, `target` holds a part that
    must be thrown away: only a return means that nothing is missing, added or moved.
    accepted_suites: `keys.at_least(minimum of the partner)` refuses a downgrade.
    Raises Untrusted: as `read_header`, and envelope.suite_refused, envelope.not_for_us,
    envelope.key, envelope.chunk (facts: number).
    """
    header = read_header(source)
    if header.suite not in accepted_suites:
        raise Untrusted("envelope.suite_refused", suite=header.suite)
    entry = next((one for one in header.recipients if one.key_id in private_keys), None)
    if entry is None:
        raise Untrusted("envelope.not_for_us")
    content_key = _unwrap(header, entry, private_keys[entry.key_id])
    cipher, aad = AESGCM(_derive(content_key, b"payload")), hashlib.sha256(header.raw).digest()
    sealed, plain = _Counted(lambda _chunk: None), _Counted(target.write)
    sealed.take(MAGIC + len(header.raw).to_bytes(4) + header.raw)
    for number, chunk, last in _numbered(source, header.chunk_size + TAG_BYTES):
        sealed.take(chunk)
        if last and number and len(chunk) <= TAG_BYTES:
            raise Untrusted("envelope.chunk", number=number)
        try:
            plain.take(cipher.decrypt(_nonce(number, last), chunk, aad))
        except InvalidTag:
            raise Untrusted("envelope.chunk", number=number) from None
    digest = SealedDigest(sealed.hex(), sealed.size, plain.hex(), plain.size)
    return Opened(header.payload, header.suite, entry.to, digest)


class _Counted:
    """Hashes and counts what passes through to `write`."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._hash = hashlib.sha256()
        self.size = 0

    def take(self, data: bytes) -> None:
        self._hash.update(data)
        self.size += len(data)
        self._write(data)

    def hex(self) -> str:
        return self._hash.hexdigest()


def _make_header(
    content_key: bytes, public: dict[str, str], recipients: Sequence[Recipient], chunk_size: int
) -> bytes:
    suites = {recipient.suite for recipient in recipients}
    if len(suites) != 1:
        raise ValueError("an envelope is sealed to one or more keys of one suite")
    suite = suites.pop()
    wrapped = [
        {
            "key_id": recipient.key_id,
            "to": recipient.node_id,
            "wrapped": _base64(
                keys.wrap(
                    content_key,
                    suite=suite,
                    public=recipient.public,
                    info=_info(suite, chunk_size, public, recipient.key_id, recipient.node_id),
                )
            ),
        }
        for recipient in recipients
    ]
    raw = canonical.encode(
        {
            "chunk_size": chunk_size,
            "commitment": _derive(content_key, b"commitment").hex(),
            "payload": public,
            "recipients": wrapped,
            "suite": suite,
        }
    )
    try:
        _parse_header(raw)
    except Untrusted as refusal:
        raise ValueError(f"{refusal.code} {refusal.facts}") from refusal
    return raw


def _parse_header(raw: bytes) -> Header:
    if len(raw) > MAX_HEADER_BYTES:
        raise Untrusted("envelope.header", size_bytes=len(raw))
    fields = Fields(canonical.decode(raw), "envelope")
    suite = fields.number("suite", least=0, most=2**32)
    if suite not in keys.ALL_SUITES:
        raise Untrusted("envelope.suite_unknown", suite=suite)
    chunk_size = fields.number("chunk_size", least=_CHUNK_SIZES[0], most=_CHUNK_SIZES[-1])
    if chunk_size not in _CHUNK_SIZES:
        raise fields.odd("chunk_size")
    payload = _parse_payload(fields.take("payload"))
    entries = fields.members("recipients", at_most=MAX_RECIPIENTS)
    recipients = tuple(_parse_recipient(entry) for entry in entries)
    names = {recipient.key_id for recipient in recipients}
    if len(names) != len(recipients) or payload["to"] not in {one.to for one in recipients}:
        raise fields.odd("recipients")
    commitment = fields.text("commitment", HEX_256)
    fields.done()
    return Header(suite, chunk_size, commitment, payload, recipients, raw)


def _parse_payload(value: object) -> dict[str, str]:
    fields = Fields(value, "envelope")
    payload = {
        "from": fields.text("from", NODE_ID),
        "kind": fields.text("kind", _KIND),
        "message_id": str(fields.identifier("message_id")),
        "to": fields.text("to", NODE_ID),
    }
    fields.done()
    return payload


def _parse_recipient(value: object) -> WrappedKey:
    fields = Fields(value, "envelope")
    key_id, to = fields.text("key_id", KEY_ID), fields.text("to", NODE_ID)
    wrapped = fields.data("wrapped", at_most=_MAX_WRAPPED_BYTES)
    fields.done()
    return WrappedKey(key_id, to, wrapped)


def _unwrap(header: Header, entry: WrappedKey, private: bytes) -> bytes:
    if keys.suite_of(private) != header.suite:
        raise Untrusted("envelope.key")
    info = _info(header.suite, header.chunk_size, header.payload, entry.key_id, entry.to)
    try:
        content_key = keys.unwrap(entry.wrapped, private=private, info=info)
    except Untrusted:
        raise Untrusted("envelope.key") from None
    # AES-GCM does not commit to its key: without this, one envelope could be made to open to
    # different contents for different recipients.
    committed = hmac.compare_digest(
        _derive(content_key, b"commitment"), bytes.fromhex(header.commitment)
    )
    if len(content_key) != 32 or not committed:
        raise Untrusted("envelope.key")
    return content_key


def _info(suite: int, chunk_size: int, public: Mapping[str, str], key_id: str, to: str) -> bytes:
    """Bind a wrapped key to its place, so that it cannot be moved under another header."""
    bound: dict[str, Any] = {
        "chunk_size": chunk_size,
        "key_id": key_id,
        "payload": dict(public),
        "suite": suite,
        "to": to,
    }
    return MAGIC + canonical.encode(bound)


def _derive(content_key: bytes, purpose: bytes) -> bytes:
    info = MAGIC + purpose
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(content_key)


def _nonce(number: int, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4) + bytes([last])


def _numbered(source: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Cut into pieces of `size` bytes: number, bytes, whether it is the last. At least one."""
    number, piece = 0, _read_fully(source, size)
    while following := _read_fully(source, size) if len(piece) == size else b"":
        yield number, piece, False
        number, piece = number + 1, following
    yield number, piece, True


def _read_fully(source: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, or fewer only at the end; sources may answer in smaller pieces."""
    piece = source.read(size)
    if len(piece) == size or not piece:
        return piece
    pieces, missing = [piece], size - len(piece)
    while missing and (piece := source.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    data = _read_fully(source, size)
    if len(data) != size:
        raise Untrusted("envelope.truncated")
    return data


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
