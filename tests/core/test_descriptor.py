"""Descriptors: what a node says of itself, and how an officer pins it."""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical, certificates, notes
from comity.core.errors import Untrusted
from comity.core.sealing import descriptor, jws, keys
from comity.core.sealing.descriptor import Descriptor, HttpKey, KemKey

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/exchange/descriptor.json").read_text("ascii")
)
CA = certificates.make_ca("tokyo.example authority", NOW, 30)


def _seal_key() -> tuple[ec.EllipticCurvePrivateKey, str]:
    key_pem, certificate_pem = certificates.make_certificate(
        CA, "tokyo.example", "seal", [], NOW, 20
    )
    key = load_pem_private_key(key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, certificate_pem.decode("ascii")


def _kem_key(suite: int) -> KemKey:
    made = keys.generate(suite)
    return KemKey(made.key_id, suite, made.public)


KEY, CERTIFICATE = _seal_key()
OTHER_KEY, OTHER_CERTIFICATE = _seal_key()
TOKYO = Descriptor(
    node_id="tokyo.example",
    names={"uk": "Міністерство юстиції Японії", "ja": "法務省", "en": "Ministry of Justice"},
    state="JP",
    roles=("central-authority", "execution"),
    endpoint="https://tokyo.example:8443",
    seal_certificate=CERTIFICATE,
    kem_keys=(_kem_key(1), _kem_key(2)),
    http_key=HttpKey(
        "tokyo.example:http-1", Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    ),
    ledger_key=notes.Verifier("tokyo.example", bytes(32)).text,
    tls_ca=CA.certificate_pem.decode("ascii"),
    suites=(1, 2),
    max_message_bytes=1 << 40,
    issued_at=NOW,
    serial=1,
)
TEXT = descriptor.sign(TOKYO, KEY)


def _payload(text: str = TEXT) -> dict[str, Any]:
    found: dict[str, Any] = canonical.decode(jws.split(text, "descriptor").payload)
    return found


def _raw(payload: bytes, key: ec.EllipticCurvePrivateKey = KEY, **header: object) -> str:
    """Sign anything at all."""
    chain = [jws.chain_member(jws.load_pem(CERTIFICATE))]
    return jws.sign(payload, {"typ": descriptor.TYPE, "x5c": chain} | header, key)


def _refusal(text: str, pinned: str | None = None) -> Untrusted:
    with pytest.raises(Untrusted) as refusal:
        descriptor.parse(text, pinned)
    return refusal.value


def test_a_descriptor_comes_back_as_it_was_signed() -> None:
    assert descriptor.parse(TEXT) == TOKYO
    assert descriptor.parse(TEXT, descriptor.fingerprint(TOKYO)) == TOKYO


def test_the_fingerprint_is_over_the_three_keys_and_nothing_else() -> None:
    der = jws.load_pem(CERTIFICATE).public_bytes(Encoding.DER)
    listed = sorted(_payload()["kem_keys"], key=lambda key: key["key_id"])
    expected = hashlib.sha256(
        canonical.encode(
            {
                "http_key": _payload()["http_key"],
                "kem_keys": listed,
                "seal_certificate": hashlib.sha256(der).hexdigest(),
            }
        )
    ).hexdigest()
    assert descriptor.fingerprint(TOKYO) == expected
    same = replace(
        TOKYO,
        endpoint="https://tokyo.example/x",
        serial=9,
        roles=(),
        kem_keys=TOKYO.kem_keys[::-1],
    )
    assert descriptor.fingerprint(same) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"seal_certificate": OTHER_CERTIFICATE},
        {"kem_keys": (_kem_key(1),)},
        {"http_key": HttpKey("tokyo.example:http-1", bytes(32))},
        {"http_key": HttpKey("tokyo.example:http-2", TOKYO.http_key.public)},
    ],
)
def test_another_key_is_another_fingerprint(change: dict[str, Any]) -> None:
    assert descriptor.fingerprint(replace(TOKYO, **change)) != descriptor.fingerprint(TOKYO)


def test_the_fingerprint_is_read_aloud_in_groups() -> None:
    spoken = descriptor.spoken_fingerprint("0123456789abcdef" * 4)
    assert spoken == "0123 4567 89ab cdef " * 3 + "0123 4567 89ab cdef"


def test_an_impostor_with_the_right_name_is_refused_by_the_pin() -> None:
    impostor = descriptor.sign(replace(TOKYO, seal_certificate=OTHER_CERTIFICATE), OTHER_KEY)
    assert descriptor.parse(impostor).node_id == "tokyo.example"
    assert _refusal(impostor, descriptor.fingerprint(TOKYO)).code == "descriptor.fingerprint"


def test_a_signature_of_another_key_is_refused() -> None:
    payload = canonical.encode(_payload())
    assert _refusal(_raw(payload, OTHER_KEY)).code == "descriptor.signature"


def test_a_certificate_in_the_header_that_the_content_does_not_name_is_refused() -> None:
    chain = [jws.chain_member(jws.load_pem(OTHER_CERTIFICATE))]
    text = _raw(canonical.encode(_payload()), OTHER_KEY, x5c=chain)
    assert _refusal(text).code == "descriptor.malformed"


def test_signing_with_a_key_that_is_not_the_certificates_fails_at_once() -> None:
    with pytest.raises(ValueError, match=r"descriptor\.signature"):
        descriptor.sign(TOKYO, OTHER_KEY)


def test_changed_characters_are_refused() -> None:
    for at in range(0, len(TEXT), 11):
        _refusal(TEXT[:at] + ("A" if TEXT[at] != "A" else "B") + TEXT[at + 1 :])


def _with_kem(**members: object) -> dict[str, object]:
    return {"kem_keys": [_payload()["kem_keys"][0] | members]}


ODD: list[tuple[str, dict[str, Any]]] = [
    ("descriptor.field", {"node_id": "Tokyo"}),
    ("descriptor.field", {"names": {"en": "Ministry"}}),
    ("descriptor.field", {"names": TOKYO.names | {"fr": "Ministère"}}),
    ("descriptor.field", {"names": TOKYO.names | {"en": ""}}),
    ("descriptor.field", {"state": "Japan"}),
    ("descriptor.field", {"roles": ["Central Authority"]}),
    ("descriptor.field", {"endpoint": "http://tokyo.example"}),
    ("descriptor.field", {"endpoint": "https://tokyo.example/"}),
    ("descriptor.field", {"endpoint": "https://user@tokyo.example"}),
    ("descriptor.field", {"endpoint": "https://tokyo.example?x=1"}),
    ("descriptor.field", {"endpoint": "https://tokyo.example/a/../b c"}),
    ("certificate.malformed", {"seal_certificate": "none"}),
    ("certificate.malformed", {"tls_ca": "-----BEGIN CERTIFICATE-----\n"}),
    ("descriptor.field", {"kem_keys": []}),
    ("descriptor.field", {"kem_keys": [_payload()["kem_keys"][0]] * 2}),
    ("descriptor.field", _with_kem(key_id="0" * 32)),
    ("descriptor.field", _with_kem(public="!")),
    ("descriptor.field", _with_kem(suite=0)),
    ("sealing.public_key", _with_kem(suite=2)),
    ("descriptor.field", {"http_key": {"keyid": "a", "public": "AAAA"}}),
    (
        "descriptor.field",
        {"http_key": {"keyid": "a b", "public": _payload()["http_key"]["public"]}},
    ),
    ("note.bad_key", {"ledger_key": "tokyo"}),
    ("descriptor.field", {"suites": []}),
    ("descriptor.field", {"suites": [1, 1]}),
    ("descriptor.field", {"suites": ["1"]}),
    ("descriptor.field", {"max_message_bytes": 0}),
    ("descriptor.field", {"issued_at": "today"}),
    ("descriptor.field", {"serial": -1}),
    ("descriptor.field", {"more": 1}),
]


@pytest.mark.parametrize(("code", "change"), ODD)
def test_an_odd_member_is_untrusted_though_rightly_signed(
    code: str, change: dict[str, Any]
) -> None:
    assert _refusal(_raw(canonical.encode(_payload() | change))).code == code


def test_keys_of_a_suite_from_the_future_are_kept_and_not_used() -> None:
    future = KemKey(keys.key_id_of(b"future"), 7, b"future")
    text = descriptor.sign(
        replace(TOKYO, kem_keys=(future, *TOKYO.kem_keys), suites=(7, 1, 2)), KEY
    )
    found = descriptor.parse(text)
    assert found.kem_keys[0] == future
    assert descriptor.recipient(found).suite == 1


def test_the_strongest_common_suite_and_its_newest_key_are_chosen() -> None:
    newer = _kem_key(1)
    both = replace(TOKYO, kem_keys=(TOKYO.kem_keys[1], newer, TOKYO.kem_keys[0]))
    assert descriptor.recipient(both).key_id == newer.key_id
    assert descriptor.recipient(both, {2}).key_id == TOKYO.kem_keys[1].key_id
    only_curve = replace(both, suites=(2,))
    assert descriptor.recipient(only_curve).suite == 2
    with pytest.raises(Untrusted) as refusal:
        descriptor.recipient(only_curve, keys.at_least(1))
    assert refusal.value.code == "descriptor.no_common_suite"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"serial": 2, "endpoint": "https://new.example"}, None),
        ({}, None),
        ({"serial": 0}, "descriptor.replayed"),
        ({"endpoint": "https://new.example"}, "descriptor.replayed"),
        ({"serial": 2, "node_id": "osaka.example"}, "descriptor.other_node"),
        ({"serial": 2, "kem_keys": (_kem_key(1),)}, "descriptor.fingerprint"),
    ],
)
def test_what_may_replace_a_known_descriptor(change: dict[str, Any], code: str | None) -> None:
    new = replace(TOKYO, issued_at=TOKYO.issued_at + timedelta(0), **change)
    if code is None:
        descriptor.check_update(TOKYO, new)
        return
    with pytest.raises(Untrusted) as refusal:
        descriptor.check_update(TOKYO, new)
    assert refusal.value.code == code


def test_the_keyring_describes_its_keys_in_this_form() -> None:
    described = {
        "key_id": TOKYO.kem_keys[0].key_id,
        "suite": 1,
        "public": base64.b64encode(TOKYO.kem_keys[0].public).decode("ascii"),
    }
    assert KemKey.read(described) == TOKYO.kem_keys[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
GOOD = _payload()


def _inside(name: str) -> Callable[[object], str]:
    """Put rubbish in the place of one member of the first of a nested kind."""
    return lambda value: _raw(
        canonical.encode(GOOD | {"http_key": GOOD["http_key"] | {name: value}})
    )


@settings(max_examples=200)
@given(
    st.one_of(
        st.text(max_size=120),
        st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,90}", fullmatch=True), max_size=4).map(".".join),
        st.binary(max_size=40).map(_raw),
        JSON.map(lambda value: _raw(canonical.encode(value))),
        JSON.map(_inside("keyid")),
        JSON.map(_inside("public")),
        st.builds(
            lambda name, value: _raw(canonical.encode(GOOD | {name: value})),
            st.sampled_from(list(GOOD)),
            JSON
            | st.lists(st.dictionaries(st.sampled_from(["key_id", "suite"]), JSON), max_size=2),
        ),
    )
)
def test_rubbish_is_untrusted_and_nothing_else(rubbish: str) -> None:
    try:
        found = descriptor.parse(rubbish)
    except Untrusted:
        return
    assert _payload(descriptor.sign(found, KEY)) == _payload(rubbish)


def test_the_published_descriptor_parses_under_its_pin() -> None:
    found = descriptor.parse(VECTORS["text"], VECTORS["fingerprint"])
    assert found.node_id == "kyiv.example"
    assert descriptor.spoken_fingerprint(VECTORS["fingerprint"]) == VECTORS["spoken"]
    assert canonical.encode(_payload(VECTORS["text"])).decode("utf-8") == VECTORS["payload"]


def test_the_published_broken_descriptors_are_refused() -> None:
    for vector in VECTORS["refused"]:
        refusal = _refusal(vector["text"], vector["pinned"])
        assert refusal.code == vector["code"], vector["what"]
