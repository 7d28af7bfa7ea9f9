"""Small files in packs: stored once, opened one by one, damaged without harm to the others."""

from __future__ import annotations

import hashlib
import io
import os
from functools import partial
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from comity.core import vaultfile
from comity.core.access import NodeActor
from comity.core.errors import Refused, Untrusted
from comity.ledger.models import Entry
from comity.vault import actions, packs, storage, taking
from comity.vault.models import Pack, StoredFile

pytestmark = pytest.mark.django_db
NODE = NodeActor("test")


def sources(*contents: bytes):
    return [partial(io.BytesIO, content) for content in contents]


def take(*contents: bytes) -> list[storage.TakenIn]:
    return [one for group in actions.take_in_many(sources(*contents)) for one in group]


def kept(*contents: bytes) -> list[StoredFile]:
    with transaction.atomic():
        return actions.keep_many(NODE, take(*contents))


def content_of(file: StoredFile) -> bytes:
    with actions.open_file(NODE, StoredFile.objects.get(pk=file.pk)) as reader:
        return reader.read()


def objects(vault: Path) -> list[Path]:
    return [path for path in (vault / "objects").rglob("*") if path.is_file()]


def test_small_files_share_an_object_and_open_one_by_one(vault: Path) -> None:
    contents = [b"", b"x", os.urandom(16 * 1024), os.urandom(50_000), os.urandom(1 << 19)]
    rows = kept(*contents)
    assert [content_of(row) for row in rows] == contents
    assert len(objects(vault)) == Pack.objects.count() == 1
    assert [row.size for row in rows] == [len(one) for one in contents]
    for row, content in zip(rows, contents, strict=True):
        with actions.open_file(NODE, row) as reader:
            reader.seek(len(content) // 2)
            assert reader.read(100) == content[len(content) // 2 :][:100]
    assert storage.check_stored(Pack.objects.get().stored_name) == Pack.objects.get().stored_size


def test_a_large_file_among_small_ones_is_an_object_of_its_own(vault: Path) -> None:
    large = os.urandom(packs.SMALL_BYTES)
    rows = kept(b"a", large, b"b")
    assert [bool(row.pack) for row in rows] == [True, False, True]
    assert content_of(rows[1]) == large
    assert len(objects(vault)) == 2


def test_known_bytes_are_not_stored_again(vault: Path) -> None:
    first = kept(b"a", b"b", b"a")
    assert first[0] == first[2]
    again = kept(b"b", b"a")
    assert again == [first[1], first[0]]
    assert len(objects(vault)) == 1
    more = kept(b"b", b"c")
    assert more[0] == first[1]
    assert Pack.objects.count() == 2


def test_two_that_take_the_same_bytes_at_once_keep_one(
    vault: Path, django_capture_on_commit_callbacks
) -> None:
    one, two = take(b"a", b"b"), take(b"a", b"b")
    with django_capture_on_commit_callbacks(execute=True):
        first = actions.keep_many(NODE, one)
    with django_capture_on_commit_callbacks(execute=True):
        assert actions.keep_many(NODE, two) == first
    assert len(objects(vault)) == Pack.objects.count() == 1
    assert content_of(first[1]) == b"b"


def test_a_group_is_closed_at_its_size_and_none_is_larger(monkeypatch, vault: Path) -> None:
    monkeypatch.setattr(packs, "PACK_BYTES", 100_000)
    groups = list(actions.take_in_many(sources(*(os.urandom(30_000) for _ in range(9)))))
    assert [len(group) for group in groups] == [4, 4, 1]
    assert len(objects(vault)) == 3


def test_what_is_refused_stands_in_its_place(vault: Path, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.write_bytes(b"good")
    (tmp_path / "link").symlink_to(good)
    paths = [good, tmp_path / "gone", tmp_path / "link", good]
    opened = [partial(storage.open_regular, path) for path in paths]
    (group,) = actions.take_in_many(opened)
    assert isinstance(group[0], storage.TakenIn)
    assert isinstance(group[1], OSError)
    assert isinstance(group[2], Refused)
    assert group[3] == group[0]


def test_a_file_that_changes_while_it_is_read_is_refused(vault: Path, tmp_path: Path) -> None:
    path = tmp_path / "changing"
    path.write_bytes(b"1234")

    class Changing(io.FileIO):
        def read(self, size: int = -1) -> bytes:
            with path.open("ab") as other:
                other.write(b"5")
            return super().read(size)

    (group,) = actions.take_in_many([lambda: Changing(path)])
    assert isinstance(group[0], Refused)
    assert group[0].code == "vault.source_changed"
    assert objects(vault) == []


def test_a_full_disk_leaves_nothing(vault: Path, settings) -> None:
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    (group,) = actions.take_in_many(sources(b"a", b"b"))
    assert [one.code for one in group] == ["vault.disk_full"] * 2
    assert list((vault / "incoming").iterdir()) == []


@given(st.integers(0, 10_000))
def test_a_changed_byte_is_found_and_harms_one_file(at: int) -> None:
    contents = [bytes([number]) * 1500 for number in range(5)]
    files = [packs.Small(one, _sha256(one)) for one in contents]
    taken = packs.take_in_small(files)
    section = taken[0].section
    assert section is not None
    path = storage._object_path(section.pack)
    stored = bytearray(path.read_bytes())
    stored[at % len(stored)] ^= 1
    path.chmod(0o600)
    path.write_bytes(stored)
    with pytest.raises(Untrusted):
        storage.check_stored(section.pack)
    broken = 0
    for one in taken:
        try:
            storage.check_object(
                one.stored_name, one.wrapped_key, one.sha256, one.section, one.stored_size
            )
        except Untrusted:
            broken += 1
    assert broken == 1


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_scrub_names_the_damaged_files_of_a_pack_and_spares_the_others(vault: Path) -> None:
    rows = kept(b"a" * 5000, b"b" * 5000, b"c" * 5000)
    path = objects(vault)[0]
    stored = bytearray(path.read_bytes())
    stored[rows[1].offset + 100] ^= 1
    path.chmod(0o600)
    path.write_bytes(stored)
    found = actions.scrub(NODE)
    assert found.damaged == (Pack.objects.get(),)
    assert [row.damage for row in StoredFile.objects.order_by("offset")] == [
        "",
        "vaultfile.stored_digest_mismatch",
        "",
    ]
    assert Entry.objects.filter(kind="vault.object_damaged").count() == 1
    actions.scrub(NODE)
    assert Entry.objects.filter(kind="vault.object_damaged").count() == 1
    again = kept(b"b" * 5000)[0]
    assert content_of(again) == b"b" * 5000
    assert Entry.objects.filter(kind="vault.object_replaced").count() == 1


def test_a_damaged_pack_that_is_put_back_is_whole_again(vault: Path) -> None:
    rows = kept(b"a", b"b")
    path = objects(vault)[0]
    good = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(good[:-1])
    actions.scrub(NODE)
    assert StoredFile.objects.exclude(damage="").count() == 1
    path.write_bytes(good)
    actions.scrub(NODE)
    assert not StoredFile.objects.exclude(damage="").exists()
    assert content_of(rows[1]) == b"b"


def test_a_sweep_keeps_packs_that_have_a_row_and_takes_the_others(vault: Path) -> None:
    rows = kept(b"a")
    take(b"b")
    assert actions.sweep(NODE, object_seconds=0).objects == 1
    assert content_of(rows[0]) == b"a"
    taken = take(b"c")
    actions.sweep(NODE, object_seconds=0)
    with pytest.raises(Refused, match=r"vault\.taken_in_too_long_ago"), transaction.atomic():
        actions.keep_many(NODE, taken)


@given(st.binary(max_size=70_000))
def test_the_small_form_is_the_stream_form(plain: bytes) -> None:
    key = vaultfile.new_key()
    stored = vaultfile.seal_bytes(plain, key)
    assert len(stored) == vaultfile.stored_size(len(plain))
    out = io.BytesIO()
    vaultfile.open_stream(io.BytesIO(stored), out, key, _sha256(plain))
    assert out.getvalue() == plain


def test_whoever_stops_in_the_middle_leaves_nothing_unfinished(monkeypatch, vault: Path) -> None:
    monkeypatch.setattr(packs, "PACK_FILES", 3)
    monkeypatch.setattr(taking, "SEALED_AT_ONCE_BYTES", 10)
    groups = actions.take_in_many(sources(*(os.urandom(20) for _ in range(11))))
    assert len(next(groups)) == 3
    groups.close()
    assert not list((vault / "incoming").iterdir())
    for path in objects(vault):
        assert storage.check_stored(path.name)


def test_a_source_that_breaks_off_the_whole_leaves_nothing_unfinished(
    monkeypatch, vault: Path
) -> None:
    monkeypatch.setattr(taking, "SEALED_AT_ONCE_BYTES", 10)

    def broken():
        yield from sources(b"one of twenty bytes.", b"another of twenty by")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(actions.take_in_many(broken()))
    assert not list((vault / "incoming").iterdir())
    assert not objects(vault)


def test_a_disk_that_is_full_half_way_refuses_the_whole_group(
    monkeypatch, vault: Path, settings
) -> None:
    monkeypatch.setattr(taking, "SEALED_AT_ONCE_BYTES", 10)

    def filling():
        yield from sources(b"one of twenty bytes.")
        settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
        yield from sources(b"another of twenty by", b"and a third of them.")

    (group,) = actions.take_in_many(filling())
    assert [one.code for one in group] == ["vault.disk_full"] * 3
    assert not list((vault / "incoming").iterdir())
    assert not objects(vault)


def test_equal_files_of_one_group_are_sealed_once_and_known_ones_not_again(
    monkeypatch, vault: Path
) -> None:
    monkeypatch.setattr(taking, "SEALED_AT_ONCE_BYTES", 10)
    kept(b"known before, of old")
    taken = take(b"one of twenty bytes.", b"known before, of old", b"one of twenty bytes.")
    assert taken[0] == taken[2]
    assert len(objects(vault)) == 2
    assert taken[0].section.pack_size == vaultfile.stored_size(20)
