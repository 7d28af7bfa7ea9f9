"""What every benchmark shares: rounds, medians, memory, the physical limits, the JSON it writes."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """One measured figure. goal: what the issue asks for, in words. holds: whether it is met."""

    id: str
    what: str
    median: float
    unit: str
    goal: str = ""
    holds: bool | None = None
    peer: dict[str, Any] | None = None
    limit: dict[str, Any] | None = None
    spread: list[float] = field(default_factory=list)


def arguments(description: str) -> argparse.ArgumentParser:
    """The arguments every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    return parser


def rounds(work: Callable[[], Any], count: int) -> list[float]:
    """Seconds of each of `count` runs of the work."""
    seconds = []
    for _ in range(count):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def median(values: list[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
        "load": [round(each, 1) for each in os.getloadavg()],
    }


def write(name: str, rows: list[Row], output: Path | None) -> None:
    """Print the rows and write them to the output file."""
    document = {
        "name": name,
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": [asdict(row) for row in rows],
    }
    for row in rows:
        mark = {True: "holds", False: "MISSED", None: ""}[row.holds]
        beside = f"  limit {row.limit['median']:.4g} ({row.limit['what']})" if row.limit else ""
        print(f"{row.id:28} {row.median:12.4g} {row.unit:12} {row.goal:28} {mark}{beside}")
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def hash_and_encrypt_limit(megabytes: int = 256) -> float:
    """MB/s of SHA-256 then AES-256-GCM of memory on one core: what ingest cannot beat there."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    block = os.urandom(1 << 20)
    cipher = AESGCM(os.urandom(32))
    digest = hashlib.sha256()
    started = time.perf_counter()
    for number in range(megabytes):
        digest.update(block)
        cipher.encrypt(number.to_bytes(12, "big"), block, None)
    return megabytes * 1.048576 / (time.perf_counter() - started)


def disk_limit(folder: Path, megabytes: int = 1024) -> float:
    """MB/s of writing and syncing one file, with what is written sent to the disk meanwhile.

    Without that the sync at the end waits for all of it, and a writer that does not is faster
    than such a limit.
    """
    block = os.urandom(1 << 20)
    path = folder / "limit.bin"
    started = time.perf_counter()
    with path.open("wb") as file:
        for number in range(1, megabytes + 1):
            file.write(block)
            if number % 16 == 0:
                file.flush()
                start = (number - 16) << 20
                os.posix_fadvise(file.fileno(), start, 16 << 20, os.POSIX_FADV_DONTNEED)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.perf_counter() - started
    path.unlink()
    return megabytes * 1.048576 / seconds
