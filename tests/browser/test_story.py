"""The main job by clicking on both nodes, and what stands on the pages when it is done."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from comity.node.demo import letter_text as text
from comity.node.demo.processes import BIN

pytestmark = [pytest.mark.browser, pytest.mark.two_nodes, pytest.mark.slow]
TOKYO = "Ministry of Justice, Tokyo"


def test_a_testimony_becomes_evidence_from_tokyo(told):
    assert told.shared == 6  # what she said, and five files
    assert told.elements > 0
    assert len(told.items) == 2


def test_both_sides_hold_all_five_receipts(told, seats):
    for seat, path in ((seats("kyiv", "prosecutor"), told.letter),):
        seat.open(path)
        held = seat.page.locator("section[aria-labelledby=course] .cm-rec").first
        expect(held.locator(".on")).to_have_count(5)
        expect(held.locator(".off")).to_have_count(0)


def test_what_came_is_an_exhibit_with_its_condition(told, seats):
    seat = seats("kyiv", "second").open(told.case)
    exhibits = seat.page.locator("section[aria-labelledby=exhibits] tbody tr")
    for number in told.items:
        expect(exhibits.filter(has_text=number)).to_contain_text(text.CONDITION["en"])


def test_the_person_is_told_what_went_where(told, seats):
    seat = seats("kyiv", "hub").open(told.person)
    left = seat.page.locator("section[aria-labelledby=left] tbody tr")
    to_tokyo, to_court = left.filter(has_text=TOKYO), left.filter(has_text="Court")
    expect(to_tokyo).to_have_count(1)
    expect(to_tokyo).to_contain_text("Acknowledged")
    expect(to_court).to_have_count(told.shared)  # the package holds everything she gave
    expect(left).to_have_count(1 + told.shared)
    assert told.sheet.read_bytes().startswith(b"%PDF-")


def test_the_signed_letter_is_sound_in_each_language(told):
    assert len(told.documents) == 3
    for path in told.documents.values():
        said = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True)
        assert "Signature is Valid" in said.stdout
        assert "Total document signed" in said.stdout


def test_anyone_verifies_the_package_and_no_changed_byte_passes(told, stage):
    done = verify(told.package, told.trust, stage)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["verdict"] == "SEALED_TIMED_WITNESSED"
    damaged = told.folder / "damaged.asice"
    data = bytearray(told.package.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(bytes(data))
    assert verify(damaged, told.trust, stage).returncode == 1


def verify(package: Path, trust: Path, stage) -> subprocess.CompletedProcess[str]:
    root = next((stage.folder / "tsa").glob("*ca*.pem"))
    command = [str(BIN / "comity-verify"), str(package), "--trust", str(trust)]
    return subprocess.run(
        [*command, "--tsa-root", str(root), "--json"], capture_output=True, text=True
    )


def test_the_ledger_of_each_node_holds(told, stage):
    for place in stage.places:
        assert place.tell("verify_ledger")["entries"] > 0


def test_who_is_not_of_the_team_finds_nothing_and_is_recorded(told, seats):
    stranger = seats.twin(seats("kyiv", "authority"))
    assert stranger.page.goto(stranger.place.pages_url + told.person).status == 404
    stranger = seats.twin(seats("kyiv", "hub"))
    assert stranger.page.goto(stranger.place.pages_url + told.letter).status == 404
    auditor = seats("kyiv", "auditor")
    auditor.waits_for("/ledger/?q=access.refused", "main tbody", "Was refused")


def test_the_browser_had_nothing_to_complain_of(told, seats):
    for seat in seats.taken:
        seat.said_nothing()
