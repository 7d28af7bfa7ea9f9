"""Taking many items into evidence at once: a folder, a telephone's export."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import tee
from typing import BinaryIO

from django.db import transaction

from comity.accounts.models import Officer
from comity.core.access import Act, Actor, Compartment, require
from comity.core.errors import Refused
from comity.evidence.actions.intake import (
    Access,
    Acquisition,
    begin,
    new_item,
    of_bytes,
    of_file,
    plain_acquisition,
    require_day,
    require_member,
    require_sound,
    require_title,
)
from comity.evidence.models import Item
from comity.ledger import actions as ledger
from comity.ledger.rows import alike, insert, many_rows, new_uids
from comity.vault import actions as vault
from comity.vault.models import StoredFile
from comity.vault.storage import TakenIn


@dataclass(frozen=True)
class Incoming:
    """One file to take in. opened: opens it, seekable. original_name: kept to be read.

    once: the item's uid, if the same intake may be begun again; see `taken_already`.
    """

    opened: Callable[[], BinaryIO]
    title: str
    original_name: str | bytes = ""
    once: uuid.UUID | None = None


@dataclass(frozen=True)
class Shared:
    """What all items of one intake have in common; as the arguments of `ingest`."""

    kind: str
    access: Access
    origin: str
    acquisition: Acquisition
    compartment: str = Compartment.INVESTIGATION


def ingest_many(
    actor: Actor, incoming: Iterable[Incoming], shared: Shared
) -> Iterator[Item | Refused | OSError]:
    """Take files in, in packs of about 16 MiB of small ones; give what became of each, in order.

    A pack is one transaction: when an item is given, its bytes, its rows and its entries are
    durable. A file that is refused or cannot be read stands in its place and stops no other;
    whatever stops the whole leaves the groups that were given. Neither memory nor the number of
    syncs grows with the number of files.
    Raises NotAllowed, Refused("evidence.unknown_kind" | "evidence.not_in_team" | …) before any
    byte is read.
    """
    require(actor, Act.ADD_ITEM)
    require_sound("-", shared.kind, shared.access)
    require_member(actor, shared.access)
    acquired = plain_acquisition(shared.acquisition)
    require_day(acquired.acquired_at)
    first, second = tee(_sound(incoming))
    taken_in = vault.take_in_many(one.opened for one in first)
    with many_rows():
        for group in taken_in:
            named = [next(second) for _ in group]
            yield from _keep_group(actor, named, group, shared, acquired)


def taken_already(actor: Officer, once: Sequence[uuid.UUID]) -> dict[uuid.UUID, Item]:
    """Which items of an intake that was stopped are there: by the uid that it gave each file."""
    found: dict[uuid.UUID, Item] = {}
    for at in range(0, len(once), _AT_ONCE):
        rows = Item.objects.visible_to(actor).filter(uid__in=once[at : at + _AT_ONCE])
        found |= {row.uid: row for row in rows}
    return found


@transaction.atomic
def note_refused(actor: Officer, uid: uuid.UUID, *, reason: str) -> None:
    """Record that a file could be no item. uid: that the item would have had. reason: a code.

    Raises NotAllowed.
    """
    require(actor, Act.ADD_ITEM)
    ledger.append(actor, "evidence.file_refused", f"item:{uid}", reason=reason)


_AT_ONCE = 500


def _sound(incoming: Iterable[Incoming]) -> Iterator[Incoming]:
    """Let a file whose title cannot stand be refused in its place, as one that cannot be read."""
    for one in incoming:
        try:
            require_title(one.title)
        except Refused as refusal:
            yield replace(one, opened=_refusing(refusal))
        else:
            yield one


def _refusing(refusal: Refused) -> Callable[[], BinaryIO]:
    def opened() -> BinaryIO:
        raise refusal

    return opened


@transaction.atomic
def _keep_group(
    actor: Actor,
    named: Sequence[Incoming],
    group: Sequence[TakenIn | Refused | OSError],
    shared: Shared,
    acquired: Acquisition,
) -> list[Item | Refused | OSError]:
    taken = [one for one in group if isinstance(one, TakenIn)]
    files = iter(vault.keep_many(actor, taken))
    uids = iter(new_uids(len(taken)))
    made: list[Item | Refused | OSError] = []
    make: Callable[..., Item] | None = None
    for one, found in zip(named, group, strict=True):
        if not isinstance(found, TakenIn):
            made.append(found)
            continue
        file, uid = next(files), next(uids)
        make = make or alike(_first(actor, one, found, file, shared))
        item = make(
            uid=one.once or uid,
            examine_turn=len(made),
            **of_bytes(found, file, found.head),
            **of_file(one.title, one.original_name),
        )
        item._state.fields_cache["stored_file"] = file
        made.append(item)
    items = [one for one in made if isinstance(one, Item)]
    insert(items)
    begin(actor, items, shared.access, acquired)
    return made


def _first(actor: Actor, one: Incoming, taken: TakenIn, file: StoredFile, shared: Shared) -> Item:
    return new_item(
        actor,
        taken,
        file,
        taken.head,
        once=one.once,
        title=one.title,
        kind=shared.kind,
        origin=shared.origin,
        original_name=one.original_name,
        compartment=shared.compartment,
    )
