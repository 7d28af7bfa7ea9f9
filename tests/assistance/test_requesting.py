"""Our letter on its way: sent once, never changed, answered only as was agreed."""

from __future__ import annotations

import hashlib
import uuid
import zipfile
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest
from django.utils import timezone

from comity.assistance import actions, bodies
from comity.assistance.models import LetterOfRequest, work_for
from comity.assistance.rules import State, TextKind
from comity.cases import actions as cases
from comity.cases.models import Exhibit
from comity.core.access import Role
from comity.core.documents.replies import Outcome
from comity.core.errors import NotAllowed, NotVisible, Refused, WrongState
from comity.core.law.letters import from_body
from comity.core.messages import from_bytes
from comity.evidence import actions as evidence
from comity.evidence.models import Disclosure, Item
from comity.evidence.rules import Origin, Use
from comity.exchange.models import IncomingMessage, Receipt
from comity.ledger.models import Entry
from comity.vault import actions as vault
from tests.assistance.conftest import LAW_TEXT, WORDS, queued, tokyo_says

pytestmark = pytest.mark.django_db

ACKNOWLEDGEMENT = bodies.Acknowledgement(
    "刑国第118号", {"uk": "Відділ", "ja": "国際課", "en": "IAD"}
)
CONDITION = bodies.Condition(
    "this_proceeding_only",
    {"uk": "Лише це провадження.", "ja": "本手続のみ。", "en": "Only this proceeding."},
    (Use.OTHER_PROCEEDING, Use.ONWARD_TRANSFER),
)
MAILBOX = b"From broker@parts.example"


def again(letter: LetterOfRequest) -> LetterOfRequest:
    return LetterOfRequest.objects.get(pk=letter.pk)


def say(kyiv, letter, kind, body, **files) -> IncomingMessage:
    return tokyo_says(kyiv, kind, bodies.write(body), conversation=letter.uid, **files)


def acknowledged(kyiv) -> LetterOfRequest:
    letter = kyiv.sent()
    assert say(kyiv, letter, "acknowledgement/1", ACKNOWLEDGEMENT).status == "handled"
    return again(letter)


def conditioned(kyiv) -> LetterOfRequest:
    letter = acknowledged(kyiv)
    body = bodies.Conditions((CONDITION,))
    assert say(kyiv, letter, "conditions/1", body).status == "handled"
    return again(letter)


def reply(**changes) -> bodies.Reply:
    words = {"uk": "Виконано.", "ja": "実施した。", "en": "Executed."}
    item = bodies.HandedItem(
        "item-1",
        "E-000201",
        "mla-product",
        {"uk": "Скринька", "ja": "メール", "en": "Mailbox"},
        "application/mbox",
        len(MAILBOX),
        hashlib.sha256(MAILBOX).hexdigest(),
    )
    stated = {
        "reference": "刑国第118号",
        "reports": (bodies.MeasureReport("stored_data_access", Outcome.EXECUTED, "ja", words),),
        "items": (item,),
    }
    return bodies.Reply(**(stated | changes))


def test_a_letter_leaves_with_its_papers_exhibits_and_documents(kyiv) -> None:
    letter = kyiv.complete()
    actions.attach_item(kyiv.prosecutor, letter, kyiv.item(), title=WORDS)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    actions.send_letter(kyiv.second_lawyer, letter)
    letter = again(letter)
    (message,) = queued(letter, "letter/1")
    assert letter.state == State.SENT
    assert letter.letter_message == message.uid
    assert [blob.name_code for blob in message.blobs.order_by("id")] == ["paper-1", "exhibit-1"]
    sent = Entry.objects.get(kind="assistance.letter_sent").committed.as_mapping()
    assert sent["container_sha256"] == message.container_sha256
    disclosure = Disclosure.objects.get()
    assert (disclosure.recipient, disclosure.message_id) == (
        f"partner:{kyiv.node.node_id}",
        message.uid,
    )


def test_the_message_says_what_was_approved(kyiv) -> None:
    letter = kyiv.sent()
    (message,) = queued(letter, "letter/1")
    with vault.open_file(kyiv.lawyer, message.container) as file, zipfile.ZipFile(file) as parts:
        stated = from_bytes(parts.read("message.json"))
        assert {f"human/{one}.pdf" for one in ("uk", "ja", "en", "all")} <= set(parts.namelist())
        for one in letter.documents.all():
            with vault.open_file(kyiv.lawyer, one.stored_file) as held:
                assert parts.read(f"human/{one.language}.pdf") == held.read()
    facts = from_body(stated.body)
    assert stated.conversation == letter.uid
    assert facts.approval.names["uk"] == "Іван Савчук"
    assert facts.basis.instruments == ("BUDAPEST",)


def test_a_letter_leaves_only_once(kyiv) -> None:
    letter = kyiv.sent()
    with pytest.raises(WrongState):
        actions.send_letter(kyiv.second_lawyer, letter)
    assert len(queued(letter, "letter/1")) == 1


def test_who_may_not_send_sends_nothing(kyiv) -> None:
    letter = kyiv.approved()
    with pytest.raises(NotAllowed):
        actions.send_letter(kyiv.prosecutor, letter)
    assert not queued(letter, "letter/1")


def test_a_sent_letter_does_not_change(kyiv) -> None:
    letter = kyiv.sent()
    text = letter.texts.filter(kind=TextKind.FACT).first()
    for change in (
        lambda: actions.write_paragraph(
            kyiv.prosecutor, letter, kind=TextKind.FACT, text="x", paragraph=text
        ),
        lambda: actions.translate_paragraph(
            kyiv.prosecutor, text, language="en", text="x", translator="x"
        ),
        lambda: actions.add_measure(kyiv.prosecutor, letter, "extradition"),
        lambda: actions.choose_basis(kyiv.prosecutor, letter, "UNTOC"),
        lambda: actions.attach_item(kyiv.prosecutor, letter, kyiv.item(), title=WORDS),
        lambda: actions.return_letter(kyiv.supervisor, letter, reason="Why not."),
        lambda: actions.withdraw_letter(kyiv.prosecutor, letter, reason="Why not."),
    ):
        with pytest.raises(WrongState):
            change()
    assert again(letter).revision == letter.revision


def test_an_exhibit_whose_consent_ended_stops_the_sending(kyiv) -> None:
    letter = kyiv.complete()
    item = kyiv.item(b"her photo", origin=Origin.PERSON)
    kyiv.consent(item, "consent:1")
    exhibit = actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    assert exhibit.basis_kind == "consent"
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    evidence.withdraw_release(kyiv.coordinator, source_ref="consent:1")
    with pytest.raises(WrongState):
        actions.send_letter(kyiv.lawyer, letter)
    assert again(letter).state == State.STOPPED
    assert not Disclosure.objects.exists()


def test_after_electronic_sending_the_clock_for_the_paper_original_runs(kyiv) -> None:
    letter = kyiv.sent()
    ((rule, last, end),) = letter.running_clocks("UA")
    assert rule.id == "ua_out_original"
    assert last == timezone.localtime(letter.sent_at).date() + timedelta(days=3)
    (row,) = [one for one in work_for(kyiv.lawyer) if one.due_at is not None]
    assert row.due_at == end
    assert row.clock_source == "CPC art. 548(4)"


def test_recording_the_post_stops_the_clock_once(kyiv) -> None:
    letter = kyiv.sent()
    today = timezone.localdate()
    with pytest.raises(Refused):
        actions.record_post(kyiv.lawyer, letter, today + timedelta(days=1), "RA1")
    with pytest.raises(Refused):
        actions.record_post(kyiv.lawyer, letter, today - timedelta(days=1), "RA1")
    actions.record_post(kyiv.lawyer, letter, today, "RA 123 456")
    assert not again(letter).running_clocks("UA")
    with pytest.raises(WrongState):
        actions.record_post(kyiv.lawyer, letter, today, "RA 123 456")


def test_a_letter_that_was_not_sent_has_no_post(kyiv) -> None:
    with pytest.raises(WrongState):
        actions.record_post(kyiv.lawyer, kyiv.letter(), timezone.localdate(), "RA1")


def test_an_acknowledgement_is_noted_with_its_reference_and_documents(kyiv) -> None:
    letter = acknowledged(kyiv)
    assert letter.state == State.ACKNOWLEDGED
    assert letter.partner_reference == "刑国第118号"
    assert letter.documents.filter(kind="acknowledgement", language="uk").exists()


def test_conditions_are_accepted_by_the_digest_of_what_came(kyiv) -> None:
    letter = conditioned(kyiv)
    assert letter.state == State.CONDITIONS_PROPOSED
    with pytest.raises(NotAllowed):
        actions.accept_conditions(kyiv.executing, letter)
    actions.accept_conditions(kyiv.prosecutor, letter)
    letter = again(letter)
    assert letter.state == State.CONDITIONS_ACCEPTED
    (message,) = queued(letter, "conditions-accepted/1")
    accepted = Entry.objects.get(kind="assistance.conditions_accepted").committed.as_mapping()
    assert accepted["conditions_sha256"] == bodies.digest_of((CONDITION,))
    assert message.in_reply_to == letter.conditions_message
    given = Receipt.objects.filter(message_id=letter.conditions_message, direction="given")
    assert {"E4", "E5"} <= {one.event for one in given}


def test_items_arrive_with_their_conditions_and_are_filed_in_the_case(kyiv) -> None:
    letter = conditioned(kyiv)
    actions.accept_conditions(kyiv.prosecutor, letter)
    incoming = say(
        kyiv,
        letter,
        "reply/1",
        reply(conditions=(CONDITION,)),
        files={"item-1": MAILBOX},
        human={"ja.pdf": b"%PDF ja"},
    )
    assert incoming.status == "handled", incoming.reason
    letter = again(letter)
    item = Item.objects.get(origin=Origin.PARTNER)
    assert letter.state == State.EXECUTED
    assert Exhibit.objects.get().item == item
    assert Item.objects.visible_to(kyiv.prosecutor).filter(pk=item.pk).exists()
    with pytest.raises(Refused) as refusal:
        evidence.require_use(item, Use.OTHER_PROCEEDING)
    assert refusal.value.facts["condition"] == "this_proceeding_only"
    evidence.require_use(item, Use.EXPORT_TO_COURT)
    assert letter.reply.reports.get().outcome == Outcome.EXECUTED


@pytest.mark.parametrize(
    ("changes", "files", "reason"),
    [
        ({"items": ()}, {"item-1": MAILBOX}, "letter.unlisted_attachment"),
        ({}, {"item-2": MAILBOX}, "letter.unlisted_attachment"),
        ({}, {"item-1": b"other bytes"}, "letter.unlisted_attachment"),
        ({"conditions": (CONDITION,)}, {"item-1": MAILBOX}, "letter.other_conditions"),
        ({"reference": "x" * 121}, {"item-1": MAILBOX}, "letter.body"),
        ({"reports": ()}, {"item-1": MAILBOX}, "letter.body"),
        ({"reports": reply().reports * 2}, {"item-1": MAILBOX}, "letter.body"),
        (
            {"reports": (replace(reply().reports[0], type="unheard_of"),)},
            {"item-1": MAILBOX},
            "letter.body",
        ),
    ],
)
def test_a_reply_that_is_not_as_agreed_is_rejected_whole(kyiv, changes, files, reason) -> None:
    letter = acknowledged(kyiv)
    incoming = say(kyiv, letter, "reply/1", reply(**changes), files=files)
    assert (incoming.status, incoming.reason) == ("rejected", reason)
    assert again(letter).state == State.ACKNOWLEDGED
    assert not Item.objects.filter(origin=Origin.PARTNER).exists()


def test_a_ban_that_this_node_cannot_apply_is_not_taken(kyiv) -> None:
    letter = acknowledged(kyiv)
    body = bodies.Conditions((replace(CONDITION, forbids=("training_models",)),))
    incoming = say(kyiv, letter, "conditions/1", body)
    assert (incoming.status, incoming.reason) == ("rejected", "letter.body")
    assert again(letter).state == State.ACKNOWLEDGED


def test_a_reply_past_unaccepted_conditions_is_rejected(kyiv) -> None:
    letter = conditioned(kyiv)
    body = reply(conditions=(CONDITION,))
    incoming = say(kyiv, letter, "reply/1", body, files={"item-1": MAILBOX})
    assert (incoming.status, incoming.reason) == ("rejected", "letter.wrong_state")
    assert not Item.objects.filter(origin=Origin.PARTNER).exists()


def test_a_refusal_says_on_what_ground_and_what_would_cure_it(kyiv) -> None:
    letter = acknowledged(kyiv)
    ground = bodies.Ground("dual_criminality", LAW_TEXT, WORDS)
    body = bodies.Reply("刑国第118号", ground=ground)
    assert say(kyiv, letter, "reply/1", body).status == "handled"
    letter = again(letter)
    assert letter.state == State.REFUSED
    assert letter.refusal["cure"] == WORDS


def test_a_message_about_nobodys_letter_is_rejected(kyiv) -> None:
    letter = kyiv.letter()
    incoming = tokyo_says(
        kyiv, "acknowledgement/1", bodies.write(ACKNOWLEDGEMENT), conversation=uuid.uuid4()
    )
    assert incoming.reason == "letter.unknown_conversation"
    assert again(letter).state == State.DRAFT


def test_an_acknowledgement_of_a_draft_is_rejected(kyiv) -> None:
    letter = kyiv.letter()
    incoming = say(kyiv, letter, "acknowledgement/1", ACKNOWLEDGEMENT)
    assert incoming.reason == "letter.wrong_state"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reference": "a\x00b", "handling": {}},
        {"reference": 7, "handling": {}},
        {"reference": "x", "handling": {}, "more": 1},
        {"reference": "x", "handling": {}, "expected_on": "soon"},
    ],
)
def test_a_body_out_of_form_is_rejected(kyiv, body) -> None:
    letter = kyiv.sent()
    incoming = tokyo_says(kyiv, "acknowledgement/1", body, conversation=letter.uid)
    assert incoming.status == "rejected"
    assert again(letter).state == State.SENT


def test_closing_acknowledges_the_reply(kyiv) -> None:
    letter = acknowledged(kyiv)
    incoming = say(kyiv, letter, "reply/1", reply(), files={"item-1": MAILBOX})
    actions.close_letter(kyiv.lawyer, letter)
    given = Receipt.objects.filter(message_id=incoming.uid, direction="given")
    assert "E5" in {one.event for one in given}
    assert again(letter).state == State.CLOSED
    assert MappingProxyType(dict(again(letter).handling))["en"] == "IAD"


def test_a_package_holds_no_message_of_a_letter_that_its_maker_may_not_read(kyiv, officer) -> None:
    letter = kyiv.complete()
    item = kyiv.item()
    actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    actions.approve_letter(kyiv.supervisor, letter)
    actions.send_letter(kyiv.lawyer, letter)
    (message,) = queued(again(letter), "letter/1")
    assert evidence.messages_about(kyiv.prosecutor, [item]) == [message.uid]
    other = officer(Role.PROSECUTOR)
    elsewhere = cases.open_case(other, number="9999/24", title="Another case")
    evidence.share_item(kyiv.prosecutor, item, kind="case", record=elsewhere.uid)
    assert evidence.messages_about(other, [item]) == []
    with pytest.raises(NotVisible):
        evidence.export_package(
            other,
            [item],
            purpose="Trial",
            legal_basis="CPC art. 290",
            case_ref="9999/24",
            message_ids=[message.uid],
        )
