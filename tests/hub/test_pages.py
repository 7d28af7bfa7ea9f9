"""Pages of the hub: who sees them, what they show, and which names they never show."""

import io
import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comity.cases import actions as cases
from comity.core.access import Role
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.hub import actions
from comity.hub.models import Account, ConsentGrant, Person
from comity.hub.rules import Answer, Mode, Purpose, Scope
from comity.ledger.models import Entry
from tests.hub.conftest import IDENTITY, SECRET_WORDS, STORY, agree, partner, register, tell

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\u202eevil {{ 7|add:7 }} ' \" &"
PAGE_SECRETS = (*SECRET_WORDS, "came with")


def addresses(person, grant, item) -> list[tuple[str, list]]:
    """Every page about one person."""
    return [
        ("person", [person.pk]),
        ("person_consent", [person.pk]),
        ("consent_withdraw", [person.pk, grant.pk]),
        ("consent_sheet", [person.pk, "uk"]),
        ("account_new", [person.pk]),
        ("item_share", [person.pk, item.pk]),
    ]


@pytest.fixture
def told(hub):
    """The person with an agreement and an item."""
    return agree(hub.coordinator, hub.person), tell(hub.coordinator, hub.person)


def test_the_team_opens_every_page(hub, told, sign_in) -> None:
    client = sign_in(hub.coordinator)
    for name in ("people", "person_new"):
        assert client.get(reverse(name)).status_code == 200
    for name, args in addresses(hub.person, *told):
        assert client.get(reverse(name, args=args)).status_code == 200, name


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.HUB_SUPERVISOR}))
def test_nobody_outside_the_team_opens_a_page(hub, told, officer, sign_in, role) -> None:
    client = sign_in(officer(role))
    for name, args in addresses(hub.person, *told):
        for method in ("get", "post"):
            if (name, method) in {("person", "post"), ("consent_sheet", "post")}:
                continue
            before = Entry.objects.filter(kind="access.refused").count()
            response = getattr(client, method)(reverse(name, args=args))
            assert response.status_code in {403, 404}, (name, method)
            assert Entry.objects.filter(kind="access.refused").count() == before + 1, name
            missing = getattr(client, method)(reverse(name, args=[9999, *args[1:]]))
            token = re.compile(rb'"[A-Za-z0-9]{64}"|/people/[^"]*')
            assert token.sub(b"", response.content) == token.sub(b"", missing.content)
    assert not Entry.objects.filter(kind="access.looked").exists()
    assert ConsentGrant.objects.get().answer == Answer.AGREED


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", ["people", "person_new"])
def test_the_hub_is_open_to_coordinators_only(officer, sign_in, role, name) -> None:
    response = sign_in(officer(role)).get(reverse(name))
    allowed = role in {Role.HUB_COORDINATOR, Role.HUB_SUPERVISOR}
    assert response.status_code == (200 if allowed else 403)
    assert Entry.objects.filter(kind="access.refused").exists() is not allowed


def test_a_grant_or_item_of_another_person_does_not_open_under_this_one(hub, told, sign_in) -> None:
    second = register(hub.coordinator)
    grant, item = told
    client = sign_in(hub.coordinator)
    for name, args in (
        ("consent_withdraw", [second.pk, grant.pk]),
        ("item_share", [second.pk, item.pk]),
    ):
        assert client.post(reverse(name, args=args)).status_code == 404
    assert ConsentGrant.objects.get().is_agreement


def test_lists_show_codes_and_no_names(hub, told, sign_in) -> None:
    client = sign_in(hub.coordinator)
    page = client.get(reverse("people")).content.decode()
    assert hub.person.code in page
    found = client.post(reverse("people"), {"text": "Мар’яна"}).content.decode()
    table = found[found.index('id="found"') :]
    assert hub.person.code in table
    for word in PAGE_SECRETS:
        assert word not in page
        assert word not in table


def test_registering_is_closed_until_a_search_was_made_and_closes_again(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    address = reverse("person_new")
    fields = {"preferred_name": "Олена", "language": "uk", "age_band": "adult"}
    assert "preferred_name" not in client.get(address).content.decode()
    refused = client.post(address, fields)
    assert "Search for the person first" in refused.content.decode()
    assert Person.objects.count() == 1
    client.post(reverse("people"), {"text": "Олена"})
    assert "preferred_name" in client.get(address).content.decode()
    done = client.post(address, fields)
    made = Person.objects.first()
    assert done.url == reverse("person", args=[made.pk])
    assert made.opened_identity["preferred_name"] == "Олена"
    assert "Search for the person first" in client.post(address, fields).content.decode()


def test_a_file_opens_with_at_most_twelve_inputs() -> None:
    from comity.hub.forms import PersonForm

    assert len(PersonForm().visible_fields()) <= 12


def test_opening_a_person_is_recorded_before_anything_is_shown(hub, sign_in) -> None:
    page = sign_in(hub.coordinator).get(reverse("person", args=[hub.person.pk])).content.decode()
    entry = Entry.objects.get(kind="access.looked")
    assert (entry.subject, entry.actor) == (hub.person.subject, hub.coordinator.actor_id)
    assert "Tue to Fri" in page
    looks = page[page.index('id="looks"') :]
    assert "T. Bilyk" in looks
    title = page[page.index("<title>") : page.index("</title>")]
    assert hub.person.code in title
    for word in SECRET_WORDS:
        assert word not in title


def test_a_name_that_is_never_shown_opens_by_itself_only(hub, sign_in) -> None:
    made = register(hub.coordinator, name_never_shown=True)
    client = sign_in(hub.coordinator)
    page = client.get(reverse("person", args=[made.pk])).content.decode()
    for word in ("Галина", "Петренчук", "Petrenchuk"):
        assert word not in page
    opened = client.get(reverse("person", args=[made.pk]), {"show": "name"}).content.decode()
    assert "Петренчук" in opened
    parts = [
        entry.committed.as_mapping()["part"]
        for entry in Entry.objects.filter(kind="access.looked").order_by("id")
    ]
    assert parts == ["file", "name"]


def test_the_page_shows_answers_and_who_was_not_asked(hub, told, sign_in) -> None:
    partner()
    partner("old.test.comity.example", status="revoked", names={"en": "Old partner"})
    page = sign_in(hub.coordinator).get(reverse("person", args=[hub.person.pk])).content.decode()
    agreed = page[page.index('id="agreed"') : page.index('id="accounts"')]
    assert "Full statement" in agreed
    assert agreed.count("Not asked") == 5
    assert agreed.count("As for the prosecutor’s office") == 1
    assert "Ministry of Justice" in agreed
    assert "Old partner" not in agreed


def test_consent_is_recorded_by_form_and_withdrawn(hub, sign_in) -> None:
    tokyo = partner()
    item = tell(hub.coordinator, hub.person, scope=Scope.MEDIA)
    client = sign_in(hub.coordinator)
    fields = {
        "recipient": f"partner:{tokyo.node_id}", "purpose": Purpose.LEGAL_ASSISTANCE,
        "answer": Answer.IN_PART, "scopes": [Scope.MEDIA], "mode": Mode.NAME_WITHHELD,
        "given_by": "self", "explained_in": "uk", "how_understood": "Said it back.",
        "valid_until_0": "31", "valid_until_1": "12", "valid_until_2": "2099",
    }  # fmt: skip
    address = reverse("person_consent", args=[hub.person.pk])
    form = client.get(address).content.decode()
    assert "checked" not in form
    nothing = client.post(address, fields | {"scopes": []}).content.decode()
    assert "Tick what may go" in nothing
    unknown = client.post(address, fields | {"recipient": "partner:else"})
    assert unknown.status_code == 200
    assert not ConsentGrant.objects.exists()
    assert client.post(address, fields).status_code == 302
    grant = ConsentGrant.objects.get()
    wanted = {"recipient": grant.recipient, "purpose": "legal_assistance"}
    basis = evidence.require_release(item, on=timezone.localdate(), **wanted)
    evidence.record_disclosure(
        hub.coordinator, item, basis=basis, message_id=uuid.uuid4(), **wanted
    )
    withdraw = reverse("consent_withdraw", args=[hub.person.pk, grant.pk])
    before = client.get(withdraw).content.decode()
    assert item.number in before
    assert ConsentGrant.objects.get().is_agreement
    client.post(withdraw)
    assert ConsentGrant.objects.get().answer == Answer.WITHDRAWN
    again = client.post(withdraw, follow=True).content.decode()
    assert "There is no agreement to withdraw" in again
    page = client.get(reverse("person", args=[hub.person.pk])).content.decode()
    left = page[page.index('id="left"') :]
    assert "Ministry of Justice" in left
    assert "No receipt yet" in left


def account_fields(**change):
    today = timezone.localdate()
    return {
        "form": "first_account", "taken_on_0": today.day, "taken_on_1": today.month,
        "taken_on_2": today.year, "place": "Room 2", "text": STORY.decode(),
        "text_scope": "statement", "uploads_kind": "photo", "uploads_scope": "media",
    } | change  # fmt: skip


def test_an_account_of_text_and_files_goes_into_the_vault(hub, sign_in) -> None:
    photos = [
        named(b"\xff\xd8one", "Галина.jpg"),
        named(b"", "empty.jpg"),
        named(b"x", "../../etc/passwd"),
    ]
    response = sign_in(hub.coordinator).post(
        reverse("account_new", args=[hub.person.pk]), account_fields(uploads=photos)
    )
    assert response.status_code == 302, response.content.decode()
    account = Account.objects.get()
    items = [link.item for link in account.item_links.order_by("pk")]
    assert [item.size for item in items] == [len(STORY), 5, 0, 1]
    assert [link.scope for link in account.item_links.order_by("pk")] == ["statement"] + [
        "media"
    ] * 3
    for item in items:
        assert "Галина" not in item.title
        assert "/" not in item.original_name
    with evidence.open_item(hub.coordinator, items[0], purpose="support") as file:
        assert file.read() == STORY
    page = sign_in(hub.coordinator).get(reverse("person", args=[hub.person.pk])).content.decode()
    assert items[3].number in page
    assert "Lead only" in page


def named(content: bytes, name: str) -> io.BytesIO:
    file = io.BytesIO(content)
    file.name = name
    return file


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"text": "  ", "text_scope": ""}, "choose at least one file"),
        ({"text_scope": ""}, "full statement or a summary"),
        ({"taken_on_2": 2099}, "has not come yet"),
        ({"taken_on_2": "0001"}, "lies before 1900"),
        ({"text": "x" * 200_001}, "200000"),
        ({"form": "confession"}, "confession"),
    ],
)
def test_a_wrong_account_is_refused_with_words(hub, sign_in, change, words) -> None:
    response = sign_in(hub.coordinator).post(
        reverse("account_new", args=[hub.person.pk]), account_fields(**change)
    )
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Account.objects.exists()
    assert not Item.objects.exists()


def test_an_item_is_shared_by_the_number_of_a_case_and_nothing_of_the_case_shows(
    hub, officer, told, sign_in
) -> None:
    prosecutor = officer(Role.PROSECUTOR)
    cases.open_case(prosecutor, number="2211/24", title="Very secret title")
    client = sign_in(hub.coordinator)
    address = reverse("item_share", args=[hub.person.pk, told[1].pk])
    wrong = client.post(address, {"case_number": "9/99"}).content.decode()
    assert "no case with this number" in wrong
    done = client.post(address, {"case_number": " 2211/24 "}, follow=True).content.decode()
    assert "shared with 1 case" in done
    assert "secret title" not in done
    assert Item.objects.visible_to(prosecutor).get() == told[1]


def test_without_consent_the_form_says_what_to_ask(hub, officer, sign_in) -> None:
    cases.open_case(officer(Role.PROSECUTOR), number="2211/24", title="t")
    item = tell(hub.coordinator, hub.person)
    page = sign_in(hub.coordinator).post(
        reverse("item_share", args=[hub.person.pk, item.pk]), {"case_number": "2211/24"}
    )
    assert "has not agreed" in page.content.decode()
    assert "Full statement" in page.content.decode()


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_the_sheet_is_printed_in_three_languages_and_the_print_is_recorded(
    hub, told, sign_in, language
) -> None:
    partner()
    agree(
        hub.coordinator, hub.person, recipient="partner:tokyo.test.comity.example",
        purpose=Purpose.LEGAL_ASSISTANCE, answer=Answer.REFUSED,
    )  # fmt: skip
    response = sign_in(hub.coordinator).get(
        reverse("consent_sheet", args=[hub.person.pk, language])
    )
    assert response.content.startswith(b"%PDF")
    assert response["Content-Type"] == "application/pdf"
    assert hub.person.code in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    looked = Entry.objects.get(kind="access.looked")
    assert looked.committed.as_mapping()["part"] == "consent_sheet"


def test_a_sheet_that_cannot_be_printed_says_so(hub, sign_in) -> None:
    made = register(hub.coordinator, identity={"preferred_name": "\U0001f47d"})
    client = sign_in(hub.coordinator)
    page = client.get(reverse("consent_sheet", args=[made.pk, "uk"]), follow=True)
    assert "typeface" in page.content.decode()
    assert client.get(reverse("consent_sheet", args=[made.pk, "xx"])).status_code == 404


def test_hostile_text_stays_text(hub, sign_in) -> None:
    identity = dict.fromkeys(IDENTITY, HOSTILE + "ж" * 10_000)
    made = register(hub.coordinator, identity=identity, reason=HOSTILE)
    agree(hub.coordinator, made, restrictions=HOSTILE)
    tell(hub.coordinator, made, title=HOSTILE, place=HOSTILE, original_name=HOSTILE)
    page = sign_in(hub.coordinator).get(reverse("person", args=[made.pk]))
    text = page.content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "{{ 7|add:7 }}" in text


def test_a_hostile_search_finds_nobody_and_breaks_nothing(hub, sign_in) -> None:
    client = sign_in(hub.coordinator)
    for text in (HOSTILE, "ж" * 200, "%_*", "\u0000", "ж" * 10_000):
        page = client.post(reverse("people"), {"text": text})
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()


def test_no_name_is_in_an_address_or_in_the_ledger(hub, told, sign_in) -> None:
    client = sign_in(hub.coordinator)
    client.post(reverse("people"), {"text": "Петренчук"})
    page = client.get(reverse("person", args=[hub.person.pk])).content.decode()
    for address in re.findall(r'(?:href|action|src)="([^"]*)"', page):
        for word in SECRET_WORDS:
            assert word not in address
    for entry in Entry.objects.select_related("committed"):
        body = bytes(entry.body).decode() + bytes(entry.committed.details).decode()
        for word in PAGE_SECRETS:
            assert word not in body, entry.kind


def test_the_list_asks_the_database_the_same_number_of_questions(hub, told, sign_in) -> None:
    client = sign_in(hub.coordinator)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("people"))
    for _number in range(20):
        made = register(hub.coordinator)
        agree(hub.coordinator, made)
        tell(hub.coordinator, made)
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse("people")).content.decode()
    assert len(many) == len(few)
    assert len(many) < 20
    assert len(set(re.findall(r"P-\d{4,}", page))) == 21


def test_a_person_asks_the_same_number_of_questions_for_many_accounts(hub, told, sign_in) -> None:
    client = sign_in(hub.coordinator)
    address = reverse("person", args=[hub.person.pk])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(8):
        item = tell(hub.coordinator, hub.person, str(number).encode())
        agree(hub.coordinator, hub.person, purpose=Purpose.CLAIM, recipient=f"r{number}")
        basis = evidence.require_release(
            item, recipient=actions.PROSECUTION, purpose="investigation", on=timezone.localdate()
        )
        evidence.record_disclosure(
            hub.coordinator, item, recipient="prosecution", purpose="investigation", basis=basis
        )
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) == len(few)
