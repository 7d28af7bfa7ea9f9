"""A partner's letter at our desk: registered, executed and answered, nothing past a guard."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from comity.assistance import actions, bodies
from comity.assistance.models import LetterOfRequest, Reply, work_for
from comity.assistance.rules import DeskState, Guard
from comity.core.access import Compartment, Role
from comity.core.documents.replies import Outcome
from comity.core.errors import Incomplete, NotAllowed, Refused, WrongState
from comity.core.law.letters import as_body
from comity.evidence import actions as evidence
from comity.evidence.models import Disclosure, Item
from comity.evidence.rules import Origin, Use
from comity.exchange.models import OutgoingBlob, OutgoingMessage, Receipt
from tests.assistance.conftest import (
    LAW_TEXT,
    WORDS,
    join,
    queued,
    tokyo_says,
    tokyos_letter,
)
from tests.core.documents.invented import TOKYO
from tests.core.law.invented import LETTER
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>{{ 7|add:7 }}"
REPORT = {"uk": "Виконано.", "ja": "実施した。", "en": "Executed."}
CONDITION = bodies.Condition("no_publication", WORDS, (Use.PUBLICATION,))
REGISTRATION = actions.Registration(
    "14/2-118вх-26",
    {"uk": "Відділ", "ja": "国際部", "en": "Department"},
    TOKYO,
    contact=LETTER.contact,
)


def again(letter: LetterOfRequest) -> LetterOfRequest:
    return LetterOfRequest.objects.get(pk=letter.pk)


def registered(kyiv, letter) -> LetterOfRequest:
    actions.register_letter(kyiv.lawyer, letter, REGISTRATION)
    return again(letter)


def accepted(kyiv, letter) -> LetterOfRequest:
    letter = registered(kyiv, letter)
    actions.accept_letter(kyiv.lawyer, letter, executing=[kyiv.executing])
    return again(letter)


def obtained(kyiv, letter, content: bytes = b"records") -> Item:
    return kyiv.item(
        content,
        actor=kyiv.executing,
        access=[("letter", letter.uid)],
        compartment=Compartment.DISCLOSABLE,
    )


def executed(kyiv, letter) -> LetterOfRequest:
    letter = accepted(kyiv, letter)
    actions.execute_letter(
        kyiv.executing,
        letter,
        reports=[actions.Report(0, Outcome.EXECUTED, REPORT, "uk")],
        items=[actions.Handed(obtained(kyiv, letter), WORDS)],
    )
    return again(letter)


def with_original(kyiv, letter) -> LetterOfRequest:
    actions.record_original(kyiv.lawyer, letter, timezone.localdate(), "EMS 1")
    return again(letter)


def test_a_letter_arrives_as_it_was_written_with_its_papers(kyiv, asked) -> None:
    assert asked.desk_state is DeskState.RECEIVED
    assert (asked.requesting, asked.requested) == ("JP-MOJ", "UA-OPG")
    assert asked.body == tokyos_letter()
    assert asked.papers.get().kind == "provisions"
    assert asked.documents.get(language="uk").kind == "letter"
    assert [row.verb for row in work_for(kyiv.lawyer)] == ["Register"]


def test_only_the_desk_sees_a_letter_that_has_just_come(kyiv, asked) -> None:
    assert LetterOfRequest.objects.visible_to(kyiv.second_lawyer).filter(pk=asked.pk).exists()
    assert not LetterOfRequest.objects.visible_to(kyiv.executing).exists()
    assert not LetterOfRequest.objects.visible_to(kyiv.prosecutor).filter(pk=asked.pk).exists()


def spoken_for_another(body) -> None:
    body["requesting"]["state"] = "UA"


def addressed_elsewhere(body) -> None:
    body["requested"] = dict(body["requesting"])


def of_unknown_type(body) -> None:
    body["measures"][0]["type"] = "anything"


def without_measure(body) -> None:
    body["measures"] = []


def with_one_name_more(body) -> None:
    body["surprise"] = True


def with_a_nul(body) -> None:
    body["facts"][0]["source"] += "\x00"


def with_unlisted_file(body) -> None:
    body["attachments"] = []


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (spoken_for_another, "letter.other_authority"),
        (addressed_elsewhere, "letter.other_authority"),
        (of_unknown_type, "letter.unknown_type"),
        (without_measure, "letter.body"),
        (with_one_name_more, "record.malformed"),
        (with_a_nul, "letter.body"),
        (with_unlisted_file, "letter.unlisted_attachment"),
    ],
)
def test_a_letter_out_of_form_is_rejected_and_nothing_is_kept(kyiv, spoil, reason) -> None:
    body = tokyos_letter()
    spoil(body)
    incoming = tokyo_says(
        kyiv, "letter/1", body, conversation=uuid.uuid4(), files={"paper-1": b"law"}
    )
    assert (incoming.status, incoming.reason) == ("rejected", reason)
    assert not LetterOfRequest.objects.exists()


def test_a_second_letter_in_one_conversation_is_rejected(kyiv, asked) -> None:
    incoming = tokyo_says(
        kyiv, "letter/1", tokyos_letter(), conversation=asked.uid, files={"paper-1": b"law"}
    )
    assert incoming.reason == "letter.known"
    assert LetterOfRequest.objects.count() == 1


def test_registering_acknowledges_in_three_languages_and_gives_receipts(kyiv, asked) -> None:
    letter = registered(kyiv, asked)
    assert letter.desk_state is DeskState.REGISTERED
    (message,) = queued(letter, "acknowledgement/1")
    assert message.in_reply_to == asked.letter_message
    given = Receipt.objects.filter(message_id=asked.letter_message, direction="given")
    assert {"E2", "E3", "E4", "E5"} == {one.event for one in given}
    languages = {one.language for one in letter.documents.filter(kind="acknowledgement")}
    assert languages == {"uk", "ja", "en", "all"}


def test_a_letter_is_registered_once(kyiv, asked) -> None:
    registered(kyiv, asked)
    with pytest.raises(WrongState):
        actions.register_letter(kyiv.second_lawyer, asked, REGISTRATION)
    assert OutgoingMessage.objects.filter(type="acknowledgement/1").count() == 1


def test_registering_needs_a_reference_and_the_right(kyiv, asked) -> None:
    with pytest.raises(Incomplete):
        actions.register_letter(kyiv.lawyer, asked, replace(REGISTRATION, reference=" "))
    with pytest.raises(NotAllowed):
        actions.register_letter(kyiv.executing, asked, REGISTRATION)
    assert again(asked).desk_state is DeskState.RECEIVED


def test_an_accepted_letter_is_seen_by_those_who_execute_it(kyiv, asked) -> None:
    letter = registered(kyiv, asked)
    with pytest.raises(Refused):
        actions.accept_letter(kyiv.lawyer, letter, executing=[kyiv.prosecutor])
    with pytest.raises(Incomplete):
        actions.accept_letter(kyiv.lawyer, letter, executing=[])
    actions.accept_letter(kyiv.lawyer, letter, executing=[kyiv.executing])
    assert LetterOfRequest.objects.visible_to(kyiv.executing).filter(pk=letter.pk).exists()
    (row,) = work_for(kyiv.executing)
    assert row.verb == "Execute"
    assert row.clock_source == "CPC art. 558(2)"


def test_execution_reports_each_measure_in_three_languages(kyiv, asked) -> None:
    letter = accepted(kyiv, asked)
    part = dict(REPORT, ja="")
    with pytest.raises(Incomplete):
        actions.execute_letter(
            kyiv.executing, letter, reports=[actions.Report(0, Outcome.EXECUTED, part, "uk")]
        )
    with pytest.raises(Refused):
        actions.execute_letter(
            kyiv.executing, letter, reports=[actions.Report(1, Outcome.EXECUTED, REPORT, "uk")]
        )
    assert again(letter).desk_state is DeskState.ACCEPTED
    assert not Reply.objects.exists()


def test_a_second_report_replaces_the_first(kyiv, asked) -> None:
    letter = executed(kyiv, asked)
    actions.execute_letter(
        kyiv.executing, letter, reports=[actions.Report(0, Outcome.PARTLY, REPORT, "uk")]
    )
    assert again(letter).reply.reports.get().outcome == Outcome.PARTLY


def test_an_item_of_a_person_is_not_handed_over_without_consent(kyiv, asked) -> None:
    letter = accepted(kyiv, asked)
    item = kyiv.item(
        b"her account",
        actor=kyiv.executing,
        access=[("letter", letter.uid)],
        origin=Origin.PERSON,
    )
    with pytest.raises(Refused) as refusal:
        actions.execute_letter(kyiv.executing, letter, items=[actions.Handed(item, WORDS)])
    assert refusal.value.code == "evidence.no_release"
    assert not Reply.objects.exists()


def test_a_reply_waits_for_the_paper_original_that_ukraine_demands(kyiv, asked) -> None:
    letter = executed(kyiv, asked)
    with pytest.raises(Refused) as refusal:
        actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    assert refusal.value.facts["guards"] == [Guard.ORIGINAL_RECEIVED]
    assert not queued(letter, "reply/1")


def test_an_original_cannot_have_arrived_tomorrow(kyiv, asked) -> None:
    with pytest.raises(Refused):
        actions.record_original(kyiv.lawyer, asked, timezone.localdate() + timedelta(days=1), "x")


def test_the_reply_leaves_with_its_items_and_each_disclosure_is_kept(kyiv, asked) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    actions.release_reply(kyiv.second_lawyer, letter, signatory=TOKYO)
    letter = again(letter)
    (message,) = queued(letter, "reply/1")
    assert letter.desk_state is DeskState.RELEASED
    assert OutgoingBlob.objects.get(message=message).name_code == "item-1"
    disclosure = Disclosure.objects.get()
    assert (disclosure.recipient, disclosure.message_id) == (
        f"partner:{kyiv.node.node_id}",
        message.uid,
    )
    assert letter.documents.filter(kind="reply").count() == 4
    with pytest.raises(WrongState):
        actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    assert len(queued(letter, "reply/1")) == 1


def test_conditions_that_are_not_accepted_keep_the_evidence_here(kyiv, asked) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    actions.propose_conditions(kyiv.lawyer, letter, [CONDITION])
    with pytest.raises(WrongState):
        actions.release_reply(kyiv.second_lawyer, letter, signatory=TOKYO)
    with pytest.raises(WrongState):
        actions.execute_letter(
            kyiv.executing, letter, reports=[actions.Report(0, Outcome.PARTLY, REPORT, "uk")]
        )
    assert not OutgoingBlob.objects.exists()
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize("digest", ["0" * 64, bodies.digest_of(())])
def test_accepting_other_conditions_opens_nothing(kyiv, asked, digest) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    actions.propose_conditions(kyiv.lawyer, letter, [CONDITION])
    incoming = tokyo_says(
        kyiv,
        "conditions-accepted/1",
        bodies.write(bodies.Acceptance(digest, 1)),
        conversation=letter.uid,
    )
    assert incoming.reason == "letter.other_conditions"
    assert again(letter).desk_state is DeskState.CONDITIONS_PROPOSED


def test_accepted_conditions_travel_with_the_reply(kyiv, asked) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    actions.propose_conditions(kyiv.lawyer, letter, [CONDITION])
    incoming = tokyo_says(
        kyiv,
        "conditions-accepted/1",
        bodies.write(bodies.Acceptance(bodies.digest_of((CONDITION,)), 1)),
        conversation=letter.uid,
    )
    assert incoming.status == "handled", incoming.reason
    actions.release_reply(kyiv.second_lawyer, again(letter), signatory=TOKYO)
    assert again(letter).desk_state is DeskState.RELEASED


def test_an_acceptance_that_nobody_asked_for_is_rejected(kyiv, asked) -> None:
    letter = executed(kyiv, asked)
    body = bodies.write(bodies.Acceptance(bodies.digest_of(()), 0))
    incoming = tokyo_says(kyiv, "conditions-accepted/1", body, conversation=letter.uid)
    assert incoming.reason == "letter.wrong_state"


def test_who_executed_does_not_release(kyiv, asked, officer) -> None:
    both = officer(Role.EXECUTING_OFFICER, Role.CENTRAL_AUTHORITY)
    letter = executed(kyiv, asked)
    join(kyiv, letter, both)
    actions.execute_letter(both, letter, reports=[actions.Report(0, Outcome.PARTLY, REPORT, "uk")])
    letter = with_original(kyiv, letter)
    with pytest.raises(Refused) as refusal:
        actions.release_reply(both, letter, signatory=TOKYO)
    assert refusal.value.facts["guards"] == [Guard.OTHER_OFFICER]


def test_an_item_that_lost_its_release_stops_the_reply(kyiv, asked) -> None:
    letter = accepted(kyiv, asked)
    item = kyiv.item(
        b"her account",
        actor=kyiv.executing,
        access=[("letter", letter.uid)],
        origin=Origin.PERSON,
    )
    kyiv.consent(item, "consent:2")
    actions.execute_letter(
        kyiv.executing,
        letter,
        reports=[actions.Report(0, Outcome.EXECUTED, REPORT, "uk")],
        items=[actions.Handed(item, WORDS)],
    )
    letter = with_original(kyiv, letter)
    evidence.withdraw_release(kyiv.coordinator, source_ref="consent:2")
    with pytest.raises(Refused) as refusal:
        actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    assert refusal.value.facts["guards"] == [Guard.ITEMS_FREE]
    assert not queued(letter, "reply/1")
    assert not Disclosure.objects.exists()


def test_an_item_is_taken_back_before_the_reply_is_fixed(kyiv, asked) -> None:
    letter = executed(kyiv, asked)
    handed = letter.reply.items.get()
    actions.take_back_item(kyiv.executing, handed)
    assert not again(letter).reply.items.exists()


def test_who_takes_an_item_back_has_executed_and_does_not_release(kyiv, asked, officer) -> None:
    letter = executed(kyiv, asked)
    both = officer(Role.EXECUTING_OFFICER, Role.CENTRAL_AUTHORITY)
    handed = letter.reply.items.get()
    with pytest.raises(NotAllowed):
        actions.take_back_item(both, handed)  # not on the letter's team
    assert again(letter).reply.items.exists()
    join(kyiv, letter, both)
    actions.take_back_item(both, handed)
    assert both.actor_id in again(letter).reply.executed_by
    letter = with_original(kyiv, letter)
    with pytest.raises(Refused) as refusal:
        actions.release_reply(both, letter, signatory=TOKYO)
    assert refusal.value.facts["guards"] == [Guard.OTHER_OFFICER]


def test_who_is_not_on_the_team_executes_nothing(kyiv, asked, officer) -> None:
    letter = accepted(kyiv, asked)
    outsider = officer(Role.EXECUTING_OFFICER, Role.CENTRAL_AUTHORITY)
    with pytest.raises(NotAllowed):
        actions.execute_letter(
            outsider, letter, reports=[actions.Report(0, Outcome.EXECUTED, REPORT, "uk")]
        )
    assert again(letter).state == DeskState.ACCEPTED


def test_a_released_reply_keeps_its_items_and_takes_no_more(kyiv, asked) -> None:
    letter = with_original(kyiv, executed(kyiv, asked))
    more = obtained(kyiv, letter, b"more records")
    handed = letter.reply.items.get()
    actions.release_reply(kyiv.lawyer, letter, signatory=TOKYO)
    with pytest.raises(WrongState):
        actions.take_back_item(kyiv.executing, handed)
    with pytest.raises(WrongState):
        actions.execute_letter(kyiv.executing, letter, items=[actions.Handed(more, WORDS)])
    assert again(letter).reply.items.get() == handed


def test_under_accepted_conditions_an_item_may_go_but_none_is_added(kyiv, asked) -> None:
    letter = executed(kyiv, asked)
    more = obtained(kyiv, letter, b"more records")
    actions.propose_conditions(kyiv.lawyer, letter, [CONDITION])
    with pytest.raises(WrongState):
        actions.execute_letter(kyiv.executing, letter, items=[actions.Handed(more, WORDS)])
    actions.take_back_item(kyiv.executing, letter.reply.items.get())
    assert not again(letter).reply.items.exists()


def test_a_refusal_names_ground_and_cure(kyiv, asked) -> None:
    letter = registered(kyiv, asked)
    with pytest.raises(Incomplete):
        actions.refuse_letter(kyiv.lawyer, letter, bodies.Ground("x", LAW_TEXT, {"uk": "Лише"}))
    actions.refuse_letter(kyiv.lawyer, letter, bodies.Ground("no_reciprocity", LAW_TEXT, WORDS))
    letter = again(letter)
    assert letter.desk_state is DeskState.REFUSED
    assert len(queued(letter, "reply/1")) == 1
    actions.close_desk(kyiv.lawyer, letter)
    assert again(letter).desk_state is DeskState.CLOSED


def test_the_verbs_of_one_side_do_not_move_letters_of_the_other(kyiv, asked) -> None:
    ours = kyiv.letter()
    with pytest.raises(WrongState):
        actions.register_letter(kyiv.lawyer, ours, REGISTRATION)
    with pytest.raises(WrongState):
        actions.send_letter(kyiv.lawyer, asked)
    with pytest.raises(WrongState):
        actions.approve_letter(kyiv.supervisor, asked)
    assert as_body(LETTER) != asked.body


def test_a_letter_with_odd_but_lawful_words_still_draws(kyiv, client) -> None:
    body = tokyos_letter()
    body["basis"]["names"] = [{}]
    body["basis"]["provisions"][0] |= {"words": {}, "basis": "'\"><b>", "confirmed_by": ""}
    body["offences"][0] |= {"title": {}, "penalty": {"xx": HOSTILE}}
    body["persons"][0] |= {"role": HOSTILE, "names": {"zz": HOSTILE}}
    body["measures"][0]["answers"]["unheard_of"] = {
        "source_language": HOSTILE,
        "source": HOSTILE,
        "translations": {},
    }
    body["measures"][0]["choices"] = {"unheard_of": True}
    body["attachments"][0] |= {"kind": HOSTILE, "pages": -7, "title": {}}
    body["languages"] = []
    conversation = uuid.uuid4()
    incoming = tokyo_says(
        kyiv, "letter/1", body, conversation=conversation, files={"paper-1": b"law"}
    )
    assert incoming.status == "handled", incoming.reason
    letter = LetterOfRequest.objects.get(uid=conversation)
    client.force_login(kyiv.lawyer)
    give_second_step(kyiv.lawyer)
    response = client.get(letter.get_absolute_url())
    assert response.status_code == 200
    assert b"<script>alert" not in response.content
    assert b"'\"><b>" not in response.content
