"""Receipts move our messages; those that contradict what was stated are refused and shown."""

from __future__ import annotations

import hashlib
import io
import itertools
import uuid
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from comity.core import container
from comity.core.access import NodeActor, Role
from comity.core.errors import NotAllowed, Refused, Untrusted, WrongState
from comity.core.sealing import envelope, receipts
from comity.core.sealing.receipts import Event
from comity.exchange import actions, rules, spool, tasks
from comity.exchange.models import (
    IncomingMessage,
    OutgoingMessage,
    Partner,
    Receipt,
    Rejection,
    work_for,
)
from comity.exchange.rules import Direction, OutgoingStatus
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault.models import StoredFile
from tests.exchange.other_node import JOSE, now

pytestmark = pytest.mark.django_db
SENDER = NodeActor("test")


@pytest.fixture
def send(partner):
    def prepare_and_queue(text: str = "hello", **options) -> OutgoingMessage:
        options.setdefault("conversation", uuid.uuid4())
        prepared = actions.prepare_message(partner, "note/1", body={"text": text}, **options)
        return actions.queue_message(SENDER, prepared)

    return prepare_and_queue


@pytest.fixture
def sent(send) -> OutgoingMessage:
    return send()


def deliver(tokyo, text: str):
    return tokyo.call("POST", "/x/1/receipts", text.encode(), kind=JOSE)


def test_a_queued_message_is_sealed_on_disk_kept_in_the_vault_and_has_e1(sent, tokyo, partner):
    sealed = spool.absolute(sent.sealed_path).read_bytes()
    assert hashlib.sha256(sealed).hexdigest() == sent.sealed_sha256
    plain = io.BytesIO()
    opened = envelope.open_stream(io.BytesIO(sealed), plain, tokyo.keys.kem_private())
    assert opened.public == {
        "message_id": str(sent.uid),
        "from": "kyiv.test.comity.example",
        "to": tokyo.node_id,
        "kind": "message",
    }
    assert hashlib.sha256(plain.getvalue()).hexdigest() == sent.container_sha256
    findings = container.open_container(plain).check(
        [ledger.keyring().seal_certificate_pem], [], now()
    )
    assert all(finding.ok is not False for finding in findings)
    with vault.open_file(SENDER, sent.container) as kept:
        assert kept.read() == plain.getvalue()
    own = Receipt.objects.get(message_id=sent.uid)
    assert (own.event, own.direction) == ("E1", Direction.OWN)


def test_the_seal_carries_trusted_time_if_an_authority_answers_and_goes_without_if_none_does(
    send, tsa, settings
):
    url, root = tsa
    settings.COMITY_TSA_ROOTS = [root]
    settings.COMITY_TSA_URLS = [url]
    assert send().time_stamped
    settings.COMITY_TSA_URLS = ["http://127.0.0.1:9/"]
    assert not send().time_stamped


def test_receipts_move_a_message_from_queued_to_acknowledged(sent, tokyo, listener):
    for event, status in (
        ("E2", "relayed"),
        ("E3", "consigned"),
        ("E4", "handed_over"),
        ("E5", "acknowledged"),
    ):
        assert deliver(tokyo, tokyo.receipt(Event(event), sent)).status_code == 200
        sent.refresh_from_db()
        assert sent.status == status
    assert list(Receipt.objects.about(sent.uid).values_list("event", flat=True)) == [
        "E1", "E2", "E3", "E4", "E5",
    ]  # fmt: skip


def test_the_same_receipt_again_is_held_once(sent, tokyo, listener):
    text = tokyo.receipt(Event.RELAYED, sent)
    assert deliver(tokyo, text).json() == {"held": True}
    assert deliver(tokyo, text).json() == {"held": True}
    assert Receipt.objects.filter(direction=Direction.GOT).count() == 1


def test_a_refused_message_waits_for_an_officer_who_may_send_it_again(
    sent, tokyo, listener, lawyer, officer
):
    text = tokyo.receipt(Event.NOT_DELIVERED, sent, details={"reason": "message.type_not_agreed"})
    deliver(tokyo, text)
    sent.refresh_from_db()
    assert (sent.status, sent.last_error) == ("dead", "message.type_not_agreed")
    with override_settings(ROOT_URLCONF="comity.node.urls"):
        assert [row.verb for row in work_for(lawyer)] == ["Look"]
    with pytest.raises(NotAllowed):
        actions.resend(officer(Role.AUDITOR), sent)
    actions.resend(lawyer, sent)
    sent.refresh_from_db()
    assert (sent.status, sent.last_error) == ("queued", "")
    deliver(tokyo, tokyo.receipt(Event.CONSIGNED, sent))
    sent.refresh_from_db()
    assert sent.status == "consigned"
    with pytest.raises(WrongState):
        actions.resend(lawyer, sent)


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"message_id": uuid.uuid4()}, 404, "receipt.unknown_message"),
        ({"sealed_sha256": "0" * 64}, 422, "receipt.other_digest"),
        ({"container_sha256": "0" * 64}, 422, "receipt.other_digest"),
        ({"node_id": "hague.test.comity.example"}, 422, "receipt.other_node"),
        ({"event": Event.ACCEPTED_FOR_SENDING}, 422, "receipt.event"),
        ({"prev": "1" * 64}, 409, "receipt.chain"),
    ],
)
def test_a_receipt_that_does_not_fit_changes_nothing(
    sent, tokyo, listener, changes, status, reason
):
    answer = deliver(tokyo, tokyo.receipt(Event.CONSIGNED, sent, **changes))
    assert (answer.status_code, answer.json()["error"]) == (status, reason)
    sent.refresh_from_db()
    assert sent.status == "queued"
    assert not Receipt.objects.filter(direction=Direction.GOT).exists()
    recorded = [] if reason == "receipt.chain" else [reason]
    assert list(Rejection.objects.values_list("reason", flat=True)) == recorded


def test_somebody_elses_receipt_is_refused(sent, tokyo, hague, paired, listener):
    paired(hague)
    theirs = hague.receipt(Event.CONSIGNED, sent)
    by_hague = hague.call("POST", "/x/1/receipts", theirs.encode(), kind=JOSE)
    assert by_hague.json()["error"] == "receipt.unknown_message"
    by_tokyo = deliver(tokyo, theirs)
    assert by_tokyo.json()["error"] == "receipt.other_certificate"
    sent.refresh_from_db()
    assert sent.status == "queued"


def test_a_missing_receipt_is_asked_for_and_the_chain_closes(send, tokyo, listener, partner):
    first, second = send(), send()
    texts = [tokyo.receipt(Event.RELAYED, first), tokyo.receipt(Event.RELAYED, second)]
    assert deliver(tokyo, texts[1]).json()["error"] == "receipt.chain"
    # As the answer to the message it may come first: the other is still on its way.
    actions.keep_receipt(partner, texts[1], in_answer=True)
    assert deliver(tokyo, texts[0]).status_code == 200


def test_an_answer_that_was_cut_off_is_asked_for_before_anything_new(
    send, tokyo, listener, partner
):
    """Answers got lost, two in a row, and later ones came: nobody would ever send the lost ones."""
    messages = [send() for _ in range(7)]
    answers = [tokyo.receipt(Event.RELAYED, one) for one in messages]
    for number in (0, 2, 6):
        actions.keep_receipt(partner, answers[number], in_answer=True)
    texts = {receipts.digest(text): text for text in answers}
    before = {receipts.digest(text): earlier for earlier, text in pairwise(answers)}
    waiting, new = [], tokyo.receipt(Event.CONSIGNED, messages[0])
    for _ in range(20):  # as a giver does: what is missing goes first, the oldest before the others
        text = min([*waiting, new], key=[*answers, new].index)
        answer = deliver(tokyo, text)
        if answer.status_code == 200:
            waiting = [one for one in waiting if one != text]
            if text == new:
                break
            continue
        missing = answer.json()["facts"].get("missing")
        waiting.append(texts[missing] if missing else before[receipts.digest(text)])
    else:
        pytest.fail("the giver and the receiver never come to an end")
    held = {row.prev: row for row in Receipt.objects.filter(direction=Direction.GOT)}
    at, length = "", 0
    while at in held:
        at, length = held[at].digest, length + 1
    assert length == len(held) == 8
    assert not Receipt.objects.filter(prev_missing=True).exists()


def test_a_node_that_rewrites_its_history_is_found_out(send, tokyo, listener, partner):
    first, second, third = send(), send(), send()
    tokyo.head = (50, "a" * 64)
    deliver(tokyo, tokyo.receipt(Event.RELAYED, first))
    chain = tokyo.chain
    deliver(tokyo, tokyo.receipt(Event.RELAYED, second))
    tokyo.chain = chain
    forked = deliver(tokyo, tokyo.receipt(Event.RELAYED, third))
    assert forked.json()["error"] == "receipt.fork"
    partner.refresh_from_db()
    assert partner.history_doubted_at is not None
    assert partner.head_size == 50


@pytest.mark.parametrize("head", [(49, "a" * 64), (50, "b" * 64)])
def test_a_ledger_that_shrinks_or_changes_is_found_out(send, tokyo, listener, partner, head):
    tokyo.head = (50, "a" * 64)
    deliver(tokyo, tokyo.receipt(Event.RELAYED, send()))
    tokyo.head = head
    assert deliver(tokyo, tokyo.receipt(Event.RELAYED, send())).json()["error"] == "receipt.history"
    partner.refresh_from_db()
    assert partner.history_doubted_at is not None


def test_our_own_receipts_form_one_chain_with_the_ledgers_head(tokyo, partner, listener):
    texts = []
    for _ in range(3):
        texts.append(tokyo.put(tokyo.message()).content.decode())
        ledger.sequence_pending()
    chain = receipts.check_chain(texts, ledger.keyring().seal_certificate_pem)
    assert chain[0].prev == ""
    assert chain[-1].head_size > chain[0].head_size


def test_an_officer_who_opens_and_registers_gives_e4_and_e5_once(
    tokyo, partner, listener, open_inbox, lawyer
):
    message = tokyo.message()
    tokyo.put(message)
    kept = IncomingMessage.objects.get()
    with pytest.raises(WrongState):
        actions.record_handed_over(lawyer, kept)
    open_inbox()
    for _ in range(2):
        actions.record_handed_over(lawyer, kept)
        actions.record_acknowledged(lawyer, kept, registered_as="L-0042")
    given = Receipt.objects.about(message.id)
    assert list(given.values_list("event", flat=True)) == ["E2", "E3", "E4", "E5"]
    stated = receipts.verify(given.last().text, ledger.keyring().seal_certificate_pem)
    assert stated.details == {"registered_as": "L-0042"}
    assert stated.actor_role == "central_authority"


def test_nothing_is_queued_for_a_partner_that_is_not_connected(partner, lawyer):
    prepared = actions.prepare_message(
        partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
    )
    actions.revoke_partner(lawyer, partner)
    with pytest.raises(Refused, match=r"exchange\.partner_not_active"):
        actions.queue_message(SENDER, prepared)
    partner.refresh_from_db()
    with pytest.raises(Refused, match=r"exchange\.partner_not_active"):
        actions.prepare_message(partner, "note/1", body={}, conversation=uuid.uuid4())
    assert not OutgoingMessage.objects.exists()


def test_a_type_that_was_not_agreed_is_not_sent(partner):
    with pytest.raises(Refused, match=r"exchange\.type_not_agreed"):
        actions.prepare_message(partner, "reply/1", body={}, conversation=uuid.uuid4())


def test_two_messages_prepared_for_one_place_in_a_conversation_do_not_both_leave(partner):
    conversation = uuid.uuid4()
    first, second = (
        actions.prepare_message(partner, "note/1", body={"text": "x"}, conversation=conversation)
        for _ in range(2)
    )
    actions.queue_message(SENDER, first)
    with pytest.raises(Refused, match=r"exchange\.conversation_moved"):
        actions.queue_message(SENDER, second)
    assert OutgoingMessage.objects.count() == 1


def test_what_rolls_back_is_not_queued_and_its_bytes_are_swept(partner):
    prepared = actions.prepare_message(
        partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
    )
    with transaction.atomic():
        actions.queue_message(SENDER, prepared)
        transaction.set_rollback(True)
    assert not OutgoingMessage.objects.exists()
    assert not StoredFile.objects.exists()
    assert actions.sweep_outgoing(-1) == 1
    assert not spool.absolute(prepared.sealed_path).exists()


def test_an_attachment_that_is_not_what_it_was_is_refused(partner):
    changed = actions.Attachment(
        "exhibit-1.bin", lambda: io.BytesIO(b"other"), 5, "text/plain", "0" * 64
    )
    with pytest.raises(Refused, match=r"exchange\.attachment_changed"):
        actions.prepare_message(
            partner, "note/1", body={}, conversation=uuid.uuid4(), attachments=[changed]
        )


def test_a_receipt_that_does_not_come_is_stated_and_the_message_still_tried(sent, partner):
    assert not actions.clocks_have_run_out()
    OutgoingMessage.objects.update(created_at=now() - timedelta(hours=13))
    assert actions.clocks_have_run_out()
    assert actions.state_failures() == 1
    assert actions.state_failures() == 0
    events = Receipt.objects.about(sent.uid).values_list("event", flat=True)
    assert list(events) == ["E1", "F2"]
    sent.refresh_from_db()
    assert sent.status == "queued"


def test_a_partner_that_does_not_answer_is_tried_again_within_five_minutes(sent, partner):
    Partner.objects.update(descriptor=partner.descriptor)
    assert tasks.delivery_is_due()
    assert tasks.deliver() == 1
    partner.refresh_from_db()
    assert partner.failures == 1
    assert partner.last_error == "net.refused"
    assert partner.leased_until is None
    assert not tasks.delivery_is_due()
    sent.refresh_from_db()
    assert sent.status == "queued"


@given(st.integers(1, 1000), st.floats(0, 1))
def test_pauses_grow_and_never_exceed_five_minutes(failures, chance):
    pause = rules.pause_seconds(failures, chance)
    assert 0 < pause <= 300
    assert pause <= rules.pause_seconds(failures + 1, 1.0)
    assert rules.SMALLEST_PART_BYTES <= rules.part_bytes(failures) <= rules.LARGEST_PART_BYTES


@given(st.lists(st.sampled_from(list(Event))))
def test_no_receipt_moves_a_message_back(events):
    order = list(OutgoingStatus)[:5]
    status = OutgoingStatus.QUEUED
    for event in events:
        following = rules.after(status, event)
        if status in order[2:]:
            assert following in order
        if status in order and following in order:
            assert order.index(following) >= order.index(status)
        status = following


def test_every_order_of_receipts_ends_at_the_furthest():
    events = [Event.RELAYED, Event.CONSIGNED, Event.HANDED_OVER, Event.ACKNOWLEDGED]
    for order in itertools.permutations(events):
        status = OutgoingStatus.QUEUED
        for event in order:
            status = rules.after(status, event)
        assert status is OutgoingStatus.ACKNOWLEDGED


def test_a_bad_receipt_raises_untrusted_and_nothing_else(partner):
    for text in ("", "a.b.c", "…", "x" * 1000):
        with pytest.raises(Untrusted):
            actions.keep_receipt(partner, text)
