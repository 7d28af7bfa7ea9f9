"""Comparing the rows of items with what the ledger's entries committed to.

Entries from before rows were committed to ("rows" is missing in them) stay valid: they say how many
rows there must be, where each wrote one, and not what stands in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from enum import StrEnum
from typing import Any

from comity.core import canonical
from comity.core.errors import Untrusted
from comity.core.merkle import leaf_hash
from comity.evidence.actions.intake import facts_of
from comity.evidence.models import PROTECTED, Item, ItemAccess, row_digest, row_name, teams_digest
from comity.ledger.models import Entry

INGESTED = "evidence.item_ingested"
ERASED = "evidence.item_erased"
MARKED = "evidence.item_marked"
SHARED = "evidence.item_shared"
UNDONE = "evidence.disclosure_undone"
# What says something of rows and has no custody record beside it.
OTHER_KINDS = frozenset(
    {
        MARKED,
        "evidence.hold_lift_asked",
        "evidence.release_granted",
        "evidence.release_followed",
        "evidence.release_withdrawn",
    }
)
# Which rows an entry of a kind wrote. How many `item_derived` wrote, before they were named, is
# not known.
_WROTE = {
    "evidence.hold_set": "hold",
    "evidence.erasure_ordered": "order",
    "evidence.condition_attached": "condition",
    "evidence.use_confirmed": "confirmation",
    "evidence.release_granted": "grant",
    "evidence.release_followed": "grant",
    "evidence.item_disclosed": "disclosure",
}
_DERIVED = "evidence.item_derived"
_OF_DERIVED = frozenset({"derivation", "condition", "confirmation"})


class RowState(StrEnum):
    """How a row differs from what the ledger says."""

    GONE = "gone"
    ADDED = "added"
    CHANGED = "changed"


@dataclass(frozen=True)
class Differing:
    """A row that is not what the ledger says.

    what: "item", "team", or a word of PROTECTED. name: the column of an item, the record whose
    team it is, or the row's key; "?" for one that entries count and do not name.
    """

    what: str
    name: str
    state: RowState

    def __str__(self) -> str:
        return f"{self.what} {self.name} {self.state}"


@dataclass(frozen=True)
class Said:
    """An entry, and its details; None where they are not what its leaf commits to."""

    entry: Entry
    details: Mapping[str, Any] | None


def sound_details(entry: Entry) -> Mapping[str, Any] | None:
    """Return an entry's details if its leaf, its body and its columns agree on them."""
    kept = getattr(entry, "committed", None)
    try:
        body = bytes(entry.body)
        stated, details = canonical.decode(body), kept and kept.as_mapping()
    except (Untrusted, TypeError):
        return None
    agrees = (
        isinstance(stated, dict)
        and kept is not None
        and stated.get("commitment") == kept.commitment_hex
        and stated.get("subject") == entry.subject
        and stated.get("kind") == entry.kind
        and (entry.index is None or bytes(entry.leaf_hash or b"") == leaf_hash(body))
    )
    return details if agrees else None


def differing(
    items: Sequence[Item], said: Mapping[str, Sequence[Said]]
) -> dict[int, list[Differing]]:
    """Compare the rows of some items with what their entries say; by key of the item.

    items: with their stored files. said: by subject, in the order of the ledger.
    """
    rows, teams = _rows_of(items), _teams_of(items)
    found: dict[int, list[Differing]] = {}
    for item in items:
        replayed = _Replayed()
        for one in said.get(item.subject, ()):
            replayed.take(one)
        found[item.pk] = [
            *replayed.of_item(item),
            *replayed.of_teams(item, teams[item.pk]),
            *replayed.of_rows(rows[item.pk]),
        ]
    return found


def _rows_of(items: Sequence[Item]) -> dict[int, dict[str, str]]:
    """The digest of each row beside each item, by its name."""
    salts = {item.pk: bytes(item.salt) for item in items}
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for model, way in PROTECTED.values():
        rows = model._default_manager.filter(**{f"{way}__in": items})
        rows = rows if way == "item" else rows.select_related(way.partition("__")[0])
        for row in rows.order_by("pk"):
            key = row.item_id if way == "item" else row.condition.item_id  # type: ignore[attr-defined]
            found[key][row_name(row)] = row_digest(row, salts[key])
    return found


def _teams_of(items: Sequence[Item]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    rows = ItemAccess.objects.filter(item__in=items).values_list("item", "kind", "record")
    for key, kind, record in rows:
        found[key].add(f"{kind}:{record}")
    return found


@dataclass
class _Replayed:
    """What the entries of one item say in the end.

    facts: of its first intake. marks: what later ones said of its row. committed: digest of each
    row by name, None for one that was taken away by an act. made: names whose making was committed
    to. old: how many rows entries made without naming them; uncounted: words of which nobody knows.
    """

    facts: dict[str, Any] | None = None
    marks: dict[str, Any] = field(default_factory=dict)
    by: str = ""
    teams: str | None = None
    shared: set[str] = field(default_factory=set)
    committed: dict[str, str | None] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    old: Counter[str] = field(default_factory=Counter)
    uncounted: frozenset[str] = frozenset()

    def take(self, said: Said) -> None:
        """Go on by one entry."""
        details, kind = said.details, said.entry.kind
        if details is None:
            return
        if kind == INGESTED and self.facts is None:
            self.facts, self.by = dict(details), said.entry.actor
            self.teams = details.get("teams")
        elif kind == SHARED:
            self.shared.add(str(details.get("team")))
        elif kind == MARKED:
            self.marks["distressing"] = int(details["distressing"])
        elif kind == ERASED:
            self.marks |= {"erased_at": details.get("erased_at", "")}
            self.marks |= {name: details[name] for name in ("words",) if name in details}
            if "teams" in details:  # of all, under another salt
                self.teams, self.shared = details["teams"], set()
        self._take_rows(kind, details.get("rows"))

    def _take_rows(self, kind: str, rows: Mapping[str, str | None] | None) -> None:
        if rows is None:
            self.old[_WROTE.get(kind, "")] += 1
            self.old["disclosure"] -= kind == UNDONE
            self.uncounted |= _OF_DERIVED if kind == _DERIVED else frozenset()
            return
        for name, digest in rows.items():
            if name not in self.committed and (kind in _WROTE or kind == _DERIVED):
                self.made.add(name)
            self.committed[name] = digest

    def of_item(self, item: Item) -> Iterable[Differing]:
        """How the item's own row differs."""
        if self.facts is None:
            yield Differing("item", "entry", RowState.ADDED)
            return
        stated = self.facts | self.marks
        there = facts_of(item) | {"sha256": item.sha256}
        if "erased_at" not in self.marks and item.erased_at:
            yield Differing("item", "erased_at", RowState.CHANGED)
        elif "erased_at" in self.marks:
            moment = item.erased_at and item.erased_at.astimezone(UTC).isoformat()
            if not moment or stated["erased_at"] not in ("", moment):
                yield Differing("item", "erased_at", RowState.CHANGED)
        if item.created_by != self.by:
            yield Differing("item", "created_by", RowState.CHANGED)
        for name, value in there.items():
            if name in stated and stated[name] != value:
                yield Differing("item", name, RowState.CHANGED)

    def of_teams(self, item: Item, there: set[str]) -> Iterable[Differing]:
        """Whether teams were given the item, or had it taken away, past the ledger.

        Those of the intake stand in it as one digest: it travels, and names no person's file.
        """
        for team in sorted(self.shared - there):
            yield Differing("team", team, RowState.GONE)
        if self.teams is not None and teams_digest(item, there - self.shared) != self.teams:
            yield Differing("team", "?", RowState.CHANGED)

    def of_rows(self, there: Mapping[str, str]) -> Iterable[Differing]:
        """Which rows beside the item differ."""
        for name, digest in self.committed.items():
            state = _state(digest, there.get(name))
            if state is not None:
                word, _, key = name.partition(":")
                yield Differing(word, key, state)
        unnamed: dict[str, list[str]] = defaultdict(list)
        for name in there.keys() - self.committed.keys():
            word, _, key = name.partition(":")
            unnamed[word].append(key)
        for word in PROTECTED:
            yield from self._unnamed(word, sorted(unnamed[word]))

    def _unnamed(self, word: str, keys: Sequence[str]) -> Iterable[Differing]:
        """Rows that no entry names: as many as were made when entries named none."""
        if word in self.uncounted:
            return
        later = sum(
            name.startswith(f"{word}:") for name in self.committed.keys() - self.made
        )  # made when entries named none, and changed by an act since
        expected = max(0, self.old[word] - later)
        if len(keys) < expected:
            yield Differing(word, "?", RowState.GONE)
        elif len(keys) > expected:
            yield from (Differing(word, key, RowState.ADDED) for key in keys)


def _state(digest: str | None, there: str | None) -> RowState | None:
    if digest == there:
        return None
    if digest is None:
        return RowState.ADDED
    return RowState.GONE if there is None else RowState.CHANGED
