"""A bad network, and processes killed at any moment: nothing is lost, doubled or out of order."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from itertools import pairwise

import pytest

from tests.two_nodes.harness import Node, until
from tests.two_nodes.sample import bytes_of

pytestmark = [pytest.mark.two_nodes, pytest.mark.slow]

MESSAGES_EACH_WAY = 25
CONVERSATIONS = 5
SIZES = [3_000_000, 900_001]
BADNESS = 0.35
KILLS = 6


def disturb(kyiv: Node, tokyo: Node, seed: int) -> None:
    """kill -9 of workers and listeners, again and again, while the network is bad."""
    chance = random.Random(seed)
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.5))
        node = chance.choice([kyiv, tokyo])
        name = chance.choice(["worker", "exchange"])
        node.kill(name)
        node.start(name)


def settled(node: Node) -> bool:
    node.run("hurry")
    on_the_way = {"queued", "relayed"} & set(node.run("statuses"))
    return not on_the_way and node.run("undelivered_receipts") == 0


def check_received(receiver: Node, sent: list[str]) -> None:
    notes = [note for note in receiver.run("notes") if note["message_id"] in set(sent)]
    assert Counter(note["message_id"] for note in notes) == Counter(sent)
    for conversation in {note["conversation"] for note in notes}:
        places = [note["seq"] for note in notes if note["conversation"] == conversation]
        assert all(later == earlier + 1 for earlier, later in pairwise(places))


def test_nothing_is_lost_doubled_or_out_of_order(running):
    kyiv, tokyo = running
    seed = random.randrange(1000)
    print(f"seed {seed}")
    already = {node.key: len(node.run("notes")) for node in running}
    for node in running:
        node.proxy.badness = BADNESS
    sent = {
        node.key: [
            node.run("send_note", text="with files", sizes=SIZES),
            *node.run("send_notes", count=MESSAGES_EACH_WAY, conversations=CONVERSATIONS),
        ]
        for node in running
    }
    disturb(kyiv, tokyo, seed)
    broken = sum(node.proxy.broken for node in running)
    for node in running:
        node.proxy.badness = 0.0
        node.ensure("worker")
        node.ensure("exchange")
    for node in running:
        until(
            lambda node=node: settled(node), seconds=60, why=lambda node=node: node.run("outgoing")
        )
    assert broken > 0
    for sender, receiver in ((kyiv, tokyo), (tokyo, kyiv)):
        check_received(receiver, sent[sender.key])
        assert len(receiver.run("notes")) == already[receiver.key] + MESSAGES_EACH_WAY + 1
        expected = {hashlib.sha256(bytes_of(n, size)).hexdigest() for n, size in enumerate(SIZES)}
        assert expected <= set(receiver.run("attachment_digests"))
        reasons = {each["uid"]: each["reason"] for each in receiver.run("incoming")}
        assert {reasons[uid] for uid in sent[sender.key]} == {""}
    for node in running:
        lengths = node.run("chain_lengths")
        assert lengths["own"] >= MESSAGES_EACH_WAY + 1
    assert kyiv.run("chain_lengths")["given"] == tokyo.run("chain_lengths")["got"]
    assert tokyo.run("chain_lengths")["given"] == kyiv.run("chain_lengths")["got"]


def test_two_workers_of_one_node_deliver_and_open_each_message_once(running):
    kyiv, tokyo = running
    for node in running:
        node.start("worker2")
    sent = kyiv.run("send_notes", count=20, conversations=4, prefix="twice")
    until(lambda: settled(kyiv), seconds=60, why=lambda: kyiv.run("statuses"))
    check_received(tokyo, sent)
    for node in running:
        node.kill("worker2")
