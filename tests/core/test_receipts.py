"""Receipts: signed statements that chain, and nothing else."""

import base64
import json
import subprocess
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import canonical
from comity.core.certificates import make_ca, make_certificate
from comity.core.errors import Untrusted
from comity.core.sealing import jws, receipts
from comity.core.sealing.receipts import Event, Receipt

NOW = datetime(2026, 11, 25, 10, 0, 0, 250_000, tzinfo=UTC)
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/exchange/receipts.json").read_text("ascii")
)
CA = make_ca("Tokyo test authority", NOW, 30)


def _seal_key(name: str) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    key_pem, certificate_pem = make_certificate(CA, name, "seal", [], NOW, 20)
    key = load_pem_private_key(key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, certificate_pem


KEY, CERTIFICATE = _seal_key("tokyo.example")
OTHER_KEY, OTHER_CERTIFICATE = _seal_key("osaka.example")
RECEIPT = Receipt(
    receipt_id=uuid.UUID("019397c2-5a00-7000-8000-00000000000a"),
    message_id=uuid.UUID("019397c2-5a00-7000-8000-000000000001"),
    event=Event.RELAYED,
    container_sha256="a" * 64,
    sealed_sha256="b" * 64,
    at=NOW,
    actor_role="node",
    node_id="tokyo.example",
    prev="",
    head_size=12,
    head_root="c" * 64,
    details={"reason": "none", "expected_on": "2026-12-24"},
)


def _sign(receipt: Receipt) -> str:
    return receipts.sign(receipt, key=KEY, certificate_pem=CERTIFICATE)


def _raw(payload: bytes, **header: object) -> str:
    """Sign anything at all with the right key."""
    thumbprint = jws.thumbprint(jws.load_pem(CERTIFICATE))
    return jws.sign(payload, {"typ": receipts.TYPE, "x5t#S256": thumbprint} | header, KEY)


def _payload(text: str) -> dict[str, Any]:
    found: dict[str, Any] = canonical.decode(jws.split(text, "receipt").payload)
    return found


def _refusal(text: str, certificate: bytes = CERTIFICATE) -> Untrusted:
    with pytest.raises(Untrusted) as refusal:
        receipts.verify(text, certificate)
    return refusal.value


@pytest.mark.parametrize("event", list(Event))
def test_a_receipt_comes_back_as_it_was_signed(event: Event) -> None:
    receipt = replace(RECEIPT, event=event)
    found = receipts.verify(_sign(receipt), CERTIFICATE)
    assert found == receipt
    assert isinstance(found.event, Event)


def test_the_certificate_may_be_text() -> None:
    text = receipts.sign(RECEIPT, key=KEY, certificate_pem=CERTIFICATE.decode("ascii"))
    assert receipts.verify(text, CERTIFICATE.decode("ascii")) == RECEIPT


def test_openssl_verifies_the_signature(tmp_path: Path) -> None:
    text = _sign(RECEIPT)
    signed, _, signature = text.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    (tmp_path / "signed").write_bytes(signed.encode("ascii"))
    (tmp_path / "signature").write_bytes(der)
    public = x509.load_pem_x509_certificate(CERTIFICATE).public_key()
    (tmp_path / "key.pem").write_bytes(
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    ran = subprocess.run(
        [
            "openssl", "dgst", "-sha256", "-verify", tmp_path / "key.pem",
            "-signature", tmp_path / "signature", tmp_path / "signed",
        ],
        capture_output=True,
        check=False,
    )  # fmt: skip
    assert ran.stdout == b"Verified OK\n"


def test_a_receipt_of_another_certificate_is_refused() -> None:
    assert _refusal(_sign(RECEIPT), OTHER_CERTIFICATE).code == "receipt.other_certificate"


def test_a_receipt_signed_by_another_key_is_refused() -> None:
    text = receipts.sign(RECEIPT, key=OTHER_KEY, certificate_pem=CERTIFICATE)
    assert _refusal(text).code == "receipt.signature"


def test_every_changed_character_is_refused() -> None:
    text = _sign(RECEIPT)
    for at in range(len(text)):
        _refusal(text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :])


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "comity-descriptor+jws"},
        {"typ": "JWT"},
        {"kid": "tokyo"},
        {"crit": ["exp"], "exp": 1},
        {"b64": False, "crit": ["b64"]},
        {"x5t#S256": 5},
        {"jwk": {}},
    ],
)
def test_another_header_is_refused(header: dict[str, object]) -> None:
    thumbprint = jws.thumbprint(jws.load_pem(CERTIFICATE))
    protected = {"alg": "ES256", "typ": receipts.TYPE, "x5t#S256": thumbprint} | header
    _, payload, signature = _sign(RECEIPT).split(".")
    encoded = base64.urlsafe_b64encode(canonical.encode(protected)).decode("ascii").rstrip("=")
    _refusal(f"{encoded}.{payload}.{signature}")


def test_no_signature_is_no_algorithm() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode("ascii").rstrip("=")
    payload = _sign(RECEIPT).split(".")[1]
    assert _refusal(f"{header}.{payload}.").code == "receipt.malformed"


def test_padding_spaces_and_further_parts_are_refused() -> None:
    text = _sign(RECEIPT)
    for changed in (
        f"{text}==",
        f"{text}\n",
        f" {text}",
        f"{text}.",
        f"{text}é",
        "",
        "..",
        "a.b.c",
    ):
        _refusal(changed)


ODD = [
    ("receipt_id", "7"),
    ("message_id", None),
    ("event", "E6"),
    ("event", ["E1"]),
    ("event", "E1\n"),
    ("container_sha256", "a" * 63),
    ("sealed_sha256", None),
    ("at", "2026-11-25T10:00:00.25Z"),
    ("at", 1_764_064_800),
    ("actor_role", "Olena Koval"),
    ("node_id", "tokyo example"),
    ("prev", "x"),
    ("head_size", -1),
    ("head_size", True),
    ("head_root", ""),
    ("details", []),
    ("details", {"reason": "the witness moved away"}),
    ("details", {"Reason why": "x"}),
    ("details", {"reason": 5}),
    ("details", {f"n{number}": "x" for number in range(21)}),
    ("more", 1),
]


@pytest.mark.parametrize(("name", "value"), ODD)
def test_an_odd_member_is_untrusted_though_rightly_signed(name: str, value: object) -> None:
    payload = _payload(_sign(RECEIPT)) | {name: value}
    assert _refusal(_raw(canonical.encode(payload))).code == "receipt.field"


def test_another_spelling_is_untrusted_though_rightly_signed() -> None:
    payload = json.dumps(_payload(_sign(RECEIPT))).encode("ascii")
    assert _refusal(_raw(payload)).code == "canonical.not_canonical"


def test_what_verify_would_refuse_is_not_signed() -> None:
    for receipt in (
        replace(RECEIPT, actor_role="Prosecutor Koval"),
        replace(RECEIPT, details={"reason": "she moved to Lviv"}),
        replace(RECEIPT, at=NOW.replace(tzinfo=None)),
        replace(RECEIPT, head_root=""),
    ):
        with pytest.raises(ValueError, match=r"receipt|aware"):
            _sign(receipt)


def _chain(length: int) -> list[str]:
    texts: list[str] = []
    for number in range(length):
        receipt = replace(
            RECEIPT,
            receipt_id=uuid.UUID(int=number),
            at=NOW + timedelta(seconds=number),
            prev=receipts.digest(texts[-1]) if texts else "",
            head_size=number,
        )
        texts.append(_sign(receipt))
    return texts


def test_a_whole_chain_holds() -> None:
    found = receipts.check_chain(_chain(4), CERTIFICATE)
    assert [receipt.head_size for receipt in found] == [0, 1, 2, 3]
    assert receipts.check_chain([], CERTIFICATE) == []


def test_a_missing_moved_or_repeated_receipt_breaks_the_chain() -> None:
    one, two, three, four = _chain(4)
    for texts, position in (
        ([two, three], 0),
        ([one, three], 1),
        ([one, three, two], 1),
        ([one, two, two], 2),
        ([one, two, four], 2),
    ):
        with pytest.raises(Untrusted) as refusal:
            receipts.check_chain(texts, CERTIFICATE)
        assert refusal.value.facts == {"position": position}


def test_a_ledger_that_shrank_breaks_the_chain() -> None:
    first = _sign(RECEIPT)
    second = _sign(replace(RECEIPT, prev=receipts.digest(first), head_size=11))
    with pytest.raises(Untrusted) as refusal:
        receipts.check_chain([first, second], CERTIFICATE)
    assert refusal.value.code == "receipt.chain"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
GOOD = _payload(_sign(RECEIPT))


@settings(max_examples=200)
@given(
    st.one_of(
        st.text(max_size=120),
        st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,90}", fullmatch=True), max_size=4).map(".".join),
        JSON.map(lambda value: _raw(canonical.encode(value))),
        st.binary(max_size=40).map(_raw),
        st.builds(
            lambda name, value: _raw(canonical.encode(GOOD | {name: value})),
            st.sampled_from(list(GOOD)),
            JSON,
        ),
    )
)
def test_rubbish_is_untrusted_and_nothing_else(rubbish: str) -> None:
    try:
        receipt = receipts.verify(rubbish, CERTIFICATE)
    except Untrusted:
        return
    assert _payload(rubbish) == _payload(_sign(receipt))


def test_the_published_receipts_verify_as_a_chain() -> None:
    found = receipts.check_chain(VECTORS["chain"], VECTORS["certificate"])
    assert [receipt.event for receipt in found] == ["E1", "E2", "E3", "E4", "E5"]
    assert [receipts.digest(text) for text in VECTORS["chain"]] == VECTORS["digests"]
    assert found[0].at == datetime(2026, 11, 25, 10, tzinfo=UTC)


def test_the_published_broken_receipts_are_refused() -> None:
    for vector in VECTORS["refused"]:
        refusal = _refusal(vector["text"], VECTORS["certificate"].encode("ascii"))
        assert refusal.code == vector["code"], vector["what"]
