"""Two live nodes under attack: Kyiv on a PostgreSQL server of its own, Tokyo on SQLite.

Kyiv reaches Tokyo through a line that a test can cut, or put somebody else at the end of.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.server import Server
from tests.faults.web import Browser
from tests.two_nodes.harness import BIN as BIN
from tests.two_nodes.harness import ROOT, FlakyProxy, Node, free_ports, pair

STEPS = "tests.faults.steps"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COORDINATOR = ("hub@faults.example", "a long passphrase for tests", SECRET)


@dataclass
class Site:
    """Both nodes and the database server."""

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


def make_site(folder: Path) -> Site:
    """Make the server and both nodes and connect them; nothing listens yet."""
    server = Server()
    ports = free_ports(5)
    kyiv = _node("kyiv", "UA", folder, ports[:2], server.fresh_database("kyiv"))
    tokyo = _node("tokyo", "JP", folder, ports[2:4], "")
    tokyo.public_port = ports[4]
    with ThreadPoolExecutor() as makers:
        for made in [makers.submit(node.init) for node in (kyiv, tokyo)]:
            made.result()
        for ready in [makers.submit(node.run, "own_descriptor") for node in (kyiv, tokyo)]:
            ready.result()
    pair(kyiv, tokyo)
    tokyo.proxy = FlakyProxy(tokyo.public_port, tokyo.listen_port, seed=0)
    server.be_durable()
    return Site(folder, server, kyiv, tokyo)


def coordinator() -> dict[str, str]:
    """What `steps.add_officer` takes for the officer who hands files over."""
    email, password, secret = COORDINATOR
    return {"email": email, "password": password, "secret": secret, "role": "hub_coordinator"}


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


def browser_of(node: Node) -> Browser:
    """The coordinator's browser before the sign-in."""
    return Browser(f"http://localhost:{node.pages_port}", *COORDINATOR)


def answers(node: Node) -> bool:
    """Say whether the pages are there; a port is taken before anybody answers."""
    with browser_of(node) as made, suppress(httpx2.HTTPError):
        return made.get("/account/login/").status_code == 200
    return False


def browser(node: Node) -> Browser:
    """A signed-in coordinator."""
    made = browser_of(node)
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


@contextmanager
def on_small_disks(node: Node, *folders: str, megabytes: int) -> Iterator[Callable[[], None]]:
    """Folders of a live node on file systems of their own; yields what makes room on them.

    What stood in the folders is hidden so long; what was written stands there afterwards.
    """
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system; run as root to test a full disk")
    places = [node.home / name for name in folders]
    mounted: list[Path] = []
    try:
        for place in places:
            done = _mount(f"size={megabytes}m,mode=700", place)
            if done.returncode:
                pytest.skip(f"mounting a small file system is not allowed: {done.stderr.strip()}")
            mounted.append(place)
        yield lambda: [_mount("remount,size=256m", place) for place in places] and None
    finally:
        for place in mounted:
            with tempfile.TemporaryDirectory() as kept:
                shutil.copytree(place, kept, dirs_exist_ok=True)
                subprocess.run(["umount", "-l", str(place)], check=True)
                shutil.copytree(kept, place, dirs_exist_ok=True)


def _mount(options: str, place: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def start(*nodes: Node, names: tuple[str, ...]) -> None:
    """Start what does not run, all at once."""
    wanted = [(node, name) for node in nodes for name in names if name not in node.processes]
    with ThreadPoolExecutor() as starters:
        list(starters.map(lambda each: each[0].start(each[1]), wanted))


def approve_letter(site: Site) -> None:
    """The demonstration's officers of Kyiv bring a letter as far as the signature.

    They take the only person and the only case that there is.
    """
    tell, run = "comity.node.demo.story", site.kyiv.run
    run(f"{tell}.add_cast")
    run(f"{tell}.take_in_person")
    run(f"{tell}.take_account", files=[], folder=str(site.folder / "handed-over"))
    for step in ("open_case", "record_incident", "qualify"):
        run(f"{tell}.{step}")
    for step in ("draft_letter", "write_letter", "approve_letter"):
        run(f"comity.node.demo.letters.{step}")


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
        with ThreadPoolExecutor() as starters:
            list(starters.map(node.start, names))

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

    What stands in `done` was said after the act had returned. `kill` its acting child at any
    moment; the next begins with another number, so that no two runs make the same bytes.
    """

    node: Node
    module: str
    arguments: dict[str, Any]
    done: list[dict[str, Any]] = field(default_factory=list)
    runs: int = 0
    _process: subprocess.Popen[str] | None = None
    _child: int = 0
    _thread: threading.Thread | None = None

    def start(self) -> None:
        with self.node.log(self.module.rsplit(".", 1)[1]).open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module, json.dumps(self.arguments)],
                cwd=ROOT,
                env=self.node.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "done" in said:
                self.done.append(said["done"])
            else:
                self._child, self.runs = said["pid"], said["run"]

    def kill(self) -> None:
        """kill -9 of the child that acts; the next begins by itself."""
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)

    def stop(self) -> None:
        assert self._process is not None
        assert self._thread is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join(timeout=20)

    def victim(self) -> Victim:
        return Victim(f"{self.node.key} {self.module}", self.kill, lambda: None)
