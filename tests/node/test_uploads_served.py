"""A real node is killed in the middle of an upload; a foreign client goes on from what is safe."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient

from tests.conftest import free_port, wait_for_port
from tests.node.running import COMITY, environment

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
PART_BYTES = 32 * MIB
GIVE_UP_AFTER_SECONDS = 60.0  # so that a failure ends; nothing is measured
SENT, SIZE = 36 * MIB, 40 * MIB
# Without the proxy for which the node was made.
HERE = {
    "COMITY_PAGES_URL": "http://localhost:8000", "ALLOWED_HOSTS": "localhost",
    "COMITY_TRUSTED_PROXY_COUNT": "0",
}  # fmt: skip
TUS = {"Tus-Resumable": "1.0.0"}


class Node:
    """A node of its own and an officer who has signed in."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        done = subprocess.run(
            [sys.executable, "-m", "tests.node.sign_in_directly"], cwd=ROOT, check=True,
            capture_output=True, text=True,
            env=environment(home, DJANGO_SETTINGS_MODULE="comity.node.settings", **HERE),
        )  # fmt: skip
        told = json.loads(done.stdout.splitlines()[-1])
        self.case, self._cookie = told["case"], told["cookie"]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*COMITY, "serve", "--only", "pages", "--pages-port", str(self.port)],
            env=environment(self.home, **HERE), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for_port(self.port, self.process, GIVE_UP_AFTER_SECONDS)
        give_up = time.monotonic() + GIVE_UP_AFTER_SECONDS
        while not self._answers():  # the port is open before who answers is there
            assert time.monotonic() < give_up, "the node does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return requests.get(self.address("/healthz"), timeout=60).ok
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def address(self, path: str) -> str:
        return f"http://localhost:{self.port}{path}"

    def signed_in(self) -> dict[str, str]:
        page = requests.get(
            self.address("/evidence/add/"), headers={"Cookie": self._cookie}, timeout=60
        )
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token is not None
        given = "; ".join(f"{one.name}={one.value}" for one in page.cookies)
        return {"Cookie": f"{self._cookie}; {given}", "X-CSRFToken": token[1]}


@pytest.fixture
def node(made: Path, tmp_path: Path) -> Iterator[Node]:
    home = tmp_path / "node"
    shutil.copytree(made, home)
    running = Node(home)
    yield running
    running.kill()


def begin_slowly(node: Node, headers: dict[str, Any], where: str, sent: bytes) -> socket.socket:
    """Send the beginning of one piece and leave the connection as it is."""
    lines = [
        f"PATCH {where} HTTP/1.1", f"Host: localhost:{node.port}", f"Content-Length: {SIZE}",
        "Content-Type: application/offset+octet-stream", "Upload-Offset: 0",
        *(f"{name}: {value}" for name, value in (headers | TUS).items()), "", "",
    ]  # fmt: skip
    line = socket.create_connection(("localhost", node.port))
    line.sendall("\r\n".join(lines).encode() + sent)
    return line


def offset(node: Node, headers: dict[str, Any], where: str) -> int:
    answer = requests.head(node.address(where), headers=headers | TUS, timeout=60)
    return int(answer.headers["Upload-Offset"])


def test_after_a_kill_an_upload_goes_on_from_what_is_safe(node: Node, tmp_path: Path) -> None:
    path = tmp_path / "footage.bin"
    path.write_bytes(os.urandom(SIZE))
    headers = node.signed_in()
    begun = requests.post(
        node.address("/evidence/uploads/"), timeout=60, headers=headers | TUS
        | {"Upload-Length": str(SIZE)},
    )  # fmt: skip
    where = begun.headers["Location"]
    with begin_slowly(node, headers, where, path.read_bytes()[:SENT]):
        while offset(node, headers, where) < PART_BYTES:
            time.sleep(0.05)
        node.kill()
    node.start()
    assert offset(node, headers, where) == PART_BYTES
    for stored in (node.home / "spool/uploads").iterdir():
        assert path.read_bytes()[:64] not in stored.read_bytes()[: 2 * MIB]
    client = TusClient(node.address("/evidence/uploads/"), headers)
    client.uploader(str(path), chunk_size=SIZE, url=node.address(where)).upload()
    form = {
        "upload": where.rstrip("/").rpartition("/")[2], "title": "Footage of the yard",
        "kind": "user-video", "holder": f"case:{node.case}", "origin": "investigation",
        "compartment": "investigation", "acquired_by": "R. Melnyk", "day_0": "20", "day_1": "11",
        "day_2": "2020", "method": "open-source", "csrfmiddlewaretoken": headers["X-CSRFToken"],
    }  # fmt: skip
    kept = requests.post(
        node.address("/evidence/add/"), data=form, headers=headers, timeout=60,
        allow_redirects=False,
    )  # fmt: skip
    assert kept.headers["Location"] == "/evidence/1/"
    page = requests.get(node.address("/evidence/1/"), headers=headers, timeout=60)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in page.text
