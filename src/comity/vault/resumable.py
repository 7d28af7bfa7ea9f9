"""The verbs on uploads that may stop and go on: begin, receive, drop, open, sweep.

An upload is its officer's alone. What has arrived is in parts (`parts`), each durable with its row.
Of two who send at once the later has the turn, since the earlier is mostly a connection that broke
without a word; the earlier is refused at its next part.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core import tus, vaultfile
from comity.core.access import Act, Actor, require
from comity.core.errors import Refused
from comity.ledger import actions as ledger
from comity.vault import parts
from comity.vault.models import Upload, UploadPart

READ_AT_ONCE_BYTES = 1024 * 1024
UPLOADS_AT_MOST = 500
PARTS_AT_MOST = 20_000
PART_IS_OLD_SECONDS = 3600
Body = Callable[[int], bytes]


@transaction.atomic
def begin_upload(actor: Officer, *, length: int, metadata: str = "") -> Upload:
    """Make room for a file. length: its bytes. metadata: the header Upload-Metadata.

    Raises NotAllowed, Refused("vault.too_large" | "vault.upload_quota" | "vault.disk_full" |
    "tus.metadata_unread").
    """
    require(actor, Act.ADD_ITEM)
    tus.metadata(metadata)
    if length > settings.COMITY_MAX_BLOB_BYTES:
        raise Refused("vault.too_large")
    # One officer's uploads are counted one after the other.
    Officer.objects.select_for_update().get(pk=actor.pk)
    own = Upload.objects.visible_to(actor)
    waiting = own.aggregate(all=Sum("length"))["all"] or 0
    full = waiting + length > settings.COMITY_UPLOAD_QUOTA_BYTES or own.count() >= UPLOADS_AT_MOST
    if full:
        raise Refused("vault.upload_quota")
    _require_room(length)
    upload = Upload.objects.create(
        officer=actor, length=length, metadata=metadata, expires_at=_until()
    )
    ledger.append(actor, "vault.upload_begun", upload.subject, size=length)
    return upload


def _require_room(length: int) -> None:
    """Room for this file and for what others have yet to send, twice where the vault needs it."""
    left = Upload.objects.aggregate(all=Sum(F("length") - F("offset")))["all"] or 0
    needed = vaultfile.stored_size(length) * (2 if parts.shares_disk_with_vault() else 1)
    if parts.free_bytes() - left - needed < settings.COMITY_RESERVED_DISK_BYTES:
        raise Refused("vault.disk_full")


def _until() -> datetime:
    return timezone.now() + timedelta(seconds=settings.COMITY_UPLOAD_KEEP_SECONDS)


def receive(
    actor: Officer,
    upload: Upload,
    body: Body,
    *,
    offset: int,
    checksum: tus.Checksum | None = None,
) -> Upload:
    """Take the bytes of body, which begin at offset; what arrived before a cut is kept.

    body: reads up to so many bytes, nothing at its end; an OSError is a cut. With a checksum only
    the whole piece counts. Returns the upload as it is then.
    Raises NotAllowed, Refused("vault.upload_offset" | "vault.upload_overtaken" |
    "vault.upload_gone" | "vault.upload_checksum" | "vault.disk_full" | "vault.upload_quota").
    """
    require(actor, Act.ADD_ITEM)
    turn = _take_turn(upload, offset)
    arriving = _Arriving(upload, turn, offset, checksum)
    try:
        left = upload.length - offset
        while left and (piece := _next(body, min(left, READ_AT_ONCE_BYTES))):
            arriving.take(piece)
            left -= len(piece)
        arriving.finish()
    except OSError as failure:
        if parts.is_full(failure):
            raise Refused("vault.disk_full") from failure
        raise
    finally:
        arriving.let_go()
    upload.refresh_from_db()
    return upload


def _next(body: Body, at_most: int) -> bytes:
    try:
        return body(at_most)
    except OSError:  # the connection broke
        return b""


@transaction.atomic
def _take_turn(upload: Upload, offset: int) -> uuid.UUID:
    row = _locked(upload)
    if row.offset != offset:
        raise Refused("vault.upload_offset")
    if row.parts.count() >= PARTS_AT_MOST:
        raise Refused("vault.upload_quota")
    row.turn = uuid.uuid4()
    row.save(update_fields=["turn"])
    return row.turn


def _locked(upload: Upload) -> Upload:
    row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if row is None:
        raise Refused("vault.upload_gone")
    return row


class _Arriving:
    """The bytes of one request: written to parts, each committed when it is full."""

    def __init__(
        self, upload: Upload, turn: uuid.UUID, offset: int, checksum: tus.Checksum | None
    ) -> None:
        self._upload, self._turn, self._at = upload, turn, offset
        self._checksum = checksum
        self._hash = checksum.new() if checksum else None
        self._open: parts.PartWriter | None = None
        self._held: list[parts.Part] = []

    def take(self, piece: bytes) -> None:
        if self._hash is not None:
            self._hash.update(piece)
        if self._open is None:
            self._open = parts.PartWriter(self._at)
        self._open.write(piece)
        self._at += len(piece)
        # What is still to be checked stays one part, under the lock of its writer.
        if self._checksum is None and self._open.size >= parts.PART_BYTES:
            self._end_part()
            self._commit()

    def finish(self) -> None:
        self._end_part()
        if self._checksum and self._hash and self._hash.digest() != self._checksum.digest:
            raise Refused("vault.upload_checksum")
        self._commit()

    def _end_part(self) -> None:
        if self._open is not None:
            self._held.append(self._open.finish())
            self._open = None

    def _commit(self) -> None:
        if self._held:
            _note_parts(self._upload, self._turn, self._held)
            self._held = []

    def let_go(self) -> None:
        """Remove what was not committed."""
        if self._open is not None:
            self._open.abandon()
        for part in self._held:
            parts.remove(part.name)


@transaction.atomic
def _note_parts(upload: Upload, turn: uuid.UUID, arrived: Sequence[parts.Part]) -> None:
    row = _locked(upload)
    if row.turn != turn:
        raise Refused("vault.upload_overtaken")
    UploadPart.objects.bulk_create(
        UploadPart(
            upload=row,
            name=part.name,
            offset=part.offset,
            size=part.size,
            wrapped_key=part.wrapped_key,
        )
        for part in arrived
    )
    row.offset = arrived[-1].offset + arrived[-1].size
    row.expires_at = _until()
    row.save(update_fields=["offset", "expires_at"])


def open_upload(actor: Officer, upload: Upload) -> parts.Joined:
    """Open what has arrived as one seekable file of plain bytes.

    Raises NotAllowed, Refused("vault.upload_unfinished"), Untrusted.
    """
    require(actor, Act.ADD_ITEM)
    if not upload.is_complete:
        raise Refused("vault.upload_unfinished")
    rows = upload.parts.order_by("offset")
    return parts.Joined(
        [parts.Part(row.name, row.offset, row.size, bytes(row.wrapped_key)) for row in rows]
    )


def drop_upload(actor: Officer, upload: Upload) -> None:
    """Throw away what has arrived; it became no item. Raises NotAllowed."""
    require(actor, Act.ADD_ITEM)
    _drop(actor, upload, "vault.upload_dropped")


def end_uploads(uploads: Sequence[Upload]) -> None:
    """Let go of uploads whose bytes are items now; the item's own entries say what became of them.

    A stop before this leaves them to the sweep.
    """
    for upload in uploads:
        _remove(upload)


@transaction.atomic
def _drop(actor: Actor, upload: Upload, kind: str) -> None:
    if _remove(upload):
        ledger.append(actor, kind, upload.subject, size=upload.length, received=upload.offset)


@transaction.atomic
def _remove(upload: Upload) -> bool:
    """Delete the rows, and the parts once that is committed; False if somebody else did."""
    row = Upload.objects.select_for_update().filter(pk=upload.pk).first()
    if row is None:
        return False
    for name in row.parts.values_list("name", flat=True):
        transaction.on_commit(partial(parts.remove, name))
    row.delete()
    return True


def old_uploads() -> list[Upload]:
    """Uploads whose time is over."""
    return list(Upload.objects.filter(expires_at__lte=timezone.now()).order_by("pk"))


def lost_parts(older_than_seconds: float = PART_IS_OLD_SECONDS) -> list[str]:
    """Names of parts that no row names."""
    names = list(parts.abandoned(older_than_seconds))
    known = set(UploadPart.objects.filter(name__in=names).values_list("name", flat=True))
    return [name for name in names if name not in known]


def sweep_uploads(actor: Actor) -> int:
    """Remove uploads whose time is over and parts that no row names; return how many of both."""
    old, lost = old_uploads(), lost_parts()
    for upload in old:
        _drop(actor, upload, "vault.upload_expired")
    for name in lost:
        parts.remove(name)
    return len(old) + len(lost)
