"""Two live nodes under attack: Kyiv on a PostgreSQL server of its own, Tokyo on SQLite."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.server import Server
from tests.faults.web import Browser
from tests.two_nodes.harness import BIN as BIN
from tests.two_nodes.harness import ROOT, Node, free_ports, pair

STEPS = "tests.faults.steps"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COORDINATOR = ("hub@faults.example", "a long passphrase for tests", SECRET)


@dataclass
class Site:
    """Both nodes and the database server; `run`s as long as a test module lasts."""

    folder: Path
    server: Server
    kyiv: Node
    tokyo: Node

    @property
    def nodes(self) -> tuple[Node, Node]:
        return self.kyiv, self.tokyo

    def close(self) -> None:
        for node in self.nodes:
            node.close()
        self.server.stop()


def make_site(folder: Path, *, paired: bool) -> Site:
    """Make the server and both nodes; nothing listens yet."""
    server = Server(folder / "postgresql")
    ports = free_ports(4)
    kyiv = _node("kyiv", "UA", folder, ports[:2], server.fresh_database("kyiv"))
    tokyo = _node("tokyo", "JP", folder, ports[2:], "")
    with ThreadPoolExecutor() as makers:
        for made in [makers.submit(node.init) for node in (kyiv, tokyo)]:
            made.result()
    site = Site(folder, server, kyiv, tokyo)
    if paired:
        pair(kyiv, tokyo)
    return site


def _node(key: str, state: str, folder: Path, ports: list[int], database_url: str) -> Node:
    pages, exchange = ports
    return Node(
        key=key,
        node_id=f"{key}.test.comity.example",
        state=state,
        home=folder / key,
        pages_port=pages,
        listen_port=exchange,
        public_port=exchange,
        database_url=database_url,
    )


def browser(node: Node) -> Browser:
    """A signed-in coordinator."""
    made = Browser(f"http://localhost:{node.pages_port}", *COORDINATOR)
    made.sign_in()
    return made


def until(condition: Callable[[], Any], what: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Wait until the condition holds and return its value; fail with what did not come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what()}")


def start(node: Node, *names: str) -> None:
    for name in names:
        if name not in node.processes:
            node.start(name)


@dataclass
class Victim:
    """Something that is killed and comes back."""

    name: str
    kill: Callable[[], None]
    revive: Callable[[], None]


def process_of(node: Node, name: str) -> Victim:
    """One process of a node, with its children."""
    return Victim(f"{node.key} {name}", lambda: node.kill(name), lambda: node.start(name))


def database_of(site: Site) -> Victim:
    """Kyiv's PostgreSQL server."""
    return Victim("postgresql", site.server.kill, site.server.start)


def whole(node: Node, *names: str) -> Victim:
    """Every process of a node at once: with SQLite the database is in them."""

    def kill() -> None:
        for name in names:
            node.kill(name)

    def revive() -> None:
        for name in names:
            node.start(name)

    return Victim(f"{node.key} whole", kill, revive)


def kill_in_turn(victims: list[Victim], chance: random.Random, rounds: int) -> list[str]:
    """Each victim at least once, in an order and at moments that the seed decides."""
    order: list[Victim] = []
    while len(order) < rounds:
        order += chance.sample(victims, len(victims))
    for victim in order[:rounds]:
        time.sleep(chance.uniform(0.2, 1.6))
        victim.kill()
        time.sleep(chance.uniform(0.0, 0.4))
        victim.revive()
    return [victim.name for victim in order[:rounds]]


@dataclass
class Actor:
    """A process in a node's environment that acts again and again, and says what it has done.

    What stands in `done` was said after the act had returned. `kill` it at any moment; it is
    started again with the next number, so that no two of its runs make the same bytes.
    """

    node: Node
    module: str
    arguments: dict[str, Any]
    done: list[dict[str, Any]] = field(default_factory=list)
    runs: int = 0
    _process: subprocess.Popen[str] | None = None
    _over: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._keep_running, daemon=True)
        self._thread.start()

    def _keep_running(self) -> None:
        while not self._over:
            self.runs += 1
            arguments = self.arguments | {"run": self.runs}
            with self.node.log(self.module.rsplit(".", 1)[1]).open("ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", self.module, json.dumps(arguments)],
                    cwd=ROOT,
                    env=self.node.environment,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                )
                assert self._process.stdout is not None
                for line in self._process.stdout:
                    with suppress(json.JSONDecodeError):  # a line that was cut by kill -9
                        self.done.append(json.loads(line))
                self._process.wait()

    def kill(self) -> None:
        """kill -9; it starts again by itself."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    def stop(self) -> None:
        self._over = True
        self.kill()
        if self._thread is not None:
            self._thread.join(timeout=20)

    def victim(self) -> Victim:
        return Victim(f"{self.node.key} {self.module}", self.kill, lambda: None)
