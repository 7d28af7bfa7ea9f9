"""Officers, their roles, the teams that a record belongs to, and glass that was broken."""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cached_property
from typing import ClassVar, TypeVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from comity.core.access import (
    Act,
    Compartment,
    Role,
    acts_of,
    compartments_of,
)
from comity.core.errors import NotVisible
from comity.core.worklist import WorkRow


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


def officer_of(request: HttpRequest) -> Officer:
    """The officer who asks; views behind `login_required` use it where the type matters."""
    if not isinstance(request.user, Officer):
        raise NotVisible("access.not_visible", act="sign_in")
    return request.user


def work_for(actor: object) -> list[WorkRow]:
    """Emergency openings that this officer must look at: every one but their own."""
    if not isinstance(actor, Officer) or not actor.may(Act.REVIEW_BREAK_GLASS):
        return []
    waiting = BreakGlass.objects.filter(reviewed_at=None).exclude(membership__officer=actor)
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
