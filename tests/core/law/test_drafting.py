"""From findings to the basis of a letter, and the draft of a guarantee."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from comity.core.errors import Refused
from comity.core.law.bases import BasisFacts, BasisFinding, Finding, rank_bases
from comity.core.law.drafting import legal_basis, reciprocity_draft
from comity.core.law.letter_facts import TextState
from comity.core.law.letters import Severity, missing, require_complete
from tests.core.law.invented import LETTER


def _findings(**facts: bool) -> list[BasisFinding]:
    return rank_bases(
        requesting="UA",
        requested="JP",
        request_type="evidence_documents",
        facts=BasisFacts(**facts),
    )


def test_the_chosen_findings_make_a_basis_that_waits_for_the_lawyer() -> None:
    chosen = [one for one in _findings(war_crime=True) if one.finding is Finding.CHOSEN]
    guarantee = reciprocity_draft("UA")

    waiting = legal_basis(chosen, chosen_by="О. Лисенко")
    confirmed = legal_basis(
        chosen,
        chosen_by="О. Лисенко",
        confirmed_by="О. Лисенко",
        confirmed_on=date(2026, 11, 16),
    )

    assert waiting.instruments == ("API_1977", "RECIPROCITY")
    open_ones = missing(replace(LETTER, basis=waiting, reciprocity=guarantee))
    assert [one.code for one in open_ones if one.severity is Severity.MUST] == [
        "letter.legal_basis.0.unconfirmed"
    ]
    require_complete(replace(LETTER, basis=confirmed, reciprocity=guarantee))


def test_what_is_no_basis_cannot_be_taken() -> None:
    refused = [one for one in _findings(war_crime=True) if one.finding is Finding.NOT_A_BASIS]

    with pytest.raises(Refused, match=r"letter\.not_a_basis"):
        legal_basis(refused[:1], chosen_by="О. Лисенко")
    with pytest.raises(Refused, match=r"letter\.not_a_basis"):
        legal_basis([], chosen_by="О. Лисенко")


def test_the_draft_guarantee_is_ready_in_three_languages() -> None:
    draft = reciprocity_draft("UA")

    assert [draft.state(language) for language in ("uk", "ja", "en")] == [TextState.GOOD] * 3
    with pytest.raises(Refused, match=r"letter\.no_draft"):
        reciprocity_draft("JP")
