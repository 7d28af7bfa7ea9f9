"""A case with its team, an incident and real items; signed-in officers."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from comity.accounts.models import Officer
from comity.cases import actions
from comity.cases.models import Case
from comity.core.access import Compartment, Role
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Origin
from tests.officers import give_second_step

SHELLING = datetime(2022, 3, 17, 16, 40, tzinfo=UTC)
SCHOOL = "The invented school in Verbivka was hit by six shells."
OFFENCE, PROVISION = "UA-CC-438-1", "ICC-8-2-b-ii"


@pytest.fixture
def sign_in() -> Callable[[Officer], Client]:
    """A browser in which the officer has signed in with both factors."""

    def make(officer: Officer) -> Client:
        client = Client()
        client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
        give_second_step(officer)
        return client

    return make


def add_item(
    officer: Officer,
    case: Case,
    *,
    title: str = "Photo of the crater",
    kind: str = "photo",
    content: bytes = b"crater",
    compartment: Compartment = Compartment.INVESTIGATION,
) -> Item:
    return evidence.ingest(
        officer,
        io.BytesIO(content),
        title=title,
        kind=kind,
        access=[("case", case.uid)],
        origin=Origin.INVESTIGATION,
        acquisition=evidence.Acquisition(
            acquired_by=officer.actor_id,
            acquired_at=timezone.now(),
            place="Verbivka",
            device="",
            method="photographed",
            legal_authority="",
        ),
        compartment=compartment,
    )


@pytest.fixture
def world(officer) -> SimpleNamespace:
    """A prosecutor, a colleague and an investigator of one team, and what they recorded."""
    prosecutor = officer(Role.PROSECUTOR, name="I. Savchuk")
    colleague = officer(Role.PROSECUTOR, name="O. Lysenko")
    investigator = officer(Role.INVESTIGATOR, name="R. Melnyk")
    case = actions.open_case(
        prosecutor, number="2211/24", title="Shelling", members=[colleague, investigator]
    )
    photo = add_item(investigator, case)
    witness = add_item(
        investigator, case, title="Statement of W-07", kind="witness-statement", content=b"told"
    )
    incident = actions.record_incident(
        investigator,
        case,
        title="Shelling of the school",
        account=SCHOOL,
        occurred_from=SHELLING,
        place="Verbivka",
        items=[photo, witness],
    )
    return SimpleNamespace(
        prosecutor=prosecutor, colleague=colleague, investigator=investigator, case=case,
        photo=photo, witness=witness, incident=incident,
    )  # fmt: skip


@pytest.fixture
def charge(world):
    """A proposed qualification."""
    return actions.propose_charge(
        world.prosecutor, world.incident, offence=OFFENCE, provision=PROVISION
    )
