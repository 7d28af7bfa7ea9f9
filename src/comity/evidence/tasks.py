"""What evidence does by itself: take unfetched packages out of the spool, and watched files in."""

from __future__ import annotations

from django_tasks import task

from comity.evidence import actions, watching


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
