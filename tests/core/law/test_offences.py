"""Provisions, national offences and the rows of an elements matrix."""

from __future__ import annotations

import pytest

from comity.core.errors import Refused
from comity.core.law.offences import (
    Layer,
    elements_matrix,
    elements_of,
    matches,
    offence,
    offences,
    provision,
    provisions,
)


def test_the_counts_are_those_of_the_research() -> None:
    assert len(provisions()) == 103
    assert sum(len(one.elements) for one in provisions()) == 257
    assert [one.state for one in offences()].count("UA") == 64
    assert [one.state for one in offences()].count("JP") == 69


def test_every_offence_that_a_provision_names_exists() -> None:
    known = {one.id for one in offences()}

    assert {name for one in provisions() for name in (*one.ukrainian, *one.japanese)} <= known


def test_a_provision_has_its_contexts_before_its_own_elements() -> None:
    found = elements_of("ICC-8-2-a-i")

    assert [one.id for one in found][:2] == ["CTX-GC.1", "CTX-GC.2"]
    assert found[-1].id == "ICC-8-2-a-i.1"
    assert found[-1].layer is Layer.GUIDANCE


@pytest.mark.parametrize("offence_id", ["UA-CC-438-1", "UA-CC-438-2"])
def test_both_parts_of_article_438_have_the_national_elements(offence_id: str) -> None:
    found = elements_of(offence_id)

    assert [one.id for one in found] == [f"UA-E-438.{number}" for number in range(1, 6)]
    assert {one.layer for one in found} == {Layer.NATIONAL}


def test_the_matrix_has_national_elements_first_and_each_once() -> None:
    rows = elements_matrix("UA-CC-438-2", "ICC-8-2-a-i")

    layers = [row.element.layer for row in rows]
    assert layers == sorted(layers, key=[Layer.NATIONAL, Layer.CONTEXT, Layer.GUIDANCE].index)
    assert len({row.element.id for row in rows}) == len(rows) == 10


def test_leadership_in_article_437_is_a_question() -> None:
    assert [row.element.id for row in elements_matrix("UA-CC-437") if row.question] == [
        "UA-E-437.2"
    ]


def test_a_guide_that_the_data_do_not_connect_is_refused() -> None:
    with pytest.raises(Refused, match=r"offences\.not_connected"):
        elements_matrix("UA-CC-437", "ICC-8-2-a-i")


def test_no_rome_statute_provision_is_signable_unconfirmed() -> None:
    assert not any(one.fact.signable for one in provisions())
    assert offence("UA-CC-438-1").fact.signable


def test_matches_go_from_the_national_offence_to_the_statute() -> None:
    assert provision("ICC-8-2-a-i") in matches("UA-CC-438-2")
    assert matches("JP-PC-199")


@pytest.mark.parametrize("call", [provision, offence, elements_of, matches, elements_matrix])
def test_an_unknown_id_is_refused(call: object) -> None:
    with pytest.raises(Refused):
        call("nothing")  # type: ignore[operator]


def test_an_offence_without_a_set_of_elements_has_none() -> None:
    assert elements_of("UA-CC-115") == ()
