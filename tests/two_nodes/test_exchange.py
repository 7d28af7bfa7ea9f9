"""Two live nodes: messages, attachments and receipts go both ways, also when things stop."""

from __future__ import annotations

import hashlib
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from comity.core import certificates, keyring
from tests.two_nodes.harness import Node, until
from tests.two_nodes.sample import bytes_of

pytestmark = pytest.mark.two_nodes


def all_in(node: Node, status: str) -> bool:
    return set(node.run("statuses")) == {status}


def test_a_note_with_attachments_goes_over_and_every_receipt_comes_back(running):
    kyiv, tokyo = running
    sizes = [0, 1, 1_000_000, 20_000_003]
    message_id = kyiv.run("send_note", text="with exhibits", sizes=sizes)
    until(lambda: all_in(kyiv, "consigned"), why=lambda: kyiv.run("outgoing"))
    expected = {hashlib.sha256(bytes_of(n, size)).hexdigest() for n, size in enumerate(sizes)}
    assert set(tokyo.run("attachment_digests")) == expected
    tokyo.run("acknowledge_all")
    until(lambda: all_in(kyiv, "acknowledged"), why=lambda: kyiv.run("partner"))
    assert kyiv.run("receipt_events", message_id=message_id) == ["E1", "E2", "E3", "E4", "E5"]
    answer = tokyo.run("send_note", text="thank you")
    until(lambda: all_in(tokyo, "consigned"))
    assert [note["message_id"] for note in kyiv.run("notes")] == [answer]
    assert kyiv.run("chain_lengths")["got"] == 4
    assert tokyo.run("chain_lengths")["given"] == 4
    assert kyiv.run("rejections") == tokyo.run("rejections") == []


def test_a_node_that_is_down_loses_nothing_and_the_reason_is_known(running):
    kyiv, tokyo = running
    tokyo.proxy.down()
    message_id = kyiv.run("send_note", text="while you were away")
    until(lambda: kyiv.run("partner")["last_error"] == "net.refused")
    assert kyiv.run("partner")["next_attempt_at"] is not None
    assert kyiv.run("diagnose")[-1][:2] == ["port", False]
    tokyo.proxy.up()
    kyiv.run("hurry")
    until(lambda: message_id in [note["message_id"] for note in tokyo.run("notes")])
    assert [step[:2] for step in kyiv.run("diagnose")] == [
        ["name", True], ["port", True], ["certificate", True], ["call", True], ["clock", True],
    ]  # fmt: skip


def test_what_the_other_side_refuses_is_said_and_sent_again_on_a_click(running):
    kyiv, tokyo = running
    kyiv.run("send_note", text="refuse me")
    until(lambda: kyiv.run("statuses").get("dead") == 1, why=lambda: kyiv.run("outgoing"))
    dead = next(each for each in kyiv.run("outgoing") if each["status"] == "dead")
    assert dead["last_error"] == "note.refused"
    assert tokyo.run("rejections")[-1]["reason"] == "note.refused"
    before = len(tokyo.run("receipt_events", message_id=dead["uid"]))
    kyiv.run("resend_dead")
    until(lambda: len(tokyo.run("receipt_events", message_id=dead["uid"])) > before)


def context(node: Node, keys: keyring.Keyring) -> ssl.SSLContext:
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found.load_verify_locations(node.home / "keys" / "ca.pem")
    found.load_cert_chain(keys.folder / "tls-client.pem", keys.folder / "tls-client.key")
    return found


def test_a_stranger_does_not_get_past_the_handshake(running, tmp_path):
    kyiv, tokyo = running
    stranger = keyring.create(
        tmp_path / "keys", node_id="x.example", hosts=["localhost"], now=datetime.now(UTC)
    )
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"{tokyo.endpoint}/.well-known/comity", verify=context(tokyo, stranger))
    known = keyring.Keyring(kyiv.home / "keys")
    answer = httpx2.get(f"{tokyo.endpoint}/.well-known/comity", verify=context(tokyo, known))
    assert answer.text == tokyo.run("own_descriptor")


def test_connections_that_say_nothing_keep_nobody_out(running):
    kyiv, tokyo = running
    keys = keyring.Keyring(kyiv.home / "keys")
    silent = []
    try:
        for _ in range(200):
            plain = socket.create_connection(("127.0.0.1", tokyo.listen_port), timeout=10)
            silent.append(context(tokyo, keys).wrap_socket(plain, server_hostname="localhost"))
        kyiv.run("send_note", text="in spite of the crowd")
        until(lambda: any(one["text"] == "in spite of the crowd" for one in tokyo.run("notes")))
        for each in silent:  # each is sent away when its time is over
            each.settimeout(30)
            assert each.recv(1) == b""
    finally:
        for each in silent:
            each.close()


def test_a_wrong_certificate_is_named(running):
    kyiv, tokyo = running
    keys = tokyo.home / "keys"
    now = datetime.now(UTC)
    good = {name: (keys / name).read_bytes() for name in ("tls.pem", "tls.key")}
    own = certificates.KeyPair((keys / "ca.key").read_bytes(), (keys / "ca.pem").read_bytes())
    other = certificates.make_ca("somebody else", now, 100)
    long_ago = now - timedelta(days=20)
    make = certificates.make_certificate
    wrong = {
        "tls.expired": make(own, "x", "tls_server", ["localhost"], long_ago, 19),
        "tls.unknown_authority": make(other, "x", "tls_server", ["localhost"], now, 10),
        "tls.wrong_name": make(own, "x", "tls_server", ["elsewhere.example"], now, 10),
    }
    try:
        for code, made in wrong.items():
            (keys / "tls.key").write_bytes(made.key_pem)
            (keys / "tls.pem").write_bytes(made.certificate_pem)
            tokyo.kill("exchange")
            tokyo.start("exchange")
            last = kyiv.run("diagnose")[-1]
            assert (last[0], last[1], last[2]["reason"]) == ("certificate", False, code)
    finally:
        for name, data in good.items():
            (keys / name).write_bytes(data)
        tokyo.kill("exchange")
        tokyo.start("exchange")


def test_a_partner_that_has_not_confirmed_us_is_named(running):
    kyiv, tokyo = running
    bundle = tokyo.home / "keys" / "partners-ca.pem"
    good = bundle.read_bytes()
    tokyo.kill("worker")  # it would put the file right
    bundle.write_bytes((tokyo.home / "keys" / "ca.pem").read_bytes())
    try:
        tokyo.kill("exchange")
        tokyo.start("exchange")
        last = kyiv.run("diagnose")[-1]
        assert (last[1], last[2]["reason"]) == (False, "tls.they_refuse_us")
    finally:
        bundle.write_bytes(good)
        tokyo.kill("exchange")
        tokyo.start("exchange")


def test_openssl_accepts_the_container_that_arrived(running, tmp_path):
    """A foreign tool checks the seal: `openssl cms -verify` over the signed list."""
    kyiv, tokyo = running
    kyiv.run("send_note", text="for openssl")
    until(lambda: any(note["text"] == "for openssl" for note in tokyo.run("notes")))
    path = tokyo.run("save_last_container", folder=str(tmp_path))
    subprocess.run(["unzip", "-q", "-o", path, "-d", str(tmp_path)], check=True)
    seal = kyiv.home / "keys" / "ca.pem"
    subprocess.run(
        [
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER",
            "-in", str(tmp_path / "META-INF/signature001.p7s"),
            "-content", str(tmp_path / "META-INF/ASiCManifest001.xml"),
            "-CAfile", str(seal), "-purpose", "any", "-out", "/dev/null",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


def test_several_processes_find_what_one_finds(running):
    """On a node whose ledger is on disk; a gap in it is named alike."""
    kyiv, _tokyo = running
    said = [kyiv.run("examine", processes=processes, at_once=3) for processes in (1, 2)]
    assert said[0] == said[1]
    assert said[0]["seen"] == said[0]["size"] > 5
    assert said[0]["faults"] == []


def test_the_nodes_witness_each_others_ledger(running):
    for node, other in (running, running[::-1]):
        for text in ("before", "after"):
            node.run("send_note", text=text)  # the ledger grows
            assert node.run("ask_witnesses") == {
                "asked": 1,
                "witnesses": [f"{other.node_id}/ledger"],
            }
