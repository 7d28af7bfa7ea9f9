"""A form that is sent several times at once does its work once and leads to what it made."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from comity.assistance import actions
from comity.assistance.models import LetterOfRequest, ReplyItem, SentForm
from comity.evidence.models import Item
from comity.ledger.models import Entry
from tests.assistance.conftest import WORDS
from tests.assistance.test_desk import accepted
from tests.cases.conftest import sign_in  # noqa: F401 - a fixture
from tests.cases.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 3


def three(*names: str) -> dict[str, str]:
    return {f"{name}_{code}": words for name in names for code, words in WORDS.items()}


def send(clients: list[Any], address: str, fields: Callable[[], dict[str, Any]]) -> set[str]:
    """Send one form by several clients at once; return where the answers lead."""
    once = str(uuid.uuid4())
    answers = at_once(
        *(
            lambda client=client: client.post(address, fields() | {"once": once})
            for client in clients
        )
    )
    assert {answer.status_code for answer in answers} == {302}, answers
    return {answer.headers["Location"] for answer in answers}


PARTS: dict[str, tuple[list[Any], Callable[[], dict[str, Any]]]] = {
    "letter_text_new": (["facts_summary"], lambda: {"text": "Обстріл."}),
    "letter_measure_new": ([], lambda: {"measure_type": "stored_data_access"}),
    "letter_person_new": ([], lambda: {"role": "witness", "link": "Бачив."} | three("names")),
    "letter_offence_new": ([], lambda: three("provision", "title", "penalty")),
    "letter_paper_new": (
        [],
        lambda: (
            {
                "kind": "order",
                "file": SimpleUploadedFile("order.txt", b"order", content_type="text/plain"),
            }
            | three("title")
        ),
    ),
}


def size_of(letter: LetterOfRequest) -> int:
    letter = LetterOfRequest.objects.get(pk=letter.pk)
    parts = (letter.texts, letter.measures, letter.persons, letter.papers, letter.exhibits)
    provisions = len(letter.basis.get("provisions", [])) + len(letter.offences)
    return sum(rows.filter(**_whole(rows)).count() for rows in parts) + provisions


def _whole(rows: Any) -> dict[str, Any]:
    return {"person": None} if rows.model.__name__ == "Paragraph" else {}


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_added_once(kyiv, sign_in, name) -> None:  # noqa: F811
    letter = kyiv.letter()
    args, fields = PARTS[name]
    before = size_of(letter)
    clients = [sign_in(kyiv.prosecutor) for _number in range(TIMES)]
    address = reverse(name, args=[letter.pk, *args])
    assert send(clients, address, fields) == {letter.get_absolute_url()}
    assert size_of(letter) == before + 1
    assert LetterOfRequest.objects.get(pk=letter.pk).revision == 1
    assert SentForm.objects.count() == 1


def test_an_exhibit_is_attached_once_and_no_error_shown(kyiv, sign_in) -> None:  # noqa: F811
    letter, item = kyiv.letter(), kyiv.item()
    clients = [sign_in(kyiv.prosecutor) for _number in range(TIMES)]
    address = reverse("letter_item_new", args=[letter.pk])
    leads = send(clients, address, lambda: {"item": item.pk} | three("title"))
    assert leads == {letter.get_absolute_url()}
    assert letter.exhibits.count() == 1


def test_a_provision_is_cited_once(kyiv, sign_in) -> None:  # noqa: F811
    letter = kyiv.letter()
    actions.choose_basis(kyiv.lawyer, letter, "BUDAPEST")
    before = size_of(letter)
    clients = [sign_in(kyiv.lawyer) for _number in range(TIMES)]
    send(clients, reverse("letter_cite", args=[letter.pk]), lambda: three("provision"))
    assert size_of(letter) == before + 1


def test_one_letter_is_started(kyiv, sign_in) -> None:  # noqa: F811
    clients = [sign_in(kyiv.prosecutor) for _number in range(TIMES)]
    fields = {
        "partner": kyiv.partner.pk,
        "requesting": "UA-OPG",
        "requested": "JP-MOJ",
        "measure_type": "stored_data_access",
        "subject": "Дані скриньки",
        "case": kyiv.case.pk,
    }
    leads = send(clients, reverse("letter_new"), lambda: fields)
    assert leads == {LetterOfRequest.objects.get().get_absolute_url()}
    assert Entry.objects.filter(kind="assistance.letter_drafted").count() == 1


def test_what_was_obtained_is_taken_in_and_added_once(kyiv, asked, sign_in) -> None:  # noqa: F811
    letter = accepted(kyiv, asked)
    clients = [sign_in(kyiv.executing) for _number in range(TIMES)]

    def fields() -> dict[str, Any]:
        return three("title") | {
            "file": SimpleUploadedFile("mail.mbox", b"From a"),
            "kind": "telecom-data",
            "place": "Kyiv",
            "method": "court order",
            "legal_authority": "CPC art. 562",
        }

    leads = send(clients, reverse("letter_upload", args=[letter.pk]), fields)
    assert leads == {letter.get_absolute_url()}
    assert ReplyItem.objects.get().item == Item.objects.get()


def test_a_refused_form_may_be_sent_again(kyiv) -> None:
    letter, once = kyiv.letter(), uuid.uuid4()
    with pytest.raises(Exception, match="unknown_type"):
        actions.add_measure(kyiv.prosecutor, letter, "no such", once=once)
    actions.add_measure(kyiv.prosecutor, letter, "stored_data_access", once=once)
    assert letter.measures.count() == 2


def test_a_changed_part_may_be_sent_again_by_the_same_form(kyiv, sign_in) -> None:  # noqa: F811
    letter = kyiv.complete()
    person, client, once = letter.persons.first(), sign_in(kyiv.prosecutor), str(uuid.uuid4())
    address = reverse("letter_person", args=[letter.pk, person.pk])
    for link in ("Перше.", "Друге."):
        client.post(address, {"role": "witness", "link": link, "once": once} | three("names"))
        assert person.texts.get().text == link
