"""What the invented officers of one node do, through the actions that the pages use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.cases import actions as cases
from comity.cases.models import Case, Charge
from comity.cases.rules import Certainty, ElementState, PersonRole
from comity.core.access import Act, NodeActor
from comity.core.errors import Refused
from comity.core.law import offences
from comity.core.sealing import descriptor as descriptors
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.exchange import actions as exchange
from comity.exchange.models import Partner
from comity.hub import actions as hub
from comity.hub.models import Person
from comity.hub.rules import AgeBand, Answer, Mode, Purpose, Scope
from comity.ledger import actions as ledger
from comity.node.demo import letters, made
from comity.node.demo.cast import CAST

Answered = dict[str, Any]
CASE_NUMBER = "2211/24"
OFFENCE, GUIDE = "UA-CC-438-2", "ICC-8-2-b-ix"


def by(key: str) -> Officer:
    """The invented officer with this part."""
    return Officer.objects.get(email=f"{key}@{settings.COMITY_NODE_ID}")


def add_cast() -> Answered:
    """The machine's keeper adds the officers, each with a second step."""
    terminal = NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS}))
    for part in CAST[settings.COMITY_STATE]:
        officer = accounts.add_officer(
            terminal,
            email=part.address(settings.COMITY_NODE_ID),
            name=part.name,
            name_latin=part.name_latin,
            password=part.password,
            roles=part.roles,
            title=part.title,
            language=part.language,
        )
        TOTP.activate(officer, part.totp_secret(settings.COMITY_NODE_ID))
        RecoveryCodes.activate(officer)
    return {"officers": len(CAST[settings.COMITY_STATE])}


def describe() -> Answered:
    """The node's signed card and the fingerprint that officers read to each other."""
    text = exchange.own_descriptor()
    return {"descriptor": text, "fingerprint": descriptors.fingerprint(descriptors.parse(text))}


def pair(*, descriptor: str, fingerprint: str) -> Answered:
    """One officer proposes the partner, another compares the fingerprint and confirms."""
    partner = exchange.propose_partner(by("admin"), descriptor, settings.MESSAGE_HANDLERS)
    exchange.confirm_partner(
        by("authority"), partner, fingerprint, "Read out over video by both offices, 20 November."
    )
    partner.refresh_from_db()
    return {"partner": partner.node_id, "fingerprint": partner.fingerprint}


def take_in_person() -> Answered:
    """The coordinator searches first, then opens a file and records what the person agreed to."""
    coordinator = by("hub")
    hub.search_people(coordinator, "Петренчук")
    person = hub.register_person(
        coordinator,
        identity={
            "preferred_name": "пані Галина",
            "legal_name": "Петренчук Галина Степанівна",
            "name_latin": "Halyna Petrenchuk",
            "phone": "+380 00 000 41 41",
            "safe_contact": "Вт–Пт, 14:00–17:00. Казати «бібліотека».",
        },
        age_band=AgeBand.ADULT,
        language="uk",
        searched=True,
        reason="Бачила обстріл школи",
    )
    agreed = _what_she_agreed_to()
    for recipient, purpose, scopes, mode, answer in agreed:
        hub.record_consent(
            coordinator,
            person,
            recipient=recipient,
            purpose=purpose,
            scopes=scopes,
            mode=mode,
            answer=answer,
            explained_in="uk",
            text_version="2026-11",
            how_understood="Переказала власними словами.",
        )
    return {"person": person.code, "consents": len(agreed), "said": person.code}


def _what_she_agreed_to() -> list[tuple[str, Purpose, list[Scope], Mode, Answer]]:
    partner = Partner.objects.get()
    return [
        (
            hub.PROSECUTION,
            Purpose.INVESTIGATION,
            [Scope.SUMMARY, Scope.STATEMENT, Scope.MEDIA],
            Mode.IDENTIFIED,
            Answer.AGREED,
        ),
        (
            f"partner:{partner.node_id}",
            Purpose.LEGAL_ASSISTANCE,
            [Scope.SUMMARY, Scope.MEDIA],
            Mode.NAME_WITHHELD,
            Answer.IN_PART,
        ),
    ]


def take_account(*, files: list[str], folder: str) -> Answered:
    """She tells what happened and hands over files; they go into the vault."""
    coordinator, person = by("hub"), Person.objects.get()
    found = (
        [made.described(Path(file)) for file in files] if files else made.testimony(Path(folder))
    )
    items: list[Item] = []
    account = None
    for path, about in found:
        with path.open("rb") as source:
            item = hub.take_account(
                coordinator,
                person,
                source,
                scope=Scope(about.scope),
                title=about.title,
                kind=about.kind,
                original_name=path.name,
                declared_type=about.media_type,
                account=account,
                taken_at=datetime(2026, 11, 17, 11, 30, tzinfo=UTC),
                place="Хаб, кімната 2",
            )
        account = item.account_link.account
        items.append(item)
    return {
        "items": [{"number": item.number, "sha256": item.sha256, "size": item.size} for item in items],
        "said": f"{len(items)} items",
    }  # fmt: skip


def open_case() -> Answered:
    """The prosecutor opens the case; the coordinator shares what the person agreed to share."""
    prosecutor = by("prosecutor")
    case = cases.open_case(
        prosecutor,
        number=CASE_NUMBER,
        title="Обстріл школи у Вербівці",
        members=[by("investigator"), by("second"), by("supervisor")],
    )
    person = Person.objects.get()
    items = list(Item.objects.order_by("pk"))
    for item in items:
        hub.share_account(by("hub"), person, item, case)
        cases.file_exhibit(prosecutor, case, item)
    return {"case": case.number, "shared": len(items), "said": case.number}


def record_incident() -> Answered:
    """The investigator records what happened and ties the items to it."""
    case = Case.objects.get(number=CASE_NUMBER)
    incident = cases.record_incident(
        by("investigator"),
        case,
        title="Удар по школі, селище Вербівка",
        account="17 березня 2022 року близько 16:20 внаслідок двох влучань пошкоджено школу, у підвалі "
        "якої переховувалися цивільні особи. На місці знайдено уламок із платою партії КН-4471.",
        occurred_from=datetime(2022, 3, 17, 14, 15, tzinfo=UTC),
        occurred_to=datetime(2022, 3, 17, 14, 30, tzinfo=UTC),
        date_note="близько 16:20 за київським часом",
        place="селище Вербівка, вул. Шкільна, 1",
        latitude=50.0,
        longitude=31.0,
        radius_m=500,
        items=list(Item.objects.visible_to(by("investigator"))),
        people=[
            cases.PersonReference(Person.objects.get().code, PersonRole.WITNESS, Certainty.CONFIRMED)
        ],
    )  # fmt: skip
    return {"incident": incident.number, "said": incident.number}


def qualify() -> Answered:
    """A prosecutor proposes the offence, another confirms it; the elements show the gap."""
    prosecutor = by("prosecutor")
    incident = Case.objects.get(number=CASE_NUMBER).incidents.get()
    charge = cases.propose_charge(
        prosecutor,
        incident,
        offence=OFFENCE,
        provision=GUIDE,
        reason="Будівля, призначена для освіти; загинули люди.",
    )
    cases.decide_charge(by("second"), charge, confirmed=True)
    items = list(Item.objects.visible_to(prosecutor).order_by("pk"))[:2]
    rows = [row.element for row in cases.matrix(charge) if not row.question]
    for element in rows:
        if element.kind != "mental":
            cases.assess_element(
                prosecutor,
                charge,
                element=element.id,
                state=ElementState.SUPPORTED,
                items=items,
                note="",
            )
    open_gaps = cases.gaps(charge)
    return {
        "offence": offences.offence(OFFENCE).article,
        "elements": len(rows),
        "gaps": open_gaps,
        "said": f"{len(rows)} elements, gap in {', '.join(open_gaps)}",
    }


def gap_charge() -> Charge:
    """The charge whose gap the letter is to close."""
    return Charge.objects.get()


def _picture() -> Item:
    """The first picture of the case."""
    pictures = Item.objects.visible_to(by("prosecutor")).filter(
        media_type_sniffed__startswith="image/", derivation=None
    )
    return pictures.order_by("pk")[0]


def looked_at() -> Answered:
    """What the worker's tools, held in the sandbox, read in a picture and drew of it."""
    item = _picture()
    found = {one.tool: one.failed for one in item.examinations.all()}
    if item.examined_at is None:
        return {"ready": False}
    said = ", ".join(sorted(tool for tool, failed in found.items() if not failed))
    return {"ready": True, "tools": found, "said": f"{item.number} · {said or 'no sandbox here'}"}


def redact_copy() -> Answered:
    """The prosecutor makes a copy of which a part is gone; the original stays as it is."""
    item = _picture()
    marks = [evidence.Region(4, 4, 24, 24, reason="A bystander's face")]
    scopes = evidence.scopes_of(item)
    try:
        copy = evidence.redact(
            by("prosecutor"),
            item,
            marks,
            title="Copy without the bystander",
            scope=scopes[0] if scopes else "",
        )
    except Refused as refusal:
        if refusal.code != "evidence.no_sandbox":
            raise
        return {"copy": "", "said": "not here: no sandbox for tools (bubblewrap)"}
    return {"copy": copy.number, "said": f"{copy.number} out of {item.number}"}


def look_at_disclosures() -> Answered:
    """What the person's record shows went where."""
    person = Person.objects.visible_to(by("hub")).get()
    shown = [
        {
            "item": disclosure.item.number,
            "recipient": disclosure.recipient,
            "basis": disclosure.basis_kind,
            "acknowledged": disclosure.acknowledged_at is not None,
        }
        for link in person.accounts.get().item_links.select_related("item")
        for disclosure in link.item.disclosures.all()
    ]
    return {"disclosures": shown, "said": f"{len(shown)} items to {Partner.objects.get().node_id}"}


def verify_ledger() -> Answered:
    """The auditor recomputes the whole ledger."""
    return {"entries": ledger.verify_all(), "pending": ledger.pending_count()}


STEPS: dict[str, Callable[..., Answered]] = {
    "add_cast": add_cast,
    "describe": describe,
    "pair": pair,
    "take_in_person": take_in_person,
    "take_account": take_account,
    "open_case": open_case,
    "record_incident": record_incident,
    "qualify": qualify,
    "looked_at": looked_at,
    "redact_copy": redact_copy,
    "look_at_disclosures": look_at_disclosures,
    "verify_ledger": verify_ledger,
    **letters.STEPS,
}
