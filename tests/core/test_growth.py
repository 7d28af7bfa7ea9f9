"""The proof that a ledger only grew, and every way in which it must not hold."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core import checkpoint, growth, merkle, notes, tiles
from comity.core.errors import ProofError, Untrusted

ORIGIN = "one.test.comity.example/ledger"
SIGNER = notes.Signer(ORIGIN, bytes(32))


class Store(dict):
    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self[level, index]


def leaves(count: int, salt: int = 0) -> list[bytes]:
    return [merkle.leaf_hash(f"{salt} {number}".encode()) for number in range(count)]


def note(size: int, salt: int = 0) -> bytes:
    head = checkpoint.Checkpoint(ORIGIN, size, merkle.root_of(leaves(size, salt)))
    return checkpoint.sign(head, [SIGNER])


def proof(old: int, new: int, salt: int = 0) -> growth.Growth:
    store = Store()
    for write in tiles.append(store, 0, leaves(new, salt)):
        store[write.level, write.index] = write.data
    path = tiles.consistency_path(store, old, new)
    return growth.Growth(old, tuple(path), note(new, salt))


@given(st.data())
def test_every_older_size_is_a_beginning(data) -> None:
    new = data.draw(st.integers(1, 600))
    old = data.draw(st.integers(0, new))
    read = growth.parse(growth.write(proof(old, new)))
    before, after = growth.verify(read, note(old), [SIGNER.verifier])
    assert (before.checkpoint.size, after.checkpoint.size) == (old, new)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (lambda: (proof(100, 300), note(101)), "growth.another_size"),
        (lambda: (proof(100, 300), note(100, salt=1)), "merkle.not_consistent"),
        (lambda: (proof(100, 300, salt=1), note(100)), "merkle.not_consistent"),
        (lambda: (proof(100, 300), note(100).replace(b"100", b"101", 1)), "note.bad_signature"),
    ],
)
def test_a_changed_past_is_found(wrong, code: str) -> None:
    given_proof, old = wrong()
    with pytest.raises(ProofError) as found:
        growth.verify(given_proof, old, [SIGNER.verifier])
    assert found.value.code == code


def test_two_ledgers_of_one_key_are_not_one() -> None:
    other = notes.Signer("two.test.comity.example/ledger", SIGNER.seed)
    head = checkpoint.Checkpoint(other.name, 3, merkle.root_of(leaves(3)))
    old = checkpoint.sign(head, [other])
    with pytest.raises(ProofError) as found:
        growth.verify(proof(3, 5), old, [SIGNER.verifier, other.verifier])
    assert found.value.code == "growth.another_ledger"


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (data, b"old 3\n" + data, b"old 3\n" + base64.b64encode(data) + b"\n\nx"):
        with suppress(Untrusted):
            assert growth.parse(growth.write(growth.parse(text))) == growth.parse(text)


def test_the_verifier_checks_it_without_the_node(tmp_path: Path) -> None:
    """Unknown keys cannot be judged; the command with trust is in tests/ledger."""
    (tmp_path / "growth.txt").write_bytes(growth.write(proof(100, 300)))
    (tmp_path / "old.txt").write_bytes(note(100))
    done = subprocess.run(
        [sys.executable, "-m", "comity.verify", str(tmp_path / "growth.txt"), "--since",
         str(tmp_path / "old.txt"), "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert json.loads(done.stdout)["verdict"] == "UNVERIFIABLE"
