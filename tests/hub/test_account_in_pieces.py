"""Files that came in pieces become part of an account: all of them or nothing."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.hub.models import Account
from comity.vault.models import Upload
from tests.evidence.test_uploads import begin, patch, uid_of
from tests.hub.test_pages import account_fields, named

pytestmark = pytest.mark.django_db(transaction=True)


def arrived(client, content: bytes, name: str) -> str:
    where = begin(client, len(content), filename=name)
    assert patch(client, where, 0, content).status_code == 204
    return uid_of(where)


def test_files_in_pieces_and_a_file_of_the_form_are_one_account(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    uids = [arrived(client, b"first film", "a.mp4"), arrived(client, b"second", "b.mp4")]
    fields = account_fields(upload=",".join(uids), uploads=[named(b"\xff\xd8", "c.jpg")], text="")
    answer = client.post(reverse("account_new", args=[hub.person.pk]), fields)
    assert answer.status_code == 302, answer.content.decode()
    items = [link.item for link in Account.objects.get().item_links.order_by("pk")]
    assert [item.size for item in items] == [2, 10, 6]
    assert [item.original_name for item in items] == ["c.jpg", "a.mp4", "b.mp4"]
    with evidence.open_item(hub.coordinator, items[1], purpose="support") as file:
        assert file.read() == b"first film"
    assert not Upload.objects.exists()


def test_if_one_has_gone_nothing_is_taken_and_the_others_stay(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    there = arrived(client, b"here", "a.mp4")
    fields = account_fields(upload=f"{there},{uuid.uuid4()}")
    page = client.post(reverse("account_new", args=[hub.person.pk]), fields)
    assert page.status_code == 200
    assert "data-came" in page.content.decode()
    assert not Account.objects.exists()
    assert not Item.objects.exists()
    assert Upload.objects.get().is_complete


def test_a_file_in_pieces_needs_its_kind_and_scope(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    fields = account_fields(
        upload=arrived(client, b"x", "a.mp4"), uploads_kind="", uploads_scope=""
    )
    page = client.post(reverse("account_new", args=[hub.person.pk]), fields).content.decode()
    assert "Say what the files are." in page
    assert "Say under which part of a consent they fall." in page


def test_what_has_not_ended_is_no_part_of_an_account(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    where = begin(client, 9, filename="a.mp4")
    fields = account_fields(upload=uid_of(where))
    page = client.post(reverse("account_new", args=[hub.person.pk]), fields).content.decode()
    assert "Let the upload end first" in page
    assert not Account.objects.exists()
