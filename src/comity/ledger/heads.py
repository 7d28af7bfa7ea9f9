"""Is the ledger in the database the one that was signed last? Asked before anything is signed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from comity.core import notes, tiles
from comity.core.errors import ProofError, Refused
from comity.core.tiles import HashReader
from comity.ledger import headlock
from comity.ledger.models import Epoch


@dataclass(frozen=True)
class Trouble:
    """Why nothing is signed. code: a label. Sizes in entries; locked_size is 0 if unreadable.

    held: SHA-256 (hex) of the file's bytes, by which an epoch names it. root: of our tree.
    """

    code: str
    locked_size: int
    locked_root: str
    size: int
    root: str
    held: str


def trouble(
    held: bytes | None, store: HashReader, size: int, verifier: notes.Verifier
) -> Trouble | None:
    """Compare the file's bytes with the tree of `size` entries; None if the tree only grew since.

    Whoever holds no lock reads the file first, the size after it: both only grow.
    An epoch that two officers opened for just this file and this tree makes an end of it.
    """
    if held is None:
        return None
    code, locked = "", headlock.stated(held, verifier)
    if locked is None:
        code = "ledger.head_unreadable"
    elif locked.size > size:
        code = "ledger.head_ahead"
    elif _root(store, locked.size) != locked.root:
        code = "ledger.head_differs"
    if not code:
        return None
    found = Trouble(
        code,
        locked.size if locked else 0,
        locked.root.hex() if locked else "",
        size,
        _root(store, size).hex(),
        hashlib.sha256(held).hexdigest(),
    )
    return None if _is_settled(found, store) else found


def require_sound(store: HashReader, size: int, verifier: notes.Verifier) -> bytes | None:
    """Return the file's bytes. Raises Refused with the code of `trouble`."""
    held = headlock.read()
    found = trouble(held, store, size, verifier)
    if found:
        raise Refused(found.code, locked=found.locked_size, size=found.size)
    return held


def _is_settled(found: Trouble, store: HashReader) -> bool:
    epochs = Epoch.objects.filter(held=found.held, confirmed_at__isnull=False)
    return any(
        each.size <= found.size and _root(store, each.size).hex() == each.root for each in epochs
    )


def _root(store: HashReader, size: int) -> bytes:
    try:
        return tiles.root(store, size)
    except ProofError:  # the tiles are not there: whatever this tree is, it is another one
        return b""
