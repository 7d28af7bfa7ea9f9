"""What the exchange does by itself: deliver, open what came, tidy up. Safe twice and at once."""

from __future__ import annotations

import hashlib
import logging
import time
import traceback
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from django_tasks import task

from comity.core.errors import NotAllowed, Refused, Untrusted
from comity.exchange import actions, opening, spool, transport, witnesses
from comity.exchange.models import (
    IncomingMessage,
    OutgoingBlob,
    OutgoingMessage,
    Partner,
    Receipt,
)
from comity.exchange.received import Received
from comity.exchange.rules import part_bytes, pause_seconds
from comity.exchange.transport import JOSE, Answer, Line, NoAnswer
from comity.ledger import actions as ledger
from comity.vault import storage

logger = logging.getLogger("comity.exchange")

SLICE_SECONDS = 6.0
MESSAGES_AT_ONCE = 20
RECEIPTS_AT_ONCE = 50
CLAIMED_AT_ONCE = 8
LOOK_AT_DESCRIPTOR_EVERY = timedelta(hours=1)
TIDY_EVERY_SECONDS = 60.0
OUTGOING_IS_OLD_SECONDS = 24 * 3600
ARRIVAL_IS_OLD_SECONDS = 3600
# A refusal of the call rather than of the message: everything to this partner waits.
OF_THE_PARTNER = frozenset({401, 403, 429, 503, 507})
# They have no room for this one; a smaller one may pass.
OF_THE_MESSAGE = frozenset({"partner.storage"})
# Trying the same bytes again cannot help.
FINAL = frozenset({400, 404, 405, 411, 413, 415})
# Ours to put right, no fault of the message: disk full.
NOT_THEIR_FAULT = frozenset({"vault.disk_full", "storage.full", "vault.taken_in_too_long_ago"})


def delivery_is_due() -> bool:
    """Say whether a message or receipt waits for a partner whose turn has come."""
    return actions.partners_due(timezone.now()).exists()


@task()
def deliver_due() -> int:
    """Deliver what is due to every partner in turn; returns how many partners were served."""
    return deliver()


def deliver(seconds: float = SLICE_SECONDS) -> int:
    """Serve one partner after another until nothing is due or the time is over."""
    until, served = time.monotonic() + seconds, 0
    while time.monotonic() < until and (partner := actions.claim_partner()) is not None:
        try:
            with Line(partner) as line:
                _look_at_descriptor(line, partner)
                _serve(line, partner, until)
        except NoAnswer as silence:
            actions.pause_partner(partner, silence.code)
        except Untrusted as doubt:  # our own row of the partner does not hold
            actions.pause_partner(partner, doubt.code)
        finally:
            actions.release_partner(partner)
        served += 1
    return served


class Later(Exception):
    """Enough for now: the partner said no, or the time is over."""


def _serve(line: Line, partner: Partner, until: float) -> None:
    """Send messages and receipts until nothing is due, the time is over or the partner refuses."""
    try:
        while time.monotonic() < until:
            messages = actions.next_messages(partner, MESSAGES_AT_ONCE)
            receipts = actions.next_receipts(partner, RECEIPTS_AT_ONCE)
            if not messages and not receipts:
                return
            for message in messages:
                actions.extend_lease(partner)
                _send_message(line, partner, message, until)
            for receipt in receipts:
                actions.extend_lease(partner)
                _send_receipt(line, partner, receipt)
    except Later:
        return


def _look_at_descriptor(line: Line, partner: Partner) -> None:
    """Once an hour of traffic, see whether the partner has published a newer descriptor."""
    now = timezone.now()
    if partner.described_at and now - partner.described_at < LOOK_AT_DESCRIPTOR_EVERY:
        return
    answer = line.get("/.well-known/comity")
    if answer.is_jose and answer.status == 200:
        actions.learn(partner, answer.text)
    actions.note_described(partner)


def _answered(partner: Partner) -> None:
    """Note, but not for every call, that the partner answers."""
    now = timezone.now()
    fresh = partner.answered_at and (now - partner.answered_at).total_seconds() < 30
    if partner.failures or not fresh:
        actions.note_answer(partner)
        partner.failures, partner.answered_at = 0, now


def _send_message(line: Line, partner: Partner, message: OutgoingMessage, until: float) -> None:
    if message.stop_asked_at is not None and message.handed_at is not None:
        actions.bury_message(message, "exchange.stopped_too_late")
        return
    if not actions.may_leave(message):
        actions.bury_message(message, "exchange.stopped_too_late")  # nothing if it was stopped
        return
    try:
        for blob in message.blobs.filter(delivered_at=None):
            if not _send_blob(line, partner, message, blob, until):
                return
        answer = _hand_over(line, message)
    except NoAnswer as silence:
        if not silence.connected:
            raise
        actions.pause_message(message, silence.code)
        return
    except FileNotFoundError:
        actions.bury_message(message, "exchange.bytes_gone")
        return
    if answer is not None:
        _take_answer(partner, message, answer)


def _hand_over(line: Line, message: OutgoingMessage) -> Answer | None:
    """Hand over the envelope itself; None if it may not leave any more."""
    with spool.absolute(message.sealed_path).open("rb") as body:
        hand = actions.begin_handing(message) if actions.may_leave(message) else None
        if hand is None:
            return None
        try:
            answer = line.call(
                "PUT",
                f"/x/1/messages/{message.uid}",
                body=body,
                body_digest=bytes.fromhex(message.sealed_sha256),
            )
        except NoAnswer as silence:
            if not silence.connected:
                actions.note_not_handed(message, hand)
            raise
    if _clearly_refused(answer):
        actions.note_not_handed(message, hand)
    return answer


def _clearly_refused(answer: Answer) -> bool:
    """Say whether the partner surely does not hold what it answered; a fault there says nothing."""
    return 400 <= answer.status < 500 or answer.status == 507


def _take_answer(partner: Partner, message: OutgoingMessage, answer: Answer) -> None:
    if answer.is_jose and answer.status in {200, 201, 422}:
        _answered(partner)
        try:
            actions.keep_receipt(partner, answer.text, in_answer=True)
        except Untrusted as doubt:
            actions.record_rejection(
                what="receipt", doubt=doubt, partner=partner, message_id=message.uid
            )
            actions.pause_message(message, doubt.code)
        return
    _take_refusal(partner, message, answer)


def _take_refusal(partner: Partner, message: OutgoingMessage, answer: Answer) -> None:
    """Say whether to stop with this message, with this partner for now, or for good."""
    wait = answer.number("retry-after") or 0
    if answer.status in OF_THE_PARTNER and answer.code not in OF_THE_MESSAGE:
        if answer.code == "call.skew" and isinstance(answer.facts.get("seconds"), int):
            actions.note_answer(partner, ahead_seconds=-answer.facts["seconds"])
        actions.pause_partner(partner, answer.code, at_least=wait)
        raise Later
    _answered(partner)
    if answer.code == "message.blob_missing":
        for blob in message.blobs.all():
            actions.note_sent(blob, 0)
    conflict = answer.code in {"digest_conflict", "blob.length"}
    refused = answer.status == 422 and not answer.code.endswith(".digest")
    if answer.status in FINAL or conflict or refused:
        actions.bury_message(message, answer.code)
    else:
        actions.pause_message(message, answer.code, at_least=wait)


def _send_blob(
    line: Line, partner: Partner, message: OutgoingMessage, blob: OutgoingBlob, until: float
) -> bool:
    """Send a blob from where the partner stands; say whether it holds all of it now."""
    path = f"/x/1/blobs/{blob.sealed_sha256}"
    answer = line.call("HEAD", path)
    offset = 0 if answer.status == 404 else answer.number("upload-offset")
    if answer.status not in {200, 404} or offset is None:
        _take_refusal(partner, message, answer)
        return False
    with spool.absolute(blob.path).open("rb") as file:
        while offset < blob.sealed_size:
            if time.monotonic() > until:
                raise Later
            actions.extend_lease(partner)
            if not actions.begin_blob(blob):
                return False
            file.seek(offset)
            part = file.read(part_bytes(message.failures))
            answer = _put_part(line, path, blob, offset, part)
            stands = answer.number("upload-offset")
            if (answer.status != 204 and answer.code != "blob.offset") or stands is None:
                _take_refusal(partner, message, answer)
                return False
            offset = stands
            actions.note_sent(blob, min(offset, blob.sealed_size))
    actions.note_sent(blob, blob.sealed_size)
    _answered(partner)
    return True


def _put_part(line: Line, path: str, blob: OutgoingBlob, offset: int, part: bytes) -> Answer:
    # The last part is answered when the whole blob has been hashed: at least 100 MB a second.
    last = offset + len(part) >= blob.sealed_size
    seconds = transport.ANSWER_SECONDS + (blob.sealed_size / 1e8 if last else 0)
    return line.call(
        "PUT",
        path,
        body=part,
        body_digest=hashlib.sha256(part).digest(),
        headers={"Upload-Offset": str(offset), "Upload-Length": str(blob.sealed_size)},
        seconds=seconds,
    )


def _send_receipt(line: Line, partner: Partner, receipt: Receipt) -> None:
    answer = line.call(
        "POST", "/x/1/receipts", body=receipt.text.encode("ascii"), content_type=JOSE
    )
    if answer.status == 200:
        actions.mark_delivered(receipt)
        _answered(partner)
        return
    if answer.code == "receipt.chain":
        missed = str(answer.facts.get("missing") or receipt.prev)
        if actions.deliver_again(partner, missed):
            raise Later  # the missing one goes first, at the next look
    if answer.code in {"receipt.unknown_message", "receipt.fork"}:
        # Nothing that we send will change their mind; receipt and reason stay here.
        actions.mark_delivered(receipt)
        doubt = Untrusted(answer.code)
        actions.record_rejection(
            what="receipt", doubt=doubt, partner=partner, message_id=receipt.message_id
        )
        return
    actions.pause_partner(partner, answer.code, at_least=answer.number("retry-after") or 0)
    raise Later


# Incoming


def inbox_is_due() -> bool:
    """Say whether a message waits to be opened, or it is time to tidy up."""
    return IncomingMessage.objects.workable(timezone.now()).exists() or _tidy_is_due()


@task()
def work_inbox() -> int:
    """Open and hand on what has come, then tidy up if it is time; returns how many were decided."""
    done = work()
    if _tidy_is_due():
        tidy()
    return done


def work(seconds: float = SLICE_SECONDS) -> int:
    """Take one waiting message after another until none is workable or the time is over."""
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until and (claimed := actions.claim_incoming(CLAIMED_AT_ONCE)):
        for place, incoming in enumerate(claimed):
            if time.monotonic() > until:
                actions.release_incoming(claimed[place:])
                break
            done += _work_on(incoming)
    return done


def _work_on(incoming: IncomingMessage) -> bool:
    try:
        return _hand_on(incoming)
    except opening.BlobMissing:
        wait = pause_seconds(incoming.attempts, 1.0)
        actions.hold(incoming, "message.blob_missing", wait_seconds=wait)
    except (Untrusted, Refused, NotAllowed) as doubt:
        if doubt.code in NOT_THEIR_FAULT:
            actions.put_off(incoming, doubt.code)
        else:
            return actions.reject(incoming, doubt)
    except Exception as fault:  # noqa: BLE001 - one message must not stop the others; it is logged
        # The error's own text may quote what the message says; where it happened does not.
        where = "".join(traceback.format_tb(fault.__traceback__))
        logger.error("Message %s: %s\n%s", incoming.number, type(fault).__name__, where)
        actions.put_off(incoming, "exchange.fault")
    return False


def _hand_on(incoming: IncomingMessage) -> bool:
    opened = opening.open_message(incoming)
    actions.require_agreed(opened.message, incoming)
    sha256 = hashlib.sha256(opened.container).hexdigest()
    actions.note_opened(incoming, opened.message, sha256)
    if not actions.is_in_turn(opened.message, incoming):
        actions.hold(incoming, "message.out_of_turn")
        return False
    attachments = opening.take_attachments(
        incoming, opened.message, lambda: actions.extend_claim(incoming)
    )
    received = Received(opened.message, incoming.partner, incoming, opened.human, attachments)
    taken = storage.take_in(opening.as_file(opened.container))
    return actions.deliver(received, taken)


# Tidying


def _marker() -> Path:
    return spool.root() / "tidied"


def _tidy_is_due() -> bool:
    try:
        return time.time() - _marker().stat().st_mtime > TIDY_EVERY_SECONDS
    except FileNotFoundError:
        return True


def tidy() -> None:
    """State what is overdue, remove bytes that nobody needs, renew the listener's bundle."""
    spool.folder()
    _marker().touch()
    actions.state_failures()
    actions.forget_arrived()
    actions.forget_handled()
    actions.sweep_outgoing(OUTGOING_IS_OLD_SECONDS)
    actions.sweep_blobs()
    for path in spool.old_arrivals(ARRIVAL_IS_OLD_SECONDS):
        spool.remove_path(path)
    actions.forget_nonces()
    actions.write_partners_bundle()


def witness_is_due() -> bool:
    """Say whether a partner has not witnessed our newest ledger head and may be asked."""
    return bool(actions.partners_to_ask())


@task()
def ask_witnesses() -> int:
    """Ask partners to witness our newest ledger head; returns how many did."""
    head = ledger.newest_checkpoint()
    return witnesses.ask(actions.partners_to_ask(), head) if head else 0
