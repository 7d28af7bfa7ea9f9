"""Letters and replies that carry an item whose release has ended: stopped, or noted as too late.

Settings name `release_withdrawn` as COMITY_RELEASE_WITHDRAWN and `may_leave` as
COMITY_BEFORE_SENDING. The letter's page says why and never whose consent it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance.actions.course import note, require_one_of
from comity.assistance.actions.enclosures import require_free
from comity.assistance.models import LetterItem, LetterOfRequest, Reply, ReplyItem
from comity.assistance.rules import DeskState, Direction, Event, State, require_move
from comity.assistance.rules import require_desk_move as require_desk
from comity.core.access import Act, Actor, NodeActor
from comity.core.errors import Incomplete, Refused, WrongState
from comity.evidence import actions as evidence
from comity.evidence.models import Disclosure, ReleaseGrant
from comity.exchange import actions as exchange
from comity.exchange.models import OutgoingMessage, Partner
from comity.ledger import actions as ledger

NODE = NodeActor("assistance", frozenset({Act.WITHDRAW_CONSENT}))
WITHDRAWN, ENDED = "release.withdrawn", "release.ended"
# Whose task it is to ask a partner to stop using what was sent.
ASKING = (Act.SEND_LETTER, Act.DRAFT_LETTER, Act.RELEASE_REPLY)
_SIGNED = frozenset({State.REVIEWED, State.APPROVED})
_OVER = frozenset({State.WITHDRAWN, State.STOPPED})
_RELEASED = frozenset({DeskState.RELEASED, DeskState.CLOSED})
_EXECUTED = frozenset(
    {DeskState.EXECUTING, DeskState.CONDITIONS_PROPOSED, DeskState.CONDITIONS_ACCEPTED}
)


@transaction.atomic
def release_withdrawn(
    actor: Actor, *, source_ref: str, items: Collection[int], recipients: Collection[str]
) -> None:
    """Stop what carries these items to them under this source and has not left; mark what has.

    In the transaction that ends the releases. items: keys. recipients: `partner:<node id>`.
    """
    partners = Partner.objects.filter(
        node_id__in=[one.removeprefix("partner:") for one in recipients if "partner:" in one]
    )
    attached = LetterItem.objects.filter(item__in=items, basis_ref=source_ref)
    attached = attached.filter(letter__partner__in=partners)
    for letter in _locked(attached.values_list("letter", flat=True)):
        _stop_letter(actor, letter, WITHDRAWN, items)
    left = Disclosure.objects.filter(item__in=items, basis_ref=source_ref, recipient__in=recipients)
    messages = left.exclude(message_id=None).values_list("message_id", flat=True)
    replies = Reply.objects.filter(message__in=messages)
    for letter in _locked(replies.values_list("letter", flat=True)):
        _stop_reply(actor, letter, WITHDRAWN, items)
    handed = ReplyItem.objects.filter(item__in=items, reply__message=None)
    handed = handed.filter(reply__letter__partner__in=partners)
    for letter in _locked(handed.values_list("reply__letter", flat=True)):
        if letter.direction == Direction.INCOMING and letter.desk_state in _EXECUTED:
            _note_ended(actor, letter)


def _locked(keys: Collection[int]) -> list[LetterOfRequest]:
    rows = LetterOfRequest.objects.select_for_update().filter(pk__in=list(keys))
    return list(rows.order_by("pk"))


def _stop_letter(
    actor: Actor, letter: LetterOfRequest, reason: str, items: Collection[int]
) -> None:
    """Stop an outgoing letter as far as it has not left."""
    state = State(letter.state)
    if state is State.DRAFT:
        letter.review_asked_at = None
        letter.save(update_fields=["review_asked_at"])
        _note_ended(actor, letter)
    elif state in _SIGNED:
        _mark_stopped(actor, letter, reason, None)
    elif state not in _OVER and letter.letter_message is not None:
        names = _names("exhibit", letter.exhibits.values_list("item", flat=True))
        _stop_message(actor, letter, letter.letter_message, reason, names, items)


def _stop_reply(actor: Actor, letter: LetterOfRequest, reason: str, items: Collection[int]) -> None:
    """Stop the reply to an incoming letter, if it has not left."""
    reply = Reply.objects.get(letter=letter)
    if letter.direction != Direction.INCOMING or letter.desk_state not in _RELEASED:
        return
    if reply.message is not None:
        names = _names("item", reply.items.order_by("id").values_list("item", flat=True))
        _stop_message(actor, letter, reply.message, reason, names, items)


def _names(prefix: str, items: Collection[int]) -> dict[str, int]:
    """Items by the name under which they were sealed, in the order in which they were."""
    return {f"{prefix}-{number}": item for number, item in enumerate(items, start=1)}


def _stop_message(
    actor: Actor,
    letter: LetterOfRequest,
    message: uuid.UUID,
    reason: str,
    names: dict[str, int],
    items: Collection[int],
) -> None:
    stop = exchange.stop_message(actor, message, reason=reason)
    begun = {item for name, item in names.items() if name in stop.begun}
    if stop.stopped:
        _mark_stopped(actor, letter, reason, message)
        evidence.undo_disclosures(actor, message_id=message, kept=begun)
    if not stop.stopped or begun & set(items):
        _mark_late(actor, letter, message)


def _mark_stopped(
    actor: Actor, letter: LetterOfRequest, reason: str, message: uuid.UUID | None
) -> None:
    if letter.is_outgoing:
        require_move(letter.outgoing_state, State.STOPPED)
        letter.state, letter.sent_at, letter.letter_message = State.STOPPED, None, None
    else:
        require_desk(letter.desk_state, DeskState.STOPPED)
        letter.state, letter.released_at = DeskState.STOPPED, None
        letter.revision += 1  # the reply is printed anew
        Reply.objects.filter(letter=letter).update(message=None)
    letter.stop_reason = reason
    letter.withdrawn_late_at = letter.partner_asked_at = None
    letter.save()
    note(NODE, letter, Event.STOPPED, message=message)
    ledger.append(
        actor,
        "assistance.letter_stopped",
        letter.subject,
        reason=reason,
        message=str(message) if message else None,
    )


def _mark_late(actor: Actor, letter: LetterOfRequest, message: uuid.UUID) -> None:
    letter.withdrawn_late_at, letter.partner_asked_at = timezone.now(), None
    letter.save(update_fields=["withdrawn_late_at", "partner_asked_at"])
    note(NODE, letter, Event.WITHDRAWN_LATE, message=message)
    ledger.append(actor, "assistance.release_ended_late", letter.subject, message=str(message))


def _note_ended(actor: Actor, letter: LetterOfRequest) -> None:
    note(NODE, letter, Event.RELEASE_ENDED)
    ledger.append(actor, "assistance.release_ended", letter.subject)


def may_leave(message: OutgoingMessage) -> bool:
    """Look once more whether everything in a message may leave today; stop it if not.

    The worker asks before each try, outside a transaction.
    """
    carried = Disclosure.objects.filter(message_id=message.uid).select_related("item")
    bad = {one.item_id for one in carried if not _is_free(one)}
    if not bad and message.stop_asked_at is None:
        return True
    _take_back(message.uid, bad)
    return False


def _is_free(one: Disclosure) -> bool:
    """Say whether an item may still go where it is going, on the basis recorded."""
    try:
        require_free(one.item, recipient=one.recipient)
    except Refused:
        return False
    if not one.basis_ref:
        return True
    return ReleaseGrant.objects.filter(
        item=one.item, recipient=one.recipient, source_ref=one.basis_ref, withdrawn_at=None
    ).exists()


@transaction.atomic
def _take_back(message: uuid.UUID, items: Collection[int]) -> None:
    sent = LetterOfRequest.objects.filter(letter_message=message, direction=Direction.OUTGOING)
    for letter in _locked(sent.values_list("pk", flat=True)):
        _stop_letter(NODE, letter, ENDED, items)
        return
    answered = Reply.objects.filter(message=message, letter__direction=Direction.INCOMING)
    for letter in _locked(answered.values_list("letter", flat=True)):
        _stop_reply(NODE, letter, ENDED, items)
        return
    exchange.stop_message(NODE, message, reason=ENDED)


def require_asking(actor: Officer, letter: LetterOfRequest) -> None:
    """Let pass who may ask the partner now to stop using it. Raises NotAllowed, WrongState."""
    require_one_of(actor, *ASKING)
    if letter.withdrawn_late_at is None or letter.partner_asked_at is not None:
        raise WrongState("letter.nothing_to_ask")


@transaction.atomic
def record_partner_asked(actor: Officer, letter: LetterOfRequest, *, how: str) -> None:
    """Record that the partner was asked to stop using what was sent, and how.

    Raises NotAllowed, WrongState("letter.nothing_to_ask"), Incomplete.
    """
    require_one_of(actor, *ASKING)
    letter = LetterOfRequest.objects.select_for_update().get(pk=letter.pk)
    require_asking(actor, letter)
    if not how.strip():
        raise Incomplete("letter.reason_needed", missing=["reason"])
    letter.partner_asked_at = timezone.now()
    letter.save(update_fields=["partner_asked_at"])
    note(actor, letter, Event.PARTNER_ASKED, text=how.strip())
    ledger.append(actor, "assistance.partner_asked", letter.subject)
