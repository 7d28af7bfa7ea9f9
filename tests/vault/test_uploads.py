"""Files are read only where a page takes them, and only from officers who may add them."""

from __future__ import annotations

import ast
import errno
import io
import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLResolver

from comity.core import vaultfile
from comity.core.access import Act, Role
from comity.ledger.models import Entry
from comity.vault import uploads
from comity.vault.middleware import UploadMiddleware
from tests.officers import give_second_step

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
EDGE = "edge"
MULTIPART = f"multipart/form-data; boundary={EDGE}"


class Body:
    """A body that tells how much of it was read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.taken = data, 0

    def readline(self, count: int = -1) -> bytes:
        raise AssertionError("nobody reads a body by lines")

    def read(self, count: int = -1) -> bytes:
        count = len(self.data) if count < 0 else count
        part = self.data[self.taken : self.taken + count]
        self.taken += len(part)
        return part


def multipart(size: int) -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    return head.encode() + b"x" * size + f"\r\n--{EDGE}--\r\n".encode()


def send(
    client: Client, path: str, body: Body, kind: str = f"multipart/form-data; boundary={EDGE}"
):
    return client.generic(
        "POST", path, b"", kind, CONTENT_TYPE=kind,
        **{"wsgi.input": body, "CONTENT_LENGTH": str(len(body.data))},
    )  # fmt: skip


@pytest.fixture
def browser(officer):
    def sign_in(*roles: Role) -> Client:
        client = Client(enforce_csrf_checks=True)
        client.force_login(give_second_step(officer(*roles)))
        return client

    return sign_in


@pytest.mark.parametrize("name", ["today", "search", "ledger", "item_add"])
def test_who_may_add_nothing_has_no_byte_of_a_large_upload_read(browser, name) -> None:
    body = Body(multipart(5_000_000))
    answer = send(browser(Role.AUDITOR), reverse(name), body)
    assert answer.status_code == (403 if name == "item_add" else 413)
    assert body.taken == 0
    assert Entry.objects.filter(kind="access.refused").count() == 1


def test_a_small_file_on_a_page_that_takes_none_is_refused_too(browser) -> None:
    answer = send(browser(Role.PROSECUTOR), reverse("search"), Body(multipart(10)))
    assert answer.status_code == 413


def test_a_large_form_without_files_is_refused_unread(browser) -> None:
    body = Body(b"q=" + b"x" * 3_000_000)
    answer = send(
        browser(Role.PROSECUTOR), reverse("search"), body, "application/x-www-form-urlencoded"
    )
    assert (answer.status_code, body.taken) == (413, 0)


def test_a_stranger_has_nothing_read(db) -> None:
    body = Body(multipart(5_000_000))
    answer = send(Client(enforce_csrf_checks=True), reverse("item_add"), body)
    assert (answer.status_code, body.taken) == (302, 0)
    answer = send(Client(enforce_csrf_checks=True), reverse("account_login"), body)
    assert (answer.status_code, body.taken) == (413, 0)


def test_more_than_the_page_takes_is_refused_unread(browser) -> None:
    body = Body(multipart(2_000_000))
    answer = send(browser(Role.ADMINISTRATOR), reverse("propose_partner"), body)
    assert (answer.status_code, body.taken) == (413, 0)


def test_who_may_add_uploads_where_files_are_taken(officer) -> None:
    client = Client()
    client.force_login(give_second_step(officer(Role.PROSECUTOR)))
    large = SimpleUploadedFile("a.bin", b"x" * 5_000_000)
    answer = client.post(reverse("item_add"), {"file": large, "title": "Crater"})
    assert answer.status_code == 422  # read, and the form misses its other fields
    assert "file" not in answer.context["form"].errors


def test_a_form_sent_as_multipart_without_files_passes(officer) -> None:
    client = Client()
    client.force_login(give_second_step(officer(Role.PROSECUTOR)))
    assert client.post(reverse("search"), {"q": "school"}).status_code == 200


def test_the_gate_stands_before_what_reads_the_body() -> None:
    order = settings.MIDDLEWARE
    gate = f"{UploadMiddleware.__module__}.{UploadMiddleware.__name__}"
    assert order.index(gate) < order.index("django.middleware.csrf.CsrfViewMiddleware")


def _views(patterns) -> dict[str, str]:
    found: dict[str, str] = {}
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= _views(pattern.url_patterns)
        elif pattern.name and hasattr(pattern.callback, "__name__"):
            found[f"{pattern.callback.__module__}.{pattern.callback.__name__}"] = pattern.name
    return found


def test_every_page_that_reads_files_is_on_the_list() -> None:
    names = _views(get_resolver().url_patterns)
    reading = set()
    for path in (ROOT / "src/comity").glob("*/views*"):
        for file in [path] if path.is_file() else path.rglob("*.py"):
            module = ".".join(file.relative_to(ROOT / "src").with_suffix("").parts)
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and "request.FILES" in ast.unparse(node):
                    reading.add(names[f"{module}.{node.name}"])
    assert reading == set(settings.COMITY_UPLOADS)
    assert {act for act, _most in settings.COMITY_UPLOADS.values()} <= set(Act)


def test_what_arrives_is_sealed_before_it_touches_the_disk(settings, tmp_path: Path) -> None:
    settings.COMITY_SPOOL = tmp_path / "spool"
    spooled, words = uploads.Spooled(), b"what she told the coordinator "
    for _ in range(3000):
        spooled.write(words)
    descriptor = spooled._file.fileno()
    reader = spooled.opened()
    lying = os.pread(descriptor, 1 << 20, 0)
    assert len(lying) > 3000 * len(words)
    assert b"coordinator" not in lying
    assert list((tmp_path / "spool").iterdir()) == []
    assert reader.read() == words * 3000
    reader.seek(len(words) * 2999)
    assert reader.read() == words


def test_a_disk_that_fills_up_at_the_very_end_is_said(settings, tmp_path: Path, rf) -> None:
    settings.COMITY_SPOOL = tmp_path / "spool"
    handler = uploads.SpoolUploadHandler(rf.get("/"))
    handler._upload = uploads.Spooled()
    handler._upload._file.close()
    handler._upload._writer = vaultfile.Writer(FullDisk(), vaultfile.new_key())
    assert handler.file_complete(5) is None
    assert uploads.was_stopped(handler.request)


class FullDisk(io.RawIOBase):
    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")
