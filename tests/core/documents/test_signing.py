"""PAdES signatures: several on one file, checked by pyHanko and by Poppler's pdfsig."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.certificates import KeyPair, make_ca, make_certificate
from comity.core.documents.letter import render_letter
from comity.core.documents.signing import Stamper, sign_pdf, verify_pdf
from comity.core.errors import Untrusted
from comity.core.timestamps import make_request, token_of
from tests.core.law.invented import LETTER

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)


@pytest.fixture(scope="module")
def ca() -> KeyPair:
    return make_ca("Kyiv root", NOW, 3650)


@pytest.fixture(scope="module")
def iryna(ca: KeyPair) -> KeyPair:
    return make_certificate(ca, "Iryna Koval", "officer", [], NOW, 365)


@pytest.fixture(scope="module")
def seal(ca: KeyPair) -> KeyPair:
    return make_certificate(ca, "Kyiv seal", "seal", [], NOW, 365)


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_letter(LETTER, language="uk", reference="1", created=NOW)


def _sign(pdf: bytes, pair: KeyPair, now: datetime, stamper: Stamper | None = None) -> bytes:
    return sign_pdf(
        pdf,
        key_pem=pair.key_pem,
        cert_pem=pair.certificate_pem,
        stamper=stamper,
        now=now,
        reason_code="letter.approved",
    )


@pytest.fixture(scope="module")
def signed(pdf: bytes, iryna: KeyPair, seal: KeyPair) -> bytes:
    return _sign(_sign(pdf, iryna, NOW), seal, LATER)


def _verify(pdf: bytes, *trusted: bytes, stamp_roots: tuple[bytes, ...] = ()) -> list[object]:
    return list(verify_pdf(pdf, trusted=trusted, stamp_roots=stamp_roots, now=LATER))


def test_two_signatures_hold_on_one_file(signed: bytes, ca: KeyPair) -> None:
    first, second = verify_pdf(signed, trusted=[ca.certificate_pem], stamp_roots=[], now=LATER)

    assert (first.field, second.field) == ("Signature1", "Signature2")
    assert (first.stated_at, second.stated_at) == (NOW, LATER)
    assert first.trusted
    assert second.trusted
    assert "Iryna Koval" in first.subject
    assert first.reason == "letter.approved"


def test_pdfsig_agrees(signed: bytes, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(signed)
    done = subprocess.run(["pdfsig", str(path)], check=False, capture_output=True, text=True)

    assert done.stdout.count("Signature Validation: Signature is Valid.") == 2
    assert done.stdout.count("ETSI.CAdES.detached") == 2
    assert "Total document signed" in done.stdout


def test_the_signed_file_begins_with_the_very_bytes_that_were_rendered(
    pdf: bytes, signed: bytes
) -> None:
    assert signed.startswith(pdf)


def test_a_stranger_is_named_but_not_trusted(signed: bytes) -> None:
    other = make_ca("Another root", NOW, 3650)

    first, _ = verify_pdf(signed, trusted=[other.certificate_pem], stamp_roots=[], now=LATER)
    assert not first.trusted


def test_an_expired_certificate_is_not_trusted(signed: bytes, ca: KeyPair) -> None:
    late = NOW + timedelta(days=400)

    first, _ = verify_pdf(signed, trusted=[ca.certificate_pem], stamp_roots=[], now=late)
    assert not first.trusted


def test_no_name_is_logged(signed: bytes, caplog: pytest.LogCaptureFixture) -> None:
    _verify(signed)

    assert "Koval" not in caplog.text


def test_an_unsigned_file_has_no_signatures(pdf: bytes) -> None:
    assert _verify(pdf) == []


def test_bytes_added_after_the_last_signature_are_found(signed: bytes) -> None:
    with pytest.raises(Untrusted, match=r"pdf\.changed_after_signing"):
        _verify(signed + b"\n% added\n")


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_flipped_bit_anywhere_is_found(signed: bytes, data: st.DataObject) -> None:
    # The unused room behind the CMS is filled with zeros and stands for no content.
    at = data.draw(st.integers(0, len(signed) - 1).filter(lambda n: signed[n] != ord("0")))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(signed)
    changed[at] ^= 1 << bit

    try:
        found = verify_pdf(bytes(changed), trusted=[], stamp_roots=[], now=LATER)
    except Untrusted:
        return
    # A hexadecimal digit may change between upper and lower case and say the same.
    assert changed.lower() == signed.lower()
    assert len(found) == 2


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda rest: b"%PDF-1.7\n" + rest))
@settings(deadline=None)
def test_rubbish_is_untrusted(content: bytes) -> None:
    with pytest.raises(Untrusted):
        _verify(content)
    with pytest.raises(Untrusted):
        sign_pdf(
            content, key_pem=b"", cert_pem=b"", stamper=None, now=NOW, reason_code="letter.approved"
        )


@pytest.fixture(scope="module")
def tsa(ca: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Stamper:
    """A time-stamp authority by `openssl ts`, with certificates valid on this machine's clock."""
    folder = tmp_path_factory.mktemp("tsa")
    pair = make_certificate(STAMP_ROOT, "Time", "tsa", [], CLOCK, 30)
    (folder / "key.pem").write_bytes(pair.key_pem)
    (folder / "cert.pem").write_bytes(pair.certificate_pem)
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(
        "[tsa]\ndefault_tsa=t\n[t]\nserial=serial\nsigner_digest=sha256\n"
        "default_policy=1.2.3.4\ndigests=sha256\nordering=no\ntsa_name=no\n"
        "ess_cert_id_chain=no\ness_cert_id_alg=sha256\n"
    )

    def stamp(digest: bytes) -> bytes:
        (folder / "query.tsq").write_bytes(make_request(digest, None))
        subprocess.run(
            [
                "openssl",
                "ts",
                "-reply",
                "-config",
                "ts.cnf",
                "-queryfile",
                "query.tsq",
                "-signer",
                "cert.pem",
                "-inkey",
                "key.pem",
                "-out",
                "reply.tsr",
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        return token_of((folder / "reply.tsr").read_bytes())

    return stamp


# openssl stamps with the machine's clock, so these certificates are made for it.
CLOCK = datetime.now(UTC)
STAMP_ROOT = make_ca("Time root", CLOCK, 30)


def test_a_stamp_is_checked_against_its_own_roots(pdf: bytes, ca: KeyPair, tsa: Stamper) -> None:
    root = make_ca("Root today", CLOCK, 30)
    pair = make_certificate(root, "Iryna Koval", "officer", [], CLOCK, 30)
    stamped = _sign(pdf, pair, CLOCK, tsa)

    def checked(stamp_root: KeyPair) -> object:
        (found,) = verify_pdf(
            stamped,
            trusted=[root.certificate_pem],
            stamp_roots=[stamp_root.certificate_pem],
            now=CLOCK + timedelta(minutes=1),
        )
        return found.stamped_at

    assert isinstance(checked(STAMP_ROOT), datetime)
    assert checked(ca) is None
