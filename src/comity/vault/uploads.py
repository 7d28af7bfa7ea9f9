"""Uploads of any size: sealed to a nameless file in the spool as they arrive, in constant memory.

The key lives in this process only and goes with the upload: nothing readable touches the disk.
"""

from __future__ import annotations

import errno
import io
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import (
    FileUploadHandler,
    StopUpload,
    UploadFileException,
)
from django.http import HttpRequest

from comity.core import vaultfile

if TYPE_CHECKING:
    _Uploaded = UploadedFile[bytes]
else:
    _Uploaded = UploadedFile

LOOK_AT_SPACE_EVERY_BYTES = 64 * 1024 * 1024
READ_AT_ONCE_BYTES = 128 * 1024


class SpoolUpload(_Uploaded):
    """What an officer uploaded, as a seekable file of plain bytes; it is gone when it is closed."""

    def __init__(self, spooled: Spooled, about: FileUploadHandler, size: int) -> None:
        super().__init__(spooled.opened(), about.file_name, about.content_type, size, about.charset)


class Spooled:
    """A nameless sealed file that is being written."""

    def __init__(self) -> None:
        spool = Path(settings.COMITY_SPOOL)
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        # O_TMPFILE where the system has it: a process that is killed leaves nothing behind.
        # Unbuffered, so that a full disk is met when bytes are written and not when it is closed.
        self._file = tempfile.TemporaryFile(dir=spool, buffering=0)  # noqa: SIM115 - lives on
        self._key = vaultfile.new_key()
        self._writer = vaultfile.Writer(self._file, self._key)

    def write(self, piece: bytes) -> None:
        """Seal and write the next bytes. Raises OSError."""
        self._writer.write(piece)

    def opened(self) -> io.BufferedReader:
        """End the writing and give the plain bytes; closing them closes the file."""
        self._writer.finish()
        return io.BufferedReader(vaultfile.Reader(self._file, self._key), READ_AT_ONCE_BYTES)

    def close(self) -> None:
        """Let go of what was written."""
        self._file.close()


class SpoolUploadHandler(FileUploadHandler):
    """Streams each upload to the spool, for a signed-in officer and while there is room."""

    chunk_size = 1024 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Start a spool file, or stop reading if nobody has signed in."""
        super().new_file(*args, **kwargs)
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise StopUpload(connection_reset=True)
        self._upload = Spooled()
        self._until_look = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write one piece; stop taking this upload when the disk is full."""
        try:
            self._look_at_space(len(raw_data))
            self._upload.write(raw_data)
        except OSError as failure:
            self._note_full(failure)
            raise StopUpload(connection_reset=False) from failure

    def _note_full(self, failure: OSError) -> None:
        """Let go of what was written if the disk is full, else raise the failure again."""
        if failure.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise failure
        self._upload.close()
        mark_stopped(self.request)

    def _look_at_space(self, count: int) -> None:
        self._until_look -= count
        if self._until_look <= 0:
            self._until_look = LOOK_AT_SPACE_EVERY_BYTES
            free = shutil.disk_usage(settings.COMITY_SPOOL).free
            if free < settings.COMITY_RESERVED_DISK_BYTES:
                raise OSError(errno.ENOSPC, "the reserve is reached")

    def file_complete(self, file_size: int) -> SpoolUpload | None:
        """Give the upload, at its first byte; none if its end found no room."""
        try:
            return SpoolUpload(self._upload, self, file_size)
        except OSError as failure:
            self._note_full(failure)
            return None

    def upload_interrupted(self) -> None:
        """Let go of what was written."""
        if hasattr(self, "_upload"):
            self._upload.close()


class NoFilesHandler(FileUploadHandler):
    """For pages that take no file: the first one ends the reading of the body."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuse."""
        raise UploadFileException("this page takes no file")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached."""

    def file_complete(self, file_size: int) -> None:
        """Never reached."""


def mark_stopped(request: HttpRequest | None) -> None:
    """Remember, for the form, that an upload was stopped because the disk is full."""
    if request is not None:
        request.META["comity.upload_stopped"] = True


def was_stopped(request: HttpRequest) -> bool:
    """Say whether an upload of this request was stopped because the disk is full."""
    return bool(request.META.get("comity.upload_stopped"))
