"""The custody report: what it says, in three languages, and what others say of its seal."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings

from comity.accounts.models import Officer
from comity.core.documents.signing import verify_pdf
from comity.core.errors import NotVisible, Untrusted
from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.report import fields_of, recipient_words
from comity.evidence.rules import Fact, Origin
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from tests.evidence.conftest import ACQUIRED_AT, World, damage, stored_path
from tests.evidence.test_handling import record
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db


def told(world: World):
    """An item of which much is stated."""
    how = actions.Acquisition(
        acquired_by="R. Melnyk", acquired_at=ACQUIRED_AT, place="School yard, Verbivka",
        device="Camera 2", method="open-source", legal_authority="Decision 17",
        facts={
            Fact.EARLIER_CUSTODIAN: "Patrol police", Fact.STATED_DIGEST: "ab" * 32,
            Fact.COLLECTOR_CLOCK: "three minutes slow", Fact.SEAL: "UA 17",
            Fact.SEAL_INTACT: "yes", Fact.CHANGES: "switched on",
            Fact.CHANGES_REASON: "to see whether it is locked", Fact.CHANGES_BY: "R. Melnyk",
            Fact.ORIGINATOR_CONTROL: "not passed on", Fact.RETENTION: "until the judgment",
        },
    )  # fmt: skip
    item = world.item(acquisition=how)
    record(
        world, item, "handed_over", 1, counterparty="Laboratory 4", purpose="examination",
        facts={Fact.RECEIPT: "12/2026"},
    )  # fmt: skip
    return item


def text_of(pdf: bytes, path: Path) -> str:
    path.write_bytes(pdf)
    return re.sub(r"\s+", " ", run("pdftotext", "-layout", path, "-"))


def run(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_the_report_says_everything_and_is_sealed(world: World, tmp_path: Path) -> None:
    item = told(world)
    pdf = actions.report_custody(world.prosecutor, item, language="en")
    said = text_of(pdf, tmp_path / "report.pdf")
    for words in (
        item.number, "Custody Report", "R. Melnyk", "School yard, Verbivka", "Camera 2",
        "Decision 17", "Patrol police", "not the same", "three minutes slow", "UA 17",
        "switched on", "not passed on", "until the judgment", "Laboratory 4", "12/2026",
        "unchanged since ingest", "All 4 are what the ledger committed to", "none is missing",
        "this node’s clock", "2026-11-20 10:30:00", "Photo of the crater", "abababab abababab",
        "SHA-256 after as above",
        "kyiv.test.comity.example",
    ):  # fmt: skip
        assert words in said, words
    assert "since acquisition" not in said
    head = ledger.newest_checkpoint()
    assert head is not None
    assert bytes(head.root).hex()[:8] in said.replace(" ", "")
    assert "Signature is Valid" in run("pdfsig", tmp_path / "report.pdf")
    seal = ledger.keyring().seal_certificate_pem
    [signature] = verify_pdf(pdf, trusted=[seal], stamp_roots=[], now=item.created_at)
    assert signature.reason == "custody.reported"
    entry = Entry.objects.get(kind="evidence.custody_reported")
    stated = entry.committed.as_mapping()
    assert stated["report_sha256"] == hashlib.sha256(pdf).hexdigest()
    assert item.custody.filter(event="verified").count() == 1


def test_a_long_custody_fills_its_pages(world: World, tmp_path: Path) -> None:
    item = told(world)
    for _ in range(25):
        actions.verify_item(world.prosecutor, item)
    pdf = actions.report_custody(world.prosecutor, item, language="en")
    said = text_of(pdf, tmp_path / "report.pdf")
    assert said.count("Item verified") == 2 * 26
    assert "Root" in said
    if folder := os.environ.get("COMITY_PICTURES"):
        run("pdftoppm", "-r", 40, "-png", tmp_path / "report.pdf", f"{folder}/long")


def test_a_changed_report_is_seen(world: World, tmp_path: Path) -> None:
    pdf = actions.report_custody(world.prosecutor, world.item(), language="en")
    changed = bytearray(pdf)
    changed[len(pdf) // 3] ^= 1
    (tmp_path / "report.pdf").write_bytes(changed)
    assert "Signature is Valid" not in run("pdfsig", tmp_path / "report.pdf")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("uk", ["незмінні з часу приймання", "Номер пломби", "Передано"]),
        ("ja", ["受入れ以降", "封印番号", "引渡し"]),
        ("en", ["unchanged since ingest", "Seal number", "Handed over"]),
    ],
)
def test_the_report_in_three_languages(
    world: World, tmp_path: Path, language: str, words: list[str]
) -> None:
    pdf = actions.report_custody(world.prosecutor, told(world), language=language)
    said = text_of(pdf, tmp_path / "report.pdf")
    if folder := os.environ.get("COMITY_PICTURES"):
        run("pdftoppm", "-r", 60, "-png", tmp_path / "report.pdf", f"{folder}/report-{language}")
    assert words[0].replace(" ", "") in said.replace(" ", "")


def test_what_was_typed_can_be_left_out(world: World, tmp_path: Path) -> None:
    item = told(world)
    pdf = actions.report_custody(world.prosecutor, item, language="en", with_words=False)
    said = text_of(pdf, tmp_path / "report.pdf")
    for words in ("Melnyk", "Verbivka", "Camera", "Laboratory", "Patrol", "switched", "12/2026"):
        assert words not in said, words
    assert "not the same" in said


def test_officers_are_named_with_their_roles_unless_names_are_left_out(
    world: World, tmp_path: Path
) -> None:
    item = world.item()
    for with_words in (True, False):
        pdf = actions.report_custody(world.prosecutor, item, language="en", with_words=with_words)
        said = text_of(pdf, tmp_path / "report.pdf")
        assert (world.investigator.name in said) is with_words
    assert (world.investigator.actor_id[8:16] in said) is not with_words


def test_codes_consents_and_digests_stand_there_in_words(world: World, tmp_path: Path) -> None:
    item = world.item(b"words to leave out", origin=Origin.PERSON)
    actions.grant_release(
        world.coordinator, item, source_ref="consent:7f340a3f-0000-4000-8000-000000000000",
        recipient="court", purpose="trial", scope="whole", mode="named",
        valid_from=date(2026, 11, 1),
    )  # fmt: skip
    basis = actions.require_release(item, recipient="court", purpose="trial", on=date(2026, 11, 21))
    actions.record_disclosure(
        world.coordinator, item, recipient="court", purpose="trial", basis=basis
    )
    copy = actions.redact(
        both(world, item), item, [actions.Phrase("leave", "Her wish")], title="Copy"
    )
    record = copy.custody.get(event="derived")
    assert ("How", "Redacted copy") in list(fields_of(record, {}))
    left = item.custody.get(event="transferred_out")
    assert ("By what authority", "The person’s consent, valid from Nov. 1, 2026") in list(
        fields_of(left, {})
    )
    left.note = "ab" * 32
    assert ("SHA-256 of the package", "ab" * 32) in list(fields_of(left, {}))


def both(world: World, item: Item) -> Officer:
    """Who may make copies of what came from a person: the case has it too."""
    actions.share_item(world.coordinator, item, kind="case", record=world.case)
    return world.investigator


def test_the_time_stamp_over_the_ledger_stands_in_it(
    world: World, tmp_path: Path, settings: LazySettings, tsa: tuple[str, Path]
) -> None:
    settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [tsa[0]], [tsa[1]]
    item = world.item()
    pdf = actions.report_custody(world.prosecutor, item, language="en")
    said = text_of(pdf, tmp_path / "report.pdf")
    assert "Time-stamp over it (UTC) 20" in said
    seal = ledger.keyring().seal_certificate_pem
    roots = [tsa[1].read_bytes()]
    [signature] = verify_pdf(pdf, trusted=[seal], stamp_roots=roots, now=item.created_at)
    assert signature.stamped_at is not None


def test_a_custody_that_does_not_hold_is_said_so(world: World, tmp_path: Path) -> None:
    item = world.item()
    item.custody.filter(event="received").update(place="elsewhere")
    pdf = actions.report_custody(world.prosecutor, item, language="en")
    said = text_of(pdf, tmp_path / "report.pdf")
    assert "1 changed, 0 missing" in said
    assert "none is missing" not in said


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("R. Melnyk", "R. Melnyk"), ("Lab: room 4", "Lab: room 4"), ("court", "Court"),
        ("other:The archive", "The archive"), ("partner:moj.jp.example", "moj.jp.example"),
        ("case:9a8a9609-c971-4953-8f22-11df448e757a", "Case"),
        ("officer:9a8a9609-c971-4953-8f22-11df448e757a", "9a8a9609"),
    ],
)  # fmt: skip
def test_the_other_side_in_words(said: str, shown: str) -> None:
    assert recipient_words(said) == shown


@pytest.mark.parametrize("sign", ["\N{LOCK}", "\N{ARABIC LETTER BEH}", "\N{OLD PERSIAN SIGN A}"])
def test_signs_that_no_typeface_has_do_not_keep_the_report_away(
    world: World, tmp_path: Path, sign: str
) -> None:
    how = actions.Acquisition("R. Melnyk", ACQUIRED_AT, place=f"Yard {sign} № 4, школа 学校")
    pdf = actions.report_custody(world.prosecutor, world.item(acquisition=how), language="uk")
    said = text_of(pdf, tmp_path / "report.pdf")
    assert sign in said or f"Yard [U+{ord(sign):04X}]" in said
    assert "школа" in said


def test_of_damaged_bytes_there_is_no_report(world: World, vault: Path) -> None:
    item = world.item(b"x" * 100_000)
    damage(stored_path(vault, item))
    with pytest.raises(Untrusted):
        actions.report_custody(world.prosecutor, item, language="en")
    assert not Entry.objects.filter(kind="evidence.custody_reported").exists()


def test_the_page_gives_the_report_to_whom_it_may_concern(world: World, sign_in: SignIn) -> None:
    item = world.item()
    where = url("item_custody_report", item.pk)
    answer = sign_in(world.prosecutor).post(where, {"language": "uk"})
    assert answer["Content-Type"] == "application/pdf"
    assert f"custody-{item.number}-uk.pdf" in answer["Content-Disposition"]
    assert answer.content.startswith(b"%PDF")
    assert sign_in(world.prosecutor).post(where, {"language": "xx"}).status_code == 302
    assert sign_in(world.stranger).post(where, {"language": "uk"}).status_code == 404
    with pytest.raises(NotVisible):
        actions.report_custody(world.stranger, item, language="uk")
