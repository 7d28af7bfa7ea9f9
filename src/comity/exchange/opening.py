"""Opens a partner's sealed message and blobs, before any transaction; believes what is proven."""

from __future__ import annotations

import io
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from comity.core import certificates, container, messages
from comity.core.errors import Untrusted
from comity.core.messages import Attachment, Message
from comity.core.sealing import envelope
from comity.core.sealing.envelope import Opened
from comity.exchange import actions, spool
from comity.exchange.models import IncomingBlob, IncomingMessage, Partner
from comity.ledger import stamping
from comity.vault import storage

MESSAGE_JSON = "message.json"
HUMAN = "human/"
PIECES_AHEAD = 4
RENEW_EVERY_SECONDS = 5.0


class BlobMissing(Exception):
    """A blob that the message names has not arrived whole."""


@dataclass(frozen=True)
class OpenedMessage:
    """A message whose seal is the partner's. container: the bytes that were signed."""

    message: Message
    human: dict[str, bytes]
    container: bytes


def open_message(incoming: IncomingMessage) -> OpenedMessage:
    """Open the envelope with our keys and check container and seal; memory is bounded by its limit.

    Raises Untrusted("envelope.…" | "container.…" | "seal.…" | "message.…" | "canonical.…").
    """
    target = io.BytesIO()
    with spool.absolute(incoming.sealed_path).open("rb") as source:
        opened = envelope.open_stream(source, target, actions.keyring().kem_private())
    _require_envelope(opened, incoming, "message")
    if opened.public["message_id"] != str(incoming.uid):
        raise Untrusted("envelope.other_message")
    if opened.digest.sha256 != incoming.sealed_sha256:
        raise Untrusted("envelope.changed_on_disk")
    target.seek(0)
    checked = _checked_container(target, incoming.partner)
    message = messages.from_bytes(checked.read(MESSAGE_JSON, messages.MAX_BYTES))
    human = {
        name.removeprefix(HUMAN): checked.read(name, settings.COMITY_MAX_MESSAGE_BYTES)
        for name in checked.names()
        if name.startswith(HUMAN)
    }
    return OpenedMessage(message, human, target.getvalue())


def _require_envelope(opened: Opened, incoming: IncomingMessage, kind: str) -> None:
    """The sealer's header and the key that opened it name the same two nodes as the row."""
    public = opened.public
    if public["to"] != settings.COMITY_NODE_ID or opened.opened_as != settings.COMITY_NODE_ID:
        raise Untrusted("envelope.not_for_us")
    if public["from"] != incoming.partner.node_id:
        raise Untrusted("envelope.other_sender")
    if public["kind"] != kind:
        raise Untrusted("envelope.kind", kind=public["kind"])


def _checked_container(source: BinaryIO, partner: Partner) -> container.Container:
    """Open the container and demand that the partner's seal covers every byte of it."""
    seal = partner.described().seal_certificate.encode("ascii")
    opened = container.open_container(source)
    examination = opened.examine([seal], stamping.roots(), timezone.now())
    for finding in examination.findings:
        if finding.ok is False:
            raise Untrusted(finding.code, **finding.facts)
    signer = examination.signer
    expected = certificates.fingerprint(certificates.load_certificate(seal))
    if signer is None or signer.fingerprint_sha256 != expected:
        raise Untrusted("seal.other_signer")
    if not signer.trusted:
        raise Untrusted("seal.not_trusted", doubt=signer.doubt)
    return opened


def as_file(data: bytes) -> BinaryIO:
    """Return bytes as a file to read."""
    return io.BytesIO(data)


def take_attachments(
    incoming: IncomingMessage, message: Message, renew: Callable[[], None]
) -> list[tuple[Attachment, storage.TakenIn]]:
    """Open every blob of a message straight into the vault; no plain byte touches the disk.

    renew: called every few seconds, to keep the claim.
    Raises BlobMissing; Untrusted("envelope.…" | "message.attachment_differs");
    Refused("vault.disk_full").
    """
    rows = [_blob_of(incoming.partner, each) for each in message.attachments]
    keys = actions.keyring().kem_private()
    taken = []
    for each, row in zip(message.attachments, rows, strict=True):
        path = spool.blob_path(incoming.partner.uid, row.sealed_sha256)
        with path.open("rb") as source, OpenedBlob(source, keys, renew) as plain:
            kept = storage.take_in(io.BufferedReader(plain, envelope.CHUNK_BYTES))
            opened = plain.opened()
        _require_envelope(opened, incoming, "blob")
        same_blob = opened.digest.sha256 == each.sealed_sha256
        if not same_blob or (kept.sha256, kept.size) != (each.sha256, each.size):
            storage.remove(kept.stored_name)
            raise Untrusted("message.attachment_differs", name=each.name_code)
        taken.append((each, kept))
    return taken


def _blob_of(partner: Partner, attachment: Attachment) -> IncomingBlob:
    row = IncomingBlob.objects.filter(
        partner=partner, sealed_sha256=attachment.sealed_sha256, complete=True
    ).first()
    if row is None or not spool.blob_path(partner.uid, row.sealed_sha256).exists():
        raise BlobMissing
    return row


class _Stopped(Exception):
    """Nobody reads any more."""


class OpenedBlob(io.RawIOBase):
    """The plain bytes of a sealed blob as a file to read: a thread opens it a few chunks ahead.

    The end is given only after the last chunk held; until then a reader knows nothing for sure.
    """

    def __init__(self, source: BinaryIO, keys: dict[str, bytes], renew: Callable[[], None]) -> None:
        super().__init__()
        self._pieces: queue.Queue[bytes | Opened | Exception] = queue.Queue(PIECES_AHEAD)
        self._rest = memoryview(b"")
        self._result: Opened | None = None
        self._stop = threading.Event()
        self._renew, self._renewed = renew, time.monotonic()
        self._thread = threading.Thread(target=self._open, args=(source, keys), daemon=True)
        self._thread.start()

    def _open(self, source: BinaryIO, keys: dict[str, bytes]) -> None:
        try:
            opened: Opened | Exception = envelope.open_stream(
                source,
                _Into(self._put),  # type: ignore[arg-type]  # it needs write() only
                keys,
            )
        except _Stopped:
            return
        except Exception as failure:  # noqa: BLE001 - raised again where the bytes are read
            opened = failure
        try:
            self._put(opened)
        except _Stopped:
            return

    def _put(self, piece: bytes | Opened | Exception) -> None:
        while not self._stop.is_set():
            try:
                self._pieces.put(piece, timeout=0.2)
            except queue.Full:
                continue
            return
        raise _Stopped

    def readable(self) -> bool:
        """A blob is read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says object
        """Give what is there of the next chunk; raise what the opener raised."""
        if time.monotonic() - self._renewed > RENEW_EVERY_SECONDS:
            self._renewed = time.monotonic()
            self._renew()
        while not self._rest and self._result is None:
            piece = self._pieces.get()
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, Opened):
                self._result = piece
            else:
                self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def opened(self) -> Opened:
        """Return what the envelope said; only after its end was read."""
        if self._result is None:
            raise RuntimeError("the blob has not been read to its end")
        return self._result

    def close(self) -> None:
        """Stop the opener."""
        if not self.closed:
            self._stop.set()
            self._thread.join()
        super().close()


@dataclass(frozen=True)
class _Into:
    """Hands on what is written."""

    put: Callable[[bytes], None]

    def write(self, data: bytes) -> int:
        self.put(bytes(data))
        return len(data)
