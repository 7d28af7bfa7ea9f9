"""A fresh second step before an erasure is ordered or carried out, and before a hold is lifted."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core.access import Role
from comity.evidence import actions
from comity.evidence.models import ErasureOrder, Item, LegalHold
from comity.ledger.models import Entry
from tests.accounts.test_sign_in import code_now
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn
from tests.officers import SECRET, just_confirmed

pytestmark = pytest.mark.django_db
ORDER = {"legal_basis": "Article 100, order 7", "reason": "Not relevant & <closed>."}
AGAIN = "confirm_again"


@pytest.fixture(autouse=True)
def no_limits_left_over() -> None:
    cache.clear()


@pytest.fixture
def second(world: World, officer: Callable[..., Officer]) -> Officer:
    made = officer(Role.PROSECUTOR)
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=made)
    return made


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the first form of the page, as a browser sends them."""
    from html import unescape

    form = html.partition("<main")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


def erase(client: Client, item: Item):
    return client.post(reverse("item_erase", args=[item.pk]), ORDER)


def test_an_erasure_is_ordered_only_after_the_code_and_nothing_is_typed_twice(
    world: World, sign_in: SignIn
) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    asked = erase(client, item)
    assert "Confirm that it is you" in asked.content.decode()
    assert not ErasureOrder.objects.exists()
    sent = hidden(asked.content.decode())
    assert {name: sent[name] for name in ORDER} == ORDER
    confirmed = client.post(reverse(AGAIN), sent | {"step-code": code_now(SECRET)})
    assert confirmed.status_code == 307
    assert confirmed["Location"] == reverse("item_erase", args=[item.pk])
    assert client.post(confirmed["Location"], sent).status_code == 302
    order = ErasureOrder.objects.get()
    assert order.reason == ORDER["reason"]
    assert Entry.objects.filter(kind="accounts.confirmed_again").count() == 1


def test_a_wrong_code_changes_nothing_and_is_recorded(world: World, sign_in: SignIn) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    sent = hidden(erase(client, item).content.decode())
    page = client.post(reverse(AGAIN), sent | {"step-code": "000000"})
    assert page.status_code == 422
    assert {name: hidden(page.content.decode())[name] for name in ORDER} == ORDER
    assert Entry.objects.filter(kind="accounts.sign_in_failed").count() == 1
    assert "Confirm that it is you" in erase(client, item).content.decode()
    assert not ErasureOrder.objects.exists()


def test_a_recovery_code_does_not_do_and_is_not_used_up(world: World, sign_in: SignIn) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    codes = RecoveryCodes.activate(world.prosecutor)
    code = codes.get_unused_codes()[0]
    sent = hidden(erase(client, item).content.decode())
    assert client.post(reverse(AGAIN), sent | {"step-code": code}).status_code == 422
    row = Authenticator.objects.get(user=world.prosecutor, type="recovery_codes")
    assert code in row.wrap().get_unused_codes()


def test_after_some_wrong_codes_even_the_right_one_waits(world: World, sign_in: SignIn) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    sent = hidden(erase(client, item).content.decode())
    for _time in range(6):
        client.post(reverse(AGAIN), sent | {"step-code": "000000"})
    right = client.post(reverse(AGAIN), sent | {"step-code": code_now(SECRET)})
    assert right.status_code == 422


@pytest.mark.parametrize(
    ("seconds_ago", "kind", "is_asked"),
    [(290, "totp", False), (290, "webauthn", False), (310, "totp", True),
     (5, "recovery_codes", True)],
)  # fmt: skip
def test_five_minutes_count_and_only_app_and_passkey(
    world: World, sign_in: SignIn, seconds_ago: int, kind: str, is_asked: bool
) -> None:
    item = world.item()
    client = just_confirmed(
        sign_in(world.prosecutor), world.prosecutor, seconds_ago=seconds_ago, kind=kind
    )
    assert (erase(client, item).status_code == 200) is is_asked
    assert ErasureOrder.objects.exists() is not is_asked


def test_the_second_officer_is_asked_before_it_is_carried_out(
    world: World, sign_in: SignIn, second: Officer
) -> None:
    item = world.item()
    actions.order_erasure(world.prosecutor, item, **ORDER)
    client = sign_in(second)
    address = reverse("item_erasure", args=[item.pk])
    asked = client.post(address, {"decision": "execute"}).content.decode()
    assert hidden(asked)["decision"] == "execute"
    item.refresh_from_db()
    assert item.erased_at is None
    sent = hidden(asked)
    confirmed = client.post(reverse(AGAIN), sent | {"step-code": code_now(SECRET)})
    client.post(confirmed["Location"], sent)
    item.refresh_from_db()
    assert item.erased_at is not None


def test_to_reject_an_order_takes_no_code(world: World, sign_in: SignIn, second: Officer) -> None:
    item = world.item()
    actions.order_erasure(world.prosecutor, item, **ORDER)
    sign_in(second).post(reverse("item_erasure", args=[item.pk]), {"decision": "reject"})
    assert ErasureOrder.objects.get().state == "rejected"


def test_a_hold_is_lifted_only_after_the_code(world: World, sign_in: SignIn) -> None:
    item = world.item()
    hold = actions.place_hold(world.prosecutor, item, legal_basis="Order 7", reason="Appeal.")
    address = reverse("item_hold_lift", args=[item.pk, hold.pk])
    client = sign_in(world.prosecutor)
    assert "Confirm that it is you" in client.post(address, {"reason": "Over."}).content.decode()
    assert LegalHold.objects.get().lifted_at is None
    just_confirmed(client, world.prosecutor)
    assert client.post(address, {"reason": "Over."}).status_code == 302
    assert LegalHold.objects.get().lifted_at is not None


def test_who_may_not_erase_is_refused_before_any_code_is_asked(
    world: World, sign_in: SignIn
) -> None:
    item = world.item()
    assert erase(sign_in(world.investigator), item).status_code == 403


def test_nobody_is_led_elsewhere_by_a_made_up_or_borrowed_link(
    world: World, sign_in: SignIn, second: Officer
) -> None:
    item = world.item()
    of_first = hidden(erase(sign_in(world.prosecutor), item).content.decode())["step-waiting"]
    client = sign_in(second)
    for token in (of_first, "made:up:token", "/evidence/1/erase/", ""):
        for answer in (
            client.get(reverse(AGAIN), {"waiting": token}),
            client.post(reverse(AGAIN), {"step-waiting": token, "step-code": code_now(SECRET)}),
        ):
            assert (answer.status_code, answer["Location"]) == (302, reverse("today"))
