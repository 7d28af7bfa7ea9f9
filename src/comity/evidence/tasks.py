"""What evidence does by itself: take packages out of the spool that nobody fetched."""

from __future__ import annotations

from django_tasks import task

from comity.evidence import actions


def sweep_is_due() -> bool:
    """Say whether a package lies in the clear for too long."""
    return bool(actions.left_packages())


@task()
def sweep_packages() -> int:
    """Remove packages that were left behind; safe to run twice and at once."""
    return actions.sweep_packages()
