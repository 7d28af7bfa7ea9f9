"""What was obtained on a letter, sent in pieces and added to the reply."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from comity.assistance.models import ReplyItem
from comity.evidence.models import Item
from comity.vault.models import Upload
from tests.assistance.conftest import WORDS
from tests.assistance.test_desk import accepted
from tests.assistance.test_pages import sign_in  # noqa: F401 - a fixture
from tests.evidence.test_uploads import begin, patch, uid_of

pytestmark = pytest.mark.django_db(transaction=True)


def fields(**more: object) -> dict[str, object]:
    title = {f"title_{language}": words for language, words in WORDS.items()}
    return title | {
        "kind": "telecom-data", "place": "Kyiv", "method": "court order",
        "legal_authority": "CPC art. 562", "once": uuid.uuid4(),
    } | more  # fmt: skip


def test_a_file_in_pieces_becomes_part_of_the_reply(kyiv, asked, sign_in) -> None:  # noqa: F811
    letter = accepted(kyiv, asked)
    client = sign_in(kyiv.executing)
    where = begin(client, 7, filename="mail.mbox", filetype="application/mbox")
    address = reverse("letter_upload", args=[letter.pk])
    unfinished = client.post(address, fields(upload=uid_of(where)))
    assert "Let the upload end first" in unfinished.content.decode()
    assert not Item.objects.exists()
    patch(client, where, 0, b"records")
    answer = client.post(address, fields(upload=uid_of(where)))
    assert answer.status_code == 302, answer.content.decode()
    item = ReplyItem.objects.get().item
    assert (item.original_name, item.size) == ("mail.mbox", 7)
    assert not Upload.objects.exists()


def test_one_file_at_a_time_and_none_that_has_gone(kyiv, asked, sign_in) -> None:  # noqa: F811
    letter = accepted(kyiv, asked)
    client = sign_in(kyiv.executing)
    address = reverse("letter_upload", args=[letter.pk])
    two = f"{uuid.uuid4()},{uuid.uuid4()}"
    assert "Too many files at once." in client.post(address, fields(upload=two)).content.decode()
    gone = client.post(address, fields(upload=uuid.uuid4())).content.decode()
    assert "Begin again" in gone
    assert "This field is required" in client.post(address, fields()).content.decode()
    assert not ReplyItem.objects.exists()
