"""Places in the law as each language writes them."""

import pytest
from django.utils import translation

from comity.assistance.citations import provision_of
from comity.core.law.loader import load
from comity.core.law.readings import fact_at

PLACES = [
    ("jurisdictions.UA.clocks.ua_out_original", "en", "CPC art. 548(4)"),
    ("jurisdictions.UA.clocks.ua_out_original", "uk", "КПК ст. 548(4)"),
    ("jurisdictions.UA.clocks.ua_out_original", "ja", "ウクライナ刑訴法 548条4項"),
    ("jurisdictions.JP.mla_refusal.necessity_statement", "en", "Act 69/1980 art. 2(iii)"),
    (
        "jurisdictions.JP.mla_refusal.necessity_statement",
        "ja",
        "国際捜査共助等に関する法律 2条3号",
    ),
    ("instruments.BUDAPEST.in_force_ua_jp", "en", "Law 2824-IV; Council of Europe Treaty Office"),
    ("settled:letter.necessity_softened", "en", "Act 69/1980 art. 2(iii); Comity, rule 4"),
]


@pytest.mark.parametrize(("path", "language", "words"), PLACES)
def test_a_place_reads_as_its_language_writes_it(path, language, words) -> None:
    with translation.override(language):
        assert provision_of(fact_at(path)) == words


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_no_place_shows_a_code_of_the_data(language) -> None:
    paths = [f"jurisdictions.{state}.clocks.{clock['id']}" for state in ("UA", "JP")
             for clock in load("instruments")["jurisdictions"][state]["clocks"]]  # fmt: skip
    paths += [
        f"instruments.{one['id']}.in_force_ua_jp" for one in load("instruments")["instruments"]
    ]
    with translation.override(language):
        for path in paths:
            words = provision_of(fact_at(path))
            assert words, path
            assert "SRC_" not in words, path
            assert "SETTLED" not in words, path
