"""Cases, incidents, what is tied to them, charges and what proves their elements."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from comity.accounts.models import Officer, team_records
from comity.cases.rules import Certainty, ChargeState, ElementState, PersonRole
from comity.core.access import Act, Actor, Compartment
from comity.core.law import offences
from comity.core.worklist import WorkRow
from comity.evidence.models import Item


def _codes(kind: type[StrEnum]) -> list[tuple[str, str]]:
    return [(code.value, code.value) for code in kind]


def _reads_investigation(actor: Actor) -> bool:
    return isinstance(actor, Officer) and actor.reads(Compartment.INVESTIGATION)


class CaseQuerySet(models.QuerySet["Case"]):
    def visible_to(self, actor: Actor) -> CaseQuerySet:
        """Cases whose team the officer belongs to."""
        if not (_reads_investigation(actor) and actor.may(Act.SEE_CASES)):
            return self.none()
        return self.filter(uid__in=team_records(actor, "case"))

    def listed(self) -> CaseQuerySet:
        """With `incident_count` and `exhibit_count`, for lists."""
        return self.annotate(
            incident_count=_count_of(Incident.objects.filter(case=OuterRef("pk")), "case"),
            exhibit_count=_count_of(Exhibit.objects.filter(case=OuterRef("pk")), "case"),
        )


def _count_of(rows: models.QuerySet[Any], of: str) -> Coalesce:
    counted = rows.order_by().values(of).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


def names_seen(actor: Actor, kind: str) -> dict[uuid.UUID, str]:
    """What an officer calls the cases of their teams (settings.COMITY_RECORD_NAMES)."""
    if kind != "case":
        return {}
    cases = Case.objects.visible_to(actor)
    return {case.uid: f"{case.number} · {case.title}" for case in cases}


def case_numbered(actor: Actor, number: str) -> uuid.UUID | None:
    """The case of an officer's teams with this number (settings.COMITY_PROCEEDINGS)."""
    case = Case.objects.visible_to(actor).filter(number=number.strip()).first()
    return case.uid if case else None


class Case(models.Model):
    """One criminal proceeding."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=40, unique=True)
    title = models.CharField(max_length=200)
    stage = models.CharField(max_length=20, default="pretrial")
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.ForeignKey(Officer, on_delete=models.PROTECT)

    objects = CaseQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        return f"case:{self.uid}"


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, actor: Actor) -> IncidentQuerySet:
        """Incidents of the cases that the officer sees."""
        return self.filter(case__in=Case.objects.visible_to(actor))


class Incident(models.Model):
    """What happened, when and where, as far as it is known."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="incidents")
    title = models.CharField(max_length=200)
    account = models.TextField()
    occurred_from = models.DateTimeField()
    occurred_to = models.DateTimeField(null=True, blank=True)
    date_note = models.CharField(max_length=120, blank=True)
    place = models.CharField(max_length=200)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    radius_m = models.PositiveIntegerField(null=True, blank=True)
    recorded_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    recorded_at = models.DateTimeField(default=timezone.now)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(occurred_to=None) | Q(occurred_to__gte=models.F("occurred_from")),
                name="incident_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="incident_place_on_earth",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        return f"I-{self.pk:04d}"

    @property
    def subject(self) -> str:
        return f"incident:{self.uid}"


class IncidentItem(models.Model):
    """An item of evidence speaks about an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="item_links")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="incident_links")
    note = models.CharField(max_length=300, blank=True)
    added_by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "item"], name="item_once_in_incident")
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.item_id}"


class IncidentPerson(models.Model):
    """A person stands to an incident in a role: a code such as P-0041, never a name."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="people")
    code = models.CharField(max_length=40)
    role = models.CharField(max_length=20, choices=_codes(PersonRole))
    certainty = models.CharField(max_length=20, choices=_codes(Certainty))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "code", "role"], name="person_once_in_role")
        ]

    def __str__(self) -> str:
        return self.code


class Exhibit(models.Model):
    """An item as it is used in a case, under the case's own number."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="exhibits")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="exhibits")
    number = models.PositiveIntegerField()
    filed_at = models.DateTimeField(default=timezone.now)
    filed_by = models.CharField(max_length=80)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "item"], name="item_once_in_case"),
            models.UniqueConstraint(fields=["case", "number"], name="exhibit_number_once"),
        ]

    def __str__(self) -> str:
        return f"exhibit {self.number}"


class ChargeQuerySet(models.QuerySet["Charge"]):
    def visible_to(self, actor: Actor) -> ChargeQuerySet:
        """Charges of the incidents that the officer sees."""
        return self.filter(incident__in=Incident.objects.visible_to(actor))


class Charge(models.Model):
    """A national offence that an incident may be; a proposal until another officer confirms it.

    offence: id of a Ukrainian or Japanese offence in the law data. provision: the Rome Statute
    provision whose elements guide a blanket norm, or empty.
    """

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="charges")
    offence = models.CharField(max_length=80)
    provision = models.CharField(max_length=80, blank=True)
    mode = models.CharField(max_length=80, blank=True)
    data_version = models.CharField(max_length=64)
    state = models.CharField(
        max_length=20, choices=_codes(ChargeState), default=ChargeState.PROPOSED
    )
    reason = models.TextField(blank=True)
    proposed_by = models.ForeignKey(
        Officer, on_delete=models.PROTECT, related_name="proposed_charges"
    )
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        Officer, null=True, blank=True, on_delete=models.PROTECT, related_name="decided_charges"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ChargeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=ChargeState.PROPOSED) | ~Q(decided_by=F("proposed_by")),
                name="charge_decided_by_another",
            ),
            models.UniqueConstraint(
                fields=["incident", "offence", "provision", "mode"], name="charge_once_in_incident"
            ),
        ]

    def __str__(self) -> str:
        return self.offence

    @property
    def subject(self) -> str:
        return f"charge:{self.uid}"

    def matrix(self) -> tuple[offences.MatrixRow, ...]:
        """The rows of the elements matrix, national elements first.

        Raises Refused("offences.…") when today's law data no longer hold the charge's ids.
        """
        return offences.elements_matrix(self.offence, self.provision or None)

    def newest_findings(self) -> dict[str, ElementAssessment]:
        """The finding that holds now for each element that has one."""
        return {row.element: row for row in self.assessments.all()}

    def gaps(self) -> list[str]:
        """The ids of the elements that no item supports yet, in the matrix's order."""
        found = self.newest_findings()
        return [
            row.element.id
            for row in self.matrix()
            if not row.question
            and (
                row.element.id not in found or found[row.element.id].state != ElementState.SUPPORTED
            )
        ]


class ElementAssessment(models.Model):
    """What the items say about one element of a charge; a new finding is a new row."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="assessments")
    element = models.CharField(max_length=80)
    state = models.CharField(max_length=20, choices=_codes(ElementState))
    items = models.ManyToManyField(Item, blank=True)
    note = models.TextField(blank=True)
    by = models.ForeignKey(Officer, on_delete=models.PROTECT)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.element}: {self.state}"


def work_for(actor: Actor) -> list[WorkRow]:
    """Qualifications that wait for a second officer: this one, if they did not propose it."""
    if not (isinstance(actor, Officer) and actor.may(Act.QUALIFY_INCIDENT)):
        return []
    waiting = (
        Charge.objects.visible_to(actor)
        .filter(state=ChargeState.PROPOSED)
        .exclude(proposed_by=actor)
        .select_related("incident")
    )
    return [
        WorkRow(
            title=gettext("Qualification of %(number)s") % {"number": charge.incident.number},
            detail=gettext(
                "Proposed by another officer; the two-person rule asks for your decision."
            ),
            url=reverse("incident", args=[charge.incident_id]) + "#charges",
            verb=gettext("Decide"),
            icon="scale",
        )
        for charge in waiting
    ]
