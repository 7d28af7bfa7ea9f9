"""Revocation lists by `openssl ca`: whose they are, and what they say of a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from comity.core import certificates, revocation
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
    assert revocation.is_of(found, pem(ours, "ca.pem"))
    assert not revocation.is_of(found, pem(theirs, "ca.pem"))
    assert not revocation.is_of(found, pem(ours, "tsa.pem"))
    assert revocation.read((ours.folder / "list.pem").read_bytes()).der == found.der
    assert found.next_update is not None


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
    issuer = pem(ca, "ca.pem")
    lists = [revocation.read(each.listed()) for each in (ca, other)]
    own = lists[0]
    assert revocation.covering(lists, issuer, own.this_update - DAY) == own
    assert revocation.covering(lists, issuer, own.this_update + DAY) == own
    assert revocation.covering(lists[1:], issuer, own.this_update) is None
