"""Archives of strangers: good ones as Python's own readers see them, crafted ones refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.core import archives
from comity.core.archives import Limits, Thing
from comity.core.errors import Untrusted

CONTENT = st.binary(max_size=3000) | st.binary(max_size=40).map(lambda part: part * 900)
NAMES = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="/\\\x00"),
    min_size=1, max_size=12,
)  # fmt: skip


def zipped(files: list[tuple[str, bytes]], **options: object) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, **options) as archive:  # type: ignore[arg-type]
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 20, 9, 30, 0)), content,
                             zipfile.ZIP_DEFLATED)  # fmt: skip
    return held.getvalue()


def tarred(files: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), 1_780_000_000
            archive.addfile(info, io.BytesIO(content))
    return held.getvalue()


def taken_out(data: bytes) -> list[bytes | str]:
    """Every member's bytes, or why it is refused."""
    source = io.BytesIO(data)
    contents = archives.read_contents(source)
    return [
        each.refusal or archives.open_member(source, contents, each).read()
        for each in contents.members
    ]


def code(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(Untrusted) as caught:
        archives.read_contents(io.BytesIO(data), limits)
    return caught.value.code


@given(st.lists(st.tuples(NAMES, CONTENT), max_size=8, unique_by=lambda pair: pair[0]))
def test_a_good_zip_reads_as_pythons_own_reader_reads_it(files: list[tuple[str, bytes]]) -> None:
    data = zipped(files)
    contents = archives.read_contents(io.BytesIO(data))
    with zipfile.ZipFile(io.BytesIO(data)) as theirs:
        infos = theirs.infolist()
        assert taken_out(data) == [theirs.read(info) for info in infos]
    assert [each.size for each in contents.members] == [info.file_size for info in infos]
    assert [each.crc32 for each in contents.members] == [info.CRC for info in infos]
    assert all(each.modified == "2026-11-20T09:30:00" for each in contents.members)
    assert contents.unlisted_bytes == 0


@given(
    st.lists(st.tuples(NAMES.filter(lambda name: name not in {".", ".."}), CONTENT), max_size=6),
    st.sampled_from([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]),
)
def test_a_good_tar_and_tar_gz_read_as_pythons_own_reader_reads_them(
    files: list[tuple[str, bytes]], form: int
) -> None:
    files = [(name * 40, content) for name, content in files]
    data = tarred(files, form)
    with tarfile.open(fileobj=io.BytesIO(data)) as theirs:
        members = theirs.getmembers()
        expected = [theirs.extractfile(each).read() for each in members]  # type: ignore[union-attr]
    for form_of_it in (data, gzip.compress(data)) if members else ():
        assert taken_out(form_of_it) == expected
        found = archives.read_contents(io.BytesIO(form_of_it)).members
        assert [each.name.decode("utf-8", "surrogateescape") for each in found] == [
            each.name for each in members
        ]
        assert all(each.modified == "2026-05-28T20:26:40Z" for each in found)


def test_one_file_in_gzip_is_one_member_and_its_pieces_are_one() -> None:
    data = gzip.compress(b"first ") + gzip.compress(b"second")
    assert archives.read_contents(io.BytesIO(data)).form == "gzip"
    assert taken_out(data) == [b"first second"]
    assert code(data[:-12]) == "archives.broken"


@given(st.data())
def test_no_flipped_byte_gives_other_bytes_than_the_archive_states(draw: st.DataObject) -> None:
    """A member comes out as it went in, or it is refused: there is nothing between."""
    files = [("a.txt", b"the first " * 30), ("b.txt", b"the second " * 30)]
    data = bytearray(zipped(files))
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    try:
        found = taken_out(bytes(data))
    except Untrusted:
        return
    assert all(isinstance(each, str) or each in {b for _, b in files} for each in found)


def local(name: bytes, data: bytes, **changed: int) -> bytes:
    facts = {"flags": 0, "method": 0, "crc": zlib.crc32(data), "stored": len(data)} | changed
    size = changed.get("size", len(data))
    return struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", 20, facts["flags"], facts["method"], 0, 0x21,
        facts["crc"], facts["stored"], size, len(name), 0,
    ) + name + data  # fmt: skip


def central(name: bytes, data: bytes, offset: int, **changed: int) -> bytes:
    facts = {"flags": 0, "method": 0, "crc": zlib.crc32(data), "mode": 0o100644} | changed
    return struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 3 << 8 | 20, 20, facts["flags"], facts["method"], 0,
        0x21, facts["crc"], changed.get("stored", len(data)), changed.get("size", len(data)),
        len(name), 0, 0, 0, 0, facts["mode"] << 16, offset,
    ) + name  # fmt: skip


def closed(body: bytes, directory: bytes, count: int, comment: bytes = b"") -> bytes:
    return body + directory + struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory), len(body), len(comment)
    ) + comment  # fmt: skip


def test_a_directory_that_says_something_else_than_the_local_header_refuses_the_member() -> None:
    data = b"what one program shows"
    for here, there in (
        ({}, {"crc": 1}),
        ({"stored": 3, "size": 3}, {}),
        ({"flags": 1}, {}),
        ({"method": 8}, {}),
    ):
        body = local(b"a", data, **here)
        archive = closed(body, central(b"a", data, 0, **there), 1)
        assert taken_out(archive) == ["archives.header_differs"]
    archive = closed(local(b"a", data), central(b"b", data, 0), 1)
    assert taken_out(archive) == ["archives.header_differs"]


def test_entries_that_share_bytes_are_a_bomb() -> None:
    body = local(b"a", b"kernel")
    twice = central(b"a", b"kernel", 0) + central(b"a", b"kernel", 0)
    assert code(closed(body, twice, 2)) == "archives.overlap"
    # The quoted-header bomb: the first entry's bytes are the second entry with its header.
    inner = local(b"b", b"kernel")
    outer = local(b"a", inner)
    nested = central(b"a", inner, 0) + central(b"b", b"kernel", len(outer) - len(inner))
    assert code(closed(outer, nested, 2)) == "archives.overlap"
    assert code(closed(body, central(b"a", b"kernel", 0, stored=999, size=999), 1)) == (
        "archives.overlap"
    )


def test_what_is_encrypted_unknown_linked_or_special_is_named_and_not_read() -> None:
    target = b"/etc/passwd"
    for changed, refusal in (
        ({"flags": 1}, "archives.encrypted"),
        ({"method": 12}, "archives.unknown_method"),
        ({"mode": 0o120777}, "archives.link"),
        ({"mode": 0o020644}, "archives.special"),
    ):
        shared = {key: value for key, value in changed.items() if key != "mode"}
        body = local(b"x", target, **shared)
        assert taken_out(closed(body, central(b"x", target, 0, **changed), 1)) == [refusal]
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo("../../etc/passwd")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert taken_out(held.getvalue()) == ["archives.link"] * 2 + ["archives.special"] * 2


def test_names_are_bytes_to_read_whatever_they_say() -> None:
    odd = ["../../etc/passwd", "/abs", "C:\\x", "a\nb", "\u202egnp.exe", "con", "."]
    contents = archives.read_contents(io.BytesIO(zipped([(name, b"x") for name in odd])))
    assert [each.name.decode() for each in contents.members] == odd
    assert all(each.thing is Thing.FILE and not each.refusal for each in contents.members)


def test_a_name_that_stands_twice_is_said_and_both_are_read() -> None:
    body = local(b"a", b"one") + local(b"a", b"two")
    directory = central(b"a", b"one", 0) + central(b"a", b"two", len(local(b"a", b"one")))
    data = closed(body, directory, 2)
    found = archives.read_contents(io.BytesIO(data)).members
    assert [each.remark for each in found] == ["", "archives.name_twice"]
    assert taken_out(data) == [b"one", b"two"]


def test_two_ends_and_hidden_bytes_are_seen() -> None:
    entry = local(b"a", b"shown")
    directory = central(b"a", b"shown", 0)
    inner = closed(b"", b"", 0)
    assert code(closed(entry, directory, 1, comment=inner)) == "archives.directory"
    hidden = closed(entry + b"h" * 77, directory, 1)
    assert archives.read_contents(io.BytesIO(hidden)).unlisted_bytes == 77
    assert code(b"MZ" + hidden) == "archives.not_an_archive"
    assert code(b"PK\x03\x04" + b"x" * 90) == "archives.directory"
    assert code(closed(entry, directory, 2)) == "archives.directory"


def test_limits_hold_before_anything_is_unpacked() -> None:
    small = Limits(entries=3, member_bytes=50_000, total_bytes=90_000, ratio=20, ratio_from=9_000)
    noise = bytes(range(256)) * 4
    assert code(zipped([(str(n), b"") for n in range(4)]), small) == "archives.too_many"
    assert code(zipped([("a", noise * 60), ("b", noise * 60)]), small) == "archives.too_large"
    assert code(zipped([("a", bytes(40_000))]), small) == "archives.bomb"
    assert code(gzip.compress(bytes(40_000)), small) == "archives.bomb"
    assert code(gzip.compress(tarred([("a", bytes(40_000))])), small) == "archives.bomb"
    # It stops at the first piece, before it would be too large.
    assert code(gzip.compress(bytes(400_000)), small) == "archives.bomb"
    plain = zipped([("a", bytes(40_000)), ("b", random.Random(7).randbytes(6_000))])
    found = archives.read_contents(io.BytesIO(plain), small).members
    assert [each.refusal for each in found][:1] == ["archives.member_bomb"]
    one = archives.read_contents(io.BytesIO(tarred([("a", bytes(60_000))])), small).members
    assert [each.refusal for each in one] == ["archives.member_too_large"]


def test_a_member_that_unpacks_to_more_or_other_bytes_than_it_states_is_refused() -> None:
    def deflated(data: bytes, **stated: int) -> bytes:
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = engine.compress(data) + engine.flush()
        facts = {"method": 8, "stored": len(packed), "size": len(data),
                 "crc": zlib.crc32(data)} | stated  # fmt: skip
        return closed(local(b"a", packed, **facts), central(b"a", packed, 0, **facts), 1)

    assert taken_out(deflated(b"true" * 99)) == [b"true" * 99]
    for stated, refusal in (
        ({"size": 3}, "archives.size"),
        ({"size": 9999}, "archives.size"),
        ({"crc": 7}, "archives.crc"),
    ):
        with pytest.raises(Untrusted, match=refusal.replace(".", r"\.")):
            taken_out(deflated(b"true" * 99, **stated))


@pytest.mark.parametrize("pack", [zipped, tarred, lambda files: gzip.compress(tarred(files))])
def test_a_member_is_seekable_and_can_be_read_again(
    pack: Callable[[list[tuple[str, bytes]]], bytes],
) -> None:
    content = bytes(range(256)) * 1000
    source = io.BytesIO(pack([("a", b"before"), ("b", content), ("c", b"after")]))
    contents = archives.read_contents(source)
    with archives.open_member(source, contents, contents.members[1]) as member:
        assert member.read(10) == content[:10]
        assert member.seek(0, io.SEEK_END) == len(content)
        member.seek(200_000)
        assert member.read(56_000) == content[200_000:]
        member.seek(0)
        assert member.read() == content


@given(st.binary(max_size=2000))
def test_noise_ends_in_untrusted_and_nothing_else(data: bytes) -> None:
    for head in (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", tarred([("a", b"x")])[:512]):
        with contextlib.suppress(Untrusted):
            taken_out(head + data)
