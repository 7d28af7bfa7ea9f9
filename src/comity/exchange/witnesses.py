"""Asks partners' nodes to witness our ledger head: over the network, so before any transaction."""

from __future__ import annotations

from collections.abc import Iterable

from comity.core.errors import Refused, Untrusted
from comity.exchange import actions
from comity.exchange.models import Partner
from comity.exchange.transport import Line, NoAnswer
from comity.ledger.models import Checkpoint

SECONDS = 10.0
SECONDS_WHILE_SOMEBODY_WAITS = 2.0
TEXT = "text/plain"


def ask_now(head: Checkpoint) -> int:
    """Ask partners while somebody waits; returns how many witnessed the head.

    Not those that were silent just now: the worker asks them when their pause is over.
    """
    return ask(Partner.objects.answering(), head, SECONDS_WHILE_SOMEBODY_WAITS)


def ask(partners: Iterable[Partner], head: Checkpoint, seconds: float = SECONDS) -> int:
    """Ask these partners; one that does not answer, or not as it should, stops no other."""
    count = 0
    for partner in partners:
        actions.note_asked(partner)
        try:
            with Line(partner, seconds=seconds) as line:
                count += _ask(line, partner, head)
        except (NoAnswer, Untrusted, Refused):
            continue  # it is asked again later; what it holds against us, it has recorded
    return count


def _ask(line: Line, partner: Partner, head: Checkpoint) -> bool:
    known: int | None = None
    for _ in range(2):
        body = actions.request_for(partner, head, known)
        answer = line.call("POST", "/x/1/witness", body=body, content_type=TEXT)
        if answer.status == 200:
            actions.keep_answer(partner, head, answer.body)
            return True
        if answer.code != "witness.other_size":
            return False
        stated = answer.facts.get("size")
        if not isinstance(stated, int) or not 0 <= stated <= head.size:
            return False
        known = stated
    return False
