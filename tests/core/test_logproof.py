"""Proof files: a true one verifies offline, a changed one never does."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import checkpoint, logproof, merkle, notes, tiles
from comity.core.checkpoint import Checkpoint
from comity.core.errors import ProofError, Untrusted
from comity.core.logproof import LogProof

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/logproof.json").read_text("utf-8"))
LEDGER = notes.Signer("court.example/ledger", bytes(range(32)))
ENTRIES = [b'{"entry":%d}' % number for number in range(300)]


class Shelf(dict):
    """Tiles kept in memory."""

    def read_tile(self, level, index, width):
        return self[level, index]


def shelf_of(entries):
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    return Shelf(
        ((write.level, write.index), write.data) for write in tiles.append(Shelf(), 0, leaves)
    )


SHELF = shelf_of(ENTRIES)


def proof_of(index, size=300, extra=None):
    head = Checkpoint(LEDGER.name, size, tiles.root(SHELF, size))
    path = tuple(tiles.inclusion_path(SHELF, index, size))
    return LogProof(index, path, checkpoint.sign(head, [LEDGER]), extra)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["what"])
def test_published_proofs_verify(vector):
    proof = logproof.parse(vector["proof"].encode())
    verifiers = [notes.Verifier.parse(text) for text in vector["verifiers"]]
    signed = logproof.verify(proof, bytes.fromhex(vector["entry_hex"]), verifiers)
    assert (proof.index, signed.checkpoint.size) == (vector["index"], vector["size"])
    assert logproof.write(proof) == vector["proof"].encode()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["what"])
def test_published_rubbish_is_refused(vector):
    verifiers = [notes.Verifier.parse(text) for text in vector["verifiers"]]
    with pytest.raises(Untrusted):
        opened(vector["proof"].encode(), bytes.fromhex(vector["entry_hex"]), verifiers)


def opened(data, entry, verifiers):
    return logproof.verify(logproof.parse(data), entry, verifiers)


@settings(deadline=None)
@given(st.integers(1, len(ENTRIES)), st.data())
def test_every_entry_of_every_size_has_a_proof(size, data):
    index = data.draw(st.integers(0, size - 1))
    extra = data.draw(st.none() | st.binary(max_size=20))
    proof = proof_of(index, size, extra)
    read = logproof.parse(logproof.write(proof))
    assert read == proof
    assert logproof.verify(read, ENTRIES[index], [LEDGER.verifier]).checkpoint.size == size


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_is_noticed(data):
    written = bytearray(logproof.write(proof_of(77)))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Untrusted):
        logproof.verify(logproof.parse(bytes(written)), ENTRIES[77], [LEDGER.verifier])


def test_another_entry_is_not_proven():
    with pytest.raises(ProofError, match="not_included"):
        logproof.verify(proof_of(77), ENTRIES[78], [LEDGER.verifier])


def test_an_unknown_ledger_is_not_believed():
    stranger = notes.Signer("stranger.example/ledger", bytes(32))
    with pytest.raises(ProofError, match="no_known_signature"):
        logproof.verify(proof_of(77), ENTRIES[77], [stranger.verifier])


@settings(deadline=None)
@given(st.binary() | st.binary().map(b"c2sp.org/tlog-proof@v1\n".__add__))
def test_rubbish_is_untrusted(data):
    with pytest.raises(Untrusted):
        logproof.verify(logproof.parse(data), b"", [LEDGER.verifier])


def test_a_shell_can_check_a_proof_without_us(tmp_path):
    """The nine lines of docs/protocol/ledger.md, run as they stand there."""
    page = (Path(__file__).parents[2] / "docs/protocol/ledger.md").read_text("utf-8")
    script = page.split("<!-- check.sh -->\n```sh\n")[1].split("```")[0]
    (tmp_path / "check.sh").write_text(script)
    (tmp_path / "entry").write_bytes(ENTRIES[77])
    (tmp_path / "key.der").write_bytes(
        bytes.fromhex("302a300506032b6570032100") + LEDGER.verifier.public
    )
    (tmp_path / "proof").write_bytes(logproof.write(proof_of(77)))
    assert run_check(tmp_path) == 0
    (tmp_path / "entry").write_bytes(ENTRIES[78])
    assert run_check(tmp_path) != 0


def run_check(folder):
    command = ["bash", "check.sh", "proof", "entry", "key.der"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode


def test_the_path_is_written_leaf_side_first():
    proof = proof_of(0, 2)
    line = logproof.write(proof).decode().splitlines()[2]
    assert base64.b64decode(line) == hashlib.sha256(b"\x00" + ENTRIES[1]).digest()


@pytest.mark.parametrize("size", [1, 2, 5, 8, 200, 256, 257, 300])
def test_neighbours_are_shown_by_what_they_share(size: int) -> None:
    shown, asked = logproof.Shown(head_of(size)), 0
    for index in range(size):
        raw = logproof.write(proof_of(index, size))
        if not shown.again(raw, index, ENTRIES[index]):
            logproof.verify_under(logproof.parse(raw), ENTRIES[index], head_of(size))
            shown.hold()
            asked += 1
    assert asked <= 1 + size.bit_length()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_what_differs_from_a_neighbour_is_not_shown_by_it(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    near = data.draw(st.sampled_from([index, max(0, index - 1), min(size - 1, index + 1)]))
    shown, raw = logproof.Shown(head_of(size)), logproof.write(proof_of(index, size))
    assert not shown.again(logproof.write(proof_of(near, size)), near, ENTRIES[near])
    shown.hold()
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = bytearray(raw)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert not shown.again(bytes(changed), index, ENTRIES[index])
    assert not shown.again(raw[:at], index, ENTRIES[index])
    assert not shown.again(raw, index, b"another entry")
    assert not shown.again(raw, (index + 1) % size, ENTRIES[index])


def head_of(size: int) -> Checkpoint:
    return Checkpoint(LEDGER.name, size, tiles.root(SHELF, size))
