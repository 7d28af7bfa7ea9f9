"""Run as a program: takes files in without end in a child, kills it, looks at what is left.

A node of its own in COMITY_HOME; prints one JSON object. No hooks in the product: the moment of
death is chance, and there are many.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import signal
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from comity.accounts import actions as accounts  # noqa: E402
from comity.accounts.models import Officer, OfficerRole  # noqa: E402
from comity.core import keyring  # noqa: E402
from comity.core.access import NodeActor, Role  # noqa: E402
from comity.evidence import actions  # noqa: E402
from comity.evidence.models import Item  # noqa: E402
from comity.evidence.rules import Origin  # noqa: E402
from comity.ledger import actions as ledger  # noqa: E402
from comity.vault import actions as vault  # noqa: E402
from comity.vault import apart, packs  # noqa: E402
from comity.vault.models import Pack, StoredFile  # noqa: E402
from comity.vault.storage import RegularFile  # noqa: E402


def make_node() -> tuple[Officer, uuid.UUID]:
    call_command("migrate", verbosity=0)
    keyring.create(
        settings.COMITY_KEYS, node_id="kill.test", hosts=["localhost"], now=datetime.now(UTC)
    )
    officer = Officer.objects.create(email="kill@example.test", name="R. Melnyk")
    OfficerRole.objects.create(officer=officer, role=Role.INVESTIGATOR, granted_by="test")
    case = uuid.uuid4()
    accounts.found_team(officer, kind="case", record=case)
    return officer, case


def ingest_without_end(
    officer: Officer, case: uuid.UUID, acknowledged: Path, seed: int, warm: int
) -> None:
    chance = random.Random(seed)
    contents = [chance.randbytes(chance.choice([0, 10, 50_000, 2_000_000])) for _ in range(4)]
    log = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        item = actions.ingest(
            officer,
            io.BytesIO(chance.choice(contents)),
            title="A file",
            kind="photo",
            access=[("case", case)],
            origin=Origin.INVESTIGATION,
            acquisition=actions.Acquisition("R. Melnyk", datetime.now(UTC)),
        )
        os.write(log, f"{item.pk} {item.sha256}\n".encode())
        os.write(warm, b".")


def ingest_folders_without_end(
    officer: Officer, case: uuid.UUID, acknowledged: Path, seed: int, warm: int
) -> None:
    """With a second process that reads and seals; what is in the folder changes each time."""
    chance = random.Random(seed)
    packs.PACK_BYTES, apart.CORES_NEEDED = 150_000, 1
    folder = acknowledged.with_name("folder")
    folder.mkdir(exist_ok=True)
    log = os.open(acknowledged, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    shared = actions.Shared(
        "photo",
        [("case", case)],
        Origin.INVESTIGATION,
        actions.Acquisition("R. Melnyk", datetime.now(UTC)),
    )
    sizes = [0, 10, *[50_000] * 9, 1_100_000]
    while True:
        incoming = []
        for number in range(40):
            path = folder / str(number)
            path.write_bytes(chance.randbytes(chance.choice(sizes)))
            incoming.append(actions.Incoming(RegularFile(path), "A file", path.name))
        for number, item in enumerate(actions.ingest_many(officer, incoming, shared)):
            os.write(log, f"{item.pk} {item.sha256}\n".encode())
            if number > 10:  # the second process has begun
                os.write(warm, b".")


def kill_once(officer: Officer, case: uuid.UUID, acknowledged: Path, seed: int) -> None:
    """Kill a child at some moment after its first ingest, while it is in a later one."""
    connections.close_all()
    seen, warm = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            ingest = ingest_folders_without_end if seed % 2 else ingest_without_end
            ingest(officer, case, acknowledged, seed, warm)
        finally:
            os._exit(1)  # an ingest that fails by itself is seen by the exit code
    os.close(warm)
    os.read(seen, 1)
    time.sleep(random.Random(seed).uniform(0, 0.15))
    os.kill(child, signal.SIGKILL)
    _pid, status = os.waitpid(child, 0)
    os.close(seen)
    if not os.WIFSIGNALED(status):
        sys.exit("an ingest failed before it was killed")


def what_is_left(acknowledged: Path) -> dict[str, object]:
    node, wrong, told = NodeActor("test"), [], {}
    for line in acknowledged.read_text().splitlines() if acknowledged.exists() else []:
        number, digest = line.split()
        told[int(number)] = digest
    items = {item.pk: item for item in Item.objects.select_related("stored_file")}
    for item in items.values():
        with vault.open_file(node, item.stored_file) as reader:
            if hashlib.file_digest(reader, "sha256").hexdigest() != item.sha256:
                wrong.append(item.number)
        if item.custody.filter(entry__isnull=False).count() != 2:
            wrong.append(f"{item.number} custody")
    lost = [pk for pk, digest in told.items() if pk not in items or items[pk].sha256 != digest]
    swept = vault.sweep(node, incoming_seconds=0, object_seconds=0)
    objects = {path.name for path in (settings.COMITY_VAULT / "objects").rglob("?" * 64)}
    alone = StoredFile.objects.filter(pack=None).values_list("stored_name", flat=True)
    named = {*alone, *Pack.objects.values_list("stored_name", flat=True)}
    while ledger.sequence_pending():
        pass
    return {
        "items": len(items),
        "acknowledged": len(told),
        "lost": lost,
        "wrong": wrong,
        "swept": swept.incoming + swept.objects,
        "unnamed": len(objects - named),
        "missing": len(named - objects),
        "incoming": len(list((settings.COMITY_VAULT / "incoming").iterdir())),
        "entries": ledger.verify_all(),
    }


def main() -> None:
    times, acknowledged = int(sys.argv[1]), Path(sys.argv[2])
    officer, case = make_node()
    for seed in range(times):
        kill_once(officer, case, acknowledged, seed)
    sys.stdout.write(json.dumps(what_is_left(acknowledged)))


if __name__ == "__main__":
    main()
