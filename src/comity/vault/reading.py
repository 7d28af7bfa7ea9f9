"""Opening a stored file, unless its key was destroyed."""

from __future__ import annotations

import io

from comity.core.errors import Refused
from comity.vault import erasures, storage
from comity.vault.models import StoredFile


def open_stored(file: StoredFile) -> io.BufferedReader:
    """Open it, seekable. Raises as `actions.open_file`."""
    key = key_of(file)
    return storage.open_object(file.stored_name, key, file.section, file.stored_size)


def key_of(file: StoredFile) -> bytes:
    """The wrapped key, unless it was destroyed: the list counts, whatever an old database says."""
    if file.shredded_at is not None or file.uid in erasures.destroyed():
        raise Refused("vault.key_destroyed")
    return bytes(file.wrapped_key)
