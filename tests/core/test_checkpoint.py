"""Checkpoints: the published form, the ledger's own signature, and what is no checkpoint."""

from __future__ import annotations

import base64
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import checkpoint, notes
from comity.core.checkpoint import Checkpoint
from comity.core.errors import ProofError, Untrusted

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/checkpoint.json").read_text("utf-8"))
ORIGIN = "court.example/ledger"
LEDGER = notes.Signer(ORIGIN, bytes(range(32)))
OTHER = notes.Signer("other.example/ledger", bytes(32))
WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Algorithm.COSIGNATURE)
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HEAD = Checkpoint(ORIGIN, 20852163, bytes(range(32)))

checkpoints = st.builds(
    Checkpoint,
    st.from_regex(r"[a-z0-9./]{1,40}", fullmatch=True),
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
)


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["what"])
def test_published_checkpoints_verify(vector):
    verifiers = [notes.Verifier.parse(text) for text in vector["verifiers"]]
    signed = checkpoint.verify(vector["note"].encode(), verifiers)
    head = signed.checkpoint
    assert (head.origin, head.size, head.root.hex()) == (
        vector["origin"],
        vector["size"],
        vector["root_hex"],
    )
    assert [each.name for each in signed.witnesses] == vector["witnesses"]


@pytest.mark.parametrize("vector", VECTORS["refused_texts"], ids=lambda vector: vector["what"])
def test_published_rubbish_is_refused(vector):
    with pytest.raises(Untrusted):
        checkpoint.parse(vector["text"])


def test_the_example_of_the_specification_is_read():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    head = checkpoint.parse(text)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.format(head) == text


def test_openssl_agrees_with_the_ledgers_signature(tmp_path):
    note = checkpoint.sign(HEAD, [LEDGER])
    blob = base64.b64decode(note.decode().splitlines()[-1].split(" ")[2])
    (tmp_path / "text").write_bytes(checkpoint.format(HEAD).encode())
    (tmp_path / "signature").write_bytes(blob[4:])
    # An Ed25519 key in DER is twelve fixed bytes and the key (RFC 8410).
    (tmp_path / "key").write_bytes(
        bytes.fromhex("302a300506032b6570032100") + LEDGER.verifier.public
    )
    assert openssl_verifies(tmp_path)
    (tmp_path / "text").write_bytes(checkpoint.format(HEAD).encode() + b" ")
    assert not openssl_verifies(tmp_path)


def openssl_verifies(folder):
    command = (
        "openssl pkeyutl -verify -pubin -inkey key -keyform DER -rawin -in text -sigfile signature"
    )
    return subprocess.run(command.split(), cwd=folder, capture_output=True).returncode == 0


@settings(deadline=None)
@given(checkpoints)
def test_what_is_written_is_read(head):
    assert checkpoint.parse(checkpoint.format(head)) == head


@settings(deadline=None)
@given(st.text())
def test_rubbish_is_untrusted_or_canonical(text):
    try:
        head = checkpoint.parse(text)
    except Untrusted:
        return
    assert checkpoint.format(head) == text


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint("", 1, bytes(32)),
        Checkpoint("two\nlines", 1, bytes(32)),
        Checkpoint(ORIGIN, -1, bytes(32)),
        Checkpoint(ORIGIN, 2**63, bytes(32)),
        Checkpoint(ORIGIN, 1, bytes(31)),
    ],
)
def test_an_impossible_checkpoint_is_not_signed(head):
    with pytest.raises(ValueError, match="not a checkpoint"):
        checkpoint.sign(head, [LEDGER])


def test_a_cosigned_checkpoint_names_its_witness_and_the_time():
    note = notes.cosign(checkpoint.sign(HEAD, [LEDGER]), WITNESS, NOON)
    signed = checkpoint.verify(note, [LEDGER.verifier, WITNESS.verifier])
    assert [(each.name, each.at) for each in signed.witnesses] == [(WITNESS.name, NOON)]
    assert checkpoint.verify(note, [LEDGER.verifier]).witnesses == ()


def test_a_witness_alone_does_not_make_a_checkpoint():
    note = checkpoint.sign(HEAD, [WITNESS], NOON)
    with pytest.raises(ProofError, match="not_signed_by_its_ledger"):
        checkpoint.verify(note, [LEDGER.verifier, WITNESS.verifier])


def test_one_ledger_cannot_speak_for_another():
    note = checkpoint.sign(HEAD, [OTHER])
    with pytest.raises(ProofError, match="not_signed_by_its_ledger"):
        checkpoint.verify(note, [LEDGER.verifier, OTHER.verifier])


def test_extension_lines_are_refused():
    note = notes.sign(checkpoint.format(HEAD) + "more\n", [LEDGER])
    with pytest.raises(Untrusted, match=r"checkpoint\.malformed"):
        checkpoint.verify(note, [LEDGER.verifier])
