"""The one verb by which evidence leaves the requested side: release the reply."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import bodies
from comity.assistance.actions.course import locked, note, require_side
from comity.assistance.actions.desk import at_desk
from comity.assistance.actions.enclosures import PURPOSE, require_free
from comity.assistance.actions.printing import Printed, human_of, keep_printed, print_all
from comity.assistance.models import LetterOfRequest, Reply, ReplyItem
from comity.assistance.models.facts import facts_of
from comity.assistance.models.replies import conditions_of
from comity.assistance.rules import DeskState, Direction, Event, Execution, require_release
from comity.core.access import Act, require
from comity.core.documents import replies as papers
from comity.core.errors import Refused, WrongState
from comity.core.law import letter_facts as law
from comity.evidence import actions as evidence
from comity.exchange import actions as exchange
from comity.ledger import actions as ledger


def execution_of(letter: LetterOfRequest) -> Execution:
    """What the release of the reply is decided on, from the rows."""
    reply = Reply.objects.filter(letter=letter).prefetch_related("items__item").first()
    return Execution(
        measures=len(facts_of(letter).measures),
        reported=reply.reports.count() if reply else 0,
        conditions_proposed=letter.conditions.exists(),
        conditions_accepted=letter.conditions_accepted_at is not None,
        original_needed=letter.electronic and letter.requested.startswith("UA-"),
        original_received=letter.original_received_on is not None,
        executed_by=tuple(reply.executed_by) if reply else (),
        items_free=all(_is_free(one, letter) for one in reply.items.all()) if reply else True,
    )


def _is_free(one: ReplyItem, letter: LetterOfRequest) -> bool:
    try:
        require_free(one.item, recipient=letter.recipient)
    except Refused:
        return False
    return True


def require_releasing(actor: Officer, letter: LetterOfRequest) -> None:
    """Let pass who may release a reply that waits for nothing more.

    Raises NotAllowed, WrongState, Refused("letter.guard_closed").
    """
    require(actor, Act.RELEASE_REPLY)
    require_side(letter, Direction.INCOMING)
    require_release(letter.desk_state, execution_of(letter), actor.actor_id)


def release_reply(
    actor: Officer,
    letter: LetterOfRequest,
    *,
    signatory: law.Signatory,
    return_required: bool = False,
) -> None:
    """Print, sign and send the reply with its items, by another officer than who executed it.

    Blocked until every measure is reported, the conditions are accepted and the original that
    Ukraine waits for is here. Raises NotAllowed, WrongState, Refused("letter.guard_closed" |
    "evidence.…" | "exchange.…" | "documents.…"); then nothing has left.
    """
    require(actor, Act.RELEASE_REPLY)
    seen = at_desk(letter)
    require_releasing(actor, seen)
    handed = _handed(seen)
    for one in handed:
        require_free(one.item, recipient=seen.recipient)
    body = _body(seen, handed, return_required=return_required)
    printed = _print(seen, handed, signatory, return_required=return_required)
    prepared = exchange.prepare_message(
        seen.partner,
        "reply/1",
        body=bodies.write(body),
        conversation=seen.uid,
        human=human_of(printed),
        attachments=[_attachment(actor, place, one) for place, one in enumerate(handed, start=1)],
        in_reply_to=seen.letter_message,
        use_conditions=[one.words["en"] for one in body.conditions],
    )
    _let_go(actor, seen, prepared, printed, body)


def _let_go(
    actor: Officer,
    seen: LetterOfRequest,
    prepared: exchange.Prepared,
    printed: list[Printed],
    body: bodies.Reply,
) -> None:
    with transaction.atomic():
        row = locked(seen, Direction.INCOMING)
        require_releasing(actor, row)
        reply = Reply.objects.select_for_update().get(letter=row)
        handed = _handed(row)
        if _body(row, handed, return_required=body.return_required) != body:
            raise WrongState("letter.changed_meanwhile")
        free = [require_free(one.item, recipient=row.recipient) for one in handed]
        queued = exchange.queue_message(actor, prepared)
        row.state, row.released_at = DeskState.RELEASED, timezone.now()
        row.save(update_fields=["state", "released_at"])
        reply.message, reply.return_required = queued.uid, body.return_required
        reply.save(update_fields=["message", "return_required"])
        for one, basis in zip(handed, free, strict=True):
            evidence.record_disclosure(
                actor,
                one.item,
                recipient=row.recipient,
                purpose=PURPOSE,
                basis=basis,
                message_id=queued.uid,
            )
        keep_printed(actor, row, printed)
        note(actor, row, Event.RELEASED, message=queued.uid)
        ledger.append(
            actor,
            "assistance.reply_released",
            row.subject,
            message=str(queued.uid),
            container_sha256=queued.container_sha256,
            items=len(handed),
        )


def _handed(letter: LetterOfRequest) -> list[ReplyItem]:
    rows = ReplyItem.objects.filter(reply__letter=letter).order_by("id")
    return list(rows.select_related("item__stored_file"))


def _body(
    letter: LetterOfRequest, handed: list[ReplyItem], *, return_required: bool
) -> bodies.Reply:
    reports = Reply.objects.get(letter=letter).reports.order_by("position")
    return bodies.Reply(
        reference=letter.own_reference,
        return_required=return_required,
        reports=tuple(
            bodies.MeasureReport(one.type, papers.Outcome(one.outcome), one.language, one.words)
            for one in reports
        ),
        items=tuple(_item(place, one) for place, one in enumerate(handed, start=1)),
        conditions=conditions_of(letter),
    )


def _item(place: int, one: ReplyItem) -> bodies.HandedItem:
    item = one.item
    return bodies.HandedItem(
        name_code=f"item-{place}",
        number=item.number,
        kind=item.kind,
        title=one.title,
        media_type=item.media_type_sniffed,
        size=item.size,
        sha256=item.sha256,
    )


def _print(
    letter: LetterOfRequest,
    handed: list[ReplyItem],
    signatory: law.Signatory,
    *,
    return_required: bool,
) -> list[Printed]:
    reports = Reply.objects.get(letter=letter).reports.order_by("position")
    stated = papers.Reply(
        requested=law.authority(letter.requested),
        requesting=law.authority(letter.requesting),
        letter_reference=letter.shared_reference,
        outcomes=tuple(
            papers.MeasureOutcome(
                one.type,
                papers.Outcome(one.outcome),
                law.paragraph(one.language, **one.words),
            )
            for one in reports
        ),
        items=tuple(
            papers.HandedItem(
                one.item.number,
                one.title,
                one.item.media_type_sniffed,
                one.item.size,
                one.item.sha256,
            )
            for one in handed
        ),
        conditions=tuple(
            papers.UseCondition(law.paragraph("en", **one.words)) for one in conditions_of(letter)
        ),
        signatory=signatory,
        return_required=return_required,
    )
    render = partial(_pdf, stated, letter.own_reference)
    return print_all("reply", render, reason_code="reply.released")


def _pdf(stated: papers.Reply, reference: str, language: str, created: datetime) -> bytes:
    return papers.render_reply(stated, language=language, reference=reference, created=created)


def _attachment(actor: Officer, place: int, one: ReplyItem) -> exchange.Attachment:
    return exchange.Attachment(
        name_code=f"item-{place}",
        open=partial(evidence.read_item, actor, one.item),
        size=one.item.size,
        media_type=one.item.media_type_sniffed,
        sha256=one.item.sha256,
    )
