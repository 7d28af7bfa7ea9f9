"""Several workers and several calls at once, on a real database: each thing happens once."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection

from comity.core.access import NodeActor
from comity.core.errors import Untrusted
from comity.exchange import actions, spool, tasks
from comity.exchange.models import IncomingMessage, OutgoingMessage, Receipt
from comity.exchange.rules import Direction
from tests.exchange.conftest import notes_received
from tests.exchange.other_node import OCTETS, now, send

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("listener")]


@pytest.fixture(autouse=True)
def many_calls(settings) -> None:
    """As many calls of one partner at once as these tests make."""
    settings.COMITY_EXCHANGE_PARTNER_CALLS = 8


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Run all in threads of their own, started together; results and Untrusted errors in order."""
    results: list[object] = [None] * len(works)
    gate = threading.Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        gate.wait()
        try:
            results[place] = work()
        except Untrusted as doubt:
            results[place] = doubt.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_three_workers_open_every_message_once_and_in_order(partner, tokyo):
    conversations = [uuid.uuid4() for _ in range(3)]
    sent = []
    for seq in range(4):
        for conversation in conversations:
            message = tokyo.message(conversation=conversation, seq=seq)
            assert tokyo.put(message).status_code == 201
            sent.append(str(message.id))
    for _ in range(5):
        at_once([tasks.work] * 3)
        IncomingMessage.objects.update(next_attempt_at=None)
    assert sorted(notes_received()) == sorted(sent)
    given = Receipt.objects.filter(direction=Direction.GIVEN)
    assert given.filter(event="E3").count() == len(sent)
    followed = set(given.exclude(prev="").values_list("prev", flat=True))
    assert len(followed) == given.count() - 1


def test_a_worker_that_outlived_its_lease_does_not_hand_on_a_second_time(partner, tokyo):
    message = tokyo.message()
    tokyo.put(message)
    slow = actions.claim_incoming()[0]
    assert actions.claim_incoming() == []
    IncomingMessage.objects.update(leased_until=now())
    quick = actions.claim_incoming()[0]
    done = at_once([lambda: tasks._work_on(quick), lambda: tasks._work_on(slow)])
    assert sorted(done) == [False, True]
    assert notes_received() == [str(message.id)]
    assert Receipt.objects.filter(event="E3").count() == 1


def test_one_call_sent_twice_at_once_passes_once(partner, tokyo):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    path = f"/x/1/messages/{message.id}"
    fields = tokyo.signed("PUT", path, sealed, OCTETS)
    answers = at_once([lambda: send("PUT", path, sealed, fields).status_code] * 3)
    assert sorted(answers) == [201, 409, 409]
    assert IncomingMessage.objects.count() == 1


def test_the_same_message_in_several_calls_at_once_is_kept_once(partner, tokyo):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    answers = at_once([lambda: tokyo.put(message, sealed)] * 4)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.content for answer in answers}) == 1
    kept = IncomingMessage.objects.get()
    assert spool.absolute(kept.sealed_path).read_bytes() == sealed


def test_parts_of_one_blob_at_once_leave_one_whole_blob(partner, tokyo):
    sealed = tokyo.seal(b"x" * 3_000_000, uuid.uuid4(), "blob")
    for _ in range(20):
        answers = at_once([lambda: tokyo.put_blob(sealed)] * 3)
        assert {answer.status_code for answer in answers} <= {204, 409, 423}
        if any(answer.status_code == 204 for answer in answers):
            break
    assert tokyo.put_blob(sealed).status_code == 204
    assert actions.announce_blob(partner, _digest(sealed), len(sealed)).complete


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()


def test_only_one_worker_serves_a_partner_and_a_silent_one_loses_its_lease(partner, settings):
    settings.COMITY_EXCHANGE_LEASE_SECONDS = 60
    prepared = actions.prepare_message(
        partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
    )
    actions.queue_message(NodeActor("test"), prepared)
    claimed = at_once([actions.claim_partner] * 4)
    assert [each for each in claimed if each is not None] == [partner]
    assert actions.claim_partner() is None
    type(partner).objects.update(leased_until=now())
    assert actions.claim_partner() == partner


def test_two_messages_for_one_place_queued_at_once_leave_once(partner):
    conversation = uuid.uuid4()
    prepared = [
        actions.prepare_message(partner, "note/1", body={"text": "x"}, conversation=conversation)
        for _ in range(2)
    ]
    sender = NodeActor("test")

    def queue(number: int) -> object:
        try:
            return actions.queue_message(sender, prepared[number])
        except Exception as refusal:  # noqa: BLE001 - the test looks at it
            return getattr(refusal, "code", repr(refusal))

    results = at_once([lambda: queue(0), lambda: queue(1)])
    assert "exchange.conversation_moved" in results
    assert OutgoingMessage.objects.count() == 1
