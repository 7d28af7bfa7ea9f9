"""Watched folders: what somebody lays into one becomes an item, once; nothing is ever deleted.

Taken files move to `taken/`, those that can be no item to `refused/` with the reason beside them.
A file is taken when it has lain unchanged for a while and nobody has it open for writing.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import stat
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Compartment
from comity.core.errors import NotAllowed, Refused
from comity.evidence import actions
from comity.evidence.deposits import Deposit, Place
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.ui.labels import label

logger = logging.getLogger("comity.evidence")
TAKEN, REFUSED = "taken", "refused"
FILES_AT_ONCE = 2000
PARTIAL_ENDINGS = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", "~")
# What may be otherwise the next time; the file stays where it is.
PASSING = frozenset({"vault.disk_full", "vault.source_changed", "vault.taken_in_too_long_ago"})
_NAMES = uuid.UUID("5b1f6a0e-54a5-4f0f-9d0c-3a6f2f0c6d11")


@dataclass(frozen=True)
class Watched:
    """One folder, and what is stated of every file in it. officer: the sign-in address.

    acquired_by, acquired_at (ISO 8601 with zone): who obtained the files, and when; what is empty
    the custody of each item calls not stated.
    """

    path: Path
    officer: str
    case: uuid.UUID
    kind: str
    title: str = ""
    compartment: str = Compartment.INVESTIGATION
    origin: str = Origin.INVESTIGATION
    acquired_by: str = ""
    acquired_at: str = ""
    place: str = ""
    device: str = ""
    method: str = "watched folder"
    legal_authority: str = ""


def folders() -> list[Watched]:
    """Read COMITY_WATCHED_FOLDERS. Raises ValueError, saying what is wrong with it."""
    stated = json.loads(settings.COMITY_WATCHED_FOLDERS or "[]")
    if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
        raise ValueError("not a list of objects")
    return [_watched(one) for one in stated]


def _watched(stated: dict[str, Any]) -> Watched:
    unknown = stated.keys() - Watched.__dataclass_fields__.keys()
    if unknown or not all(isinstance(value, str) for value in stated.values()):
        raise ValueError(f"unknown or no text: {', '.join(sorted(unknown)) or 'a value'}")
    missing = {"path", "officer", "case", "kind"} - stated.keys()
    if missing:
        raise ValueError(f"missing: {', '.join(sorted(missing))}")
    path = Path(stated["path"])
    if not path.is_absolute():
        raise ValueError("a path is not absolute")
    _moment(stated.get("acquired_at", ""))
    Compartment(stated.get("compartment", Compartment.INVESTIGATION))
    Origin(stated.get("origin", Origin.INVESTIGATION))
    return Watched(**(stated | {"path": path, "case": uuid.UUID(stated["case"])}))


def problem_with(watched: Watched) -> str:
    """What keeps a folder from being taken in; empty if nothing does."""
    path = watched.path
    if path.is_symlink() or not path.is_dir():
        return "is not there, or is a link"
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        return "cannot be read and written"
    if any(not _is_folder_or_nothing(path / name) for name in (TAKEN, REFUSED)):
        return "has a link or a file where its own folder belongs: taken, or refused"
    actor = _officer_of(watched)
    if actor is None:
        return "has no officer who signs in with this address"
    try:
        list(actions.ingest_many(actor, [], _shared(watched)))
    except (Refused, NotAllowed) as refusal:
        return f"is refused: {refusal.code}"
    return ""


def _is_folder_or_nothing(path: Path) -> bool:
    """Whether nothing stands there, or a real folder; whoever owns it."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def anything_is_ready() -> bool:
    """Say whether a file waits in a watched folder."""
    with suppress(ValueError):
        sound = (one for one in folders() if not problem_with(one))
        return any(next(_ready(Deposit(one.path)), None) for one in sound)
    return False


def take_in_all() -> int:
    """Take in what is ready in every folder; return how many became items.

    Safe after a stop at any place: an item's uid follows from the file, so a file that is an item
    already only moves. Of two at once the second does nothing.
    """
    with _alone() as alone:
        return sum(_take_in(one) for one in folders() if not problem_with(one)) if alone else 0


@contextmanager
def _alone() -> Iterator[bool]:
    spool = Path(settings.COMITY_SPOOL)
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (spool / "watched.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _take_in(watched: Watched) -> int:
    actor = _officer_of(watched)
    if actor is None:
        return 0
    deposit = Deposit(watched.path)
    if hidden := _unreadable(deposit):
        logger.warning("Folders in a watched folder cannot be read: %s.", hidden)
    found = [place for place, _at in zip(_ready(deposit), range(FILES_AT_ONCE), strict=False)]
    once = {place: uid for place in found if (uid := _uid_of(deposit, place))}
    there = actions.taken_already(actor, list(once.values()))
    for place in [place for place in once if once[place] in there]:
        _put_away(deposit, place, once[place])
    left = [place for place in once if once[place] not in there]
    title = watched.title or str(label(watched.kind, "ItemKind"))
    incoming = [
        actions.Incoming(
            opened=partial(deposit.open, place),
            title=title,
            original_name=os.fsencode("/".join(place)),
            once=once[place],
        )
        for place in left
    ]
    taken = 0
    results = actions.ingest_many(actor, incoming, _shared(watched))
    for place, result in zip(left, results, strict=True):
        taken += isinstance(result, Item)
        _settle(actor, deposit, place, once[place], result)
    return taken


def _settle(
    actor: Officer,
    deposit: Deposit,
    place: Place,
    uid: uuid.UUID,
    result: Item | Refused | OSError,
) -> None:
    """Move a file to where it belongs; what may go better the next time stays."""
    if isinstance(result, Item):
        _put_away(deposit, place, uid)
    elif isinstance(result, OSError):
        logger.warning("A file in a watched folder cannot be read: %s.", result.strerror)
    elif result.code in PASSING:
        logger.warning("A file in a watched folder waits: %s.", result.code)
    else:
        _put_aside(actor, deposit, place, uid, result)


def _put_away(deposit: Deposit, place: Place, uid: uuid.UUID) -> None:
    """Move a file that is an item; one that was put in its place meanwhile is left for later."""
    if _uid_of(deposit, place) == uid:
        with _told():
            deposit.move(place, TAKEN)


def _put_aside(
    actor: Officer, deposit: Deposit, place: Place, uid: uuid.UUID, why: Refused
) -> None:
    with _told():
        with deposit.folder((REFUSED, *place[:-1]), make=True):
            pass  # where it cannot be put aside, nothing is recorded again and again
        actions.note_refused(actor, uid, reason=why.code)
        moved = deposit.move(place, REFUSED)
        deposit.say(moved, f"{timezone.now():%Y-%m-%d %H:%M} UTC  {label(why)}\n")


@contextmanager
def _told() -> Iterator[None]:
    """A file that cannot be moved stops no other."""
    try:
        yield
    except OSError as failure:
        logger.warning("A file in a watched folder cannot be moved: %s.", failure.strerror)


def _ready(deposit: Deposit) -> Iterator[Place]:
    """The files that have come to rest, in the order of their names; links and pipes too."""
    before = time.time() - settings.COMITY_WATCHED_QUIET_SECONDS
    for place, state in deposit.places(besides=frozenset({TAKEN, REFUSED})):
        if state is None:
            continue
        name = place[-1]
        if name.startswith(".") or name.lower().endswith(PARTIAL_ENDINGS):
            continue
        rests = max(state.st_mtime, state.st_ctime) <= before
        if rests and not _is_being_written(deposit, place, state):
            yield place


def _unreadable(deposit: Deposit) -> int:
    """How many folders cannot be read, or lie too deep: what is in them is not taken in."""
    found = deposit.places(besides=frozenset({TAKEN, REFUSED}))
    return sum(state is None for _, state in found)


def _is_being_written(deposit: Deposit, place: Place, state: os.stat_result) -> bool:
    """Whether some process of this machine has the file open for writing, where that can be told.

    A read lease is given only if nobody has. Network file systems and other people's files give
    none: there only the time without a change speaks.
    """
    if not stat.S_ISREG(state.st_mode):
        return False
    with suppress(OSError, Refused), deposit.open(place) as file:
        # Whoever opens it for writing meanwhile breaks the lease: the signal that says so must be
        # one that ends no process.
        fcntl.fcntl(file.fileno(), fcntl.F_SETSIG, signal.SIGURG)
        try:
            fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return True
        fcntl.fcntl(file.fileno(), fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _uid_of(deposit: Deposit, place: Place) -> uuid.UUID | None:
    """The uid of the item that this file becomes: of this name with this content, by its state.

    Another file that comes later under the same name is another item. None if it is gone.
    """
    try:
        state = deposit.state(place)
    except OSError:
        return None
    path = os.fsencode(deposit.path.joinpath(*place)).hex()
    seen = [path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns]
    return uuid.uuid5(_NAMES, ":".join(map(str, seen)))


def _officer_of(watched: Watched) -> Officer | None:
    officer = Officer.objects.filter(email__iexact=watched.officer, is_active=True).first()
    if officer is not None:
        officer.signed_in_by = "watched_folder"
    return officer


def _shared(watched: Watched) -> actions.Shared:
    """What is stated of every file; who obtained it, and when, only if the settings say so."""
    return actions.Shared(
        kind=watched.kind,
        access=[("case", watched.case)],
        origin=Origin(watched.origin),
        acquisition=actions.Acquisition(
            acquired_by=watched.acquired_by,
            acquired_at=_moment(watched.acquired_at),
            place=watched.place,
            device=watched.device,
            method=watched.method,
            legal_authority=watched.legal_authority,
        ),
        compartment=Compartment(watched.compartment),
    )


def _moment(stated: str) -> datetime | None:
    """Read a moment with its zone (ISO 8601). Raises ValueError, also for one without a zone."""
    if not stated:
        return None
    moment = datetime.fromisoformat(stated)
    if moment.tzinfo is None:
        raise ValueError("acquired_at has no zone")
    return moment


def problems(stated: Sequence[Watched]) -> Iterator[tuple[int, str]]:
    """Yield the number of each folder, from 1, that cannot be taken in, and why."""
    for number, one in enumerate(stated, 1):
        if why := problem_with(one):
            yield number, why
        elif hidden := _unreadable(Deposit(one.path)):
            yield number, f"holds folders that cannot be read, or lie too deep: {hidden}"
