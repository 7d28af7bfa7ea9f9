"""A PostgreSQL server of a test's own, with fsync on, that can be killed and started again."""

from __future__ import annotations

import importlib.util
import os
import pwd
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_SECONDS = 60.0
SETTINGS = (
    "-c listen_addresses=127.0.0.1 -c fsync=on -c full_page_writes=on -c synchronous_commit=on "
    "-c max_connections=100 -c checkpoint_timeout=30s"
)


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

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._scripts = _scripts()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"postgresql://comity@127.0.0.1:{self.port}/postgres"
        self._init()
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
            self._open_the_way()
        initdb = self._pg_ctl.with_name("initdb")
        self._run(
            [str(initdb), "-D", str(self.folder / "data"), "-U", "comity", "--auth=trust",
             "-E", "UTF8", "--locale=C.UTF-8"]
        )  # fmt: skip

    def _open_the_way(self) -> None:
        """pytest's folders are closed to others; the server runs as `nobody`."""
        for parent in self.folder.parents:
            if parent == Path("/tmp") or parent.stat().st_uid != 0:
                break
            parent.chmod(parent.stat().st_mode | 0o011)

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

    def fresh_database(self, name: str) -> str:
        """Make an empty database; return its address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()
