"""Pages of the ledger: looks are recorded, actors are named, growth is proved to an outsider."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.exchange.actions import own_descriptor
from comity.ledger import actions
from comity.ledger.models import Entry
from tests.ledger.test_ledger import sequence, write
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(officer) -> tuple[Officer, Client]:
    made = officer(Role.AUDITOR, name="Petro Vorona")
    give_second_step(made)
    client = Client(headers={"accept-language": "en"})
    client.force_login(made)
    return made, client


def looks(part: str) -> int:
    rows = Entry.objects.filter(kind="access.looked").select_related("committed")
    return sum(row.committed.as_mapping()["part"] == part for row in rows)


def test_reading_the_ledger_is_a_look_and_reading_ones_own_part_is_not(auditor) -> None:
    who, client = auditor
    write(2)
    with transaction.atomic():
        actions.append(who, "test.done", who.subject)
    sequence()
    client.get(reverse("ledger"))
    assert looks("list.ledger") == 1
    for name in ("ledger_entry", "ledger_body", "ledger_proof"):
        client.get(reverse(name, args=[1]))
    assert looks("ledger") == 3
    own = Entry.objects.get(actor=who.actor_id, kind="test.done")
    page = client.get(reverse("ledger_entry", args=[own.index])).content.decode()
    assert looks("ledger") == 3
    assert "Petro Vorona" in page
    assert client.get(reverse("own_entries")).status_code == 200
    assert looks("list.ledger") == 1


def test_the_list_asks_as_often_for_many_entries_as_for_few(
    auditor, django_assert_max_num_queries
) -> None:
    _who, client = auditor
    write(60)
    sequence()
    client.get(reverse("ledger"))
    with django_assert_max_num_queries(25):
        page = client.get(reverse("ledger"))
    assert page.status_code == 200


def test_whoever_kept_a_checkpoint_proves_offline_that_the_ledger_only_grew(
    auditor, tmp_path: Path
) -> None:
    _who, client = auditor
    write(7)
    sequence()
    size = actions.size()
    kept = tmp_path / "checkpoint.txt"
    kept.write_bytes(client.get(reverse("ledger_checkpoint", args=[size])).content)
    write(300)
    sequence()
    proof = tmp_path / "growth.txt"
    proof.write_bytes(client.get(reverse("ledger_growth"), {"since": str(size)}).content)
    (tmp_path / "node.jws").write_text(own_descriptor(), "ascii")
    command = [
        sys.executable, "-m", "comity.verify", str(proof), "--since", str(kept), "--trust",
        str(tmp_path / "node.jws"), "--json",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "SEALED")
    changed = bytearray(proof.read_bytes())
    changed[30] = ord("A") if changed[30] != ord("A") else ord("B")
    proof.write_bytes(changed)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "FAILED")


@pytest.mark.parametrize("since", ["", "x", "-1", "10000", "9" * 30, "٣"])
def test_a_size_that_never_was_is_answered_in_words(auditor, since: str) -> None:
    _who, client = auditor
    write(3)
    sequence()
    page = client.get(reverse("ledger_growth"), {"since": since}, follow=True)
    assert "No checkpoint of the ledger has this number of entries" in page.content.decode()
