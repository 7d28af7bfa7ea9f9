"""Officers, their roles, the teams that a record belongs to, and glass that was broken."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from typing import ClassVar, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import IntegrityError, models, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from comity.accounts import rules
from comity.accounts.rules import ProposalKind, ProposalState
from comity.core.access import (
    Act,
    Compartment,
    Role,
    acts_of,
    compartments_of,
)
from comity.core.errors import NotVisible, Refused, Untrusted
from comity.core.worklist import WorkRow

UID_LENGTH = 36


class OfficerManager(BaseUserManager["Officer"]):
    """Finds officers by their sign-in address; makes none (see actions)."""

    def get_by_natural_key(self, username: str | None) -> Officer:
        return self.get(email__iexact=username)


class Officer(AbstractBaseUser):
    """A person who works here. Fits `core.access.Actor`."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    name_latin = models.CharField(max_length=120, blank=True)
    title = models.CharField(max_length=120, blank=True)
    office = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=2, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    # Somebody else chose the password; nothing opens before the officer has chosen their own.
    must_change_password = models.BooleanField(default=False)
    # Part of every session's mark: one more, and all sessions of before have ended.
    sign_in_generation = models.PositiveIntegerField(default=0)

    # How they signed in for what they do now, and a digest of that session; set per request.
    signed_in_by = ""
    session_digest = ""

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects = OfficerManager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def actor_id(self) -> str:
        return f"officer:{self.uid}"

    subject = actor_id

    @cached_property
    def roles(self) -> frozenset[Role]:
        """The roles held now, read once per request."""
        return frozenset(Role(row.role) for row in self.held_roles.all())

    @cached_property
    def acts(self) -> frozenset[Act]:
        return acts_of(self.roles) if self.is_active else frozenset()

    @cached_property
    def compartments(self) -> frozenset[Compartment]:
        return compartments_of(self.roles) if self.is_active else frozenset()

    def may(self, act: Act | str) -> bool:
        return act in self.acts

    def reads(self, compartment: Compartment | str) -> bool:
        return compartment in self.compartments

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """The mark of a session: ends it when the password or the generation has changed."""
        stated = f"{self.password}/{self.sign_in_generation}"
        salt = "comity.accounts.models.Officer.session"
        return salted_hmac(salt, stated, secret=secret, algorithm="sha256").hexdigest()

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class OfficerRole(models.Model):
    """A role that an officer holds."""

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="held_roles")
    role = models.CharField(max_length=40, choices=[(role.value, role.value) for role in Role])
    granted_by = models.CharField(max_length=80)
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["officer", "role"], name="role_held_once")]

    def __str__(self) -> str:
        return f"{self.role}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def live(self, now: datetime) -> MembershipQuerySet:
        """Memberships that hold now."""
        return self.filter(models.Q(until__isnull=True) | models.Q(until__gt=now), ended_at=None)


class Membership(models.Model):
    """An officer belongs to the team of one record. `visible_to` of every app rests on it."""

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="memberships")
    kind = models.CharField(max_length=20)
    record = models.UUIDField()
    granted_by = models.CharField(max_length=80)
    granted_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["officer", "kind", "record"]),
            models.Index(fields=["kind", "record"]),
        ]

    def __str__(self) -> str:
        return f"{self.kind} team"


class BreakGlass(models.Model):
    """Access taken in an emergency: why, for how long, and who looked at it afterwards."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    membership = models.OneToOneField(Membership, on_delete=models.PROTECT, related_name="glass")
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)
    reviewed_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="reviewed_glass"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(max_length=20, blank=True)  # "justified" or "not_justified"

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"break-glass {self.pk}"

    @property
    def subject(self) -> str:
        return f"glass:{self.uid}"


class Proposal(models.Model):
    """What one administrator proposes about an officer; another officer confirms or rejects it.

    officer: whom it is about, empty until a new one is confirmed. facts: what was proposed, as
    codes and the new officer's card. code_digest: of the code that the proposer was shown once.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20, choices=[(kind, kind) for kind in ProposalKind])
    state = models.CharField(
        max_length=20,
        default=ProposalState.WAITING,
        choices=[(state, state) for state in ProposalState],
    )
    officer = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="proposals"
    )
    email = models.EmailField(blank=True)
    facts = models.JSONField(default=dict)
    code_digest = models.CharField(max_length=64, blank=True)
    proposed_by = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="proposed")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-proposed_at"]
        constraints = [
            models.CheckConstraint(
                name="confirmed_by_a_second_person",
                condition=~models.Q(state="confirmed")
                | (
                    models.Q(decided_by__isnull=False)
                    & ~models.Q(decided_by=models.F("proposed_by"))
                    & ~models.Q(decided_by=models.F("officer"))
                ),
            ),
            models.UniqueConstraint(
                name="proposed_once",
                fields=["officer", "kind"],
                condition=models.Q(state="waiting", officer__isnull=False),
            ),
            models.UniqueConstraint(
                name="new_officer_proposed_once",
                fields=["email"],
                condition=models.Q(state="waiting", kind="new_officer"),
            ),
        ]

    def __str__(self) -> str:
        return f"proposal {self.pk}"

    @property
    def subject(self) -> str:
        return f"proposal:{self.uid}"

    @property
    def roles(self) -> frozenset[Role]:
        """The roles that the officer would hold."""
        return frozenset(Role(role) for role in self.facts.get("roles", []))

    @property
    def name(self) -> str:
        """Whom it is about."""
        return self.officer.name if self.officer else str(self.facts.get("name", ""))


class Invitation(models.Model):
    """A way in for an officer: two codes, each known to another person, good once and not long."""

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="invitations")
    first_digest = models.CharField(max_length=64)
    second_digest = models.CharField(max_length=64)
    made_by = models.CharField(max_length=80)
    made_at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_open_invitation",
                fields=["officer"],
                condition=models.Q(used_at=None, ended_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"


def administrators() -> list[int]:
    """The keys of every administrator who may sign in."""
    held = OfficerRole.objects.filter(role=Role.ADMINISTRATOR, officer__is_active=True)
    return list(held.values_list("officer", flat=True))


def may_decide(officer: Officer, proposal: Proposal) -> bool:
    """Say whether this officer may confirm or reject the proposal (accounts/rules.py)."""
    return officer.may(Act.CONFIRM_OFFICERS) and rules.may_confirm(
        confirmer=officer.pk,
        roles=officer.roles,
        proposer=proposal.proposed_by_id,
        subject=proposal.officer_id,
        administrators=administrators(),
    )


def waiting_proposals() -> models.QuerySet[Proposal]:
    """Proposals that nobody has decided, whose proposer still works here."""
    waiting = Proposal.objects.filter(state=ProposalState.WAITING, proposed_by__is_active=True)
    return waiting.select_related("officer", "proposed_by")


def team_records(actor: object, kind: str) -> models.QuerySet[Membership, uuid.UUID]:
    """The uids of the records of a kind whose team the actor belongs to; empty for anyone else.

    Use as a subquery: `Case.objects.filter(uid__in=team_records(officer, "case"))`.
    """
    live = Membership.objects.live(timezone.now())
    if not (isinstance(actor, Officer) and actor.is_active):
        live = live.none()
    else:
        live = live.filter(officer=actor, kind=kind)
    return live.values_list("record", flat=True)


ModelT = TypeVar("ModelT", bound=models.Model)


def fetch(rows: models.QuerySet[ModelT], **lookup: object) -> ModelT:
    """Return the one row of a permitted queryset (`visible_to(actor)`), or raise NotVisible.

    Missing and hidden rows look the same to the officer; the middleware records the attempt.
    """
    row = rows.filter(**lookup).first()
    if row is None:
        raise NotVisible("access.not_visible", act=f"see_{rows.model._meta.model_name}")
    return row


def insert_once(row: models.Model, *, twice: str) -> None:
    """Insert a row whose `uid` is that of the form it came from.

    Raises Refused(twice) if a row under that uid exists, even if it came at the very same time.
    """
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as clash:
        if not type(row)._base_manager.filter(uid=getattr(row, "uid", None)).exists():
            raise
        raise Refused(twice) from clash


def made_once(rows: models.QuerySet[ModelT], make: Callable[[], ModelT]) -> tuple[ModelT, bool]:
    """Return the one row of a form's uid, and whether it was made now.

    rows: those under the uid that the officer may see. make: the verb; where it finds that another
    sending of the form came first, at the same moment, that one's row is the answer.
    Raises what `make` raises.
    """
    if (made := rows.first()) is not None:
        return made, False
    try:
        return make(), True
    except (Refused, Untrusted):
        if (sent_meanwhile := rows.first()) is None:
            raise
        return sent_meanwhile, False


def actor_names(actors: Iterable[str]) -> dict[str, str]:
    """The names of the officers among those who act, by how the ledger names them."""
    uids = [who.removeprefix("officer:") for who in actors if who.startswith("officer:")]
    known = Officer.objects.filter(uid__in=[uid for uid in uids if len(uid) == UID_LENGTH])
    return {officer.actor_id: officer.name for officer in known}


def officer_of(request: HttpRequest) -> Officer:
    """The officer who asks; views behind `login_required` use it where the type matters."""
    if not isinstance(request.user, Officer):
        raise NotVisible("access.not_visible", act="sign_in")
    return request.user


def work_for(actor: object) -> list[WorkRow]:
    """What waits for this officer: emergency openings to look at, proposals of others to decide."""
    if not isinstance(actor, Officer):
        return []
    return [*_glass_for(actor), *_proposals_for(actor)]


def _glass_for(officer: Officer) -> list[WorkRow]:
    if not officer.may(Act.REVIEW_BREAK_GLASS):
        return []
    waiting = BreakGlass.objects.filter(reviewed_at=None).exclude(membership__officer=officer)
    return [
        WorkRow(
            title=gettext("Emergency access %(number)s") % {"number": glass.pk},
            detail=gettext("Somebody opened a record outside their team. Look at the reason."),
            url=reverse("break_glass_review", args=[glass.pk]),
            verb=gettext("Review"),
            icon="shield-alert",
        )
        for glass in waiting
    ]


def _proposals_for(officer: Officer) -> list[WorkRow]:
    if not officer.may(Act.CONFIRM_OFFICERS):
        return []
    return [
        WorkRow(
            title=gettext("Change of officers %(number)s") % {"number": proposal.pk},
            detail=gettext("An administrator proposed it. It takes effect when you confirm it."),
            url=reverse("officer_proposal", args=[proposal.pk]),
            verb=gettext("Look at it"),
            icon="users",
        )
        for proposal in waiting_proposals()
        if may_decide(officer, proposal)
    ]
