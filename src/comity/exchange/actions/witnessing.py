"""Witnessing: each node remembers the other's ledger head and cosigns what only grew from it.

C2SP tlog-witness: the caller sends a newer checkpoint with the consistency path from the head that
the witness knows; whoever rewrites a ledger has to show two nodes two histories, and is found.
No entry is written for a head that holds: it would be the next thing to be witnessed, for ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.core import checkpoint as checkpoints
from comity.core import growth, merkle, notes
from comity.core.access import Actor
from comity.core.errors import ProofError, Refused, Untrusted
from comity.core.growth import Growth
from comity.exchange.models import Partner, Witnessing
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint, Cosignature

FORKED = frozenset({"merkle.not_consistent", "merkle.size_shrank", "witness.forked"})


def ledger_key(partner: Partner) -> notes.Verifier:
    """The key that signs the partner's checkpoints; its name is its ledger's."""
    return notes.Verifier.parse(partner.described().ledger_key)


def cosigning_key(partner: Partner) -> notes.Verifier:
    """The key by which the partner witnesses."""
    return replace(ledger_key(partner), algorithm=notes.Algorithm.COSIGNATURE)


def witness_head(actor: Actor, partner: Partner, body: bytes) -> str:
    """Check that the partner's ledger only grew since we saw it; return our cosignature line.

    body: form of `core.growth`. Raises Untrusted for what is no such proof or does not hold. A
    ledger that contradicts what we saw is recorded: it was rewritten. Raises
    Refused("witness.other_size", size=…) if the proof does not begin where we stand.
    """
    claimed = growth.parse(body)
    try:
        return _witness(partner, claimed)
    except Untrusted as doubt:
        if doubt.code in FORKED:
            _record_fork(actor, partner, claimed, doubt)
        raise


@transaction.atomic
def _witness(partner: Partner, claimed: Growth) -> str:
    key = ledger_key(partner)
    signed = checkpoints.verify(claimed.checkpoint, [key]).checkpoint
    if signed.origin != key.name:
        raise Untrusted("witness.another_ledger")
    Witnessing.objects.get_or_create(partner=partner)
    seen = Witnessing.objects.select_for_update().get(partner=partner)
    if claimed.old_size != seen.size:
        raise Refused("witness.other_size", size=seen.size)
    root = bytes(seen.root) or merkle.EMPTY_ROOT
    merkle.verify_consistency(seen.size, root, signed.size, signed.root, claimed.path)
    seen.size, seen.root, seen.note = signed.size, signed.root, claimed.checkpoint
    seen.seen_at = timezone.now()
    seen.save()
    return ledger.cosigner().line(checkpoints.format(signed).encode(), timezone.now())


@transaction.atomic
def _record_fork(actor: Actor, partner: Partner, claimed: Growth, doubt: Untrusted) -> None:
    ledger.append(
        actor,
        "exchange.ledger_contradicted",
        f"partner:{partner.uid}",
        reason=doubt.code,
        old_size=claimed.old_size,
    )


def partners_to_ask() -> list[Partner]:
    """Active partners that have not witnessed our newest head and were not asked for a while."""
    head = ledger.newest_checkpoint()
    if head is None:
        return []
    pause = timedelta(seconds=settings.COMITY_WITNESS_EVERY_SECONDS)
    asked = Witnessing.objects.filter(asked_at__gt=timezone.now() - pause)
    done = Cosignature.objects.filter(checkpoint=head).values("witness")
    waiting = Partner.objects.active().exclude(pk__in=asked.values("partner"))
    return list(waiting.exclude(node_id__in=done))


def note_asked(partner: Partner) -> None:
    """Remember that a partner was asked now, whatever it answers."""
    Witnessing.objects.update_or_create(partner=partner, defaults={"asked_at": timezone.now()})


def request_for(partner: Partner, head: Checkpoint, known_size: int | None = None) -> bytes:
    """The proof that our ledger only grew, from where the partner stands to a head.

    known_size: what the partner said it knows; else what it last cosigned.
    """
    if known_size is None:
        last = Cosignature.objects.filter(witness=partner.node_id).order_by("-checkpoint__size")
        known_size = last.values_list("checkpoint__size", flat=True).first() or 0
    return ledger.prove_growth(known_size, head)


def keep_answer(partner: Partner, head: Checkpoint, answer: bytes) -> None:
    """Keep a partner's cosignature of our head if it is one. Raises Untrusted."""
    try:
        line = answer.decode("utf-8")
    except UnicodeDecodeError:
        raise Untrusted("witness.malformed") from None
    if line.count("\n") != 1 or not line.endswith("\n"):
        raise Untrusted("witness.malformed")
    note = notes.open(bytes(head.note) + answer, [cosigning_key(partner)])
    if not any(one.algorithm is notes.Algorithm.COSIGNATURE for one in note.signatures):
        raise ProofError("witness.malformed")
    ledger.keep_cosignature(head, witness=partner.node_id, line=line)
