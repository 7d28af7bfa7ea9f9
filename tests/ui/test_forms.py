"""Forms in govuk markup, and the date in three boxes."""

from datetime import date, timedelta

import pytest
from django import forms
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from comity.ui.forms import DateField, PastDateField, Renderer
from tests.ui.views import ConsentForm


class One(forms.Form):
    on = DateField(label="On")


class Past(forms.Form):
    on = PastDateField(label="On")


class Maybe(forms.Form):
    on = DateField(label="On", required=False)


def boxes(day, month, year):
    return {"on_0": day, "on_1": month, "on_2": year}


def test_forms_use_this_renderer():
    assert isinstance(ConsentForm().renderer, Renderer)


def test_a_date_is_cleaned_to_a_date():
    form = One(boxes("24", " 11 ", "2026"))
    assert form.is_valid()
    assert form.cleaned_data["on"] == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        (("31", "2", "2026"), "invalid"),
        (("x", "2", "2026"), "invalid"),
        (("1", "2", "26"), "invalid"),
        (("-1", "2", "2026"), "invalid"),
        (("１", "2", "2026"), "invalid"),
        (("1", "", "2026"), "incomplete"),
        (("", "", ""), "required"),
    ],
)
def test_a_wrong_date_says_which_way(parts, code):
    form = One(boxes(*parts))
    assert not form.is_valid()
    assert form.errors.as_data()["on"][0].code == code


def test_an_optional_date_may_be_left_out_but_not_half_written():
    assert Maybe(boxes("", "", "")).is_valid()
    assert Maybe({}).is_valid()
    assert not Maybe(boxes("1", "", "")).is_valid()


@given(st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)))
def test_rubbish_in_the_boxes_is_an_error_never_a_crash(parts):
    Maybe(boxes(*parts)).is_valid()


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_comes_back_as_it_was_shown(value):
    shown = DateField().widget.decompress(value)
    form = One(boxes(*(str(part) for part in shown)))
    form.is_valid()
    assert form.cleaned_data["on"] == value


def test_an_empty_form_ticks_nothing_and_marks_what_is_optional():
    html = str(ConsentForm())
    assert "checked" not in html
    assert html.count("(optional)") == 3
    assert 'class="govuk-error-summary"' not in html


def test_errors_stand_at_the_top_and_at_the_field():
    form = ConsentForm({"copies": "x"})
    form.add_error(None, "Nothing was recorded.")
    html = str(form)
    assert html.index("There is a problem") < html.index("govuk-form-group")
    assert '<a href="#id_recipient">Recipient: ' in html
    assert '<a href="#id_answer_0">' in html
    assert '<a href="#id_asked_on_0">' in html
    assert 'id="id_copies_error"' in html
    assert 'aria-describedby="id_copies_error"' in html
    assert "Nothing was recorded." in html
    assert "govuk-input--error" in html
    assert "govuk-select--error" in html


def test_what_was_typed_comes_back_escaped():
    html = str(ConsentForm({"words": "</textarea><script>alert(1)</script>"}))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_a_long_text_counts_its_characters():
    html = str(ConsentForm())
    assert 'data-module="govuk-character-count"' in html
    assert 'data-maxlength="200"' in html
    assert 'aria-describedby="id_words-info"' in html
    assert " maxlength=" not in html.split("<textarea")[1].split(">")[0]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(1, 1, 1), "too_early"),
        (date(1899, 12, 31), "too_early"),
        (date(1900, 1, 1), ""),
        (date(9999, 12, 31), "not_yet"),
    ],
)
def test_the_day_of_something_that_happened_lies_between_1900_and_today(day, code):
    form = Past(boxes(str(day.day), str(day.month), f"{day.year:04d}"))
    assert form.is_valid() is not bool(code)
    assert [error.code for error in form.errors.as_data().get("on", [])] == ([code] if code else [])


def test_today_has_come_and_tomorrow_has_not():
    today = timezone.localdate()
    for day, valid in ((today, True), (today + timedelta(days=1), False)):
        assert Past(boxes(str(day.day), str(day.month), str(day.year))).is_valid() is valid
