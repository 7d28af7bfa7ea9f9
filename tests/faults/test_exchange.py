"""Two live nodes under attack while they send: each message arrives and is handled once."""

from __future__ import annotations

import json
import random
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from comity.core import certificates
from tests.faults import site as sites
from tests.faults.recorder import Recorder, call_raw, client_context, server_context
from tests.faults.site import STEPS, Site, until
from tests.two_nodes.harness import ROOT, Node, NodeRefused

pytestmark = [pytest.mark.two_nodes, pytest.mark.slow]
LISTENING = ("exchange", "worker")


@pytest.fixture
def site(live_site: Site) -> Iterator[Site]:
    """Both nodes running; after each test ledgers and chains of receipts hold on both."""
    sites.start(*live_site.nodes, names=LISTENING)
    assert live_site.tokyo.proxy is not None
    live_site.tokyo.proxy.up()
    yield live_site
    for node in live_site.nodes:
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
    sites.kill_in_turn(victims, random.Random(20231), rounds=6)
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
    assert site.tokyo.proxy is not None
    site.tokyo.proxy.down()
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
    sites.start(site.tokyo, names=LISTENING)
    site.tokyo.proxy.up()
    site.kyiv.run(f"{STEPS}.pass_time", minutes=5)
    until(lambda: len(notes_of(site.tokyo, set(sent))) == 3, lambda: site.kyiv.run("outgoing"))
    settle(site)
    assert sorted(note["message_id"] for note in notes_of(site.tokyo, set(sent))) == sorted(sent)
    assert site.kyiv.run(f"{STEPS}.waits")["failures"] == 0


def wrong(node: Node, kind: str, *, of_stranger: bool) -> certificates.KeyPair:
    """A certificate of this node's that has expired, or one by another authority."""
    keys, now = node.home / "keys", datetime.now(UTC)
    authority = certificates.KeyPair((keys / "ca.key").read_bytes(), (keys / "ca.pem").read_bytes())
    begins, days = now - timedelta(days=20), 19
    if of_stranger:
        authority, begins, days = certificates.make_ca("somebody else", now, 10), now, 10
    return certificates.make_certificate(authority, "x", kind, ["localhost"], begins, days)


def last_error(node: Node, code: str) -> None:
    """Wait until a call to the partner failed for this reason."""
    until(
        lambda: node.run(f"{STEPS}.waits")["last_error"] == code,
        lambda: node.run(f"{STEPS}.waits"),
    )


@contextmanager
def in_the_middle(site: Site, served: ssl.SSLContext) -> Iterator[Recorder]:
    """Kyiv's calls to Tokyo reach somebody who writes them down and passes them on."""
    tokyo = site.tokyo
    assert tokyo.proxy is not None
    tokyo.proxy.down()
    onward = client_context(tokyo.home / "keys/ca.pem", site.kyiv.home / "keys")
    middle = Recorder(tokyo.public_port, tokyo.listen_port, served=served, onward=onward)
    try:
        yield middle
    finally:
        middle.close()
        tokyo.proxy.up()


@pytest.mark.parametrize(
    ("of_stranger", "code"), [(False, "tls.expired"), (True, "tls.unknown_authority")]
)
def test_nothing_is_said_to_a_wrong_certificate_and_all_once_it_is_right(
    site: Site, tmp_path: Path, of_stranger: bool, code: str
) -> None:
    made = wrong(site.tokyo, "tls_server", of_stranger=of_stranger)
    (tmp_path / "pem").write_bytes(made.certificate_pem)
    (tmp_path / "key").write_bytes(made.key_pem)
    with in_the_middle(site, server_context(tmp_path / "pem", tmp_path / "key")) as middle:
        uid = site.kyiv.run("send_note", text="to a listener that may be somebody else")
        last_error(site.kyiv, code)
        assert middle.calls == []
    settle(site)
    assert len(notes_of(site.tokyo, {uid})) == 1


@pytest.mark.parametrize(
    ("of_stranger", "code"), [(False, "tls.they_say_expired"), (True, "tls.they_refuse_us")]
)
def test_nobody_is_let_in_with_a_wrong_certificate_and_all_arrives_once_it_is_right(
    site: Site, of_stranger: bool, code: str
) -> None:
    keys = site.kyiv.home / "keys"
    kept = {path: path.read_bytes() for path in (keys / "tls-client.key", keys / "tls-client.pem")}
    made = wrong(site.kyiv, "tls_client", of_stranger=of_stranger)
    try:
        for path, data in zip(kept, made, strict=True):
            path.write_bytes(data)
        uid = site.kyiv.run("send_note", text="from somebody who may be somebody else")
        last_error(site.kyiv, code)
        assert site.tokyo.run(f"{STEPS}.incoming_of", message_id=uid) == 0
    finally:
        for path, data in kept.items():
            path.write_bytes(data)
    settle(site)
    assert len(notes_of(site.tokyo, {uid})) == 1


def test_a_disk_that_fills_up_here_queues_nothing_and_there_loses_nothing(site: Site) -> None:
    """Of three attachments the disk there takes some; a part of the next does not fit any more."""
    before = set(site.kyiv.run(f"{STEPS}.message_uids"))
    with (
        sites.on_small_disks(site.kyiv, "spool", megabytes=8),
        pytest.raises(NodeRefused, match="full"),
    ):
        site.kyiv.run("send_note", text="no room here", sizes=[4_000_000, 4_000_001])
    assert set(site.kyiv.run(f"{STEPS}.message_uids")) == before
    with sites.on_small_disks(site.tokyo, "spool", megabytes=8) as make_room:
        uid = site.kyiv.run("send_note", text="no room there", sizes=[3_000_000, 9_000_000])
        last_error(site.kyiv, "storage.full")
        assert notes_of(site.tokyo, {uid}) == []
        make_room()
        settle(site)
    (note,) = notes_of(site.tokyo, {uid})
    assert len(note["attachments"]) == 2
    assert site.tokyo.run(f"{STEPS}.store")["broken"] == []


@pytest.fixture
def recorder(site: Site) -> Iterator[Recorder]:
    """Somebody who has Tokyo's own TLS key."""
    keys = site.tokyo.home / "keys"
    with in_the_middle(site, server_context(keys / "tls.pem", keys / "tls.key")) as middle:
        yield middle


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
        tokyo.run(f"{STEPS}.counts"),
    )


@pytest.mark.parametrize("to", ["hague.test.comity.example", "tokyo.test.comity.example"])
def test_a_package_for_somebody_else_is_refused_unopened(site: Site, to: str) -> None:
    """It names another node, or names Tokyo and is sealed to a key that Tokyo does not have."""
    before = len(site.tokyo.run("notes")), site.tokyo.run(f"{STEPS}.counts")
    uid = site.kyiv.run(f"{STEPS}.send_for_another", to=to)
    settle(site)
    assert site.kyiv.run(f"{STEPS}.outgoing_of", message_id=uid) == ["dead", "envelope.not_for_us"]
    assert (len(site.tokyo.run("notes")), site.tokyo.run(f"{STEPS}.counts")) == before
    assert site.tokyo.run(f"{STEPS}.rejected")[-1] == "envelope.not_for_us"
    to_tokyo = to == site.tokyo.node_id
    assert site.tokyo.run(f"{STEPS}.incoming_of", message_id=uid) == int(to_tokyo)
    assert site.tokyo.run("receipt_events", message_id=uid) == (["F1"] if to_tokyo else [])


@pytest.mark.usefixtures("approved_letter")
def test_four_officers_send_the_same_letter_at_once_and_one_leaves(site: Site) -> None:
    """Each in a process of its own, on PostgreSQL."""
    emails = [f"sender{n}@faults.example" for n in range(3)]
    for email in emails:
        site.kyiv.run(
            f"{STEPS}.add_officer",
            email=email, password="a long passphrase for tests",
            secret=sites.SECRET, role="central_authority",
        )  # fmt: skip
    emails.append(f"authority@{site.kyiv.node_id}")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.letters", *emails],
        cwd=ROOT, env=site.kyiv.environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as hands:  # fmt: skip
        assert hands.stdout is not None
        ready = {json.loads(hands.stdout.readline())["ready"] for _ in emails}
        assert ready == set(emails)
        said = [
            json.loads(line) for line in hands.communicate("now\n", timeout=120)[0].split("\n")[:-1]
        ]
    assert sorted(said, key=str) == [{"refused": "letter.wrong_state"}] * 3 + [{"sent": True}]
    settle(site)
    assert site.kyiv.run(f"{STEPS}.letters") == {"letters": 1, "messages": 1, "disclosures": 1}
    assert site.tokyo.run(f"{STEPS}.letters") == {"letters": 1, "messages": 0, "disclosures": 0}
