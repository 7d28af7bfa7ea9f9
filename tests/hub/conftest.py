"""A person with a coordinator's team, and what was agreed. Everybody is invented."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.exchange.models import Partner
from comity.exchange.rules import PartnerStatus
from comity.hub import actions
from comity.hub.models import ConsentGrant, Person
from comity.hub.rules import AgeBand, Answer, Mode, Purpose, Scope
from tests.cases.conftest import sign_in  # noqa: F401 - a fixture

IDENTITY = {
    "preferred_name": "пані Галина",
    "legal_name": "Петренчук-Ґудзь Мар’яна Степанівна",
    "name_latin": "Mariana Petrenchuk",
    "phone": "+380 (50) 123-45-67",
    "safe_when": "Tue to Fri, 14:00 to 17:00",
    "safe_say": "say the library",
    "safe_with": "her sister Nadiia",
}
SECRET_WORDS = ("Галин", "Петренчук", "Mariana", "Petrenchuk", "123-45", "library", "Nadiia")
STORY = "Вона сказала, що школу обстріляли.".encode()


def register(officer: Officer, **change: Any) -> Person:
    facts: dict[str, Any] = {
        "identity": IDENTITY,
        "age_band": AgeBand.ADULT,
        "language": "uk",
        "searched": True,
        "reason": "came with Nadiia",
    }
    return actions.register_person(officer, **(facts | change))


def agree(officer: Officer, person: Person, **change: Any) -> ConsentGrant:
    facts: dict[str, Any] = {
        "recipient": actions.PROSECUTION,
        "purpose": Purpose.INVESTIGATION,
        "scopes": [Scope.STATEMENT],
        "mode": Mode.IDENTIFIED,
        "answer": Answer.AGREED,
        "explained_in": "uk",
        "text_version": "2026-11",
    }
    return actions.record_consent(officer, person, **(facts | change))


def tell(officer: Officer, person: Person, content: bytes = STORY, **change: Any):
    facts: dict[str, Any] = {
        "scope": Scope.STATEMENT,
        "title": f"First account, {person.code}",
        "kind": "first-account",
    }
    return actions.take_account(officer, person, io.BytesIO(content), **(facts | change))


def partner(node_id: str = "tokyo.test.comity.example", **change: Any) -> Partner:
    facts: dict[str, Any] = {
        "names": {"uk": "Міністерство юстиції Японії", "ja": "法務省", "en": "Ministry of Justice"},
        "state": "JP",
        "descriptor": "-",
        "fingerprint": "0" * 64,
        "http_keyid": node_id,
        "status": PartnerStatus.ACTIVE,
    }
    return Partner.objects.create(node_id=node_id, **(facts | change))


@pytest.fixture
def hub(officer) -> SimpleNamespace:
    """A coordinator with one person, and a coordinator of another team."""
    coordinator = officer(Role.HUB_COORDINATOR, name="T. Bilyk", name_latin="T. Bilyk")
    other = officer(Role.HUB_COORDINATOR, name="N. Kravets")
    return SimpleNamespace(coordinator=coordinator, other=other, person=register(coordinator))
