"""The verbs that bring an outgoing letter to its signature: ask for review, review, approve."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance.actions.course import locked, note, require_one_of, require_side
from comity.assistance.actions.enclosures import free_exhibits
from comity.assistance.actions.printing import keep_printed, print_all
from comity.assistance.models import LetterOfRequest
from comity.assistance.models.facts import facts_of, words_missing
from comity.assistance.rules import (
    Direction,
    Event,
    State,
    blocks_approval,
    blocks_review,
    require_content_open,
    require_move,
    require_other_hand,
    require_unchanged,
)
from comity.core import canonical
from comity.core.access import Act, Actor, require
from comity.core.documents.letter import render_letter
from comity.core.errors import Incomplete, WrongState
from comity.core.law import letter_facts as law
from comity.core.law.letters import MissingField, as_body, missing
from comity.core.law.records import from_plain, to_plain
from comity.ledger import actions as ledger
from comity.ledger.models import Entry

# What an approver may have done with a letter without having written any of it.
_NOT_WRITING = frozenset(
    f"assistance.{what}"
    for what in (
        "letter_returned",
        "letter_approved",
        "letter_sent",
        "letter_stopped",
        "release_ended",
        "release_ended_late",
        "partner_asked",
    )
)
# What a reviewing lawyer decides in the lawyer's own name without writing any of the letter.
_JUDGING = _NOT_WRITING | frozenset(
    f"assistance.{what}"
    for what in ("letter_reviewed", "basis_chosen", "provision_confirmed", "field_decided")
)
# Words that may be added without taking back the call for review.
_AFTER_CALL = frozenset({"assistance.paragraph_translated", "assistance.provision_cited"})
DASH = {"uk": "–", "ja": "–", "en": "–"}


def lacks_of(letter: LetterOfRequest) -> list[MissingField]:
    """Return what the letter lacks before approval; the approval itself counts as given."""
    given = law.Signatory(DASH, DASH, timezone.localdate())
    return missing(facts_of(letter, approval=given))


@transaction.atomic
def ask_review(actor: Actor, letter: LetterOfRequest) -> None:
    """Say that the draft is ready for legal review; any change takes that back.

    Raises NotAllowed, WrongState, Incomplete naming what is missing apart from translations.
    """
    require(actor, Act.DRAFT_LETTER)
    letter = locked(letter, Direction.OUTGOING)
    require_content_open(State(letter.state))
    _require_reviewable(letter)
    letter.review_asked_at = timezone.now()
    letter.save(update_fields=["review_asked_at"])
    note(actor, letter, Event.REVIEW_ASKED)
    ledger.append(actor, "assistance.review_asked", letter.subject, revision=letter.revision)


def _require_reviewable(letter: LetterOfRequest) -> None:
    codes = [one.code for one in lacks_of(letter) if blocks_review(one.severity, one.lack)]
    if codes:
        raise Incomplete("letter.incomplete", missing=codes)


@transaction.atomic
def review_letter(actor: Officer, letter: LetterOfRequest) -> None:
    """Find as another lawyer that the letter stands on its basis and says what it must.

    Only after the author's call, and by nobody who wrote any of it, or translated or cited after
    the call; to choose the basis, confirm a provision or decide a field is the lawyer's own part.
    Raises NotAllowed, WrongState, Refused("letter.four_eyes"), Incomplete.
    """
    require(actor, Act.REVIEW_LETTER)
    letter = locked(letter, Direction.OUTGOING)
    require_move(State(letter.state), State.REVIEWED)
    if letter.review_asked_at is None:
        raise WrongState("letter.review_not_asked")
    require_other_hand(actor=actor.actor_id, earlier=_wrote(letter))
    _require_reviewable(letter)
    letter.state = State.REVIEWED
    letter.reviewer, letter.reviewed_at = actor, timezone.now()
    letter.save(update_fields=["state", "reviewer", "reviewed_at"])
    note(actor, letter, Event.REVIEWED)
    ledger.append(actor, "assistance.letter_reviewed", letter.subject, revision=letter.revision)


def is_other_hand(actor: Actor, letter: LetterOfRequest) -> bool:
    """Say whether an actor may review a letter: it holds no words of theirs."""
    return actor.actor_id not in _wrote(letter)


def _wrote(letter: LetterOfRequest) -> tuple[str, ...]:
    found = {*_hands(letter.author), *_writers(letter, _JUDGING | _AFTER_CALL)}
    if letter.review_asked_at is not None:
        late = Entry.objects.filter(subject=letter.subject, kind__in=_AFTER_CALL)
        found.update(late.filter(at__gte=letter.review_asked_at).values_list("actor", flat=True))
    return tuple(sorted(found))


def _hands(*officers: Officer | None) -> tuple[str, ...]:
    return tuple(officer.actor_id for officer in officers if officer is not None)


def require_returning(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may give a letter back now. Raises NotAllowed, WrongState."""
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER, Act.APPROVE_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_move(State(letter.state), State.DRAFT)


def require_withdrawing(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may give up a letter now. Raises NotAllowed, WrongState."""
    require(actor, Act.DRAFT_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_move(State(letter.state), State.WITHDRAWN)


@transaction.atomic
def return_letter(actor: Actor, letter: LetterOfRequest, *, reason: str) -> None:
    """Give a letter that has not been sent back to its author, with a reason; review starts anew.

    Raises NotAllowed, WrongState, Incomplete.
    """
    require_one_of(actor, Act.DRAFT_LETTER, Act.REVIEW_LETTER, Act.APPROVE_LETTER)
    if not reason.strip():
        raise Incomplete("letter.reason_needed", missing=["reason"])
    letter = locked(letter, Direction.OUTGOING)
    require_returning(actor, letter)
    letter.state = State.DRAFT
    letter.revision += 1
    letter.review_asked_at = letter.reviewed_at = letter.approved_at = None
    letter.reviewer = letter.approver = None
    letter.stop_reason = ""
    letter.save(
        update_fields=[
            "state", "revision", "review_asked_at", "reviewed_at", "approved_at", "reviewer",
            "approver", "stop_reason",
        ]
    )  # fmt: skip
    note(actor, letter, Event.RETURNED, text=reason.strip())
    ledger.append(actor, "assistance.letter_returned", letter.subject, revision=letter.revision)


@transaction.atomic
def withdraw_letter(actor: Actor, letter: LetterOfRequest, *, reason: str) -> None:
    """Give up a letter that has not been sent. Raises NotAllowed, WrongState, Incomplete."""
    require(actor, Act.DRAFT_LETTER)
    if not reason.strip():
        raise Incomplete("letter.reason_needed", missing=["reason"])
    letter = locked(letter, Direction.OUTGOING)
    require_withdrawing(actor, letter)
    letter.state = State.WITHDRAWN
    letter.save(update_fields=["state"])
    note(actor, letter, Event.WITHDRAWN, text=reason.strip())
    ledger.append(actor, "assistance.letter_withdrawn", letter.subject)


def approve_letter(actor: Officer, letter: LetterOfRequest) -> None:
    """Approve a complete letter as the third officer: print it in three languages and sign it.

    The view has asked for a fresh second factor. Printing and signing happen before the
    transaction; if the letter changed meanwhile, nothing is kept.
    Raises NotAllowed, WrongState, Refused("letter.four_eyes" | "evidence.…" | "documents.…"),
    Incomplete.
    """
    require(actor, Act.APPROVE_LETTER)
    seen = LetterOfRequest.objects.get(pk=letter.pk)
    require_approving(actor, seen)
    approval = _approval_by(actor, seen)
    facts = facts_of(seen, approval=approval)
    _require_whole(facts)
    body = canonical.encode(as_body(facts))
    render = partial(_render, facts, reference=seen.reference, body=body)
    printed = print_all("letter", render, reason_code="letter.approved")
    with transaction.atomic():
        row = locked(seen, Direction.OUTGOING)
        require_approving(actor, row)
        require_unchanged(seen=seen.revision, now=row.revision)
        row.state = State.APPROVED
        row.approver, row.approved_at = actor, timezone.now()
        row.approval = to_plain(approval)
        row.save(update_fields=["state", "approver", "approved_at", "approval"])
        row.documents.filter(kind="letter", revision=row.revision).delete()
        documents = keep_printed(actor, row, printed)
        note(actor, row, Event.APPROVED)
        ledger.append(
            actor,
            "assistance.letter_approved",
            row.subject,
            revision=row.revision,
            body_sha256=canonical.digest_hex(as_body(facts)),
            documents={one.language: one.sha256 for one in documents},
        )


def require_approving(actor: Officer, letter: LetterOfRequest) -> None:
    """Let pass the third officer, of a reviewed letter whose exhibits may leave.

    Raises NotAllowed, WrongState, Refused("letter.four_eyes" | "evidence.…").
    """
    require(actor, Act.APPROVE_LETTER)
    require_side(letter, Direction.OUTGOING)
    require_move(State(letter.state), State.APPROVED)
    earlier = {*_hands(letter.author, letter.reviewer), *_writers(letter, _NOT_WRITING)}
    require_other_hand(actor=actor.actor_id, earlier=tuple(sorted(earlier)))
    free_exhibits(letter)


def _writers(letter: LetterOfRequest, others: frozenset[str]) -> set[str]:
    """Everyone who has changed the letter: the ledger knows, whoever stands in the row.

    others: kinds of entries that change nothing of what it says.
    """
    done = Entry.objects.filter(subject=letter.subject, kind__startswith="assistance.")
    return set(done.exclude(kind__in=others).values_list("actor", flat=True).distinct())


def _require_whole(facts: law.LetterFacts) -> None:
    codes = [one.code for one in missing(facts) if blocks_approval(one.severity)]
    codes += [f"letter.{part}.words.{language}" for part, language in words_missing(facts)]
    if codes:
        raise Incomplete("letter.incomplete", missing=codes)


def _approval_by(actor: Officer, letter: LetterOfRequest) -> law.Signatory:
    """The approval as it is printed: names in other scripts as the officers entered them."""
    today = timezone.localdate()
    if letter.approval:
        given = from_plain(law.Signatory, letter.approval)
        return law.Signatory(given.names, given.position, today)
    latin = actor.name_latin or actor.name
    position = actor.title or actor.office or "–"
    return law.Signatory(
        {"uk": actor.name, "ja": latin, "en": latin},
        {"uk": position, "ja": position, "en": position},
        today,
    )


def _render(
    facts: law.LetterFacts, language: str, created: datetime, *, reference: str, body: bytes
) -> bytes:
    return render_letter(
        facts, language=language, reference=reference, created=created, message=body
    )
