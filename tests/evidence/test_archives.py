"""Archives in evidence: kept as they are, their contents as items of their own."""

from __future__ import annotations

import gzip
import io
import tarfile
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from comity.core.archives import Member
from comity.core.errors import NotVisible, Refused
from comity.evidence import actions, tasks
from comity.evidence.actions import expanding
from comity.evidence.models import Derivation, Expansion, Item, ItemAccess
from comity.evidence.rules import CustodyEvent, Derived
from comity.ledger.models import Entry
from comity.ui.labels import has_label
from comity.vault.models import Pack
from tests.core.test_archives import central, closed, local, zipped
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db
FILES = [("photos/one.txt", b"the first"), ("../two\u202e.txt", b"the second")]


def taken_out(world: World, data: bytes, **fields: object) -> tuple[Item, Expansion]:
    archive = world.item(data, **fields)
    asked = actions.ask_expansion(world.investigator, archive)
    return archive, actions.expand(world.investigator, asked)


def test_each_file_becomes_an_item_with_the_line_back(world: World) -> None:
    archive, done = taken_out(world, zipped([("photos/", b""), *FILES]))
    assert (done.failure, done.report["taken"], done.report["refused"]) == ("", 2, [])
    first, second = Derivation.objects.filter(original=archive).order_by("pk")
    assert (first.how, first.detail["index"]) == (Derived.MEMBER, 1)
    assert first.detail["path"] == "photos/one.txt"
    assert first.detail["modified"] == "2026-11-20T09:30:00"
    assert second.item.original_name == r"../two\xe2\x80\xae.txt"
    assert "two" not in second.item.title
    for line, (_, content) in zip((first, second), FILES, strict=True):
        with actions.read_opened(world.investigator, line.item) as reader:
            assert reader.read() == content
        assert line.item.compartment == archive.compartment
        assert list(line.item.access.values_list("kind", "record")) == [("case", world.case)]
    for item in (archive, first.item, second.item):
        assert actions.check_custody(world.investigator, item).holds
    record = archive.custody.get(event=CustodyEvent.DERIVED)
    assert record.note == f"{first.item.number} … {second.item.number} (2)"
    assert actions.verify_item(world.investigator, archive)


def test_what_cannot_be_taken_out_is_reported_and_stops_no_other(world: World) -> None:
    body = local(b"a", b"good") + local(b"b", b"bad", crc=1) + local(b"c", b"locked", flags=1)
    places = [0, len(local(b"a", b"good")), len(local(b"a", b"good")) + len(local(b"b", b"bad"))]
    directory = central(b"a", b"good", places[0]) + central(b"b", b"bad", places[1], crc=1)
    directory += central(b"c", b"locked", places[2], flags=1)
    _, done = taken_out(world, closed(body, directory, 3))
    assert done.report["taken"] == 1
    refused = [tuple(pair) for pair in done.report["refused"]]
    assert refused == [(1, "archives.crc"), (2, "archives.encrypted")]
    assert all(has_label(code) for _, code in done.report["refused"])


def test_a_bomb_or_noise_is_refused_whole_with_an_entry(world: World) -> None:
    body = local(b"a", b"kernel")
    bomb = closed(body, central(b"a", b"kernel", 0) * 2, 2)
    archive, done = taken_out(world, bomb)
    assert done.failure == "archives.overlap"
    assert Item.objects.count() == 1
    assert Entry.objects.filter(kind="evidence.archive_expanded", subject=archive.subject).exists()
    _, done = taken_out(world, gzip.compress(b"PK")[:-5])
    assert done.failure == "archives.broken"


def test_thousands_of_members_lie_in_packs_and_are_quick_to_ask_for(world: World) -> None:
    count = 5_000
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", f"text number {number}")
    item, done = taken_out(world, held.getvalue())
    assert done.report["taken"] == count
    assert Derivation.objects.filter(original=item).count() == count
    assert Pack.objects.count() <= 3
    assert item.custody.filter(event=CustodyEvent.DERIVED).count() <= 3


def test_many_members_ask_the_database_as_often_as_few(world: World) -> None:
    counts = []
    for many in (2, 40):
        archive = world.item(zipped([(str(number), b"%d" % number) for number in range(many)]))
        asked = actions.ask_expansion(world.investigator, archive)
        with CaptureQueriesContext(connection) as queries:
            actions.expand(world.investigator, asked)
        counts.append(len(queries))
    assert counts[1] - counts[0] < 10  # rows are written in batches


def test_a_run_that_stopped_goes_on_and_doubles_nothing(world: World) -> None:
    archive, done = taken_out(world, zipped(FILES))
    gone = Derivation.objects.filter(original=archive).count()
    Expansion.objects.update(done_at=None, beat_at=timezone.now())
    assert actions.expansions_due() == []
    assert actions.expand(world.investigator, done).done_at is None
    Expansion.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    assert tasks.expansion_is_due()
    assert tasks.expand_asked.func() == 1
    assert not tasks.expansion_is_due()
    assert Derivation.objects.filter(original=archive).count() == gone == 2
    assert actions.ask_expansion(world.investigator, archive).done_at is None
    assert tasks.expand_asked.func() == 1
    assert Expansion.objects.get().report["taken"] == 2


def test_a_large_archive_is_taken_apart_in_slices_and_reported_as_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("comity.vault.packs.PACK_FILES", 2)
    body = local(b"a", b"one") + local(b"b", b"bad", crc=1)
    directory = central(b"a", b"one", 0) + central(b"b", b"bad", len(local(b"a", b"one")), crc=1)
    for number in range(5):
        directory += central(b"%d" % number, b"%d" % number, len(body))
        body += local(b"%d" % number, b"%d" % number)
    archive = world.item(closed(body, directory, 7))
    asked = actions.ask_expansion(world.investigator, archive)
    slices = 0
    while asked.done_at is None:
        asked = actions.expand(world.investigator, asked, seconds=0)
        slices += 1
        assert tasks.expansion_is_due() is (asked.done_at is None)
    assert slices == 4
    assert (asked.report["taken"], asked.report["refused"]) == (6, [[1, "archives.crc"]])
    assert Derivation.objects.filter(original=archive).count() == 6


def test_a_run_that_was_taken_for_dead_doubles_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = world.item(zipped(FILES))
    asked = actions.ask_expansion(world.investigator, archive)
    first = expanding._there_already

    def overtaken(item: Item, members: list[Member]) -> set[uuid.UUID]:
        found = first(item, members)
        monkeypatch.setattr(expanding, "_there_already", first)
        Expansion.objects.update(beat_at=None)
        actions.expand(world.investigator, Expansion.objects.get())
        return found

    monkeypatch.setattr(expanding, "_there_already", overtaken)
    actions.expand(world.investigator, asked)
    assert Derivation.objects.filter(original=archive).count() == 2


def test_an_archive_in_archives_is_taken_apart_five_deep(world: World) -> None:
    data = zipped([("core.txt", b"core")])
    for _ in range(5):
        data = zipped([("inner.zip", data)])
    item = world.item(data)
    for _ in range(5):
        actions.expand(world.investigator, actions.ask_expansion(world.investigator, item))
        item = Derivation.objects.get(original=item).item
    with pytest.raises(Refused, match=r"evidence\.too_deep"):
        actions.ask_expansion(world.investigator, item)


def test_only_who_sees_the_archive_and_may_add_takes_it_apart(world: World) -> None:
    archive = world.item(zipped(FILES))
    with pytest.raises(NotVisible):
        actions.ask_expansion(world.stranger, archive)
    asked = actions.ask_expansion(world.investigator, archive)
    with pytest.raises(NotVisible):
        actions.expand(world.stranger, asked)
    with pytest.raises(Refused, match=r"evidence\.not_unpacked"):
        actions.ask_expansion(world.investigator, world.item(b"7z\xbc\xaf\x27\x1c" + bytes(40)))


def test_who_lost_the_right_meanwhile_takes_nothing_out_and_holds_nobody_up(world: World) -> None:
    for files in (FILES, FILES[:1]):
        actions.ask_expansion(world.investigator, world.item(zipped(files)))
    ItemAccess.objects.filter(item=Expansion.objects.first().item).delete()
    assert tasks.expand_asked.func() == 2
    assert not tasks.expansion_is_due()
    assert [each.failure for each in Expansion.objects.order_by("pk")] == ["access.not_visible", ""]


def test_tar_gz_and_links(world: World) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        info = tarfile.TarInfo("a")
        info.size = 2 << 20
        archive.addfile(info, io.BytesIO(b"x" * (2 << 20)))
        link = tarfile.TarInfo("b")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        info = tarfile.TarInfo("c")
        info.size = 5
        archive.addfile(info, io.BytesIO(b"small"))
    item, done = taken_out(world, held.getvalue())
    assert (done.report["form"], done.report["taken"]) == ("tar.gz", 2)
    assert [code for _, code in done.report["refused"]] == ["archives.link"]
    sizes = Derivation.objects.filter(original=item).values_list("item__size", flat=True)
    assert sorted(sizes) == [5, 2 << 20]


def test_a_long_list_is_read_once_and_each_look_is_recorded(
    world: World, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, client = (
        world.item(zipped([*FILES, ("long.txt", b"a list")])),
        sign_in(world.investigator),
    )
    looks = Entry.objects.filter(kind="access.looked", subject=archive.subject)
    client.get(url("item_contents", archive.pk))
    monkeypatch.setattr(expanding.archives, "read_contents", None)  # it is not asked again
    assert "long.txt" in client.get(url("item_contents", archive.pk)).content.decode()
    assert looks.count() == 2


def test_lists_that_are_kept_have_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expanding, "LISTS_KEPT", 2)
    for number in range(4):
        actions.list_members(world.investigator, world.item(zipped([(f"{number}", b"x")])))
    assert len(expanding._lists) == 2
    monkeypatch.setattr(expanding, "MEMBERS_KEPT", 1)
    archive = world.item(zipped(FILES))
    actions.list_members(world.investigator, archive)
    assert (archive.pk, archive.sha256) not in expanding._lists


def test_the_pages_list_take_out_and_say_why_not(world: World, sign_in: SignIn) -> None:
    archive = world.item(zipped([*FILES, FILES[0]]))
    client = sign_in(world.investigator)
    looks = Entry.objects.filter(kind="access.looked", subject=archive.subject)
    page = client.get(url("item_contents", archive.pk)).content.decode()
    assert looks.count() == 1
    assert r"../two\xe2\x80\xae.txt" in page
    assert "stands more than once" in page
    assert client.get(url("item_expand", archive.pk)).status_code == 405
    answer = client.post(url("item_expand", archive.pk), follow=True).content.decode()
    assert "3 files are items now." in answer
    assert "3 files were taken out as items." in answer
    made = Derivation.objects.filter(original=archive).first()
    assert made is not None
    assert made.item.number in client.get(url("item_contents", archive.pk)).content.decode()
    assert sign_in(world.stranger).get(url("item_contents", archive.pk)).status_code == 404
    closed_one = world.item(b"Rar!\x1a\x07" + bytes(40))
    shown = client.get(url("item", closed_one.pk)).content.decode()
    assert "does not read the contents of this type" in shown
    broken = world.item(b"PK\x03\x04 this is none")
    answer = client.get(url("item_contents", broken.pk), follow=True).content.decode()
    assert "The archive cannot be read" in answer
