"""The pages: what officers see, who sees nothing, and what the buttons do."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from comity.core.access import NodeActor, Role
from comity.exchange import actions, showing, tasks
from comity.exchange.models import (
    IncomingMessage,
    OutgoingMessage,
    Partner,
    Receipt,
)
from comity.ledger.models import Entry
from comity.ui.labels import has_label
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
SENDER = NodeActor("test")


def signed_in(officer) -> Client:
    client = Client()
    client.force_login(officer)
    give_second_step(officer)
    return client


@pytest.fixture
def sent(partner) -> OutgoingMessage:
    prepared = actions.prepare_message(
        partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
    )
    return actions.queue_message(SENDER, prepared)


@pytest.fixture
def received(partner, tokyo, settings) -> IncomingMessage:
    pages, middleware = settings.ROOT_URLCONF, settings.MIDDLEWARE
    settings.ROOT_URLCONF = "comity.node.urls_exchange"
    settings.MIDDLEWARE = []
    tokyo.put(tokyo.message())
    tokyo.put(tokyo.message(type="reply/1"))
    settings.ROOT_URLCONF, settings.MIDDLEWARE = pages, middleware
    tasks.work()
    return IncomingMessage.objects.first()


def addresses(partner, sent, received) -> list[str]:
    receipt = Receipt.objects.first()
    return [
        reverse("exchange"),
        reverse("partner", args=[partner.pk]),
        reverse("partner_descriptor", args=[partner.pk]),
        reverse("outgoing"),
        reverse("outgoing_message", args=[sent.pk]),
        reverse("incoming"),
        reverse("incoming_message", args=[received.pk]),
        reverse("receipt", args=[receipt.pk]),
        reverse("rejections"),
        reverse("own_descriptor"),
        reverse("own_descriptor_file"),
        reverse("own_seal_certificate"),
    ]


@pytest.mark.parametrize("language", ["en", "uk", "ja"])
def test_who_sees_the_exchange_sees_every_page(lawyer, partner, sent, received, language):
    client = signed_in(lawyer)
    for address in addresses(partner, sent, received):
        page = client.get(address, headers={"Accept-Language": language})
        assert page.status_code == 200, address


def test_who_does_not_sees_none(officer, partner, sent, received):
    client = signed_in(officer(Role.INVESTIGATOR))
    for address in addresses(partner, sent, received):
        assert client.get(address).status_code in {403, 404}, address
    for name in ("revoke_partner", "test_connection"):
        assert client.post(reverse(name, args=[partner.pk])).status_code in {403, 404}
    auditor = signed_in(officer(Role.AUDITOR))
    assert auditor.post(reverse("revoke_partner", args=[partner.pk])).status_code == 403
    assert auditor.post(reverse("resend_message", args=[sent.pk])).status_code == 403
    assert Entry.objects.filter(kind="access.refused").exists()
    partner.refresh_from_db()
    assert partner.status == "active"


def test_a_partner_is_proposed_from_a_file_and_confirmed_by_another(administrator, lawyer, tokyo):
    upload = SimpleUploadedFile("comity-descriptor.jws", tokyo.descriptor().encode())
    answer = signed_in(administrator).post(
        reverse("propose_partner"), {"file": upload, "allowed_types": ["letter/1", "reply/1"]}
    )
    partner = Partner.objects.get()
    address = reverse("partner", args=[partner.pk])
    assert answer.url == address
    page = signed_in(administrator).get(address).content.decode()
    assert "confirms it here" in page
    client = signed_in(lawyer)
    form = {"fingerprint": "1234", "verified_how": "Video call and paper."}
    wrong = client.post(address, form).content.decode()
    assert "The fingerprints differ" in wrong
    assert tokyo.fingerprint[:8] not in wrong.replace(" ", "")
    client.post(address, form | {"fingerprint": tokyo.fingerprint})
    partner.refresh_from_db()
    assert partner.status == "active"
    assert partner.allowed_types == ["letter/1", "reply/1"]
    page = client.get(address).content.decode()
    assert "Key verified by two officers" in page
    until = showing.keys_until(partner)
    assert f'<dd><time datetime="{until:%Y-%m-%d}' in page


@pytest.mark.parametrize("data", [b"\xff\xfe", b"not a descriptor", b""])
def test_a_file_that_is_no_descriptor_is_explained(administrator, data):
    upload = SimpleUploadedFile("descriptor.jws", data)
    page = signed_in(administrator).post(
        reverse("propose_partner"), {"file": upload, "allowed_types": ["letter/1"]}
    )
    assert page.status_code == 200
    assert "There is a problem" in page.content.decode()
    assert not Partner.objects.exists()


def test_a_partner_that_does_not_answer_is_shown_in_plain_words(lawyer, partner, sent):
    tasks.deliver()
    for address in ("partner", "outgoing_message"):
        argument = partner.pk if address == "partner" else sent.pk
        page = signed_in(lawyer).get(reverse(address, args=[argument])).content.decode()
        assert "Office of Tokyo does not answer as it should" in page
        assert "Nothing listens at their address" in page
        assert "next try" in page


def test_the_test_of_a_connection_stops_at_what_fails(lawyer, partner):
    client = signed_in(lawyer)
    answer = client.post(reverse("test_connection", args=[partner.pk]))
    assert answer.url.endswith("#diagnosis")
    partner.refresh_from_db()
    assert [(step["code"], step["ok"]) for step in partner.diagnosis] == [
        ("name", True),
        ("port", False),
    ]
    page = client.get(reverse("partner", args=[partner.pk])).content.decode()
    assert "Nothing listens at their address" in page


def test_a_dead_message_is_sent_again_from_its_page(lawyer, sent):
    actions.bury_message(sent, "digest_conflict")
    client = signed_in(lawyer)
    page = client.get(reverse("outgoing_message", args=[sent.pk])).content.decode()
    assert "Send again now" in page
    assert "Other bytes came under an id" in page
    client.post(reverse("resend_message", args=[sent.pk]))
    sent.refresh_from_db()
    assert sent.status == "queued"


def test_lists_do_not_ask_more_for_more_rows(
    lawyer, partner, sent, received, django_assert_max_num_queries
):
    client = signed_in(lawyer)
    for _ in range(5):
        prepared = actions.prepare_message(
            partner, "note/1", body={"text": "x"}, conversation=uuid.uuid4()
        )
        actions.queue_message(SENDER, prepared)
    for address in ("outgoing", "incoming", "exchange", "rejections"):
        with django_assert_max_num_queries(18):
            client.get(reverse(address))


def test_no_page_title_or_address_names_the_partner(lawyer, partner):
    page = signed_in(lawyer).get(reverse("partner", args=[partner.pk])).content.decode()
    title = page.split("<title>")[1].split("</title>")[0]
    assert "Tokyo" not in title


def test_every_code_that_a_page_can_show_has_words():
    from comity.exchange import partner_views, transport
    from comity.exchange.rules import IncomingStatus, OutgoingStatus, PartnerStatus

    for code in [*OutgoingStatus, *IncomingStatus, *PartnerStatus]:
        assert has_label(code), code
    codes = {*transport._CERTIFICATE_CODES.values(), *transport._ALERTS.values()}
    codes |= {"net.no_address", "net.refused", "net.timeout", "net.cut", "net.unreachable"}
    codes |= {code for code in partner_views.STATUS if not code.startswith(("call.", "blob."))}
    assert [code for code in codes if not has_label(code)] == []
