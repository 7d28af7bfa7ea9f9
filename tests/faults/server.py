"""A PostgreSQL server of a test's own that can be killed and started again.

It does not wait for the disk while nodes are made; `be_durable` ends that before any kill.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_SECONDS = 60.0
SETTINGS = "-c listen_addresses=127.0.0.1 -c max_connections=100 -c checkpoint_timeout=30s"
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def _scripts() -> object:
    """scripts/test_server.py: where the binaries are, and how root starts them."""
    found = importlib.util.spec_from_file_location(
        "comity_test_server", ROOT / "scripts/test_server.py"
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


class Server:
    """`start`, `kill` (-9, the postmaster), `start` again on the same data; `stop` at the end."""

    def __init__(self) -> None:
        # Not among pytest's folders: another run of pytest closes them to `nobody`.
        self.folder = Path(tempfile.mkdtemp(prefix="comity-postgresql-"))
        self._scripts = _scripts()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"postgresql://comity@127.0.0.1:{self.port}/postgres"
        self._init()
        self._set(dict.fromkeys(DURABLE, "off"))
        self.start()

    def _run(self, command: list[str]) -> None:
        self._scripts.as_server(command, self.folder)  # type: ignore[attr-defined]

    @property
    def _pg_ctl(self) -> Path:
        return self._scripts.binaries() / "pg_ctl"  # type: ignore[attr-defined, no-any-return]

    def _init(self) -> None:
        if os.getuid() == 0:
            account = pwd.getpwnam("nobody")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.folder.chmod(0o755)
        initdb = self._pg_ctl.with_name("initdb")
        self._run(
            [str(initdb), "-D", str(self.folder / "data"), "-U", "comity", "--auth=trust",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        )  # fmt: skip

    def _set(self, values: dict[str, str]) -> None:
        lines = "".join(f"{name} = {value}\n" for name, value in values.items())
        (self.folder / "data/postgresql.auto.conf").write_text(lines)

    def be_durable(self) -> None:
        """From now on a commit is on the disk when it returns, as on a node in production."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")
            self._set(DURABLE)
            connection.execute("SELECT pg_reload_conf()")
            end = time.monotonic() + START_WITHIN_SECONDS
            while connection.execute("SHOW fsync").fetchone() != ("on",):
                assert time.monotonic() < end, "fsync is still off"
                time.sleep(0.05)

    def start(self) -> None:
        """Start and wait; after a kill -9 the orphans of the old postmaster must end first."""
        settings = f"-p {self.port} -c unix_socket_directories={self.folder} {SETTINGS}"
        command = [str(self._pg_ctl), "-D", str(self.folder / "data"), "-o", settings,
                   "-l", str(self.folder / "log"), "-w", "-t", "30", "start"]  # fmt: skip
        end = time.monotonic() + START_WITHIN_SECONDS
        while True:
            try:
                self._run(command)
            except subprocess.CalledProcessError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        """kill -9 of the postmaster; its backends notice and end."""
        pid = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self._run(
                [str(self._pg_ctl), "-D", str(self.folder / "data"), "-m", "immediate", "stop"]
            )
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh_database(self, name: str) -> str:
        """Make an empty database; return its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()
