"""Steps that every verb on a letter shares: lock it, count its changes, tell its course."""

from __future__ import annotations

import uuid

from comity.accounts.models import Officer
from comity.assistance.models import LetterEvent, LetterOfRequest, SentForm
from comity.assistance.rules import (
    Direction,
    Event,
    State,
    require_content_open,
    require_translation_open,
)
from comity.core.access import Act, Actor, require
from comity.core.errors import NotAllowed, Refused, WrongState

SENT_TWICE = "letter.sent_twice"


def locked(letter: LetterOfRequest, direction: Direction) -> LetterOfRequest:
    """Lock the letter's row until the transaction ends.

    Raises WrongState for a letter of the other direction.
    """
    row = LetterOfRequest.objects.select_for_update().get(pk=letter.pk)
    require_side(row, direction)
    return row


def require_side(letter: LetterOfRequest, direction: Direction) -> None:
    """Let a letter of this direction pass or raise WrongState."""
    if letter.direction != direction:
        raise WrongState("letter.other_direction")


# The rules of the verbs, on a letter as it stands: the verb asks them of the row that it locked,
# and the page of its form asks them before it shows the form.


def require_drafting(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may change what a draft says. Raises NotAllowed, WrongState."""
    require(actor, Act.DRAFT_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_content_open(State(letter.state))


def require_deciding(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may judge a draft's basis: author or lawyer. Raises NotAllowed, WrongState."""
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_content_open(State(letter.state))


def require_confirming(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass the lawyer who answers for a draft's law. Raises NotAllowed, WrongState."""
    require(actor, Act.REVIEW_LETTER)
    require_deciding(actor, letter)


def require_translating(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may translate a letter. Raises NotAllowed, WrongState."""
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_translation_open(State(letter.state))


def draft_of(
    actor: Actor, letter: LetterOfRequest, once: uuid.UUID | None = None
) -> LetterOfRequest:
    """Lock a draft for a change of what it says.

    once: of the form that was sent. Raises NotAllowed, WrongState, Refused("letter.sent_twice").
    """
    require(actor, Act.DRAFT_LETTER)
    row = locked(letter, Direction.OUTGOING)
    use_form(row, once)
    require_drafting(actor, row)
    return row


def lawyers_draft(
    actor: Actor, letter: LetterOfRequest, once: uuid.UUID | None = None
) -> LetterOfRequest:
    """Lock a draft for a decision that its author or the reviewing lawyer takes. See `draft_of`."""
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER)
    row = locked(letter, Direction.OUTGOING)
    use_form(row, once)
    require_deciding(actor, row)
    return row


def use_form(letter: LetterOfRequest, once: uuid.UUID | None) -> None:
    """Keep in the transaction of the act that a form was used; the letter's row is locked.

    The letter's lock makes the second sending wait for the first.
    Raises Refused("letter.sent_twice").
    """
    if once is None:
        return
    _form, new = SentForm.objects.get_or_create(uid=once, defaults={"letter": letter})
    if not new:
        raise Refused(SENT_TWICE)


def translatable(actor: Actor, letter: LetterOfRequest) -> LetterOfRequest:
    """Lock a letter whose translations may still change."""
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER)
    row = locked(letter, Direction.OUTGOING)
    require_translating(actor, row)
    return row


def require_one_of(actor: Actor, *acts: Act) -> None:
    """Let an actor pass who may do one of these. Raises NotAllowed naming the first."""
    if not any(actor.may(act) for act in acts):
        raise NotAllowed("access.not_allowed", act=acts[0])


def officer_in(actor: Actor) -> Officer | None:
    """The officer who acts; None when the node does."""
    return actor if isinstance(actor, Officer) else None


def touch(letter: LetterOfRequest, *fields: str) -> int:
    """Count a change of what the letter says; a call for review is over. Return the revision."""
    letter.revision += 1
    letter.review_asked_at = None
    letter.save(update_fields=["revision", "review_asked_at", *fields])
    return letter.revision


def note(
    actor: Actor,
    letter: LetterOfRequest,
    event: Event,
    *,
    text: str = "",
    message: uuid.UUID | None = None,
) -> LetterEvent:
    """Add a step to the letter's course. text: an officer's own words, shown on the page only."""
    return LetterEvent.objects.create(
        letter=letter,
        event=event,
        actor=actor.actor_id,
        officer=officer_in(actor),
        note=text[:500],
        message=message,
    )
