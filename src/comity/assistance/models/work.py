"""What waits for an officer among the letters, for the Today page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from comity.accounts.models import Officer
from comity.assistance.citations import provision_of
from comity.assistance.models.letters import LetterOfRequest, LetterQuerySet, words_in
from comity.assistance.rules import DeskState, State
from comity.core.access import Act, Actor
from comity.core.law.readings import fact_at
from comity.core.worklist import WorkRow

AT_MOST = 50


def work_for(actor: Actor) -> list[WorkRow]:
    """Letters that wait for this officer's own verb, with the clock that runs."""
    if not isinstance(actor, Officer) or not actor.may(Act.SEE_LETTERS):
        return []
    seen = LetterOfRequest.objects.visible_to(actor).select_related("partner", "reply")
    rows: list[WorkRow] = []
    for verb, detail, icon, waiting in _queues(actor, seen):
        rows.extend(_row(letter, verb, detail, icon) for letter in waiting[:AT_MOST])
    return rows


def _queues(actor: Officer, seen: LetterQuerySet) -> Iterable[tuple[str, str, str, LetterQuerySet]]:
    yield from _requesting(actor, seen.outgoing())
    yield from _requested(actor, seen.incoming())
    if any(actor.may(act) for act in (Act.SEND_LETTER, Act.DRAFT_LETTER, Act.RELEASE_REPLY)):
        late = seen.filter(withdrawn_late_at__isnull=False, partner_asked_at=None)
        yield (
            _("Ask them"),
            _("A consent was withdrawn after sending. Ask the partner to stop using the item."),
            "mail-warning",
            late,
        )


def _requesting(
    actor: Officer, seen: LetterQuerySet
) -> Iterable[tuple[str, str, str, LetterQuerySet]]:
    if actor.may(Act.DRAFT_LETTER):
        mine = seen.filter(author=actor, state=State.DRAFT, review_asked_at=None)
        yield _("Go on writing"), _("Your draft is not complete."), "pencil", mine
        stopped = seen.filter(state=State.STOPPED)
        yield (
            _("Look at it"),
            _("Stopped before it left. Take the exhibit out and have it approved again."),
            "ban",
            stopped,
        )
    if actor.may(Act.REVIEW_LETTER):
        asked = seen.filter(state=State.DRAFT, review_asked_at__isnull=False)
        yield (
            _("Review"),
            _("The author asks for legal review."),
            "scale",
            asked.exclude(author=actor),
        )
    if actor.may(Act.APPROVE_LETTER):
        reviewed = seen.filter(state=State.REVIEWED).exclude(Q(author=actor) | Q(reviewer=actor))
        yield _("Look at it"), _("Reviewed; your approval is next."), "stamp", reviewed
    if actor.may(Act.SEND_LETTER):
        approved = seen.filter(state=State.APPROVED)
        yield _("Send"), _("Approved and signed."), "send", approved
        unposted = seen.filter(
            electronic=True, posted_on=None, sent_at__isnull=False, partner__isnull=False
        ).filter(requesting__startswith="UA-")
        yield _("Record post"), _("Post the paper original."), "mailbox", unposted
    if actor.may(Act.ACCEPT_CONDITIONS):
        proposed = seen.filter(state=State.CONDITIONS_PROPOSED)
        yield _("Decide"), _("The requested side set conditions."), "handshake", proposed


def _requested(
    actor: Officer, seen: LetterQuerySet
) -> Iterable[tuple[str, str, str, LetterQuerySet]]:
    if actor.may(Act.REGISTER_LETTER):
        received = seen.filter(state=DeskState.RECEIVED)
        yield _("Register"), _("A letter of request has arrived."), "inbox", received
        registered = seen.filter(state=DeskState.REGISTERED)
        yield _("Decide"), _("Registered; say who executes it."), "gavel", registered
    if actor.may(Act.EXECUTE_LETTER):
        accepted = seen.filter(state__in=[DeskState.ACCEPTED, DeskState.EXECUTING])
        yield _("Execute"), _("Accepted; report each measure."), "list-checks", accepted
        stopped = seen.filter(state=DeskState.STOPPED)
        yield (
            _("Look at it"),
            _("The reply was stopped before it left. Take the item back; release it again."),
            "ban",
            stopped,
        )
    if actor.may(Act.RELEASE_REPLY):
        ready = seen.filter(
            Q(state=DeskState.CONDITIONS_ACCEPTED)
            | Q(state=DeskState.EXECUTING, reply__reported_at__isnull=False)
        )
        yield _("Look at it"), _("Executed; the reply can be prepared."), "package-check", ready


def _row(letter: LetterOfRequest, verb: str, detail: str, icon: str) -> WorkRow:
    due, source = _clock(letter)
    return WorkRow(
        title=_("Letter %(number)s, %(partner)s")
        % {"number": letter.number, "partner": words_in(letter.partner.names)},
        detail=detail,
        url=letter.get_absolute_url(),
        verb=verb,
        icon=icon,
        due_at=due,
        clock_source=source,
    )


def _clock(letter: LetterOfRequest) -> tuple[datetime | None, str]:
    state = letter.requesting[:2] if letter.is_outgoing else letter.requested[:2]
    running = letter.running_clocks(state)
    if not running:
        return None, ""
    rule, _last, end = min(running, key=lambda one: one[2])
    return end, provision_of(fact_at(rule.fact))
