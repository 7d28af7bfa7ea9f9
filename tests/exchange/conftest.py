from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.exchange import actions, tasks
from comity.exchange.models import Partner
from comity.ledger.models import Entry
from tests.exchange.other_node import OtherNode


@pytest.fixture(autouse=True)
def exchange_settings(settings, tmp_path: Path) -> Iterator[None]:
    """The exchange listener's addresses and no page middleware; a spool of the test's own."""
    settings.MESSAGE_HANDLERS = {
        **settings.MESSAGE_HANDLERS,
        "note/1": "tests.exchange.handling.receive_note",
    }
    settings.COMITY_SPOOL = tmp_path / "spool"
    settings.COMITY_VAULT = tmp_path / "vault"
    yield
    shutil.rmtree(tmp_path / "spool", ignore_errors=True)


@pytest.fixture
def listener(settings) -> None:
    """Calls go to the listener for partners."""
    settings.ROOT_URLCONF = "comity.node.urls_exchange"
    settings.MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]


@pytest.fixture(scope="session")
def foreign_keys(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], OtherNode]:
    folder = tmp_path_factory.mktemp("foreign")
    made: dict[str, OtherNode] = {}

    def make(node_id: str) -> OtherNode:
        if node_id not in made:
            made[node_id] = OtherNode.make(folder, node_id)
        kept = made[node_id]
        return OtherNode(kept.node_id, kept.keys)

    return make


@pytest.fixture
def tokyo(foreign_keys) -> OtherNode:
    return foreign_keys("tokyo.test.comity.example")


@pytest.fixture
def hague(foreign_keys) -> OtherNode:
    return foreign_keys("hague.test.comity.example")


@pytest.fixture
def administrator(officer) -> Officer:
    return officer(Role.ADMINISTRATOR)


@pytest.fixture
def lawyer(officer) -> Officer:
    return officer(Role.CENTRAL_AUTHORITY)


@pytest.fixture
def paired(administrator: Officer, lawyer: Officer) -> Callable[[OtherNode], Partner]:
    """Two officers connect a foreign node: `paired(tokyo)`."""

    def pair(node: OtherNode, types: tuple[str, ...] = ("note/1", "letter/1")) -> Partner:
        partner = actions.propose_partner(administrator, node.descriptor(), types)
        actions.confirm_partner(lawyer, partner, node.fingerprint, "By video call, on paper.")
        partner.refresh_from_db()
        return partner

    return pair


@pytest.fixture
def partner(paired, tokyo: OtherNode) -> Partner:
    return paired(tokyo)


@pytest.fixture
def open_inbox() -> Callable[[], int]:
    """Have the worker open everything that waits."""
    return tasks.work


def notes_received() -> list[str]:
    """What the handler did, by message, from the ledger."""
    rows = Entry.objects.filter(kind="test.note_received").order_by("id")
    return [row.subject.removeprefix("note:") for row in rows]
