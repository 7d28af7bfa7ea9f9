"""One form sent twice at the same moment makes one item."""

import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from comity.evidence.models import Item
from comity.ledger.models import Entry
from tests.cases.test_concurrency import at_once
from tests.evidence.conftest import World
from tests.evidence.test_pages import filled

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_form_sent_twice_at_once_makes_one_item(world: World, sign_in) -> None:
    clients, once = [sign_in(world.investigator) for _ in range(3)], str(uuid.uuid4())

    def send(client) -> object:
        upload = SimpleUploadedFile("crater.jpg", b"a crater")
        fields = filled(world, file=upload, once=once)
        return client.post(reverse("item_add"), fields)

    answers = at_once(*(lambda client=client: send(client) for client in clients))
    made = Item.objects.get()
    assert str(made.uid) == once
    assert {answer.status_code for answer in answers} == {302}, answers
    assert {answer.headers["Location"] for answer in answers} == {reverse("item", args=[made.pk])}
    assert Entry.objects.filter(kind="evidence.item_ingested").count() == 1
