"""The verbs of writing a letter: start it, find its basis, describe what it is about."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, replace
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, insert_once
from comity.assistance.actions.course import SENT_TWICE, draft_of, lawyers_draft, note, touch
from comity.assistance.models import LetterOfRequest, Measure, Paragraph
from comity.assistance.rules import Direction, Event, State, TextKind
from comity.cases.models import Case, Charge
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, Refused
from comity.core.law import letter_facts as law
from comity.core.law.bases import BasisFacts, BasisFinding, Finding, rank_bases
from comity.core.law.drafting import legal_basis
from comity.core.law.letters import requirement_fields
from comity.core.law.loader import LANGUAGES, data_version
from comity.core.law.offences import NationalOffence, offence
from comity.core.law.records import from_plain, to_plain
from comity.exchange.models import Partner
from comity.ledger import actions as ledger

_SOURCE_OF = {"UA": "uk", "JP": "ja"}


@transaction.atomic
def draft_letter(
    actor: Officer,
    *,
    partner: Partner,
    requesting: str,
    requested: str,
    subject: str,
    measure_type: str,
    case: Case | None = None,
    charge: Charge | None = None,
    element: str = "",
    members: Iterable[Officer] = (),
    once: uuid.UUID | None = None,
) -> LetterOfRequest:
    """Start a letter with its team, prefilled from the case or the charge it serves.

    requesting, requested: ids of authorities.yaml. subject: in the source language, which is that
    of our state. element: the element of the charge that the evidence would fill.
    once: of the form that was sent; a second letter under it is refused.
    Raises NotAllowed, Incomplete, Refused("letter.unknown_authority" | "letter.other_state" |
    "letter.unknown_type" | "letter.partner_not_active" | "letter.sent_twice").
    """
    require(actor, Act.DRAFT_LETTER)
    if not subject.strip():
        raise Incomplete("letter.incomplete", missing=["subject"])
    if not Partner.objects.active().filter(pk=partner.pk).exists():
        raise Refused("letter.partner_not_active")
    _require_states(requesting, requested, partner)
    requirement_fields(measure_type)
    case = case or (charge.incident.case if charge else None)
    language = _SOURCE_OF.get(settings.COMITY_STATE, "en")
    letter = LetterOfRequest(
        uid=once or uuid.uuid4(),
        direction=Direction.OUTGOING,
        state=State.DRAFT,
        partner=partner,
        case=case,
        charge=charge,
        element=element,
        requesting_node=settings.COMITY_NODE_ID,
        requested_node=partner.node_id,
        requesting=requesting,
        requested=requested,
        source_language=language,
        title=subject.strip()[:200],
        proceeding=_proceeding_plain(case),
        offences=[_offence_plain(charge)] if charge else [],
        original_promised="UA" in (settings.COMITY_STATE, partner.state),
        author=actor,
    )
    insert_once(letter, twice=SENT_TWICE)
    _prefill(letter, subject, measure_type)
    note(actor, letter, Event.DRAFTED)
    ledger.append(
        actor, "assistance.letter_drafted", letter.subject, measure=measure_type, element=element
    )
    accounts.found_team(actor, kind="letter", record=letter.uid, members=members)
    return letter


def _prefill(letter: LetterOfRequest, subject: str, measure_type: str) -> None:
    """Give a new draft its subject, the account of its charge as first fact, and its measure."""
    written = {"letter": letter, "language": letter.source_language}
    Paragraph.objects.create(kind=TextKind.SUBJECT, text=subject.strip(), **written)
    if letter.charge is not None:
        account = letter.charge.incident.account
        Paragraph.objects.create(kind=TextKind.FACT, text=account, **written)
    Measure.objects.create(letter=letter, position=0, type=measure_type)


def _require_states(requesting: str, requested: str, partner: Partner) -> None:
    ours, theirs = law.authority(requesting), law.authority(requested)
    if ours.state != settings.COMITY_STATE or theirs.state != partner.state:
        raise Refused("letter.other_state")


def _proceeding_plain(case: Case | None) -> dict[str, object]:
    if case is None:
        return {}
    stage = case.stage if case.stage in set(law.Stage) else law.Stage.PRETRIAL
    return {"number": case.number, "stage": str(stage), "conducted_by": {}}


def _offence_plain(charge: Charge) -> dict[str, object]:
    """The charge's offence as far as the data have words; the officer completes the others."""
    found: NationalOffence = offence(charge.offence)
    sure = found.fact.signable
    provision = law.Provision(
        words={"en": ", ".join(filter(None, (f"Article {found.article}", found.law)))},
        certainty=found.fact.certainty,
        basis=found.fact.basis if sure else "recalled",
    )
    made = law.Offence(found.id, provision, dict(found.titles), {"en": found.penalty})
    plain: dict[str, object] = to_plain(made)
    return plain


@transaction.atomic
def state_basis_facts(actor: Actor, letter: LetterOfRequest, facts: BasisFacts) -> None:
    """Say what is known of the case for the basis finder; None stays open.

    Raises NotAllowed, WrongState.
    """
    letter = lawyers_draft(actor, letter)
    letter.basis_facts = {name: value for name, value in asdict(facts).items() if value is not None}
    revision = touch(letter, "basis_facts")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="basis_facts", revision=revision
    )


def basis_facts_of(letter: LetterOfRequest) -> BasisFacts:
    """What has been said of the case for the basis finder."""
    known = {field.name for field in fields(BasisFacts)}
    return BasisFacts(
        **{name: value for name, value in letter.basis_facts.items() if name in known}
    )


def bases_for(letter: LetterOfRequest) -> list[BasisFinding]:
    """Judge every instrument for the letter's first measure, the first to try first.

    Raises Refused("bases.…") when the data know no order for this pair or type.
    """
    first = letter.measures.order_by("position").first()
    if first is None:
        raise Refused("bases.no_order", type="")
    return rank_bases(
        requesting=law.authority(letter.requesting).state,
        requested=law.authority(letter.requested).state,
        request_type=first.type,
        facts=basis_facts_of(letter),
    )


@transaction.atomic
def choose_basis(actor: Officer, letter: LetterOfRequest, instrument_id: str) -> None:
    """Rest the letter on an instrument, with those that the finder cites beside it.

    Provisions that are only recalled keep the letter closed until a lawyer confirms them.
    Raises NotAllowed, WrongState, Refused("letter.not_a_basis" | "bases.…").
    """
    letter = lawyers_draft(actor, letter)
    findings = {one.instrument_id: one for one in bases_for(letter)}
    chosen = findings.get(instrument_id)
    if chosen is None or chosen.finding is Finding.NOT_A_BASIS:
        raise Refused("letter.not_a_basis", instrument=instrument_id)
    together = [findings[name] for name in chosen.together_with if name in findings]
    basis = legal_basis([chosen, *together], chosen_by=actor.name)
    letter.basis = to_plain(basis)
    revision = touch(letter, "basis")
    note(actor, letter, Event.BASIS_CHOSEN)
    ledger.append(
        actor,
        "assistance.basis_chosen",
        letter.subject,
        instruments=list(basis.instruments),
        data_version=data_version(),
        revision=revision,
    )


@transaction.atomic
def confirm_provision(actor: Officer, letter: LetterOfRequest, *, part: str, place: int) -> None:
    """Confirm as a named lawyer that a recalled provision says what the letter cites.

    part: "basis" or "offence". place: its position from 0.
    Raises NotAllowed, WrongState, Refused("letter.no_such_part").
    """
    require(actor, Act.REVIEW_LETTER)
    letter = lawyers_draft(actor, letter)
    today = timezone.localdate()
    if part == "basis" and letter.basis:
        basis = from_plain(law.LegalBasis, letter.basis)
        provisions = _confirmed(basis.provisions, place, actor, today)
        letter.basis = to_plain(replace(basis, provisions=provisions))
    elif part == "offence" and place < len(letter.offences):
        held = from_plain(law.Offence, letter.offences[place])
        (provision,) = _confirmed((held.provision,), 0, actor, today)
        letter.offences[place] = to_plain(replace(held, provision=provision))
    else:
        raise Refused("letter.no_such_part")
    letter.revision += 1
    letter.save(update_fields=["basis", "offences", "revision"])
    note(actor, letter, Event.PROVISION_CONFIRMED)
    ledger.append(
        actor,
        "assistance.provision_confirmed",
        letter.subject,
        part=part,
        place=place,
        revision=letter.revision,
    )


def _confirmed(
    provisions: tuple[law.Provision, ...], place: int, actor: Officer, today: date
) -> tuple[law.Provision, ...]:
    if place >= len(provisions):
        raise Refused("letter.no_such_part")
    made = replace(provisions[place], confirmed_by=actor.name, confirmed_on=today)
    return (*provisions[:place], made, *provisions[place + 1 :])


@transaction.atomic
def cite_provision(
    actor: Officer,
    letter: LetterOfRequest,
    words: Mapping[str, str],
    *,
    once: uuid.UUID | None = None,
) -> None:
    """Add a provision to the basis in the lawyer's own words, by language, under the lawyer's name.

    For instruments whose provisions the data do not name.
    once: of the form that was sent.
    Raises NotAllowed, WrongState, Incomplete, Refused("letter.no_basis" | "letter.sent_twice").
    """
    require(actor, Act.REVIEW_LETTER)
    letter = lawyers_draft(actor, letter, once)
    if not letter.basis:
        raise Refused("letter.no_basis")
    if not all(words.get(language) for language in LANGUAGES):
        raise Incomplete("letter.incomplete", missing=["legal_basis"])
    basis = from_plain(law.LegalBasis, letter.basis)
    cited = law.Provision(dict(words), "medium", "recalled", actor.name, timezone.localdate())
    letter.basis = to_plain(replace(basis, provisions=(*basis.provisions, cited)))
    letter.revision += 1
    letter.save(update_fields=["basis", "revision"])
    note(actor, letter, Event.PROVISION_CONFIRMED)
    ledger.append(actor, "assistance.provision_cited", letter.subject, revision=letter.revision)


@transaction.atomic
def describe_proceeding(actor: Actor, letter: LetterOfRequest, proceeding: law.Proceeding) -> None:
    """Say which proceeding the letter serves. Raises NotAllowed, WrongState."""
    letter = draft_of(actor, letter)
    letter.proceeding = to_plain(proceeding)
    revision = touch(letter, "proceeding")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="proceeding", revision=revision
    )


@transaction.atomic
def describe_transmission(
    actor: Actor,
    letter: LetterOfRequest,
    transmission: law.Transmission,
    *,
    deadline: date | None,
    protection: Iterable[str] = (),
) -> None:
    """Say by which lawful way the letter goes, by when an answer is needed, whom it protects.

    protection: ids of protective_measures.yaml. Raises NotAllowed, WrongState,
    Refused("letter.unknown_protection").
    """
    letter = draft_of(actor, letter)
    chosen = list(protection)
    for measure_id in chosen:
        law.protection_labels(measure_id)
    letter.channel = transmission.channel
    letter.electronic = transmission.electronic
    letter.original_promised = transmission.original_promised
    letter.deadline = deadline
    letter.protection = chosen
    revision = touch(letter, "channel", "electronic", "original_promised", "deadline", "protection")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="transmission", revision=revision
    )


@transaction.atomic
def name_officials(
    actor: Actor,
    letter: LetterOfRequest,
    *,
    contact: law.Contact,
    signatory: law.Signatory,
    approval: law.Signatory | None = None,
) -> None:
    """Name who answers questions, who signs and who approves, as the letter prints them.

    Names in other scripts are entered, never made. Raises NotAllowed, WrongState.
    """
    letter = draft_of(actor, letter)
    letter.contact = to_plain(contact)
    letter.signatory = to_plain(signatory)
    letter.approval = to_plain(approval) if approval else {}
    revision = touch(letter, "contact", "signatory", "approval")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="officials", revision=revision
    )


@transaction.atomic
def add_offence(
    actor: Officer,
    letter: LetterOfRequest,
    made: law.Offence,
    *,
    place: int | None = None,
    once: uuid.UUID | None = None,
) -> None:
    """Add an offence, or replace the one at a place. Its provision is unconfirmed unless read.

    once: of the form that was sent.
    Raises NotAllowed, WrongState, Refused("letter.no_such_part" | "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    plain = to_plain(made)
    if place is None:
        letter.offences.append(plain)
    elif place < len(letter.offences):
        letter.offences[place] = plain
    else:
        raise Refused("letter.no_such_part")
    revision = touch(letter, "offences")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="offences", revision=revision
    )


@transaction.atomic
def remove_offence(actor: Actor, letter: LetterOfRequest, place: int) -> None:
    """Take an offence out of a draft. Raises NotAllowed, WrongState, Refused."""
    letter = draft_of(actor, letter)
    if place >= len(letter.offences):
        raise Refused("letter.no_such_part")
    del letter.offences[place]
    revision = touch(letter, "offences")
    ledger.append(
        actor, "assistance.letter_changed", letter.subject, part="offences", revision=revision
    )


@transaction.atomic
def decide_field(
    actor: Officer, letter: LetterOfRequest, *, field: str, measure: int | None, applies: bool
) -> None:
    """Answer as a named lawyer whether a field that the rules leave open applies here.

    measure: position of the measure from 0, None for the letter. Raises NotAllowed, WrongState.
    """
    require(actor, Act.REVIEW_LETTER)
    letter = lawyers_draft(actor, letter)
    made = law.Decision(field, applies, actor.name, timezone.localdate(), measure)
    others = [
        one for one in letter.decisions if (one["field"], one.get("measure")) != (field, measure)
    ]
    letter.decisions = [*others, to_plain(made)]
    letter.revision += 1
    letter.save(update_fields=["decisions", "revision"])
    ledger.append(
        actor,
        "assistance.field_decided",
        letter.subject,
        field=field,
        measure=-1 if measure is None else measure,
        applies=applies,
        revision=letter.revision,
    )
