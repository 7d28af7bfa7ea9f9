"""Revocation lists by `openssl ca`: whose they are, and what they say of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from comity.core import certificates, ocsp, revocation
from comity.core.errors import Untrusted
from tests.core.revoking_ca import RevokingCa

ADDRESS = "http://127.0.0.1:9/ca.crl"
DAY = timedelta(days=1)


def pem(ca: RevokingCa, name: str) -> x509.Certificate:
    return certificates.load_certificate((ca.folder / name).read_bytes())


def now() -> datetime:
    return datetime.now(UTC)


def test_the_address_is_read_from_the_certificate(tmp_path: Path) -> None:
    assert revocation.addresses(pem(RevokingCa(tmp_path / "a", ADDRESS), "tsa.pem")) == [ADDRESS]
    assert revocation.addresses(pem(RevokingCa(tmp_path / "b"), "tsa.pem")) == []
    other = RevokingCa(tmp_path / "c", "ldap://directory.example/cn=list")
    assert revocation.addresses(pem(other, "tsa.pem")) == []


def test_a_list_is_believed_only_from_its_issuer(tmp_path: Path) -> None:
    ours, theirs = RevokingCa(tmp_path / "a"), RevokingCa(tmp_path / "b")  # roots of one name
    found = revocation.read(ours.listed())
    leaf = pem(ours, "tsa.pem")
    assert found.speaks_of(leaf, pem(ours, "ca.pem"))
    assert not found.speaks_of(leaf, pem(theirs, "ca.pem"))
    assert not found.speaks_of(leaf, leaf)
    assert revocation.read((ours.folder / "list.pem").read_bytes()).der == found.der


def test_no_list_is_malformed(tmp_path: Path) -> None:
    whole = RevokingCa(tmp_path).listed()
    for data in (b"", b"<html>", whole[:-9], b"-----BEGIN X509 CRL-----"):
        with pytest.raises(Untrusted, match=r"revocation\.malformed"):
            revocation.read(data)


@pytest.mark.parametrize(
    ("reason", "good_before"),
    [("", False), ("keyCompromise", False), ("CACompromise", False), ("superseded", True),
     ("cessationOfOperation", True), ("affiliationChanged", True)],
)  # fmt: skip
def test_what_was_stamped_before_a_revocation_depends_on_its_reason(
    tmp_path: Path, reason: str, good_before: bool
) -> None:
    ca = RevokingCa(tmp_path)
    leaf = pem(ca, "tsa.pem")
    before = revocation.read(ca.listed())
    assert not revocation.revoked_for(before, leaf, now())
    ca.revoke(reason)
    after = revocation.read(ca.listed())
    assert revocation.revoked_for(after, leaf, now() + DAY)
    assert revocation.revoked_for(after, leaf, now() - DAY) is not good_before


def test_the_first_list_after_a_moment_says_most_about_it(tmp_path: Path) -> None:
    ca, other = RevokingCa(tmp_path / "a"), RevokingCa(tmp_path / "b")
    leaf, issuer = pem(ca, "tsa.pem"), pem(ca, "ca.pem")
    lists = [revocation.read(each.listed()) for each in (ca, other)]
    own = lists[0]
    assert revocation.covering(lists, leaf, issuer, own.this_update - DAY) == own
    assert revocation.covering(lists, leaf, issuer, own.this_update + DAY) == own
    assert revocation.covering(lists[1:], leaf, issuer, own.this_update) is None


# --- a responder's answers ----------------------------------------------------------------------


def asked(ca: RevokingCa, signer: str = "ca") -> ocsp.OcspAnswer:
    question = ocsp.question(pem(ca, "tsa.pem"), pem(ca, "ca.pem"))
    return ocsp.read(ca.answer(question, signer))


def test_a_responder_is_believed_only_for_its_issuer_and_its_certificate(tmp_path: Path) -> None:
    ours, theirs = RevokingCa(tmp_path / "a"), RevokingCa(tmp_path / "b")
    said = asked(ours)
    leaf, issuer = pem(ours, "tsa.pem"), pem(ours, "ca.pem")
    assert said.speaks_of(leaf, issuer)
    assert not said.speaks_of(pem(theirs, "tsa.pem"), pem(theirs, "ca.pem"))
    ours.certify("other", "stamping")
    assert not said.speaks_of(pem(ours, "other.pem"), issuer)
    assert not revocation.revoked_for(said, leaf, now())


def test_only_whom_the_issuer_let_answer_speaks_for_it(tmp_path: Path) -> None:
    ca = RevokingCa(tmp_path)
    leaf, issuer = pem(ca, "tsa.pem"), pem(ca, "ca.pem")
    ca.certify("speaker", "responder")
    assert asked(ca, "speaker").speaks_of(leaf, issuer)
    assert not asked(ca, "tsa").speaks_of(leaf, issuer)


def test_an_answer_that_was_changed_or_is_none_is_not_believed(tmp_path: Path) -> None:
    ca = RevokingCa(tmp_path)
    leaf, issuer = pem(ca, "tsa.pem"), pem(ca, "ca.pem")
    said = asked(ca)
    whole, signed = said.der, said.parsed.tbs_response_bytes
    for place in range(40, len(whole), 13):
        changed = bytearray(whole)
        changed[place] ^= 1
        try:
            believed = ocsp.read(bytes(changed)).speaks_of(leaf, issuer)
        except Untrusted:
            continue
        assert not believed or ocsp.read(bytes(changed)).parsed.tbs_response_bytes == signed
    for data in (b"", b"<html>", bytes.fromhex("30030a0106")):
        with pytest.raises(Untrusted, match=r"revocation\.malformed"):
            ocsp.read(data)


def test_a_responder_says_that_a_certificate_is_revoked(tmp_path: Path) -> None:
    ca = RevokingCa(tmp_path)
    leaf = pem(ca, "tsa.pem")
    ca.revoke("superseded")
    said = asked(ca)
    assert revocation.revoked_for(said, leaf, now() + DAY)
    assert not revocation.revoked_for(said, leaf, now() - DAY)
