"""Today, search, emergency access, health: pages that belong to no single app."""

import uuid
from datetime import UTC, datetime

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse

from comity.accounts.models import BreakGlass
from comity.cases import actions as cases
from comity.core.access import Role
from comity.hub import actions as hub
from comity.hub.rules import AgeBand
from comity.ledger.models import Entry

pytestmark = pytest.mark.django_db
SHELLING = datetime(2022, 3, 17, 16, 40, tzinfo=UTC)
REASON = "The duty prosecutor is in hospital and the hearing starts in one hour."


@pytest.fixture
def signed_in(client, officer):
    def sign_in(*roles):
        made = officer(*roles)
        TOTP.activate(made, "JBSWY3DPEHPK3PXP")
        client.force_login(made)
        return made

    return sign_in


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_a_today(client, signed_in, role) -> None:
    signed_in(role)
    assert client.get("/").status_code == 200


def test_health_needs_no_sign_in_and_tells_nothing(client) -> None:
    assert client.get("/healthz").json() == {"ok": True}


def test_search_finds_only_what_the_officer_may_open(client, signed_in, officer) -> None:
    other = officer(Role.PROSECUTOR)
    cases.open_case(other, number="77/26", title="Verbivka school")
    signed_in(Role.PROSECUTOR)
    assert b"77/26" not in client.post(reverse("search"), {"q": "Verbivka"}).content
    mine = officer(Role.PROSECUTOR)
    cases.open_case(mine, number="78/26", title="Verbivka bridge")
    TOTP.activate(mine, "JBSWY3DPEHPK3PXP")
    client.force_login(mine)
    found = client.post(reverse("search"), {"q": "Verbivka"}).content
    assert b"78/26" in found
    assert b"77/26" not in found


def test_search_knows_numbers_folds_case_and_says_when_it_is_cut(
    client, signed_in, officer
) -> None:
    mine = signed_in(Role.PROSECUTOR)
    case = cases.open_case(mine, number="79/26", title="Удар по школі")
    incident = cases.record_incident(
        mine, case, title="Вербівка", account="a", occurred_from=SHELLING, place="p"
    )

    def found(text: str) -> str:
        return client.post(reverse("search"), {"q": text}).content.decode()

    for text in ("удар", "УДАР ПО", "79/26"):
        assert "79/26" in found(text), text
    for text in ("вербівка", incident.number, incident.number.lower(), str(incident.pk)):
        assert reverse("incident", args=[incident.pk]) in found(text), text
    for text in (f"E-{incident.pk:06}", f"P-{incident.pk:04}", ".*", "(", "\\"):
        assert reverse("incident", args=[incident.pk]) not in found(text), text
    looks = Entry.objects.filter(kind="access.looked", actor=mine.actor_id)
    assert looks.count() == 12
    assert "More fits than is shown" not in found("удар")
    for number in range(21):
        cases.open_case(mine, number=f"{100 + number}/26", title="Удар")
    assert "More fits than is shown" in found("удар")


def test_a_person_is_found_by_name_and_shown_by_code(client, signed_in) -> None:
    coordinator = signed_in(Role.HUB_COORDINATOR)
    person = hub.register_person(
        coordinator,
        identity={"preferred_name": "Галина", "legal_name": "Петренчук Галина"},
        age_band=AgeBand.ADULT,
        language="uk",
        searched=True,
    )
    page = client.post(reverse("search"), {"q": "петренчук"}).content.decode()
    assert person.code in page
    assert "Галина" not in page


def test_a_name_that_is_searched_for_never_stands_in_an_address(client, signed_in) -> None:
    signed_in(Role.HUB_COORDINATOR)
    assert b'method="post" action="/search/"' in client.get("/").content


def test_emergency_access_opens_the_record_and_tells_supervisors(
    client, signed_in, officer
) -> None:
    owner = officer(Role.PROSECUTOR)
    case = cases.open_case(owner, number="79/26", title="Bridge")
    officer_outside = signed_in(Role.PROSECUTOR)
    assert client.get(reverse("case", args=[case.pk])).status_code == 404
    short = {"kind": "case", "number": "79/26", "reason": "urgent"}
    assert client.post(reverse("emergency"), short).status_code == 200
    assert not BreakGlass.objects.exists()
    response = client.post(reverse("emergency"), short | {"reason": REASON})
    assert response.url == reverse("case", args=[case.pk])
    assert client.get(response.url).status_code == 200
    assert Entry.objects.filter(kind="accounts.glass_broken", actor=officer_outside.actor_id)
    supervisor = officer(Role.SUPERVISOR)
    TOTP.activate(supervisor, "JBSWY3DPEHPK3PXP")
    client.force_login(supervisor)
    assert reverse("break_glass_review", args=[BreakGlass.objects.get().pk]) in (
        client.get("/").content.decode()
    )


def test_emergency_access_does_not_cross_the_wall(client, signed_in) -> None:
    signed_in(Role.PROSECUTOR)
    asked = {"kind": "person", "number": "P-0001", "reason": REASON}
    assert client.post(reverse("emergency"), asked).status_code == 403
    assert not BreakGlass.objects.exists()


def test_emergency_access_tells_nobody_which_records_exist(client, signed_in, officer) -> None:
    cases.open_case(officer(Role.PROSECUTOR), number="79/26", title="Bridge")
    signed_in(Role.PROSECUTOR)
    asked = {"kind": "case", "reason": "urgent"}
    answers = [
        client.post(reverse("emergency"), asked | {"number": number}).context["form"].errors
        for number in ("79/26", "80/26")
    ]
    assert answers[0] == answers[1]
    client.post(reverse("emergency"), {"kind": "case", "number": "80/26", "reason": REASON})
    assert Entry.objects.filter(kind="access.refused").count() == 1


def test_an_unknown_number_is_said_so(client, signed_in) -> None:
    signed_in(Role.PROSECUTOR)
    asked = {"kind": "case", "number": str(uuid.uuid4()), "reason": REASON}
    assert client.post(reverse("emergency"), asked).status_code == 200
    assert not BreakGlass.objects.exists()


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_pages_say_their_language(client, signed_in, language) -> None:
    signed_in(Role.PROSECUTOR)
    page = client.get("/", headers={"accept-language": language}).content.decode()
    assert f'<html lang="{language}"' in page
