"""What waits for an officer in the ledger."""

from __future__ import annotations

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext

from comity.core.access import Act, Actor
from comity.core.worklist import WorkRow
from comity.ledger import actions


def work_for(actor: Actor) -> list[WorkRow]:
    """That no authority stamps the ledger, for those who watch over it."""
    since = actions.stamps_late() if actor.may(Act.SEE_LEDGER) else None
    if since is None:
        return []
    return [
        WorkRow(
            title=gettext("The ledger waits for its time-stamps"),
            detail=gettext("Since %(moment)s. Have the time-stamp authorities looked at.")
            % {"moment": date_format(localtime(since), "DATETIME_FORMAT")},
            url=reverse("ledger"),
            verb=gettext("Look"),
            icon="clock-alert",
        )
    ]
