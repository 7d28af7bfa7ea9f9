"""The door of a live node: a new officer, two steps, a passkey, too many guesses, leaving."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from comity.node.demo.signing_in import code
from tests.browser.seats import Seat
from tests.browser.signing_in import Door

pytestmark = [pytest.mark.browser, pytest.mark.two_nodes, pytest.mark.slow]
PASSWORD = "four invented words together"


@dataclass(frozen=True)
class Invited:
    """Somebody whom two officers of Kyiv have let in: an address and a code from each."""

    address: str
    first: str
    second: str


def new_officer(seats, key: str) -> Invited:
    """The administrator proposes an officer, the supervisor confirms; each holds one code."""
    admin, supervisor = seats("kyiv", "admin"), seats("kyiv", "supervisor")
    address = f"{key}@{admin.place.node_id}"
    admin.open("/administration/").follow("Propose an officer")
    admin.fill(name=f"Новенька {key}", name_latin="M. Novenka", email=address, language="uk")
    admin.fill(roles=["prosecutor"]).press("Propose the officer").sees("keep the first code")
    supervisor.open("/").follow("Change of officers", within="main")
    supervisor.sees(f"Новенька {key}").press("Confirm it").sees("hand over the second code")
    return Invited(address, *(_code_on(seat) for seat in (admin, supervisor)))


def _code_on(seat: Seat) -> str:
    return seat.page.locator("#code").inner_text()


def take_up(seat: Seat, invited: Invited) -> Seat:
    """The new officer types both codes and chooses a password."""
    seat.open("/invitation/").fill(email=invited.address, first=invited.first)
    seat.fill(second=invited.second, password=PASSWORD, again=PASSWORD)
    return seat.press("Set my password").sees("Your password is set")


def test_a_new_officer_sees_nothing_before_the_second_step_is_set_up(seats):
    invited = new_officer(seats, "newcomer")
    seat = take_up(seats.fresh("kyiv"), invited)
    Door(seat).password(invited.address, PASSWORD)
    assert seat.open("/letters/").at == "/account/2fa/"
    add_the_app(seat)
    seat.open("/letters/").sees("Letters of request")
    add_a_passkey(seat)
    Door(seat).leave()
    seat.press("Sign in with a passkey")
    expect(seat.page.locator(".cm-account")).to_be_visible()
    seat.said_nothing()


def add_the_app(seat: Seat) -> None:
    """Set up the authenticator app, as the page explains it."""
    seat.follow("Add the app", within="main")
    confirm_by_password(seat)
    secret = seat.page.locator("#authenticator_secret").input_value()
    seat.fill(code=code(secret, time.time())).press("Add the app", within="main")
    seat.sees("recovery codes")


def add_a_passkey(seat: Seat) -> None:
    """Set up a key that opens the node alone."""
    virtual = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session = seat.context.new_cdp_session(seat.page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": virtual})
    seat.open("/account/2fa/webauthn/add/")
    confirm_by_password(seat)
    seat.fill(name="Key in the safe", passwordless=True).press("Add a key", within="main")
    # The script sends the form when the key has answered: until then this is still its page.
    seat.page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    seat.page.wait_for_load_state()
    seat.open("/account/2fa/webauthn/").sees("Key in the safe")


def confirm_by_password(seat: Seat) -> None:
    """What changes the second step asks for a fresh sign-in first."""
    if "/2fa/reauthenticate/" in seat.at:
        seat.follow("Use your password", within="main")
    if "/reauthenticate/" in seat.at:
        seat.fill(password=PASSWORD).press("Confirm", within="main")


def test_five_wrong_guesses_close_the_door_even_for_the_right_password(seats):
    invited = new_officer(seats, "guessed")
    door, address = Door(take_up(seats.fresh("kyiv"), invited)), invited.address
    for _guess in range(5):
        door.password(address, "wrong guess, wrong guess")
        door.seat.sees("There is a problem")
    door.password(address, PASSWORD)
    door.seat.sees("Too many failed login attempts")
    assert door.seat.at == "/account/login/"


def test_a_wrong_code_does_not_open_the_node(seats):
    seat = seats.fresh("tokyo", "auditor")
    assert seat.part is not None
    Door(seat).password(seat.part.address(seat.place.node_id), seat.part.password)
    seat.fill(code="000000").press("Sign in", within="main").sees("There is a problem")
    assert seat.open("/ledger/").at == "/account/2fa/authenticate/"


def test_after_signing_out_the_last_page_is_gone(seats):
    seat = seats.fresh("tokyo", "executing")
    Door(seat).sign_in()
    seat.open("/letters/").sees("Letters of request")
    Door(seat).leave()
    seat.page.go_back()
    assert seat.open("/letters/").at.startswith("/account/login/")
