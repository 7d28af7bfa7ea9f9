"""Custody field by field, and what happened to an item outside the vault."""

from __future__ import annotations

import io
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.core import canonical
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import CustodyRecord, Item, surroundings
from comity.evidence.rules import CustodyEvent, DigestMatch, Fact, digest_match, plain_digest
from comity.ledger import actions as ledger
from tests.evidence.conftest import ACQUIRED_AT, World
from tests.evidence.test_pages import SignIn, url
from tests.evidence.test_uploads import fields
from tests.officers import SECRET, give_second_step

pytestmark = pytest.mark.django_db
SHA = "4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5"


def happened(event: str, hours: float = 1, **more: object) -> actions.Happened:
    return actions.Happened(CustodyEvent(event), ACQUIRED_AT + timedelta(hours=hours), **more)  # type: ignore[arg-type]


def record(world: World, item: Item, *args: object, **more: object) -> CustodyRecord:
    return actions.record_handling(world.investigator, item, happened(*args, **more))  # type: ignore[arg-type]


def test_every_act_says_with_which_clock_software_and_sign_in(world: World) -> None:
    world.investigator.signed_in_by = "password+totp"
    world.investigator.session_digest = "ab12"
    received, ingested = world.item().custody.order_by("pk")
    for one in (received, ingested):
        assert one.facts[Fact.CLOCK] in {"in_step", "not_in_step", "unknown"}
        assert one.facts[Fact.SOFTWARE].startswith("comity")
        assert one.facts[Fact.ORGANISATION] == "kyiv.test.comity.example"
        assert (one.facts[Fact.AUTHENTICATION], one.facts[Fact.SESSION]) == (
            "password+totp",
            "ab12",
        )
        assert one.facts[Fact.CASE] == str(world.case)
    assert received.at == ACQUIRED_AT  # the collector's statement; our clock stands beside it
    recorded = datetime.fromisoformat(received.facts[Fact.RECORDED_AT])
    assert timezone.now() - recorded < timedelta(minutes=1)


def test_the_clock_is_what_the_system_says_of_it() -> None:
    said = subprocess.run(
        ["python3", "-c", "import ctypes; print(ctypes.CDLL(None).adjtimex(bytes(512)))"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    state, error = surroundings.clock()
    if said.returncode == 0 and int(said.stdout) == 5:  # TIME_ERROR
        assert state == "not_in_step"
    assert (error is None) == (state != "in_step")


def test_how_the_officer_signed_in_is_kept(world: World) -> None:
    officer, client = give_second_step(world.investigator), Client()
    password = "correct horse battery staple"
    client.post(reverse("account_login"), {"login": officer.email, "password": password})
    code = format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time()))))
    client.post(reverse("mfa_authenticate"), {"code": code})
    form = fields(world, file=io.BytesIO(b"x"), **{"more-seal": "UA 17"})
    assert client.post(url("item_add"), form).status_code == 302
    facts = Item.objects.get().custody.get(event="received").facts
    assert facts[Fact.AUTHENTICATION] == "password+totp"
    assert len(facts[Fact.SESSION]) == 16
    assert facts[Fact.SEAL] == "UA 17"


def test_an_earlier_custodians_digest_is_compared(world: World, sign_in: SignIn) -> None:
    def received(stated: str) -> CustodyRecord:
        facts = {Fact.STATED_DIGEST: stated, Fact.EARLIER_CUSTODIAN: "Patrol police, Verbivka"}
        how = actions.Acquisition("R. Melnyk", ACQUIRED_AT, facts=facts)
        return world.item(b"abc", acquisition=how).custody.get(event="received")

    true = "ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad"
    assert received(true.upper()).facts[Fact.DIGEST_MATCH] == "same"
    other = received(SHA)
    assert other.facts[Fact.DIGEST_MATCH] == "other"
    assert received("900150983cd24fb0d6963f7d28e17f72").facts[Fact.DIGEST_MATCH] == "not_compared"
    with pytest.raises(Refused, match=r"evidence\.no_digest"):
        received("the same as before")
    page = sign_in(world.prosecutor).get(url("item_custody", other.item_id)).content.decode()
    assert "not the same" in page
    assert 'class="late"' in page


@pytest.mark.parametrize(
    ("stated", "digits"),
    [("AB:" * 15 + "ab", "ab" * 16), ("ab" * 33, None), ("zz" * 32, None), ("", None)],
)
def test_digests_as_people_write_them(stated: str, digits: str | None) -> None:
    assert plain_digest(stated) == digits
    assert digest_match("ab" * 16, SHA) is DigestMatch.NOT_COMPARED


def test_changes_need_a_reason_and_a_name(world: World) -> None:
    how = actions.Acquisition("R. M.", ACQUIRED_AT, facts={Fact.CHANGES: "switched on"})
    with pytest.raises(Incomplete) as refusal:
        world.item(acquisition=how)
    assert refusal.value.facts["missing"] == ["changes_reason", "changes_by"]
    how = actions.Acquisition("R. M.", ACQUIRED_AT, facts={Fact.SEAL_INTACT: "no"})
    with pytest.raises(Incomplete):
        world.item(acquisition=how)
    with pytest.raises(ValueError, match="the node states this itself"):
        world.item(
            acquisition=actions.Acquisition("R. M.", ACQUIRED_AT, facts={Fact.CLOCK: "in_step"})
        )


def test_records_from_before_there_were_facts_still_hold(world: World) -> None:
    item = world.item()
    kept = item.custody.get(event="ingested")
    old = CustodyRecord(
        item=item, event="verified", at=kept.at, actor=kept.actor, digest_after=item.sha256
    )
    words = {
        name: getattr(old, name)
        for name in (
            "actor", "role", "place", "device", "method", "legal_authority", "purpose",
            "counterparty", "digest_before", "digest_after", "condition", "note",
        )
    }  # fmt: skip
    at = old.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert old.record_digest() == canonical.digest_hex(words | {"event": "verified", "at": at})
    with transaction.atomic():
        old.entry = ledger.append(
            world.investigator, "evidence.item_verified", item.subject, **old.committed(item)
        )
        old.save()
    assert actions.check_custody(world.prosecutor, item).holds
    CustodyRecord.objects.filter(pk=old.pk).update(facts={"seal": "slipped in"})
    assert actions.check_custody(world.prosecutor, item).altered == (old.pk,)


@pytest.mark.parametrize("change", [{"facts": {}}, {"form": 1}, {"form": 1, "facts": {}}])
def test_changed_facts_are_seen(world: World, change: dict[str, object]) -> None:
    item = world.item()
    kept = item.custody.get(event="received")
    CustodyRecord.objects.filter(pk=kept.pk).update(**change)
    assert actions.check_custody(world.prosecutor, item).altered == (kept.pk,)


def test_an_item_is_handed_over_checked_copied_and_returned(world: World) -> None:
    item = world.item()
    record(
        world, item, "handed_over", 1, counterparty="Laboratory 4", purpose="examination",
        facts={Fact.SEAL: "UA 17", Fact.RECEIPT: "12/2026"},
    )  # fmt: skip
    record(
        world, item, "seal_checked", 2,
        facts={Fact.SEAL: "UA 17", Fact.SEAL_INTACT: "no", Fact.DAMAGE: "torn at the corner"},
    )  # fmt: skip
    record(world, item, "copied", 3, counterparty="Laboratory 4", facts={Fact.TOOL: "dc3dd 7.3"})
    back = record(world, item, "returned", 4, counterparty="Laboratory 4")
    assert back.at == ACQUIRED_AT + timedelta(hours=4)
    check = actions.check_custody(world.prosecutor, item)
    assert (check.holds, check.held) == (True, 6)
    kinds = item.custody.order_by("pk").values_list("entry__kind", flat=True)
    assert list(kinds)[2:] == [
        "evidence.item_handed_over", "evidence.seal_checked", "evidence.item_copied",
        "evidence.item_returned",
    ]  # fmt: skip
    back.delete()
    assert [entry.kind for entry in actions.check_custody(world.prosecutor, item).removed] == [
        "evidence.item_returned"
    ]


def test_days_and_order_must_be_possible(world: World) -> None:
    item = world.item()
    to = {"counterparty": "Laboratory 4", "purpose": "examination"}
    for hours, code in (
        (-1, "before_received"),
        (24 * 365, "not_yet"),
        (-24 * 365 * 200, "too_early"),
    ):
        with pytest.raises(Refused, match=rf"evidence\.{code}"):
            record(world, item, "handed_over", hours, **to)
    with pytest.raises(Refused, match=r"evidence\.is_not_out"):
        record(world, item, "returned", 1, counterparty="Laboratory 4")
    record(world, item, "handed_over", 2, **to)
    with pytest.raises(Refused, match=r"evidence\.is_out"):
        record(world, item, "handed_over", 3, **to)
    with pytest.raises(Refused, match=r"evidence\.before_last_move"):
        record(world, item, "returned", 1, counterparty="Laboratory 4")
    record(world, item, "returned", 5, counterparty="Laboratory 4")
    with pytest.raises(Refused, match=r"evidence\.before_last_move"):
        record(world, item, "handed_over", 4, **to)
    for event in ("handed_over", "returned", "copied", "seal_checked"):
        with pytest.raises(Incomplete):
            record(world, item, event, 6)
    with pytest.raises(ValueError, match="the node records this event itself"):
        record(world, item, "verified", 6)


def test_only_who_may_add_and_sees_the_item_records(world: World, officer) -> None:
    item = world.item()
    for actor, error in ((world.stranger, NotVisible), (officer(), NotAllowed)):
        with pytest.raises(error):
            actions.record_handling(actor, item, happened("copied"))


def test_the_page_records_an_event_and_shows_every_field(world: World, sign_in: SignIn) -> None:
    item, client = world.item(), sign_in(world.investigator)
    form = {
        "event": "seal_checked", "day_0": "21", "day_1": "11", "day_2": "2026", "hour": "09:00",
        "seal": "UA 17", "seal_intact": "no", "place": "Store room 3",
    }  # fmt: skip
    page = client.post(url("item_event", item.pk), form)
    assert page.status_code == 422
    assert "damage" in page.context["form"].errors
    page = client.post(url("item_event", item.pk), form | {"damage": "torn"}, follow=True)
    shown = page.content.decode()
    for said in ("Seal checked", "UA 17", "torn", "Store room 3", "Signed in with", "School yard"):
        assert (said in shown) == (said != "Signed in with"), said  # no sign-in in this browser
    assert "kyiv.test.comity.example" in shown
    early = form | {"damage": "torn", "day_2": "2025"}
    page = client.post(url("item_event", item.pk), early)
    assert "It was received later" in page.content.decode()
    stranger = sign_in(world.stranger)
    assert stranger.get(url("item_custody", item.pk)).status_code == 404
    assert stranger.post(url("item_event", item.pk), form).status_code == 404


def test_a_digest_is_stated_of_one_file_only(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    form = fields(
        world, upload="11111111-1111-4111-8111-111111111111,22222222-2222-4222-8222-222222222222"
    )
    answer = client.post(
        url("item_add"), form | {"more-stated_digest": SHA}, HTTP_ACCEPT="application/json"
    )
    assert "A digest is of one file" in answer.content.decode()
