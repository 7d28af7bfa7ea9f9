"""One node witnesses another's ledger: what grew is cosigned, what was rewritten is found."""

from __future__ import annotations

import pytest
from django.db import transaction

from comity.core import checkpoint, growth, merkle, notes, tiles
from comity.core.access import NodeActor
from comity.core.errors import Refused, Untrusted
from comity.exchange import actions, witnesses
from comity.exchange.actions import witnessing
from comity.exchange.models import Partner, Witnessing
from comity.ledger import actions as ledger
from comity.ledger.models import Cosignature, Entry
from tests.core.test_tiles import Shelf

pytestmark = pytest.mark.django_db


class TheirLedger:
    """The partner's ledger: leaves, and proofs of growth signed by its key."""

    def __init__(self, tokyo) -> None:
        self.signer = tokyo.keys.ledger_signer(f"{tokyo.node_id}/ledger")
        self.leaves: list[bytes] = []

    def grow(self, count: int, word: str = "entry") -> None:
        start = len(self.leaves)
        self.leaves += [merkle.leaf_hash(f"{word} {start + n}".encode()) for n in range(count)]

    def note(self) -> bytes:
        head = checkpoint.Checkpoint(
            self.signer.name, len(self.leaves), merkle.root_of(self.leaves)
        )
        return checkpoint.sign(head, [self.signer])

    def proof(self, old: int) -> bytes:
        shelf = Shelf()
        shelf.put(tiles.append(shelf, 0, self.leaves))
        path = tiles.consistency_path(shelf, old, len(self.leaves))
        return growth.write(growth.Growth(old, tuple(path), self.note()))


@pytest.fixture
def theirs(tokyo) -> TheirLedger:
    return TheirLedger(tokyo)


def witness(partner, body: bytes) -> str:
    return actions.witness_head(actions.NODE, partner, body)


def test_what_only_grew_is_cosigned_and_remembered(partner, theirs) -> None:
    for count in (3, 300, 1):
        old = len(theirs.leaves)
        theirs.grow(count)
        line = witness(partner, theirs.proof(old))
        key = ledger.cosigner().verifier
        opened = notes.open(theirs.note() + line.encode(), [key])
        assert [one.name for one in opened.signatures] == [ledger.origin()]
        assert Witnessing.objects.get().size == len(theirs.leaves)
    assert witness(partner, theirs.proof(304))  # asked again for the same head
    assert not Entry.objects.filter(kind__startswith="exchange.ledger").exists()


def test_a_proof_that_begins_elsewhere_is_told_where_we_stand(partner, theirs) -> None:
    theirs.grow(5)
    witness(partner, theirs.proof(0))
    theirs.grow(5)
    with pytest.raises(Refused) as refused:
        witness(partner, theirs.proof(3))
    assert (refused.value.code, refused.value.facts["size"]) == ("witness.other_size", 5)
    assert witness(partner, theirs.proof(5))


def test_a_rewritten_ledger_is_not_cosigned_and_recorded(partner, theirs) -> None:
    theirs.grow(5)
    witness(partner, theirs.proof(0))
    theirs.leaves.clear()
    theirs.grow(9, "another story")
    with pytest.raises(Untrusted) as found:
        witness(partner, theirs.proof(5))
    assert found.value.code == "merkle.not_consistent"
    entry = Entry.objects.get(kind="exchange.ledger_contradicted")
    assert entry.subject == f"partner:{partner.uid}"
    assert Witnessing.objects.get().size == 5


def test_a_ledger_that_became_shorter_is_recorded(partner, theirs) -> None:
    theirs.grow(9)
    witness(partner, theirs.proof(0))
    del theirs.leaves[5:]
    body = growth.write(growth.Growth(9, (), theirs.note()))
    with pytest.raises(Untrusted):
        witness(partner, body)
    assert Entry.objects.filter(kind="exchange.ledger_contradicted").count() == 1


def test_a_head_signed_by_another_key_or_of_another_ledger_is_no_head(partner, theirs) -> None:
    theirs.grow(3)
    own = theirs.signer
    for wrong in (
        notes.Signer(own.name, bytes(32)),
        notes.Signer("somebody.example/ledger", own.seed),
    ):
        theirs.signer = wrong
        with pytest.raises(Untrusted):
            witness(partner, theirs.proof(0))
    for body in (b"", b"old 0\n\n", theirs.note(), b"old 1\n" + b"!" * 44 + b"\n\nx"):
        with pytest.raises(Untrusted):
            witness(partner, body)
    assert not Witnessing.objects.filter(size__gt=0).exists()


def own_head(count: int = 3):
    with transaction.atomic():
        for number in range(count):
            ledger.append(NodeActor("test"), "test.done", f"thing:{number}")
    while ledger.sequence_pending():
        pass
    return ledger.newest_checkpoint()


def test_an_answer_is_kept_only_if_it_cosigns_our_head(partner, theirs) -> None:
    head = own_head()
    text = bytes(head.note).partition(b"\n\n")[0] + b"\n"
    cosigner = notes.Signer(theirs.signer.name, theirs.signer.seed, notes.Algorithm.COSIGNATURE)
    good = cosigner.line(text, head.at).encode()
    for wrong in (
        b"",
        b"\xff",
        good * 2,
        good[:-1],
        theirs.signer.line(text).encode(),
        cosigner.line(b"another text\n", head.at).encode(),
        notes.Signer(theirs.signer.name, bytes(32), notes.Algorithm.COSIGNATURE)
        .line(text, head.at)
        .encode(),
    ):
        with pytest.raises(Untrusted):
            actions.keep_answer(partner, head, wrong)
    assert not Cosignature.objects.exists()
    actions.keep_answer(partner, head, good)
    actions.keep_answer(partner, head, good)
    assert Cosignature.objects.get().witness == partner.node_id
    signed = checkpoint.verify(
        ledger.cosigned_note(head), [ledger.signer().verifier, cosigner.verifier]
    )
    assert [one.name for one in signed.witnesses] == [theirs.signer.name]


def test_a_partner_is_asked_once_for_a_head_and_not_too_often(partner, settings) -> None:
    head = own_head()
    assert actions.partners_to_ask() == [partner]
    actions.note_asked(partner)
    assert actions.partners_to_ask() == []
    settings.COMITY_WITNESS_EVERY_SECONDS = 0
    assert actions.partners_to_ask() == [partner]
    ledger.keep_cosignature(head, witness=partner.node_id, line="x")
    assert actions.partners_to_ask() == []
    own_head(1)
    assert actions.partners_to_ask() == [partner]
    assert witnessing.request_for(partner, ledger.newest_checkpoint()).startswith(
        b"old %d\n" % head.size
    )


def test_a_partner_whose_delivery_pauses_is_not_asked_while_an_officer_waits(
    partner, settings
) -> None:
    with transaction.atomic():
        ledger.append(NodeActor("test"), "test.done", "thing:1")
    ledger.sequence_pending()
    head = ledger.newest_checkpoint()
    actions.pause_partner(partner, "no_answer", at_least=60)
    assert witnesses.ask_now(head) == 0
    assert not Witnessing.objects.filter(partner=partner).exists()
    Partner.objects.filter(pk=partner.pk).update(next_attempt_at=None)
    witnesses.ask_now(head)  # its node is not there, but it is asked
    assert Witnessing.objects.filter(partner=partner).exists()
