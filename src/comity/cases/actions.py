"""The verbs on cases: open, record, tie, qualify, assess, file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, insert_once
from comity.cases.models import (
    Case,
    Charge,
    ElementAssessment,
    Exhibit,
    Incident,
    IncidentItem,
    IncidentPerson,
)
from comity.cases.rules import (
    Certainty,
    ChargeState,
    ElementState,
    PersonRole,
    bounded,
    person_code,
    plain_text,
    require_move,
)
from comity.core.access import Act, Actor, require
from comity.core.days import is_too_early
from comity.core.errors import Incomplete, Refused, WrongState
from comity.core.law import loader, offences
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.ledger import actions as ledger


@dataclass(frozen=True)
class PersonReference:
    """A person by code, the role in the incident and how sure that is."""

    code: str
    role: PersonRole
    certainty: Certainty = Certainty.CLAIMED


@transaction.atomic
def open_case(
    actor: Officer,
    *,
    number: str,
    title: str,
    stage: str = "pretrial",
    members: Iterable[Officer] = (),
    once: uuid.UUID | None = None,
) -> Case:
    """Open a case with its team.

    once: of the form that was sent; a second case under it is refused.
    Raises Refused("cases.number_taken" | "cases.too_long" | "cases.sent_twice"), Incomplete
    without a number or title.
    """
    require(actor, Act.OPEN_CASE)
    wanted, titled = bounded("number", number), bounded("title", title)
    if not wanted or not titled:
        raise Incomplete("cases.case_without_name", missing=["number", "title"])
    try:
        with transaction.atomic():
            case = Case(uid=once or uuid.uuid4(), number=wanted, title=titled, stage=stage)
            case.opened_by = actor
            insert_once(case, twice="cases.sent_twice")
    except IntegrityError as taken:
        raise Refused("cases.number_taken") from taken
    ledger.append(actor, "cases.case_opened", case.subject, stage=stage)
    accounts.found_team(actor, kind="case", record=case.uid, members=members)
    return case


@transaction.atomic
def record_incident(
    actor: Officer,
    case: Case,
    *,
    title: str,
    account: str,
    occurred_from: datetime,
    occurred_to: datetime | None = None,
    date_note: str = "",
    place: str,
    latitude: float | None = None,
    longitude: float | None = None,
    radius_m: int | None = None,
    items: Sequence[Item] = (),
    people: Sequence[PersonReference] = (),
    once: uuid.UUID | None = None,
) -> Incident:
    """Record what happened in a case the officer sees. Times are aware; coordinates WGS 84 degrees.

    once: of the form that was sent; a second incident under it is refused.
    Raises Refused("cases.too_early" | "cases.ends_before_it_starts" | "cases.not_yet" |
    "cases.place_in_part" | "cases.too_long" | "cases.sent_twice" | "evidence.use_…"), Incomplete
    for empty words.
    """
    require(actor, Act.RECORD_INCIDENT)
    case = fetch(Case.objects.visible_to(actor), pk=case.pk)
    if is_too_early(occurred_from):
        raise Refused("cases.too_early")
    if occurred_to is not None and occurred_to < occurred_from:
        raise Refused("cases.ends_before_it_starts")
    if occurred_from > timezone.now():
        raise Refused("cases.not_yet")
    if (latitude is None) != (longitude is None):
        raise Refused("cases.place_in_part")
    incident = _keep_incident(
        Incident(
            uid=once or uuid.uuid4(),
            case=case,
            title=bounded("title", title),
            account=plain_text(account),
            occurred_from=occurred_from,
            occurred_to=occurred_to,
            date_note=bounded("date_note", date_note),
            place=bounded("place", place),
            latitude=latitude,
            longitude=longitude,
            radius_m=radius_m,
            recorded_by=actor,
        )
    )
    ledger.append(actor, "cases.incident_recorded", incident.subject, case=str(case.uid))
    for item in items:
        add_item_to_incident(actor, incident, item)
    for person in people:
        refer_to_person(actor, incident, person)
    return incident


def _keep_incident(incident: Incident) -> Incident:
    missing = [name for name in ("title", "account", "place") if not getattr(incident, name)]
    if missing:
        raise Incomplete("cases.nothing_written", missing=missing)
    insert_once(incident, twice="cases.sent_twice")
    return incident


@transaction.atomic
def refer_to_person(actor: Officer, incident: Incident, person: PersonReference) -> IncidentPerson:
    """Say how a person stands to an incident, by code; a second time, how sure that is now.

    Raises Refused("cases.not_a_code") for anything that could be a name.
    """
    require(actor, Act.RECORD_INCIDENT)
    incident = fetch(Incident.objects.visible_to(actor), pk=incident.pk)
    reference, _new = IncidentPerson.objects.update_or_create(
        incident=incident,
        code=person_code(person.code),
        role=person.role,
        defaults={"certainty": person.certainty},
    )
    ledger.append(
        actor,
        "cases.person_referred",
        incident.subject,
        role=person.role,
        certainty=person.certainty,
    )
    return reference


@transaction.atomic
def add_item_to_incident(
    actor: Officer, incident: Incident, item: Item, *, note: str = ""
) -> IncidentItem:
    """Say that an item speaks about an incident; the officer sees both. Twice changes nothing.

    Raises Refused("evidence.use_…") if a condition of the item does not let this case use it.
    """
    require(actor, Act.RECORD_INCIDENT)
    incident = fetch(Incident.objects.visible_to(actor).select_related("case"), pk=incident.pk)
    item = fetch(Item.objects.visible_to(actor), pk=item.pk)
    evidence.require_use_in_case(item, incident.case.uid)
    link, new = IncidentItem.objects.get_or_create(
        incident=incident, item=item, defaults={"note": bounded("note", note), "added_by": actor}
    )
    if new:
        ledger.append(actor, "cases.item_tied", incident.subject, item=str(item.uid))
    return link


@transaction.atomic
def add_items_to_incident(
    actor: Officer, incident: Incident, *, items: Iterable[Item], note: str = ""
) -> None:
    """Say of several items that they speak about an incident: of all of them, or of none."""
    for item in items:
        add_item_to_incident(actor, incident, item, note=note)


@transaction.atomic
def file_exhibit(actor: Actor, case: Case, item: Item) -> Exhibit:
    """Give an item the next exhibit number of a case; an item already filed keeps its number.

    An officer must see both. The node itself files what a partner's reply brought.
    Raises Refused("evidence.use_…") if a condition of the item does not let this case use it.
    """
    require(actor, Act.ADD_ITEM)
    if isinstance(actor, Officer):
        fetch(Case.objects.visible_to(actor), pk=case.pk)
        fetch(Item.objects.visible_to(actor), pk=item.pk)
    case = Case.objects.select_for_update().get(pk=case.pk)
    held = Exhibit.objects.filter(case=case, item=item).first()
    if held is not None:
        return held
    evidence.require_use_in_case(item, case.uid)
    last = case.exhibits.aggregate(last=models.Max("number"))["last"] or 0
    exhibit = Exhibit.objects.create(case=case, item=item, number=last + 1, filed_by=actor.actor_id)
    ledger.append(
        actor, "cases.exhibit_filed", case.subject, item=str(item.uid), number=exhibit.number
    )
    return exhibit


@transaction.atomic
def propose_charge(
    actor: Officer,
    incident: Incident,
    *,
    offence: str,
    provision: str = "",
    mode: str = "",
    reason: str = "",
) -> Charge:
    """Propose that an incident is an offence; another officer decides.

    offence, provision, mode: ids of the law data; provision guides a blanket norm.
    Raises Refused("offences.…" for ids the data lack or do not connect, "cases.charge_exists").
    """
    require(actor, Act.QUALIFY_INCIDENT)
    incident = fetch(Incident.objects.visible_to(actor), pk=incident.pk)
    offences.elements_matrix(offence, provision or None)
    if mode and mode not in {entry["id"] for entry in loader.load("crimes")["modes_of_liability"]}:
        raise Refused("cases.unknown_mode")
    try:
        with transaction.atomic():
            charge = Charge.objects.create(
                incident=incident,
                offence=offence,
                provision=provision,
                mode=mode,
                reason=plain_text(reason),
                data_version=loader.data_version(),
                proposed_by=actor,
            )
    except IntegrityError as exists:
        raise Refused("cases.charge_exists") from exists
    ledger.append(
        actor,
        "cases.charge_proposed",
        charge.subject,
        incident=str(incident.uid),
        offence=offence,
        provision=provision,
        data_version=charge.data_version,
    )
    return charge


@transaction.atomic
def decide_charge(actor: Officer, charge: Charge, *, confirmed: bool) -> None:
    """Confirm or reject a proposed qualification. Never by the officer who proposed it.

    What its newest findings rest on must still be free for use in the case when it is confirmed.
    Raises WrongState, Refused("cases.own_proposal" | "evidence.use_…").
    """
    require(actor, Act.QUALIFY_INCIDENT)
    fetch(Charge.objects.visible_to(actor), pk=charge.pk)
    charge = Charge.objects.select_for_update().get(pk=charge.pk)
    wanted = ChargeState.CONFIRMED if confirmed else ChargeState.REJECTED
    require_move(ChargeState(charge.state), wanted)
    if charge.proposed_by_id == actor.pk:
        raise Refused("cases.own_proposal")
    if confirmed:
        _require_use(charge, _rests_on(charge))
    charge.state = wanted
    charge.decided_by = actor
    charge.decided_at = timezone.now()
    charge.save(update_fields=["state", "decided_by", "decided_at"])
    ledger.append(actor, f"cases.charge_{wanted.value}", charge.subject)


def _rests_on(charge: Charge) -> list[Item]:
    newest = [row.pk for row in charge.newest_findings().values()]
    return list(Item.objects.filter(elementassessment__in=newest).distinct().order_by("pk"))


def _require_use(charge: Charge, items: Iterable[Item]) -> None:
    for item in items:
        evidence.require_use_in_case(item, charge.incident.case.uid)


@transaction.atomic
def assess_element(
    actor: Officer,
    charge: Charge,
    *,
    element: str,
    state: ElementState,
    items: Sequence[Item] = (),
    note: str = "",
) -> ElementAssessment:
    """Record what the items say about an element; earlier findings stay.

    Raises Refused("cases.unknown_element" | "cases.item_not_tied" | "evidence.use_…"), Incomplete
    when a finding names no item, WrongState when the charge was rejected.
    """
    require(actor, Act.ASSESS_ELEMENT)
    rows = Charge.objects.visible_to(actor).select_related("incident__case")
    charge = fetch(rows, pk=charge.pk)
    if charge.state == ChargeState.REJECTED:
        raise WrongState("cases.charge_rejected")
    if element not in {row.element.id for row in charge.matrix()}:
        raise Refused("cases.unknown_element")
    if state is not ElementState.NOT_COVERED and not items:
        raise Incomplete("cases.finding_without_item", missing=["items"])
    tied = charge.incident.item_links.filter(item__in=Item.objects.visible_to(actor))
    if not {item.pk for item in items} <= set(tied.values_list("item", flat=True)):
        raise Refused("cases.item_not_tied")
    if state is not ElementState.NOT_COVERED:
        _require_use(charge, items)
    assessment = ElementAssessment.objects.create(
        charge=charge, element=element, state=state, note=plain_text(note), by=actor
    )
    assessment.items.set(items)
    ledger.append(
        actor,
        "cases.element_assessed",
        charge.subject,
        element=element,
        state=state,
        items=[str(item.uid) for item in items],
    )
    return assessment


def matrix(charge: Charge) -> tuple[offences.MatrixRow, ...]:
    """The rows of a charge's elements matrix, national elements first."""
    return charge.matrix()


def gaps(charge: Charge) -> list[str]:
    """The ids of the elements that no item supports yet, in the matrix's order."""
    return charge.gaps()
