"""How fast one file is sealed, opened and checked, beside what the processor and the disk allow."""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import measure

from comity.core import vaultfile

MEBIBYTE = 1 << 20
KEY = bytes(range(32))
SHARE_OF_LIMIT = 0.6
MEMORY_GOAL_MIB = 60


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=1024, help="MiB of the file")
    parser.add_argument("--full", action="store_true", help="a file of 4 GiB")
    parser.add_argument("--folder", type=Path, help="where to write; the disk to be measured")
    parser.add_argument("--run", choices=sorted(RUNS), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.run:
        print(json.dumps(RUNS[chosen.run](chosen.folder)))
        return
    size = 4096 if chosen.full else chosen.size
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        rows = measured(Path(folder), size, chosen.rounds)
    measure.write("vaultfile", rows, chosen.output)


def measured(folder: Path, size: int, count: int) -> list[measure.Row]:
    """Every round takes the limits, the peer and our own work one after another."""
    with (folder / "plain").open("wb") as plain:
        for _ in range(size):
            plain.write(os.urandom(MEBIBYTE))
        os.fsync(plain.fileno())
    seen: dict[str, list[float]] = {}
    for _ in range(count):
        seen.setdefault("processor", []).append(measure.hash_and_encrypt_limit(min(size, 512)))
        for name in RUNS:
            result = alone(name, folder)
            seen.setdefault(name, []).append(size * MEBIBYTE / 1e6 / result["seconds"])
            seen.setdefault(f"{name}_mib", []).append(result["peak_mib"])
            seen.setdefault(f"{name}_cpu", []).append(result["cpu"] * 1e9 / (size * MEBIBYTE))
    return rows_of({name: measure.median(values) for name, values in seen.items()}, seen, size)


def alone(name: str, folder: Path) -> dict[str, float]:
    """One run in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--run", name, "--folder", str(folder)]
    os.sync()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def rows_of(median: dict[str, float], seen: dict[str, list[float]], size: int) -> list[measure.Row]:
    limit, what = min(
        (median["processor"], "hash + encryption, one core"), (median["disk"], "disk, write + sync")
    )
    share, peak = median["seal"] / limit, max(seen["seal_mib"])
    return [
        measure.Row(
            "vaultfile.seal",
            f"a file of {size} MiB hashed, encrypted, hashed, written and synced",
            median["seal"],
            "MB/s",
            f">= {SHARE_OF_LIMIT:.0%} of the limit",
            share >= SHARE_OF_LIMIT,
            {"name": "copy + sync", "median": median["copy"]},
            {"what": what, "median": limit},
            seen["seal"],
        ),
        measure.Row("vaultfile.seal.share", "of the limit", share * 100, "%"),
        measure.Row(
            "vaultfile.seal.cpu",
            "processor time, user and system: what other load cannot change much",
            median["seal_cpu"],
            "s/GB",
        ),
        measure.Row(
            "vaultfile.seal.peak",
            "resident memory of the whole process at its highest",
            peak,
            "MiB",
            f"<= {MEMORY_GOAL_MIB} MiB",
            peak <= MEMORY_GOAL_MIB,
        ),
        measure.Row(
            "vaultfile.open",
            "decrypted and checked against its digest",
            median["open"],
            "MB/s",
            limit={"what": "hash + encryption, one core", "median": median["processor"]},
            spread=seen["open"],
        ),
        measure.Row("vaultfile.check", "checked without keys", median["check"], "MB/s"),
        measure.Row("vaultfile.read", "1 MiB read at random places", median["read"], "MB/s"),
        measure.Row("limit.processor", "hash + encryption, one core", median["processor"], "MB/s"),
        measure.Row("limit.disk", "the same bytes written + synced", median["disk"], "MB/s"),
    ]


def run_disk(folder: Path) -> dict[str, float]:
    """The limit: the stored bytes written from memory, in the best way we know, and synced."""
    size = vaultfile.stored_size((folder / "plain").stat().st_size)
    block = os.urandom(MEBIBYTE)
    started = time.perf_counter()
    with (folder / "limit").open("wb", buffering=0) as file:
        for number in range(size // MEBIBYTE):
            file.write(block)
            if number % 16 == 15:
                start = (number - 15) * MEBIBYTE
                os.posix_fadvise(file.fileno(), start, 16 * MEBIBYTE, os.POSIX_FADV_DONTNEED)
        os.fsync(file.fileno())
    return taken(started, folder / "limit")


def run_copy(folder: Path) -> dict[str, float]:
    """The peer: what an officer does without us."""
    started = time.perf_counter()
    subprocess.run(["cp", folder / "plain", folder / "copy"], check=True)
    subprocess.run(["sync", folder / "copy"], check=True)
    return taken(started, folder / "copy")


def run_seal(folder: Path) -> dict[str, float]:
    started = time.perf_counter()
    with (folder / "plain").open("rb", 0) as source, (folder / "stored").open("wb", 0) as target:
        sealed = vaultfile.seal_stream(source, target, KEY)
        os.fsync(target.fileno())
    result = taken(started)
    (folder / "digests").write_text(f"{sealed.plain_sha256} {sealed.stored_sha256}")
    return result


def run_open(folder: Path) -> dict[str, float]:
    digest = (folder / "digests").read_text().split()[0]
    started = time.perf_counter()
    with (folder / "stored").open("rb", 0) as source, Path(os.devnull).open("wb", 0) as target:
        vaultfile.open_stream(source, target, KEY, digest)
    return taken(started)


def run_check(folder: Path) -> dict[str, float]:
    digest = (folder / "digests").read_text().split()[1]
    started = time.perf_counter()
    with (folder / "stored").open("rb", 0) as source:
        vaultfile.check_stored(source, digest)
    return taken(started)


def run_read(folder: Path) -> dict[str, float]:
    """As many bytes as the file has, in pieces of 1 MiB at random places."""
    chance = random.Random(1)
    started = time.perf_counter()
    with vaultfile.Reader((folder / "stored").open("rb", 0), KEY) as reader:
        for _ in range(reader.size // MEBIBYTE):
            offset = chance.randrange(reader.size)
            for _piece in reader.pieces(offset, MEBIBYTE):
                pass
    return taken(started)


def taken(started: float, finished: Path | None = None) -> dict[str, float]:
    seconds = time.perf_counter() - started
    if finished:
        finished.unlink()
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime
    return {"seconds": seconds, "peak_mib": int(peak) / 1024, "cpu": cpu}


RUNS = {
    "disk": run_disk,
    "copy": run_copy,
    "seal": run_seal,
    "open": run_open,
    "check": run_check,
    "read": run_read,
}


if __name__ == "__main__":
    main()
