"""What accounts do by themselves: end memberships whose time is over."""

from __future__ import annotations

from django.utils import timezone
from django_tasks import task

from comity.accounts import actions
from comity.accounts.models import Membership
from comity.core.access import NodeActor


def expiry_is_due() -> bool:
    """Say whether a membership with an end has reached it."""
    return Membership.objects.filter(until__lte=timezone.now(), ended_at=None).exists()


@task()
def expire_memberships() -> int:
    """End what has run out, each with an entry; `visible_to` already ignores it."""
    return actions.end_expired(NodeActor("worker"))
