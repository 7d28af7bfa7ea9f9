"""Golden cases of the basis finder between Ukraine and Japan."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Refused
from comity.core.law import bases
from comity.core.law.bases import BasisFacts, BasisFinding, Finding, Procedure, rank_bases


def _ranked(request_type: str, way: str = "UA-JP", **facts: object) -> dict[str, BasisFinding]:
    requesting, requested = way.split("-")
    found = rank_bases(
        requesting=requesting,
        requested=requested,
        request_type=request_type,
        facts=BasisFacts(**facts),  # type: ignore[arg-type]
    )
    return {finding.instrument_id: finding for finding in found}


def _chosen(found: dict[str, BasisFinding]) -> list[str]:
    return [name for name, one in found.items() if one.finding is Finding.CHOSEN]


@pytest.mark.parametrize("way", ["UA-JP", "JP-UA"])
@pytest.mark.parametrize("request_type", ["stored_data_access", "preservation_of_data"])
def test_electronic_evidence_goes_under_budapest(request_type: str, way: str) -> None:
    found = _ranked(request_type, way, war_crime=True)

    assert _chosen(found) == ["BUDAPEST"]
    assert found["BUDAPEST"].rank == 1
    assert found["RECIPROCITY"].finding is Finding.RESERVE
    assert found["UNTOC"].finding is Finding.POSSIBLE


def test_documents_in_electronic_form_go_under_budapest_and_paper_does_not() -> None:
    electronic = _ranked("evidence_documents", war_crime=True, electronic_evidence=True)
    paper = _ranked("evidence_documents", war_crime=True, electronic_evidence=False)

    assert _chosen(electronic) == ["BUDAPEST"]
    assert _chosen(paper) == ["API_1977", "RECIPROCITY"]


@pytest.mark.parametrize("way", ["UA-JP", "JP-UA"])
@pytest.mark.parametrize("request_type", ["witness_statement", "evidence_documents"])
def test_a_war_crime_cites_the_duty_clause_with_reciprocity(request_type: str, way: str) -> None:
    found = _ranked(request_type, way, war_crime=True)

    assert _chosen(found) == ["API_1977", "RECIPROCITY"]
    assert found["API_1977"].procedure is Procedure.DUTY
    assert found["API_1977"].together_with == ("RECIPROCITY",)
    assert "diplomatic channel" in found["API_1977"].channel.text("en")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fact", "instrument"),
    [
        ("torture", "CAT"),
        ("enforced_disappearance", "ICPPED"),
        ("cultural_property", "HAGUE_1999"),
    ],
)
def test_the_clause_nearest_to_the_facts_goes_first(fact: str, instrument: str) -> None:
    found = _ranked("witness_statement", war_crime=True, **{fact: True})

    assert _chosen(found) == [instrument, "RECIPROCITY"]
    assert found["API_1977"].finding is Finding.POSSIBLE


ORGANISED = {"organised_group": True, "material_benefit": True, "transnational": True}


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({**ORGANISED, "penalty_max_years": 8}, Finding.CHOSEN),
        ({**ORGANISED, "penalty_max_years": 5}, Finding.POSSIBLE),
        ({**ORGANISED, "penalty_max_years": 3}, Finding.NOT_A_BASIS),
        ({**ORGANISED}, Finding.POSSIBLE),
        ({**ORGANISED, "penalty_max_years": 8, "organised_group": False}, Finding.NOT_A_BASIS),
        ({**ORGANISED, "penalty_max_years": 8, "material_benefit": False}, Finding.NOT_A_BASIS),
        ({}, Finding.POSSIBLE),
    ],
)
def test_untoc_needs_group_benefit_and_threshold(
    facts: dict[str, object], finding: Finding
) -> None:
    found = _ranked("evidence_documents", sanctions_evasion=True, **facts)

    assert found["UNTOC"].finding is finding


@pytest.mark.parametrize(
    "request_type",
    ["stored_data_access", "preservation_of_data", "witness_statement", "evidence_documents"],
)
def test_the_genocide_convention_is_shown_as_no_basis_with_the_reason(request_type: str) -> None:
    found = _ranked(request_type, war_crime=True)["GENOCIDE_1948"]

    assert found.finding is Finding.NOT_A_BASIS
    assert "not a party" in [reason.text("en") for reason in found.why]
    assert (found.channel, found.demands, found.provisions) == (None, (), ())


def test_treaty_hints_are_never_offered() -> None:
    offered = {
        name
        for request_type in ("witness_statement", "evidence_documents", "stored_data_access")
        for name, one in _ranked(request_type, war_crime=True).items()
        if one.finding is not Finding.NOT_A_BASIS
    }

    assert not offered & {"ROME_STATUTE", "GENOCIDE_1948", "GC_1949", "LJUBLJANA_HAGUE"}


def test_reciprocity_alone_is_no_basis_where_ukraine_investigates_itself() -> None:
    found = _ranked("witness_statement", "JP-UA", investigated_by_requested=True)
    other_way = _ranked("witness_statement", "UA-JP", investigated_by_requested=True)

    assert found["RECIPROCITY"].finding is Finding.NOT_A_BASIS
    assert "557(2)(6)" in found["RECIPROCITY"].why[0].source
    assert other_way["RECIPROCITY"].finding is Finding.CHOSEN


def test_beside_a_duty_clause_the_own_investigation_is_a_doubt_not_a_bar() -> None:
    found = _ranked("witness_statement", "JP-UA", war_crime=True, investigated_by_requested=True)

    assert found["RECIPROCITY"].finding is Finding.CHOSEN
    assert any("557(2)(6)" in doubt.source for doubt in found["RECIPROCITY"].doubts)


def _demanded(finding: BasisFinding) -> dict[str, str]:
    return {demand.code: demand.need for demand in finding.demands}


def test_what_each_basis_demands_of_a_letter_to_japan() -> None:
    duty = _demanded(_ranked("witness_statement", war_crime=True)["API_1977"])
    treaty = _demanded(_ranked("stored_data_access")["BUDAPEST"])
    preserved = _demanded(_ranked("preservation_of_data")["BUDAPEST"])

    assert duty["reciprocity_guarantee"] == duty["necessity_statement"] == "must"
    assert duty["diplomatic_channel"] == "must"
    assert treaty["necessity_statement"] == "advised"
    assert "reciprocity_guarantee" not in treaty
    assert "necessity_statement" not in preserved
    assert preserved["follow_up_request_due"] == "must"


def test_no_necessity_statement_is_demanded_by_ukraine() -> None:
    found = _ranked("witness_statement", "JP-UA", war_crime=True)

    assert "necessity_statement" not in _demanded(found["API_1977"])


def test_an_urgent_letter_shows_the_urgent_channel() -> None:
    calm = _ranked("stored_data_access")["BUDAPEST"]
    urgent = _ranked("stored_data_access", urgent=True)["BUDAPEST"]

    assert calm.urgent_channel is None
    assert "25(3)" in urgent.urgent_channel.source  # type: ignore[union-attr]


def test_preservation_goes_through_the_contact_points() -> None:
    channel = _ranked("preservation_of_data")["BUDAPEST"].channel

    assert channel is not None
    assert channel.text("en").startswith("24/7 points")


def test_a_recalled_provision_says_so() -> None:
    budapest = _ranked("stored_data_access")["BUDAPEST"].provisions
    domestic = _ranked("stored_data_access")["RECIPROCITY"].provisions

    assert budapest
    assert not any(one.fact.signable for one in budapest)
    assert domestic
    assert all(one.fact.signable for one in domestic)


@pytest.mark.parametrize(
    ("requesting", "requested", "request_type"),
    [("UA", "FR", "witness_statement"), ("UA", "JP", "transit"), ("UA", "JP", "unknown")],
)
def test_what_the_data_do_not_order_is_refused(
    requesting: str, requested: str, request_type: str
) -> None:
    with pytest.raises(Refused):
        rank_bases(
            requesting=requesting,
            requested=requested,
            request_type=request_type,
            facts=BasisFacts(),
        )


@given(
    st.sampled_from(["UA-JP", "JP-UA"]),
    st.sampled_from(
        ["stored_data_access", "preservation_of_data", "witness_statement", "evidence_documents"]
    ),
    st.builds(BasisFacts),
)
def test_every_finding_says_why_in_three_languages(
    way: str, request_type: str, facts: BasisFacts
) -> None:
    requesting, requested = way.split("-")
    found = rank_bases(
        requesting=requesting, requested=requested, request_type=request_type, facts=facts
    )

    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert len({one.instrument_id for one in found}) == len(found)
    for one in found:
        assert one.why
        assert all(reason.source for reason in one.why)
        assert set(one.names) == {"uk", "ja", "en"}
        usable = one.finding is not Finding.NOT_A_BASIS
        assert usable == (one.channel is not None)


def test_the_finder_itself_states_no_law() -> None:
    """No string of the code names an article, a state's law or a reason in words."""
    tree = ast.parse(Path(bases.__file__).read_text(encoding="utf-8"))
    documented = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    strings = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    } - documented

    assert not [text for text in strings if " " in text.strip()]
