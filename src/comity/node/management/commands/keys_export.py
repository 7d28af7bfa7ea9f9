"""Write the wrapped keys of all stored files: with objects and root key, all that opens them."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.db.models.fields.reverse_related import ForeignObjectRel

from comity.core.access import NodeActor
from comity.ledger import actions as ledger
from comity.vault import exports
from comity.vault.models import StoredFile

BATCH = 2_000


class Command(BaseCommand):
    help = "Write wrapped-keys.jsonl for the backup: scripts/recover.py opens the objects by it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--out", type=Path, default=exports.own_export(), help="replaced in one step"
        )

    def handle(self, *args: Any, out: Path, **options: Any) -> None:
        # The entry comes first: an erasure names every export that may hold its key.
        with transaction.atomic():
            files = StoredFile.objects.filter(shredded_at=None).count()
            ledger.append(
                NodeActor("command"), exports.EXPORTED, "node:command", files=files, name=out.name
            )
        count = exports.write(out, (json.dumps(line) for line in exported()))
        exports.forget_destroyed()  # what was destroyed while it was written
        self.stdout.write(f"{count} wrapped keys written to {out.name}.")


def exported() -> Iterator[dict[str, Any]]:
    """Yield what opens each stored file whose key is not destroyed.

    object: its name under objects/; offset, size: in bytes, of the stored form in it. name: what
    the wrapped key is bound to. sha256: of the plain bytes, where a row of any app states it.
    """
    rows = StoredFile.objects.filter(shredded_at=None).select_related("pack").order_by("pk")
    for start in range(0, rows.count(), BATCH):
        batch = list(rows[start : start + BATCH])
        stated = _digests(batch)
        for row in batch:
            digest, said = stated.get(row.pk, ("", ""))
            yield {
                "file": str(row.uid),
                "said": said,
                "name": row.stored_name,
                "wrapped": bytes(row.wrapped_key).hex(),
                "object": row.pack.stored_name if row.pack else row.stored_name,
                "offset": row.offset,
                "size": row.stored_size,
                "sha256": digest,
            }


def _digests(batch: list[StoredFile]) -> dict[int, tuple[str, str]]:
    """The digest of each file's plain bytes, and the number of an item that has them."""
    found: dict[int, tuple[str, str]] = {}
    for field in StoredFile._meta.get_fields(include_hidden=True):
        if not isinstance(field, ForeignObjectRel) or not hasattr(field.related_model, "sha256"):
            continue
        name = field.field.name
        for each in field.related_model._base_manager.filter(**{f"{name}__in": batch}):
            number = str(getattr(each, "number", ""))
            found.setdefault(getattr(each, f"{name}_id"), (each.sha256, number))
    return found
