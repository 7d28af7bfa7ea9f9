"""Signed calls: RFC 9421's own vector, an independent signature base, and everything refused."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import httpsig
from comity.core.errors import Untrusted
from comity.core.httpsig import VerifiedCall, sign_headers, verify_headers

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/exchange/httpsig.json").read_text())
KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"comity test key 3").digest())
OTHER = Ed25519PrivateKey.generate()
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
BODY = b"sealed bytes"
CALL: dict[str, Any] = {
    "method": "PUT",
    "target_uri": "https://tokyo.example:8443/x/1/messages/019397c2-5a00-7000-8000-000000000001",
}
NONCE = "bm9uY2Utbm9uY2Utbm9uY2U"
KNOWN = {"kyiv.example:http-1": KEY.public_key(), "other": OTHER.public_key()}

# The example of RFC 9421, appendix B.1.4 and B.2.6.
RFC_KEY = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
RFC_BASE = (
    '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
    '"@method": POST\n'
    '"@path": /foo\n'
    '"@authority": example.com\n'
    '"content-type": application/json\n'
    '"content-length": 18\n'
    '"@signature-params": ("date" "@method" "@path" "@authority" "content-type" '
    '"content-length");created=1618884473;keyid="test-key-ed25519"'
)
RFC_SIGNATURE = (
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
)


def _signed(**change: Any) -> dict[str, str]:
    options: dict[str, Any] = CALL | {
        "body_digest": hashlib.sha256(BODY).digest(),
        "key": KEY,
        "keyid": "kyiv.example:http-1",
        "created": NOW,
        "nonce": NONCE,
        "content_type": "application/octet-stream",
    }
    return sign_headers(**(options | change))


def _verify(headers: dict[str, str], **change: Any) -> VerifiedCall:
    options: dict[str, Any] = CALL | {
        "headers": headers,
        "public_key_for": KNOWN.get,
        "now": NOW,
        "max_skew_seconds": 300,
    }
    return verify_headers(**(options | change))


def _refusal(headers: dict[str, str], **change: Any) -> Untrusted:
    with pytest.raises(Untrusted) as refusal:
        _verify(headers, **change)
    return refusal.value


def _base(headers: dict[str, str], method: str, target_uri: str) -> bytes:
    """Build the signature base from RFC 9421, section 2.5, without the library."""
    params = headers["Signature-Input"].removeprefix("comity=")
    return (
        f'"@method": {method}\n"@target-uri": {target_uri}\n'
        f'"content-type": {headers["Content-Type"]}\n'
        f'"content-digest": {headers["Content-Digest"]}\n'
        f'"@signature-params": {params}'
    ).encode("ascii")


def _resigned(params: str, key: Ed25519PrivateKey = KEY, **fields: str) -> dict[str, str]:
    """Sign whatever parameters over our four components, as a partner of bad will could."""
    headers = _signed() | fields
    headers["Signature-Input"] = (
        f'comity=("@method" "@target-uri" "content-type" "content-digest"){params}'
    )
    signature = key.sign(_base(headers, CALL["method"], CALL["target_uri"]))
    headers["Signature"] = f"comity=:{base64.b64encode(signature).decode('ascii')}:"
    return headers


GOOD_PARAMS = (
    f';created={int(NOW.timestamp())};keyid="kyiv.example:http-1";nonce="{NONCE}";tag="comity/1"'
)


def test_a_signed_call_verifies_and_says_what_it_covers() -> None:
    assert _verify(_signed()) == VerifiedCall(
        keyid="kyiv.example:http-1",
        nonce=NONCE,
        created=NOW,
        content_type="application/octet-stream",
        body_sha256=hashlib.sha256(BODY).hexdigest(),
    )


def test_the_signature_is_over_the_base_of_rfc_9421() -> None:
    headers = _signed()
    signature = base64.b64decode(headers["Signature"].removeprefix("comity=:").removesuffix(":"))
    KEY.public_key().verify(signature, _base(headers, **CALL))
    assert headers["Content-Digest"] == (
        f"sha-256=:{base64.b64encode(hashlib.sha256(BODY).digest()).decode('ascii')}:"
    )


def test_what_an_independent_signer_wrote_verifies() -> None:
    assert _verify(_resigned(GOOD_PARAMS)) == _verify(_signed())


def test_the_vector_b_2_6_of_rfc_9421() -> None:
    key = load_pem_private_key(RFC_KEY, None)
    assert isinstance(key, Ed25519PrivateKey)
    assert base64.b64encode(key.sign(RFC_BASE.encode("ascii"))).decode("ascii") == RFC_SIGNATURE
    call = httpsig._Call(
        "POST",
        "https://example.com/foo?param=Value&Pet=dog",
        {
            "Date": "Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type": "application/json",
            "Content-Length": "18",
        },
    )
    HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={"test-key-ed25519": key}),
    ).sign(
        call,
        key_id="test-key-ed25519",
        created=datetime.fromtimestamp(1618884473, UTC),
        label="sig-b26",
        include_alg=False,
        covered_component_ids=(
            "date", "@method", "@path", "@authority", "content-type", "content-length",
        ),
    )  # fmt: skip
    assert call.headers["Signature"] == f"sig-b26=:{RFC_SIGNATURE}:"


def test_the_published_calls_are_signed_byte_for_byte() -> None:
    for vector in VECTORS["signed"]:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
        options = {name: vector[name] for name in ("method", "target_uri", "keyid", "nonce")}
        headers = sign_headers(
            **options,
            key=key,
            body_digest=hashlib.sha256(vector["body"].encode("ascii")).digest(),
            created=datetime.fromtimestamp(vector["created"], UTC),
            content_type=vector["headers"]["Content-Type"],
        )
        assert headers == vector["headers"]
        assert (
            _base(headers, vector["method"], vector["target_uri"]).decode("ascii")
            == (vector["signature_base"])
        )


@pytest.mark.parametrize(
    "change",
    [
        {"method": "POST"},
        {"target_uri": CALL["target_uri"] + "?x=1"},
        {"target_uri": CALL["target_uri"].replace("8443", "8444")},
        {"target_uri": CALL["target_uri"].replace("https", "http")},
        {"target_uri": "no address"},
        {"method": "put"},
    ],
)
def test_another_method_or_address_is_refused(change: dict[str, str]) -> None:
    assert _refusal(_signed(), **change).code == "call.signature"


@pytest.mark.parametrize("name", ["Content-Type", "Content-Digest", "Signature-Input", "Signature"])
def test_a_missing_changed_or_doubled_field_is_refused(name: str) -> None:
    headers = _signed()
    without = {key: value for key, value in headers.items() if key != name}
    for changed in (
        without,
        headers | {name: ""},
        headers | {name: headers[name] + "x"},
        headers | {name: "x" * 3000},
        headers | {name.lower(): headers[name]},
    ):
        assert _refusal(changed).code == "call.signature"


def test_the_body_of_another_call_does_not_fit() -> None:
    other = hashlib.sha256(b"other bytes").digest()
    headers = _signed() | {"Content-Digest": _signed(body_digest=other)["Content-Digest"]}
    assert _refusal(headers).code == "call.signature"


def test_names_of_fields_are_compared_without_case_and_others_are_ignored() -> None:
    headers = {name.lower(): value for name, value in _signed().items()}
    assert _verify(headers | {"user-agent": "x", "date": "never"}).nonce == NONCE


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_clock_within_the_tolerance_is_accepted(seconds: int) -> None:
    created = NOW + timedelta(seconds=seconds)
    assert _verify(_signed(created=created)).created == created


@pytest.mark.parametrize("seconds", [-301, 301, -7200, 10**9])
def test_an_old_or_a_future_call_is_refused_and_says_by_how_much(seconds: int) -> None:
    refusal = _refusal(_signed(created=NOW + timedelta(seconds=seconds)))
    assert (refusal.code, refusal.facts) == ("call.skew", {"seconds": seconds})


def test_an_unknown_key_and_a_wrong_key_are_refused() -> None:
    assert _refusal(_signed(keyid="stranger")).code == "call.unknown_key"
    assert _refusal(_signed(key=OTHER)).code == "call.signature"
    assert _refusal(_signed(keyid="other")).code == "call.signature"


@pytest.mark.parametrize(
    "params",
    [
        GOOD_PARAMS.replace(f";created={int(NOW.timestamp())}", ""),
        GOOD_PARAMS.replace(f"created={int(NOW.timestamp())}", "created=999999999999999"),
        GOOD_PARAMS.replace(f"created={int(NOW.timestamp())}", 'created="now"'),
        GOOD_PARAMS.replace(f"created={int(NOW.timestamp())}", "created=?1"),
        GOOD_PARAMS.replace(f';nonce="{NONCE}"', ""),
        GOOD_PARAMS.replace(NONCE, "short"),
        GOOD_PARAMS.replace(NONCE, "x" * 65),
        GOOD_PARAMS.replace(NONCE, "has spaces in it, it has"),
        GOOD_PARAMS.replace(';keyid="kyiv.example:http-1"', ""),
        GOOD_PARAMS.replace("comity/1", "comity/2"),
        GOOD_PARAMS.replace(';tag="comity/1"', ""),
        GOOD_PARAMS + ';alg="hmac-sha256"',
        GOOD_PARAMS + f";expires={int(NOW.timestamp()) + 60}",
        GOOD_PARAMS + ";colour=1",
    ],
)
def test_odd_parameters_are_refused_though_rightly_signed(params: str) -> None:
    assert _refusal(_resigned(params)).code == "call.signature"


def test_the_algorithm_may_be_named() -> None:
    assert _verify(_resigned(GOOD_PARAMS + ';alg="ed25519"')).nonce == NONCE


@pytest.mark.parametrize(
    "digest",
    [
        "sha-512=:" + base64.b64encode(bytes(64)).decode("ascii") + ":",
        "sha-256=:" + base64.b64encode(bytes(31)).decode("ascii") + ":",
        "sha-256=:" + base64.b64encode(bytes(32)).decode("ascii") + ":, sha-512=:AA==:",
        "md5=:AAAA:",
        "",
    ],
)
def test_another_digest_is_refused_though_rightly_signed(digest: str) -> None:
    assert _refusal(_resigned(GOOD_PARAMS, **{"Content-Digest": digest})).code == "call.signature"


def test_a_signature_that_covers_less_is_refused() -> None:
    headers = _signed()
    for components in ('("@method" "@target-uri" "content-type")', '("@method")', "()"):
        values = {
            "@method": CALL["method"],
            "@target-uri": CALL["target_uri"],
            "content-type": headers["Content-Type"],
        }
        lines = [f'"{n}": {v}' for n, v in values.items() if f'"{n}"' in components]
        base = "\n".join([*lines, f'"@signature-params": {components}{GOOD_PARAMS}'])
        signature = base64.b64encode(KEY.sign(base.encode("ascii"))).decode("ascii")
        changed = headers | {
            "Signature-Input": f"comity={components}{GOOD_PARAMS}",
            "Signature": f"comity=:{signature}:",
        }
        assert _refusal(changed).code == "call.signature"


def test_two_signatures_of_this_protocol_are_refused() -> None:
    headers = _signed()
    doubled = headers | {
        name: f"{headers[name]}, {headers[name].replace('comity=', 'second=', 1)}"
        for name in ("Signature-Input", "Signature")
    }
    assert _refusal(doubled).code == "call.signature"


def test_a_signature_of_a_proxy_beside_ours_does_not_disturb() -> None:
    headers = _signed()
    beside = headers | {
        "Signature-Input": headers["Signature-Input"] + ', proxy=("@method");created=1;keyid="p"',
        "Signature": headers["Signature"] + ", proxy=:AAAA:",
    }
    assert _verify(beside).nonce == NONCE


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "short"},
        {"nonce": 'a"b' * 8},
        {"body_digest": b"short"},
        {"created": NOW.replace(tzinfo=None)},
        {"method": "put"},
        {"target_uri": "/x/1/ping"},
        {"content_type": "a\nb"},
    ],
)
def test_what_would_be_refused_is_not_signed(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of form"):
        _signed(**change)


FIELD = st.text(st.characters(min_codepoint=1, max_codepoint=0x2FF), max_size=80)
GOOD = _signed()


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["Content-Type", "Content-Digest", "Signature-Input", "Signature"]),
        FIELD
        | FIELD.map(lambda text: f"comity={text}")
        | FIELD.map(lambda text: f'comity=("@method");{text};tag="comity/1"')
        | FIELD.map(lambda text: f"comity=:{text}:"),
        min_size=1,
    ),
    st.booleans(),
)
def test_rubbish_is_untrusted_and_nothing_else(rubbish: dict[str, str], whole: bool) -> None:
    headers = (GOOD | rubbish) if whole else rubbish
    if headers != GOOD:
        _refusal(headers)


@settings(max_examples=300)
@given(st.data())
def test_a_mutated_field_is_untrusted_and_nothing_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(GOOD)))
    value = GOOD[name]
    start = data.draw(st.integers(0, len(value)))
    end = data.draw(st.integers(start, min(start + 8, len(value))))
    changed = value[:start] + data.draw(st.text(max_size=6)) + value[end:]
    try:
        assert _verify(GOOD | {name: changed}) == _verify(GOOD)  # white space around a field
    except Untrusted:
        return
    assert changed.strip(" \t") == value or name in {"Signature-Input", "Signature"}
