"""Uploads in pieces (tus 1.0.0): cut, gone on with, sealed on disk, and items in the end."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from comity.core import tus
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.models import Item
from comity.ledger.models import Entry
from comity.vault import parts, resumable
from comity.vault.models import Upload, UploadPart
from comity.vault.tasks import sweep_uploads, uploads_are_due
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024
TUS = {"HTTP_TUS_RESUMABLE": "1.0.0"}


def begin(client: Client, length: int, **said: str) -> str:
    pairs = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in said.items()]
    answer = client.post(
        url("uploads"), HTTP_UPLOAD_LENGTH=str(length), HTTP_UPLOAD_METADATA=",".join(pairs), **TUS
    )
    assert answer.status_code == 201, answer.content
    return answer["Location"]


def patch(client: Client, where: str, offset: int, data: bytes, **headers: str):
    return client.patch(
        where, data, content_type=tus.OFFSET_TYPE, HTTP_UPLOAD_OFFSET=str(offset), **TUS, **headers
    )


def head(client: Client, where: str) -> int:
    answer = client.head(where, **TUS)
    assert answer.status_code == 200
    return int(answer["Upload-Offset"])


def uid_of(where: str) -> str:
    return where.rstrip("/").rpartition("/")[2]


def fields(world: World, **more: object) -> dict[str, object]:
    return {
        "once": uuid.uuid4(), "title": "Footage of the yard", "kind": "user-video",
        "holder": f"case:{world.case}", "origin": "investigation", "compartment": "disclosable",
        "acquired_by": "R. Melnyk", "day_0": "20", "day_1": "11", "day_2": "2026",
        "method": "open-source",
    } | more  # fmt: skip


def sealed_files(settings: LazySettings) -> list[bytes]:
    return [path.read_bytes() for path in Path(settings.COMITY_SPOOL).rglob("*") if path.is_file()]


def test_a_file_in_pieces_becomes_an_item(world: World, sign_in: SignIn, settings) -> None:
    client, content = sign_in(world.investigator), b"a crater, plainly readable. " * 50_000
    where = begin(client, len(content), filename="yard.mp4", filetype="video/mp4")
    assert head(client, where) == 0
    half = len(content) // 2
    answer = patch(client, where, 0, content[:half])
    assert (answer.status_code, answer["Upload-Offset"]) == (204, str(half))
    assert patch(client, where, half, content[half:]).status_code == 204
    assert head(client, where) == len(content)
    for stored in sealed_files(settings):
        assert b"plainly readable" not in stored
    page = client.post(url("item_add"), fields(world, upload=uid_of(where)))
    item = Item.objects.get()
    assert page.status_code == 302
    assert (item.sha256, item.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (item.original_name, item.media_type_declared) == ("yard.mp4", "video/mp4")
    assert Entry.objects.filter(subject=f"upload:{item.uid}", kind="vault.upload_begun").exists()
    assert not Upload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_parts_are_gone_when_the_item_is_there(world: World, sign_in: SignIn, settings) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 3)
    patch(client, where, 0, b"abc")
    assert len(sealed_files(settings)) == 1
    form = fields(world, upload=uid_of(where))
    assert client.post(url("item_add"), form).status_code == 302
    assert sealed_files(settings) == []
    assert client.post(url("item_add"), form).status_code == 302  # sent twice: the same item
    assert Item.objects.count() == 1


def test_an_empty_file_needs_no_piece(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 0)
    client.post(url("item_add"), fields(world, upload=uid_of(where)))
    assert Item.objects.get().size == 0


def test_an_unfinished_upload_is_no_item(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 3)
    patch(client, where, 0, b"ab")
    page = client.post(url("item_add"), fields(world, upload=uid_of(where)))
    assert (page.status_code, Item.objects.count()) == (422, 0)
    assert b"Let the upload end first" in page.content
    assert head(client, where) == 2


def test_what_the_server_says_of_itself(world: World, sign_in: SignIn) -> None:
    answer = sign_in(world.investigator).options(url("uploads"))
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    assert answer["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert "sha256" in answer["Tus-Checksum-Algorithm"]
    assert int(answer["Tus-Max-Size"]) > 0


def test_headers_that_do_not_fit_are_refused(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 4)
    assert client.post(url("uploads"), HTTP_UPLOAD_LENGTH="4").status_code == 412
    for length in ("", "-1", "4.0", "٤", "1" * 30):
        answer = client.post(url("uploads"), HTTP_UPLOAD_LENGTH=length, **TUS)
        assert answer.status_code == 400, length
    assert patch(client, where, 1, b"a").status_code == 409
    assert patch(client, where, 0, b"abcde").status_code == 413
    answer = client.patch(where, b"ab", content_type="text/plain", HTTP_UPLOAD_OFFSET="0", **TUS)
    assert answer.status_code == 415
    for said in ("filename !", "filename YQ==,filename YQ=="):
        answer = client.post(
            url("uploads"), HTTP_UPLOAD_LENGTH="4", HTTP_UPLOAD_METADATA=said, **TUS
        )
        assert answer.status_code == 400
    assert client.get(where, **TUS).status_code == 405
    chunked = client.generic(
        "PATCH", where, b"ab", tus.OFFSET_TYPE, HTTP_UPLOAD_OFFSET="0", CONTENT_LENGTH="", **TUS
    )
    assert chunked.status_code == 411
    forged = client.post(where, HTTP_X_HTTP_METHOD_OVERRIDE="HEAD", **TUS)
    assert (forged.status_code, forged["Upload-Offset"]) == (200, "0")
    assert client.get(where, HTTP_X_HTTP_METHOD_OVERRIDE="DELETE", **TUS).status_code == 405
    assert head(client, where) == 0


def test_a_piece_that_was_damaged_is_not_kept(world: World, sign_in: SignIn, settings) -> None:
    client, where = sign_in(world.investigator), ""
    where = begin(client, 6)
    for name in ("sha256", "sha1"):
        digest = base64.b64encode(hashlib.new(name, b"abc").digest()).decode()
        wrong = patch(
            client, where, head(client, where), b"abd", HTTP_UPLOAD_CHECKSUM=f"{name} {digest}"
        )
        assert wrong.status_code == 460
        right = patch(
            client, where, head(client, where), b"abc", HTTP_UPLOAD_CHECKSUM=f"{name} {digest}"
        )
        assert right.status_code == 204
    assert head(client, where) == 6
    assert len(sealed_files(settings)) == 2
    where = begin(client, 6)
    assert patch(client, where, 0, b"abc", HTTP_UPLOAD_CHECKSUM="md5 AAAA").status_code == 400


def test_an_upload_is_its_officers_alone(world: World, sign_in: SignIn) -> None:
    where = begin(sign_in(world.investigator), 3)
    other = sign_in(world.prosecutor)
    for method in ("head", "delete"):
        assert getattr(other, method)(where, **TUS).status_code == 404
    assert patch(other, where, 0, b"abc").status_code == 404
    assert Entry.objects.filter(kind="access.refused").count() == 3
    page = other.post(url("item_add"), fields(world, upload=uid_of(where)))
    assert (page.status_code, Item.objects.count()) == (422, 0)
    missing = url("upload", uuid.uuid4())
    assert other.head(missing, **TUS).status_code == 404
    assert Entry.objects.filter(kind="access.refused").count() == 3


def test_who_may_add_nothing_begins_nothing(officer, sign_in: SignIn) -> None:
    from comity.core.access import Role

    analyst = sign_in(officer(Role.ANALYST))
    assert analyst.post(url("uploads"), HTTP_UPLOAD_LENGTH="3", **TUS).status_code == 403
    assert Client().post(url("uploads"), HTTP_UPLOAD_LENGTH="3", **TUS).status_code == 401
    assert patch(Client(), url("upload", uuid.uuid4()), 0, b"abc").status_code == 401


def test_another_sites_page_can_send_nothing(world: World, sign_in: SignIn) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = sign_in(world.investigator).cookies
    assert strict.post(url("uploads"), HTTP_UPLOAD_LENGTH="3", **TUS).status_code == 403
    where = begin(sign_in(world.investigator), 3)
    assert patch(strict, where, 0, b"abc").status_code == 403
    assert strict.delete(where, **TUS).status_code == 403
    assert Upload.objects.get().offset == 0


def test_limits_of_size_quota_number_and_disk(
    world: World, sign_in: SignIn, settings, monkeypatch
) -> None:
    client = sign_in(world.investigator)

    def status(length: int) -> int:
        return client.post(url("uploads"), HTTP_UPLOAD_LENGTH=str(length), **TUS).status_code

    settings.COMITY_MAX_BLOB_BYTES = 100
    settings.COMITY_UPLOAD_QUOTA_BYTES = 150
    assert (status(101), status(100), status(60), status(50)) == (413, 201, 403, 201)
    settings.COMITY_UPLOAD_QUOTA_BYTES = 10_000
    monkeypatch.setattr(resumable, "UPLOADS_AT_MOST", 2)
    assert status(1) == 403
    Upload.objects.all().delete()
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    assert status(1) == 507


def test_a_disk_that_fills_keeps_what_arrived(world: World, sign_in: SignIn, settings) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 6)
    patch(client, where, 0, b"abc")
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    assert patch(client, where, 3, b"def").status_code == 507
    settings.COMITY_RESERVED_DISK_BYTES = 0
    assert head(client, where) == 3
    assert len(sealed_files(settings)) == 1


def test_thrown_away_or_over_nothing_is_left(
    world: World, sign_in: SignIn, settings, django_capture_on_commit_callbacks
) -> None:
    client = sign_in(world.investigator)
    for _ in range(2):
        patch(client, begin(client, 3), 0, b"abc")
    first, second = Upload.objects.all()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.delete(url("upload", first.uid), **TUS)
    assert answer.status_code == 204
    assert client.head(url("upload", first.uid), **TUS).status_code == 404
    assert len(sealed_files(settings)) == 1
    assert not uploads_are_due()
    Upload.objects.filter(pk=second.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.head(url("upload", second.uid), **TUS).status_code == 404
    assert uploads_are_due()
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep_uploads.func() == 1
    assert (Upload.objects.count(), sealed_files(settings)) == (0, [])
    kinds = set(
        Entry.objects.filter(kind__startswith="vault.upload").values_list("kind", flat=True)
    )
    assert kinds == {"vault.upload_begun", "vault.upload_dropped", "vault.upload_expired"}


def test_parts_that_a_stop_left_are_swept_and_running_ones_are_not(
    world: World, sign_in: SignIn, settings
) -> None:
    client = sign_in(world.investigator)
    patch(client, begin(client, 3), 0, b"abc")
    writing = parts.PartWriter(0)
    writing.write(b"abc")
    stopped = parts.PartWriter(0).finish()
    assert resumable.lost_parts(0) == [stopped.name]
    long_ago = timezone.now().timestamp() - 2 * resumable.PART_IS_OLD_SECONDS
    for path in (Path(settings.COMITY_SPOOL) / "uploads").iterdir():
        os.utime(path, (long_ago, long_ago))
    assert sweep_uploads.func() == 1
    assert len(sealed_files(settings)) == 2
    writing.abandon()


def test_a_part_that_is_gone_or_changed_makes_no_item(
    world: World, sign_in: SignIn, settings
) -> None:
    client = sign_in(world.investigator)
    where = begin(client, 6)
    patch(client, where, 0, b"abc")
    patch(client, where, 3, b"def")
    path = Path(settings.COMITY_SPOOL) / "uploads" / UploadPart.objects.last().name
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    for _ in range(2):
        page = client.post(url("item_add"), fields(world, upload=uid_of(where)))
        assert (page.status_code, Item.objects.count()) == (422, 0)
        path.unlink(missing_ok=True)


class Slow:
    """A body that lets another request go first when it is read."""

    def __init__(self, meanwhile) -> None:
        self._meanwhile, self._pieces = meanwhile, [b"xyz"]

    def __call__(self, count: int) -> bytes:
        if self._pieces:
            self._meanwhile()
        return self._pieces.pop() if self._pieces else b""


def test_of_two_who_send_at_once_one_is_refused(world: World, sign_in: SignIn, settings) -> None:
    client, actor = sign_in(world.investigator), world.investigator
    where = begin(client, 3)
    upload = Upload.objects.get()
    later = Slow(lambda: patch(client, where, 0, b"abc"))
    with pytest.raises(Refused, match=r"vault\.upload_overtaken"):
        resumable.receive(actor, upload, later, offset=0)
    assert head(client, where) == 3
    client.post(url("item_add"), fields(world, upload=uid_of(where)))
    assert Item.objects.get().sha256 == hashlib.sha256(b"abc").hexdigest()


def test_several_files_become_items_under_one_acquisition(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    where = [begin(client, 3, filename=f"{n}.txt") for n in range(3)]
    for n, each in enumerate(where[:2]):
        patch(client, each, 0, b"ab%d" % n)
    uids = ",".join(map(uid_of, where))
    form = fields(world, upload=uids, first="1", count="3")
    for _ in range(2):  # the second sending doubles nothing
        answer = client.post(url("item_add"), form, HTTP_ACCEPT="application/json").json()["files"]
        told = [answer[uid_of(each)] for each in where]
        assert [sorted(one) for one in told] == [["number", "url"], ["number", "url"], ["error"]]
    items = Item.objects.order_by("pk")
    assert [one.title for one in items] == [
        "Footage of the yard · 1/3",
        "Footage of the yard · 2/3",
    ]
    assert [one.original_name for one in items] == ["0.txt", "1.txt"]
    assert len({one.custody.first().counterparty for one in items}) == 1
    assert Upload.objects.count() == 1
    wrong = client.post(url("item_add"), form | {"title": ""}, HTTP_ACCEPT="application/json")
    assert wrong.status_code == 422
    assert "title" in wrong.json()["errors"]


def test_the_same_sending_twice_at_once_names_the_same_items(
    world: World, sign_in: SignIn, monkeypatch
) -> None:
    """The second looked before the first had committed, and wrote after it."""
    client = sign_in(world.investigator)
    where = [begin(client, 3, filename=f"DCIM/{n}.txt") for n in range(2)]
    for n, each in enumerate(where):
        patch(client, each, 0, b"ab%d" % n)
    form = fields(world, upload=",".join(map(uid_of, where)), first="1", count="2")
    with monkeypatch.context() as patched:
        patched.setattr(resumable, "end_uploads", lambda _rows: None)
        first = client.post(url("item_add"), form, HTTP_ACCEPT="application/json").json()
    looked, taken_already = [], actions.taken_already

    def early(*asked: object) -> object:
        looked.append(asked)
        return {} if len(looked) == 1 else taken_already(*asked)

    monkeypatch.setattr(actions, "taken_already", early)
    second = client.post(url("item_add"), form, HTTP_ACCEPT="application/json")
    assert (second.status_code, second.json()) == (200, first)
    assert Item.objects.count() == 2
    assert Upload.objects.count() == 0
    kept = Item.objects.order_by("pk").values_list("original_name", flat=True)
    assert list(kept) == ["DCIM/0.txt", "DCIM/1.txt"]


# --- with foreign clients, over a real connection ------------------------------------------------


def tuspy(live_server, client: Client) -> TusClient:
    page = client.get(url("item_add"))
    token = str(page.context["csrf_token"])
    cookies = "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())
    return TusClient(live_server.url + url("uploads"), {"Cookie": cookies, "X-CSRFToken": token})


@pytest.mark.django_db(transaction=True)
def test_the_tus_client_of_others_is_stopped_and_goes_on(
    world: World, sign_in: SignIn, live_server, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(parts, "PART_BYTES", MIB // 2)
    client, content = sign_in(world.investigator), os.urandom(3 * MIB + 17)
    path = tmp_path / "yard.mp4"
    path.write_bytes(content)
    foreign = tuspy(live_server, client)
    first = foreign.uploader(
        str(path), chunk_size=MIB, metadata={"filename": "двір.mp4"}, metadata_encoding="utf-8",
        upload_checksum=True,
    )  # fmt: skip
    first.upload_chunk()
    assert first.offset == MIB
    second = foreign.uploader(str(path), chunk_size=MIB, url=first.url)
    assert second.offset == MIB
    second.upload()
    with pytest.raises(TusCommunicationError):  # the first does not know that it was overtaken
        first.upload_chunk()
    client.post(url("item_add"), fields(world, upload=uid_of(first.url)))
    item = Item.objects.get()
    assert item.sha256 == hashlib.sha256(content).hexdigest()
    assert item.original_name == "двір.mp4"


@pytest.mark.django_db(transaction=True)
def test_a_piece_that_is_cut_keeps_what_arrived(
    world: World, sign_in: SignIn, live_server, tmp_path: Path
) -> None:
    client, content = sign_in(world.investigator), os.urandom(MIB)
    path = tmp_path / "x"
    path.write_bytes(content)
    foreign = tuspy(live_server, client)
    where = begin(client, len(content))
    headers = foreign.headers | {
        "Host": live_server.url.removeprefix("http://"), "Tus-Resumable": "1.0.0",
        "Content-Type": tus.OFFSET_TYPE, "Upload-Offset": "0", "Content-Length": str(MIB),
    }  # fmt: skip
    host, port = headers["Host"].split(":")
    with socket.create_connection((host, int(port))) as line:
        lines = [f"PATCH {where} HTTP/1.1", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        line.sendall("\r\n".join(lines).encode() + content[: MIB // 4])
    wait = threading.Event()
    for _ in range(200):
        if head(client, where):
            break
        wait.wait(0.05)
    assert head(client, where) == MIB // 4
    rest = foreign.uploader(str(path), chunk_size=MIB, url=live_server.url + where)
    rest.upload()
    client.post(url("item_add"), fields(world, upload=uid_of(where)))
    assert Item.objects.get().sha256 == hashlib.sha256(content).hexdigest()
