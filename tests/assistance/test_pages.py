"""The pages of letters, as an officer meets them."""

from __future__ import annotations

import re
import time

import pytest
from allauth.account.internal.flows.login import (
    _AUTHENTICATION_METHODS_USER_SESSION_KEY as METHODS_OF,
)
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as METHODS
from django.test import Client
from django.urls import get_resolver, reverse

from comity.accounts.models import Officer
from comity.assistance import actions, bodies
from comity.assistance.models import LetterOfRequest, Paragraph
from comity.assistance.rules import DeskState, State, TextKind
from comity.core.access import Role
from comity.core.documents.replies import Outcome
from comity.ledger.models import Entry
from comity.vault import actions as vault
from tests.assistance.conftest import WORDS
from tests.assistance.test_desk import CONDITION, REPORT, accepted, executed, registered
from tests.assistance.test_requesting import conditioned
from tests.core.law.invented import LETTER
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script> {{ 7|add:7 }} #eval("1") $x$ [b](javascript:x)'


def again(letter: LetterOfRequest) -> LetterOfRequest:
    return LetterOfRequest.objects.get(pk=letter.pk)


@pytest.fixture
def sign_in(client: Client):
    """Sign an officer in with a second factor given so many seconds ago."""

    def enter(officer: Officer, *, seconds_ago: int = 3600) -> Client:
        client.force_login(officer)
        give_second_step(officer)
        session = client.session
        session[METHODS_OF] = str(officer.pk)
        session[METHODS] = [{"method": "mfa", "at": time.time() - seconds_ago, "type": "totp"}]
        session.save()
        return client

    return enter


def text_of(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode().replace("\u00a0", " ")


def page(client: Client, letter: LetterOfRequest) -> str:
    return text_of(client.get(reverse("letter", args=[letter.pk])))


def test_the_list_takes_the_same_queries_for_one_letter_as_for_many(
    kyiv, sign_in, django_assert_max_num_queries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = sign_in(kyiv.lawyer)
    kyiv.letter()
    address = reverse("letters")
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    for _number in range(8):
        kyiv.letter()
    with CaptureQueriesContext(connection) as many:
        html = text_of(client.get(address))
    assert html.count("<tr>") == 10
    assert len(many) == len(one)


def test_the_list_shows_each_direction_and_what_has_ended_on_demand(kyiv, asked, sign_in) -> None:
    gone = kyiv.letter()
    actions.withdraw_letter(kyiv.prosecutor, gone, reason="Закрито.")
    client = sign_in(kyiv.lawyer)
    address = reverse("letters")
    assert gone.number not in text_of(client.get(address))
    assert gone.number in text_of(client.get(address + "?ended=1"))
    incoming = text_of(client.get(address + "?tab=incoming"))
    assert asked.number in incoming
    assert asked.number not in text_of(client.get(address + "?ended=1"))


def test_an_officer_without_letters_in_the_role_gets_no_list(kyiv, officer, sign_in) -> None:
    client = sign_in(officer(Role.ANALYST))
    assert client.get(reverse("letters")).status_code == 403


def test_a_letter_that_is_not_there_and_one_that_is_hidden_look_the_same(
    kyiv, officer, sign_in
) -> None:
    letter = kyiv.letter()
    client = sign_in(officer(Role.PROSECUTOR))
    hidden = client.get(reverse("letter", args=[letter.pk]))
    missing = client.get(reverse("letter", args=[letter.pk + 1000]))
    assert (hidden.status_code, missing.status_code) == (404, 404)
    strip = re.compile(rb"csrf[^>]*|hx-headers='[^']*'|/letters/\d+/")
    assert strip.sub(b"", hidden.content) == strip.sub(b"", missing.content)


def every_page(letter: LetterOfRequest) -> list[str]:
    """Every address of a letter that reads, whatever the officer may do there."""
    found = []
    for pattern in get_resolver("comity.assistance.urls").url_patterns:
        route = str(pattern.pattern)
        if "<int:pk>" not in route or "remove" in route:
            continue
        route = route.replace("<int:pk>", str(letter.pk)).replace("<slug:kind>", "urgency")
        route = route.replace("<slug:language>", "ja").replace("<slug:field>", "translation")
        route = route.replace("<slug:part>", "basis")
        found.append("/letters/" + re.sub(r"<int:\w+>", "1", route))
    return found


def test_no_page_of_a_hidden_letter_opens_or_acts(kyiv, officer, sign_in) -> None:
    letter = kyiv.complete()
    before = again(letter).revision
    client = sign_in(officer(Role.PROSECUTOR, Role.SUPERVISOR), seconds_ago=1)
    addresses = every_page(letter)
    assert len(addresses) > 30
    for address in addresses:
        # Who takes no files anywhere is told so before the number of the letter is looked at.
        hidden = (403, 404) if address.endswith("/obtained/") else (404, 405)
        for answer in (client.get(address), client.post(address)):
            assert answer.status_code in hidden, address
    assert again(letter).revision == before
    assert again(letter).state == State.DRAFT


def test_looking_at_a_letter_is_recorded(kyiv, sign_in) -> None:
    letter = kyiv.letter()
    page(sign_in(kyiv.prosecutor), letter)
    (entry,) = Entry.objects.filter(kind="access.looked", subject=letter.subject)
    assert entry.actor == kyiv.prosecutor.actor_id
    text = letter.texts.get(kind="subject")
    address = f"/letters/{letter.pk}/texts/{text.pk}/ja/"
    assert sign_in(kyiv.lawyer).get(address).status_code == 200
    looked = Entry.objects.filter(kind="access.looked", subject=letter.subject)
    assert looked.filter(actor=kyiv.lawyer.actor_id).exists()


def test_the_page_of_a_draft_shows_bases_with_source_and_certainty(kyiv, sign_in) -> None:
    letter = kyiv.letter()
    html = page(sign_in(kyiv.prosecutor), letter)
    assert "Convention on Cybercrime" in html
    assert "Genocide Convention" in html
    assert "Not a basis" in html
    assert "recalled, not yet checked" in html
    assert "high certainty" in html
    assert html.count('name="instrument"') >= 3


def test_a_closed_gate_keeps_its_button_and_says_why(kyiv, sign_in) -> None:
    letter = kyiv.letter()
    html = page(sign_in(kyiv.prosecutor), letter)
    button = re.search(r"<button[^>]*aria-disabled[^>]*>[^<]*", html)
    assert button is not None
    assert "Ask for review" in html[button.start() : button.start() + 400]
    described = re.search(r'aria-describedby="([^"]+)"', button[0])
    assert described is not None
    assert f'id="{described[1]}"' in html
    assert "SRC_" not in html
    assert "UNTOC art. 18(15)" in html or "CPC art. 552" in html


def test_the_gates_close_and_open_with_what_is_written(kyiv, sign_in) -> None:
    letter = kyiv.complete()
    client = sign_in(kyiv.prosecutor)
    assert "aria-disabled" not in page(client, letter)
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    address = reverse("letter_text", args=[letter.pk, fact.pk])
    client.post(address, {"text": "Змінений опис."})
    html = page(client, letter)
    assert "stale" in html
    assert 'class="stale"' in html


def test_the_whole_way_of_a_letter_by_its_buttons(kyiv, client, sign_in) -> None:
    letter = kyiv.complete()
    sign_in(kyiv.prosecutor).post(reverse("letter_ask_review", args=[letter.pk]))
    assert again(letter).review_asked_at is not None
    sign_in(kyiv.lawyer).post(reverse("letter_review", args=[letter.pk]))
    assert again(letter).state == State.REVIEWED
    approve = reverse("letter_approve", args=[letter.pk])
    sign_in(kyiv.supervisor, seconds_ago=5).post(approve)
    assert again(letter).state == State.APPROVED
    sign_in(kyiv.lawyer).post(reverse("letter_send", args=[letter.pk]))
    assert again(letter).state == State.SENT
    html = page(client, letter)
    assert "Post the paper original" in html
    assert "CPC art." in html
    today = LetterOfRequest.objects.get(pk=letter.pk).sent_at
    client.post(
        reverse("letter_post", args=[letter.pk]),
        {
            "posted_on_0": today.day,
            "posted_on_1": today.month,
            "posted_on_2": today.year,
            "reference": "RA 1",
        },
    )
    assert again(letter).posted_on is not None


@pytest.mark.parametrize("method", ["get", "post"])
def test_approval_asks_for_the_second_factor_again(kyiv, sign_in, method) -> None:
    letter = kyiv.reviewed()
    client = sign_in(kyiv.supervisor, seconds_ago=3600)
    address = reverse("letter_approve", args=[letter.pk])
    response = getattr(client, method)(address, follow=True)
    assert "Confirm that it is you" in text_of(response)
    assert again(letter).state == State.REVIEWED


def test_a_password_is_no_second_factor(kyiv, sign_in) -> None:
    letter = kyiv.reviewed()
    client = sign_in(kyiv.supervisor)
    session = client.session
    session[METHODS] = [{"method": "password", "at": time.time()}]
    session.save()
    client.post(reverse("letter_approve", args=[letter.pk]))
    assert again(letter).state == State.REVIEWED


def test_the_author_does_not_review_by_any_button(kyiv, officer, sign_in) -> None:
    letter = kyiv.complete()
    both = officer(Role.PROSECUTOR, Role.CENTRAL_AUTHORITY)
    LetterOfRequest.objects.filter(pk=letter.pk).update(author=both)
    actions.ask_review(kyiv.prosecutor, letter)
    client = sign_in(both)
    assert "Pass legal review" not in page(client, letter)
    client.post(reverse("letter_review", args=[letter.pk]))
    assert again(letter).state == State.DRAFT
    assert "Another officer takes this step" in page(client, letter)


def test_get_never_moves_a_letter(kyiv, sign_in) -> None:
    letter = kyiv.approved()
    client = sign_in(kyiv.lawyer)
    assert client.get(reverse("letter_send", args=[letter.pk])).status_code == 405
    assert again(letter).state == State.APPROVED


def test_hostile_text_is_harmless_on_the_page_and_on_paper(kyiv, sign_in) -> None:
    letter = kyiv.complete()
    fact = letter.texts.filter(kind=TextKind.FACT).first()
    actions.write_paragraph(
        kyiv.prosecutor, letter, kind=TextKind.FACT, text=HOSTILE, paragraph=fact
    )
    for language in ("ja", "en"):
        actions.translate_paragraph(
            kyiv.prosecutor, fact, language=language, text=HOSTILE, translator=HOSTILE[:100]
        )
    client = sign_in(kyiv.prosecutor)
    for address in (
        reverse("letter", args=[letter.pk]),
        reverse("letter_text", args=[letter.pk, fact.pk]),
        reverse("letter_translate", args=[letter.pk, fact.pk, "ja"]),
    ):
        html = text_of(client.get(address))
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7|add:7 }}" in html
    actions.ask_review(kyiv.prosecutor, again(letter))
    actions.review_letter(kyiv.lawyer, again(letter))
    actions.approve_letter(kyiv.supervisor, again(letter))
    document = letter.documents.get(language="en")
    with vault.open_file(kyiv.lawyer, document.stored_file) as file:
        pdf = file.read()
    assert b"/JavaScript" not in pdf
    assert b"/URI" not in pdf


def test_documents_are_downloaded_as_files_and_the_look_is_recorded(kyiv, sign_in) -> None:
    letter = kyiv.approved()
    document = letter.documents.get(language="ja")
    client = sign_in(kyiv.lawyer)
    response = client.get(reverse("letter_document", args=[letter.pk, document.pk]))
    body = b"".join(response.streaming_content)
    assert body.startswith(b"%PDF-")
    assert (
        response["Content-Disposition"] == f'attachment; filename="{letter.number}-letter-ja.pdf"'
    )
    assert Entry.objects.filter(kind="access.looked", actor=kyiv.lawyer.actor_id).exists()


def test_a_letter_starts_from_the_gap_of_a_charge(kyiv, sign_in) -> None:
    client = sign_in(kyiv.prosecutor)
    address = f"{reverse('letter_new')}?charge={kyiv.charge.pk}&element=UA-E-438.1"
    assert "From a charge" in text_of(client.get(address))
    response = client.post(
        address,
        {
            "partner": kyiv.partner.pk,
            "requesting": "UA-OPG",
            "requested": "JP-MOJ",
            "measure_type": "stored_data_access",
            "subject": "Дані скриньки",
            "case": kyiv.case.pk,
        },
    )
    letter = LetterOfRequest.objects.get()
    assert response.url == letter.get_absolute_url()
    assert (letter.charge, letter.element) == (kyiv.charge, "UA-E-438.1")


def test_a_charge_of_another_case_starts_nothing(kyiv, officer, sign_in) -> None:
    client = sign_in(officer(Role.PROSECUTOR))
    response = client.get(f"{reverse('letter_new')}?charge={kyiv.charge.pk}")
    assert response.status_code == 404


def test_refusals_are_sentences_with_the_fields_named(kyiv, sign_in) -> None:
    letter = kyiv.letter()
    client = sign_in(kyiv.prosecutor)
    client.post(reverse("letter_ask_review", args=[letter.pk]))
    html = page(client, letter)
    assert "The letter is not complete. Missing:" in html
    assert "letter.legal_basis" not in html


def test_every_writing_page_opens_and_keeps_what_is_typed(kyiv, sign_in) -> None:
    letter = kyiv.complete()
    client = sign_in(kyiv.prosecutor)
    measure = letter.measures.get()
    person = letter.persons.first()
    for name, args in (
        ("letter_basis_facts", []),
        ("letter_text_new", ["reciprocity_guarantee"]),
        ("letter_measure_new", []),
        ("letter_measure", [measure.pk]),
        ("letter_person_new", []),
        ("letter_person", [person.pk]),
        ("letter_offence_new", []),
        ("letter_offence", [0]),
        ("letter_proceeding", []),
        ("letter_transmission", []),
        ("letter_officials", []),
        ("letter_item_new", []),
        ("letter_paper_new", []),
        ("letter_withdraw", []),
    ):
        html = text_of(client.get(reverse(name, args=[letter.pk, *args])))
        assert "<form" in html, name
    assert "544" in text_of(
        client.get(reverse("letter_text_new", args=[letter.pk, "reciprocity_guarantee"]))
    )
    wrong = client.post(reverse("letter_text_new", args=[letter.pk, "urgency"]), {"text": ""})
    assert wrong.status_code == 400
    client.post(
        reverse("letter_text_new", args=[letter.pk, "prior_contacts"]), {"text": "Консультація."}
    )
    assert Paragraph.objects.filter(letter=letter, kind=TextKind.PRIOR_CONTACTS).exists()


def test_the_requested_side_works_by_its_pages(kyiv, asked, sign_in) -> None:
    client = sign_in(kyiv.lawyer)
    html = page(client, asked)
    assert LETTER.facts[0].text("en")[:40] in html
    assert "Register" in html
    assert text_of(client.get(reverse("letter_register", args=[asked.pk])))
    three = {
        f"{name}_{language}": "x"
        for name in ("signatory", "position", "handling", "contact", "contact_position")
        for language in ("uk", "ja", "en")
    }
    client.post(
        reverse("letter_register", args=[asked.pk]),
        three | {"reference": "14/2", "email": "mla@opg.example", "languages": ["uk", "en"]},
    )
    assert again(asked).desk_state is DeskState.REGISTERED
    client.post(reverse("letter_accept", args=[asked.pk]), {"executing": [kyiv.executing.pk]})
    assert again(asked).desk_state is DeskState.ACCEPTED
    sign_in(kyiv.executing)
    report = {f"report_{language}": words for language, words in REPORT.items()}
    client.post(
        reverse("letter_report", args=[asked.pk, 0]), report | {"outcome": Outcome.EXECUTED}
    )
    assert again(asked).reply.reports.get().words == REPORT
    from django.core.files.uploadedfile import SimpleUploadedFile

    title = {f"title_{language}": words for language, words in WORDS.items()}
    client.post(
        reverse("letter_upload", args=[asked.pk]),
        title
        | {
            "file": SimpleUploadedFile("mail.mbox", b"From a"),
            "kind": "telecom-data",
            "place": "Kyiv",
            "method": "court order",
            "legal_authority": "CPC art. 562",
        },
    )
    assert again(asked).reply.items.get().item.size == 6
    html = page(client, asked)
    assert "What was done" in html


def test_the_closed_release_says_what_it_waits_for(kyiv, asked, sign_in) -> None:
    letter = executed(kyiv, asked)
    client = sign_in(kyiv.lawyer)
    html = page(client, letter)
    assert 'aria-describedby="release"' in html
    assert "The paper original has arrived" in html
    assert "CPC art. 548(5)" in html
    assert "Act 69/1980 art. 14(5)-(6)" in html


def test_conditions_are_set_on_a_page_in_ready_words_or_own(kyiv, asked, sign_in) -> None:
    letter = executed(kyiv, asked)
    client = sign_in(kyiv.lawyer)
    address = reverse("letter_conditions", args=[letter.pk])
    assert client.post(address, {}).status_code == 400
    assert client.post(address, {"own_uk": "Лише"}).status_code == 400
    client.post(address, {"common": ["this_proceeding_only", "no_onward_transfer"]})
    assert again(letter).desk_state is DeskState.CONDITIONS_PROPOSED
    assert "Accept" not in page(client, letter) or "Not accepted yet" in page(client, letter)


def test_a_refusal_is_offered_with_grounds_and_their_provisions(kyiv, asked, sign_in) -> None:
    letter = registered(kyiv, asked)
    html = text_of(sign_in(kyiv.lawyer).get(reverse("letter_refuse", args=[letter.pk])))
    assert "CPC art. 557(2)(6)" in html


def test_the_requesting_side_reads_conditions_and_accepts_them(kyiv, sign_in) -> None:
    letter = conditioned(kyiv)
    client = sign_in(kyiv.prosecutor)
    html = page(client, letter)
    assert CONDITION.words["en"] not in html
    assert "Only this proceeding." in html
    assert "Act 69/1980" in html
    client.post(reverse("letter_accept_conditions", args=[letter.pk]))
    assert again(letter).state == State.CONDITIONS_ACCEPTED


def test_an_executing_officer_cannot_register_or_release(kyiv, asked, sign_in) -> None:
    letter = accepted(kyiv, asked)
    client = sign_in(kyiv.executing)
    three = {
        f"{name}_{language}": "x"
        for name in ("signatory", "position")
        for language in ("uk", "ja", "en")
    }
    assert client.post(reverse("letter_release", args=[letter.pk]), three).status_code == 403
    assert client.post(reverse("letter_close", args=[letter.pk])).status_code == 403
    assert isinstance(CONDITION, bodies.Condition)


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_the_pages_draw_in_every_language(kyiv, asked, sign_in, language) -> None:
    letter = kyiv.complete()
    client = sign_in(kyiv.lawyer)
    client.cookies.load({"comity_language": language})
    for address in (
        reverse("letters"),
        letter.get_absolute_url(),
        asked.get_absolute_url(),
        reverse("letter_cite", args=[letter.pk]),
    ):
        html = text_of(client.get(address))
        assert f'<html lang="{language}"' in html
        assert "SRC_" not in html
        assert "letter." not in re.sub(r"<[^>]+>", "", html)
