"""What officers do on live pages while things fail: files are taken in, sign-ins are guessed."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import httpx2
import pytest

from tests.faults import site as sites
from tests.faults.site import STEPS, Site, until
from tests.faults.web import Browser, SignInFailed
from tests.two_nodes.harness import Node

pytestmark = [pytest.mark.two_nodes, pytest.mark.slow]
KIND = "photo"
GUESSES = 100
HOSTILE = [
    "../../../../etc/cron.d/evil",
    "..\\..\\evil.exe",
    "/abs/olute.jpg",
    "\u202egpj.exe",
    "x" * 240 + ".jpg",
    "<script>alert(1)</script>.jpg",
    "'; DROP TABLE evidence_item; --",
]


@pytest.fixture(scope="module")
def site(live_site: Site) -> Site:
    sites.start(*live_site.nodes, names=("pages", "worker"))
    return live_site


def upload(
    browser: Browser, person: int, *contents: bytes | BinaryIO, name: str = "IMG_0001.jpg"
) -> httpx2.Response:
    """Hand files over on the page of an account, as a coordinator does."""
    today = datetime.now(UTC).date()
    return browser.post(
        f"/people/{person}/accounts/new/",
        {
            "form": "first_account",
            "taken_on_0": f"{today.day}",
            "taken_on_1": f"{today.month}",
            "taken_on_2": f"{today.year}",
            "uploads_kind": KIND,
            "uploads_scope": "media",
        },
        [("uploads", (name, content, "image/jpeg")) for content in contents],
    )


def was_taken(answer: httpx2.Response, person: int) -> bool:
    """The node said that the account is in the vault: it leads back to the person."""
    return answer.status_code == 302 and answer.headers["location"] == f"/people/{person}/"


def in_spool(node: Node) -> list[Path]:
    """What a killed or broken upload left behind."""
    files = [path for path in (node.home / "spool").iterdir() if path.is_file()]
    return [path for path in files if path.name != "tidied"]


@dataclass
class Uploader:
    """An officer who hands over files whatever happens, and notes what the node said about each."""

    node: Node
    person: int
    seed: int
    tried: list[tuple[str, int]] = field(default_factory=list)
    taken: list[tuple[str, int]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._browser = sites.browser(self.node)
        self._thread = threading.Thread(target=self._hand_over, daemon=True)
        self._thread.start()

    def _hand_over(self) -> None:
        chance, number = random.Random(self.seed), 0
        while not self._over.is_set():
            number += 1
            time.sleep(0.1)  # the machine has others to serve
            size = chance.choice([0, 5_000, 400_000, 3_000_000])
            data = f"{self.seed}:{number}:".encode() + chance.randbytes(size)
            told = (hashlib.sha256(data).hexdigest(), len(data))
            self.tried.append(told)
            try:
                answer = upload(self._browser, self.person, data)
            except httpx2.HTTPError as failure:
                self.faults[type(failure).__name__] += 1
                time.sleep(0.2)
                continue
            if was_taken(answer, self.person):
                self.taken.append(told)
            else:
                self.faults[str(answer.status_code)] += 1
                time.sleep(0.2)

    def stop(self) -> None:
        self._over.set()
        self._thread.join(timeout=60)


def assault(site: Site, node: Node, seed: int) -> tuple[list[Uploader], sites.Actor]:
    """Two officers and a process of ours hand files over while things are killed."""
    person = node.run(f"{STEPS}.register_person", email=sites.COORDINATOR[0])
    uploader = Uploader(node, person, seed)
    actor = sites.Actor(
        node,
        "tests.faults.ingesting",
        {"email": sites.COORDINATOR[0], "person": person, "kind": KIND, "seed": seed},
    )
    actor.start()
    victims = [sites.process_of(node, "pages"), actor.victim()]
    if node is site.kyiv:
        victims += [sites.process_of(node, "worker"), sites.database_of(site)]
    else:
        victims.append(sites.whole(node, "pages", "worker"))
    until(lambda: uploader.taken and actor.done, lambda: uploader.faults)
    sites.kill_in_turn(victims, random.Random(seed), len(victims))
    before = len(uploader.taken), len(actor.done)
    until(
        lambda: len(uploader.taken) > before[0] and len(actor.done) > before[1],
        lambda: f"it does not go on after the last kill: {uploader.faults}",
    )
    uploader.stop()
    actor.stop()
    return [uploader], actor


def numbered(node: Node) -> None:
    """Wait until the worker has given the last entry its number, in its own time."""
    until(
        lambda: node.run(f"{STEPS}.whole_ledger")["pending"] == 0,
        lambda: "the last of them gets no number",
    )


@pytest.mark.parametrize("key", ["kyiv", "tokyo"])
def test_what_the_node_acknowledged_is_there_once_after_kill_9(site: Site, key: str) -> None:
    """Kyiv's database is a PostgreSQL server that is killed too; Tokyo's is in its processes."""
    node = getattr(site, key)
    items_before, rows_before = node.run(f"{STEPS}.counts")
    uploaders, actor = assault(site, node, seed=20221 if key == "kyiv" else 20222)
    numbered(node)

    items = node.run(f"{STEPS}.items")[items_before:]
    found = Counter((item["sha256"], item["size"]) for item in items)
    told = [each for uploader in uploaders for each in uploader.taken]
    told += [(each["sha256"], each["size"]) for each in actor.done]
    assert {each: found[each] for each in told} == dict.fromkeys(told, 1)
    assert set(found.values()) == {1}
    handed = {each for uploader in uploaders for each in uploader.tried}
    by_process = [item for item in items if (item["sha256"], item["size"]) not in handed]
    # At most the one act that was on its way when each run was killed.
    assert len(by_process) <= len(actor.done) + actor.runs
    for item in items:
        assert item["checked"] == item["size"]
        assert item["events"] == ["received", "ingested"]
        assert item["in_ledger"]
        assert item["access"] == 1

    store = node.run(f"{STEPS}.store")
    assert store["rows_without_object"] == store["objects_without_row"] == store["broken"] == []
    assert (store["rows"] - rows_before, store["incoming"]) == (len(items), 0)
    assert in_spool(node) == []
    assert node.run(f"{STEPS}.whole_ledger")["entries"] >= 2 * len(items)


@pytest.fixture(scope="module")
def kyiv(site: Site) -> Node:
    return site.kyiv


@pytest.fixture(scope="module")
def person(kyiv: Node) -> int:
    return kyiv.run(f"{STEPS}.register_person", email=sites.COORDINATOR[0])


@pytest.fixture(scope="module")
def coordinator(kyiv: Node) -> Iterator[Browser]:
    with sites.browser(kyiv) as made:
        yield made


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_half_an_upload_is_no_upload(
    kyiv: Node, person: int, coordinator: Browser, share: float
) -> None:
    """The line breaks in the middle of the file: nothing is kept, the node goes on."""
    before = kyiv.run(f"{STEPS}.counts")
    path = f"/people/{person}/accounts/new/"
    parts = {"form": "first_account", "uploads_scope": "media", "uploads_kind": KIND,
             "csrfmiddlewaretoken": coordinator.csrf}  # fmt: skip
    edge = "faults-of-the-tests"
    head = "".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    head += (
        f'--{edge}\r\nContent-Disposition: form-data; name="uploads"; filename="a.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    body = head.encode() + os.urandom(8_000_000) + f"\r\n--{edge}--\r\n".encode()
    request = (
        f"POST {path} HTTP/1.1\r\nHost: localhost:{kyiv.pages_port}\r\n"
        f"Origin: {coordinator.address}\r\nCookie: {coordinator.cookies()}\r\n"
        f"Content-Type: multipart/form-data; boundary={edge}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", kyiv.pages_port), timeout=10) as line:
        line.sendall(request.encode() + body[: int(len(head) + share * 8_000_000)])
        time.sleep(0.3)
    time.sleep(0.5)
    assert coordinator.get(f"/people/{person}/").status_code == 200
    assert kyiv.run(f"{STEPS}.counts") == before
    assert in_spool(kyiv) == []


def test_empty_files_and_hostile_names_are_kept_as_data(
    kyiv: Node, person: int, coordinator: Browser
) -> None:
    for number, name in enumerate(HOSTILE):
        answer = upload(coordinator, person, b"" if number == 0 else name.encode(), name=name)
        assert was_taken(answer, person), (name, answer.status_code)
    found = kyiv.run(f"{STEPS}.items")[-len(HOSTILE) :]
    assert found[0]["size"] == 0
    for item in found:
        assert item["checked"] == item["size"]
        assert not set("/\u202e") & set(item["name"])
    lying = {path.name for path in kyiv.home.rglob("*")}
    assert not any("evil" in name or "olute" in name or "xxxx" in name for name in lying)
    assert b"<script>alert" not in coordinator.get(f"/people/{person}/").content


def test_a_file_that_another_program_writes_meanwhile_is_not_taken_in(
    kyiv: Node, person: int, tmp_path: Path
) -> None:
    """`comity evidence_add` in a process of its own; the file grows while it is read."""
    before = kyiv.run(f"{STEPS}.counts")
    case = kyiv.run(f"{STEPS}.open_case", email="prosecutor@faults.example")
    path = tmp_path / "growing.log"
    path.write_bytes(os.urandom(4_000_000))
    over = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not over.is_set():
                file.write(b"another line\n")
                time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    command = ["evidence_add", str(path), "--case", case, "--officer", "prosecutor@faults.example",
               "--not-stated"]  # fmt: skip
    try:
        done = subprocess.run(
            [str(sites.BIN / "comity"), *command],
            env=kyiv.environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        over.set()
        writer.join()
    assert done.returncode != 0
    assert "changed" in done.stderr, done.stderr
    assert str(path) not in done.stderr
    assert kyiv.run(f"{STEPS}.counts") == before
    assert kyiv.run(f"{STEPS}.store")["incoming"] == 0


def test_a_disk_that_fills_up_in_the_middle_is_said_and_the_node_goes_on(
    kyiv: Node, person: int, coordinator: Browser
) -> None:
    items, files = kyiv.run(f"{STEPS}.counts")
    with sites.on_small_disks(kyiv, "vault", "spool", megabytes=16) as make_room:
        spool_full = upload(coordinator, person, os.urandom(30_000_000))
        assert spool_full.status_code in {200, 422}
        assert "disk" in spool_full.text
        # Both fit into the spool; the vault has its reserve to keep.
        vault_full = upload(coordinator, person, os.urandom(8_000_000), os.urandom(8_000_001))
        assert vault_full.status_code in {200, 422}
        assert "disk" in vault_full.text
        assert kyiv.run(f"{STEPS}.counts") == [items, files]
        assert in_spool(kyiv) == []
        make_room()
        assert was_taken(upload(coordinator, person, b"room again"), person)
    assert kyiv.run(f"{STEPS}.counts") == [items + 1, files + 1]
    assert kyiv.run(f"{STEPS}.items")[-1]["checked"] == len(b"room again")


def guess_codes(browser: Browser) -> None:
    """Somebody has the password; whoever has no code guesses it."""
    email, password, _ = sites.COORDINATOR
    browser.get("/account/login/")
    browser.post("/account/login/", {"login": email, "password": password})
    for number in range(GUESSES // 2):
        browser.post("/account/2fa/authenticate/", {"code": f"{number:06d}"})


def guess_passwords(browser: Browser) -> None:
    browser.get("/account/login/")
    for number in range(GUESSES // 2):
        browser.post("/account/login/", {"login": sites.COORDINATOR[0], "password": f"{number}"})


@pytest.mark.parametrize(
    ("key", "guess"), [("kyiv", guess_passwords), ("tokyo", guess_codes)], ids=["password", "code"]
)
def test_a_sign_in_that_is_guessed_a_hundred_times_stays_shut(
    site: Site, key: str, guess: Callable[[Browser], None]
) -> None:
    """Even for the right password and code then, and though the web process was killed meanwhile.

    The last tests on the pages: nobody signs in from this address for a while.
    """
    node = getattr(site, key)
    before = node.run(f"{STEPS}.failed_sign_ins")
    with sites.browser_of(node) as guesser:
        guess(guesser)
    node.kill("pages")
    node.start("pages")
    until(lambda: sites.answers(node), lambda: "the pages do not come back")
    with sites.browser_of(node) as guesser:
        guess(guesser)
    with sites.browser_of(node) as right, pytest.raises(SignInFailed):
        right.sign_in(attempts=1)
    recorded = node.run(f"{STEPS}.failed_sign_ins") - before
    assert 1 <= recorded <= GUESSES  # each that was looked at, and none that was turned away unread
    numbered(node)
