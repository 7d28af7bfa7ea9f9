"""What the requested side's messages do here: acknowledge, set conditions, answer (handlers)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from comity.assistance import bodies
from comity.assistance.actions.course import note
from comity.assistance.actions.desk import conversation_of
from comity.assistance.actions.printing import take_in_received
from comity.assistance.models import Condition, LetterOfRequest, MeasureReport, Reply, ReplyItem
from comity.assistance.models.facts import facts_of
from comity.assistance.models.replies import conditions_of
from comity.assistance.rules import Direction, Event, State, require_move
from comity.cases import actions as cases
from comity.core.access import Actor, Compartment
from comity.core.errors import Untrusted
from comity.core.law.loader import terms
from comity.core.law.records import to_plain
from comity.core.messages import Attachment
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin, Use
from comity.exchange.received import Received
from comity.ledger import actions as ledger
from comity.vault.storage import TakenIn

OTHER_KIND = "mla-product"


@transaction.atomic
def receive_acknowledgement(actor: Actor, received: Received) -> None:
    """Note under which reference and where our letter is handled (handler of acknowledgement/1).

    Raises WrongState, Untrusted("record.malformed" | "letter.body" |
    "letter.unknown_conversation").
    """
    stated = bodies.read(bodies.Acknowledgement, received.message.body)
    letter = conversation_of(received, Direction.OUTGOING)
    require_move(State(letter.state), State.ACKNOWLEDGED)
    letter.state = State.ACKNOWLEDGED
    letter.partner_reference = stated.reference
    letter.handling = to_plain(stated.handling)
    letter.expected_on = stated.expected_on
    letter.save(update_fields=["state", "partner_reference", "handling", "expected_on"])
    take_in_received(actor, letter, "acknowledgement", received.human)
    if letter.letter_message is not None:
        evidence.acknowledge_disclosures(actor, message_id=letter.letter_message)
    note(actor, letter, Event.ACKNOWLEDGED, message=received.message.id)
    ledger.append(
        actor,
        "assistance.acknowledgement_received",
        letter.subject,
        message=str(received.message.id),
    )


@transaction.atomic
def receive_conditions(actor: Actor, received: Received) -> None:
    """Keep the conditions that the requested side sets (handler of conditions/1).

    Raises WrongState, Untrusted("record.malformed" | "letter.body" |
    "letter.unknown_conversation").
    """
    stated = bodies.read(bodies.Conditions, received.message.body)
    # A ban that this node cannot apply must not pass for one that it does.
    known = all(set(one.forbids) <= set(Use) for one in stated.conditions)
    if not stated.conditions or not known:
        raise Untrusted("letter.body", part="conditions")
    letter = conversation_of(received, Direction.OUTGOING)
    require_move(State(letter.state), State.CONDITIONS_PROPOSED)
    Condition.objects.bulk_create(
        Condition(
            letter=letter,
            position=position,
            code=one.code,
            words=dict(one.words),
            forbids=list(one.forbids),
        )
        for position, one in enumerate(stated.conditions)
    )
    letter.state, letter.conditions_message = State.CONDITIONS_PROPOSED, received.message.id
    letter.save(update_fields=["state", "conditions_message"])
    note(actor, letter, Event.CONDITIONS_PROPOSED, message=received.message.id)
    ledger.append(
        actor,
        "assistance.conditions_received",
        letter.subject,
        conditions_sha256=bodies.digest_of(stated.conditions),
        message=str(received.message.id),
    )


@transaction.atomic
def receive_reply(actor: Actor, received: Received) -> None:
    """Take in the answer to our letter with what is handed over (handler of reply/1).

    Items go into evidence with their conditions and, if the letter serves a case, are filed there.
    Raises Untrusted("record.malformed" | "letter.body" | "letter.unknown_conversation" |
    "letter.other_conditions" | "letter.unlisted_attachment"), WrongState.
    """
    stated = bodies.read(bodies.Reply, received.message.body)
    letter = conversation_of(received, Direction.OUTGOING)
    if stated.ground is not None:
        _refused(actor, letter, received, stated)
        return
    require_move(State(letter.state), State.EXECUTED)
    if stated.conditions != conditions_of(letter):
        raise Untrusted("letter.other_conditions")
    if [one.type for one in stated.reports] != [one.type for one in facts_of(letter).measures]:
        raise Untrusted("letter.body", part="reports")
    reply = _keep_reply(letter, received, stated)
    listed = _matched(received, stated)
    for said, attachment, taken in listed:
        item = _take_in_item(actor, letter, said, attachment, taken)
        ReplyItem.objects.create(
            reply=reply, item=item, title=dict(said.title), partner_number=said.number
        )
    take_in_received(actor, letter, "reply", received.human)
    letter.state, letter.executed_at = State.EXECUTED, timezone.now()
    letter.save(update_fields=["state", "executed_at"])
    note(actor, letter, Event.EXECUTED, message=received.message.id)
    ledger.append(
        actor,
        "assistance.reply_received",
        letter.subject,
        items=len(listed),
        message=str(received.message.id),
    )


def _refused(
    actor: Actor, letter: LetterOfRequest, received: Received, stated: bodies.Reply
) -> None:
    require_move(State(letter.state), State.REFUSED)
    letter.state, letter.refusal = State.REFUSED, to_plain(stated.ground)
    letter.save(update_fields=["state", "refusal"])
    note(actor, letter, Event.REFUSED, message=received.message.id)
    ledger.append(
        actor,
        "assistance.refusal_received",
        letter.subject,
        message=str(received.message.id),
    )


def _keep_reply(letter: LetterOfRequest, received: Received, stated: bodies.Reply) -> Reply:
    reply = Reply.objects.create(
        letter=letter,
        return_required=stated.return_required,
        reported_at=received.message.created,
        message=received.message.id,
    )
    MeasureReport.objects.bulk_create(
        MeasureReport(
            reply=reply,
            position=position,
            type=one.type,
            outcome=one.outcome,
            language=one.language,
            words=dict(one.words),
        )
        for position, one in enumerate(stated.reports)
    )
    return reply


def _matched(
    received: Received, stated: bodies.Reply
) -> list[tuple[bodies.HandedItem, Attachment, TakenIn]]:
    """Tie each listed item to the attachment of its name, one to one, by digest."""
    by_name = {
        attachment.name_code: (attachment, taken) for attachment, taken in received.attachments
    }
    matched = []
    for said in stated.items:
        found = by_name.pop(said.name_code, None)
        if found is None or found[1].sha256 != said.sha256:
            raise Untrusted("letter.unlisted_attachment")
        matched.append((said, *found))
    if by_name:
        raise Untrusted("letter.unlisted_attachment")
    return matched


def _take_in_item(
    actor: Actor,
    letter: LetterOfRequest,
    said: bodies.HandedItem,
    attachment: Attachment,
    taken: TakenIn,
) -> Item:
    access: list[evidence.Holder] = [("letter", letter.uid)]
    if letter.case is not None:
        access.append(("case", letter.case.uid))
    item = evidence.ingest_stored(
        actor,
        taken,
        title=said.title.get(letter.source_language, said.number)[:200],
        kind=said.kind if said.kind in _kinds() else OTHER_KIND,
        access=access,
        origin=Origin.PARTNER,
        acquisition=evidence.Acquisition(
            acquired_by=letter.requested_node[:120],
            acquired_at=timezone.now(),
            place="",
            device="",
            method="letter_reply",
            legal_authority=letter.shared_reference,
        ),
        original_name=said.number,
        declared_type=attachment.media_type,
        compartment=Compartment.DISCLOSABLE,
    )
    _attach_conditions(actor, letter, item)
    if letter.case is not None:
        cases.file_exhibit(actor, letter.case, item)
    return item


def _kinds() -> frozenset[str]:
    return frozenset(term.id for term in terms("evidence_types", "evidence_types"))


def _attach_conditions(actor: Actor, letter: LetterOfRequest, item: Item) -> None:
    for one in conditions_of(letter):
        evidence.attach_condition(
            actor,
            item,
            code=one.code,
            texts=dict(one.words),
            forbids=one.forbids,
            letter_ref=letter.uid,
            set_by_node=letter.requested_node[:200],
        )
