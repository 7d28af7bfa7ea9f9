"""A court package of 20,000 small files: made, and verified by `comity-verify`.

Through `evidence.export_package`: custody, proofs, report, description, bytes, seal, sync, then the
transaction with custody and entries. The limit is writing and syncing the same bytes once.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import measure

import vault

GOAL_SECONDS = 4.0


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where to write; the disk to be measured")
    parser.add_argument("--run", choices=["make", "export"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        print(json.dumps(RUNS[chosen.run](chosen)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        rows = measured(Path(folder), chosen)
    measure.write("package", rows, chosen.output)


def measured(folder: Path, chosen: argparse.Namespace) -> list[measure.Row]:
    """One node with its items; every round exports them all and verifies the package."""
    (folder / "home").mkdir()
    _alone("make", folder, chosen)
    seen: dict[str, list[float]] = {}
    size = chosen.files * vault.SMALL_BYTES / 1e6
    for _ in range(chosen.rounds):
        limit = measure.disk_limit(folder, max(1, int(size)))
        # Each export adds entries to every item: each round begins with the same ones.
        shutil.copytree(folder / "home", folder / "round")
        values = _alone("export", folder, chosen, "round") | {"limit": size / limit}
        shutil.rmtree(folder / "round")
        values |= _verified(folder)
        for name, value in values.items():
            seen.setdefault(name, []).append(value)
    return _rows(seen, chosen)


def _rows(seen: dict[str, list[float]], chosen: argparse.Namespace) -> list[measure.Row]:
    median = {name: measure.median(values) for name, values in seen.items()}
    limit = {"what": "the same bytes written and synced, s", "median": median["limit"]}
    return [
        measure.Row(
            "package.export",
            f"a package of {chosen.files:,} files of {vault.SMALL_BYTES} bytes, sealed and synced",
            median["package"],
            "s",
            f"<= {GOAL_SECONDS:g} s",
            median["package"] <= GOAL_SECONDS,
            limit=limit,
            spread=seen["package"],
        ),
        measure.Row(
            "package.export.cpu",
            "processor time of that, all threads: what other load cannot change much",
            median["package_cpu"],
            "s",
        ),
        measure.Row(
            "package.export.whole",
            "the same with what custody and ledger record of it",
            median["seconds"],
            "s",
            spread=seen["seconds"],
        ),
        measure.Row("package.export.whole.cpu", "processor time of the whole", median["cpu"], "s"),
        measure.Row("package.export.resident", "resident memory", median["resident_mb"], "MB"),
        measure.Row(
            "package.verify",
            "comity-verify of that package, the whole process",
            median["verify"],
            "s",
            spread=seen["verify"],
        ),
        measure.Row("package.verify.cpu", "processor time of that", median["verify_cpu"], "s"),
        measure.Row("package.verify.resident", "resident memory", median["verify_mb"], "MB"),
    ]


def _alone(
    run: str, folder: Path, chosen: argparse.Namespace, home: str = "home"
) -> dict[str, float]:
    environment = os.environ | {
        "COMITY_HOME": str(folder / home),
        "SECRET_KEY": "only-for-benchmarks",
        "DJANGO_SETTINGS_MODULE": "comity.node.settings",
        "COMITY_RESERVED_DISK_BYTES": "0",
    }
    command = [sys.executable, __file__, "--run", run, "--files", str(chosen.files)]
    command += ["--folder", str(folder)]
    os.sync()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run_make(chosen: argparse.Namespace) -> dict[str, float]:
    import io

    officer, access = vault._node()
    from comity.accounts.models import OfficerRole
    from comity.evidence import actions

    OfficerRole.objects.create(officer=officer, role="prosecutor", granted_by="bench")
    shared = actions.Shared(
        "photo",
        access,
        "investigation",
        actions.Acquisition("R. Melnyk", datetime.now(UTC)),
        "disclosable",
    )

    def opened() -> Any:
        return io.BytesIO(os.urandom(vault.SMALL_BYTES))

    incoming = (
        actions.Incoming(opened, f"File {number}", f"{number}.jpg")
        for number in range(chosen.files)
    )
    return {"items": sum(1 for _ in actions.ingest_many(officer, incoming, shared))}


def run_export(chosen: argparse.Namespace) -> dict[str, float]:
    import django

    django.setup()
    from comity.accounts.models import Officer
    from comity.evidence import actions
    from comity.evidence.actions import packages
    from comity.evidence.models import Item
    from comity.exchange.actions import own_descriptor
    from comity.ledger import actions as ledger

    while ledger.sequence_pending():
        pass
    officer = Officer.objects.get()
    items = list(Item.objects.order_by("pk"))
    written: list[float] = []
    record = packages._record_export

    def timed(*given: Any) -> None:
        written[:] = [time.perf_counter(), time.process_time()]
        record(*given)

    packages._record_export = timed
    stated = {"purpose": "Trial", "legal_basis": "CPC art. 290", "case_ref": "1"}
    actions.export_package(officer, items[:1], **stated).unlink()  # a server has its modules
    written.clear()
    started, used = time.perf_counter(), time.process_time()
    path = actions.export_package(officer, items, **stated)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    path.replace(chosen.folder / "package.asice")
    (chosen.folder / "own.jws").write_text(own_descriptor())
    return {
        "package": written[0] - started,
        "package_cpu": written[1] - used,
        "seconds": seconds,
        "cpu": cpu,
        "resident_mb": vault._resident_mb(),
    }


def _verified(folder: Path) -> dict[str, float]:
    code = (
        "import io, re, sys\n"
        "from comity.verify import main\n"
        "kept, sys.stdout = sys.stdout, io.StringIO()\n"
        "try: main(['package.asice', '--trust', 'own.jws', '--json'])\n"
        "except SystemExit as end: assert end.code == 0, sys.stdout.getvalue()[:2000]\n"
        "status = open('/proc/self/status').read()\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', status)[1], file=kept)\n"
    )
    run = partial(subprocess.run, [sys.executable, "-c", code], cwd=folder, check=True)
    started, used = time.perf_counter(), _used_by_children()
    done = run(stdout=subprocess.PIPE, text=True)
    return {
        "verify": time.perf_counter() - started,
        "verify_cpu": _used_by_children() - used,
        "verify_mb": int(done.stdout) * 1024 / 1e6,
    }


def _used_by_children() -> float:
    """Processor seconds of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


RUNS = {"make": run_make, "export": run_export}

if __name__ == "__main__":
    main()
