"""What `comity check` says of certificates that end."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from comity.core import keyring
from comity.exchange.models import Partner
from comity.exchange.rules import PartnerStatus
from comity.node import checks
from tests.exchange.other_node import OtherNode
from tests.node.running import run

TLS_LASTS = timedelta(days=825)


def keys_of(folder: Path, ago: timedelta) -> Path:
    """The keys of a node that was made so long ago."""
    made_at = datetime.now(UTC) - ago
    keyring.create(folder, node_id="kyiv.test.example", hosts=["localhost"], now=made_at)
    return folder


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=91), set()),
        (timedelta(days=89), {("comity.W005", "tls.pem"), ("comity.W005", "tls-client.pem")}),
        (timedelta(days=-1), {("comity.E005", "tls.pem"), ("comity.E005", "tls-client.pem")}),
    ],
)
def test_the_end_of_own_certificates_is_told_ninety_days_before(
    tmp_path: Path, settings: LazySettings, left: timedelta, expected: set[tuple[str, str]]
) -> None:
    settings.COMITY_KEYS = keys_of(tmp_path / "keys", TLS_LASTS - left)
    found = checks.certificates_last(None)
    assert {(each.id, each.msg.split()[2]) for each in found} == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("status", "said"), [(PartnerStatus.ACTIVE, True), (PartnerStatus.REVOKED, False)]
)
def test_the_end_of_a_partners_certificates_is_told_while_it_is_connected(
    tmp_path: Path, status: PartnerStatus, said: bool
) -> None:
    folder = keys_of(tmp_path / "tokyo", timedelta(days=1095 - 30))
    tokyo = OtherNode("tokyo.test.example", keyring.Keyring(folder))
    text = tokyo.descriptor()
    Partner.objects.create(
        node_id=tokyo.node_id, state="JP", descriptor=text, fingerprint=tokyo.fingerprint,
        http_keyid="tokyo", status=status,
    )  # fmt: skip
    found = [f"{each.id} {each.msg}" for each in checks.certificates_last(None)]
    assert any("W005" in each and "seal of tokyo.test.example" in each for each in found) is said


def test_an_ended_certificate_fails_the_check_and_keeps_nothing_from_starting(
    made: Path, tmp_path: Path
) -> None:
    node = tmp_path / "node"
    shutil.copytree(made, node)
    old = keys_of(tmp_path / "old", TLS_LASTS + timedelta(days=1))
    shutil.copy(old / "tls.pem", node / "keys/tls.pem")
    checked = run("check", home=node)
    assert checked.returncode == 1
    assert "comity.E005" in checked.stderr
    assert "tls.pem ended on" in checked.stderr
    assert run("worker", "--once", home=node).returncode == 0
