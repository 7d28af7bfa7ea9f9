"""The processes of the demonstration: a time-stamp authority and two nodes with their workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit, urlunsplit

BIN = Path(sys.executable).parent
START_WITHIN_SECONDS = 120.0
END_WITHIN_SECONDS = 10.0


class DemoStopped(Exception):
    """The demonstration cannot go on; the message is for the person at the terminal."""


def free_ports(count: int) -> list[int]:
    """Ports on the loopback address that nobody listens on now."""
    held = []
    for _ in range(count):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        held.append(listener)
    ports = [int(listener.getsockname()[1]) for listener in held]
    for listener in held:
        listener.close()
    return ports


def port_is_free(port: int) -> bool:
    """Say whether we can listen on this port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_for_port(port: int, process: subprocess.Popen[Any], what: str) -> None:
    """Wait until something listens there; raise DemoStopped when it does not come."""
    end = time.monotonic() + START_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise DemoStopped(f"{what} ended with code {process.returncode} before it listened.")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise DemoStopped(f"{what} did not listen on port {port} within {START_WITHIN_SECONDS:.0f} s.")


@dataclass
class Place:
    """One node of the demonstration: who it is and where it listens."""

    key: str
    node_id: str
    state: str
    names: dict[str, str]
    language: str
    time_zone: str
    pages_port: int
    exchange_port: int
    home: Path
    database_url: str = ""
    processes: dict[str, subprocess.Popen[Any]] = field(default_factory=dict)
    teller: subprocess.Popen[str] | None = None

    @property
    def pages_url(self) -> str:
        """The address a person opens."""
        return f"http://localhost:{self.pages_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What every process of this node gets; nothing of the caller's node leaks in."""
        kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "SECRET_KEY"}}
        return kept | {"COMITY_HOME": str(self.home)}

    def log(self, name: str) -> TextIO:
        """A log file in the node's folder."""
        folder = self.home / "logs"
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / f"{name}.log").open("a", encoding="utf-8")

    def init(self, tsa_url: str, tsa_root: Path) -> subprocess.Popen[Any]:
        """Start `comity init`; the caller waits."""
        command = [
            str(BIN / "comity"), "init", str(self.home),
            "--node-id", self.node_id, "--state", self.state,
            "--name-uk", self.names["uk"], "--name-ja", self.names["ja"],
            "--name-en", self.names["en"],
            "--language", self.language, "--time-zone", self.time_zone,
            "--pages-url", self.pages_url,
            "--exchange-url", f"https://localhost:{self.exchange_port}",
            "--tsa-url", tsa_url, "--tsa-root", str(tsa_root), "--training",
        ]  # fmt: skip
        if self.database_url:
            command += ["--database-url", self.database_url]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start the pages, the exchange listener, the worker and the teller."""
        for name, arguments in {"serve": ["serve"], "worker": ["worker"]}.items():
            self.processes[name] = subprocess.Popen(
                [str(BIN / "comity"), *arguments],
                env=self.environment,
                stdout=self.log(name),
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_teller(self) -> None:
        """Start the process that plays this node's officers: one JSON line in, one out."""
        self.teller = subprocess.Popen(
            [str(BIN / "comity"), "tell"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log("teller"),
            text=True,
        )

    def tell(self, step: str, **arguments: Any) -> dict[str, Any]:
        """Have this node's officers do one step; raise DemoStopped with their reason if not."""
        teller = self.teller
        if teller is None or teller.stdin is None or teller.stdout is None:
            raise DemoStopped(f"The officers of {self.key} are not there yet.")
        teller.stdin.write(json.dumps({"step": step, "arguments": arguments}) + "\n")
        teller.stdin.flush()
        line = teller.stdout.readline()
        if not line:
            raise DemoStopped(f"{self.key}: {step} ended the process; see {self.home}/logs.")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise DemoStopped(f"{self.key}: {step} was refused: {answer['refused']}")
        return answer

    def wait_until_listening(self) -> None:
        """Wait for both listeners."""
        serve = self.processes["serve"]
        wait_for_port(self.pages_port, serve, f"The pages of {self.key}")
        wait_for_port(self.exchange_port, serve, f"The exchange listener of {self.key}")

    def stop(self) -> None:
        """End everything of this node."""
        if self.teller is not None:
            self.teller.terminate()
        for process in self.processes.values():
            end_group(process)


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process and its children; kill what does not listen."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=END_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    except ProcessLookupError:
        pass


def start_tsa(folder: Path, port: int) -> subprocess.Popen[Any]:
    """Start the local time-stamp authority (`openssl ts`)."""
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "comity.node.testtsa", "--dir", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=(folder / "tsa.log").open("ab"),
        start_new_session=True,
    )
    wait_for_port(port, process, "The time-stamp authority")
    return process


def fresh_database(server_url: str, name: str) -> str:
    """Make an empty database of this name on a PostgreSQL server; return its address."""
    import psycopg
    from psycopg import sql

    parts = urlsplit(server_url)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlunsplit(parts._replace(path=f"/{name}"))
