"""What is pasted, forged or sent twice into three apps changes nothing and breaks nothing."""

from __future__ import annotations

import unicodedata

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from comity.cases.models import Case, Charge, ElementAssessment, Incident, IncidentItem
from comity.core.access import Role
from comity.evidence.models import Item
from comity.hub.models import Account, ConsentGrant, Person
from tests.cases.conftest import OFFENCE
from tests.hub.conftest import register

pytestmark = pytest.mark.django_db
# Its normal form is three times as long: a limit that is checked too early does not hold.
GROWS = "\ufb2c"
HOSTILE = {
    "long": "x" * 10_000,
    "grows": GROWS * 199,
    "turned": "exe.\u202egpj\u202c \u2066x\u2069",
    "controls": "a\x01\x02\x1b[31m\u2028\u2029b",
    "nul": "a\x00b",
    "path": "../../../../etc/passwd",
    "markup": "<script>alert(1)</script>{{ 7|add:7 }}{% now %}",
    "million": "й" * 1_000_000,
    "blank": "\u202e\u2066\u200e",
    "noncharacter": "a\uffff\U0010ffffb",
}
DAY = {"_0": "17", "_1": "3", "_2": "2022"}


def day(name: str, **change: str) -> dict[str, str]:
    return {name + part: change.get(part, value) for part, value in DAY.items()}


@pytest.fixture
def coordinator(officer):
    return officer(Role.HUB_COORDINATOR)


def forms(world, coordinator) -> list[tuple[object, str, list, dict, tuple[str, ...]]]:
    """Who, page, its arguments, what is sent, and the fields that take text."""
    person = register(coordinator)
    today = timezone.localdate()
    taken = {"taken_on_0": today.day, "taken_on_1": today.month, "taken_on_2": today.year}
    upload = {"kind": "photo", "holder": f"case:{world.case.uid}", "origin": "investigation",
              "compartment": "investigation",
              "method": "open-source", **day("day")}  # fmt: skip
    incident = [world.incident.pk]
    return [
        (world.prosecutor, "case_new", [], {"stage": "pretrial"}, ("number", "title")),
        (world.prosecutor, "incident_new", [world.case.pk], day("day"),
         ("title", "account", "place", "date_note")),
        (world.prosecutor, "incident_items", incident, {"items": [world.photo.pk]},
         ("numbers", "note")),
        (world.prosecutor, "incident_person", incident,
         {"role": "witness", "certainty": "claimed"}, ("code",)),
        (world.prosecutor, "charge_new", incident, {"offence": OFFENCE}, ("reason", "mode")),
        (world.investigator, "item_add", [], upload,
         ("title", "acquired_by", "place", "device", "legal_authority", "hour")),
        (world.prosecutor, "item_package", [],
         {"items": [world.photo.pk], "recipient": "other", "language": "uk"},
         ("case_ref", "purpose", "legal_basis", "name", "order", "appearance")),
        (coordinator, "people", [], {}, ("text",)),
        (coordinator, "person_consent", [person.pk],
         {"recipient": "court", "purpose": "investigation", "answer": "agreed",
          "scopes": ["media"], "mode": "identified", "given_by": "self", "explained_in": "uk"},
         ("restrictions", "how_understood")),
        (coordinator, "account_new", [person.pk],
         {"form": "first_account", "text_scope": "statement", **taken}, ("text", "place")),
        (coordinator, "person_new", [], {"language": "uk", "age_band": "adult"},
         ("preferred_name", "legal_name", "name_latin", "phone", "safe_when", "reason")),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_text_breaks_a_form_or_stands_in_a_record_as_it_came(
    world, coordinator, sign_in, kind: str
) -> None:
    text = HOSTILE[kind]
    for who, name, args, fields, texts in forms(world, coordinator):
        client = sign_in(who)
        if name == "person_new":
            client.post(reverse("people"), {"text": "Invented"})
        for hostile in (*texts, None):
            sent = dict(fields) | dict.fromkeys(texts, "plain")
            sent |= {"text": "plain"} if "text" in texts else {}
            sent |= dict.fromkeys(texts, text) if hostile is None else {hostile: text}
            if name == "item_add":
                sent["file"] = SimpleUploadedFile(text[:200].replace("\x00", ""), b"bytes")
            answer = client.post(reverse(name, args=args), sent)
            assert answer.status_code in {200, 302, 400, 413, 422}, (name, hostile)
    for row in (*Case.objects.all(), *Incident.objects.all(), *Item.objects.all()):
        assert row.title == unicodedata.normalize("NFC", row.title)
        assert row.title.strip()
        assert not any(unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in row.title)
        assert "\u202e" not in row.title
        assert len(row.title) <= 200


@pytest.mark.parametrize("year", ["0", "1", "1000", "9999", "10000", "-1", "٢٠٢٢"])
def test_no_day_breaks_a_form(world, coordinator, sign_in, year: str) -> None:
    for who, name, args, fields, texts in forms(world, coordinator):
        for day_field in ("day", "taken_on"):
            if f"{day_field}_2" in fields:
                sent = fields | dict.fromkeys(texts, "plain") | {f"{day_field}_2": year}
                sent.pop("hour", None)
                if name == "incident_new":
                    sent |= {"last_day_0": "31", "last_day_1": "12", "last_day_2": year}
                if name == "item_add":
                    sent["file"] = SimpleUploadedFile("x", b"bytes")
                answer = sign_in(who).post(reverse(name, args=args), sent)
                assert answer.status_code in {200, 302, 422}, name


def test_no_form_breaks_when_everything_is_missing_or_odd(world, coordinator, sign_in) -> None:
    for who, name, args, fields, texts in forms(world, coordinator):
        client = sign_in(who)
        for sent in ({}, dict.fromkeys((*fields, *texts), "\u0000"), dict.fromkeys(fields, "-1"),
                     dict.fromkeys(fields, "9" * 40)):  # fmt: skip
            answer = client.post(reverse(name, args=args), sent)
            assert answer.status_code in {200, 400, 422}, (name, sent)


@pytest.mark.parametrize("number", ["9" * 18, "9223372036854775808", "9" * 60])
def test_no_number_in_an_address_breaks_a_page(world, sign_in, number: str) -> None:
    client = sign_in(world.prosecutor)
    for path in ("cases/{}/", "cases/incidents/{}/", "evidence/{}/", "evidence/{}/open/",
                 f"evidence/{world.photo.pk}/entries/{{}}/", "evidence/?page={}",
                 "evidence/package/?item={}", "evidence/?number={}"):  # fmt: skip
        assert client.get("/" + path.format(number)).status_code in {200, 404}, path


def test_the_same_form_sent_twice_makes_one_of_it(world, coordinator, sign_in) -> None:
    """A double click, or a page sent again after "back", is one act."""
    makes = {"case_new": Case, "incident_new": Incident, "item_add": Item, "charge_new": Charge,
             "incident_items": IncidentItem, "account_new": Account, "person_new": Person,
             "person_consent": ConsentGrant.objects.agreements().model}  # fmt: skip
    for who, name, args, fields, texts in forms(world, coordinator):
        if name not in makes:
            continue
        client = sign_in(who)
        client.post(reverse("people"), {"text": "Invented"})
        page = client.get(reverse(name, args=args), {"offence": OFFENCE})
        form = page.context["form"]
        sent = dict(fields) | dict.fromkeys(texts, "plain") | {"numbers": "", "mode": "identified"}
        sent |= {"mode": ""} if name == "charge_new" else {}
        sent |= {"hour": "10:00"} if name == "item_add" else {}
        token = form["once"].value() if "once" in form.fields else ""
        before = makes[name].objects.count()
        places = []
        for _ in range(2):
            if name == "item_add":
                sent["file"] = SimpleUploadedFile("x", b"bytes")
            answer = client.post(reverse(name, args=args), sent | {"once": token})
            assert answer.status_code in {200, 302, 422}, name
            places.append(answer.headers.get("Location"))
        made = makes[name].objects.count() - before
        live = ConsentGrant.objects.agreements().count() if name == "person_consent" else made
        assert live == (0 if name == "incident_items" else 1), (name, made)


def test_a_finding_is_kept_once_for_each_time_it_is_stated(world, charge, sign_in) -> None:
    element = charge.matrix()[0].element.id
    client = sign_in(world.prosecutor)
    address = reverse("element", args=[charge.pk, element])
    for state in ("supported", "nonsense", "not_covered"):
        client.post(address, {"state": state, "items": [world.photo.pk], "note": "x" * 30_000})
    assert not ElementAssessment.objects.exists()
