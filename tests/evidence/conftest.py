"""A vault of its own for each test, and people who hold a case and a person's file."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core.access import Compartment, Role
from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from tests.officers import give_second_step

ACQUIRED_AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def vault(tmp_path: Path, settings: LazySettings) -> Path:
    settings.COMITY_VAULT = tmp_path / "vault"
    settings.COMITY_SPOOL = tmp_path / "spool"
    settings.COMITY_TSA_URLS = []
    return tmp_path / "vault"


@dataclass(frozen=True)
class World:
    """A case with a prosecutor and an investigator; a person's file with a coordinator."""

    prosecutor: Officer
    investigator: Officer
    coordinator: Officer
    stranger: Officer
    case: uuid.UUID
    person: uuid.UUID

    def item(self, content: bytes = b"a crater", **fields: Any) -> Item:
        """An item of the case, or of the person if `origin` says so."""
        from_person = fields.get("origin") == Origin.PERSON
        holder = ("person", self.person) if from_person else ("case", self.case)
        actor = self.coordinator if from_person else self.investigator
        stated = {
            "title": "Photo of the crater",
            "kind": "photo",
            "access": [holder],
            "origin": Origin.INVESTIGATION,
            "acquisition": acquisition(),
            "compartment": Compartment.DISCLOSABLE,
        }
        return actions.ingest(fields.pop("actor", actor), io.BytesIO(content), **(stated | fields))


def acquisition() -> actions.Acquisition:
    return actions.Acquisition(
        acquired_by="R. Melnyk",
        acquired_at=ACQUIRED_AT,
        place="School yard, Verbivka",
        device="Camera 2",
        method="open-source",
        legal_authority="Decision 17",
    )


@pytest.fixture
def world(officer: Callable[..., Officer]) -> World:
    made = World(
        prosecutor=officer(Role.PROSECUTOR),
        investigator=officer(Role.INVESTIGATOR),
        coordinator=officer(Role.HUB_COORDINATOR),
        stranger=officer(Role.INVESTIGATOR),
        case=uuid.uuid4(),
        person=uuid.uuid4(),
    )
    accounts.found_team(made.prosecutor, kind="case", record=made.case, members=[made.investigator])
    accounts.found_team(made.coordinator, kind="person", record=made.person)
    return made


def stored_path(vault: Path, item: Item) -> Path:
    """The object that holds an item's bytes."""
    name = item.stored_file.stored_name
    return vault / "objects" / name[:2] / name


def damage(path: Path) -> None:
    """Flip a bit in the middle of a stored object."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


@pytest.fixture
def sign_in() -> Callable[[Officer], Client]:
    """A browser in which the officer has signed in with both factors."""

    def make(officer: Officer) -> Client:
        client = Client()
        client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
        give_second_step(officer)
        return client

    return make
