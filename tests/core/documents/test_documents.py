"""Documents as PDF: what is on the paper, the same bytes, and what is refused."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.core.canonical import encode
from comity.core.documents import typesetting
from comity.core.documents.consent import render_consent_sheet
from comity.core.documents.custody import render_custody_report
from comity.core.documents.letter import render_letter
from comity.core.documents.replies import render_acknowledgement, render_reply
from comity.core.errors import Refused
from comity.core.law.letter_facts import LetterFacts, Paragraph, Provision, paragraph
from comity.core.law.letters import as_body
from tests.core.documents.invented import ACKNOWLEDGEMENT, CONSENT, CUSTODY, REPLY
from tests.core.law.invented import LETTER

CREATED = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
REFERENCE = "15/3-2211вих-26"


def _letter(facts: LetterFacts = LETTER, language: str = "uk", **more: bytes | None) -> bytes:
    return render_letter(facts, language=language, reference=REFERENCE, created=CREATED, **more)


def _text(pdf: bytes, tmp_path: Path) -> str:
    """Return the text of a PDF as another program reads it, without its line ends."""
    path = tmp_path / "printed.pdf"
    path.write_bytes(pdf)
    done = subprocess.run(
        ["pdftotext", "-raw", str(path), "-"], check=True, capture_output=True, text=True
    )
    text = done.stdout.replace("\u2060", "").replace("\u00a0", " ")
    return re.sub(r"(?<=\w)-\n(?=\w)|(?<=[^\x00-\u04ff])\n(?=[^\x00-\u04ff])", "", text)


def _flat(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize(
    ("language", "phrases"),
    [
        (
            "uk",
            [
                "Офіс Генерального прокурора",
                "Міністерство юстиції Японії",
                "Вміст листування є незамінним",
                "Частина 2 статті 438 Кримінального кодексу України",
                "протягом трьох днів",
            ],
        ),
        ("ja", ["刑事に関する共助要請書", "法務省 御中", "第438条第2項", "蔵置データの提供"]),
        ("en", ["Request for Mutual Legal Assistance", "Articles 25, 27 and 31", "Kalyna-3"]),
        ("all", ["Офіс Генерального прокурора", "検事総長府", "Office of the Prosecutor General"]),
    ],
)
def test_a_letter_says_what_its_facts_say(
    language: str, phrases: list[str], tmp_path: Path
) -> None:
    printed = _flat(_text(_letter(language=language), tmp_path))

    for phrase in phrases:
        assert _flat(phrase) in printed, phrase


def test_the_same_input_gives_the_same_bytes_in_any_order() -> None:
    first = [_letter(language=one) for one in ("uk", "ja", "all")]
    typesetting._held.clear()  # a new compiler, as in another process
    second = [_letter(language=one) for one in ("all", "ja", "uk")]

    assert first == second[::-1]


def test_another_fact_gives_other_bytes() -> None:
    assert _letter() != _letter(replace(LETTER, deadline=None))


@pytest.mark.parametrize(("message", "part"), [(None, 2), (b'{"id":"1"}', 3)])
def test_the_standards_are_stated_in_the_file(message: bytes | None, part: int) -> None:
    pdf = _letter(message=message)

    assert f"<pdfaid:part>{part}</pdfaid:part>".encode() in pdf
    assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_the_message_is_attached_and_named_by_digest(tmp_path: Path) -> None:
    message = encode({"body": as_body(LETTER), "type": "letter/1"})
    pdf = _letter(message=message)
    (tmp_path / "letter.pdf").write_bytes(pdf)

    subprocess.run(
        ["pdfdetach", "-saveall", "-o", str(tmp_path), str(tmp_path / "letter.pdf")],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "message.json").read_bytes() == message
    digest = hashlib.sha256(message).hexdigest()
    assert digest in _flat(_text(pdf, tmp_path))


def test_all_fonts_are_embedded_and_ours(tmp_path: Path) -> None:
    path = tmp_path / "all.pdf"
    path.write_bytes(_letter(language="all"))
    done = subprocess.run(["pdffonts", str(path)], check=True, capture_output=True, text=True)

    rows = done.stdout.splitlines()[2:]
    assert rows
    assert all("NotoSerif" in row and " yes " in row for row in rows)


@pytest.mark.parametrize("sample", ["ҐґЄєІіЇї’", "髙﨑濵瀨邉", "Łódź Žižek Ōsaka"])
def test_names_of_all_three_languages_have_their_letters(sample: str, tmp_path: Path) -> None:
    facts = replace(LETTER, urgency=Paragraph("zxx", sample))

    for language in ("uk", "ja", "en"):
        assert _flat(sample) in _flat(_text(_letter(facts, language), tmp_path))


@pytest.mark.parametrize("sample", ["😀", "한국어", "\u200fעברית"])
def test_a_character_without_a_letter_form_is_refused_not_boxed(sample: str) -> None:
    with pytest.raises(Refused, match=r"documents\.character_missing"):
        _letter(replace(LETTER, urgency=Paragraph("zxx", sample)))


def test_a_recalled_provision_never_reaches_the_paper() -> None:
    recalled = Provision(LETTER.basis.provisions[0].words, certainty="high", basis="recalled")
    facts = replace(LETTER, basis=replace(LETTER.basis, provisions=(recalled,)))

    with pytest.raises(Refused, match=r"documents\.unconfirmed_provision"):
        _letter(facts)


def test_a_stale_translation_never_reaches_the_paper() -> None:
    stale = replace(LETTER.facts[0], source="Інший текст.")
    facts = replace(LETTER, facts=(stale,))

    assert _letter(facts, "uk")
    with pytest.raises(Refused, match=r"documents\.text_not_ready"):
        _letter(facts, "ja")


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(Refused, match=r"documents\.unknown_language"):
        _letter(language="de")


@given(
    st.text(
        alphabet=st.characters(codec="iso8859-5", exclude_categories=["Cc"]),
        min_size=1,
        max_size=60,
    ).filter(str.strip)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_text_is_printed_and_never_run(text: str) -> None:
    facts = replace(LETTER, urgency=Paragraph("zxx", f"#panic() $x$ [*{text}*] \\u{{41}} {text}"))

    assert _letter(facts).startswith(b"%PDF")


def test_commands_of_the_typesetter_are_plain_text(tmp_path: Path) -> None:
    text = '#read("house.typ") #{ 1 + 1 } *b* _i_ "q" -- ~ \\ // c'
    facts = replace(LETTER, urgency=Paragraph("zxx", text))

    assert _flat(text) in _flat(_text(_letter(facts), tmp_path))


def _acknowledgement(language: str) -> bytes:
    return render_acknowledgement(
        ACKNOWLEDGEMENT, language=language, reference="刑国第118号", created=CREATED
    )


def _reply(language: str) -> bytes:
    return render_reply(REPLY, language=language, reference="刑国第131号", created=CREATED)


def _consent(language: str) -> bytes:
    return render_consent_sheet(CONSENT, language=language, reference="ЗГ-118", created=CREATED)


def _custody(language: str) -> bytes:
    return render_custody_report(CUSTODY, language=language, reference="ЗЗ-000123", created=CREATED)


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
@pytest.mark.parametrize(
    ("render", "marks"),
    [
        (_acknowledgement, ["刑国第118号", "15/3-2211вих-26"]),
        (_reply, ["E-000201", "c0ffee11" * 8, "9d1e7a04" * 8]),
        (_consent, ["ЗГ-118", "hub@centre.example"]),
        (_custody, ["E-000123", "a1b2c3d4" * 8, "kyiv.example/ledger", "4099"]),
    ],
)
def test_every_document_exists_in_three_languages(
    render: Callable[[str], bytes], marks: list[str], language: str, tmp_path: Path
) -> None:
    pdf = render(language)

    printed = _flat(_text(pdf, tmp_path))
    for mark in marks:
        assert mark in printed
    assert pdf == render(language)


@pytest.mark.parametrize("render", [_acknowledgement, _reply])
def test_replies_exist_side_by_side(render: Callable[[str], bytes], tmp_path: Path) -> None:
    printed = _flat(_text(render("all"), tmp_path))

    assert "МіністерствоюстиціїЯпонії" in printed
    assert "MinistryofJusticeofJapan" in printed


def test_a_condition_on_a_recalled_provision_is_refused() -> None:
    condition = REPLY.conditions[0]
    assert condition.provision is not None
    recalled = replace(condition.provision, basis="recalled")
    facts = replace(REPLY, conditions=(replace(condition, provision=recalled),))

    with pytest.raises(Refused, match=r"documents\.unconfirmed_provision"):
        render_reply(facts, language="uk", reference="1", created=CREATED)


def test_a_sheet_without_words_in_a_language_is_refused() -> None:
    facts = replace(CONSENT, hub=replace(CONSENT.hub, names={"uk": "Центр"}))

    with pytest.raises(Refused, match=r"documents\.words_missing"):
        render_consent_sheet(facts, language="ja", reference="1", created=CREATED)


def test_no_refusal_carries_content() -> None:
    secret = "Калина 😀"
    with pytest.raises(Refused) as refusal:
        _letter(replace(LETTER, urgency=Paragraph("zxx", secret)))

    assert "Калина" not in f"{refusal.value} {refusal.value.facts}"


def test_a_long_letter_goes_on_over_pages(tmp_path: Path) -> None:
    long = tuple(
        paragraph("uk", uk=text.source * 4, ja=text.text("ja") * 4, en=text.text("en") * 4)
        for text in LETTER.facts * 4
    )
    printed = _text(_letter(replace(LETTER, facts=long), "uk"), tmp_path)

    assert "Сторінка 5 з" in printed
