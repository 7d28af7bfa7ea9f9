"""The court package: whole, sealed, checked by our verifier and by tools of others."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comity.cases import actions as cases
from comity.cases.models import Case
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, Untrusted
from comity.core.findings import Report, Verdict
from comity.core.package import Trust, verify_package
from comity.core.sealing import descriptor as descriptors
from comity.evidence import actions, report, tasks
from comity.evidence.actions import conditions
from comity.evidence.models import Item
from comity.evidence.rules import CustodyEvent, Origin, Use
from comity.exchange.actions import own_descriptor
from comity.ledger import actions as ledger
from comity.ledger.renewing import renew
from comity.ledger.tasks import stamp_newest
from comity.node.testtsa import serving
from comity.vault import erasures, reading
from tests.evidence.conftest import World, acquisition, damage, stored_path

pytestmark = pytest.mark.django_db(transaction=True)
STATED = {"purpose": "Trial", "legal_basis": "CPC art. 290", "case_ref": "2211/24"}


def export(world: World, *items: Item, **fields: object) -> Path:
    return actions.export_package(world.prosecutor, list(items), **(STATED | fields))


def verified(path: Path, roots: tuple[bytes, ...] = ()) -> Report:
    own = descriptors.parse(own_descriptor())
    with path.open("rb") as source:
        return verify_package(source, Trust((own,), roots), timezone.now())


def failures(report: Report) -> list[str]:
    return [
        f"{each.code} {each.subject} {each.facts}" for each in report.findings if each.ok is False
    ]


def test_a_package_verifies_as_sealed(world: World) -> None:
    items = [world.item(b"first" * 5000), world.item(b"")]
    actions.open_item(world.prosecutor, items[0], purpose="court").close()
    report = verified(export(world, *items))
    assert failures(report) == []
    assert report.verdict == Verdict.SEALED


def test_a_package_with_trusted_time_verifies_as_timed(
    world: World, settings: LazySettings, tsa: tuple[str, Path]
) -> None:
    address, root = tsa
    settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [address], [root]
    report = verified(export(world, world.item()), (root.read_bytes(),))
    assert failures(report) == []
    assert report.verdict == Verdict.SEALED_TIMED


def test_a_package_is_made_though_no_authority_answers(
    world: World, settings: LazySettings, tsa: tuple[str, Path]
) -> None:
    settings.COMITY_TSA_URLS = ["http://127.0.0.1:9/"]
    assert verified(export(world, world.item())).verdict == Verdict.SEALED


@pytest.mark.parametrize("content", [b"first" * 5000, b""])
def test_unzip_sha256sum_and_openssl_agree(
    world: World, tmp_path: Path, settings: LazySettings, content: bytes
) -> None:
    item = world.item(content)
    folder = tmp_path / "out"
    path = export(world, item)
    subprocess.run(["unzip", "-q", path, "-d", folder], check=True)
    for listed in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--quiet", "-c", listed], cwd=folder, check=True)
    original = folder / "data" / item.number / "original.bin"
    assert hashlib.sha256(original.read_bytes()).hexdigest() == item.sha256
    meta = folder / "META-INF"
    authority = settings.COMITY_KEYS / "ca.pem"
    said = subprocess.run(
        [
            "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER",
            "-in", meta / "signature001.p7s", "-content", meta / "ASiCManifest001.xml",
            "-CAfile", authority, "-purpose", "any", "-out", "/dev/null",
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr


def test_custody_says_what_happened_and_words_about_people_stay_out(world: World) -> None:
    item = world.item(title="Olena's photo", original_name="Olena.jpg")
    actions.verify_item(world.prosecutor, item)
    with zipfile.ZipFile(export(world, item)) as package:
        lines = [json.loads(line) for line in package.read("comity/custody.jsonl").splitlines()]
        everything = b"".join(package.read(name) for name in package.namelist())
    kinds = [line["entry"]["kind"] for line in lines]
    assert kinds == ["evidence.item_received", "evidence.item_ingested", "evidence.item_verified"]
    assert lines[1]["details"]["sha256"] == item.sha256
    assert b"Olena" not in everything


def test_the_export_stands_in_custody_with_the_packages_digest(world: World) -> None:
    item = world.item()
    path = export(world, item)
    exported = item.custody.get(event=CustodyEvent.EXPORTED)
    assert exported.note == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (exported.purpose, exported.legal_authority) == ("Trial", "CPC art. 290")


@pytest.mark.parametrize("language", ["uk", "ja", "en"])
def test_the_custody_report_is_in_the_package_and_under_its_seal(
    world: World, tmp_path: Path, language: str
) -> None:
    items = [world.item(b"one", title="Olena's photo"), world.item(b"two")]
    actions.verify_item(world.prosecutor, items[0])
    path = export(world, *items, language=language)
    assert failures(verified(path)) == []
    with zipfile.ZipFile(path) as package:
        (tmp_path / "report.pdf").write_bytes(package.read("comity/report.pdf"))
        lines = [json.loads(line) for line in package.read("comity/custody.jsonl").splitlines()]
    shown = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    plain = "".join(shown.split())
    for item in items:
        assert item.number in shown
        assert item.sha256 in plain
    assert len(lines) == 5
    assert all(line["entry"]["commitment"][:8] in plain for line in lines)
    assert "Olena" not in shown


def test_a_flipped_bit_in_a_package_is_named(world: World) -> None:
    path = export(world, world.item(b"evidence" * 100))
    data = bytearray(path.read_bytes())
    at = data.index(b"evidence" * 100)
    data[at] ^= 1
    path.write_bytes(data)
    assert verified(path).verdict == Verdict.FAILED


def test_a_forbidden_use_makes_no_package(world: World, tmp_path: Path) -> None:
    item = world.item(origin=Origin.PARTNER)
    actions.attach_condition(
        world.prosecutor, item, code="consult_first", texts={"en": "Ask first."},
        forbids=[Use.EXPORT_TO_COURT], set_by_node="moj.jp.example",
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        export(world, item)
    assert refused.value.code == "evidence.use_forbidden"
    assert not list((tmp_path / "spool").glob("packages/*"))


def test_a_damaged_item_makes_no_package(world: World, vault: Path, tmp_path: Path) -> None:
    whole, broken = world.item(b"whole"), world.item(b"evidence" * 9000)
    damage(stored_path(vault, broken))
    with pytest.raises((Refused, Untrusted)):
        export(world, whole, broken)
    assert not list((tmp_path / "spool/packages").iterdir())
    assert not whole.custody.filter(event=CustodyEvent.EXPORTED).exists()
    assert broken.custody.filter(event=CustodyEvent.ANOMALY).exists()


def test_only_who_may_and_sees_exports(world: World) -> None:
    item = world.item()
    with pytest.raises(NotAllowed):
        actions.export_package(world.investigator, [item], **STATED)
    hidden = world.item(origin=Origin.PERSON)
    with pytest.raises(NotVisible):
        export(world, item, hidden)


@pytest.mark.parametrize("name", ["purpose", "legal_basis", "case_ref"])
def test_purpose_basis_and_case_are_stated(world: World, name: str) -> None:
    with pytest.raises(Incomplete) as incomplete:
        export(world, world.item(), **{name: " "})
    assert incomplete.value.facts["missing"] == [name]
    with pytest.raises(Incomplete):
        export(world)


def test_an_authority_that_goes_away_after_its_first_answer_does_not_stop_the_package(
    world: World, settings: LazySettings, tsa: tuple[str, Path]
) -> None:
    address, root = tsa
    with OnceOnly(address) as once:
        settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [once], [root]
        report = verified(export(world, world.item()), (root.read_bytes(),))
    assert failures(report) == []
    assert report.verdict == Verdict.SEALED_TIMED


class OnceOnly:
    """A time-stamp authority that passes one query on to a real one and then answers 503."""

    def __init__(self, address: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            answered = 0

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                type(self).answered += 1
                if type(self).answered > 1:
                    self.send_error(503)
                    return
                kind = {"Content-Type": "application/timestamp-query"}
                with urlopen(Request(address, body, kind)) as answer:  # noqa: S310 - loopback
                    data = answer.read()
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_package_that_would_take_the_reserve_is_refused(
    world: World, settings: LazySettings, tmp_path: Path
) -> None:
    item = world.item()
    settings.COMITY_RESERVED_DISK_BYTES = shutil.disk_usage(tmp_path).total
    with pytest.raises(Refused) as refused:
        export(world, item)
    assert refused.value.code == "vault.disk_full"
    assert not list((tmp_path / "spool/packages").iterdir())
    assert not item.custody.filter(event=CustodyEvent.EXPORTED).exists()


@pytest.fixture
def small_spool(tmp_path: Path) -> Iterator[Path]:
    """A spool on a disk of 64 KiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only the superuser mounts a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_while_a_package_is_written_refuses_it(
    world: World, settings: LazySettings, small_spool: Path, sign_in: Callable[..., Client]
) -> None:
    item = world.item(os.urandom(40_000))
    settings.COMITY_SPOOL, settings.COMITY_RESERVED_DISK_BYTES = small_spool, 0
    with pytest.raises(Refused) as refused:
        export(world, item)
    assert refused.value.code == "vault.disk_full"
    chosen = {"items": [item.pk], "recipient": "court", "language": "uk", "of_others": "on"}
    answer = sign_in(world.prosecutor).post(reverse("item_package"), chosen | STATED)
    assert answer.status_code == 422
    assert "no room on the disk" in answer.content.decode()
    assert not list((small_spool / "packages").iterdir())
    assert not item.custody.filter(event=CustodyEvent.EXPORTED).exists()


def test_the_worker_sweeps_packages_that_nobody_fetched(
    world: World, settings: LazySettings
) -> None:
    assert "comity.evidence.tasks.sweep_packages" in {
        task for _, task, _ in settings.COMITY_SCHEDULE
    }
    left, young, held = (export(world, world.item(name)) for name in (b"a", b"b", b"c"))
    assert not tasks.sweep_is_due()
    for path in (left, held):
        os.utime(path, (0, time.time() - 3601))
    with held.open("rb") as writing:  # as its writer holds it
        fcntl.flock(writing, fcntl.LOCK_EX)
        assert tasks.sweep_is_due()
        assert actions.sweep_packages() == 1
    assert (left.exists(), young.exists(), held.exists()) == (False, True, True)


@pytest.mark.breaks_ledger  # its clock is wrong
def test_nothing_is_sealed_while_the_clock_cannot_be_right(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = world.item()
    ledger.sequence_pending()
    yesterday = timezone.now() - timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: yesterday)
    with pytest.raises(Refused) as refused:
        export(world, item)
    assert refused.value.code == "ledger.clock_wrong"


# Several authorities


def test_a_package_carries_every_token_and_every_renewal(
    world: World, settings: LazySettings, tmp_path: Path
) -> None:
    with (
        serving(tmp_path / "a", days=30) as (first, first_root),
        serving(tmp_path / "b") as (second, second_root),
    ):
        for name, root in (("a.pem", first_root), ("b.pem", second_root)):
            (tmp_path / name).write_bytes(root)
        settings.COMITY_TSA_ROOTS = [tmp_path / "a.pem", tmp_path / "b.pem"]
        settings.COMITY_TSA_URLS, settings.COMITY_TSA_NEEDED = [first, second], 2
        item = world.item()
        ledger.sequence_pending()
        assert stamp_newest()
        renew()
        path = export(world, item)
    with zipfile.ZipFile(path) as package:
        names = {name for name in package.namelist() if name.startswith("comity/time/")}
    renewal = {f"comity/time/renewal-1.{each}" for each in ("json", "pem", "tsq", "tsr")}
    tokens = {f"comity/time/{each}.{kind}" for each in (1, 2) for kind in ("tsq", "tsr")}
    assert names == renewal | tokens
    report = verified(path, (first_root, second_root))
    assert failures(report) == []
    assert report.verdict is Verdict.SEALED_TIMED
    assert len([each for each in report.findings if each.code == "log.time" and each.ok]) == 2


# Encrypted to recipients


def age_key(folder: Path) -> tuple[Path, str]:
    """A key pair made by the `age` program: (file of the identity, public key)."""
    identity = folder / "court.txt"
    subprocess.run(["age-keygen", "-o", identity], check=True, capture_output=True)
    said = subprocess.run(
        ["age-keygen", "-y", identity], check=True, capture_output=True, text=True
    )
    return identity, said.stdout.strip()


def test_the_age_program_opens_an_encrypted_package_and_it_verifies(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, first_key = age_key(tmp_path / "a")
    second, second_key = age_key(tmp_path / "b")
    item = world.item(b"evidence" * 90_000)
    path = export(world, item, to=actions.Handover(keys=(first_key, f" {second_key} ")))
    assert path.name.endswith(".asice.age")
    assert path.read_bytes().startswith(b"age-encryption.org/v1")
    for identity in (first, second):
        opened = tmp_path / "opened.asice"
        subprocess.run(["age", "-d", "-i", identity, "-o", opened, path], check=True)
        report = verified(opened)
        assert failures(report) == []
        assert report.verdict is Verdict.SEALED
    exported = item.custody.get(event=CustodyEvent.EXPORTED)
    assert exported.note == hashlib.sha256(opened.read_bytes()).hexdigest()
    details = exported.entry.committed.as_mapping()
    assert details["encrypted_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    keys = [hashlib.sha256(key.encode()).hexdigest() for key in (first_key, second_key)]
    assert details["encrypted_to"] == keys


def test_another_key_does_not_open_it(world: World, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    _, key = age_key(tmp_path / "a")
    stranger, _ = age_key(tmp_path / "b")
    path = export(world, world.item(), to=actions.Handover(keys=(key,)))
    said = subprocess.run(["age", "-d", "-i", stranger, path], capture_output=True, check=False)
    assert said.returncode != 0


@pytest.mark.parametrize("key", ["age1nonsense", "AGE-SECRET-KEY-1QQ", "ssh-ed25519 AAAA"])
def test_what_is_no_public_key_makes_no_package(world: World, tmp_path: Path, key: str) -> None:
    with pytest.raises(Refused) as refused:
        export(world, world.item(), to=actions.Handover(keys=(key,)))
    assert refused.value.code == "evidence.bad_age_key"
    assert not list((tmp_path / "spool").glob("packages/*"))


def test_the_plain_package_of_an_encrypted_one_never_lies_on_the_disk(
    world: World, tmp_path: Path
) -> None:
    _, key = age_key(tmp_path)
    content = os.urandom(3 << 20)
    export(world, world.item(content), to=actions.Handover(keys=(key,)))
    for found in tmp_path.rglob("*"):
        if found.is_file():
            data = found.read_bytes()
            assert content[:64] not in data
            assert content[-64:] not in data


def test_damage_and_a_full_disk_stop_an_encrypted_package(
    world: World, vault: Path, tmp_path: Path, settings: LazySettings
) -> None:
    _, key = age_key(tmp_path)
    broken = world.item(b"evidence" * 9000)
    damage(stored_path(vault, broken))
    with pytest.raises((Refused, Untrusted)):
        export(world, broken, to=actions.Handover(keys=(key,)))
    settings.COMITY_RESERVED_DISK_BYTES = shutil.disk_usage(tmp_path).total
    with pytest.raises(Refused) as refused:
        export(world, world.item(), to=actions.Handover(keys=(key,)))
    assert refused.value.code == "vault.disk_full"
    assert not list((tmp_path / "spool/packages").iterdir())


# Many items


def many(world: World, count: int) -> list[Item]:
    """Items that lie together in a pack."""
    shared = actions.Shared(
        "photo", [("case", world.case)], Origin.INVESTIGATION, acquisition(), "disclosable"
    )
    incoming = [
        actions.Incoming(partial(io.BytesIO, b"item %d" % number), f"Photo {number}")
        for number in range(count)
    ]
    made = list(actions.ingest_many(world.investigator, incoming, shared))
    return [each for each in made if isinstance(each, Item)]


def test_the_number_of_questions_does_not_grow_with_the_items(world: World) -> None:
    few, more = many(world, 3), many(world, 60)
    asked = []
    for items in (few, more):
        with CaptureQueriesContext(connection) as queries:
            report = verified(export(world, *items))
        assert failures(report) == []
        assert report.verdict is Verdict.SEALED
        asked.append(len(queries))
    assert asked[1] <= asked[0] + 3, asked


def test_what_is_asked_in_groups_makes_the_same_package(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "ASKED_AT_ONCE", 2)
    monkeypatch.setattr(reading, "ASKED_AT_ONCE", 2)
    monkeypatch.setattr(ledger, "TILES_AT_ONCE", 1)
    items = many(world, 150)[::3]  # entries of others stand between
    report = verified(export(world, *items))
    assert failures(report) == []
    assert report.verdict is Verdict.SEALED
    assert sum(each.code == "item" for each in report.findings) == len(items)


def test_what_an_export_records_of_each_item_is_what_its_entries_hold(world: World) -> None:
    items = many(world, 3)
    export(world, *items)
    for item in items:
        check = actions.check_custody(world.prosecutor, item)
        assert (check.holds, check.held) == (True, 4)
        left = item.custody.filter(event__in=[CustodyEvent.EXPORTED, CustodyEvent.TRANSFERRED_OUT])
        assert {(each.digest_before, each.digest_after) for each in left} == {(item.sha256,) * 2}


def test_a_key_that_was_destroyed_opens_nothing_though_the_database_has_it(world: World) -> None:
    items = many(world, 2)
    erasures.note([(items[1].stored_file.uid, uuid.uuid4())])
    with pytest.raises(Refused, match="key_destroyed"):
        export(world, *items)


def test_a_package_out_of_packs_is_read_by_the_tools_of_others(
    world: World, tmp_path: Path
) -> None:
    items = many(world, 5)
    assert items[0].stored_file.pack is not None
    folder = tmp_path / "bag"
    subprocess.run(["unzip", "-q", export(world, *items), "-d", folder], check=True)
    for listed in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--quiet", "-c", listed], cwd=folder, check=True)
    tools = Path(sys.executable).parent
    bag = [sys.executable, tools / "bagit.py", "--quiet", "--validate", folder]
    subprocess.run(bag, check=True)
    subprocess.run([tools / "case_validate", folder / "comity/case.jsonld"], check=True)
    assert (folder / "data" / items[3].number / "original.bin").read_bytes() == b"item 3"


def test_a_damaged_pack_makes_no_package_and_is_an_anomaly(world: World, vault: Path) -> None:
    items = many(world, 4)
    pack = items[0].stored_file.pack
    assert pack is not None
    damage(vault / "objects" / pack.stored_name[:2] / pack.stored_name)
    with pytest.raises((Refused, Untrusted)):
        export(world, *items)
    assert any(item.custody.filter(event=CustodyEvent.ANOMALY).exists() for item in items)


def test_the_report_of_many_items_says_where_the_others_are(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "SHOWN_AT_MOST", 2)
    items = many(world, 5)
    with zipfile.ZipFile(export(world, *items, language="en")) as package:
        (tmp_path / "report.pdf").write_bytes(package.read("comity/report.pdf"))
    shown = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "holds 5 items" in shown
    assert "comity/custody.jsonl" in shown
    assert items[1].number in shown
    assert items[2].number not in shown


def of_a_case(world: World, number: str = "2211/24") -> tuple[Case, list[Item]]:
    case = cases.open_case(world.prosecutor, number=number, title="t")
    items = [world.item(b"one of the case"), world.item(b"another of the case")]
    for item in items:
        actions.share_item(world.prosecutor, item, kind="case", record=case.uid)
    return case, items


FORM = STATED | {"recipient": "court", "language": "en"}


def test_the_page_packs_every_item_of_a_proceeding(
    world: World, sign_in: Callable[..., Client], tmp_path: Path
) -> None:
    _case, items = of_a_case(world)
    world.item(b"of no case")
    client = sign_in(world.prosecutor)
    answer = client.post(reverse("item_package"), FORM | {"whole_case": "on"})
    (tmp_path / "p.asice").write_bytes(b"".join(answer.streaming_content))
    with zipfile.ZipFile(tmp_path / "p.asice") as package:
        inside = {name.split("/")[1] for name in package.namelist() if name.startswith("data/E-")}
    assert inside == {item.number for item in items}


def test_a_number_that_nobody_knows_is_questioned(
    world: World, sign_in: Callable[..., Client]
) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    fields = FORM | {"items": [item.pk], "case_ref": "NOT-A-CASE"}
    answer = client.post(reverse("item_package"), fields)
    assert answer.status_code == 422
    assert "You see no case with this number" in answer.content.decode()
    assert client.post(reverse("item_package"), fields | {"of_others": "on"}).status_code == 200
    whole = client.post(
        reverse("item_package"), FORM | {"case_ref": "X", "whole_case": "on", "of_others": "on"}
    )
    assert "Choose at least one item." in whole.content.decode()


def test_the_command_packs_a_whole_case_once(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _case, items = of_a_case(world)
    said = {"officer": world.prosecutor.email, "purpose": "Trial", "basis": "CPC art. 290"}
    target = tmp_path / "whole.asice"
    call_command("evidence_package", target, proceeding="2211/24", **said)
    report = verified(target)
    assert report.verdict == Verdict.SEALED
    named = {each.subject for each in report.findings if each.code == "item"}
    assert named == {item.number for item in items}
    assert not list((tmp_path / "spool/packages").glob("*.asice"))
    with pytest.raises(CommandError, match="new file"):
        call_command("evidence_package", target, proceeding="2211/24", **said)
    with pytest.raises(CommandError, match="sees no case"):
        call_command("evidence_package", tmp_path / "n", proceeding="9/99", **said)
    with pytest.raises(CommandError, match="does not see all"):
        call_command(
            "evidence_package", tmp_path / "n", proceeding="9/99", item=["E-999999"], **said
        )
    assert not (tmp_path / "n").exists()


def test_the_report_in_the_package_is_sealed_itself(world: World, tmp_path: Path) -> None:
    with zipfile.ZipFile(export(world, world.item())) as package:
        (tmp_path / "report.pdf").write_bytes(package.read("comity/report.pdf"))
    said = subprocess.run(
        ["pdfsig", tmp_path / "report.pdf"], capture_output=True, text=True, check=False
    ).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
