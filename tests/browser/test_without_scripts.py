"""What must work when scripts are off: the same forms, filled and sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.letters import TEXTS, Letter
from tests.browser.people import Person
from tests.browser.signing_in import Door

pytestmark = [pytest.mark.browser, pytest.mark.two_nodes, pytest.mark.slow]


def test_an_officer_signs_in_and_out(told, seats):
    seat = seats.fresh("tokyo", "release", java_script_enabled=False)
    Door(seat).sign_in()
    seat.sees("Ministry of Justice, Tokyo", "Today")
    Door(seat).leave()
    seat.said_nothing()


def test_an_answer_is_recorded(told, seats):
    seat = seats.twin(seats("kyiv", "hub"), java_script_enabled=False)
    Person(seat, told.person).asked(
        recipient="researchers", purpose="statistics", answer="refused", mode="pseudonymous",
        given_by="self", explained_in="uk", how_understood="She said no, and why.",
    )  # fmt: skip
    agreed = seat.page.locator("section[aria-labelledby=agreed] tbody tr")
    expect(agreed.filter(has_text="Researchers")).to_contain_text("Did not agree")
    seat.said_nothing()


def test_a_form_with_a_gap_comes_back_with_what_was_typed(told, seats):
    seat = seats.twin(seats("kyiv", "hub"), java_script_enabled=False)
    seat.open(told.person).follow("Ask and record")
    seat.fill(how_understood="Half of it").press("Record the answer")
    expect(seat.page.locator(".govuk-error-summary")).to_contain_text("There is a problem")
    assert seat.page.locator("[name=how_understood]").input_value() == "Half of it"


def test_a_letter_is_started_and_a_paragraph_written(second_letter):
    letter: Letter = second_letter
    letter.write_fact("Другий факт, записаний без сценаріїв.")
    letter.seat.sees_in(TEXTS, "Другий факт, записаний без сценаріїв.")
    letter.seat.said_nothing()


def test_the_blank_screen_and_the_languages_work(told, seats):
    seat = seats.twin(seats("kyiv", "hub"), java_script_enabled=False)
    seat.open(told.person).press("日本語", within="header")
    assert seat.page.locator("html").get_attribute("lang") == "ja"
    assert seat.at == told.person
    seat.page.locator(".cm-exit").click()
    assert seat.page.locator("body").inner_text().strip() == "·"
