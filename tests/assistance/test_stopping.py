"""Consent withdrawn while a letter waits: it is stopped, or the page says that it is too late."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest, work_for
from comity.assistance.rules import DeskState, Event, Guard, State
from comity.core.errors import Incomplete, NotAllowed, Refused, WrongState
from comity.evidence import actions as evidence
from comity.evidence.models import CustodyRecord, Disclosure, Item, ReleaseGrant
from comity.evidence.rules import CustodyEvent, Origin
from comity.exchange import actions as exchange
from comity.exchange import spool, tasks
from comity.exchange.models import OutgoingBlob, OutgoingMessage, Partner
from comity.ledger.models import Entry
from tests.assistance.conftest import WORDS, queued
from tests.assistance.test_desk import REPORT, accepted, with_original
from tests.core.documents.invented import TOKYO
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
CONSENT = "consent:7"


def again(letter: LetterOfRequest) -> LetterOfRequest:
    return LetterOfRequest.objects.get(pk=letter.pk)


def her_item(kyiv, **fields) -> Item:
    item = kyiv.item(b"her account", origin=Origin.PERSON, **fields)
    kyiv.consent(item, CONSENT)
    return item


def carrying(kyiv) -> LetterOfRequest:
    """A draft, complete, with an exhibit that rests on a person's consent."""
    letter = kyiv.complete()
    actions.attach_item(kyiv.prosecutor, letter, her_item(kyiv), title=WORDS)
    return again(letter)


def approved(kyiv) -> LetterOfRequest:
    letter = carrying(kyiv)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    return again(letter)


def sent(kyiv) -> LetterOfRequest:
    letter = approved(kyiv)
    actions.send_letter(kyiv.lawyer, letter)
    return again(letter)


def withdraw(kyiv) -> None:
    assert evidence.withdraw_release(kyiv.coordinator, source_ref=CONSENT) == 1


def deliver() -> None:
    """Let the worker try; it looks at their descriptor once an hour only."""
    Partner.objects.update(described_at=timezone.now())
    tasks.deliver()


def message_of(letter: LetterOfRequest) -> OutgoingMessage:
    return OutgoingMessage.objects.filter(conversation=letter.uid).order_by("id").last()


def page(officer: Officer, letter: LetterOfRequest) -> str:
    client = Client()
    client.force_login(officer)
    give_second_step(officer)
    answer = client.get(reverse("letter", args=[letter.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def told(officer: Officer, letter: LetterOfRequest) -> list[str]:
    return [row.detail for row in work_for(officer) if row.url == letter.get_absolute_url()]


def test_a_queued_letter_is_stopped_with_the_withdrawal_and_nothing_sends_it_again(kyiv) -> None:
    letter = sent(kyiv)
    withdraw(kyiv)
    letter, message = again(letter), message_of(letter)
    assert (letter.state, letter.sent_at, letter.letter_message) == (State.STOPPED, None, None)
    assert (message.status, message.last_error) == ("stopped", "release.withdrawn")
    with pytest.raises(WrongState) as refused:
        exchange.resend(kyiv.lawyer, message)
    assert refused.value.code == "exchange.stopped"
    assert not tasks.delivery_is_due()
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert {"assistance.letter_stopped", "exchange.message_stopped"} <= kinds
    exchange.forget_arrived()
    assert not spool.absolute(message.sealed_path).exists()


def test_what_was_stopped_is_no_disclosure_and_its_custody_says_that_it_stayed(kyiv) -> None:
    letter = sent(kyiv)
    assert Disclosure.objects.count() == 1
    withdraw(kyiv)
    assert not Disclosure.objects.exists()
    item = letter.exhibits.get().item
    events = list(CustodyRecord.objects.filter(item=item).values_list("event", flat=True))
    assert events[-2:] == [CustodyEvent.TRANSFERRED_OUT, CustodyEvent.TRANSFER_STOPPED]
    assert item.custody.last().matches_entry


def test_the_page_and_today_say_what_to_do_and_not_whose_consent_it_was(kyiv) -> None:
    letter = sent(kyiv)
    withdraw(kyiv)
    letter = again(letter)
    shown = page(kyiv.prosecutor, letter)
    assert "A consent under which something in it would leave was withdrawn" in shown
    assert kyiv.coordinator.name not in shown
    assert told(kyiv.prosecutor, letter) == [
        "Stopped before it left. Take the exhibit out and have it approved again."
    ]


def test_a_stopped_letter_leaves_without_the_exhibit_after_a_new_approval(kyiv) -> None:
    letter = sent(kyiv)
    withdraw(kyiv)
    for verb in (actions.send_letter, actions.approve_letter, actions.review_letter):
        with pytest.raises((WrongState, NotAllowed)):
            verb(kyiv.lawyer, letter)
    actions.return_letter(kyiv.prosecutor, letter, reason="Take the exhibit out.")
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    with pytest.raises(Refused) as still:
        actions.approve_letter(kyiv.supervisor, letter)
    assert still.value.code == "evidence.no_release"
    actions.return_letter(kyiv.prosecutor, letter, reason="It is still in.")
    actions.detach_item(kyiv.prosecutor, letter.exhibits.get())
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    actions.send_letter(kyiv.lawyer, letter)
    letter = again(letter)
    assert letter.state == State.SENT
    one, other = OutgoingMessage.objects.filter(conversation=letter.uid).order_by("id")
    assert (one.status, other.status) == ("stopped", "queued")
    assert (one.seq, other.seq) == (0, 0)  # their node waits for no message that never comes


@pytest.mark.parametrize("state", [State.REVIEWED, State.APPROVED])
def test_a_letter_that_is_ready_is_stopped_too(kyiv, state) -> None:
    letter = carrying(kyiv)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    if state is State.APPROVED:
        actions.approve_letter(kyiv.supervisor, letter)
    withdraw(kyiv)
    assert again(letter).state == State.STOPPED


def test_a_draft_loses_its_call_for_review(kyiv) -> None:
    letter = carrying(kyiv)
    actions.ask_review(kyiv.prosecutor, letter)
    withdraw(kyiv)
    letter = again(letter)
    assert (letter.state, letter.review_asked_at) == (State.DRAFT, None)
    assert letter.events.first().event == Event.RELEASE_ENDED


def test_another_persons_consent_stops_nothing(kyiv) -> None:
    letter = sent(kyiv)
    other = kyiv.item(b"another account", origin=Origin.PERSON)
    kyiv.consent(other, "consent:8")
    evidence.withdraw_release(kyiv.coordinator, source_ref="consent:8")
    assert again(letter).state == State.SENT
    assert message_of(letter).status == "queued"


def test_a_letter_that_they_hold_stays_sent_and_the_lawyer_asks_them_to_stop(kyiv) -> None:
    letter = sent(kyiv)
    message = message_of(letter)
    partner = Partner.objects.get(pk=kyiv.partner.pk)
    exchange.keep_receipt(partner, kyiv.node.receipt("E2", message), in_answer=True)
    withdraw(kyiv)
    letter = again(letter)
    assert letter.state == State.SENT
    assert letter.withdrawn_late_at is not None
    assert message_of(letter).status == "relayed"
    assert Disclosure.objects.count() == 1
    assert "A consent was withdrawn after this was handed over" in page(kyiv.lawyer, letter)
    assert any("Ask the partner to stop" in one for one in told(kyiv.lawyer, letter))
    with pytest.raises(Incomplete):
        actions.record_partner_asked(kyiv.lawyer, letter, how=" ")
    actions.record_partner_asked(kyiv.lawyer, letter, how="By telephone, to their contact.")
    assert not any("Ask the partner to stop" in one for one in told(kyiv.lawyer, again(letter)))
    with pytest.raises(WrongState):
        actions.record_partner_asked(kyiv.lawyer, letter, how="Twice.")


def test_what_is_being_handed_over_counts_as_handed_over_and_is_not_tried_again(kyiv) -> None:
    letter = sent(kyiv)
    message = message_of(letter)
    assert exchange.begin_handing(message) is not None
    withdraw(kyiv)
    assert again(letter).withdrawn_late_at is not None
    assert again(letter).state == State.SENT
    assert exchange.begin_handing(message) is None
    deliver()
    message = message_of(letter)
    assert (message.status, message.last_error) == ("dead", "exchange.stopped_too_late")
    with pytest.raises(WrongState):
        exchange.resend(kyiv.lawyer, message)


def test_a_try_that_surely_brought_nothing_lets_the_letter_be_stopped_after_all(kyiv) -> None:
    letter = sent(kyiv)
    message = message_of(letter)
    hand = exchange.begin_handing(message)
    withdraw(kyiv)
    exchange.note_not_handed(message, hand)
    deliver()
    letter = again(letter)
    assert message_of(letter).status == "stopped"
    assert (letter.state, letter.withdrawn_late_at) == (State.STOPPED, None)


def test_a_late_worker_does_not_forget_the_try_of_another(kyiv) -> None:
    message = message_of(sent(kyiv))
    slow, quick = exchange.begin_handing(message), exchange.begin_handing(message)
    exchange.note_not_handed(message, slow)
    assert message_of(LetterOfRequest(uid=message.conversation)).handed_at == quick.at
    assert not exchange.stop_message(kyiv.lawyer, message.uid, reason="release.ended").stopped


def test_a_partner_that_cannot_be_reached_leaves_no_mark_of_a_handing_over(kyiv) -> None:
    letter = sent(kyiv)
    OutgoingBlob.objects.update(delivered_at=timezone.now())
    deliver()  # nothing listens at their address
    message = message_of(letter)
    assert (message.status, message.handed_at) == ("queued", None)
    withdraw(kyiv)
    assert message_of(letter).status == "stopped"


def test_sealed_attachments_that_had_begun_to_leave_stay_listed_and_are_asked_back(kyiv) -> None:
    letter = sent(kyiv)
    assert exchange.begin_blob(message_of(letter).blobs.get(name_code="exhibit-1"))
    withdraw(kyiv)
    letter = again(letter)
    assert letter.state == State.STOPPED
    assert letter.withdrawn_late_at is not None
    assert Disclosure.objects.count() == 1


def test_the_worker_looks_once_more_and_stops_what_may_not_leave(kyiv) -> None:
    letter = sent(kyiv)
    yesterday = timezone.localdate() - timedelta(days=1)
    ReleaseGrant.objects.update(valid_until=yesterday)
    deliver()
    assert again(letter).state == State.STOPPED
    assert again(letter).stop_reason == "release.ended"
    assert message_of(letter).status == "stopped"


def answered(kyiv, asked, *, release: bool = True) -> LetterOfRequest:
    """A letter of Tokyo answered with an item that rests on a person's consent."""
    letter = accepted(kyiv, asked)
    item = her_item(kyiv, actor=kyiv.executing, access=[("letter", letter.uid)])
    actions.execute_letter(
        kyiv.executing,
        letter,
        reports=[actions.Report(0, "executed", REPORT, "uk")],
        items=[actions.Handed(item, WORDS)],
    )
    letter = with_original(kyiv, letter)
    if release:
        actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    return again(letter)


def test_a_reply_is_stopped_and_released_again_without_the_item(kyiv, asked) -> None:
    letter = answered(kyiv, asked)
    withdraw(kyiv)
    letter = again(letter)
    assert (letter.state, letter.released_at) == (DeskState.STOPPED, None)
    assert [one.status for one in queued(letter, "reply/1")] == ["stopped"]
    assert not Disclosure.objects.exists()
    assert "Reply stopped before it left" in page(kyiv.executing, letter)
    with pytest.raises(Refused) as closed:
        actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    assert closed.value.facts["guards"] == [Guard.ITEMS_FREE]
    actions.take_back_item(kyiv.executing, letter.reply.items.get())
    actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    assert again(letter).state == DeskState.RELEASED
    assert sorted(one.status for one in queued(letter, "reply/1")) == ["queued", "stopped"]


def test_a_reply_being_prepared_says_that_an_item_may_no_longer_leave(kyiv, asked) -> None:
    letter = answered(kyiv, asked, release=False)
    withdraw(kyiv)
    letter = again(letter)
    assert letter.events.first().event == Event.RELEASE_ENDED
    assert not actions.execution_of(letter).items_free
