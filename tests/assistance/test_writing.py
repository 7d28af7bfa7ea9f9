"""Writing a letter: its basis, its texts and translations, four pairs of hands, what is missing."""

from __future__ import annotations

import io
import uuid
from dataclasses import replace
from datetime import date

import pytest

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest
from comity.assistance.models.facts import facts_of
from comity.assistance.rules import State, TextKind
from comity.core.access import Act, Compartment, NodeActor, Role
from comity.core.documents.signing import verify_pdf
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, WrongState
from comity.core.law.letters import as_body, from_body
from comity.evidence import actions as evidence
from comity.evidence.rules import Origin, Use
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import actions as vault
from comity.vault.storage import take_in
from tests.assistance.conftest import LAW_TEXT, WORDS, translate
from tests.core.law.invented import LETTER, OFFENCE, PERSONS

pytestmark = pytest.mark.django_db


def again(letter: LetterOfRequest) -> LetterOfRequest:
    return LetterOfRequest.objects.get(pk=letter.pk)


def codes(letter: LetterOfRequest) -> set[str]:
    """What keeps the letter from approval; advice does not."""
    return {one.code for one in actions.lacks_of(again(letter)) if one.severity != "advised"}


def test_a_letter_from_a_charge_takes_over_case_offence_and_account(kyiv) -> None:
    letter = kyiv.letter()
    assert letter.case == kyiv.case
    assert letter.proceeding["number"] == "2211/24"
    assert letter.offences[0]["id"] == "UA-CC-438-2"
    assert letter.texts.get(kind=TextKind.FACT).text == kyiv.charge.incident.account
    assert letter.measures.get().type == "stored_data_access"
    assert Entry.objects.get(kind="assistance.letter_drafted").subject == letter.subject


def test_only_officers_who_may_draft_start_a_letter(kyiv) -> None:
    with pytest.raises(NotAllowed):
        actions.draft_letter(
            kyiv.supervisor,
            partner=kyiv.partner,
            requesting="UA-OPG",
            requested="JP-MOJ",
            subject="x",
            measure_type="stored_data_access",
        )
    assert not LetterOfRequest.objects.exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"requested": "UA-MOJ"}, "letter.other_state"),
        ({"requesting": "JP-MOJ"}, "letter.other_state"),
        ({"requested": "nobody"}, "letter.unknown_authority"),
        ({"measure_type": "nothing"}, "letter.unknown_type"),
        ({"subject": "  "}, "letter.incomplete"),
    ],
)
def test_a_letter_between_the_wrong_authorities_is_not_started(kyiv, changed, code) -> None:
    fields = {
        "partner": kyiv.partner,
        "requesting": "UA-OPG",
        "requested": "JP-MOJ",
        "subject": "Stored data",
        "measure_type": "stored_data_access",
    }
    with pytest.raises(Refused) as refusal:
        actions.draft_letter(kyiv.prosecutor, **(fields | changed))
    assert refusal.value.code == code
    assert not LetterOfRequest.objects.exists()


def test_an_officer_outside_case_and_team_does_not_see_the_letter(kyiv, officer) -> None:
    letter = kyiv.letter()
    seen = LetterOfRequest.objects.visible_to
    assert seen(kyiv.prosecutor).filter(pk=letter.pk).exists()
    assert seen(kyiv.supervisor).filter(pk=letter.pk).exists()  # of the case's team
    assert seen(kyiv.second_lawyer).filter(pk=letter.pk).exists()  # the central authority
    assert not seen(officer(Role.PROSECUTOR)).exists()
    assert not seen(officer(Role.ADMINISTRATOR)).exists()
    assert not seen(kyiv.executing).exists()


def test_the_chosen_basis_keeps_its_provisions_closed_until_a_lawyer_confirms(kyiv) -> None:
    letter = kyiv.letter()
    actions.choose_basis(kyiv.prosecutor, letter, "BUDAPEST")
    assert "letter.legal_basis.0.unconfirmed" in codes(letter)
    with pytest.raises(NotAllowed):
        actions.confirm_provision(kyiv.prosecutor, letter, part="basis", place=0)
    actions.confirm_provision(kyiv.lawyer, letter, part="basis", place=0)
    assert "letter.legal_basis.0.unconfirmed" not in codes(letter)
    kept = again(letter).basis["provisions"][0]
    assert kept["confirmed_by"] == kyiv.lawyer.name


def test_an_instrument_that_is_no_basis_is_refused(kyiv) -> None:
    letter = kyiv.letter()
    with pytest.raises(Refused) as refusal:
        actions.choose_basis(kyiv.prosecutor, letter, "GENOCIDE_1948")
    assert refusal.value.code == "letter.not_a_basis"
    assert again(letter).basis == {}


def test_a_changed_source_makes_its_translations_stale_by_itself(kyiv) -> None:
    letter = kyiv.complete()
    assert not codes(letter)
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    actions.write_paragraph(
        kyiv.prosecutor, letter, kind=TextKind.FACT, text="Інший опис.", paragraph=fact
    )
    assert {"letter.facts_summary.0.stale.ja", "letter.facts_summary.0.stale.en"} <= codes(letter)
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    with pytest.raises(Incomplete) as refusal:
        actions.approve_letter(kyiv.supervisor, letter)
    assert "letter.facts_summary.0.stale.ja" in refusal.value.facts["missing"]


def test_translation_goes_on_after_review_but_the_source_does_not(kyiv) -> None:
    letter = kyiv.complete()
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    fact.translations.filter(language="en").delete()
    actions.ask_review(kyiv.prosecutor, letter)
    actions.review_letter(kyiv.lawyer, letter)
    before = again(letter).revision
    actions.translate_paragraph(
        kyiv.lawyer, fact, language="en", text="What was missing.", translator="S. Abe"
    )
    assert again(letter).revision == before + 1
    assert again(letter).state == State.REVIEWED
    with pytest.raises(WrongState):
        actions.write_paragraph(
            kyiv.prosecutor, letter, kind=TextKind.FACT, text="Новий", paragraph=fact
        )


@pytest.mark.parametrize("language", ["uk", "zz"])
def test_a_text_is_translated_only_into_another_language(kyiv, language) -> None:
    letter = kyiv.letter()
    with pytest.raises(Refused) as refusal:
        actions.translate_paragraph(
            kyiv.prosecutor, letter.texts.first(), language=language, text="x", translator="x"
        )
    assert refusal.value.code == "letter.not_a_translation"


def test_a_machine_draft_is_never_certified_and_closes_the_letter(kyiv) -> None:
    letter = kyiv.complete()
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    made = actions.translate_paragraph(
        kyiv.prosecutor,
        fact,
        language="ja",
        text="機械",
        translator="x",
        certified=True,
        machine_draft=True,
    )
    assert not made.certified
    assert "letter.facts_summary.0.machine_draft.ja" in codes(letter)


def test_an_incomplete_draft_cannot_go_to_review_and_nothing_changes(kyiv) -> None:
    letter = kyiv.letter()
    entries = Entry.objects.count()
    with pytest.raises(Incomplete) as refusal:
        actions.ask_review(kyiv.prosecutor, letter)
    assert "letter.legal_basis.absent" in refusal.value.facts["missing"]
    assert again(letter).review_asked_at is None
    assert Entry.objects.count() == entries


def test_a_change_takes_back_the_call_for_review(kyiv) -> None:
    letter = kyiv.complete()
    actions.ask_review(kyiv.prosecutor, letter)
    actions.write_paragraph(
        kyiv.prosecutor, letter, kind=TextKind.PRIOR_CONTACTS, text="Консультація в жовтні."
    )
    assert again(letter).review_asked_at is None


def test_author_reviewer_and_approver_are_three_people(kyiv, officer) -> None:
    every_hand = officer(Role.PROSECUTOR, Role.SUPERVISOR, Role.CENTRAL_AUTHORITY)
    letter = kyiv.complete()
    LetterOfRequest.objects.filter(pk=letter.pk).update(author=every_hand)
    actions.ask_review(kyiv.prosecutor, again(letter))
    with pytest.raises(Refused) as own_review:
        actions.review_letter(every_hand, again(letter))
    assert own_review.value.code == "letter.four_eyes"
    LetterOfRequest.objects.filter(pk=letter.pk).update(author=kyiv.prosecutor)
    actions.review_letter(every_hand, again(letter))
    with pytest.raises(Refused) as own_approval:
        actions.approve_letter(Officer.objects.get(pk=every_hand.pk), again(letter))
    assert own_approval.value.code == "letter.four_eyes"
    assert again(letter).state == State.REVIEWED


def test_an_approved_letter_is_signed_in_three_languages_and_side_by_side(kyiv) -> None:
    letter = kyiv.approved()
    assert letter.state == State.APPROVED
    assert letter.approver == kyiv.supervisor
    documents = {one.language: one for one in letter.documents.all()}
    assert set(documents) == {"uk", "ja", "en", "all"}
    for one in documents.values():
        with vault.open_file(kyiv.lawyer, one.stored_file) as file:
            pdf = file.read()
        seal = ledger.keyring().read("ca.pem")
        (signature,) = verify_pdf(pdf, trusted=[seal], stamp_roots=[], now=letter.approved_at)
        assert signature.trusted
        assert signature.reason == "letter.approved"


def test_a_letter_given_back_needs_review_and_approval_again(kyiv) -> None:
    letter = kyiv.approved()
    with pytest.raises(Incomplete):
        actions.return_letter(kyiv.supervisor, letter, reason=" ")
    actions.return_letter(kyiv.supervisor, letter, reason="Назвіть документ митниці.")
    letter = again(letter)
    assert (letter.state, letter.reviewer, letter.approver) == (State.DRAFT, None, None)
    with pytest.raises(WrongState):
        actions.send_letter(kyiv.lawyer, letter)


def test_words_missing_in_one_language_close_the_approval(kyiv) -> None:
    letter = kyiv.reviewed()
    letter.offences[0]["title"].pop("ja")
    letter.save(update_fields=["offences"])
    with pytest.raises(Incomplete) as refusal:
        actions.approve_letter(kyiv.supervisor, letter)
    assert "letter.offence_qualification.words.ja" in refusal.value.facts["missing"]


def test_what_the_letter_says_survives_the_way_through_the_message(kyiv) -> None:
    letter = kyiv.approved()
    facts = facts_of(letter)
    assert from_body(as_body(facts)) == facts
    assert facts.facts == LETTER.facts or len(facts.facts) == len(LETTER.facts)
    assert facts.approval.approved_on is not None


def test_a_protected_person_is_named_by_pseudonym_only(kyiv) -> None:
    letter = kyiv.letter()
    with pytest.raises(Refused) as refusal:
        actions.name_person(kyiv.prosecutor, letter, replace(PERSONS[1], born_on=date(1980, 1, 1)))
    assert refusal.value.code == "letter.pseudonym_only"
    assert not letter.persons.exists()


def test_an_item_of_the_investigation_may_be_attached_once(kyiv) -> None:
    letter = kyiv.letter()
    item = kyiv.item()
    exhibit = actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    assert exhibit.basis_kind == "investigation"
    with pytest.raises(Refused) as refusal:
        actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    assert refusal.value.code == "letter.item_attached"


def test_an_item_that_a_person_gave_is_not_attached_without_consent(kyiv) -> None:
    letter = kyiv.letter()
    item = kyiv.item(b"her photo", origin=Origin.PERSON)
    with pytest.raises(Refused) as refusal:
        actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    assert refusal.value.code == "evidence.no_release"
    assert not letter.exhibits.exists()


def test_what_a_lawyer_confirmed_for_another_authority_does_not_serve_this_one(kyiv) -> None:
    letter = kyiv.letter()
    item = kyiv.item()
    condition = evidence.attach_condition(
        kyiv.prosecutor,
        item,
        code="own_words",
        texts={"en": "No death penalty."},
        forbids=(),
        set_by_node="moj.pl.example",
    )
    for target, serves in (("partner:moj.fr.example", False), (letter.recipient, True)):
        evidence.confirm_use(kyiv.prosecutor, condition, target=target, reason="Assurance")
        if serves:
            actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
        else:
            with pytest.raises(Refused) as refusal:
                actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
            assert refusal.value.code == "evidence.use_unconfirmed"


def test_an_item_under_a_partners_condition_does_not_go_on(kyiv) -> None:
    letter = kyiv.letter()
    item = kyiv.item()
    evidence.attach_condition(
        kyiv.prosecutor,
        item,
        code="no_onward_transfer",
        texts=WORDS,
        forbids=[Use.ONWARD_TRANSFER],
        set_by_node="hague.test.comity.example",
    )
    with pytest.raises(Refused) as refusal:
        actions.attach_item(kyiv.prosecutor, letter, item, title=WORDS)
    assert refusal.value.code == "evidence.use_forbidden"


def test_an_item_that_the_author_does_not_see_is_not_attached(kyiv) -> None:
    node = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
    hidden = kyiv.item(access=[("case", uuid.uuid4())], actor=node)
    with pytest.raises(NotVisible):
        actions.attach_item(kyiv.prosecutor, kyiv.letter(), hidden, title=WORDS)


def test_a_paper_of_another_type_is_refused(kyiv) -> None:
    letter = kyiv.letter()
    taken = take_in(io.BytesIO(b"<script>"))
    with pytest.raises(Refused) as refusal:
        actions.add_paper(
            kyiv.prosecutor, letter, taken, kind="other", title=LAW_TEXT, media_type="text/html"
        )
    assert refusal.value.code == "letter.paper_type"


def test_a_measure_answers_only_fields_that_it_has(kyiv) -> None:
    letter = kyiv.letter()
    with pytest.raises(Refused) as refusal:
        actions.answer_measure(
            kyiv.prosecutor,
            letter.measures.get(),
            purpose="Чому",
            answers={"nothing_like_it": actions.Answer("x")},
            choices={},
        )
    assert refusal.value.code == "letter.unknown_field"


def test_a_field_that_the_rules_leave_open_waits_for_a_named_lawyer(kyiv) -> None:
    letter = kyiv.letter()
    with pytest.raises(NotAllowed):
        actions.decide_field(
            kyiv.prosecutor, letter, field="translation", measure=None, applies=False
        )
    actions.decide_field(kyiv.lawyer, letter, field="translation", measure=None, applies=False)
    (decision,) = again(letter).decisions
    assert decision["decided_by"] == kyiv.lawyer.name


def test_an_offence_written_by_hand_waits_for_a_lawyer(kyiv) -> None:
    letter = kyiv.letter()
    unsure = replace(OFFENCE.provision, certainty="medium", basis="recalled")
    actions.add_offence(kyiv.prosecutor, letter, replace(OFFENCE, provision=unsure), place=0)
    assert "letter.offence_qualification.0.unconfirmed" in codes(letter)
    actions.confirm_provision(kyiv.lawyer, letter, part="offence", place=0)
    assert "letter.offence_qualification.0.unconfirmed" not in codes(letter)


def test_a_withdrawn_letter_stays_and_goes_nowhere(kyiv) -> None:
    letter = kyiv.letter()
    actions.withdraw_letter(kyiv.prosecutor, letter, reason="Слідство закрито.")
    with pytest.raises(WrongState):
        actions.ask_review(kyiv.prosecutor, letter)
    assert again(letter).state == State.WITHDRAWN


def test_the_compartment_of_executed_items_is_what_executing_officers_read(kyiv) -> None:
    assert kyiv.executing.reads(Compartment.DISCLOSABLE)


def test_whoever_wrote_any_of_it_does_not_approve_it(kyiv, officer) -> None:
    both = officer(Role.PROSECUTOR, Role.SUPERVISOR, name="Vira Koval")
    letter = kyiv.reviewed()
    accounts.found_team(both, kind="letter", record=letter.uid)
    actions.return_letter(both, letter, reason="A date is wrong.")
    text = letter.texts.filter(kind=TextKind.SUBJECT).first()
    actions.write_paragraph(both, letter, kind=TextKind.SUBJECT, text=text.text, paragraph=text)
    LetterOfRequest.objects.filter(pk=letter.pk).update(state="reviewed", reviewer=kyiv.lawyer)
    with pytest.raises(Refused) as refused:
        actions.approve_letter(both, letter)
    assert refused.value.code == "letter.four_eyes"


def test_nobody_reviews_a_letter_before_its_author_asks(kyiv) -> None:
    letter = kyiv.complete()
    with pytest.raises(WrongState) as early:
        actions.review_letter(kyiv.lawyer, letter)
    assert early.value.code == "letter.review_not_asked"
    actions.ask_review(kyiv.prosecutor, letter)
    actions.write_paragraph(kyiv.prosecutor, letter, kind=TextKind.URGENCY, text="Терміново.")
    with pytest.raises(WrongState):
        actions.review_letter(kyiv.lawyer, again(letter))


def test_a_lawyer_who_translates_after_the_call_does_not_review_the_own_words(kyiv) -> None:
    letter = kyiv.complete()
    actions.ask_review(kyiv.prosecutor, letter)
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    actions.translate_paragraph(
        kyiv.lawyer, fact, language="en", text="My own words.", translator="O. Lysenko"
    )
    with pytest.raises(Refused) as own:
        actions.review_letter(kyiv.lawyer, again(letter))
    assert own.value.code == "letter.four_eyes"
    actions.review_letter(kyiv.second_lawyer, again(letter))
    assert again(letter).state == State.REVIEWED


def test_whoever_wrote_any_of_it_does_not_review_it(kyiv, officer) -> None:
    both = officer(Role.PROSECUTOR, Role.CENTRAL_AUTHORITY)
    letter = kyiv.complete()
    accounts.found_team(both, kind="letter", record=letter.uid)
    actions.write_paragraph(both, letter, kind=TextKind.PRIOR_CONTACTS, text="Дзвонили.")
    translate(kyiv.prosecutor, letter.texts.get(kind=TextKind.PRIOR_CONTACTS), LETTER.facts[0])
    actions.ask_review(kyiv.prosecutor, again(letter))
    with pytest.raises(Refused) as own:
        actions.review_letter(both, again(letter))
    assert own.value.code == "letter.four_eyes"


def test_another_wording_of_a_reviewed_translation_makes_the_review_begin_anew(kyiv) -> None:
    letter = kyiv.reviewed()
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    held = fact.translations.get(language="en")
    actions.translate_paragraph(
        kyiv.prosecutor, fact, language="en", text=held.text, translator="S. Abe", certified=True
    )
    assert again(letter).state == State.REVIEWED
    actions.translate_paragraph(
        kyiv.prosecutor, fact, language="en", text="Another thing.", translator="S. Abe"
    )
    now = again(letter)
    assert (now.state, now.reviewer, now.review_asked_at) == (State.DRAFT, None, None)
    with pytest.raises(WrongState):
        actions.approve_letter(kyiv.supervisor, now)
