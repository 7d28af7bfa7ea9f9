"""Revocation lists kept beside the tokens and put into the package, from a local authority."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from comity.core.findings import Verdict
from comity.ledger import actions as ledger
from comity.ledger import revoking, tasks
from comity.ledger.models import RevocationRecord
from comity.ledger.tasks import stamp_newest
from comity.node.testtsa import serving
from tests.core.revoking_ca import RevokingCa
from tests.evidence.conftest import World
from tests.evidence.test_packages import export, failures, verified

pytestmark = pytest.mark.django_db


class Lists:
    """What the address of the lists answers. asked: how often it was."""

    def __init__(self) -> None:
        self.body, self.status, self.asked, self.address = b"", 200, 0, ""
        self.ca: RevokingCa | None = None  # answers what is asked of a responder


@contextmanager
def answering(lists: Lists) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lists.asked += 1
            self.send_response(lists.status)
            if lists.status == 302:
                self.send_header("Location", "/elsewhere")
            self.end_headers()
            self.wfile.write(lists.body)

        def do_POST(self) -> None:
            lists.asked += 1
            question = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(lists.status)
            self.end_headers()
            assert lists.ca is not None
            self.wfile.write(lists.ca.answer(question))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/ca.crl"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def lists() -> Iterator[Lists]:
    made = Lists()
    with answering(made) as address:
        made.address = address
        yield made


@pytest.fixture
def ca(lists: Lists, tmp_path: Path, settings: LazySettings) -> Iterator[RevokingCa]:
    made = RevokingCa(tmp_path / "tsa", lists.address)
    with serving(made.folder) as (url, _root):
        settings.COMITY_TSA_URLS = [url]
        settings.COMITY_TSA_ROOTS = [made.folder / "ca.pem"]
        yield made


def stamped(world: World):
    item = world.item()
    ledger.sequence_pending()
    assert stamp_newest()
    return item


def root(ca: RevokingCa) -> tuple[bytes]:
    return ((ca.folder / "ca.pem").read_bytes(),)


def of_revocation(report) -> list[tuple[bool | None, object]]:
    found = [each for each in report.findings if each.code == "log.revocation"]
    return [(each.ok, each.facts.get("reason")) for each in found]


def test_the_list_is_fetched_once_for_a_token_and_again_when_it_may_say_more(
    world: World, ca: RevokingCa, lists: Lists
) -> None:
    assert not tasks.revocations_are_due()
    lists.body = ca.listed()
    stamped(world)
    assert tasks.revocations_are_due()
    assert tasks.keep_revocations.func() == 1
    assert bytes(RevocationRecord.objects.get().content) == lists.body
    assert not tasks.revocations_are_due()
    tomorrow = timezone.now() + timedelta(days=1, minutes=1)
    RevocationRecord.objects.update(this_update=timezone.now() - timedelta(days=1))
    assert revoking.lists_are_due(tomorrow)
    assert revoking.keep_lists(tomorrow) == 1
    assert RevocationRecord.objects.count() == 1


@pytest.mark.parametrize("fault", ["nothing", "not found", "redirect", "of another", "too long"])
def test_what_is_no_list_of_the_issuer_is_not_kept(
    world: World, ca: RevokingCa, lists: Lists, tmp_path: Path, fault: str
) -> None:
    stamped(world)
    lists.body = {
        "of another": lambda: RevokingCa(tmp_path / "other").listed(),
        "too long": lambda: bytes((8 << 20) + 1),
    }.get(fault, lambda: b"")()
    lists.status = {"not found": 404, "redirect": 302}.get(fault, 200)
    assert tasks.keep_revocations.func() == 0
    assert lists.asked == 1
    assert not RevocationRecord.objects.exists()
    assert tasks.revocations_are_due()


def test_an_authority_that_names_no_address_is_left_alone(
    world: World, tmp_path: Path, settings: LazySettings
) -> None:
    with serving(tmp_path / "tsa") as (url, pem):
        (tmp_path / "root.pem").write_bytes(pem)
        settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [url], [tmp_path / "root.pem"]
        item = stamped(world)
        assert not tasks.revocations_are_due()
        report = verified(export(world, item), (pem,))
    assert of_revocation(report) == []
    assert report.verdict is Verdict.SEALED_TIMED


def test_a_package_carries_the_list_and_says_what_it_says(
    world: World, ca: RevokingCa, lists: Lists
) -> None:
    lists.body = ca.listed()
    item = stamped(world)
    tasks.keep_revocations.func()
    path = export(world, item)
    with zipfile.ZipFile(path) as package:
        assert package.read("comity/time/revocation-1.crl") == lists.body
    report = verified(path, root(ca))
    assert failures(report) == []
    assert report.verdict is Verdict.SEALED_TIMED
    assert of_revocation(report) == [(True, None)]


def test_a_token_of_a_key_that_was_stolen_gives_no_time_and_neither_does_the_seals(
    world: World, ca: RevokingCa, lists: Lists
) -> None:
    item = stamped(world)
    ca.revoke("keyCompromise")
    lists.body = ca.listed()
    tasks.keep_revocations.func()
    report = verified(export(world, item), root(ca))
    assert failures(report) == []
    assert of_revocation(report) == [(None, "revocation.revoked")]
    assert report.verdict is Verdict.SEALED


@pytest.mark.parametrize("is_revoked", [False, True])
def test_where_an_authority_has_a_responder_only_its_answer_is_kept(
    world: World, lists: Lists, tmp_path: Path, settings: LazySettings, is_revoked: bool
) -> None:
    lists.ca = ca = RevokingCa(tmp_path / "tsa", responder=lists.address)
    with serving(ca.folder) as (url, _root):
        settings.COMITY_TSA_URLS, settings.COMITY_TSA_ROOTS = [url], [ca.folder / "ca.pem"]
        item = stamped(world)
        if is_revoked:
            ca.revoke()
        assert tasks.keep_revocations.func() == 1
        assert lists.asked == 1
        assert not tasks.revocations_are_due()
        path = export(world, item)
    with zipfile.ZipFile(path) as package:
        assert (
            package.read("comity/time/revocation-1.ocsp") == (ca.folder / "said.der").read_bytes()
        )
    report = verified(path, root(ca))
    assert failures(report) == []
    assert of_revocation(report) == [(None, "revocation.revoked") if is_revoked else (True, None)]
    assert report.verdict is (Verdict.SEALED if is_revoked else Verdict.SEALED_TIMED)
