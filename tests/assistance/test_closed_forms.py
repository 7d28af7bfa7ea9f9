"""No form is shown for a verb that the officer may not use, or not on this letter as it stands."""

# ruff: noqa: F811 - a fixture of another file
from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import get_resolver, reverse

from comity.accounts.models import Officer
from comity.assistance import actions
from comity.assistance.models import LetterOfRequest
from comity.ledger.models import Entry
from tests.assistance.conftest import join
from tests.assistance.test_desk import accepted, executed, registered, with_original
from tests.assistance.test_pages import sign_in  # noqa: F401 - a fixture
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a\b[^>]*\bhref="([^"]*)"')
DRAFTING = {("draft", "prosecutor")}
LAWYERS = {("draft", "lawyer")}
EXECUTING = {("accepted", "executing"), ("executed", "executing")}
# Who sees a form, on which letter; everybody else and everywhere else there is none.
OPEN: dict[str, set[tuple[str, str]]] = {
    "letter_basis_facts": DRAFTING | LAWYERS,
    "letter_cite": LAWYERS,
    "letter_decide": LAWYERS,
    "letter_text_new": DRAFTING,
    "letter_text": DRAFTING,
    "letter_translate": DRAFTING | LAWYERS | {("reviewed", "prosecutor"), ("reviewed", "lawyer")},
    "letter_measure_new": DRAFTING,
    "letter_measure": DRAFTING,
    "letter_person_new": DRAFTING,
    "letter_person": DRAFTING,
    "letter_offence_new": DRAFTING,
    "letter_offence": DRAFTING,
    "letter_proceeding": DRAFTING,
    "letter_transmission": DRAFTING,
    "letter_officials": DRAFTING,
    "letter_item_new": DRAFTING,
    "letter_paper_new": DRAFTING,
    "letter_return": {("reviewed", who) for who in ("prosecutor", "lawyer", "supervisor")},
    "letter_withdraw": DRAFTING | {("reviewed", "prosecutor")},
    "letter_approve": {("reviewed", "supervisor")},
    "letter_post": {("sent", "lawyer")},
    "letter_partner_asked": set(),
    "letter_register": {("received", "lawyer")},
    "letter_accept": {("registered", "lawyer")},
    "letter_original": {(one, "lawyer") for one in ("received", "registered", "accepted")},
    "letter_report": EXECUTING,
    "letter_hand_over": EXECUTING,
    "letter_upload": EXECUTING,
    "letter_conditions": {("executed", "lawyer")},
    "letter_release": {("executed", "lawyer")},
    "letter_refuse": {(one, "lawyer") for one in ("registered", "accepted", "executed")},
}
OUTGOING = {
    "draft": lambda kyiv: kyiv.complete(),
    "reviewed": lambda kyiv: kyiv.reviewed(),
    "sent": lambda kyiv: kyiv.sent(),
}
INCOMING = {
    "received": lambda _kyiv, asked: asked,
    "registered": registered,
    "accepted": accepted,
    "executed": lambda kyiv, asked: with_original(kyiv, executed(kyiv, asked)),
}


def address_of(name: str, letter: LetterOfRequest) -> str:
    """The address of a form, of a part that the letter has where it has one."""
    keys = {
        "letter_decide": ["translation"],
        "letter_text_new": ["facts_summary"],
        "letter_text": [_first(letter.texts)],
        "letter_translate": [_first(letter.texts), "ja"],
        "letter_measure": [_first(letter.measures)],
        "letter_person": [_first(letter.persons)],
        "letter_offence": [0],
        "letter_report": [0],
    }
    return reverse(name, args=[letter.pk, *keys.get(name, [])])


def _first(rows) -> int:
    found = rows.first()
    return found.pk if found else 1


def shows_a_form(client: Client, name: str, letter: LetterOfRequest) -> bool:
    """Whether the form is shown; if not, the officer hears why or finds nothing."""
    looks = Entry.objects.filter(kind="access.looked", subject=letter.subject)
    before = looks.count()
    response = client.get(address_of(name, letter))
    assert looks.count() == before + (response.status_code == 200), name
    if response.status_code == 200:
        return True
    if response.status_code == 302:
        assert response.url == letter.get_absolute_url(), (name, response.url)
    else:
        assert response.status_code in (403, 404), (name, response.status_code)
    return False


def check(kyiv, sign_in, stage: str, letter: LetterOfRequest) -> None:
    people: dict[str, Officer] = {
        name: getattr(kyiv, name) for name in ("prosecutor", "supervisor", "lawyer", "executing")
    }
    for who, officer in people.items():
        client = sign_in(officer, seconds_ago=1)
        shown = {name for name in OPEN if shows_a_form(client, name, letter)}
        assert shown == {name for name, where in OPEN.items() if (stage, who) in where}, who


@pytest.mark.parametrize("stage", OUTGOING)
def test_forms_of_a_letter_of_ours(kyiv, sign_in, stage) -> None:
    letter = OUTGOING[stage](kyiv)
    join(kyiv, letter, kyiv.executing)
    check(kyiv, sign_in, stage, letter)


@pytest.mark.parametrize("stage", INCOMING)
def test_forms_of_a_letter_of_theirs(kyiv, asked, sign_in, stage) -> None:
    letter = INCOMING[stage](kyiv, asked)
    for officer in (kyiv.prosecutor, kyiv.supervisor):
        join(kyiv, letter, officer)
    check(kyiv, sign_in, stage, LetterOfRequest.objects.get(pk=letter.pk))


def test_every_form_of_a_letter_is_looked_at_here(kyiv, sign_in) -> None:
    """Pages that answer a look and are neither the letter, a file nor a bare button."""
    letter = kyiv.complete()
    client = sign_in(kyiv.lawyer, seconds_ago=1)
    names = {pattern.name for pattern in get_resolver("comity.assistance.urls").url_patterns}
    others = {"letters", "letter_new", "letter", "letter_document", "letter_paper"}
    removes = {name for name in names if name.endswith(("_remove", "_confirm", "_take_back"))}
    for name in names - set(OPEN) - others - removes:
        assert client.get(reverse(name, args=[letter.pk])).status_code == 405, name
    for name in removes:
        args = ["basis", 0] if name == "letter_confirm" else [1]
        assert client.get(reverse(name, args=[letter.pk, *args])).status_code == 405, name


@pytest.mark.parametrize("name", ["letter_register", "letter_post", "letter_release"])
def test_a_prosecutor_is_refused_on_a_letter_of_ours_and_that_is_recorded(
    kyiv,
    sign_in,
    name,
) -> None:
    letter = kyiv.sent()
    client = sign_in(kyiv.prosecutor)
    for answer in (
        client.get(reverse(name, args=[letter.pk])),
        client.post(reverse(name, args=[letter.pk])),
    ):
        assert answer.status_code == 403
    assert Entry.objects.filter(kind="access.refused", actor=kyiv.prosecutor.actor_id).count() == 2


def test_the_wrong_side_and_the_wrong_stage_are_said_on_the_letter(kyiv, asked, sign_in) -> None:
    client = sign_in(kyiv.lawyer)
    ours = kyiv.sent()
    page = client.get(reverse("letter_register", args=[ours.pk]), follow=True).content.decode()
    assert "This step belongs to the other side of the letter." in page
    page = client.get(reverse("letter_accept", args=[asked.pk]), follow=True).content.decode()
    assert "The letter is at another stage" in page


def test_a_letter_that_was_withdrawn_late_offers_to_record_that_they_were_asked(
    kyiv,
    sign_in,
) -> None:
    letter = kyiv.sent()
    LetterOfRequest.objects.filter(pk=letter.pk).update(withdrawn_late_at=letter.sent_at)
    address = reverse("letter_partner_asked", args=[letter.pk])
    assert sign_in(kyiv.lawyer).get(address).status_code == 200
    assert sign_in(kyiv.supervisor).get(address).status_code == 403
    actions.record_partner_asked(kyiv.lawyer, letter, how="By telephone.")
    assert sign_in(kyiv.lawyer).get(address).status_code == 302


def links_of(page: str) -> set[str]:
    """Where the page leads within the letters, fragments and forms' targets aside."""
    found = {link.partition("#")[0].replace("&amp;", "&") for link in LINK.findall(page)}
    return {link for link in found if link.startswith("/letters/")}


@pytest.mark.parametrize("stage", [*OUTGOING, "empty", *INCOMING])
def test_no_page_of_a_letter_leads_to_a_form_that_is_closed(kyiv, stage: str, request) -> None:
    if stage == "empty":
        letter = kyiv.letter()
    elif stage in OUTGOING:
        letter = OUTGOING[stage](kyiv)
    else:
        letter = INCOMING[stage](kyiv, request.getfixturevalue("asked"))
    closed = []
    for officer in (
        kyiv.prosecutor, kyiv.colleague, kyiv.lawyer, kyiv.supervisor, kyiv.executing,
    ):  # fmt: skip
        client = Client()
        client.force_login(give_second_step(officer))
        page = client.get(reverse("letter", args=[letter.pk]))
        if page.status_code != 200:
            continue
        for link in sorted(links_of(page.content.decode())):
            answer = client.get(link)
            if answer.status_code == 403 or (
                answer.status_code == 302 and answer["Location"].endswith(f"/letters/{letter.pk}/")
            ):
                closed.append((officer.name, link, answer.status_code))
    assert closed == []
