"""How fast the ledger takes entries in, numbers them, proves and verifies them, on both databases.

Beside it, in the same run: what the database itself does with bare inserts of the same bytes, and
what the disk does with a synced write. PostgreSQL runs with fsync on: `--postgresql URL`, else a
server that this benchmark starts.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import measure

GOAL_PER_SECOND = 20_000
BATCH = 1_000
SINGLE = 400
PROOFS = 300
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--entries", type=int, default=10_000, help="of each round of the rate")
    parser.add_argument("--large", type=int, default=100_000, help="entries that are verified")
    parser.add_argument("--million", type=int, default=1_000_000, help="verified by both cores")
    parser.add_argument("--proved", type=int, default=10_000_000, help="of the tree of proofs")
    parser.add_argument("--postgresql", default="", help="a server, in place of one of our own")
    parser.add_argument("--vendor", choices=sorted(NAMES), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.vendor:
        print(json.dumps(measured(chosen)))
        return
    rows = []
    for vendor in NAMES:
        with tempfile.TemporaryDirectory() as folder, database(vendor, Path(folder), chosen) as url:
            rows += rows_of(vendor, alone(vendor, Path(folder), url, chosen))
    measure.write("ledger", rows, chosen.output)


@contextmanager
def database(vendor: str, folder: Path, chosen: argparse.Namespace) -> Iterator[str]:
    """The address of an empty database that syncs what it commits."""
    if vendor == "sqlite":
        yield f"sqlite://{folder}/node.sqlite3"
        return
    from tests.faults.server import Server

    from comity.node.demo.processes import fresh_database

    server = None if chosen.postgresql else Server()
    try:
        url = chosen.postgresql or (server.url if server else "")
        yield fresh_database(url, f"comity_bench_{os.getpid()}")
    finally:
        if server:
            server.stop()


def alone(vendor: str, folder: Path, url: str, chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure in a process whose settings are this database's."""
    environment = os.environ | {
        "COMITY_HOME": str(folder),
        "SECRET_KEY": "only-for-a-benchmark-" + "x" * 40,
        "COMITY_NODE_ID": "bench.comity.example",
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "comity.node.settings",
    }
    command = [
        sys.executable, __file__, "--vendor", vendor, "--rounds", str(chosen.rounds),
        "--entries", str(chosen.entries), "--large", str(chosen.large),
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """Runs in the process of one database: every round takes the limits beside our own work."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from comity.core import keyring
    from comity.ledger import actions

    call_command("migrate", verbosity=0)
    keyring.create(
        settings.COMITY_KEYS,
        node_id=settings.COMITY_NODE_ID,
        hosts=["localhost"],
        now=datetime.now(UTC),
    )
    bare = Bare()
    seen: dict[str, list[float]] = {}
    append(BATCH, BATCH)  # connections, statements and caches are warm before the first round
    sequence()
    for _ in range(chosen.rounds):
        rates = {
            "fsync": fsync_rate(settings.COMITY_KEYS.parent),
            "bare": rate(lambda: bare.insert(chosen.entries, BATCH), chosen.entries),
            "bare_single": rate(lambda: bare.insert(SINGLE, 1), SINGLE),
            "single": rate(lambda: append(SINGLE, 1), SINGLE),
        }
        sequence()
        took = {name: timed(work) for name, work in (
            ("append", lambda: append(chosen.entries, BATCH)), ("sequence", sequence))}  # fmt: skip
        rates |= {name: chosen.entries / seconds for name, seconds in took.items()}
        rates["both"] = chosen.entries / sum(took.values())
        for name, value in rates.items():
            seen.setdefault(name, []).append(value)
    size = actions.size()
    append(max(0, chosen.large - size), 1_000)
    sequence()
    seen["verify_seconds"] = [timed(actions.verify_all) for _ in range(chosen.rounds)]
    size = actions.size()
    append(max(0, chosen.million - size), 5_000)
    sequence()
    seen["verify_million"] = [
        timed(lambda: actions.examine(processes=2)) for _ in range(chosen.rounds)
    ]
    million = actions.size()
    seen["proof_ms"] = proof_milliseconds(*tall_tree(million, chosen.proved), chosen.rounds)
    return {"seen": seen, "size": size, "million": million, "proved": chosen.proved}


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def rate(work: Callable[[], Any], count: int) -> float:
    return count / timed(work)


def append(count: int, batch: int) -> None:
    """Record acts as an app does: some in one transaction, with small details."""
    from django.db import transaction

    from comity.core.access import NodeActor
    from comity.ledger import actions

    actor = NodeActor("bench")
    done = 0
    while done < count:
        acts = [
            actions.NewEntry(
                "evidence.item_ingested",
                f"item:{done + n:032x}",
                {"event": "ingested", "sha256": f"{done + n:064x}", "size": done + n},
            )
            for n in range(min(batch, count - done))
        ]
        with transaction.atomic():
            actions.append_many(actor, acts)
        done += len(acts)


def sequence() -> None:
    """Number everything that waits, sign a checkpoint for each part."""
    from comity.ledger import actions

    while actions.sequence_pending():
        pass


class Bare:
    """A table without indexes; rows of as many bytes as an entry and its details have."""

    def __init__(self) -> None:
        from django.db import connection

        kind = "bytea" if connection.vendor == "postgresql" else "blob"
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE bench_bare (id bigint, body {kind}, details {kind}, salt {kind})"
            )

    def insert(self, count: int, batch: int) -> None:
        """Insert with one statement and one commit for each batch."""
        from django.db import connection, transaction

        row = "(%s, %s, %s, %s)"
        done = 0
        while done < count:
            part = min(batch, count - done)
            values = [
                value
                for n in range(part)
                for value in (done + n, os.urandom(330), os.urandom(110), os.urandom(32))
            ]
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO bench_bare VALUES " + ", ".join([row] * part),  # noqa: S608
                    values,
                )
            done += part


def fsync_rate(folder: Path) -> float:
    """Synced writes of 4 KiB to the end of one file, a second."""
    block, count = os.urandom(4096), 200
    path = folder / "fsync.bin"
    with path.open("wb", buffering=0) as file:
        started = time.perf_counter()
        for _ in range(count):
            file.write(block)
            os.fdatasync(file.fileno())
        seconds = time.perf_counter() - started
    path.unlink()
    return count / seconds


def tall_tree(start: int, size: int) -> tuple[list[int], bytes]:
    """Let the tree grow to so many leaves, most of them chance; return some real entries in it.

    Only its tiles are needed to prove: rows of as many entries would take hours to make.
    """
    from django.db import transaction

    from comity.core import merkle, tiles
    from comity.ledger import actions, engines
    from comity.ledger.models import Entry

    chance = random.Random(1)
    chosen = sorted(chance.sample(range(start, size), PROOFS))
    with transaction.atomic():
        append(PROOFS, PROOFS)
    rows = list(Entry.objects.filter(index=None).order_by("id"))
    real = {}
    for row, index in zip(rows, chosen, strict=True):
        real[index] = merkle.leaf_hash(bytes(row.body))
        Entry.objects.filter(pk=row.pk).update(index=index, leaf_hash=real[index])
    for first in range(start, size, 500_000):
        end = min(first + 500_000, size)
        leaves = [real.get(n) or os.urandom(32) for n in range(first, end)]
        with transaction.atomic():
            engines.store_tiles(tiles.append(actions.TileStore(), first, leaves))
    root = tiles.root(actions.TileStore(), size)
    with transaction.atomic():
        actions._sign_checkpoint(size, root)
    return chosen, root


def proof_milliseconds(chosen: list[int], root: bytes, rounds: int) -> list[float]:
    """Of each round the middle proof of an entry in hand; checkpoint and tiles are read anew."""
    from comity.core import logproof, merkle
    from comity.ledger import actions
    from comity.ledger.models import Entry

    order = random.Random(2).sample(chosen, len(chosen))
    entries = [Entry.objects.get(index=index) for index in order]
    middles = []
    for _ in range(rounds):
        each = []
        for entry in entries:
            each.append(timed(lambda entry=entry: actions.prove(entry)))
        middles.append(measure.median(each) * 1000)
    entry = entries[0]
    proof, size = logproof.parse(actions.prove(entry)), actions.size()
    merkle.verify_inclusion(bytes(entry.leaf_hash), order[0], size, proof.path, root)
    return middles


def rows_of(vendor: str, found: dict[str, Any]) -> list[measure.Row]:
    seen, name = found["seen"], NAMES[vendor]
    middle = {key: measure.median(values) for key, values in seen.items()}
    bare = {"what": f"bare inserts, {BATCH} a commit", "median": middle["bare"]}
    single = {"what": "bare inserts, a commit each", "median": middle["bare_single"]}
    return [
        measure.Row(
            f"ledger.{vendor}",
            f"{name}: entries appended ({BATCH} in a transaction) and numbered",
            middle["both"],
            "entries/s",
            f">= {GOAL_PER_SECOND:,} entries/s",
            middle["both"] >= GOAL_PER_SECOND,
            limit=bare,
            spread=seen["both"],
        ),
        measure.Row(f"ledger.{vendor}.append", f"{name}: of that, appended alone",
                    middle["append"], "entries/s", limit=bare, spread=seen["append"]),
        measure.Row(f"ledger.{vendor}.sequence", f"{name}: of that, numbered and signed alone",
                    middle["sequence"], "entries/s", spread=seen["sequence"]),
        measure.Row(f"ledger.{vendor}.single", f"{name}: one entry in a transaction of its own",
                    middle["single"], "entries/s", limit=single, spread=seen["single"],
                    peer={"name": "fdatasync of 4 KiB, a second", "median": middle["fsync"]}),
        measure.Row(f"ledger.{vendor}.proof", f"{name}: a proof of inclusion among "
                    f"{found['proved']:,} entries", middle["proof_ms"], "ms", "<= 1 ms",
                    middle["proof_ms"] <= 1, spread=seen["proof_ms"]),
        measure.Row(f"ledger.{vendor}.verify", f"{name}: {found['size']:,} entries recomputed",
                    middle["verify_seconds"], "s", spread=seen["verify_seconds"]),
        measure.Row(f"ledger.{vendor}.million", f"{name}: {found['million']:,} entries recomputed "
                    "by two processes", middle["verify_million"], "s", "<= 5 s",
                    middle["verify_million"] <= 5, spread=seen["verify_million"]),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
