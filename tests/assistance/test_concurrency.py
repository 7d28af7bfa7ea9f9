"""Two officers press at once: one letter, one reply leaves. Runs where rows can be locked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest
from comity.assistance.rules import DeskState, State, TextKind
from comity.core.errors import Refused, WrongState
from comity.evidence import actions as evidence
from comity.evidence.models import Disclosure
from comity.evidence.rules import Origin
from comity.exchange import actions as exchange
from comity.exchange.models import OutgoingMessage
from comity.ledger.models import Entry
from comity.vault import storage
from tests.assistance.conftest import WORDS, queued
from tests.assistance.test_desk import executed, with_original
from tests.core.documents.invented import TOKYO

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not settings.DATABASES["default"]["ENGINE"].endswith("postgresql"),
        reason="DATABASE_URL names no PostgreSQL: SQLite has one writer and locks no rows",
    ),
]


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run the acts in threads that start together; return results and exceptions."""
    gate = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int) -> None:
        gate.wait()
        try:
            results[place] = acts[place]()
        except Refused as refusal:
            results[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def fresh(officer: Officer) -> Officer:
    return Officer.objects.get(pk=officer.pk)


def test_of_four_officers_who_send_at_once_one_letter_leaves(kyiv) -> None:
    letter = kyiv.complete()
    actions.attach_item(kyiv.prosecutor, letter, kyiv.item(), title=WORDS)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    senders = [fresh(one) for one in (kyiv.lawyer, kyiv.second_lawyer) * 2]
    results = at_once(*(lambda one=one: actions.send_letter(one, letter) for one in senders))
    refused = [one for one in results if one is not None]
    assert len(refused) == 3
    assert all(isinstance(one, WrongState) for one in refused), refused
    assert len(queued(letter, "letter/1")) == 1
    assert Disclosure.objects.count() == 1
    assert Entry.objects.filter(kind="assistance.letter_sent").count() == 1


def test_sending_and_giving_back_at_once_leave_one_outcome(kyiv) -> None:
    letter = kyiv.approved()
    lawyer, supervisor = fresh(kyiv.lawyer), fresh(kyiv.supervisor)
    results = at_once(
        lambda: actions.send_letter(lawyer, letter),
        lambda: actions.return_letter(supervisor, letter, reason="Ще одне питання."),
    )
    refused = [one for one in results if one is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], WrongState)
    state = LetterOfRequest.objects.get(pk=letter.pk).state
    assert (state == State.SENT) == bool(queued(letter, "letter/1"))
    assert state in {State.SENT, State.DRAFT}


def test_two_officers_who_release_at_once_send_one_reply(kyiv, asked) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    first, second = fresh(kyiv.lawyer), fresh(kyiv.second_lawyer)
    results = at_once(
        lambda: actions.release_reply(first, letter, signatory=TOKYO),
        lambda: actions.release_reply(second, letter, signatory=TOKYO),
    )
    refused = [one for one in results if one is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], WrongState)
    assert len(queued(letter, "reply/1")) == 1
    assert Disclosure.objects.count() == 1
    assert LetterOfRequest.objects.get(pk=letter.pk).state == DeskState.RELEASED


def test_a_text_that_changes_while_it_is_printed_keeps_the_approval_back(kyiv) -> None:
    letter = kyiv.reviewed()
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    before = set(storage.object_names(0))
    supervisor, lawyer = fresh(kyiv.supervisor), fresh(kyiv.lawyer)

    def change_once_printing_has_begun() -> None:
        until = time.monotonic() + 30
        while set(storage.object_names(0)) == before and time.monotonic() < until:
            time.sleep(0.002)
        actions.translate_paragraph(
            lawyer, fact, language="en", text="Changed meanwhile.", translator="x"
        )

    results = at_once(
        lambda: actions.approve_letter(supervisor, letter), change_once_printing_has_begun
    )
    assert isinstance(results[0], WrongState)
    letter.refresh_from_db()
    assert letter.state == State.DRAFT  # a reviewed text changed: the review begins anew
    assert not letter.documents.exists()


def test_two_reports_at_once_are_both_kept_as_one(kyiv, asked, officer) -> None:
    from tests.assistance.test_desk import REPORT, accepted

    letter = accepted(kyiv, asked)
    one, other = fresh(kyiv.executing), fresh(kyiv.executing)
    report = actions.Report(0, "executed", REPORT, "uk")
    results = at_once(
        lambda: actions.execute_letter(one, letter, reports=[report]),
        lambda: actions.execute_letter(other, letter, reports=[report]),
    )
    assert not [result for result in results if isinstance(result, Refused)]
    assert letter.reply.reports.count() == 1
    assert OutgoingMessage.objects.filter(type="reply/1").count() == 0


def carrying(kyiv) -> LetterOfRequest:
    """An approved letter with an exhibit that rests on a person's consent."""
    letter = kyiv.complete()
    item = kyiv.item(b"her account", origin=Origin.PERSON)
    kyiv.consent(item, "consent:7")
    actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    return letter


def test_withdrawing_and_sending_at_once_leave_no_letter_on_its_way(kyiv) -> None:
    letter = carrying(kyiv)
    lawyer, coordinator = fresh(kyiv.lawyer), fresh(kyiv.coordinator)
    results = at_once(
        lambda: actions.send_letter(lawyer, letter),
        lambda: evidence.withdraw_release(coordinator, source_ref="consent:7"),
    )
    assert results[1] == 1
    assert LetterOfRequest.objects.get(pk=letter.pk).state == State.STOPPED
    assert not OutgoingMessage.objects.exclude(status="stopped").exists()
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("attempt", range(5))
def test_withdrawing_while_a_worker_hands_over_gives_one_of_two_ends(kyiv, attempt) -> None:
    letter = carrying(kyiv)
    actions.send_letter(kyiv.lawyer, letter)
    message, coordinator = OutgoingMessage.objects.get(), fresh(kyiv.coordinator)
    hand, _ended = at_once(
        lambda: exchange.begin_handing(message),
        lambda: evidence.withdraw_release(coordinator, source_ref="consent:7"),
    )
    message.refresh_from_db()
    letter.refresh_from_db()
    if hand is None:
        assert (message.status, letter.state) == ("stopped", State.STOPPED)
        assert letter.withdrawn_late_at is None
    else:
        assert (message.status, letter.state) == ("queued", State.SENT)
        assert message.stop_asked_at is not None
        assert letter.withdrawn_late_at is not None
        assert Disclosure.objects.count() == 1
