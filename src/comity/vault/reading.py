"""Opening a stored file, unless its key was destroyed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from comity.core.errors import Refused
from comity.vault import erasures, storage
from comity.vault.models import StoredFile

ASKED_AT_ONCE = 500


def open_stored(file: StoredFile) -> io.BufferedReader:
    """Open it, seekable. Raises as `actions.open_file`."""
    key = key_of(file)
    return storage.open_object(file.stored_name, key, file.section, file.stored_size)


def key_of(file: StoredFile) -> bytes:
    """The wrapped key, unless it was destroyed: the list counts, whatever an old database says."""
    if file.shredded_at is not None or file.uid in erasures.destroyed():
        raise Refused("vault.key_destroyed")
    return bytes(file.wrapped_key)


class Place(NamedTuple):
    """What `storage.Shelf` needs to open a file. size: stored, in bytes."""

    stored_name: str
    wrapped_key: bytes
    section: storage.Section | None
    size: int


class Places:
    """Where many stored files lie, asked for in groups; few of them are in memory at a time."""

    def __init__(self, keys: Sequence[int]) -> None:
        """keys: in the order in which they will be asked for."""
        self._keys = keys
        self._held: dict[int, Place | None] = {}

    def of(self, key: int) -> Place:
        """Return the place of one. Raises Refused("vault.key_destroyed")."""
        if key not in self._held:
            start = self._keys.index(key)
            self._held = _places(self._keys[start : start + ASKED_AT_ONCE])
        place = self._held[key]
        if place is None:
            raise Refused("vault.key_destroyed")
        return place


def _places(keys: Sequence[int]) -> dict[int, Place | None]:
    """By key; None: its key was destroyed."""
    destroyed = erasures.destroyed()
    rows = StoredFile.objects.filter(pk__in=keys).values_list(
        "pk", "uid", "shredded_at", "stored_name", "wrapped_key", "stored_size",
        "offset", "pack__stored_name", "pack__stored_size",
    )  # fmt: skip
    found: dict[int, Place | None] = dict.fromkeys(keys)
    for pk, uid, shredded_at, name, wrapped, size, offset, pack, pack_size in rows:
        if shredded_at is None and uid not in destroyed:
            section = None if pack is None else storage.Section(pack, offset, pack_size or 0)
            found[pk] = Place(name, bytes(wrapped), section, size)
    return found
