"""What waits for an officer at the exchange, for the Today page."""

from __future__ import annotations

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext

from comity.core.access import Act, Actor
from comity.core.worklist import WorkRow
from comity.exchange.models.messages import OutgoingMessage
from comity.exchange.models.partners import Partner
from comity.exchange.rules import OutgoingStatus, PartnerStatus


def work_for(actor: Actor) -> list[WorkRow]:
    """What waits for this officer: pairings to confirm, messages that did not arrive."""
    rows = []
    if actor.may(Act.CONFIRM_PARTNER):
        proposed = Q(status=PartnerStatus.PROPOSED) | ~Q(proposed_descriptor="")
        waiting = [
            partner
            for partner in Partner.objects.filter(proposed).select_related("proposed_by")
            if partner.proposed_by is None or partner.proposed_by.actor_id != actor.actor_id
        ]
        rows += [
            WorkRow(
                title=gettext("Confirm a partner's keys"),
                detail=gettext("Compare the fingerprint with the other side by voice or on paper."),
                url=reverse("partner", args=[partner.pk]),
                verb=gettext("Compare"),
                icon="fingerprint-pattern",
            )
            for partner in waiting
        ]
    if actor.may(Act.RESEND_MESSAGE):
        dead = OutgoingMessage.objects.filter(
            status=OutgoingStatus.DEAD, stop_asked_at=None
        ).order_by(F("id").desc())
        rows += [
            WorkRow(
                title=gettext("Message %(number)s was not accepted") % {"number": message.number},
                detail=gettext("The partner's node says why; put it right or send it again."),
                url=reverse("outgoing_message", args=[message.pk]),
                verb=gettext("Look"),
                icon="mail-warning",
            )
            for message in dead[:20]
        ]
    return rows
