"""The letter of request itself, on either side."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from comity.accounts.models import Officer, team_records
from comity.assistance.rules import (
    CLOCK_OVER,
    CLOCKS,
    EXECUTION_RUNS,
    ClockRule,
    DeskState,
    Direction,
    Start,
    State,
    due_on,
    started_by,
)
from comity.cases.models import Case, Charge
from comity.core.access import Act, Actor
from comity.exchange.models import Partner

_STATES = sorted({state.value for state in (*State, *DeskState)})


class LetterQuerySet(models.QuerySet["LetterOfRequest"]):
    def visible_to(self, actor: Actor) -> LetterQuerySet:
        """The central authority sees every letter of its house, others those of their teams."""
        if not actor.may(Act.SEE_LETTERS):
            return self.none()
        if actor.may(Act.REGISTER_LETTER):
            return self
        return self.filter(
            Q(uid__in=team_records(actor, "letter")) | Q(case__uid__in=team_records(actor, "case"))
        )

    def outgoing(self) -> LetterQuerySet:
        """Letters in which we ask."""
        return self.filter(direction=Direction.OUTGOING)

    def incoming(self) -> LetterQuerySet:
        """Letters in which we are asked."""
        return self.filter(direction=Direction.INCOMING)

    def ending_by(self, limit: datetime) -> LetterQuerySet:
        """Letters with a statutory clock that ends by a moment (as `running_clocks`)."""
        ending = Q(pk__in=())
        for rule in CLOCKS:
            ending |= _ends_by(rule, limit)
        return self.filter(ending)


def _end_of(last: date) -> datetime:
    """The moment at which a clock with this last day has ended, by this node's calendar."""
    return timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min))


def _ends_by(rule: ClockRule, limit: datetime) -> Q:
    last = timezone.localtime(limit).date()
    while _end_of(last) > limit:
        last -= timedelta(days=1)
    before = _end_of(started_by(rule, last))
    started = {
        Start.APPROVED: Q(sent_at=None, approved_at__lt=before),
        Start.SENT_ELECTRONICALLY: Q(electronic=True, posted_on=None, sent_at__lt=before),
        Start.ACCEPTED: Q(state__in=EXECUTION_RUNS, accepted_at__lt=before),
        Start.REPORTED: Q(released_at=None, reply__reported_at__lt=before),
    }[rule.start]
    whose = "requesting" if rule.direction is Direction.OUTGOING else "requested"
    ours = Q(**{"direction": rule.direction, f"{whose}__startswith": rule.state})
    return ours & started & ~Q(state__in=CLOCK_OVER[rule.start])


def conversations_seen(actor: Actor) -> models.QuerySet[LetterOfRequest, uuid.UUID]:
    """The conversations whose messages an actor may read (settings.COMITY_CONVERSATIONS)."""
    return LetterOfRequest.objects.visible_to(actor).values_list("uid", flat=True)


def names_seen(actor: Actor, kind: str) -> dict[uuid.UUID, str]:
    """What an officer calls the letters they may read (settings.COMITY_RECORD_NAMES)."""
    if kind != "letter":
        return {}
    letters = LetterOfRequest.objects.visible_to(actor)
    return {each.uid: f"{each.number} · {each.title}".rstrip(" ·") for each in letters}


class LetterOfRequest(models.Model):
    """A request for legal assistance; `uid` is the conversation that all its messages belong to.

    revision counts changes of what an outgoing letter says. body: an incoming letter as it came,
    the body of its message; it never changes.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    direction = models.CharField(max_length=8, choices=[(d, d) for d in Direction])
    state = models.CharField(max_length=20, choices=[(s, s) for s in _STATES])
    revision = models.PositiveIntegerField(default=0)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="letters")
    case = models.ForeignKey(
        Case, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    charge = models.ForeignKey(
        Charge, null=True, blank=True, on_delete=models.PROTECT, related_name="letters"
    )
    element = models.CharField(max_length=80, blank=True)
    requesting_node = models.CharField(max_length=253)
    requested_node = models.CharField(max_length=253)
    requesting = models.CharField(max_length=40)  # ids of authorities.yaml
    requested = models.CharField(max_length=40)
    requesting_address = models.JSONField(default=dict, blank=True)
    requested_address = models.JSONField(default=dict, blank=True)
    source_language = models.CharField(max_length=2)
    # The subject as written in the source language, so that lists need no join.
    title = models.CharField(max_length=200, blank=True)
    # Parts of core.law.letter_facts in their plain form (core.law.records).
    basis_facts = models.JSONField(default=dict, blank=True)
    basis = models.JSONField(default=dict, blank=True)
    proceeding = models.JSONField(default=dict, blank=True)
    offences = models.JSONField(default=list, blank=True)
    contact = models.JSONField(default=dict, blank=True)
    signatory = models.JSONField(default=dict, blank=True)
    approval = models.JSONField(default=dict, blank=True)
    protection = models.JSONField(default=list, blank=True)
    decisions = models.JSONField(default=list, blank=True)
    channel = models.CharField(max_length=20, default="central_authority")
    electronic = models.BooleanField(default=True)
    original_promised = models.BooleanField(default=False)
    deadline = models.DateField(null=True, blank=True)
    body = models.JSONField(null=True, blank=True)
    # The requesting side.
    author = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="letters_written"
    )
    reviewer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="letters_reviewed"
    )
    approver = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="letters_approved"
    )
    created_at = models.DateTimeField(default=timezone.now)
    review_asked_at = models.DateTimeField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    posted_on = models.DateField(null=True, blank=True)
    post_reference = models.CharField(max_length=80, blank=True)
    executed_at = models.DateTimeField(null=True, blank=True)
    # What the partner said of it.
    partner_reference = models.CharField(max_length=120, blank=True)
    handling = models.JSONField(default=dict, blank=True)
    expected_on = models.DateField(null=True, blank=True)
    refusal = models.JSONField(default=dict, blank=True)
    # The requested side.
    own_reference = models.CharField(max_length=120, blank=True)
    registered_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    original_received_on = models.DateField(null=True, blank=True)
    original_reference = models.CharField(max_length=80, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    # Why it was stopped, a code; and since when the partner holds what it should use no more.
    stop_reason = models.CharField(max_length=40, blank=True)
    withdrawn_late_at = models.DateTimeField(null=True, blank=True)
    partner_asked_at = models.DateTimeField(null=True, blank=True)
    # Messages of this conversation that matter here: ours when we ask, theirs when we are asked.
    letter_message = models.UUIDField(null=True, blank=True, unique=True)
    conditions_message = models.UUIDField(null=True, blank=True)
    conditions_accepted_at = models.DateTimeField(null=True, blank=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["direction", "state", "-id"])]
        constraints = [
            models.CheckConstraint(
                condition=Q(reviewer=None) | ~Q(reviewer=models.F("author")),
                name="letter_reviewer_is_another",
            ),
            models.CheckConstraint(
                condition=Q(approver=None)
                | (~Q(approver=models.F("author")) & ~Q(approver=models.F("reviewer"))),
                name="letter_approver_is_another",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("letter", args=[self.pk])

    @property
    def number(self) -> str:
        """The number that this node gave the letter."""
        return f"L-{self.pk:04d}"

    @property
    def subject(self) -> str:
        return f"letter:{self.uid}"

    @property
    def recipient(self) -> str:
        """The partner as consents and disclosures name it: `partner:<node id>`."""
        return f"partner:{self.partner.node_id}"

    @property
    def shared_reference(self) -> str:
        """The name that both sides print: requesting state and start of the conversation."""
        return f"{self.requesting[:2]}-{self.uid.hex[:8].upper()}"

    @property
    def reference(self) -> str:
        """How the house's own papers name the letter."""
        return f"{self.own_reference or self.number} / {self.shared_reference}"

    @property
    def is_outgoing(self) -> bool:
        return self.direction == Direction.OUTGOING

    @property
    def kind(self) -> str:
        """The closed set that `state` belongs to, for labels."""
        return "State" if self.is_outgoing else "DeskState"

    @property
    def outgoing_state(self) -> State:
        return State(self.state)

    @property
    def desk_state(self) -> DeskState:
        return DeskState(self.state)

    def _start_of(self, rule: ClockRule) -> datetime | None:
        if self.state in CLOCK_OVER[rule.start]:
            return None
        if rule.start is Start.APPROVED:
            return None if self.sent_at else self.approved_at
        if rule.start is Start.SENT_ELECTRONICALLY:
            return self.sent_at if self.electronic and not self.posted_on else None
        if rule.start is Start.ACCEPTED:
            return self.accepted_at if self.state in EXECUTION_RUNS else None
        reply = getattr(self, "reply", None)
        return reply.reported_at if reply is not None and not self.released_at else None

    def running_clocks(self, state: str) -> list[tuple[ClockRule, date, datetime]]:
        """The clocks that run now under the law of a state: rule, last day, and its end in UTC."""
        found = []
        for rule in CLOCKS:
            if rule.state != state or rule.direction != self.direction:
                continue
            started = self._start_of(rule)
            if started is None:
                continue
            last = due_on(rule, timezone.localtime(started).date())
            found.append((rule, last, _end_of(last)))
        return found


def words_in(words: dict[str, str], language: str = "") -> str:
    """The words in a language, the reader's if none is named, or any there are."""
    wanted = language or (get_language() or "en").split("-")[0]
    return words.get(wanted) or words.get("en") or next(iter(words.values()), "")
