"""What waits for an officer among the letters, for the Today page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from comity.accounts.models import Officer
from comity.assistance.citations import provision_of
from comity.assistance.models.letters import LetterOfRequest, LetterQuerySet, words_in
from comity.assistance.rules import CLOCK_OVER, DeskState, Direction, Start, State
from comity.core.access import Act, Actor
from comity.core.law.readings import fact_at
from comity.core.worklist import SOON, WorkRow

# So many of a queue stand on Today one by one. What ends soon does, however much it is.
AT_MOST = 50


@dataclass(frozen=True)
class Queue:
    """Letters that wait for one verb. since: the column by which the oldest come first."""

    verb: str
    detail: str
    icon: str
    waiting: LetterQuerySet
    since: str = "created_at"
    direction: Direction = Direction.OUTGOING


def work_for(actor: Actor) -> list[WorkRow]:
    """Letters that wait for this officer's own verb, with the clock that runs.

    What is urgent or late is never left out. Of the others the oldest stand one by one, and the
    last row of a queue says how many more there are.
    """
    soon = timezone.now() + SOON
    return [row for queue in _queues(actor) for row in _rows(queue, soon)]


def count_urgent(actor: Actor) -> int:
    """How many rows of `work_for` have a clock that ends soon or has ended; counted, not read."""
    soon = timezone.now() + SOON
    return sum(queue.waiting.ending_by(soon).count() for queue in _queues(actor))


def _rows(queue: Queue, soon: datetime) -> Iterator[WorkRow]:
    waiting = queue.waiting.select_related("partner", "reply")
    waiting = waiting.order_by(F(queue.since).asc(nulls_first=True), "id")
    ending = queue.waiting.ending_by(soon).values("pk")
    for letter in waiting.filter(pk__in=ending):
        yield _row(letter, queue)
    others = waiting.exclude(pk__in=ending)
    for letter in others[:AT_MOST]:
        yield _row(letter, queue)
    more = others.count() - AT_MOST
    if more > 0:
        yield WorkRow(
            title=ngettext("And %(count)d more letter", "And %(count)d more letters", more)
            % {"count": more},
            detail=queue.detail,
            url=f"{reverse('letters')}?tab={queue.direction}",
            verb=_("See the list"),
            icon=queue.icon,
            more=more,
        )


def _queues(actor: Actor) -> Iterator[Queue]:
    if not isinstance(actor, Officer) or not actor.may(Act.SEE_LETTERS):
        return
    seen = LetterOfRequest.objects.visible_to(actor)
    yield from _requesting(actor, seen.outgoing())
    yield from _requested(actor, seen.incoming())
    if any(actor.may(act) for act in (Act.SEND_LETTER, Act.DRAFT_LETTER, Act.RELEASE_REPLY)):
        late = seen.filter(withdrawn_late_at__isnull=False, partner_asked_at=None)
        yield Queue(
            _("Ask them"),
            _("A consent was withdrawn after sending. Ask the partner to stop using the item."),
            "mail-warning",
            late,
            "withdrawn_late_at",
        )


def _requesting(actor: Officer, seen: LetterQuerySet) -> Iterator[Queue]:
    if actor.may(Act.DRAFT_LETTER):
        mine = seen.filter(author=actor, state=State.DRAFT, review_asked_at=None)
        yield Queue(_("Go on writing"), _("Your draft is not complete."), "pencil", mine)
        stopped = seen.filter(state=State.STOPPED)
        yield Queue(
            _("Look at it"),
            _("Stopped before it left. Take the exhibit out and have it approved again."),
            "ban",
            stopped,
        )
    if actor.may(Act.REVIEW_LETTER):
        asked = seen.filter(state=State.DRAFT, review_asked_at__isnull=False).exclude(author=actor)
        told = _("The author asks for legal review.")
        yield Queue(_("Review"), told, "scale", asked, "review_asked_at")
    if actor.may(Act.APPROVE_LETTER):
        reviewed = seen.filter(state=State.REVIEWED).exclude(Q(author=actor) | Q(reviewer=actor))
        told = _("Reviewed; your approval is next.")
        yield Queue(_("Look at it"), told, "stamp", reviewed, "reviewed_at")
    if actor.may(Act.SEND_LETTER):
        approved = seen.filter(state=State.APPROVED)
        yield Queue(_("Send"), _("Approved and signed."), "send", approved, "approved_at")
        told = _("Post the paper original.")
        yield Queue(_("Record post"), told, "mailbox", _unposted(seen), "sent_at")
    if actor.may(Act.ACCEPT_CONDITIONS):
        proposed = seen.filter(state=State.CONDITIONS_PROPOSED)
        told = _("The requested side set conditions.")
        yield Queue(_("Decide"), told, "handshake", proposed, "sent_at")


def _unposted(seen: LetterQuerySet) -> LetterQuerySet:
    """Letters of Ukraine whose paper original is due, whatever was answered, until closed."""
    sent = seen.filter(electronic=True, posted_on=None, sent_at__isnull=False)
    ended = CLOCK_OVER[Start.SENT_ELECTRONICALLY]
    return sent.filter(requesting__startswith="UA-").exclude(state__in=ended)


def _requested(actor: Officer, seen: LetterQuerySet) -> Iterator[Queue]:
    asked = Direction.INCOMING
    if actor.may(Act.REGISTER_LETTER):
        received = seen.filter(state=DeskState.RECEIVED)
        told = _("A letter of request has arrived.")
        yield Queue(_("Register"), told, "inbox", received, direction=asked)
        registered = seen.filter(state=DeskState.REGISTERED)
        told = _("Registered; say who executes it.")
        yield Queue(_("Decide"), told, "gavel", registered, "registered_at", asked)
    if actor.may(Act.EXECUTE_LETTER):
        accepted = seen.filter(state__in=[DeskState.ACCEPTED, DeskState.EXECUTING])
        told = _("Accepted; report each measure.")
        yield Queue(_("Execute"), told, "list-checks", accepted, "accepted_at", asked)
        stopped = seen.filter(state=DeskState.STOPPED)
        told = _("The reply was stopped before it left. Take the item back; release it again.")
        yield Queue(_("Look at it"), told, "ban", stopped, direction=asked)
    if actor.may(Act.RELEASE_REPLY):
        ready = seen.filter(
            Q(state=DeskState.CONDITIONS_ACCEPTED)
            | Q(state=DeskState.EXECUTING, reply__reported_at__isnull=False)
        )
        told = _("Executed; the reply can be prepared.")
        yield Queue(_("Look at it"), told, "package-check", ready, "reply__reported_at", asked)


def _row(letter: LetterOfRequest, queue: Queue) -> WorkRow:
    due, source = _clock(letter)
    return WorkRow(
        title=_("Letter %(number)s, %(partner)s")
        % {"number": letter.number, "partner": words_in(letter.partner.names)},
        detail=queue.detail,
        url=letter.get_absolute_url(),
        verb=queue.verb,
        icon=queue.icon,
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
