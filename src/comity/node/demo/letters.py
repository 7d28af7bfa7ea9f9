"""The letter in the demonstration: drafted and answered by invented officers of both nodes."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import actions, bodies
from comity.assistance.models import LetterOfRequest, Paragraph
from comity.assistance.rules import DeskState, State, TextKind
from comity.cases.models import Case, Charge, Exhibit
from comity.core.access import Compartment
from comity.core.documents.replies import Outcome
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from comity.exchange.models import OutgoingMessage, Partner, Receipt
from comity.node.demo import letter_text as text
from comity.node.demo import made
from comity.vault import storage

Answered = dict[str, Any]


def by(key: str) -> Officer:
    """The invented officer with this part."""
    return Officer.objects.get(email=f"{key}@{settings.COMITY_NODE_ID}")


def the_letter() -> LetterOfRequest:
    """The one letter of the story on this node."""
    return LetterOfRequest.objects.get()


def draft_letter() -> Answered:
    """The prosecutor drafts from the gap; the lawyer lets the finder rank the bases and chooses."""
    prosecutor, charge = by("prosecutor"), Charge.objects.get()
    letter = actions.draft_letter(
        prosecutor,
        partner=Partner.objects.get(),
        requesting=text.REQUESTING,
        requested=text.REQUESTED,
        subject=text.SUBJECT["uk"],
        measure_type=text.MEASURE,
        charge=charge,
        element="UA-E-438.5",
        members=[by("authority"), by("supervisor")],
    )
    actions.state_basis_facts(prosecutor, letter, text.facts_for_the_finder())
    letter = the_letter()
    findings = actions.bases_for(letter)
    actions.choose_basis(by("authority"), letter, "BUDAPEST")
    ranked = [{"instrument": one.instrument_id, "finding": one.finding} for one in findings]
    return {"letter": letter.number, "bases": ranked, "said": f"{letter.number} on BUDAPEST"}


def _translate(paragraph: Paragraph, words: text.Words) -> None:
    for language in ("ja", "en"):
        actions.translate_paragraph(
            by("authority"),
            paragraph,
            language=language,
            text=words[language],
            translator="Translator of the authority",
            certified=True,
        )


def write_letter() -> Answered:
    """Facts, statements, measure, officials: Ukrainian first, then Japanese and English."""
    prosecutor, letter = by("prosecutor"), the_letter()
    _translate(letter.texts.get(kind=TextKind.SUBJECT), text.SUBJECT)
    first = letter.texts.filter(kind=TextKind.FACT).first()
    for words in text.FACTS:
        paragraph = actions.write_paragraph(
            prosecutor, letter, kind=TextKind.FACT, text=words["uk"], paragraph=first
        )
        first = None
        _translate(paragraph, words)
    for kind, words in (
        (TextKind.NECESSITY, text.NECESSITY),
        (TextKind.CONFIDENTIALITY, text.CONFIDENTIALITY),
    ):
        written = actions.write_paragraph(prosecutor, letter, kind=kind, text=words["uk"])
        _translate(written, words)
    _answer_the_measure(prosecutor, letter)
    _describe(prosecutor, letter)
    _enclose(prosecutor, letter)
    lacks = [one.code for one in actions.lacks_of(the_letter())]
    return {"paragraphs": letter.texts.count(), "lacks": lacks, "said": "uk, ja, en"}


def _answer_the_measure(prosecutor: Officer, letter: LetterOfRequest) -> None:
    answers = {field: actions.Answer(words["uk"]) for field, words in text.ANSWERS.items()}
    answers |= {
        field: actions.Answer(words, neutral=True) for field, words in text.NEUTRAL_ANSWERS.items()
    }
    measure = letter.measures.get()
    actions.answer_measure(
        prosecutor, measure, purpose=text.PURPOSE["uk"], answers=answers, choices={}
    )
    _translate(measure.texts.get(kind=TextKind.PURPOSE), text.PURPOSE)
    for field, words in text.ANSWERS.items():
        _translate(measure.texts.get(kind=TextKind.ANSWER, field=field), words)


def _describe(prosecutor: Officer, letter: LetterOfRequest) -> None:
    charge = Charge.objects.get()
    actions.describe_proceeding(prosecutor, letter, text.proceeding(Case.objects.get().number))
    actions.describe_transmission(
        prosecutor, letter, text.TRANSMISSION, deadline=date(2027, 1, 10), protection=["pseudonym"]
    )
    actions.name_officials(
        prosecutor,
        letter,
        contact=text.CONTACT,
        signatory=text.SIGNATORY,
        approval=text.APPROVAL,
    )
    actions.add_offence(prosecutor, the_letter(), text.offence(charge.offence), place=0)
    person = actions.name_person(prosecutor, the_letter(), text.holder())
    _translate(person.texts.get(), text.HOLDER_LINK)


def _enclose(prosecutor: Officer, letter: LetterOfRequest) -> None:
    provisions = (
        "Кримінальний кодекс України, стаття 438 (для навчального вузла: текст додає юрист).\n"
        "ウクライナ刑法第438条（訓練用：条文は担当者が添付する。）\n"
    )
    taken = storage.take_in(io.BytesIO(provisions.encode()))
    actions.add_paper(
        prosecutor,
        letter,
        taken,
        kind="provisions",
        title=text.PROVISIONS_TITLE,
        media_type="text/plain",
        pages=1,
    )
    photo = Item.objects.visible_to(prosecutor).filter(account_link__scope="media").first()
    if photo is not None:
        actions.attach_item(prosecutor, the_letter(), photo, title=text.EXHIBIT_TITLE)


def approve_letter() -> Answered:
    """The lawyer confirms what the data only recall and reviews; the head approves and signs."""
    letter, lawyer = the_letter(), by("authority")
    for part, count in (
        ("basis", len(letter.basis["provisions"])),
        ("offence", len(letter.offences)),
    ):
        for place in range(count):
            actions.confirm_provision(lawyer, letter, part=part, place=place)
    for lack in actions.lacks_of(the_letter()):
        if lack.severity == "lawyer_decides":
            actions.decide_field(
                lawyer, the_letter(), field=lack.field, measure=lack.measure, applies=False
            )
    actions.ask_review(by("prosecutor"), the_letter())
    actions.review_letter(lawyer, the_letter())
    actions.approve_letter(by("supervisor"), the_letter())
    documents = {one.language: one.sha256 for one in the_letter().documents.all()}
    return {"documents": documents, "said": f"{len(documents)} signed documents"}


def send_letter() -> Answered:
    """The central authority seals the letter to Tokyo's keys and queues it."""
    actions.send_letter(by("authority"), the_letter())
    message = OutgoingMessage.objects.get(uid=str(the_letter().letter_message))
    return {
        "message": str(message.uid),
        "container_sha256": message.container_sha256,
        "sealed_sha256": message.sealed_sha256,
    }


def letter_arrived() -> Answered:
    """Say whether the letter was opened by the exchange and lies on the desk."""
    letter = LetterOfRequest.objects.first()
    if letter is None:
        return {"ready": False}
    return {"ready": True, "letter": letter.number, "said": letter.number}


def register_letter() -> Answered:
    """Tokyo registers the letter and acknowledges it."""
    registration = actions.Registration(
        reference="法刑総第4471号",
        handling=text.HANDLING,
        signatory=text.TOKYO_SIGNATORY,
        expected_on=timezone.localdate() + timedelta(days=20),
    )
    actions.register_letter(by("authority"), the_letter(), registration)
    return {"reference": registration.reference, "said": registration.reference}


def receipts_of(message_id: uuid.UUID | None) -> list[dict[str, str]]:
    """The partner's and our own receipts about one message."""
    return [
        {"event": receipt.event, "digest": receipt.digest, "direction": receipt.direction}
        for receipt in Receipt.objects.filter(message_id=str(message_id)).order_by("event")
    ]


def letter_acknowledged() -> Answered:
    """Say whether all five receipts and the acknowledgement have come back."""
    letter = the_letter()
    receipts = receipts_of(letter.letter_message)
    events = {receipt["event"] for receipt in receipts}
    ready = {"E1", "E2", "E3", "E4", "E5"} <= events and letter.state != State.SENT
    return {"ready": ready, "receipts": receipts, "said": " ".join(sorted(events))}


def execute_letter(*, folder: str) -> Answered:
    """Tokyo accepts, obtains two files, reports, and sets a condition on their use."""
    lawyer, executing, letter = by("authority"), by("executing"), the_letter()
    actions.accept_letter(lawyer, letter, **_acceptance(executing))
    handed = []
    for (path, about), title in zip(made.execution(Path(folder)), text.HANDED_TITLES, strict=True):
        with path.open("rb") as source:
            item = evidence.ingest(
                executing,
                source,
                title=title["ja"],
                kind=about.kind,
                access=[("letter", letter.uid)],
                origin=Origin.INVESTIGATION,
                acquisition=evidence.Acquisition(
                    acquired_by=executing.actor_id,
                    acquired_at=timezone.now(),
                    place="東京都",
                    method="production_order",
                    legal_authority="Act 69/1980 art 8",
                ),
                compartment=Compartment.DISCLOSABLE,
                original_name=path.name,
                declared_type=about.media_type,
            )
        handed.append(actions.Handed(item, title))
    report = actions.Report(0, Outcome.EXECUTED, text.REPORT, "ja")
    actions.execute_letter(executing, the_letter(), reports=[report], items=handed)
    condition = bodies.Condition(
        "this_proceeding_only", text.CONDITION, ("onward_transfer", "other_proceeding")
    )
    actions.propose_conditions(lawyer, the_letter(), [condition])
    return {
        "items": [{"number": one.item.number, "sha256": one.item.sha256} for one in handed],
        "said": f"{len(handed)} items, 1 condition",
    }


def _acceptance(executing: Officer) -> dict[str, Any]:
    return {"executing": [executing]}


def accept_conditions() -> Answered:
    """Kyiv's prosecutor accepts the condition in writing, once it has arrived."""
    letter = the_letter()
    if letter.state != State.CONDITIONS_PROPOSED:
        return {"ready": False}
    actions.accept_conditions(by("prosecutor"), letter)
    return {"ready": True, "conditions": letter.conditions.count()}


def release_reply() -> Answered:
    """Another officer of Tokyo releases the reply, once the acceptance has arrived."""
    letter = the_letter()
    if letter.desk_state is not DeskState.CONDITIONS_ACCEPTED:
        return {"ready": False}
    if not letter.original_received_on and letter.requested.startswith("UA-"):
        actions.record_original(by("release"), letter, timezone.localdate())
    actions.release_reply(by("release"), letter, signatory=text.TOKYO_SIGNATORY)
    return {"ready": True, "message": str(the_letter().reply.message)}


def reply_filed() -> Answered:
    """Say whether the reply's evidence lies in the case with its condition."""
    letter = the_letter()
    if letter.state not in {State.EXECUTED, State.CLOSED}:
        return {"ready": False}
    exhibits = Exhibit.objects.filter(item__origin=Origin.PARTNER).select_related("item")
    filed = [
        {
            "exhibit": exhibit.number,
            "item": exhibit.item.number,
            "sha256": exhibit.item.sha256,
            "conditions": [condition.code for condition in exhibit.item.conditions.all()],
        }
        for exhibit in exhibits
    ]
    ready = len(filed) == len(text.HANDED_TITLES) and all(one["conditions"] for one in filed)
    return {"ready": ready, "filed": filed, "said": f"{len(filed)} exhibits with a condition"}


def export_package(*, target: str) -> Answered:
    """The prosecutor exports the case's items with letter, reply and receipts for a court."""
    letter = the_letter()
    if evidence_waits():
        return {"ready": False}
    messages = [letter.letter_message, *_replies(letter)]
    items = list(Item.objects.visible_to(by("prosecutor")).order_by("pk"))
    path = evidence.export_package(
        by("prosecutor"),
        items,
        purpose="Evidence for the court",
        legal_basis="CPC art. 290",
        case_ref=Case.objects.get().number,
        message_ids=messages,
    )
    data = Path(path).read_bytes()
    Path(target).write_bytes(data)
    return {
        "ready": True,
        "items": len(items),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "said": f"{len(items)} items, {len(messages)} messages",
    }


def evidence_waits() -> bool:
    """Whether the newest checkpoint is not stamped yet: a package should carry trusted time."""
    from comity.ledger import actions as ledger

    head = ledger.newest_checkpoint()
    stamped = ledger.stamped_checkpoint()
    return head is None or stamped is None or stamped.size < head.size or ledger.pending_count() > 0


def _replies(letter: LetterOfRequest) -> list[Any]:
    from comity.exchange.models import IncomingMessage

    return list(
        IncomingMessage.objects.filter(conversation=letter.uid, type="reply/1").values_list(
            "uid", flat=True
        )
    )


STEPS: dict[str, Callable[..., Answered]] = {
    "draft_letter": draft_letter,
    "write_letter": write_letter,
    "approve_letter": approve_letter,
    "send_letter": send_letter,
    "letter_arrived": letter_arrived,
    "register_letter": register_letter,
    "letter_acknowledged": letter_acknowledged,
    "execute_letter": execute_letter,
    "accept_conditions": accept_conditions,
    "release_reply": release_reply,
    "reply_filed": reply_filed,
    "export_package": export_package,
}
