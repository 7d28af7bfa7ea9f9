"""Certificates: what each kind may do, judged by openssl too; paths and validity."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from comity.core.certificates import (
    Kind,
    fingerprint,
    is_valid_at,
    leads_to,
    load_certificate,
    load_certificates,
    load_der,
    make_ca,
    make_certificate,
)
from comity.core.errors import Untrusted

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CA = make_ca("Tokyo authority", NOW, 365)


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [
        (Kind.SEAL, "smimesign"),
        (Kind.OFFICER, "smimesign"),
        (Kind.TLS_SERVER, "sslserver"),
        (Kind.TLS_CLIENT, "sslclient"),
        (Kind.TSA, "timestampsign"),
    ],
)
def test_openssl_accepts_each_kind_for_its_purpose(
    kind: Kind, purpose: str, tmp_path: Path
) -> None:
    pair = make_certificate(CA, "tokyo.example", kind, ["tokyo.example", "127.0.0.1"], NOW, 30)
    (tmp_path / "ca.pem").write_bytes(CA.certificate_pem)
    (tmp_path / "leaf.pem").write_bytes(pair.certificate_pem)

    result = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-purpose", purpose),
            *("-attime", str(int(NOW.timestamp())), "-CAfile", "ca.pem", "leaf.pem"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


def test_the_key_belongs_to_the_certificate_and_hosts_are_named() -> None:
    pair = make_certificate(CA, "tokyo.example", "tls_server", ["tokyo.example", "::1"], NOW, 30)
    certificate = load_certificate(pair.certificate_pem)
    key = load_pem_private_key(pair.key_pem, None)

    assert key.public_key() == certificate.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["tokyo.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["::1"]


def test_a_certificate_is_valid_between_its_days_and_not_beyond() -> None:
    certificate = load_certificate(CA.certificate_pem)
    assert is_valid_at(certificate, NOW)
    assert not is_valid_at(certificate, NOW - timedelta(minutes=6))
    assert not is_valid_at(certificate, NOW + timedelta(days=365, seconds=1))


def test_a_path_leads_to_a_pin_or_an_authority_and_to_nobody_else() -> None:
    leaf = load_certificate(make_certificate(CA, "x", "seal", [], NOW, 30).certificate_pem)
    other = load_certificate(make_certificate(CA, "x", "seal", [], NOW, 30).certificate_pem)
    root = load_certificate(CA.certificate_pem)
    namesake = load_certificate(make_ca("Tokyo authority", NOW, 365).certificate_pem)

    assert leads_to(leaf, others=[], trusted=[leaf], at=NOW)
    assert leads_to(leaf, others=[], trusted=[namesake, root], at=NOW)
    assert not leads_to(leaf, others=[root], trusted=[namesake], at=NOW)
    assert not leads_to(leaf, others=[root], trusted=[other], at=NOW)
    assert not leads_to(leaf, others=[], trusted=[], at=NOW)
    assert not leads_to(leaf, others=[], trusted=[root], at=NOW + timedelta(days=31))


def test_a_leaf_cannot_issue() -> None:
    leaf = make_certificate(CA, "middle", "seal", [], NOW, 30)
    forged = make_certificate(leaf, "forged", "seal", [], NOW, 30)
    root = load_certificate(CA.certificate_pem)
    between = load_certificate(leaf.certificate_pem)
    assert not leads_to(
        load_certificate(forged.certificate_pem), others=[between], trusted=[root], at=NOW
    )


def test_a_fingerprint_is_what_openssl_says(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CA.certificate_pem)
    shown = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", tmp_path / "ca.pem"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    mine = fingerprint(load_certificate(CA.certificate_pem))
    assert shown.strip().split("=")[1].replace(":", "").lower() == mine


@given(st.binary(max_size=300))
def test_rubbish_is_untrusted_and_nothing_else(data: bytes) -> None:
    wrapped = b"-----BEGIN CERTIFICATE-----\n" + data + b"\n-----END CERTIFICATE-----\n"
    for candidate in (data, wrapped):
        with pytest.raises(Untrusted):
            load_certificates(candidate)
    with pytest.raises(Untrusted):
        load_der(data)


def test_one_certificate_means_one() -> None:
    with pytest.raises(Untrusted):
        load_certificate(CA.certificate_pem * 2)
