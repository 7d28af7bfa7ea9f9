"""One partner can neither fill this node nor hold it up nor flood what is recorded."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid

import pytest
from django.test import RequestFactory

from comity.core.access import NodeActor
from comity.core.errors import Untrusted
from comity.exchange import actions, arriving, partner_views, spool, tasks
from comity.exchange.models import (
    IncomingBlob,
    IncomingMessage,
    OutgoingMessage,
    Partner,
    Rejection,
)
from comity.exchange.showing import message_rows
from comity.exchange.transport import Answer
from comity.ledger.models import Entry
from tests.exchange.other_node import OCTETS, now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listener")]


def blob(tokyo, size: int) -> bytes:
    return tokyo.seal(b"x" * size, uuid.uuid4(), "blob")


def test_a_partner_fills_no_more_than_its_quota_with_messages(partner, tokyo, settings):
    sealed = [tokyo.message() for _ in range(2)]
    bodies = [tokyo.sealed(each) for each in sealed]
    settings.COMITY_EXCHANGE_PARTNER_QUOTA = len(bodies[0]) + 10
    assert tokyo.put(sealed[0], bodies[0]).status_code == 201
    answer = tokyo.put(sealed[1], bodies[1])
    assert answer.status_code == 507
    assert answer.json()["error"] == "partner.storage"
    assert int(answer["Retry-After"]) > 0
    assert tokyo.put(sealed[0], bodies[0]).status_code == 200  # known: the same receipt again
    assert IncomingMessage.objects.count() == 1


def test_blobs_count_as_announced_and_those_announced_come_to_their_end(partner, tokyo, settings):
    first, second = blob(tokyo, 100_000), blob(tokyo, 100_000)
    settings.COMITY_EXCHANGE_PARTNER_QUOTA = len(first) + 10
    assert tokyo.put_blob(first, 0, 1000).status_code == 204
    refused = tokyo.put_blob(second)
    assert (refused.status_code, refused.json()["error"]) == (507, "partner.storage")
    assert tokyo.put_blob(first, 1000).status_code == 204
    assert IncomingBlob.objects.get().complete
    assert not spool.blob_path(partner.uid, hashlib.sha256(second).hexdigest()).exists()


def test_room_comes_back_when_a_message_was_handed_on(partner, tokyo, settings, open_inbox):
    message = tokyo.message()
    body = tokyo.sealed(message)
    settings.COMITY_EXCHANGE_PARTNER_QUOTA = len(body) + 10
    tokyo.put(message, body)
    open_inbox()
    actions.forget_handled()
    assert actions.held_bytes(partner) == 0
    assert tokyo.put(tokyo.message()).status_code == 201


def test_new_messages_are_limited_by_the_hour(partner, tokyo, settings):
    settings.COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR = 2
    for _ in range(2):
        assert tokyo.put(tokyo.message()).status_code == 201
    answer = tokyo.put(tokyo.message())
    assert (answer.status_code, answer.json()["error"]) == (429, "partner.quota")
    assert 3500 < int(answer["Retry-After"]) <= 3601
    before = now().replace(year=now().year - 1)
    IncomingMessage.objects.filter(pk=IncomingMessage.objects.first().pk).update(received_at=before)
    assert tokyo.put(tokyo.message()).status_code == 201


def test_refusals_of_made_up_ids_are_one_row_and_one_entry_with_a_count(partner, tokyo, settings):
    settings.COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR = 1
    tokyo.put(tokyo.message())
    entries = Entry.objects.count()
    for _ in range(5):
        tokyo.put(tokyo.message())
        other = uuid.uuid4()
        tokyo.call("PUT", f"/x/1/messages/{other}", b"no envelope at all")
    rows = Rejection.objects.order_by("reason").values_list("reason", "times")
    assert list(rows) == [("partner.quota", 10)]
    settings.COMITY_EXCHANGE_PARTNER_MESSAGES_PER_HOUR = 100
    for _ in range(5):
        tokyo.call("PUT", f"/x/1/messages/{uuid.uuid4()}", b"no envelope at all")
    assert sorted(Rejection.objects.values_list("times", flat=True)) == [5, 10]
    assert Entry.objects.count() == entries + 2


def test_a_partner_has_so_many_calls_at_once_and_no_more(partner, tokyo):
    with arriving.place(partner.pk), arriving.place(partner.pk):
        answer = tokyo.put(tokyo.message())
        assert (answer.status_code, answer.json()["error"]) == (429, "partner.busy")
        assert answer["Retry-After"] == "5"
        with arriving.place(partner.pk + 1):
            pass
    assert tokyo.put(tokyo.message()).status_code == 201
    assert not Rejection.objects.exists()


class Slow:
    """A connection on which nothing comes until it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def read(self, size: int, /) -> bytes:
        self.closed.wait(20)
        return b""


def test_a_body_that_comes_too_slowly_is_given_up_and_its_place_stays_taken(partner, settings):
    settings.COMITY_EXCHANGE_BODY_SECONDS = 0
    settings.COMITY_EXCHANGE_BODY_BYTES_PER_SECOND = 1_000_000
    settings.COMITY_EXCHANGE_PARTNER_CALLS = 1
    line, started = Slow(), time.monotonic()
    with pytest.raises(Untrusted) as slow, arriving.place(partner.pk) as place:
        spool.take_body(place.body(line, 200_000), 200_000)
    assert slow.value.code == "call.slow"
    assert time.monotonic() - started < 5
    assert list(spool.folder("arriving").iterdir()) == []
    with pytest.raises(Untrusted), arriving.place(partner.pk):
        pass
    line.closed.set()
    for _ in range(100):
        time.sleep(0.05)
        try:
            with arriving.place(partner.pk):
                return
        except Untrusted:
            continue
    pytest.fail("the place is never free again")


def test_a_slow_call_is_answered_with_408(partner, tokyo, settings):
    settings.COMITY_EXCHANGE_BODY_SECONDS = 0
    settings.COMITY_EXCHANGE_BODY_BYTES_PER_SECOND = 1_000_000
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    path = f"/x/1/messages/{message.id}"
    fields = tokyo.signed("PUT", path, sealed, OCTETS)
    kind = fields.pop("Content-Type")
    request = RequestFactory().generic("PUT", path, sealed, headers=fields, content_type=kind)
    line = Slow()
    request.read = line.read
    answer = partner_views.message(request, message_id=message.id)
    line.closed.set()
    assert answer.status_code == 408
    assert not IncomingMessage.objects.exists()


def queued(partner) -> OutgoingMessage:
    prepared = actions.prepare_message(
        partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
    )
    return actions.queue_message(NodeActor("test"), prepared)


def refusal(status: int, code: str, wait: int) -> Answer:
    body = f'{{"error":"{code}","facts":{{}}}}'.encode()
    return Answer(status, {"content-type": "application/json", "retry-after": str(wait)}, body)


def test_our_side_waits_as_long_as_it_is_asked_to_and_the_outbox_says_why(partner, settings):
    settings.ROOT_URLCONF = "comity.node.urls"
    message = queued(partner)
    with pytest.raises(tasks.Later):
        tasks._take_answer(partner, message, refusal(429, "partner.quota", 1800))
    partner = Partner.objects.get(pk=partner.pk)
    assert (partner.next_attempt_at - now()).total_seconds() > 1700
    message = OutgoingMessage.objects.select_related("partner").get()
    assert message.status == "queued"
    (row,) = message_rows([message])
    assert row.next.startswith("Their node takes only so many new messages")
    assert row.due == partner.next_attempt_at


def test_no_room_for_one_message_there_holds_up_no_other(partner, settings):
    settings.ROOT_URLCONF = "comity.node.urls"
    message = queued(partner)
    tasks._take_answer(partner, message, refusal(507, "partner.storage", 3600))
    message = OutgoingMessage.objects.select_related("partner").get()
    assert (message.status, message.last_error) == ("queued", "partner.storage")
    assert (message.next_attempt_at - now()).total_seconds() > 3500
    assert Partner.objects.get().next_attempt_at is None
    assert message_rows([message])[0].next.startswith("Their node has no room left")


def test_a_wait_beyond_an_hour_is_not_granted(partner):
    message = queued(partner)
    tasks._take_answer(partner, message, refusal(507, "partner.storage", 10**9))
    assert (OutgoingMessage.objects.get().next_attempt_at - now()).total_seconds() < 3700
