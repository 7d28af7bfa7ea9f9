"""Codes to words, values to words, and what the tags write."""

import ast
from datetime import UTC, date, datetime

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from comity.core.access import Act, Compartment, Role
from comity.core.errors import Incomplete, NotAllowed, Untrusted
from comity.ui import formats
from comity.ui.labels import has_label, label, tone
from comity.ui.templatetags.icons import FOLDER, shapes

NB = formats.NB
MOMENT = datetime(2026, 11, 24, 7, 45, tzinfo=UTC)


def written(source, **context):
    return Template("{% load comity %}" + source).render(Context(context))


@pytest.mark.parametrize("code", [*Role, *Act, *Compartment])
def test_every_code_of_core_access_has_words_of_its_own(code):
    assert has_label(code)
    assert label(code) != code.value


def codes_raised_in_core():
    """Every code that core raises: the first argument of each error, where it is written out."""
    families = {"Refused", "NotAllowed", "NotVisible", "WrongState", "Incomplete", "Untrusted"}
    for path in (FOLDER.parent.parent / "core").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            name, words = getattr(node.exc.func, "id", ""), node.exc.args[:1]
            if name in families | {"ProofError"} and isinstance(words[0], ast.Constant):
                yield words[0].value


def test_every_code_that_core_raises_has_words_at_least_by_its_family():
    codes = set(codes_raised_in_core())
    assert len(codes) > 50
    assert [code for code in sorted(codes) if label(code) == code] == []


def test_a_string_from_the_database_finds_its_words_by_kind():
    assert label("draft", "LetterState") == "Draft"
    assert label("hub_coordinator", "Role") == "Hub coordinator"
    assert tone("draft", "LetterState") == ("note", "pencil")


def test_a_code_without_words_comes_back_as_it_is():
    assert label("nobody.wrote.this") == "nobody.wrote.this"
    assert not has_label("nobody.wrote.this")
    assert label(None) == ""


def test_a_refusal_says_its_facts_in_words():
    assert label(Incomplete("letter.incomplete", missing=["purpose"])) == (
        "Before sending, write these: the purpose."
    )
    assert label(Incomplete("letter.incomplete")) == "Before sending, write these: …."


def test_a_code_of_a_family_falls_back_to_the_family():
    assert label(Untrusted("container.unlisted_entry", entry="x")) == label("container")
    assert "supervisor" in label(NotAllowed("access.not_allowed", act=Act.SEND_LETTER))


def test_facts_cannot_reach_into_objects():
    """A format string is ours, a fact is data: braces in it stay braces."""
    refusal = Incomplete("letter.incomplete", missing=["{missing.__class__}"])
    assert "{missing.__class__}" in label(refusal)


@pytest.mark.parametrize(
    ("count", "language", "expected"),
    [
        (0, "en", "0 bytes"),
        (1, "en", "1 byte"),
        (999, "en", "999 bytes"),
        (1000, "en", "1 kB"),
        (999_949, "en", "1000 kB"),
        (999_950, "en", "1 MB"),
        (1_100_000_000, "en", "1.1 GB"),
        (1_100_000_000, "uk", "1,1 ГБ"),
        (40_000, "ja", "40 kB"),
        (21, "uk", "21 байт"),
        (22, "uk", "22 байти"),
        (12, "uk", "12 байтів"),
        (5 * 10**15, "en", "5000 TB"),
    ],
)
def test_sizes_are_written_for_people(count, language, expected):
    assert formats.size(count, language) == expected.replace(" ", NB)


@given(st.integers(min_value=0, max_value=10**18), st.sampled_from(["en", "uk", "ja"]))
def test_no_size_is_longer_than_a_glance(count, language):
    assert len(formats.size(count, language).split(NB)) == 2
    number = formats.size(count, language).split(NB)[0]
    assert count >= 10**15 or len(number) <= 5


@pytest.mark.parametrize(
    ("language", "full", "long"),
    [
        ("en", "24 Nov 2026, 09:45", "Tuesday 24 November 2026"),
        ("uk", "24 листопада 2026, 09:45", "вівторок, 24 листопада 2026"),
        ("ja", "2026年11月24日 09:45", "2026年11月24日(火)"),
    ],
)
def test_a_moment_is_written_in_local_time_and_the_language(language, full, long):
    with translation.override(language):
        spoken = written("{% when at %}", at=MOMENT)
        day = written("{% when at 'long' %}", at=MOMENT)
    assert f'datetime="2026-11-24T07:45:00Z">{full}<' in spoken.replace(NB, " ")
    assert long in day.replace(NB, " ")


def test_a_date_of_law_has_no_time_and_nothing_is_a_dash():
    assert "24 Nov 2026" in written("{% when on %}", on=date(2026, 11, 24)).replace(NB, " ")
    assert written("{% when on %}", on=None) == "–"
    assert "16:45 in Tokyo" in written(
        "{% when at 'short' beside='Asia/Tokyo' place='Tokyo' %}", at=MOMENT
    )


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CPC art. 548(4)", f"CPC art.{NB}548(4)"),
        ("ст. 55 КПК", f"ст.{NB}55 КПК"),
        ("9 h left / 3 days", f"9{NB}h left / 3{NB}days"),
        ("on 24 Nov 2026", f"on 24{NB}Nov 2026"),
        ("до 3 грудня", f"до 3{NB}грудня"),
        ("第31条", "第\u206031\u2060条"),
        ("Law 3782-XII", f"Law{NB}3782-XII"),
        ("3 maps", "3 maps"),
        ("part. 5", "part. 5"),
    ],
)
def test_number_and_unit_stay_together(text, kept):
    assert formats.no_break(text) == kept


@given(st.text())
def test_no_break_changes_spaces_only(text):
    changed = formats.no_break(text).replace(formats.JOINER, "").replace(NB, " ")
    assert changed == text.replace(formats.JOINER, "").replace(NB, " ")


def test_texts_are_escaped_wherever_they_stand():
    evil = "<script>alert(1)</script>\"'"
    sources = [
        "{% tag 'good' x %}",
        "{% source x 'read' by=x url=x date=None %}",
        "{% digest x %}",
        "{% person_code x url=x %}",
        "{% head x text=x %}{% endhead %}",
        "{% idbar x number=x note=x tags=tags facts=facts %}{{ x }}{% endidbar %}",
        "{% breadcrumbs crumbs %}",
        "{% sheet x id='s' link=x url=x side=x extra=x %}{{ x }}{% endsheet %}",
        "{% sheetbody %}{{ x }}{% endsheetbody %}{% sheetfoot %}{{ x }}{% endsheetfoot %}",
        "{% notice 'urgent' x action=x url=x %}{{ x }}{% endnotice %}",
        "{% work_rows rows %}",
        "{% timeline rows %}",
        "{% steps rows label=x %}",
        "{% checklist rows %}",
        "{% figs rows %}",
        "{% facts pairs wide=True %}",
        "{% bar x 1 2 x %}",
        "{% gated_button x True name=x value=x %}",
        "{% gated_button x False why=x %}",
        "{% parallel par heads %}",
        "{% receipts x %}",
        "{% icon 'check' label=x %}",
        "{{ x|nbsp }}{{ x|label }}",
        "{% state x 'K' %}",
    ]
    fields = (
        "title url sub clock basis verb do_url text note when label number id action source side"
    )
    row = dict.fromkeys(fields.split(), evil)
    context = {
        "x": evil,
        "tags": [("good", evil)],
        "facts": [(evil, evil, evil)],
        "crumbs": [(evil, evil), (evil, None)],
        "rows": [row | {"state": "ok"}, row | {"state": "gate"}],
        "pairs": [(evil, evil)],
        "par": [[(evil, True)]],
        "heads": [("en", evil)],
    }
    for source in sources:
        html = written(source, **context)
        assert "<script" not in html, source
        assert "alert(1)" in html or "receipts" in source, source


def test_no_component_needs_inline_style_or_script():
    for template in FOLDER.parent.rglob("templates/**/*.html"):
        text = template.read_text(encoding="utf-8")
        assert " style=" not in text, template
        assert "<style" not in text, template
        assert "onclick" not in text, template
        assert "hx-on" not in text, template
        for part in text.split("<script")[1:]:
            assert "src=" in part.split(">")[0] or "application/json" in part.split(">")[0]


def test_every_icon_of_the_list_is_there_and_no_other():
    names = (FOLDER / "NAMES.txt").read_text(encoding="ascii").split()
    assert sorted(names) == sorted(path.stem for path in FOLDER.glob("*.svg"))
    for name in names:
        assert shapes(name).startswith("<")
        assert "script" not in shapes(name)


@pytest.mark.parametrize("name", ["../labels", "no-such-icon", ""])
def test_an_unknown_icon_is_a_bug_that_shows(name):
    with pytest.raises(FileNotFoundError):
        shapes(name)


def test_a_tone_or_option_that_the_design_does_not_have_is_a_bug_that_shows():
    with pytest.raises(KeyError):
        written("{% tag 'pink' 'x' %}")
    with pytest.raises(TemplateSyntaxError):
        written("{% sheet 'x' colour='pink' %}{% endsheet %}")


def test_a_closed_gate_cannot_be_sent():
    closed = written("{% gated_button 'Send' False why='gate' name='go' value='1' %}")
    assert 'type="button" aria-disabled="true" aria-describedby="gate"' in closed
    assert 'name="go"' not in closed
    assert 'type="submit"' in written("{% gated_button 'Send' True name='go' value='1' %}")
