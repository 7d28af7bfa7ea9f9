"""Recipient keys against published vectors, an independent HPKE and hostile input."""

import contextlib
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl as rust
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from comity.core.errors import Untrusted
from comity.core.sealing import keys
from comity.core.sealing.keys import Suite

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/exchange/hpke.json").read_text("ascii"))
SECRET, INFO = bytes(range(32)), b"what it is bound to"


def _bytes(name: str, member: str) -> bytes:
    return bytes.fromhex(VECTORS[name][member])


# An independent base-mode HPKE on P-256, written from RFC 9180, section 4 and 5.


def _extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), ikm, "sha256")


def _expand(prk: bytes, info: bytes, length: int) -> bytes:
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


def _labelled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return _extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labelled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return _expand(prk, length.to_bytes(2) + b"HPKE-v1" + suite + label + info, length)


def _shared_secret(dh: bytes, encapsulated: bytes, recipient_public: bytes) -> bytes:
    suite = b"KEM" + (16).to_bytes(2)
    prk = _labelled_extract(suite, b"", b"eae_prk", dh)
    context = encapsulated + recipient_public
    return _labelled_expand(suite, prk, b"shared_secret", context, 32)


def _key_schedule(aead_id: int, shared: bytes, info: bytes, key_bytes: int) -> tuple[bytes, bytes]:
    suite = b"HPKE" + (16).to_bytes(2) + (1).to_bytes(2) + aead_id.to_bytes(2)
    context = (
        b"\x00"
        + _labelled_extract(suite, b"", b"psk_id_hash", b"")
        + _labelled_extract(suite, b"", b"info_hash", info)
    )
    secret = _labelled_extract(suite, shared, b"secret", b"")
    return (
        _labelled_expand(suite, secret, b"key", context, key_bytes),
        _labelled_expand(suite, secret, b"base_nonce", context, 12),
    )


def _independent_open(wrapped: bytes, private: ec.EllipticCurvePrivateKey, info: bytes) -> bytes:
    encapsulated, ciphertext = wrapped[:65], wrapped[65:]
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encapsulated)
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = _shared_secret(private.exchange(ec.ECDH(), ephemeral), encapsulated, public)
    key, nonce = _key_schedule(2, shared, info, 32)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


def test_the_independent_hpke_agrees_with_rfc_9180() -> None:
    name = "rfc9180_a3_1"
    recipient = ec.derive_private_key(
        int.from_bytes(_bytes(name, "recipient_private")), ec.SECP256R1()
    )
    ephemeral = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), _bytes(name, "encapsulated")
    )
    shared = _shared_secret(
        recipient.exchange(ec.ECDH(), ephemeral),
        _bytes(name, "encapsulated"),
        _bytes(name, "recipient_public"),
    )
    assert shared == _bytes(name, "shared_secret")
    key, nonce = _key_schedule(1, shared, _bytes(name, "info"), 16)
    assert (key, nonce) == (_bytes(name, "key"), _bytes(name, "base_nonce"))
    opened = AESGCM(key).decrypt(nonce, _bytes(name, "ciphertext"), _bytes(name, "aad"))
    assert opened == _bytes(name, "plaintext")


def test_what_suite_2_wraps_the_independent_hpke_opens() -> None:
    made = keys.generate(Suite.P256)
    wrapped = keys.wrap(SECRET, suite=2, public=made.public, info=INFO)
    private = ec.derive_private_key(int.from_bytes(made.private[1:]), ec.SECP256R1())
    assert _independent_open(wrapped, private, INFO) == SECRET


def test_our_p256_keys_open_the_rfc_9180_vector() -> None:
    name = "rfc9180_a3_1"
    private = bytes([Suite.P256]) + _bytes(name, "recipient_private")
    assert keys.public_of(private) == _bytes(name, "recipient_public")
    suite = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    opened = rust.hpke._decrypt_with_aad(
        suite,
        _bytes(name, "encapsulated") + _bytes(name, "ciphertext"),
        keys._load_private(private),
        _bytes(name, "info"),
        _bytes(name, "aad"),
    )
    assert opened == _bytes(name, "plaintext")


def test_our_hybrid_keys_open_the_vector_of_draft_ietf_hpke_pq() -> None:
    name = "hpke_pq_05_a5"
    private = bytes([Suite.MLKEM768_X25519]) + _bytes(name, "recipient_seed")
    public = keys.public_of(private)
    assert public.startswith(_bytes(name, "public_starts"))
    assert public.endswith(_bytes(name, "public_ends"))
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    opened = rust.hpke._decrypt_with_aad(
        suite,
        _bytes(name, "encapsulated") + _bytes(name, "ciphertext"),
        keys._load_private(private),
        _bytes(name, "info"),
        _bytes(name, "aad"),
    )
    assert opened == _bytes(name, "plaintext")


@pytest.mark.parametrize(("suite", "public_bytes", "added"), [(1, 1216, 1136), (2, 65, 81)])
def test_a_key_opens_what_was_wrapped_to_it(suite: int, public_bytes: int, added: int) -> None:
    private, public, key_id = keys.generate(suite)
    assert len(public) == public_bytes
    assert key_id == hashlib.sha256(public).hexdigest()[:32]
    assert keys.suite_of(private) == suite
    wrapped = keys.wrap(SECRET, suite=suite, public=public, info=INFO)
    assert len(wrapped) == len(SECRET) + added
    assert keys.unwrap(wrapped, private=private, info=INFO) == SECRET


@pytest.mark.parametrize("suite", [1, 2])
def test_another_key_another_info_or_a_changed_byte_does_not_open(suite: int) -> None:
    mine, other = keys.generate(suite), keys.generate(suite)
    wrapped = keys.wrap(SECRET, suite=suite, public=mine.public, info=INFO)
    attempts: list[tuple[bytes, bytes, bytes]] = [
        (wrapped, other.private, INFO),
        (wrapped, mine.private, INFO + b"."),
        (wrapped[:-1], mine.private, INFO),
        (wrapped + b"\x00", mine.private, INFO),
        *(
            (wrapped[:at] + bytes([wrapped[at] ^ 1]) + wrapped[at + 1 :], mine.private, INFO)
            for at in range(0, len(wrapped), 7)
        ),
    ]
    for bytes_, private, info in attempts:
        with pytest.raises(Untrusted) as refusal:
            keys.unwrap(bytes_, private=private, info=info)
        assert refusal.value.code == "sealing.key_does_not_open"


@given(st.sampled_from([1, 2]), st.binary(max_size=1300))
def test_rubbish_opens_with_no_key(suite: int, rubbish: bytes) -> None:
    with pytest.raises(Untrusted):
        keys.unwrap(rubbish, private=PRIVATE[suite], info=INFO)


@given(
    st.integers(min_value=-1, max_value=4),
    st.one_of(
        st.binary(max_size=1300),
        st.binary(min_size=64, max_size=64).map(lambda data: b"\x04" + data),
        st.binary(min_size=1216, max_size=1216),
    ),
)
def test_rubbish_is_no_public_key(suite: int, rubbish: bytes) -> None:
    with contextlib.suppress(Untrusted):
        keys.check_public(suite, rubbish)
        # An ML-KEM key has almost no form, so that rubbish can be one.
        assert (suite, len(rubbish)) == (1, 1216)
        keys.wrap(SECRET, suite=suite, public=rubbish, info=INFO)


def test_a_curve_point_of_low_order_is_refused() -> None:
    public = keys.generate(1).public[:1184] + bytes(32)
    with pytest.raises(Untrusted) as refusal:
        keys.wrap(SECRET, suite=1, public=public, info=INFO)
    assert refusal.value.code == "sealing.public_key"


def test_unreduced_lattice_coefficients_are_refused() -> None:
    public = b"\xff" * 1184 + keys.generate(1).public[1184:]
    with pytest.raises(Untrusted) as refusal:
        keys.check_public(1, public)
    assert refusal.value.code == "sealing.public_key"


def test_a_compressed_point_is_another_spelling_and_refused() -> None:
    public = keys.generate(2).public
    compressed = bytes([2 + public[64] % 2]) + public[1:33]
    with pytest.raises(Untrusted) as refusal:
        keys.check_public(2, compressed)
    assert refusal.value.code == "sealing.public_key"


def test_a_key_of_one_suite_is_none_of_another() -> None:
    hybrid, curve = keys.generate(1), keys.generate(2)
    for suite, public in ((2, hybrid.public), (1, curve.public)):
        with pytest.raises(Untrusted):
            keys.check_public(suite, public)
    with pytest.raises(Untrusted) as refusal:
        keys.check_public(3, hybrid.public)
    assert refusal.value.code == "sealing.suite_unknown"


def test_the_minimum_orders_suites_by_strength() -> None:
    assert keys.at_least(Suite.P256) == {1, 2}
    assert keys.at_least(Suite.MLKEM768_X25519) == {1}
    with pytest.raises(ValueError, match="9"):
        keys.at_least(9)


def test_an_unknown_suite_or_a_foreign_private_key_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="3"):
        keys.generate(3)
    for private in (b"", bytes(33), b"\x01" * 32):
        with pytest.raises(ValueError, match=r"33 bytes|Suite"):
            keys.suite_of(private)


PRIVATE: dict[int, Any] = {suite: keys.generate(suite).private for suite in (1, 2)}
