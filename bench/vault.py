"""A large file and many small ones taken into evidence, beside what processor and disk allow.

Through `evidence.ingest`: hash, encrypt, hash, sync, rename, sync, then the transaction with item,
custody and ledger entries. The limit of a large file is the slower of hashing with encrypting on
one core and writing with syncing; that of small ones is syncing a file and its folder each time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import measure

SHARE_OF_LIMIT = 0.6
RESIDENT_MB = 200
SMALL_BYTES = 50_000
MEBIBYTE = 1 << 20


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=4096, help="MiB of the large file")
    parser.add_argument("--files", type=int, default=500, help="number of small files")
    parser.add_argument("--many", type=int, default=20_000, help="number of files of a folder")
    parser.add_argument("--folder", type=Path, help="where to write; the disk to be measured")
    parser.add_argument("--run", choices=["large", "small", "many"], help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        print(json.dumps(RUNS[chosen.run](chosen)))
        return
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        rows = measured(Path(folder), chosen)
    measure.write("vault", rows, chosen.output)


def measured(folder: Path, chosen: argparse.Namespace) -> list[measure.Row]:
    """Every round takes the limits and our own work one after another."""
    _make_plain(folder / "plain", chosen.size)
    _make_many(folder / "many", chosen.many)
    seen: dict[str, list[float]] = {}

    def note(**values: float) -> None:
        for name, value in values.items():
            seen.setdefault(name, []).append(value)

    for _ in range(chosen.rounds):
        note(
            processor=measure.hash_and_encrypt_limit(min(chosen.size, 512)),
            disk=measure.disk_limit(folder, chosen.size),
            small_limit=_small_limit(folder, chosen.files),
            many_limit=_copy_limit(folder, chosen.many),
        )
        large, small, many = (_alone(run, folder, chosen) for run in ("large", "small", "many"))
        note(
            large=chosen.size * MEBIBYTE / 1e6 / large["seconds"],
            cpu=large["cpu"] * 1e9 / (chosen.size * MEBIBYTE),
            resident=large["resident_mb"],
            small=chosen.files / small["seconds"],
            many=chosen.many / many["seconds"],
            many_cpu=many["cpu"] * 1e6 / chosen.many,
            many_resident=many["shared_mb"],
        )
    return _rows(seen, chosen)


def _rows(seen: dict[str, list[float]], chosen: argparse.Namespace) -> list[measure.Row]:
    median = {name: measure.median(values) for name, values in seen.items()}
    limit, what = min(
        (median["processor"], "hash + encryption, one core"), (median["disk"], "disk, write + sync")
    )
    share, peak = median["large"] / limit, max(seen["resident"])
    return [
        measure.Row(
            "vault.ingest",
            f"a file of {chosen.size} MiB taken in, with item, custody and entries",
            median["large"],
            "MB/s",
            f">= {SHARE_OF_LIMIT:.0%} of the limit",
            share >= SHARE_OF_LIMIT,
            limit={"what": what, "median": limit},
            spread=seen["large"],
        ),
        measure.Row("vault.ingest.share", "of the limit", share * 100, "%"),
        measure.Row(
            "vault.ingest.cpu",
            "processor time, user and system: what other load cannot change much",
            median["cpu"],
            "s/GB",
        ),
        measure.Row(
            "vault.ingest.resident",
            "resident memory of the whole process at its highest",
            peak,
            "MB",
            f"<= {RESIDENT_MB} MB",
            peak <= RESIDENT_MB,
        ),
        measure.Row(
            "vault.ingest.small",
            f"files of {SMALL_BYTES} bytes, each with its own transaction",
            median["small"],
            "files/s",
            limit={"what": "write, sync, sync the folder", "median": median["small_limit"]},
            spread=seen["small"],
        ),
        measure.Row(
            "vault.ingest.many",
            f"a folder of {chosen.many:,} files of {SMALL_BYTES} bytes, as items with custody",
            median["many"],
            "files/s",
            ">= 5,000 files/s",
            median["many"] >= 5_000,
            limit={"what": "cp -r and sync, files/s", "median": median["many_limit"]},
            spread=seen["many"],
        ),
        measure.Row(
            "vault.ingest.many.cpu",
            "processor time a file: what other load cannot change much",
            median["many_cpu"],
            "µs",
        ),
        measure.Row(
            "vault.ingest.many.resident",
            "memory of both processes meanwhile, at its highest (PSS)",
            max(seen["many_resident"]),
            "MB",
            "<= 134 MB",
            max(seen["many_resident"]) <= 134,
        ),
        measure.Row("limit.processor", "hash + encryption, one core", median["processor"], "MB/s"),
        measure.Row("limit.disk", "the same bytes written + synced", median["disk"], "MB/s"),
    ]


def _make_plain(path: Path, mebibytes: int) -> None:
    with path.open("wb") as plain:
        for _ in range(mebibytes):
            plain.write(os.urandom(MEBIBYTE))
        plain.flush()
        os.fsync(plain.fileno())


def _make_many(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}").write_bytes(os.urandom(SMALL_BYTES))


def _copy_limit(folder: Path, count: int) -> float:
    """Files a second of a plain copy of the folder that is synced at the end."""
    started = time.perf_counter()
    subprocess.run(["cp", "-r", folder / "many", folder / "copied"], check=True)
    os.sync()
    seconds = time.perf_counter() - started
    subprocess.run(["rm", "-r", folder / "copied"], check=True)
    return count / seconds


def _small_limit(folder: Path, count: int) -> float:
    shelf, block = folder / "small", os.urandom(SMALL_BYTES)
    shelf.mkdir()
    descriptor = os.open(shelf, os.O_RDONLY)
    started = time.perf_counter()
    for number in range(count):
        with (shelf / str(number)).open("wb") as file:
            file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.fsync(descriptor)
    seconds = time.perf_counter() - started
    os.close(descriptor)
    subprocess.run(["rm", "-r", shelf], check=True)
    return count / seconds


def _alone(run: str, folder: Path, chosen: argparse.Namespace) -> dict[str, float]:
    """One run on a new node in a process of its own, so that its peak memory is its own."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        environment = os.environ | {
            "COMITY_HOME": home,
            "SECRET_KEY": "only-for-benchmarks",
            "DJANGO_SETTINGS_MODULE": "comity.node.settings",
            "COMITY_RESERVED_DISK_BYTES": "0",
        }
        command = [sys.executable, __file__, "--run", run, "--folder", str(folder)]
        command += ["--files", str(chosen.files)]
        os.sync()
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as done:
            shared_mb = _peak_mb(done)
            answer = done.stdout.read() if done.stdout else ""
        if done.returncode:
            raise SystemExit(f"{run} failed")
    found: dict[str, float] = json.loads(answer)
    return found | {"shared_mb": shared_mb}


def _peak_mb(process: subprocess.Popen[str]) -> float:
    """The most memory that a process and those it started took together, until it ends.

    PSS: what several of them share counts once. Looked at ten times a second, once it has begun.
    """
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_pss_mb, _family(process.pid))))
        time.sleep(0.1)
    return peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in _family(int(child)))]


def _pss_mb(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    except OSError:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _node() -> tuple[Any, list[tuple[str, uuid.UUID]]]:
    # In a process of its own: making the tables would be the peak of this one's memory.
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(migrate, check=True)
    import django

    django.setup()
    from django.conf import settings

    from comity.accounts import actions as accounts
    from comity.accounts.models import Officer, OfficerRole
    from comity.core import keyring

    now = datetime.now(UTC)
    keyring.create(settings.COMITY_KEYS, node_id="bench.test", hosts=["localhost"], now=now)
    officer = Officer.objects.create(email="bench@example.test", name="R. Melnyk")
    OfficerRole.objects.create(officer=officer, role="investigator", granted_by="bench")
    case = uuid.uuid4()
    accounts.found_team(officer, kind="case", record=case)
    return officer, [("case", case)]


def _ingest(officer: Any, access: list[tuple[str, uuid.UUID]], source: Any) -> None:
    from comity.evidence import actions

    actions.ingest(
        officer,
        source,
        title="A file",
        kind="photo",
        access=access,
        origin="investigation",
        acquisition=actions.Acquisition("R. Melnyk", datetime.now(UTC)),
    )


def run_large(chosen: argparse.Namespace) -> dict[str, float]:
    officer, access = _node()
    started, used = time.perf_counter(), time.process_time()
    with (chosen.folder / "plain").open("rb", buffering=0) as source:
        _ingest(officer, access, source)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - used,
        "resident_mb": _resident_mb(),
    }


def run_small(chosen: argparse.Namespace) -> dict[str, float]:
    import io

    officer, access = _node()
    contents = [os.urandom(SMALL_BYTES) for _ in range(chosen.files)]
    started = time.perf_counter()
    for content in contents:
        _ingest(officer, access, io.BytesIO(content))
    return {"seconds": time.perf_counter() - started, "resident_mb": _resident_mb()}


def run_many(chosen: argparse.Namespace) -> dict[str, float]:
    officer, access = _node()
    from comity.evidence import actions
    from comity.evidence.models import Item
    from comity.vault.storage import RegularFile

    shared = actions.Shared(
        "photo", access, "investigation", actions.Acquisition("R. Melnyk", datetime.now(UTC))
    )
    folder = str(chosen.folder / "many")
    names = sorted(os.listdir(folder))  # noqa: PTH208 - 20,000 paths are 10 MB
    incoming = (actions.Incoming(RegularFile(f"{folder}/{name}"), "A file", name) for name in names)
    started, used = time.perf_counter(), _processor_seconds()
    made = sum(isinstance(one, Item) for one in actions.ingest_many(officer, incoming, shared))
    assert made == len(names), made
    return {
        "seconds": time.perf_counter() - started,
        "cpu": _processor_seconds() - used,
        "resident_mb": _resident_mb(),
    }


def _processor_seconds() -> float:
    """User and system time of this process and of those that it has started and that have ended."""
    return sum(os.times()[:4])


def _resident_mb() -> float:
    # VmHWM: the peak that getrusage gives would include the parent's before exec.
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024 / 1e6


RUNS = {"large": run_large, "small": run_small, "many": run_many}

if __name__ == "__main__":
    main()
