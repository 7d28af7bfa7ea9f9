"""The verbs that move an approved letter: send, post its original, accept conditions, close."""

from __future__ import annotations

import uuid
from datetime import date
from functools import partial
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import bodies
from comity.assistance.actions.course import locked, note, require_one_of, require_side
from comity.assistance.actions.enclosures import PURPOSE, free_exhibits
from comity.assistance.actions.printing import documents_of
from comity.assistance.models import LetterOfRequest
from comity.assistance.models.facts import facts_of
from comity.assistance.models.replies import conditions_of
from comity.assistance.rules import Direction, Event, State, require_move, require_unchanged
from comity.core.access import Act, Actor, require
from comity.core.errors import Refused, WrongState
from comity.core.law.letters import as_body
from comity.evidence import actions as evidence
from comity.exchange import actions as exchange
from comity.exchange.models import IncomingMessage
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault.models import StoredFile


def send_letter(actor: Actor, letter: LetterOfRequest) -> None:
    """Seal an approved letter with its exhibits and queue it for the requested authority.

    Sealing happens before the transaction. If two officers send at once, one letter leaves.
    Each exhibit must still be free to leave on this day, and its disclosure is recorded.
    Raises NotAllowed, WrongState, Refused("evidence.…" | "exchange.…").
    """
    require(actor, Act.SEND_LETTER)
    seen = as_it_stands(letter)
    require_move(State(seen.state), State.SENT)
    free_exhibits(seen)
    prepared = _sealed(actor, seen)
    with transaction.atomic():
        row = locked(seen, Direction.OUTGOING)
        require_move(State(row.state), State.SENT)
        require_unchanged(seen=seen.revision, now=row.revision)
        free = free_exhibits(row)
        queued = exchange.queue_message(actor, prepared)
        row.state = State.SENT
        row.sent_at, row.letter_message = timezone.now(), queued.uid
        row.save(update_fields=["state", "sent_at", "letter_message"])
        for exhibit, basis in free:
            evidence.record_disclosure(
                actor,
                exhibit.item,
                recipient=row.recipient,
                purpose=PURPOSE,
                basis=basis,
                message_id=queued.uid,
            )
        note(actor, row, Event.SENT, message=queued.uid)
        ledger.append(
            actor,
            "assistance.letter_sent",
            row.subject,
            message=str(queued.uid),
            container_sha256=queued.container_sha256,
            exhibits=len(free),
        )


def as_it_stands(letter: LetterOfRequest) -> LetterOfRequest:
    """Read an outgoing letter without a lock. Raises WrongState for an incoming one."""
    row = LetterOfRequest.objects.select_related("partner").get(pk=letter.pk)
    require_side(row, Direction.OUTGOING)
    return row


def _sealed(actor: Actor, letter: LetterOfRequest) -> exchange.Prepared:
    facts = facts_of(letter)
    return exchange.prepare_message(
        letter.partner,
        "letter/1",
        body=as_body(facts),
        conversation=letter.uid,
        human=documents_of(actor, letter, "letter"),
        attachments=[*_papers(actor, letter), *_exhibits(actor, letter)],
        basis=facts.basis.instruments[0],
        reply_due=letter.deadline,
    )


def open_stored(actor: Actor, file: StoredFile) -> BinaryIO:
    """Open a stored file for the exchange, which seals it."""
    return vault.open_file(actor, file)


def _papers(actor: Actor, letter: LetterOfRequest) -> list[exchange.Attachment]:
    return [
        exchange.Attachment(
            name_code=f"paper-{number}",
            open=partial(open_stored, actor, paper.stored_file),
            size=paper.size,
            media_type=paper.media_type,
            sha256=paper.sha256,
            handling="paper",
        )
        for number, paper in enumerate(letter.papers.select_related("stored_file"), start=1)
    ]


def _exhibits(actor: Actor, letter: LetterOfRequest) -> list[exchange.Attachment]:
    exhibits = letter.exhibits.select_related("item__stored_file")
    return [
        exchange.Attachment(
            name_code=f"exhibit-{number}",
            open=partial(evidence.read_item, actor, exhibit.item),
            size=exhibit.item.size,
            media_type=exhibit.item.media_type_sniffed,
            sha256=exhibit.item.sha256,
        )
        for number, exhibit in enumerate(exhibits, start=1)
    ]


def require_posting(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may record the post of a letter now. Raises NotAllowed, WrongState."""
    require(actor, Act.SEND_LETTER)
    require_side(letter, Direction.OUTGOING)
    if letter.sent_at is None:
        raise WrongState("letter.not_sent")
    if letter.posted_on is not None:
        raise WrongState("letter.posted_already")


@transaction.atomic
def record_post(actor: Actor, letter: LetterOfRequest, posted_on: date, reference: str) -> None:
    """Record that the paper original was posted (Ukraine's CPC art 548(4): within 3 days).

    reference: the carrier's number. Raises NotAllowed, WrongState, Refused("letter.post_date").
    """
    require(actor, Act.SEND_LETTER)
    letter = locked(letter, Direction.OUTGOING)
    require_posting(actor, letter)
    sent_on = timezone.localtime(letter.sent_at).date() if letter.sent_at else posted_on
    if not sent_on <= posted_on <= timezone.localdate():
        raise Refused("letter.post_date")
    letter.posted_on, letter.post_reference = posted_on, reference.strip()[:80]
    letter.save(update_fields=["posted_on", "post_reference"])
    note(actor, letter, Event.POSTED, text=letter.post_reference)
    ledger.append(
        actor, "assistance.original_posted", letter.subject, posted_on=posted_on.isoformat()
    )


def accept_conditions(actor: Officer, letter: LetterOfRequest) -> None:
    """Accept in writing the conditions on use that the requested side set (Act 69/1980 art 14(6)).

    What is accepted is named by the digest of the conditions as they came.
    Raises NotAllowed, WrongState, Refused("exchange.…").
    """
    require(actor, Act.ACCEPT_CONDITIONS)
    seen = as_it_stands(letter)
    require_move(State(seen.state), State.CONDITIONS_ACCEPTED)
    conditions = conditions_of(seen)
    digest = bodies.digest_of(conditions)
    prepared = exchange.prepare_message(
        seen.partner,
        "conditions-accepted/1",
        body=bodies.write(bodies.Acceptance(digest, len(conditions))),
        conversation=seen.uid,
        in_reply_to=seen.conditions_message,
        use_conditions=[one.words["en"] for one in conditions],
    )
    with transaction.atomic():
        row = locked(seen, Direction.OUTGOING)
        require_move(State(row.state), State.CONDITIONS_ACCEPTED)
        if bodies.digest_of(conditions_of(row)) != digest:
            raise WrongState("letter.changed_meanwhile")
        queued = exchange.queue_message(actor, prepared)
        _acknowledge(actor, row, row.conditions_message)
        row.state, row.conditions_accepted_at = State.CONDITIONS_ACCEPTED, timezone.now()
        row.save(update_fields=["state", "conditions_accepted_at"])
        note(actor, row, Event.CONDITIONS_ACCEPTED, message=queued.uid)
        ledger.append(
            actor,
            "assistance.conditions_accepted",
            row.subject,
            conditions_sha256=digest,
            message=str(queued.uid),
        )


def _acknowledge(actor: Actor, letter: LetterOfRequest, message: uuid.UUID | None) -> None:
    """Give E4 and E5 for a message of the requested side that an officer has decided on."""
    if message is None:
        return
    incoming = IncomingMessage.objects.filter(partner=letter.partner, uid=message).first()
    if incoming is not None:
        exchange.record_acknowledged(actor, incoming, registered_as=letter.number)


@transaction.atomic
def close_letter(actor: Actor, letter: LetterOfRequest) -> None:
    """Close an answered letter; what came with it stays. Raises NotAllowed, WrongState."""
    require_one_of(actor, Act.SEND_LETTER, Act.DRAFT_LETTER)
    letter = locked(letter, Direction.OUTGOING)
    require_move(State(letter.state), State.CLOSED)
    letter.state = State.CLOSED
    letter.save(update_fields=["state"])
    answer = letter.events.filter(event__in=[Event.EXECUTED, Event.REFUSED]).first()
    _acknowledge(actor, letter, answer.message if answer else None)
    note(actor, letter, Event.CLOSED)
    ledger.append(actor, "assistance.letter_closed", letter.subject)
