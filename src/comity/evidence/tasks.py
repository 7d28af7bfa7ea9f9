"""What evidence does by itself: sweep packages, take watched files in and archives apart, look.

Tools take seconds or minutes: their queue has a thread of its own in the worker (node.working), so
that neither the ledger nor a message waits for them.
"""

from __future__ import annotations

from django_tasks import task

from comity.core.access import NodeActor
from comity.core.errors import NotAllowed, Refused
from comity.evidence import actions, watching

COMPARED_FROM = 200
SLICE_SECONDS = 5  # of one archive at a time: the worker has other work too

EXAMINER = "examiner"


def sweep_is_due() -> bool:
    """Say whether a package lies in the clear for too long."""
    return bool(actions.left_packages())


@task()
def sweep_packages() -> int:
    """Remove packages that were left behind; safe to run twice and at once."""
    return actions.sweep_packages()


def watched_are_due() -> bool:
    """Say whether a file waits in a watched folder."""
    return watching.anything_is_ready()


@task()
def take_in_watched() -> int:
    """Take them in; safe to run twice and at once."""
    return watching.take_in_all()


def expansion_is_due() -> bool:
    """Say whether an archive waits to be taken apart."""
    return bool(actions.expansions_due())


@task()
def expand_asked() -> int:
    """Take archives apart as the officers who asked for it; return how many."""
    due = actions.expansions_due()
    for expansion in due:
        try:
            actions.expand(expansion.asked_by, expansion, seconds=SLICE_SECONDS)
        except NotAllowed as ended:  # the officer's rights, since they asked
            actions.give_up_expansion(expansion.asked_by, expansion, ended.code)
        except Refused:
            continue  # no room; it is tried again after a while
    return len(due)


def likeness_is_due() -> bool:
    """Say whether a picture waits for its fingerprint, or a fingerprint to be compared."""
    return bool(actions.unprinted() or actions.uncompared())


@task()
def find_likeness() -> int:
    """Make fingerprints of some pictures and films, and compare them; return how many pairs."""
    worker = NodeActor("worker")
    for item in actions.unprinted():
        actions.make_fingerprint(worker, item)
    fresh = actions.uncompared()
    if actions.unprinted() and len(fresh) < COMPARED_FROM:
        return 0  # comparing reads all fingerprints: better for many at once
    return actions.compare_fingerprints(worker, fresh) if fresh else 0


def examination_is_due() -> bool:
    """Say whether no tool has looked at an item yet, or none could and now one can."""
    return actions.examination_is_due()


@task(queue_name="slow")
def examine_items() -> int:
    """Look at some items with every tool that fits them; safe to run twice and at once."""
    return actions.examine_due(NodeActor(EXAMINER))


def text_is_due() -> bool:
    """Say whether an officer waits for a text."""
    return actions.text_is_due()


@task(queue_name="slow")
def make_texts() -> int:
    """Make the texts that officers asked for; safe to run twice and at once."""
    return actions.make_due_texts(NodeActor(EXAMINER))
