"""What entries of the ledger commit to of the rows beside an item, so that an edit is seen.

Each act that writes such a row puts its name and a digest into its entry; the newest entry that
names a row says what it is. A digest is over the item's salt too: it tells nothing by itself, and
nothing at all once an erasure has put another salt in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from django.db import models

from comity.core import canonical
from comity.evidence.models.derivations import Derivation
from comity.evidence.models.items import Item
from comity.evidence.models.keeping import ErasureOrder, LegalHold
from comity.evidence.models.leaving import Disclosure, ReleaseGrant, UseCondition, UseConfirmation

# By the word that stands in entries: the rows, and how each leads to its item.
PROTECTED: dict[str, tuple[type[models.Model], str]] = {
    "hold": (LegalHold, "item"),
    "order": (ErasureOrder, "item"),
    "condition": (UseCondition, "item"),
    "confirmation": (UseConfirmation, "condition__item"),
    "grant": (ReleaseGrant, "item"),
    "disclosure": (Disclosure, "item"),
    "derivation": (Derivation, "item"),
}
_WORDS = canonical.Template({}, ["title", "original_name", "created_at"])
_WORD = {model: word for word, (model, _) in PROTECTED.items()}


def committed_rows(item: Item, rows: Iterable[models.Model]) -> dict[str, str | None]:
    """What an entry about an item commits to of these saved rows: name and digest of each."""
    salt = bytes(item.salt)
    return {row_name(row): row_digest(row, salt) for row in rows}


def rows_beside(item: Item) -> list[models.Model]:
    """Every protected row of an item."""
    return [
        row
        for model, way in PROTECTED.values()
        for row in model._default_manager.filter(**{way: item}).order_by("pk")
    ]


def row_name(row: models.Model) -> str:
    """The name by which entries know a row, such as "hold:17"."""
    return f"{_WORD[type(row)]}:{row.pk}"


def row_digest(row: models.Model, salt: bytes) -> str:
    """SHA-256 (hex) over the salt of its item and every column of a row."""
    stated = {
        str(field.attname): _plain(getattr(row, field.attname))
        for field in row._meta.concrete_fields
    }
    return hashlib.sha256(salt + canonical.encode(stated)).hexdigest()


def words_digest(item: Item) -> str:
    """SHA-256 (hex) over an item's salt, its title, its file name, and since when it is here."""
    stated = _WORDS.fill(item.title, item.original_name, _plain(item.created_at))
    return hashlib.sha256(bytes(item.salt) + stated).hexdigest()


def teams_digest(item: Item, teams: Iterable[str]) -> str:
    """SHA-256 (hex) over an item's salt and the teams that hold it, each as "case:<uid>"."""
    listed = "\n".join(sorted(teams))
    return hashlib.sha256(bytes(item.salt) + listed.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, list, tuple, dict)):
        return value
    return str(value)
