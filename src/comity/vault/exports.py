"""The file of wrapped keys that the node wrote for its backup: no destroyed key lives on in it.

`wrapped-keys.jsonl` beside the vault: a line of JSON for each stored file. Copies elsewhere are
beyond the node; which exports held a key is in the ledger, and an erasure names them.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from comity.ledger.models import Entry
from comity.vault import erasures
from comity.vault.models import StoredFile

EXPORTED = "vault.keys_exported"
_BATCH = 2_000


def own_export() -> Path:
    """Where the node writes its export if nothing else is asked."""
    return Path(settings.COMITY_VAULT).parent / "wrapped-keys.jsonl"


def write(path: Path, lines: Iterable[str]) -> int:
    """Put lines into a file in one step, for the owner only; return how many."""
    fresh, count = path.with_name(f"{path.name}.new"), 0
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        for line in lines:
            file.write(line.rstrip("\n") + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return count


def forget_destroyed() -> None:
    """Write the node's export anew without the destroyed keys, if one of them stands in it.

    Also one whose writing a stop left unfinished. Where it cannot be written, it is removed: a key
    in it is worse than none.
    """
    path = own_export()
    path.with_name(f"{path.name}.new").unlink(missing_ok=True)
    if not path.is_file() or not any(is_gone for _, is_gone in _judged(path)):
        return
    try:
        write(path, (line for line, is_gone in _judged(path) if not is_gone))
    except OSError:
        path.unlink(missing_ok=True)


def _judged(path: Path) -> Iterator[tuple[str, bool]]:
    """Each line of an export, and whether the key in it is destroyed."""
    listed = erasures.destroyed()
    with path.open(encoding="ascii") as file:
        while lines := [line for _, line in zip(range(_BATCH), file, strict=False)]:
            uids = [_file_of(line) for line in lines]
            rows = StoredFile.objects.filter(uid__in=[uid for uid in uids if uid])
            gone = set(rows.exclude(shredded_at=None).values_list("uid", flat=True))
            for line, uid in zip(lines, uids, strict=True):
                yield line, uid is None or uid in gone or uid in listed


def _file_of(line: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(json.loads(line)["file"])
    except (ValueError, KeyError, TypeError):
        return None


def exports_with(file: StoredFile) -> list[Mapping[str, Any]]:
    """The exports that held the key of a file: when each was written, its entry, and its name."""
    rows = Entry.objects.filter(kind=EXPORTED, at__gte=file.created_at).order_by("pk")
    return [
        {
            "entry": str(entry.uid),
            "at": entry.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "name": str(entry.committed.as_mapping().get("name", "wrapped-keys.jsonl")),
        }
        for entry in rows.select_related("committed")
    ]
