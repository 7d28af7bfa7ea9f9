"""The data files: strict reading, sources that resolve, certainty that decides what is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Untrusted
from comity.core.law import loader
from comity.core.law.loader import cite, data_version, fact, load, parse, terms
from comity.core.law.readings import fact_at

FILES = sorted(path.stem for path in loader.DATA.glob("*.yaml"))


def _facts(node: Any) -> list[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        own = [node] if "source" in node and "certainty" in node else []
        return own + [found for item in node.values() for found in _facts(item)]
    if isinstance(node, tuple):
        return [found for item in node for found in _facts(item)]
    return []


@pytest.mark.parametrize("file", FILES)
def test_every_fact_has_sources_that_resolve(file: str) -> None:
    found = _facts(load(file))

    assert len(found) > 10
    for node in found:
        assert all(citation.title for citation in fact(node, file).citations)


def _labels(node: Any) -> list[Mapping[str, Any]]:
    if isinstance(node, Mapping):
        own = [node] if {"uk", "ja", "en"} <= set(node) else []
        return own + [found for item in node.values() for found in _labels(item)]
    if isinstance(node, tuple):
        return [found for item in node for found in _labels(item)]
    return []


@pytest.mark.parametrize("file", ["request_types", "settled"])
def test_no_label_is_cut_at_a_comma(file: str) -> None:
    found = _labels(load(file))

    assert len(found) > 10
    for label in found:
        assert None not in label.values(), label


def test_the_data_are_read_once_and_cannot_be_changed() -> None:
    document = load("instruments")

    assert load("instruments") is document
    with pytest.raises(TypeError):
        document["meta"] = {}  # type: ignore[index]


def test_a_source_string_resolves_to_titles_and_places() -> None:
    first, second = cite("SRC_UA_CPC arts 544(5), 553(2); SRC_JP_AIAI art 3")

    assert first.place == "arts 544(5), 553(2)"
    assert first.title.startswith("Criminal Procedure Code of Ukraine")
    assert (second.source_id, second.place) == ("SRC_JP_AIAI", "art 3")


@pytest.mark.parametrize("source", ["SRC_NOBODY art 1", "", "article 3"])
def test_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(Untrusted, match=r"law\.unknown_source"):
        cite(source)


def test_a_recalled_or_doubtful_fact_is_not_signable() -> None:
    read = fact_at("jurisdictions.UA.channel.without_treaty")
    recalled = fact_at("instruments.BUDAPEST.channel")
    medium = fact_at("jurisdictions.JP.language.mla")
    best_of = fact({"v": 1, "source": "SRC_UA_CPC art 1; SRC_TEXT art 2", **READ})

    assert [one.signable for one in (read, recalled, medium, best_of)] == [True] + [False] * 3


READ = {"certainty": "high", "basis": "read"}


@pytest.mark.parametrize(
    "node",
    [
        {"v": 1},
        {"v": 1, "source": "SRC_UA_CPC"},
        {"v": 1, "source": "SRC_UA_CPC", "certainty": "certain", "basis": "read"},
        {"v": 1, "source": "SRC_UA_CPC", "certainty": "high", "basis": "guessed"},
    ],
)
def test_a_fact_without_source_or_certainty_is_refused(node: Mapping[str, Any]) -> None:
    with pytest.raises(Untrusted):
        fact(node)


@pytest.mark.parametrize(
    "content", [b"a: 1\na: 2\n", b"[1, 2]", b"a: {", b"\xff\xfe\x00", b"a: !!python/object:os {}"]
)
def test_a_malformed_file_is_untrusted(content: bytes) -> None:
    with pytest.raises(Untrusted, match=r"law\.malformed_data"):
        parse(content, "made")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_rubbish_is_read_or_untrusted_and_nothing_else(content: bytes) -> None:
    try:
        parse(content, "made")
    except Untrusted:
        return


def test_a_missing_file_is_untrusted() -> None:
    with pytest.raises(Untrusted, match=r"law\.missing_data"):
        load("nothing_of_the_kind")


def test_the_version_covers_every_byte(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    before = data_version()
    for path in loader.DATA.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    with (tmp_path / "services.yaml").open("ab") as file:
        file.write(b"\n")
    monkeypatch.setattr(loader, "DATA", tmp_path)
    data_version.cache_clear()
    changed = data_version()
    monkeypatch.undo()
    data_version.cache_clear()

    assert changed != before
    assert data_version() == before


@pytest.mark.parametrize(
    ("file", "part"),
    [
        ("evidence_types", "evidence_types"),
        ("evidence_types", "stance"),
        ("authorities", "authorities"),
        ("victim_needs", "needs"),
        ("victim_needs", "vulnerabilities"),
        ("services", "services"),
        ("protective_measures", "measures"),
    ],
)
def test_every_vocabulary_has_labels_in_three_languages(file: str, part: str) -> None:
    found = terms(file, part)

    assert len({term.id for term in found}) == len(found) > 3
    assert all(set(term.labels) == {"uk", "ja", "en"} for term in found)


def test_every_path_in_the_conventions_leads_to_a_fact() -> None:
    def paths(node: Any, key: str = "") -> list[str]:
        if isinstance(node, Mapping):
            return [found for name, item in node.items() for found in paths(item, name)]
        if isinstance(node, tuple):
            return [found for item in node for found in paths(item, key)]
        dotted = isinstance(node, str) and node.startswith(
            ("jurisdictions.", "instruments.", "pairs.", "request_types:", "settled:")
        )
        return [node] if dotted else []

    found = [*paths(load("settled")), *load("settled")["words"]]

    assert len(found) > 60
    for path in found:
        assert fact_at(path).certainty


def test_added_words_keep_the_english_of_the_source() -> None:
    found = fact_at("instruments.GENOCIDE_1948.parties.JP")

    assert found.text("en") == "not a party"
    assert found.text("uk") == "не є учасницею"
    assert found.text("ja") == "締約国ではない"
