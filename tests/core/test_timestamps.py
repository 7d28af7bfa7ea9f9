"""Time-stamps against a real authority, honest and not: openssl answers, openssl verifies too."""

from __future__ import annotations

import hashlib
import subprocess
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import cms, timestamps
from comity.core.certificates import Kind, make_ca, make_certificate
from comity.core.errors import Untrusted
from comity.node.testtsa import Authority, Fault, serving

DIGEST = hashlib.sha256(b"checkpoint").digest()
NONCE = 2**63 + 11


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def reply(authority: Authority) -> bytes:
    return authority.reply(timestamps.make_request(DIGEST, NONCE))


def now() -> datetime:
    return datetime.now(UTC)


def refusal(reply: bytes, roots: list[bytes], **changes: object) -> str:
    asked: dict[str, object] = {"digest": DIGEST, "nonce": NONCE, "now": now()} | changes
    with pytest.raises(Untrusted) as caught:
        timestamps.verify_response(reply, trusted_roots=roots, **asked)  # type: ignore[arg-type]  # a table of changes
    return caught.value.code


def test_an_honest_reply_is_believed(authority: Authority, reply: bytes) -> None:
    stamp = timestamps.verify_response(reply, DIGEST, NONCE, [authority.root_pem], now())

    assert stamp.trusted
    assert abs(stamp.gen_time - now()) < timedelta(minutes=2)
    assert stamp.authority == "CN=Comity test time stamping"
    assert timestamps.token_of(reply) == stamp.token


def test_openssl_agrees(authority: Authority, reply: bytes, tmp_path: Path) -> None:
    (tmp_path / "q").write_bytes(timestamps.make_request(DIGEST, NONCE))
    (tmp_path / "r").write_bytes(reply)
    (tmp_path / "t").write_bytes(timestamps.token_of(reply))
    (tmp_path / "ca.pem").write_bytes(authority.root_pem)
    for source in (["-in", "r"], ["-in", "t", "-token_in"]):
        result = subprocess.run(
            ["openssl", "ts", "-verify", *source, "-queryfile", "q", "-CAfile", "ca.pem"],
            cwd=tmp_path,
            capture_output=True,
        )
        assert result.returncode == 0, result.stderr


def test_a_request_is_read_back_and_openssl_reads_it(tmp_path: Path) -> None:
    request = timestamps.make_request(DIGEST, NONCE)
    assert timestamps.read_request(request) == timestamps.Query(DIGEST, NONCE)
    assert timestamps.read_request(timestamps.make_request(DIGEST, None)).nonce is None
    (tmp_path / "q").write_bytes(request)
    shown = subprocess.run(
        ["openssl", "ts", "-query", "-in", tmp_path / "q", "-text"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Certificate required: yes" in shown


def test_what_was_not_asked_for_is_refused(authority: Authority, reply: bytes) -> None:
    roots = [authority.root_pem]
    assert refusal(reply, roots, digest=bytes(32)) == "timestamp.wrong_imprint"
    assert refusal(reply, roots, nonce=NONCE + 1) == "timestamp.wrong_nonce"
    past = now() - timedelta(hours=1)
    assert refusal(reply, roots, now=past) == "timestamp.from_the_future"


def test_an_unknown_authority_is_refused_and_yet_read(reply: bytes) -> None:
    stranger = make_ca("Comity test time root", now(), 30)
    assert refusal(reply, [stranger.certificate_pem]) == "timestamp.authority_unknown"
    assert refusal(reply, []) == "timestamp.authority_unknown"
    assert not timestamps.read_response(reply, DIGEST, NONCE).trusted


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.WRONG_IMPRINT, "timestamp.wrong_imprint"),
        (Fault.WRONG_NONCE, "timestamp.wrong_nonce"),
        (Fault.EXPIRED, "timestamp.certificate_expired"),
    ],
)
def test_a_lying_authority_is_refused(fault: Fault, code: str, tmp_path: Path) -> None:
    lying = Authority(tmp_path, fault)
    reply = lying.reply(timestamps.make_request(DIGEST, NONCE))
    assert refusal(reply, [lying.root_pem]) == code


def test_an_unsorted_certificate_set_is_no_obstacle(tmp_path: Path) -> None:
    authority = Authority(tmp_path, Fault.UNSORTED)
    reply = authority.reply(timestamps.make_request(DIGEST, NONCE))
    stamp = timestamps.verify_response(reply, DIGEST, NONCE, [authority.root_pem], now())
    assert stamp.token in reply


def test_a_stamp_stays_good_after_its_authority_has_expired(
    authority: Authority, reply: bytes
) -> None:
    far = now() + timedelta(days=9000)
    assert timestamps.verify_response(reply, DIGEST, NONCE, [authority.root_pem], far).trusted


def test_a_certificate_that_may_do_more_than_stamp_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    root = make_ca("root", now(), 30)
    seal = make_certificate(root, "seal", Kind.SEAL, [], now(), 30)
    signature = cms.sign_detached(b"x", seal.key_pem, seal.certificate_pem, None, now())
    with pytest.raises(Untrusted):
        timestamps.read_token(signature, DIGEST)
    assert authority.root_pem


def test_a_refusal_says_so() -> None:
    # PKIStatusInfo with status rejection(2) and no token (RFC 3161, section 2.4.2).
    assert refusal(bytes.fromhex("30053003020102"), []) == "timestamp.not_granted"


def test_a_stamped_signature_is_b_t_and_judged_at_the_time_of_the_stamp(
    authority: Authority, tmp_path: Path
) -> None:
    made = now()
    pair = make_certificate(make_ca("ca", made, 9), "seal", "seal", [], made, 9)

    def stamper(digest: bytes) -> bytes:
        answer = authority.reply(timestamps.make_request(digest, 5))
        return timestamps.verify_response(answer, digest, 5, [authority.root_pem], now()).token

    signature = cms.sign_detached(b"x", pair.key_pem, pair.certificate_pem, stamper, made)
    later = made + timedelta(days=1000)
    trusted = [pair.certificate_pem]

    roots = [authority.root_pem]
    stamped = cms.verify_detached(b"x", signature, trusted, later, stamp_roots=roots)
    assert stamped.trusted
    assert stamped.timestamp is not None
    assert stamped.timestamp.trusted
    unstamped = cms.verify_detached(b"x", signature, trusted, later)
    assert (unstamped.trusted, unstamped.doubt) == (False, "expired")


def test_a_stamp_over_another_signature_is_refused(authority: Authority) -> None:
    made = now()
    pair = make_certificate(make_ca("ca", made, 9), "seal", "seal", [], made, 9)

    def stamper(_: bytes) -> bytes:
        return timestamps.token_of(authority.reply(timestamps.make_request(DIGEST, 5)))

    signature = cms.sign_detached(b"x", pair.key_pem, pair.certificate_pem, stamper, made)
    with pytest.raises(Untrusted, match=r"timestamp\.wrong_imprint"):
        cms.verify_detached(b"x", signature, [pair.certificate_pem], made)


def test_it_answers_over_http_and_can_be_down(tmp_path: Path) -> None:
    request = timestamps.make_request(DIGEST, NONCE)
    with serving(tmp_path / "good") as (url, root):
        reply = post(url, request)
        assert timestamps.verify_response(reply, DIGEST, NONCE, [root], now()).trusted
        with pytest.raises(urllib.request.HTTPError, match="400"):
            post(url, b"rubbish")
    with (
        serving(tmp_path / "down", fault=Fault.DOWN) as (url, root),
        pytest.raises(urllib.request.HTTPError, match="503"),
    ):
        post(url, request)


def post(url: str, body: bytes) -> bytes:
    with urllib.request.urlopen(url, body) as answer:  # noqa: S310 - our own loopback address
        return bytes(answer.read())


def test_no_byte_of_a_token_can_be_changed(reply: bytes) -> None:
    token = timestamps.token_of(reply)
    for position in range(len(token)):
        data = bytearray(token)
        data[position] ^= 1
        with pytest.raises(Untrusted):
            timestamps.read_token(bytes(data), DIGEST)


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_rubbish_is_untrusted_and_nothing_else(data: bytes) -> None:
    for candidate in (data, b"\x30\x03\x02\x01\x00" + data):
        with pytest.raises(Untrusted):
            timestamps.verify_response(candidate, DIGEST, None, [], now())
        with pytest.raises(Untrusted):
            timestamps.read_request(candidate)
        with pytest.raises(Untrusted):
            timestamps.read_token(candidate, DIGEST)
