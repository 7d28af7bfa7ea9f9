"""Completeness of a letter: what blocks, what is advised, what a lawyer decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.canonical import decode, encode
from comity.core.errors import Incomplete, Refused, Untrusted
from comity.core.law.letter_facts import (
    Decision,
    LegalBasis,
    LetterFacts,
    Measure,
    Paragraph,
    Stage,
    TextState,
    Translation,
    Transmission,
    neutral,
    paragraph,
    text_hash,
)
from comity.core.law.letters import (
    WHEN,
    Severity,
    as_body,
    from_body,
    label_of,
    missing,
    require_complete,
    requirement_fields,
)
from comity.core.law.loader import load
from tests.core.law.invented import LETTER, MEASURE


def _codes(facts: LetterFacts, severity: Severity = Severity.MUST) -> set[str]:
    return {lack.code for lack in missing(facts) if lack.severity is severity}


def test_a_complete_letter_is_complete() -> None:
    require_complete(LETTER)

    assert _codes(LETTER, Severity.ADVISED) == {"letter.prior_contacts.absent"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"facts": ()}, "letter.facts_summary.absent"),
        ({"offences": ()}, "letter.offence_qualification.absent"),
        ({"persons": ()}, "letter.persons_concerned.absent"),
        ({"measures": ()}, "letter.measures_requested.absent"),
        ({"attachments": ()}, "letter.text_of_provisions.absent"),
        ({"signatory": None}, "letter.signature_and_seal.absent"),
        ({"approval": None}, "letter.prosecutor_approval.absent"),
        ({"languages": ("uk", "en")}, "letter.translation.absent"),
        (
            {"transmission": replace(LETTER.transmission, original_promised=False)},
            "letter.original_tracking.absent",
        ),
        (
            {"proceeding": replace(LETTER.proceeding, number="")},
            "letter.proceeding.absent",
        ),
    ],
)
def test_each_required_field_is_missed(change: dict[str, Any], code: str) -> None:
    incomplete = replace(LETTER, **change)

    with pytest.raises(Incomplete) as refusal:
        require_complete(incomplete)
    assert code in refusal.value.facts["missing"]


def test_a_missing_field_says_why_with_source_and_labels() -> None:
    (lack,) = [one for one in missing(replace(LETTER, facts=())) if one.field == "facts_summary"]

    assert "552(2)(4)" in lack.reason.source
    assert lack.labels["uk"] == "Стислий опис обставин"


def test_the_approval_is_a_matter_of_ukrainian_pretrial_only() -> None:
    trial = replace(LETTER.proceeding, stage=Stage.TRIAL)

    require_complete(replace(LETTER, approval=None, proceeding=trial))


def test_without_treaty_a_guarantee_of_reciprocity_is_required() -> None:
    basis = replace(LETTER.basis, instruments=("API_1977", "RECIPROCITY"))

    assert "letter.reciprocity_guarantee.absent" in _codes(replace(LETTER, basis=basis))
    assert "letter.reciprocity_guarantee.absent" not in _codes(LETTER)


def _witness(*, by_judge: bool | None, instruments: tuple[str, ...]) -> LetterFacts:
    choices = {} if by_judge is None else {"examination_by_judge_wanted": by_judge}
    measure = Measure(
        type="witness_statement",
        purpose=MEASURE.purpose,
        answers={
            "questions_or_topics": neutral("1. …"),
            "rights_and_duties_extract": neutral("…"),
        },
        choices=choices,
    )
    basis = replace(LETTER.basis, instruments=instruments)
    return replace(
        LETTER, measures=(measure,), basis=basis, necessity=None, reciprocity=neutral("…")
    )


NECESSITY = "measure.0.necessity_statement.absent"


def test_an_examination_by_a_judge_in_japan_needs_the_statement_of_necessity() -> None:
    by_judge = _witness(by_judge=True, instruments=("API_1977", "RECIPROCITY"))
    interview = _witness(by_judge=False, instruments=("API_1977", "RECIPROCITY"))
    under_treaty = _witness(by_judge=True, instruments=("UNTOC",))

    assert _codes(by_judge) == {NECESSITY}
    assert NECESSITY not in _codes(interview) | _codes(interview, Severity.ADVISED)
    assert _codes(under_treaty) == set()
    assert NECESSITY in _codes(under_treaty, Severity.ADVISED)


def test_the_statement_of_the_letter_answers_for_its_measures() -> None:
    by_judge = _witness(by_judge=True, instruments=("API_1977", "RECIPROCITY"))

    require_complete(replace(by_judge, necessity=LETTER.necessity))


def test_to_ukraine_no_statement_of_necessity_is_asked() -> None:
    by_judge = _witness(by_judge=True, instruments=("API_1977", "RECIPROCITY"))
    turned = replace(by_judge, requesting=LETTER.requested, requested=LETTER.requesting)

    assert NECESSITY not in _codes(turned) | _codes(turned, Severity.ADVISED)


def test_whether_physical_items_are_sought_must_be_said() -> None:
    documents = Measure(
        type="evidence_documents",
        purpose=MEASURE.purpose,
        answers={
            "documents_described": neutral("…"),
            "holder_name_and_address": neutral("…"),
        },
    )
    basis = replace(LETTER.basis, instruments=("RECIPROCITY",))
    open_question = replace(
        LETTER, measures=(documents,), basis=basis, necessity=None, reciprocity=neutral("…")
    )
    items = replace(documents, choices={"physical_items": True})
    copies = replace(documents, choices={"physical_items": False})

    undecided = "measure.0.necessity_statement.undecided"
    assert undecided in _codes(open_question, Severity.LAWYER_DECIDES)
    assert _codes(replace(open_question, measures=(items,))) == {NECESSITY}
    require_complete(replace(open_question, measures=(copies,)))


def _search() -> LetterFacts:
    fields = ("place_and_occupant", "items_sought", "evidence_justifying_measure")
    answers = {field: neutral("…") for field in fields}
    measure = Measure("search_and_seizure", MEASURE.purpose, MappingProxyType(answers))
    return replace(LETTER, measures=(measure,))


def test_a_condition_that_software_cannot_decide_waits_for_a_lawyer() -> None:
    letter = _search()

    assert _codes(letter, Severity.LAWYER_DECIDES) == {"measure.0.court_order_copy.undecided"}
    with pytest.raises(Incomplete):
        require_complete(letter)


@pytest.mark.parametrize("applies", [True, False])
def test_a_lawyers_decision_settles_it(applies: bool) -> None:
    decision = Decision(
        "court_order_copy",
        applies=applies,
        decided_by="О. Лисенко",
        decided_on=date(2026, 11, 20),
        measure=0,
    )
    letter = replace(_search(), decisions=(decision,))

    expected = {"measure.0.court_order_copy.absent"} if applies else set()
    assert _codes(letter) == expected
    assert not _codes(letter, Severity.LAWYER_DECIDES)


def test_every_condition_in_the_data_is_decided_or_asked() -> None:
    conditions = {
        row["when"]
        for entry in load("request_types")["types"]
        for row in entry["fields"]
        if "when" in row
    } | {row["when"] for row in load("request_types")["core_fields"] if "when" in row}

    assert set(WHEN) <= conditions
    assert conditions - set(WHEN) == {
        "treaty or requested state's law demands it",
        "court documents to Japan",
        "from Japan",
        "to Ukraine under ETS 182",
        "Japan requests and the offence carries it",
    }


def test_every_field_of_every_type_has_labels() -> None:
    for entry in load("request_types")["types"]:
        for row in requirement_fields(entry["id"]):
            assert set(label_of(row["field"])) == {"uk", "ja", "en"}


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(Refused, match=r"letter\.unknown_type"):
        missing(replace(LETTER, measures=(Measure("a_new_type", MEASURE.purpose),)))


# --- texts ---------------------------------------------------------------------------------------


def test_a_changed_source_makes_its_translations_stale_and_blocks() -> None:
    edited = replace(LETTER.facts[1], source=LETTER.facts[1].source + " Доповнено.")
    letter = replace(LETTER, facts=(LETTER.facts[0], edited, LETTER.facts[2]))

    assert edited.state("ja") is TextState.STALE
    assert _codes(letter) == {
        "letter.facts_summary.1.stale.ja",
        "letter.facts_summary.1.stale.en",
    }


def test_the_same_text_in_another_unicode_form_is_not_stale() -> None:
    composed, decomposed = "Її свідчення", "\u0406\u0308\u0457 свідчення"

    assert text_hash(composed) == text_hash(decomposed)


def test_a_machine_draft_blocks_in_the_requested_states_language_only() -> None:
    def drafted(language: str) -> LetterFacts:
        text = LETTER.facts[0]
        draft = replace(text.translations[language], machine_draft=True)
        changed = replace(text, translations={**text.translations, language: draft})
        return replace(LETTER, facts=(changed, *LETTER.facts[1:]))

    assert _codes(drafted("ja")) == {"letter.facts_summary.0.machine_draft.ja"}
    assert _codes(drafted("en")) == set()


def test_a_missing_translation_blocks_in_each_language_of_the_letter() -> None:
    only_ukrainian = Paragraph("uk", "Лише українською.")
    letter = replace(LETTER, urgency=only_ukrainian)

    assert _codes(letter) == {"letter.urgency.untranslated.ja", "letter.urgency.untranslated.en"}
    assert _codes(replace(letter, languages=("uk", "ja"))) == {"letter.urgency.untranslated.ja"}


# --- provisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("certainty", "basis"), [("high", "recalled"), ("medium", "read")])
def test_an_unconfirmed_provision_blocks(certainty: str, basis: str) -> None:
    provision = replace(
        LETTER.basis.provisions[0],
        certainty=certainty,
        basis=basis,
        confirmed_by="",
        confirmed_on=None,
    )
    letter = replace(LETTER, basis=replace(LETTER.basis, provisions=(provision,)))

    assert _codes(letter) == {"letter.legal_basis.0.unconfirmed"}


def test_a_protective_measure_of_medium_certainty_is_not_printed_unconfirmed() -> None:
    letter = replace(LETTER, protection=("face-voice-distortion",))

    assert _codes(letter) == {"letter.victim_witness_protection.0.unconfirmed"}


# --- the body of the message ---------------------------------------------------------------------


def test_a_letter_survives_the_message() -> None:
    body = decode(encode(as_body(LETTER)))

    assert from_body(body) == LETTER


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [path] + [p for key in value for p in _paths(value[key], (*path, key))]
    if isinstance(value, list):
        return [path] + [p for at, item in enumerate(value) for p in _paths(item, (*path, at))]
    return [path]


PATHS = [path for path in _paths(as_body(LETTER)) if path]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(st.sampled_from(PATHS), JSON)
def test_a_body_with_anything_put_anywhere_is_read_or_untrusted(
    path: tuple[Any, ...], value: Any
) -> None:
    body = as_body(LETTER)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    try:
        read = from_body(body)
    except Untrusted:
        return
    assert from_body(as_body(read)) == read


@given(JSON)
def test_rubbish_is_no_body(value: Any) -> None:
    with pytest.raises(Untrusted, match=r"record\.malformed"):
        from_body(value)


def test_an_unknown_field_is_untrusted_and_not_named() -> None:
    body = {**as_body(LETTER), "Калина": "…"}

    with pytest.raises(Untrusted) as refusal:
        from_body(body)
    assert "Калина" not in str(refusal.value.facts)


def test_true_is_no_number_and_a_number_is_no_text() -> None:
    body = as_body(LETTER)
    body["attachments"][0]["pages"] = True

    with pytest.raises(Untrusted):
        from_body(body)


def test_a_helper_ties_translations_to_the_source() -> None:
    made = paragraph("ja", ja="本文", uk="Текст", en="Text")

    assert made.state("uk") is TextState.GOOD
    assert made.translations["en"] == Translation("Text", text_hash("本文"))
    assert neutral("E-1").text("ja") == "E-1"


def test_a_letter_names_its_types_once() -> None:
    assert replace(LETTER, measures=(MEASURE, MEASURE)).request_types == ("stored_data_access",)


def test_service_needs_no_facts_nor_charge() -> None:
    service = Measure(
        type="service_of_documents",
        purpose=MEASURE.purpose,
        answers={
            "addressee_nationality_address": neutral("…"),
            "documents_with_translation": neutral("…"),
        },
    )
    letter = replace(LETTER, measures=(service,), facts=(), offences=(), attachments=())

    assert _codes(letter) == set()
    assert _codes(letter, Severity.LAWYER_DECIDES) == {"measure.0.cost_guarantee.undecided"}


def test_a_letter_by_post_needs_no_promise_of_the_original() -> None:
    by_post = Transmission(LETTER.transmission.channel)

    require_complete(replace(LETTER, transmission=by_post))


def test_no_basis_at_all_is_missed() -> None:
    nothing = LegalBasis((), (), (), LETTER.basis.data_version)

    assert "letter.legal_basis.absent" in _codes(replace(LETTER, basis=nothing))
