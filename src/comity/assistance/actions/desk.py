"""The verbs of the registry of the requested side: receive, register, accept, refuse, close."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.assistance import bodies
from comity.assistance.actions.course import locked, note, require_side
from comity.assistance.actions.enclosures import PAPER_KINDS
from comity.assistance.actions.printing import (
    Printed,
    human_of,
    keep_printed,
    print_all,
    take_in_received,
)
from comity.assistance.models import LetterOfRequest, LetterPaper
from comity.assistance.rules import DeskState, Direction, Event, require_desk_move
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.documents.replies import Acknowledgement, render_acknowledgement
from comity.core.errors import Incomplete, Refused, Untrusted, WrongState
from comity.core.law import letter_facts as law
from comity.core.law.letters import from_body, requirement_fields
from comity.core.law.loader import LANGUAGES
from comity.core.law.records import to_plain
from comity.core.messages import Attachment
from comity.exchange import actions as exchange
from comity.exchange.models import IncomingMessage
from comity.exchange.received import Received
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault.storage import TakenIn


@transaction.atomic
def receive_letter(actor: Actor, received: Received) -> None:
    """Take in a partner's letter of request as it came (handler of letter/1).

    Raises Untrusted("record.malformed" | "letter.body" | "letter.other_authority" |
    "letter.unlisted_attachment"), Refused("letter.known" | "letter.unknown_…"): then the message
    is rejected and nothing is kept.
    """
    message = received.message
    facts = _trusted_facts(received)
    if LetterOfRequest.objects.filter(uid=message.conversation).exists():
        raise Refused("letter.known")
    letter = LetterOfRequest.objects.create(
        uid=message.conversation,
        direction=Direction.INCOMING,
        state=DeskState.RECEIVED,
        partner=received.partner,
        requesting_node=message.from_node,
        requested_node=message.to_node,
        requesting=facts.requesting.id,
        requested=facts.requested.id,
        source_language=_language_of(facts),
        title=facts.subject.source[:200] if facts.subject else "",
        channel=facts.transmission.channel,
        electronic=True,
        original_promised=facts.transmission.original_promised,
        deadline=facts.deadline,
        body=message.body,
        letter_message=message.id,
    )
    take_in_received(actor, letter, "letter", received.human)
    for attachment, taken in received.attachments:
        _keep_paper(actor, letter, facts, attachment, taken)
    note(actor, letter, Event.RECEIVED, message=message.id)
    ledger.append(
        actor,
        "assistance.letter_received",
        letter.subject,
        message=str(message.id),
        attachments=len(received.attachments),
        body_sha256=canonical.digest_hex(message.body),
    )


def _trusted_facts(received: Received) -> law.LetterFacts:
    """Read a letter that only its own state's authority may send, and only to ours."""
    bodies.require_storable(received.message.body)
    facts = from_body(received.message.body)
    requesting, requested = law.authority(facts.requesting.id), law.authority(facts.requested.id)
    stated = (facts.requesting.state, facts.requested.state)
    if stated != (requesting.state, requested.state):
        raise Untrusted("letter.other_authority")
    if stated != (received.partner.state, settings.COMITY_STATE):
        raise Untrusted("letter.other_authority")
    for measure in facts.measures:
        requirement_fields(measure.type)
    for measure_id in facts.protection:
        law.protection_labels(measure_id)
    if not facts.measures or not facts.basis.instruments:
        raise Untrusted("letter.body", part="measures")
    return facts


def _language_of(facts: law.LetterFacts) -> str:
    language = facts.facts[0].source_language if facts.facts else ""
    return language if language in LANGUAGES else "en"


def _keep_paper(
    actor: Actor,
    letter: LetterOfRequest,
    facts: law.LetterFacts,
    attachment: Attachment,
    taken: TakenIn,
) -> None:
    listed = next((one for one in facts.attachments if one.sha256 == attachment.sha256), None)
    if listed is None or taken.sha256 != attachment.sha256:
        raise Untrusted("letter.unlisted_attachment")
    LetterPaper.objects.create(
        letter=letter,
        kind=listed.kind if listed.kind in PAPER_KINDS else "other",
        title=dict(listed.title),
        pages=listed.pages if listed.pages and 0 < listed.pages < 100_000 else None,
        stored_file=vault.keep(actor, taken),
        sha256=taken.sha256,
        size=taken.size,
        media_type=attachment.media_type,
        name_code=attachment.name_code,
    )


def conversation_of(received: Received, direction: Direction) -> LetterOfRequest:
    """Lock the letter that a message belongs to; only its own partner speaks in its conversation.

    Raises Untrusted("letter.unknown_conversation").
    """
    letter = (
        LetterOfRequest.objects.select_for_update()
        .filter(uid=received.message.conversation, direction=direction, partner=received.partner)
        .first()
    )
    if letter is None:
        raise Untrusted("letter.unknown_conversation")
    return letter


@dataclass(frozen=True)
class Registration:
    """How a letter is registered. reference: from our register. handling: office by language."""

    reference: str
    handling: Mapping[str, str]
    signatory: law.Signatory
    expected_on: date | None = None
    contact: law.Contact | None = None


def register_letter(actor: Officer, letter: LetterOfRequest, registration: Registration) -> None:
    """Register a letter, give receipts E4 and E5, and acknowledge it in three languages.

    Raises NotAllowed, WrongState, Incomplete, Refused("exchange.…" | "documents.…").
    """
    require(actor, Act.REGISTER_LETTER)
    seen = at_desk(letter)
    require_registering(actor, seen)
    if not registration.reference.strip():
        raise Incomplete("letter.incomplete", missing=["own_reference"])
    incoming = _message_of(seen)
    printed = _print_acknowledgement(seen, registration, incoming)
    prepared = exchange.prepare_message(
        seen.partner,
        "acknowledgement/1",
        body=bodies.write(
            bodies.Acknowledgement(
                registration.reference.strip(),
                registration.handling,
                registration.expected_on,
                registration.contact,
            )
        ),
        conversation=seen.uid,
        human=human_of(printed),
        in_reply_to=seen.letter_message,
    )
    with transaction.atomic():
        row = locked(seen, Direction.INCOMING)
        require_registering(actor, row)
        queued = exchange.queue_message(actor, prepared)
        _set_registered(row, registration)
        keep_printed(actor, row, printed)
        exchange.record_acknowledged(actor, incoming, registered_as=row.number)
        note(actor, row, Event.REGISTERED, message=queued.uid)
        ledger.append(actor, "assistance.letter_registered", row.subject, message=str(queued.uid))


def require_registering(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may register a letter now. Raises NotAllowed, WrongState."""
    require(actor, Act.REGISTER_LETTER)
    require_side(letter, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.REGISTERED)


def require_accepting(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may accept a letter now. Raises NotAllowed, WrongState."""
    require(actor, Act.REGISTER_LETTER)
    require_side(letter, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.ACCEPTED)


def require_original(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may record that the original came. Raises NotAllowed, WrongState."""
    require(actor, Act.REGISTER_LETTER)
    require_side(letter, Direction.INCOMING)
    if letter.original_received_on is not None:
        raise WrongState("letter.posted_already")


def require_refusing(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may refuse a letter now. Raises NotAllowed, WrongState."""
    require(actor, Act.RELEASE_REPLY)
    require_side(letter, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.REFUSED)


def _message_of(letter: LetterOfRequest) -> IncomingMessage:
    if letter.letter_message is None:
        raise RuntimeError("an incoming letter came with no message")
    return IncomingMessage.objects.get(partner=letter.partner, uid=letter.letter_message)


def _set_registered(row: LetterOfRequest, registration: Registration) -> None:
    row.state, row.registered_at = DeskState.REGISTERED, timezone.now()
    row.own_reference = registration.reference.strip()[:120]
    row.handling = dict(registration.handling)
    row.expected_on = registration.expected_on
    row.signatory = to_plain(registration.signatory)
    row.contact = to_plain(registration.contact) if registration.contact else {}
    row.save()


def _print_acknowledgement(
    letter: LetterOfRequest, registration: Registration, incoming: IncomingMessage
) -> list[Printed]:
    stated = Acknowledgement(
        requested=law.authority(letter.requested),
        requesting=law.authority(letter.requesting),
        letter_reference=letter.shared_reference,
        registered=registration.reference.strip(),
        received_on=timezone.localtime(incoming.received_at).date(),
        handling=registration.handling,
        signatory=registration.signatory,
        expected_on=registration.expected_on,
        contact=registration.contact,
    )
    render = partial(_acknowledgement, stated, registration.reference.strip())
    return print_all("acknowledgement", render, reason_code="letter.acknowledged")


def _acknowledgement(
    stated: Acknowledgement, reference: str, language: str, created: datetime
) -> bytes:
    return render_acknowledgement(stated, language=language, reference=reference, created=created)


def at_desk(letter: LetterOfRequest) -> LetterOfRequest:
    """Read an incoming letter without a lock. Raises WrongState for an outgoing one."""
    row = LetterOfRequest.objects.select_related("partner").get(pk=letter.pk)
    require_side(row, Direction.INCOMING)
    return row


@transaction.atomic
def accept_letter(actor: Officer, letter: LetterOfRequest, *, executing: Iterable[Officer]) -> None:
    """Find the letter admissible and hand it to the officers who execute it.

    Raises NotAllowed, WrongState, Incomplete, Refused("letter.cannot_execute").
    """
    require(actor, Act.REGISTER_LETTER)
    letter = locked(letter, Direction.INCOMING)
    require_accepting(actor, letter)
    chosen = list(executing)
    if not chosen:
        raise Incomplete("letter.incomplete", missing=["executing"])
    if not all(officer.may(Act.EXECUTE_LETTER) for officer in chosen):
        raise Refused("letter.cannot_execute")
    letter.state, letter.accepted_at = DeskState.ACCEPTED, timezone.now()
    letter.save(update_fields=["state", "accepted_at"])
    accounts.found_team(actor, kind="letter", record=letter.uid, members=chosen)
    note(actor, letter, Event.ACCEPTED)
    ledger.append(
        actor,
        "assistance.letter_accepted",
        letter.subject,
        executing=sorted(str(officer.uid) for officer in chosen),
    )


@transaction.atomic
def record_original(
    actor: Actor, letter: LetterOfRequest, received_on: date, reference: str = ""
) -> None:
    """Record that the paper original arrived (CPC art 548(5): results leave Ukraine only then).

    Raises NotAllowed, WrongState, Refused("letter.post_date").
    """
    require(actor, Act.REGISTER_LETTER)
    letter = locked(letter, Direction.INCOMING)
    require_original(actor, letter)
    came_on = timezone.localtime(letter.created_at).date()
    if not came_on <= received_on <= timezone.localdate():
        raise Refused("letter.post_date")
    letter.original_received_on = received_on
    letter.original_reference = reference.strip()[:80]
    letter.save(update_fields=["original_received_on", "original_reference"])
    note(actor, letter, Event.ORIGINAL_RECEIVED, text=letter.original_reference)
    ledger.append(
        actor,
        "assistance.original_received",
        letter.subject,
        received_on=received_on.isoformat(),
    )


def refuse_letter(actor: Officer, letter: LetterOfRequest, ground: bodies.Ground) -> None:
    """Refuse a registered letter and say on what ground and what would cure it.

    Source: CPC arts 555(2), 558(7); UNTOC art 18(23).
    Raises NotAllowed, WrongState, Incomplete, Refused("exchange.…").
    """
    require(actor, Act.RELEASE_REPLY)
    seen = at_desk(letter)
    require_refusing(actor, seen)
    stated = (ground.provision, ground.cure)
    if not all(words.get(language) for words in stated for language in LANGUAGES):
        raise Incomplete("letter.incomplete", missing=["ground"])
    prepared = exchange.prepare_message(
        seen.partner,
        "reply/1",
        body=bodies.write(bodies.Reply(seen.own_reference, ground=ground)),
        conversation=seen.uid,
        in_reply_to=seen.letter_message,
    )
    with transaction.atomic():
        row = locked(seen, Direction.INCOMING)
        require_refusing(actor, row)
        queued = exchange.queue_message(actor, prepared)
        row.state, row.refusal = DeskState.REFUSED, to_plain(ground)
        row.save(update_fields=["state", "refusal"])
        note(actor, row, Event.REFUSED, message=queued.uid)
        ledger.append(
            actor,
            "assistance.letter_refused",
            row.subject,
            ground=ground.code,
            message=str(queued.uid),
        )


@transaction.atomic
def close_desk(actor: Actor, letter: LetterOfRequest) -> None:
    """Close a letter that has been answered. Raises NotAllowed, WrongState."""
    require(actor, Act.RELEASE_REPLY)
    letter = locked(letter, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.CLOSED)
    letter.state = DeskState.CLOSED
    letter.save(update_fields=["state"])
    note(actor, letter, Event.CLOSED)
    ledger.append(actor, "assistance.letter_closed", letter.subject)
