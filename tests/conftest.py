"""What every test may use: officers, keys, a time-stamp authority, a ledger checked after."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations as PostgreSQLOperations
from django.db.backends.sqlite3.base import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from comity.accounts.models import Officer, OfficerRole
from comity.core import keyring as keyrings
from comity.core.access import Role
from comity.ledger import engines
from comity.ledger.models import Entry

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
_numbers = itertools.count(1)
# The machines are shared and noisy: time is measured in benchmarks, never in tests.
hypothesis_settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("shared")


@pytest.fixture(scope="session", autouse=True)
def keyring() -> keyrings.Keyring:
    """The test node's keys, made once."""
    folder = Path(settings.COMITY_KEYS)
    if (folder / "seal.key").exists():
        return keyrings.Keyring(folder)
    return keyrings.create(
        folder,
        node_id=settings.COMITY_NODE_ID,
        hosts=["localhost", "127.0.0.1"],
        now=datetime.now(UTC),
    )


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let Django's own flush empty the append-only tables between transactional tests."""
    flush = DatabaseOperations.sql_flush
    truncate = PostgreSQLOperations.sql_flush

    def sql_flush(self, style, tables, **options):
        statements = flush(self, style, tables, **options)
        if self.connection.vendor != "sqlite" or not statements:
            return statements
        triggers = engines.trigger_statements("sqlite")
        names = [statement.split()[2] for statement in triggers]
        return [f"DROP TRIGGER IF EXISTS {name}" for name in names] + statements + triggers

    def sql_truncate(self, style, tables, **options):
        statements = truncate(self, style, tables, **options)
        held = [name for name in engines.LEDGER_TABLES if name in tables]
        off, on = (
            [f"ALTER TABLE {name} {verb} TRIGGER {name}_no_truncate" for name in held]
            for verb in ("DISABLE", "ENABLE")
        )
        return off + statements + on if statements else statements

    DatabaseOperations.sql_flush = sql_flush
    PostgreSQLOperations.sql_flush = sql_truncate


@pytest.fixture
def officer(db: None) -> Callable[..., Officer]:
    """Make invented officers: `officer(Role.PROSECUTOR)`."""

    def make(*roles: Role, name: str = "", **fields: object) -> Officer:
        number = next(_numbers)
        made = Officer(
            email=f"officer{number}@example.test", name=name or f"Officer {number}", **fields
        )
        made.set_password("correct horse battery staple")
        made.save()
        OfficerRole.objects.bulk_create(
            OfficerRole(officer=made, role=role, granted_by="test") for role in roles
        )
        return made

    return make


@pytest.fixture(autouse=True)
def head_lock(tmp_path: Path) -> Iterator[Path]:
    """Each test's ledger is a new one: so is the file with its last signed checkpoint."""
    kept, settings.COMITY_HEAD_LOCK = settings.COMITY_HEAD_LOCK, tmp_path / "head.lock"
    yield tmp_path / "head.lock"
    settings.COMITY_HEAD_LOCK = kept


@pytest.fixture(autouse=True)
def ledger_holds(request: pytest.FixtureRequest, head_lock: Path) -> Iterator[None]:
    """After each test that wrote the ledger, the whole ledger verifies."""
    yield
    uses_database = {"db", "transactional_db", "officer"} & set(request.fixturenames) or any(
        request.node.iter_markers("django_db")
    )
    if not uses_database or request.node.get_closest_marker("breaks_ledger"):
        return
    if connection.needs_rollback:
        return
    from comity.ledger import actions

    if Entry.objects.exists():
        while actions.sequence_pending():
            pass
        actions.verify_all()


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real time-stamp authority on the loopback address: (address, root certificate)."""
    folder = tmp_path_factory.mktemp("tsa")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "comity.node.testtsa", "--dir", str(folder), "--port", str(port)]
    )
    wait_for_port(port, process)
    yield f"http://127.0.0.1:{port}/", next(folder.glob("*ca*.pem"))
    process.terminate()
    process.wait()


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 15.0) -> None:
    """Wait until something listens, or fail saying that the process ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the process ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")
