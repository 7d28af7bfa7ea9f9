"""Sealing and opening of envelopes, beside raw AES-256-GCM and SHA-256 on the same buffers.

    python bench/envelope.py [--megabytes 512] [--rounds 5]

Writes var/bench/envelope.json.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from comity.core.sealing import keys
from comity.core.sealing.envelope import CHUNK_BYTES, Recipient, open_stream, seal_stream

GOAL = 150.0
PUBLIC = {
    "message_id": "019397c2-5a00-7000-8000-000000000001",
    "from": "kyiv.example",
    "to": "tokyo.example",
    "kind": "blob",
}


class _Repeated(io.RawIOBase):
    """One random mebibyte again and again: a source as fast as memory."""

    def __init__(self, megabytes: int) -> None:
        self._chunk, self._left = os.urandom(CHUNK_BYTES), megabytes

    def read(self, size: int = -1) -> bytes:
        assert size == CHUNK_BYTES
        self._left -= 1
        return self._chunk if self._left >= 0 else b""


class _Discarded(io.RawIOBase):
    def write(self, data: Any) -> int:
        return len(data)


def _rate(megabytes: int, act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return megabytes * CHUNK_BYTES / 1e6 / (time.perf_counter() - started)


def _aes(megabytes: int) -> None:
    cipher, chunk = AESGCM(bytes(32)), os.urandom(CHUNK_BYTES)
    for number in range(megabytes):
        cipher.encrypt(number.to_bytes(12), chunk, None)


def _aes_and_two_hashes(megabytes: int) -> None:
    """The least that a node with both digests in its receipts has to do, on one core."""
    cipher, chunk = AESGCM(bytes(32)), os.urandom(CHUNK_BYTES)
    plain, sealed = hashlib.sha256(), hashlib.sha256()
    for number in range(megabytes):
        plain.update(chunk)
        sealed.update(cipher.encrypt(number.to_bytes(12), chunk, None))


def _measure(megabytes: int, rounds: int) -> dict[str, list[float]]:
    private, public, key_id = keys.generate(keys.Suite.MLKEM768_X25519)
    to = [Recipient("tokyo.example", 1, key_id, public)]
    found: dict[str, list[float]] = {
        name: [] for name in ("aes", "limit", "seal", "open", "message")
    }
    discarded: Any = _Discarded()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sealed"
        for _ in range(rounds):
            found["aes"].append(_rate(megabytes, lambda: _aes(megabytes)))
            found["limit"].append(_rate(megabytes, lambda: _aes_and_two_hashes(megabytes)))
            source: Any = _Repeated(megabytes)
            found["seal"].append(
                _rate(megabytes, lambda: seal_stream(source, discarded, PUBLIC, to))  # noqa: B023
            )
            kept: Any = _Repeated(megabytes)
            with path.open("wb") as target:
                seal_stream(kept, target, PUBLIC, to)
            with path.open("rb") as sealed:
                found["open"].append(
                    _rate(megabytes, lambda: open_stream(sealed, discarded, {key_id: private}))  # noqa: B023
                )
            found["message"].append(_messages_per_second(to, key_id, private))
    return found


def _messages_per_second(to: list[Recipient], key_id: str, private: bytes) -> float:
    """Seal and open a letter of 200 kB."""
    plain, count = os.urandom(200_000), 100
    started = time.perf_counter()
    for _ in range(count):
        sealed = io.BytesIO()
        seal_stream(io.BytesIO(plain), sealed, PUBLIC, to)
        sealed.seek(0)
        open_stream(sealed, io.BytesIO(), {key_id: private})
    return count / (time.perf_counter() - started)


def _row(
    name: str, what: str, unit: str, goal: float, values: list[float], **more: Any
) -> dict[str, Any]:
    median = round(statistics.median(values), 1)
    return {
        "id": name,
        "what": what,
        "median": median,
        "unit": unit,
        "goal": goal,
        "holds": median >= goal,
        "peer": None,
        "limit": None,
    } | more


def report(megabytes: int, rounds: int) -> dict[str, Any]:
    """Measure and return the rows in the form of all benchmarks."""
    found = _measure(megabytes, rounds)
    limit = {
        "what": "AES-256-GCM and two SHA-256 over 1 MiB buffers, one core, MB/s",
        "median": round(statistics.median(found["limit"]), 1),
    }
    aes = {"name": "raw AES-256-GCM, MB/s", "median": round(statistics.median(found["aes"]), 1)}
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        _row("envelope.seal", f"seal {megabytes} MiB, suite 1", "MB/s", GOAL, found["seal"], peer=aes, limit=limit),
        _row("envelope.open", f"open {megabytes} MiB, suite 1", "MB/s", GOAL, found["open"], peer=aes, limit=limit),
        _row("envelope.message", "seal and open a message of 200 kB, suite 1", "messages/s", 30.0, found["message"]),
        _row("envelope.memory", "largest resident memory of the run", "MB", 300.0, [resident])
        | {"holds": resident <= 300.0},
    ]  # fmt: skip
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    document = report(options.megabytes, options.rounds)
    target = Path("var/bench/envelope.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    for row in document["rows"]:
        print(
            f"{row['id']:20} {row['median']:>10} {row['unit']:12} goal {row['goal']} {row['holds']}"
        )


if __name__ == "__main__":
    main()
