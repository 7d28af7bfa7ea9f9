"""What a page with a file to send needs of uploads in pieces: those a form names, and their bytes.

A form carries the uids in its field `upload` (ui.forms.UploadsField); without scripts it sends its
files itself and the field is empty.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.urls import reverse

from comity.accounts.models import Officer
from comity.core.errors import Refused, Untrusted
from comity.vault import resumable
from comity.vault.models import Upload

READ_AT_ONCE_BYTES = 128 * 1024


@dataclass(frozen=True)
class Pieces:
    """What the page shows: of this form, of others, and how the script goes on with each.

    known: addresses and fingerprints; which file it was is known by a digest only.
    """

    arrived: Sequence[Upload]
    unfinished: Sequence[Upload]
    known: Sequence[dict[str, str]]


def pieces(actor: Officer, named: Sequence[uuid.UUID] = ()) -> Pieces:
    """Say how far the officer's uploads are. named: those that the form carries."""
    own = list(Upload.objects.visible_to(actor))
    known = [
        {
            "url": reverse("upload", args=[row.uid]),
            "fingerprint": row.stated.get("fingerprint", ""),
        }
        for row in own
    ]
    return Pieces(
        [row for row in own if row.is_complete and row.uid in set(named)],
        [row for row in own if not row.is_complete],
        known,
    )


def arrived(actor: Officer, named: Sequence[uuid.UUID]) -> list[Upload]:
    """Those of the officer's uploads that a form names and that are still here, in its order."""
    rows = Upload.objects.visible_to(actor).filter(uid__in=named)
    found = {row.uid: row for row in rows}
    return [found[uid] for uid in named if uid in found]


def all_arrived(actor: Officer, named: Sequence[uuid.UUID]) -> list[Upload]:
    """Give the uploads that a form names, none missing. Raises Refused("vault.upload_gone")."""
    found = arrived(actor, named)
    if len(found) < len(named):
        raise Refused("vault.upload_gone")
    return found


def opened(actor: Officer, upload: Upload) -> BinaryIO:
    """Open an upload from its first byte.

    Raises NotAllowed, Refused("vault.upload_unfinished" | "vault.upload_gap").
    """
    try:
        joined = resumable.open_upload(actor, upload)
    except Untrusted as doubt:
        raise Refused("vault.upload_gap") from doubt
    return cast("BinaryIO", io.BufferedReader(joined, READ_AT_ONCE_BYTES))


def stated(upload: Upload) -> tuple[str, str]:
    """The name and the type that the client gave."""
    return upload.stated.get("filename", ""), upload.stated.get("filetype", "")
