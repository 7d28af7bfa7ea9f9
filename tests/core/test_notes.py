"""Signed notes: published keys and notes, and everything that must not open."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import notes
from comity.core.errors import ProofError, Untrusted

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/notes.json").read_text("utf-8"))
SIGNER = notes.Signer("court.example/ledger", bytes(range(32)))
OTHER = notes.Signer("other.example/ledger", bytes(32))
WITNESS = notes.Signer("witness.example/w1", b"w" * 32, notes.Algorithm.COSIGNATURE)
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TEXT = "court.example/ledger\nанотація\n"

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"])).map(lambda line: line + "\n")


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["what"])
def test_published_notes_open(vector):
    verifiers = [notes.Verifier.parse(text) for text in vector["verifiers"]]
    opened = notes.open(vector["note"].encode(), verifiers)
    assert opened.text == vector["text"]
    assert [signature.name for signature in opened.signatures] == vector["signed_by"]


@pytest.mark.parametrize("vector", VECTORS["signed"], ids=lambda vector: vector["what"])
def test_published_signers_give_the_published_note(vector):
    signers = [notes.Signer.parse(text) for text in vector["signers"]]
    now = datetime.fromtimestamp(vector["time"], UTC) if vector["time"] else None
    assert notes.sign(vector["text"], signers, now) == vector["note"].encode()


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=lambda vector: vector["verifier"])
def test_published_keys_are_read_and_written(vector):
    verifier = notes.Verifier.parse(vector["verifier"])
    assert verifier.text == vector["verifier"]
    if vector["signer"]:
        signer = notes.Signer.parse(vector["signer"])
        assert signer.text == vector["signer"]
        assert signer.verifier == verifier


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["what"])
def test_published_rubbish_is_refused(vector):
    verifiers = [notes.Verifier.parse(text) for text in vector["verifiers"]]
    with pytest.raises(Untrusted) as caught:
        notes.open(bytes.fromhex(vector["note_hex"]), verifiers)
    assert caught.value.code == vector["code"]


@settings(deadline=None)
@given(texts)
def test_what_is_signed_opens(text):
    note = notes.sign(text, [SIGNER, OTHER])
    assert notes.open(note, [SIGNER.verifier]).text == text
    assert len(notes.open(note, [SIGNER.verifier, OTHER.verifier]).signatures) == 2


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_never_opens_as_another_text(data):
    note = bytearray(notes.sign(TEXT, [SIGNER]))
    at = data.draw(st.integers(0, len(note) - 1))
    note[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Untrusted):
        notes.open(bytes(note), [SIGNER.verifier])


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_rubbish_is_untrusted(data):
    with pytest.raises(Untrusted):
        notes.open(data, [SIGNER.verifier])
    with pytest.raises(Untrusted):
        notes.Verifier.parse(data.decode("latin-1"))
    with pytest.raises(Untrusted):
        notes.Signer.parse("PRIVATE+KEY+" + data.decode("latin-1"))


def test_an_unknown_signature_is_passed_over():
    note = notes.sign(TEXT, [OTHER, SIGNER])
    assert [each.name for each in notes.open(note, [SIGNER.verifier]).signatures] == [SIGNER.name]


def test_a_note_of_strangers_only_is_refused():
    with pytest.raises(ProofError, match="no_known_signature"):
        notes.open(notes.sign(TEXT, [OTHER]), [SIGNER.verifier])


def test_a_false_signature_of_a_known_key_spoils_the_note():
    note = notes.sign(TEXT, [SIGNER]).decode()
    false = notes.sign("x\n", [OTHER]).decode().splitlines()[-1]
    with pytest.raises(ProofError, match="bad_signature"):
        notes.open(f"{note}{false}\n".encode(), [SIGNER.verifier, OTHER.verifier])


def test_a_cosignature_states_its_time():
    note = notes.cosign(notes.sign(TEXT, [SIGNER]), WITNESS, NOON)
    signatures = notes.open(note, [SIGNER.verifier, WITNESS.verifier]).signatures
    assert [(each.name, each.at) for each in signatures] == [
        (SIGNER.name, None),
        (WITNESS.name, NOON),
    ]


def test_a_cosignature_at_another_time_fails():
    note = notes.sign(TEXT, [WITNESS], NOON).decode()
    head, encoded = note.rstrip().rsplit(" ", 1)
    blob = bytearray(base64.b64decode(encoded))
    blob[11] ^= 1
    changed = f"{head} {base64.b64encode(blob).decode()}\n"
    with pytest.raises(ProofError, match="bad_signature"):
        notes.open(changed.encode(), [WITNESS.verifier])


def test_a_key_of_another_kind_is_another_key():
    plain = notes.Verifier(WITNESS.name, WITNESS.verifier.public)
    assert plain.key_id != WITNESS.verifier.key_id
    with pytest.raises(ProofError, match="no_known_signature"):
        notes.open(notes.sign(TEXT, [WITNESS], NOON), [plain])


def test_sixteen_signatures_are_accepted_and_a_thousand_are_not():
    note = notes.sign(TEXT, [SIGNER])
    line = note.decode().splitlines(keepends=True)[-1].encode()
    assert notes.open(note + line * 15, [SIGNER.verifier]).text == TEXT
    with pytest.raises(Untrusted, match="too_many_signatures"):
        notes.open(note + line * 1000, [SIGNER.verifier])


def test_a_key_id_that_does_not_fit_is_refused():
    name, key_id, encoded = SIGNER.verifier.text.split("+", 2)
    wrong = f"{int(key_id, 16) ^ 1:08x}"
    with pytest.raises(Untrusted, match="key_id_mismatch"):
        notes.Verifier.parse(f"{name}+{wrong}+{encoded}")
    with pytest.raises(Untrusted, match="key_id_mismatch"):
        notes.Signer.parse(SIGNER.text.replace(key_id, wrong))


def test_a_signer_never_shows_its_seed():
    assert SIGNER.seed.hex() not in repr(SIGNER)
    assert repr(SIGNER.seed) not in repr(SIGNER)


@pytest.mark.parametrize("text", ["no newline", "a\ttab\n", "a\rreturn\n", ""])
def test_a_text_that_no_note_can_hold_is_not_signed(text):
    with pytest.raises(ValueError, match="text of a note"):
        notes.sign(text, [SIGNER])
