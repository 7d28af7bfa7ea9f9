"""The vault beside restic, borg, bagit and a plain copy, on the same files in the same rounds.

One large file and a folder of many small ones, of chance, so that nothing shrinks. Peers write to
the same disk, encrypt where they can (bagit cannot) and are followed by a sync. Ours makes items
with custody and ledger entries of them. Then each checks what it has, and says what it read.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import measure

import vault

SECRET = "only-for-benchmarks"  # noqa: S105
MEBIBYTE = 1 << 20


def main() -> None:
    parser = measure.arguments(__doc__ or "")
    parser.add_argument("--size", type=int, default=4096, help="MiB of the large file")
    parser.add_argument("--many", type=int, default=20_000, help="number of small files")
    parser.add_argument("--folder", type=Path, help="where to write; the disk to be measured")
    chosen = parser.parse_args()
    missing = [name for name in ("restic", "borg") if not shutil.which(name)]
    if missing:
        sys.exit(f"Install {' and '.join(missing)} first: this benchmark compares with them.")
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        rows = measured(Path(folder), chosen)
    measure.write("peers", rows, chosen.output)


def measured(folder: Path, chosen: argparse.Namespace) -> list[measure.Row]:
    vault._make_plain(folder / "plain", chosen.size)
    vault._make_many(folder / "many", chosen.many)
    seen: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    for _ in range(chosen.rounds):
        for what in ("plain", "many"):
            for name, tool in TOOLS.items():
                with _room(folder) as room:
                    wrote, checked, peak = tool(folder / what, room)
                seen.setdefault(f"{what}.{name}.write", []).append(wrote)
                seen.setdefault(f"{what}.{name}.check", []).append(checked)
                memory[f"{what}.{name}"] = max(peak, memory.get(f"{what}.{name}", 0))
    return _rows({name: measure.median(times) for name, times in seen.items()}, memory, chosen)


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    room = folder / "room"
    room.mkdir()
    os.sync()
    try:
        yield room
    finally:
        shutil.rmtree(room)


Measured = tuple[float, float, float]


def _timed(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds of the work and of a sync after it, and the peak that the work gives, in MB."""
    started = time.perf_counter()
    peak = work()
    os.sync()
    return time.perf_counter() - started, peak


def _run(*command: str | Path, folder: Path | None = None, **environment: str) -> float:
    """Run a program; return its largest resident memory in MB."""
    # /proc is gone when it ends: the kernel's own account of the child says it.
    process = subprocess.Popen(
        [str(part) for part in command],
        env=os.environ | environment,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    complaint = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{command[0]}: {complaint.decode()[-500:]}")
    return usage.ru_maxrss * 1024 / 1e6


def copy(source: Path, room: Path) -> Measured:
    wrote, peak = _timed(lambda: _run("cp", "-r", source, room / "copy"))
    files = "find copy -type f -print0 | xargs -0 sha256sum > sums"
    _run("sh", "-c", files, folder=room)
    checked, _ = _timed(lambda: _run("sha256sum", "--quiet", "-c", "sums", folder=room))
    return wrote, checked, peak


def restic(source: Path, room: Path) -> Measured:
    keys = {"RESTIC_PASSWORD": SECRET, "RESTIC_CACHE_DIR": str(room / "cache")}
    _run("restic", "init", "-r", room / "repo", **keys)
    wrote, peak = _timed(lambda: _run("restic", "-r", room / "repo", "backup", source, **keys))
    checked, _ = _timed(lambda: _run("restic", "-r", room / "repo", "check", "--read-data", **keys))
    return wrote, checked, peak


def borg(source: Path, room: Path) -> Measured:
    keys = {"BORG_PASSPHRASE": SECRET, "BORG_BASE_DIR": str(room / "base")}
    archive = f"{room / 'repo'}::one"
    _run("borg", "init", "-e", "repokey", room / "repo", **keys)
    wrote, peak = _timed(lambda: _run("borg", "create", "-C", "none", archive, source, **keys))
    checked, _ = _timed(lambda: _run("borg", "check", "--verify-data", room / "repo", **keys))
    return wrote, checked, peak


def bagit(source: Path, room: Path) -> Measured:
    bag, tool = room / "bag", [sys.executable, "-m", "bagit"]

    def make() -> float:
        if source.is_dir():
            _run("cp", "-r", source, bag)
        else:
            bag.mkdir()
            _run("cp", source, bag)
        return _run(*tool, "--sha256", bag)

    wrote, peak = _timed(make)
    checked, _ = _timed(lambda: _run(*tool, "--validate", bag))
    return wrote, checked, peak


def ours(source: Path, room: Path) -> Measured:
    environment = {
        "COMITY_HOME": str(room),
        "SECRET_KEY": SECRET,
        "DJANGO_SETTINGS_MODULE": "comity.node.settings",
        "COMITY_RESERVED_DISK_BYTES": "0",
    }
    run = "many" if source.is_dir() else "large"
    script = Path(__file__).with_name("vault.py")
    command = [sys.executable, script, "--run", run, "--folder", source.parent]
    done = subprocess.run(
        [str(part) for part in command],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    started = time.perf_counter()
    os.sync()
    wrote = found["seconds"] + time.perf_counter() - started
    scrub = [sys.executable, "-m", "django", "vault_scrub"]
    checked, _ = _timed(lambda: _run(*scrub, **environment))
    return wrote, checked, found["resident_mb"]


TOOLS: dict[str, Callable[[Path, Path], Measured]] = {
    "copy": copy,
    "ours": ours,
    "restic": restic,
    "borg": borg,
    "bagit": bagit,
}


def _rows(
    middle: dict[str, float], memory: dict[str, float], chosen: argparse.Namespace
) -> list[measure.Row]:
    megabytes = chosen.size * MEBIBYTE / 1e6
    rows = []
    for what, amount, unit in (("plain", megabytes, "MB/s"), ("many", chosen.many, "files/s")):
        called = f"{megabytes:,.0f} MB" if what == "plain" else f"{chosen.many:,} files"
        own = middle[f"{what}.ours.write"]
        for name in TOOLS:
            wrote, checked = (middle[f"{what}.{name}.{did}"] for did in ("write", "check"))
            rows += [
                measure.Row(f"peers.{what}.{name}", f"{name}: {called} taken in",
                            amount / wrote, unit),
                measure.Row(f"peers.{what}.{name}.check", f"{name}: all of it checked",
                            amount / checked, unit),
                measure.Row(f"peers.{what}.{name}.resident", f"{name}: resident memory",
                            memory[f"{what}.{name}"], "MB"),
            ]  # fmt: skip
        least = {"plain": 2.5, "many": 2.0}[what]
        rows.append(
            _ratio(f"{called}: ours to restic", middle[f"{what}.restic.write"] / own, least)
        )
        if what == "plain":
            ratio = middle["plain.copy.write"] / own
            rows.append(_ratio(f"{called}: ours to a plain copy", ratio, 0.6))
        scrub = middle[f"{what}.restic.check"] / middle[f"{what}.ours.check"]
        rows.append(_ratio(f"{called}: keyless scrub to restic check --read-data", scrub, 2.0))
    return rows


def _ratio(what: str, value: float, least: float) -> measure.Row:
    return measure.Row("peers.ratio", what, value, "times", f">= {least}", value >= least)


if __name__ == "__main__":
    main()
