"""Two live nodes on the loopback address: own homes, keys, databases, listeners, workers."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comity.node.management.commands.serve import listener_command

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parents[2]
SETTINGS = "tests.two_nodes.node_settings"
STEPS = "tests.two_nodes.steps"


class NodeRefused(Exception):
    """A live node refused what a test had it do; the text is the code."""


@dataclass
class Node:
    """One live node. `run` has it do something; `start` and `kill` its processes.

    listen_port: where the listener is. public_port: where the partner calls (perhaps a proxy).
    """

    key: str
    node_id: str
    state: str
    home: Path
    pages_port: int
    listen_port: int
    public_port: int
    database_url: str = ""
    settings_module: str = SETTINGS
    extra: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[Any]] = field(default_factory=dict)
    proxy: FlakyProxy | None = None
    _puppet: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        ours = ("COMITY_", "DATABASE_URL", "SECRET_KEY", "DJANGO_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return kept | {
            "COMITY_HOME": str(self.home),
            "DJANGO_SETTINGS_MODULE": self.settings_module,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
            "COMITY_HASHED_STATIC": "0",
            **self.extra,
        }

    @property
    def endpoint(self) -> str:
        return f"https://localhost:{self.public_port}"

    def init(self) -> None:
        """`comity init`."""
        self._do([str(BIN / "comity"), "init", *self._init_arguments()])

    def _init_arguments(self) -> list[str]:
        arguments = [
            str(self.home), "--node-id", self.node_id, "--state", self.state,
            "--name-en", f"Office of {self.key}", "--name-uk", self.key, "--name-ja", self.key,
            "--pages-url", f"http://localhost:{self.pages_port}",
            "--exchange-url", self.endpoint, "--training",
        ]  # fmt: skip
        return [*arguments, *(["--database-url", self.database_url] if self.database_url else [])]

    def _do(self, command: list[str]) -> None:
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"comity init failed: {done.stdout}{done.stderr}")

    def init_like(self, other: Node) -> None:
        """Make this node's keys and settings, and take the other's empty database."""
        make = (
            "import sys; from comity.node import making as m; "
            "m.make(m.arguments().parse_args(sys.argv[1:]))"
        )
        self._do([sys.executable, "-c", make, *self._init_arguments()])
        for source in other.home.glob("node.sqlite3*"):
            shutil.copy(source, self.home / source.name)

    def log(self, name: str) -> Path:
        return self.home / f"{name}.log"

    def start(self, name: str) -> None:
        """Start "exchange", "pages" or "worker" (also "worker2", …)."""
        command = self._worker() if name.startswith("worker") else self._listener(name)
        self.processes[name] = subprocess.Popen(
            command,
            env=self.environment
            | {"COMITY_LISTENER": "exchange" if name == "exchange" else "pages"},
            stdout=self.log(name).open("ab"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if not name.startswith("worker"):
            port = self.listen_port if name == "exchange" else self.pages_port
            wait_for_port(port, self.processes[name])
            if name == "exchange":
                wait_for_handshake(port)

    def ensure(self, name: str) -> None:
        """Start a process unless it runs already."""
        process = self.processes.get(name)
        if process is None or process.poll() is not None:
            self.start(name)

    def _worker(self) -> list[str]:
        return [str(BIN / "comity"), "worker"]

    def _listener(self, name: str) -> list[str]:
        port = self.listen_port if name == "exchange" else self.pages_port
        return listener_command(
            name, host="127.0.0.1", port=port, workers=1, keys=self.home / "keys"
        )

    def kill(self, name: str) -> None:
        """kill -9, children too."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not name.startswith("worker"):  # a child may still hold the port for a moment
            wait_until_free(self.listen_port if name == "exchange" else self.pages_port)

    def stop(self, name: str) -> None:
        """Ask a process to end."""
        process = self.processes.pop(name)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run(self, call: str, **arguments: Any) -> Any:
        """Have the node call a function: a name in tests.two_nodes.steps, or a dotted path."""
        puppet = self._puppet or self._start_puppet()
        assert puppet.stdin is not None
        assert puppet.stdout is not None
        path = call if "." in call else f"{STEPS}.{call}"
        puppet.stdin.write(json.dumps({"call": path, "arguments": arguments}) + "\n")
        puppet.stdin.flush()
        line = puppet.stdout.readline()
        if not line:
            self._puppet = None
            raise RuntimeError(f"{self.key}: {call} ended the puppet; see {self.log('puppet')}")
        answer = json.loads(line)
        if "refused" in answer:
            raise NodeRefused(answer["refused"])
        return answer["value"]

    @property
    def puppet_pid(self) -> int:
        return (self._puppet or self._start_puppet()).pid

    def _start_puppet(self) -> subprocess.Popen[str]:
        self._puppet = subprocess.Popen(
            [sys.executable, "-m", "tests.two_nodes.puppet"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log("puppet").open("ab"),
            text=True,
        )
        return self._puppet

    def close(self) -> None:
        """End everything of this node."""
        for name in list(self.processes):
            self.kill(name)
        if self.proxy is not None:
            self.proxy.down()
        if self._puppet is not None:
            self._puppet.terminate()
            self._puppet.wait()
            self._puppet = None


def make_nodes(folder: Path, *, proxied: bool = False, **options: Any) -> tuple[Node, Node]:
    """Init Kyiv and Tokyo; nothing runs yet. proxied: partners call through a `FlakyProxy`."""
    ports = free_ports(8)
    nodes = tuple(
        Node(
            key=key,
            node_id=f"{key}.test.comity.example",
            state=state,
            home=folder / key,
            pages_port=ports[at],
            listen_port=ports[at + 1],
            public_port=ports[at + 2] if proxied else ports[at + 1],
            **{
                name: value[key] if isinstance(value, dict) else value
                for name, value in options.items()
            },
        )
        for at, (key, state) in ((0, ("kyiv", "UA")), (4, ("tokyo", "JP")))
    )
    kyiv, tokyo = nodes
    kyiv.init()
    if tokyo.database_url:
        tokyo.init()
    else:
        tokyo.init_like(kyiv)
    if proxied:
        for seed, node in enumerate(nodes):
            node.proxy = FlakyProxy(node.public_port, node.listen_port, seed=seed)
    return nodes  # type: ignore[return-value]


def pair(kyiv: Node, tokyo: Node) -> None:
    """Two officers on each side compare fingerprints and let messages pass."""
    kyiv.run("pair", text=tokyo.run("own_descriptor"))
    tokyo.run("pair", text=kyiv.run("own_descriptor"))


@contextmanager
def two_nodes(
    folder: Path,
    *,
    proxied: bool = False,
    start: tuple[str, ...] = ("exchange", "worker"),
    **options: Any,
) -> Iterator[tuple[Node, Node]]:
    """Kyiv and Tokyo, paired and running. start: which processes of each."""
    kyiv, tokyo = make_nodes(folder, proxied=proxied, **options)
    try:
        pair(kyiv, tokyo)
        for node in (kyiv, tokyo):
            for name in start:
                node.start(name)
        yield kyiv, tokyo
    finally:
        kyiv.close()
        tokyo.close()


def until(
    condition: Callable[[], Any], *, seconds: float = 30.0, why: Callable[[], Any] | None = None
) -> Any:
    """Wait until the condition holds and return its value; fail with what `why` says then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {why() if why else condition}")


def free_ports(count: int) -> list[int]:
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def wait_for_port(port: int, process: subprocess.Popen[Any], seconds: float = 20.0) -> None:
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


def wait_until_free(port: int, seconds: float = 10.0) -> None:
    """Wait until nothing takes connections at the port any more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"something still listens on port {port}")


def wait_for_handshake(port: int, seconds: float = 30.0) -> None:
    """Wait until the listener's own process answers, and not only the port is taken."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=seconds) as plain,
            context.wrap_socket(plain),
        ):
            return
        time.sleep(0.1)
    raise TimeoutError(f"no handshake on port {port}")


class FlakyProxy:
    """A bad network between two nodes: passes bytes, and breaks connections as its seed decides.

    A connection is refused, cut after some bytes of the call or after some of the answer, so
    that a call which was carried out is never heard of again.
    """

    def __init__(self, port: int, target_port: int, *, seed: int, badness: float = 0.0) -> None:
        self.badness = badness
        self.broken = self._met = 0
        self._chance = random.Random(seed)
        self._port, self._target = port, target_port
        self._server: socket.socket | None = None
        self.up()

    def up(self) -> None:
        """Listen."""
        if self._server is None:
            self._server = socket.create_server(("127.0.0.1", self._port))
            threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def down(self) -> None:
        """Stop listening, as if the host were switched off."""
        if self._server is not None:
            with suppress(OSError):
                self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client, self._fate()), daemon=True).start()

    def _fate(self) -> tuple[str, int]:
        """By chance, and every third in any case: a network that breaks nothing proves nothing."""
        self._met += 1
        spared = self._met % 3 != 0 or not self.badness
        if self._chance.random() >= self.badness and spared:
            return "pass", 0
        return self._chance.choice(["refuse", "call", "answer"]), self._chance.randrange(60_000)

    def _carry(self, client: socket.socket, fate: tuple[str, int]) -> None:
        how, limit = fate
        if how != "pass":
            self.broken += 1
        if how == "refuse":
            client.close()
            return
        try:
            server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            server.settimeout(None)
        except OSError:
            client.close()
            return
        both = (client, server)
        limits = (limit if how == "call" else None, limit // 8 if how == "answer" else None)
        for source, target, most in ((client, server, limits[0]), (server, client, limits[1])):
            threading.Thread(target=_pump, args=(source, target, both, most), daemon=True).start()


def _pump(
    source: socket.socket, target: socket.socket, both: tuple[socket.socket, ...], most: int | None
) -> None:
    passed = 0
    with suppress(OSError):
        while data := source.recv(16_384):
            if most is not None and passed + len(data) > most:
                target.sendall(data[: most - passed])
                break
            passed += len(data)
            target.sendall(data)
    for each in both:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
