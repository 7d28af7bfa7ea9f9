"""What evidence does by itself: look at items in the sandbox, make texts, sweep packages.

Tools take seconds or minutes: their queue has a thread of its own in the worker (node.working), so
that neither the ledger nor a message waits for them.
"""

from __future__ import annotations

from django_tasks import task

from comity.core.access import NodeActor
from comity.evidence import actions

EXAMINER = "examiner"


def sweep_is_due() -> bool:
    """Say whether a package lies in the clear for too long."""
    return bool(actions.left_packages())


@task()
def sweep_packages() -> int:
    """Remove packages that were left behind; safe to run twice and at once."""
    return actions.sweep_packages()


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
