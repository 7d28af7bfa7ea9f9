"""Sealing and opening of envelopes, beside raw AES-256-GCM on the same buffers in the same run."""

from __future__ import annotations

import hashlib
import io
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from measure import Row, arguments, median, write

from comity.core.sealing import keys
from comity.core.sealing.envelope import CHUNK_BYTES, Recipient, open_stream, seal_stream

GOAL_MB = 150.0
GOAL_MESSAGES = 30.0
GOAL_RESIDENT_MB = 300.0
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
    """The least that a node with both digests in its receipts does, on one core."""
    cipher, chunk = AESGCM(bytes(32)), os.urandom(CHUNK_BYTES)
    plain, sealed = hashlib.sha256(), hashlib.sha256()
    for number in range(megabytes):
        plain.update(chunk)
        sealed.update(cipher.encrypt(number.to_bytes(12), chunk, None))


def _round(megabytes: int, folder: Path, to: list[Recipient], own: dict[str, bytes]) -> list[float]:
    """Return MB/s: raw AES, AES with two digests, seal, open; and messages/s."""
    discarded: Any = _Discarded()
    source: Any = _Repeated(megabytes)
    kept: Any = _Repeated(megabytes)
    path = folder / "sealed"
    sealing = _rate(megabytes, lambda: seal_stream(source, discarded, PUBLIC, to))
    with path.open("wb") as target:
        seal_stream(kept, target, PUBLIC, to)
    with path.open("rb") as sealed:
        opening = _rate(megabytes, lambda: open_stream(sealed, discarded, own))
    raw = _rate(megabytes, lambda: _aes(megabytes))
    hashed = _rate(megabytes, lambda: _aes_and_two_hashes(megabytes))
    return [raw, hashed, sealing, opening, _messages_per_second(to, own)]


def _messages_per_second(to: list[Recipient], own: dict[str, bytes]) -> float:
    """Seal and open a letter of 200 kB."""
    plain, count = os.urandom(200_000), 100
    started = time.perf_counter()
    for _ in range(count):
        sealed = io.BytesIO()
        seal_stream(io.BytesIO(plain), sealed, PUBLIC, to)
        sealed.seek(0)
        open_stream(sealed, io.BytesIO(), own)
    return count / (time.perf_counter() - started)


def _measure(megabytes: int, rounds: int) -> list[list[float]]:
    private, public, key_id = keys.generate(keys.Suite.MLKEM768_X25519)
    to = [Recipient("tokyo.example", 1, key_id, public)]
    with tempfile.TemporaryDirectory() as folder:
        found = [_round(megabytes, Path(folder), to, {key_id: private}) for _ in range(rounds)]
    return [list(values) for values in zip(*found, strict=True)]


def _throughput(act: str, megabytes: int, values: list[float], limit: dict[str, Any]) -> Row:
    return Row(
        id=f"envelope.{act}",
        what=f"{act} {megabytes} MiB, suite 1",
        median=median(values),
        unit="MB/s",
        goal=f">= {GOAL_MB:g} MB/s",
        holds=median(values) >= GOAL_MB,
        limit=limit,
        spread=values,
    )


def main() -> None:
    """Measure, print and write."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--megabytes", type=int, default=512)
    options = parser.parse_args()
    raw, hashed, sealing, opening, messages = _measure(options.megabytes, options.rounds)
    aes = {"what": "raw AES-256-GCM, MB/s", "median": median(raw)}
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        _throughput("seal", options.megabytes, sealing, aes),
        _throughput("open", options.megabytes, opening, aes),
        Row(
            id="envelope.floor",
            what="AES-256-GCM and the two SHA-256 of a receipt, no envelope, one core",
            median=median(hashed),
            unit="MB/s",
            limit=aes,
            spread=hashed,
        ),
        Row(
            id="envelope.message",
            what="seal and open a message of 200 kB, suite 1",
            median=median(messages),
            unit="messages/s",
            goal=f">= {GOAL_MESSAGES:g} messages/s",
            holds=median(messages) >= GOAL_MESSAGES,
            spread=messages,
        ),
        Row(
            id="envelope.memory",
            what="largest resident memory of the whole run",
            median=resident,
            unit="MB",
            goal=f"<= {GOAL_RESIDENT_MB:g} MB",
            holds=resident <= GOAL_RESIDENT_MB,
        ),
    ]
    write("envelope", rows, options.output)


if __name__ == "__main__":
    main()
