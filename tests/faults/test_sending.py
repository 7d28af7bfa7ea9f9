"""Two live nodes under attack while they send: each message arrives and is handled once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from comity.core import certificates
from tests.faults import site as sites
from tests.faults.recorder import Recorder, call_raw, client_context
from tests.faults.site import STEPS, Site, until
from tests.two_nodes.harness import ROOT, Node, free_ports

pytestmark = [pytest.mark.two_nodes, pytest.mark.slow]
LISTENING = ("exchange", "worker")


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = sites.make_site(tmp_path_factory.mktemp("sending"), paired=True)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def site(paired: Site) -> Iterator[Site]:
    """Both nodes running; after each test ledgers and chains of receipts hold on both."""
    for node in paired.nodes:
        sites.start(node, *LISTENING)
    yield paired
    for node in paired.nodes:
        assert node.run(f"{STEPS}.whole_ledger")["pending"] == 0
        node.run("chain_lengths")


def settled(node: Node) -> bool:
    """Nothing of this node's is on its way; pauses are cut short."""
    node.run("hurry")
    on_the_way = {"queued", "relayed"} & set(node.run("statuses"))
    return not on_the_way and node.run("undelivered_receipts") == 0


def settle(site: Site) -> None:
    for node in site.nodes:
        until(lambda node=node: settled(node), lambda node=node: node.run(f"{STEPS}.waits"))


def notes_of(node: Node, uids: set[str]) -> list[dict[str, Any]]:
    return [note for note in node.run("notes") if note["message_id"] in uids]


def test_messages_survive_kill_9_of_database_web_worker_and_sender(site: Site) -> None:
    """Both send to each other meanwhile; Kyiv's database and the acting processes die too."""
    earlier = {node.key: set(node.run(f"{STEPS}.message_uids")) for node in site.nodes}
    senders = {
        node.key: sites.Actor(
            node, "tests.faults.sending", {"seed": node.key, "at_most": 12, "pause": 0.4}
        )
        for node in site.nodes
    }
    for sender in senders.values():
        sender.start()
    until(lambda: all(sender.done for sender in senders.values()), lambda: "nobody sends")
    victims = [
        sites.database_of(site),
        sites.process_of(site.kyiv, "worker"),
        sites.process_of(site.kyiv, "exchange"),
        senders["kyiv"].victim(),
        sites.whole(site.tokyo, *LISTENING),
        senders["tokyo"].victim(),
    ]
    sites.kill_in_turn(victims, random.Random(20231), rounds=7)
    for sender in senders.values():
        sender.stop()
    settle(site)
    for here, there in (site.nodes, site.nodes[::-1]):
        queued = set(here.run(f"{STEPS}.message_uids")) - earlier[here.key]
        told = [each["uid"] for each in senders[here.key].done]
        assert set(told) <= queued
        assert len(set(told)) == len(told) > 0
        notes = notes_of(there, queued)
        assert Counter(note["message_id"] for note in notes) == Counter(queued)
        for conversation in {note["conversation"] for note in notes}:
            places = [note["seq"] for note in notes if note["conversation"] == conversation]
            assert all(later == sooner + 1 for sooner, later in pairwise(places))
        sizes = {each["uid"]: len(each["sizes"]) for each in senders[here.key].done}
        for note in notes:
            if note["message_id"] in sizes:
                assert len(note["attachments"]) == sizes[note["message_id"]]
        assert {message["reason"] for message in there.run("incoming")} == {""}
        store = there.run(f"{STEPS}.store")
        assert store["rows_without_object"] == store["broken"] == []
    assert site.kyiv.run("chain_lengths")["given"] == site.tokyo.run("chain_lengths")["got"]
    assert site.tokyo.run("chain_lengths")["given"] == site.kyiv.run("chain_lengths")["got"]


def test_a_node_that_was_away_for_an_hour_gets_everything_once(site: Site) -> None:
    """The hour passes in the database: every moment that something waits for moves back."""
    for name in LISTENING:
        site.tokyo.kill(name)
    sent = [site.kyiv.run("send_note", text=f"away {n}", sizes=[50_000]) for n in range(3)]
    for failures in range(1, 5):
        waits = until(
            lambda failures=failures: (
                (found := site.kyiv.run(f"{STEPS}.waits"))["failures"] >= failures and found
            ),
            lambda: site.kyiv.run(f"{STEPS}.waits"),
        )
        assert waits["last_error"] == "net.refused"
        pause = datetime.fromisoformat(waits["until"]) - datetime.now(UTC)
        assert pause < timedelta(minutes=5, seconds=1)
        site.kyiv.run(f"{STEPS}.pass_time", minutes=15)
    assert site.kyiv.run("statuses")["queued"] == 3
    sites.start(site.tokyo, *LISTENING)
    site.kyiv.run(f"{STEPS}.pass_time", minutes=5)
    until(lambda: len(notes_of(site.tokyo, set(sent))) == 3, lambda: site.kyiv.run("outgoing"))
    settle(site)
    assert sorted(note["message_id"] for note in notes_of(site.tokyo, set(sent))) == sorted(sent)
    assert site.kyiv.run(f"{STEPS}.waits")["failures"] == 0


@pytest.mark.parametrize(("fault", "code"), [("expired", "tls.expired"),
                                              ("stranger", "tls.unknown_authority")])  # fmt: skip
def test_nothing_leaves_under_a_wrong_certificate_and_all_once_it_is_right(
    site: Site, fault: str, code: str
) -> None:
    keys = site.tokyo.home / "keys"
    kept = {name: (keys / name).read_bytes() for name in ("tls.pem", "tls.key")}
    now = datetime.now(UTC)
    authority = certificates.KeyPair((keys / "ca.key").read_bytes(), (keys / "ca.pem").read_bytes())
    if fault == "stranger":
        authority = certificates.make_ca("somebody else", now, 10)
    begins, days = (now - timedelta(days=20), 19) if fault == "expired" else (now, 10)
    made = certificates.make_certificate(authority, "x", "tls_server", ["localhost"], begins, days)
    try:
        (keys / "tls.pem").write_bytes(made.certificate_pem)
        (keys / "tls.key").write_bytes(made.key_pem)
        site.tokyo.stop("exchange")
        site.tokyo.start("exchange")
        uid = site.kyiv.run("send_note", text=f"under a certificate that is {fault}")
        until(
            lambda: site.kyiv.run(f"{STEPS}.waits")["last_error"] == code,
            lambda: site.kyiv.run(f"{STEPS}.waits"),
        )
        assert site.tokyo.run(f"{STEPS}.incoming_of", message_id=uid) == 0
    finally:
        for name, data in kept.items():
            (keys / name).write_bytes(data)
        site.tokyo.stop("exchange")
        site.tokyo.start("exchange")
    settle(site)
    assert len(notes_of(site.tokyo, {uid})) == 1


@pytest.fixture
def recorder(site: Site) -> Iterator[Recorder]:
    """Calls to Tokyo pass by somebody who writes them down."""
    tokyo, behind = site.tokyo, free_ports(1)[0]
    tokyo.stop("exchange")
    tokyo.listen_port = behind
    tokyo.start("exchange")
    middle = Recorder(tokyo.public_port, behind, tokyo.home / "keys", site.kyiv.home / "keys")
    try:
        yield middle
    finally:
        middle.close()
        tokyo.stop("exchange")
        tokyo.listen_port = tokyo.public_port
        tokyo.start("exchange")


def test_calls_played_again_change_nothing(site: Site, recorder: Recorder, tmp_path: Path) -> None:
    """Captured calls again, twice and in the reverse order; then the same bytes at another door."""
    uid = site.kyiv.run("send_note", text="captured", sizes=[300_000])
    settle(site)
    site.tokyo.run("acknowledge_all")
    settle(site)
    captured = [call for call in recorder.calls if call.startswith((b"PUT", b"POST", b"HEAD"))]
    assert {call.split()[0] for call in captured} >= {b"PUT", b"HEAD"}
    before = _what_tokyo_knows(site, uid)
    context = client_context(site.tokyo.home / "keys/ca.pem", site.kyiv.home / "keys")
    answers = [
        call_raw(site.tokyo.listen_port, context, call) for call in [*captured, *reversed(captured)]
    ]
    assert {answer.split()[1] for answer in answers} == {b"409"}
    settle(site)
    assert _what_tokyo_knows(site, uid) == before
    assert "call.replayed" in site.tokyo.run(f"{STEPS}.rejected")

    # The bytes that were sealed for Tokyo, handed to Kyiv as a message of Tokyo's own.
    sealed = next(c for c in captured if c.startswith(f"PUT /x/1/messages/{uid}".encode()))
    (tmp_path / "sealed").write_bytes(sealed.partition(b"\r\n\r\n")[2])
    status, code = site.tokyo.run(f"{STEPS}.forward", path=str(tmp_path / "sealed"), message_id=uid)
    assert (status, code.split(".")[0]) == (422, "envelope")
    assert site.kyiv.run(f"{STEPS}.incoming_of", message_id=uid) == 0
    assert notes_of(site.kyiv, {uid}) == []
    assert code in site.kyiv.run(f"{STEPS}.rejected")


def _what_tokyo_knows(site: Site, uid: str) -> tuple[Any, ...]:
    tokyo = site.tokyo
    return (
        len(tokyo.run("notes")),
        len(tokyo.run("incoming")),
        tokyo.run("receipt_events", message_id=uid),
        tokyo.run("chain_lengths"),
        tokyo.run(f"{STEPS}.known_files"),
    )


def approved_letter(site: Site) -> None:
    """The demonstration's officers of Kyiv bring a letter as far as the signature."""
    tell = "comity.node.demo.story"
    kyiv = site.kyiv
    kyiv.run(f"{tell}.add_cast")
    kyiv.run(f"{tell}.take_in_person")
    kyiv.run(f"{tell}.take_account", files=[], folder=str(site.folder / "handed-over"))
    for step in ("open_case", "record_incident", "qualify"):
        kyiv.run(f"{tell}.{step}")
    for step in ("draft_letter", "write_letter", "approve_letter"):
        kyiv.run(f"comity.node.demo.letters.{step}")


def test_four_officers_send_the_same_letter_at_once_and_one_leaves(site: Site) -> None:
    """Each in a process of its own, on PostgreSQL."""
    approved_letter(site)
    emails = [f"sender{n}@faults.example" for n in range(3)]
    for email in emails:
        site.kyiv.run(
            f"{STEPS}.add_officer",
            email=email, password="a long passphrase for tests",
            secret=sites.SECRET, role="central_authority",
        )  # fmt: skip
    emails.append(f"authority@{site.kyiv.node_id}")
    hands = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.letters", email],
            cwd=ROOT, env=site.kyiv.environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for email in emails
    ]  # fmt: skip
    for hand in hands:
        assert hand.stdout is not None
        assert hand.stdout.readline() == "ready\n"
    said = []
    for hand in hands:  # all wait for this line; none waits for another
        assert hand.stdin is not None
        hand.stdin.write("now\n")
        hand.stdin.flush()
    for hand in hands:
        said.append(json.loads(hand.communicate(timeout=60)[0]))
    assert sorted(said, key=str) == [{"refused": "letter.wrong_state"}] * 3 + [{"sent": True}]
    settle(site)
    assert site.kyiv.run(f"{STEPS}.letters") == {"letters": 1, "messages": 1, "disclosures": 1}
    assert site.tokyo.run(f"{STEPS}.letters") == {"letters": 1, "messages": 0, "disclosures": 0}
