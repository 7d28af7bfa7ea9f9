"""The verbs of executing a letter: report, hand over, set conditions, take their acceptance."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch
from comity.assistance import bodies
from comity.assistance.actions.course import locked, note, require_side, use_form
from comity.assistance.actions.desk import at_desk, conversation_of
from comity.assistance.actions.enclosures import require_free
from comity.assistance.models import Condition, LetterOfRequest, MeasureReport, Reply, ReplyItem
from comity.assistance.models.facts import facts_of
from comity.assistance.models.replies import conditions_of
from comity.assistance.rules import (
    DeskState,
    Direction,
    Event,
    require_desk_move,
    require_report_open,
    require_take_back_open,
)
from comity.core.access import Act, Actor, require
from comity.core.documents.replies import Outcome
from comity.core.errors import Incomplete, NotAllowed, Refused, Untrusted
from comity.core.law import letter_facts as law
from comity.core.law.loader import LANGUAGES
from comity.evidence.models import Item
from comity.exchange import actions as exchange
from comity.exchange.received import Received
from comity.ledger import actions as ledger


@dataclass(frozen=True)
class Report:
    """What was done on one measure. position: in the letter, from 0. words: by language."""

    position: int
    outcome: Outcome
    words: Mapping[str, str]
    language: str


@dataclass(frozen=True)
class Handed:
    """An item to hand over, under neutral words by language."""

    item: Item
    title: Mapping[str, str]


@transaction.atomic
def execute_letter(
    actor: Officer,
    letter: LetterOfRequest,
    *,
    reports: Sequence[Report] = (),
    items: Sequence[Handed] = (),
    once: uuid.UUID | None = None,
) -> Reply:
    """Report what was done and add items of our own evidence; may be repeated until release.

    A second report on a measure replaces the first. Items must be visible to the officer and free
    to leave. once: of the form that was sent.
    Raises NotAllowed, NotVisible, WrongState, Incomplete, Refused("letter.no_such_part" |
    "evidence.no_release" | "letter.item_attached" | "letter.sent_twice").
    """
    letter = locked(letter, Direction.INCOMING)
    require_executing(actor, letter)
    use_form(letter, once)
    require_reporting(actor, letter)
    measures = facts_of(letter).measures
    if letter.desk_state is not DeskState.EXECUTING:
        require_desk_move(letter.desk_state, DeskState.EXECUTING)
        letter.state = DeskState.EXECUTING
        letter.save(update_fields=["state"])
    reply, _ = Reply.objects.select_for_update().get_or_create(letter=letter)
    for report in reports:
        _keep_report(actor, reply, measures, report)
    for handed in items:
        _hand_over(actor, letter, reply, handed)
    reply.executed_by = sorted({*reply.executed_by, actor.actor_id})
    whole = reply.reports.count() == len(measures)
    reply.reported_at = (reply.reported_at or timezone.now()) if whole else None
    reply.save(update_fields=["executed_by", "reported_at"])
    note(actor, letter, Event.REPORTED)
    ledger.append(
        actor,
        "assistance.letter_executed",
        letter.subject,
        outcomes={str(one.position): str(one.outcome) for one in reports},
        items=[str(one.item.uid) for one in items],
    )
    return reply


def require_executing(actor: Actor, letter: LetterOfRequest) -> None:
    """Let those pass who execute this letter: they may, and they belong to its team.

    Raises NotAllowed.
    """
    require(actor, Act.EXECUTE_LETTER)
    if not accounts.is_member(actor, kind="letter", record=letter.uid):
        raise NotAllowed("access.not_allowed", act=Act.EXECUTE_LETTER)


def require_reporting(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may report or add to the reply now. Raises NotAllowed, WrongState."""
    require_executing(actor, letter)
    require_side(letter, Direction.INCOMING)
    require_report_open(letter.desk_state)


def _keep_report(
    actor: Officer, reply: Reply, measures: tuple[law.Measure, ...], report: Report
) -> None:
    if not 0 <= report.position < len(measures):
        raise Refused("letter.no_such_part")
    if not all(report.words.get(language, "").strip() for language in LANGUAGES):
        raise Incomplete("letter.incomplete", missing=["report"])
    MeasureReport.objects.update_or_create(
        reply=reply,
        position=report.position,
        defaults={
            "type": measures[report.position].type,
            "outcome": report.outcome,
            "language": report.language,
            "words": {language: report.words[language].strip() for language in LANGUAGES},
            "by": actor,
            "at": timezone.now(),
        },
    )


def _hand_over(actor: Officer, letter: LetterOfRequest, reply: Reply, handed: Handed) -> None:
    item = fetch(Item.objects.visible_to(actor), pk=handed.item.pk)
    if not all(handed.title.get(language) for language in LANGUAGES):
        raise Incomplete("letter.incomplete", missing=["title"])
    if reply.items.filter(item=item).exists():
        raise Refused("letter.item_attached")
    require_free(item, recipient=letter.recipient)
    ReplyItem.objects.create(reply=reply, item=item, title=dict(handed.title), by=actor)


@transaction.atomic
def take_back_item(actor: Actor, handed: ReplyItem) -> None:
    """Take an item out of the reply before it leaves; whoever does it has executed the letter.

    Raises NotAllowed, WrongState, Refused("letter.no_such_part").
    """
    letter = locked(handed.reply.letter, Direction.INCOMING)
    require_executing(actor, letter)
    require_take_back_open(letter.desk_state)
    reply = Reply.objects.select_for_update().get(letter=letter)
    if not reply.items.filter(pk=handed.pk).delete()[0]:
        raise Refused("letter.no_such_part")
    reply.executed_by = sorted({*reply.executed_by, actor.actor_id})
    reply.save(update_fields=["executed_by"])
    ledger.append(actor, "assistance.item_taken_back", letter.subject, item=str(handed.item.uid))


def propose_conditions(
    actor: Officer, letter: LetterOfRequest, conditions: Sequence[bodies.Condition]
) -> None:
    """Set conditions on use and ask for their acceptance; until then no evidence leaves.

    Source: Act 69/1980 art 14(5)-(6); CPC arts 555(3), 558(6).
    Raises NotAllowed, WrongState, Incomplete, Refused("letter.conditions_stand" | "exchange.…").
    """
    require(actor, Act.RELEASE_REPLY)
    seen = at_desk(letter)
    require_proposing(actor, seen)
    rows = [
        Condition(
            letter=seen,
            position=position,
            code=one.code,
            words={language: one.words.get(language, "").strip() for language in LANGUAGES},
            forbids=sorted(one.forbids),
        )
        for position, one in enumerate(conditions)
    ]
    if not rows or not all(all(row.words.values()) for row in rows):
        raise Incomplete("letter.incomplete", missing=["conditions"])
    stated = bodies.Conditions(tuple(row.as_body() for row in rows))
    prepared = exchange.prepare_message(
        seen.partner,
        "conditions/1",
        body=bodies.write(stated),
        conversation=seen.uid,
        in_reply_to=seen.letter_message,
    )
    with transaction.atomic():
        row = locked(seen, Direction.INCOMING)
        require_proposing(actor, row)
        Condition.objects.bulk_create(rows)
        queued = exchange.queue_message(actor, prepared)
        row.state, row.conditions_message = DeskState.CONDITIONS_PROPOSED, queued.uid
        row.save(update_fields=["state", "conditions_message"])
        note(actor, row, Event.CONDITIONS_PROPOSED, message=queued.uid)
        ledger.append(
            actor,
            "assistance.conditions_proposed",
            row.subject,
            conditions_sha256=bodies.digest_of(stated.conditions),
            message=str(queued.uid),
        )


def require_proposing(actor: Actor, letter: LetterOfRequest) -> None:
    """Let pass who may set conditions on a reply now.

    Raises NotAllowed, WrongState, Refused("letter.conditions_stand").
    """
    require(actor, Act.RELEASE_REPLY)
    require_side(letter, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.CONDITIONS_PROPOSED)
    if letter.conditions.exists():
        raise Refused("letter.conditions_stand")


@transaction.atomic
def receive_acceptance(actor: Actor, received: Received) -> None:
    """Note that the requesting side accepts the conditions (handler of conditions-accepted/1).

    Only the digest of exactly the conditions that were set opens the way for the reply.
    Raises Untrusted("letter.other_conditions" | "record.malformed"), WrongState.
    """
    letter = conversation_of(received, Direction.INCOMING)
    require_desk_move(letter.desk_state, DeskState.CONDITIONS_ACCEPTED)
    stated = bodies.read(bodies.Acceptance, received.message.body).conditions_sha256
    if stated != bodies.digest_of(conditions_of(letter)):
        raise Untrusted("letter.other_conditions")
    letter.state = DeskState.CONDITIONS_ACCEPTED
    letter.conditions_accepted_at = timezone.now()
    letter.save(update_fields=["state", "conditions_accepted_at"])
    note(actor, letter, Event.CONDITIONS_ACCEPTED, message=received.message.id)
    ledger.append(
        actor,
        "assistance.acceptance_received",
        letter.subject,
        conditions_sha256=stated,
        message=str(received.message.id),
    )
