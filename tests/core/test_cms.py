"""CAdES signatures: accepted by openssl and pyHanko, refused when anything is changed."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import algos
from asn1crypto import cms as asn1_cms
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign import signers
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko_certvalidator.registry import SimpleCertificateStore

from comity.core import cms, signed_data
from comity.core.certificates import load_certificate, make_ca, make_certificate
from comity.core.errors import Untrusted

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CA = make_ca("Kyiv authority", NOW, 365)
PAIR = make_certificate(CA, "kyiv.example", "seal", [], NOW, 100)
CONTENT = b"the list of all files"
SIGNATURE = cms.sign_detached(CONTENT, PAIR.key_pem, PAIR.certificate_pem, None, NOW)


def verified(signature: bytes = SIGNATURE, content: bytes = CONTENT) -> cms.Signer:
    return cms.verify_detached(content, signature, [PAIR.certificate_pem], NOW)


def refusal(signature: bytes, content: bytes = CONTENT) -> str:
    with pytest.raises(Untrusted) as caught:
        verified(signature, content)
    return caught.value.code


def test_a_signature_names_its_signer_and_time() -> None:
    signer = verified()

    assert signer.trusted
    assert signer.subject == "CN=kyiv.example"
    assert signer.signing_time == NOW
    assert signer.timestamp is None


def test_an_unknown_signer_is_told_from_a_wrong_signature() -> None:
    signer = cms.verify_detached(CONTENT, SIGNATURE, [], NOW)
    assert (signer.trusted, signer.doubt) == (False, "unknown")
    assert refusal(SIGNATURE, CONTENT + b"!") == "cms.digest_mismatch"


@pytest.mark.parametrize("options", [["-cades"], []])
def test_openssl_verifies_it(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(SIGNATURE)
    (tmp_path / "c").write_bytes(CONTENT)
    (tmp_path / "ca.pem").write_bytes(CA.certificate_pem)
    result = subprocess.run(
        [
            *("openssl", "cms", "-verify", *options, "-binary", "-inform", "DER", "-in", "s"),
            *("-content", "c", "-CAfile", "ca.pem", "-attime", str(int(NOW.timestamp()))),
        ],
        cwd=tmp_path,
        capture_output=True,
    )
    assert (result.returncode, result.stdout) == (0, CONTENT), result.stderr


def test_pyhanko_verifies_it() -> None:
    info = asn1_cms.ContentInfo.load(SIGNATURE)["content"]
    intact, valid = validate_sig_integrity(
        info["signer_infos"][0],
        signed_data.certificate_from_pem(PAIR.certificate_pem),
        expected_content_type="data",
        actual_digest=hashlib.sha256(CONTENT).digest(),
    )
    assert (intact, valid) == (True, True)


def test_what_pyhanko_signs_is_verified() -> None:
    certificate = signed_data.certificate_from_pem(PAIR.certificate_pem)
    key = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"],
        input=PAIR.key_pem,
        capture_output=True,
        check=True,
    ).stdout
    signer = signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=signers.pdf_cms.keys.PrivateKeyInfo.load(key),
        cert_registry=SimpleCertificateStore(),
    )
    made = asyncio.run(signer.async_sign_general_data(CONTENT, "sha256", use_cades=True))
    assert verified(made.dump()).trusted


def test_openssl_signatures_without_attributes_are_refused(tmp_path: Path) -> None:
    for name, data in {"k": PAIR.key_pem, "c": PAIR.certificate_pem, "d": CONTENT}.items():
        (tmp_path / name).write_bytes(data)
    base = ["openssl", "cms", "-sign", "-binary", "-outform", "DER", "-in", "d"]
    keys = ["-signer", "c", "-inkey", "k"]
    for options, code in {
        ("-noattr",): "cms.no_attributes",
        (): "cms.certificate_not_bound",
        ("-cades", "-nodetach"): "cms.malformed",
        ("-cades", "-nocerts"): "cms.certificate_missing",
        ("-cades", "-md", "sha1"): "cms.algorithm",
    }.items():
        command = [*base, *keys, *options]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
        assert refusal(made) == code, options
    command = [*base, *keys, "-cades"]
    good = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout
    assert verified(good).trusted


def test_two_signers_are_refused() -> None:
    info = asn1_cms.ContentInfo.load(SIGNATURE)
    only = info["content"]["signer_infos"][0]
    info["content"]["signer_infos"] = [only, only.copy()]
    assert refusal(info.dump(force=True)) == "cms.signers"


def test_a_weaker_algorithm_beside_the_right_digest_is_refused() -> None:
    info = asn1_cms.ContentInfo.load(SIGNATURE)
    info["content"]["signer_infos"][0]["signature_algorithm"] = algos.SignedDigestAlgorithm(
        {"algorithm": "sha512_ecdsa"}
    )
    assert refusal(info.dump(force=True)) == "cms.algorithm"


def test_a_certificate_of_the_same_key_does_not_pass_for_the_signers() -> None:
    info = asn1_cms.ContentInfo.load(SIGNATURE)
    other = make_certificate(CA, "tokyo.example", "seal", [], NOW, 100)
    info["content"]["certificates"] = [signed_data.certificate_from_pem(other.certificate_pem)]
    assert refusal(info.dump(force=True)) == "cms.certificate_missing"


def test_a_certificate_for_a_server_seals_nothing() -> None:
    ca = make_ca("x", NOW, 10)
    signature = cms.sign_detached(CONTENT, ca.key_pem, ca.certificate_pem, None, NOW)
    signer = cms.verify_detached(CONTENT, signature, [ca.certificate_pem], NOW)
    assert (signer.trusted, signer.doubt) == (False, "wrong_usage")
    assert load_certificate(signer.certificate_pem) == load_certificate(ca.certificate_pem)


def test_no_byte_can_be_changed() -> None:
    for position in range(len(SIGNATURE)):
        data = bytearray(SIGNATURE)
        data[position] ^= 1
        refusal(bytes(data))


@settings(max_examples=300)
@given(st.binary(max_size=200), st.integers(0, len(SIGNATURE) - 1))
def test_rubbish_is_untrusted_and_nothing_else(data: bytes, cut: int) -> None:
    for candidate in (data, SIGNATURE[:cut], b"\x30\x80" * 500 + data):
        with pytest.raises(Untrusted):
            verified(candidate)
