"""The container: written once, read by our strict reader and by tools that others wrote."""

from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core import manifests, ziplayout
from comity.core.certificates import KeyPair, make_ca, make_certificate
from comity.core.container import Container, Entry, Seal, open_container, write_container
from comity.core.errors import Refused, Untrusted
from comity.core.findings import Verdict, grade

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CA = make_ca("kyiv.example authority", NOW, 400)
PAIR = make_certificate(CA, "kyiv.example", "seal", [], NOW, 300)
SEAL = Seal(PAIR.key_pem, PAIR.certificate_pem)
ENTRIES = [
    Entry("data/E-000001/original.bin", b"a photograph", "image/jpeg"),
    Entry("data/E-000002/original.bin", b"", "application/octet-stream"),
    Entry("comity/package.json", b"{}", "application/json"),
]


def sealed(entries: list[Entry] = ENTRIES, seal: Seal = SEAL) -> bytes:
    target = io.BytesIO()
    digest = write_container(target, entries, seal, NOW, {"Source-Organization": "kyiv.example"})
    data = target.getvalue()
    assert digest.sha256 == hashlib.sha256(data).hexdigest()
    assert digest.size == len(data)
    return data


def opened(data: bytes) -> Container:
    return open_container(io.BytesIO(data))


def verdict(data: bytes, trusted: list[bytes]) -> Verdict:
    return grade(opened(data).check(trusted, [], NOW))


def refusal(data: bytes) -> str:
    with pytest.raises(Untrusted) as caught:
        opened(data)
    return caught.value.code


def test_what_is_written_is_read_back() -> None:
    container = opened(sealed())

    assert container.names()[0] == "mimetype"
    assert container.read("data/E-000001/original.bin", 100) == b"a photograph"
    assert container.open("data/E-000001/original.bin").read() == b"a photograph"
    assert container.open("data/E-000002/original.bin").read() == b""
    assert container.listed("data/E-000001/original.bin").media_type == "image/jpeg"


def test_the_seal_is_trusted_only_when_its_certificate_or_its_issuer_is() -> None:
    data = sealed()

    assert verdict(data, [PAIR.certificate_pem]) is Verdict.SEALED
    assert verdict(data, [CA.certificate_pem]) is Verdict.SEALED
    assert verdict(data, []) is Verdict.INTEGRITY_ONLY
    stranger = make_ca("kyiv.example authority", NOW, 400)
    assert verdict(data, [stranger.certificate_pem]) is Verdict.INTEGRITY_ONLY


def test_the_same_content_differs_only_in_its_signature() -> None:
    first, second = opened(sealed()), opened(sealed(list(reversed(ENTRIES))))

    assert first.names() == second.names()
    assert first.read("bag-info.txt", 999) == second.read("bag-info.txt", 999)


def test_foreign_tools_accept_it(tmp_path: Path) -> None:
    file = tmp_path / "package.asice"
    file.write_bytes(sealed())
    bag = tmp_path / "bag"

    run("unzip", "-t", file)
    run("unzip", "-q", file, "-d", bag)
    run("sha256sum", "--strict", "-c", "manifest-sha256.txt", cwd=bag)
    run("sha256sum", "--strict", "-c", "tagmanifest-sha256.txt", cwd=bag)
    run(sys.executable, Path(sys.executable).with_name("bagit.py"), "--validate", bag)
    (tmp_path / "ca.pem").write_bytes(CA.certificate_pem)
    run(
        *("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER"),
        *("-in", bag / manifests.SIGNATURE, "-content", bag / manifests.MANIFEST),
        *("-CAfile", tmp_path / "ca.pem", "-out", "/dev/null"),
        *("-attime", str(int(NOW.timestamp()))),
    )
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.infolist()[0].filename == "mimetype"


def run(*command: str | Path, cwd: Path | None = None) -> None:
    result = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr + result.stdout


def test_without_a_payload_there_is_no_bag_and_the_seal_still_holds() -> None:
    data = sealed([Entry("message.json", b"{}", "application/json")])

    assert opened(data).names() == (
        "mimetype",
        "message.json",
        manifests.MANIFEST,
        manifests.SIGNATURE,
    )
    assert verdict(data, [PAIR.certificate_pem]) is Verdict.SEALED


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../x",
        "data/../x",
        "data//x",
        "a\\b",
        "a b",
        "é",
        "",
        "data/",
        "./x",
        "x" * 300,
    ],
)
def test_names_that_could_climb_or_confuse_are_not_written(name: str) -> None:
    with pytest.raises(Untrusted, match="bad_name"):
        sealed([Entry(name, b"", "text/plain")])


@pytest.mark.parametrize("name", ["mimetype", "META-INF/x.xml", "fetch.txt", "manifest-md5.txt"])
def test_names_of_the_container_itself_are_not_written(name: str) -> None:
    with pytest.raises(Untrusted, match="reserved_name"):
        sealed([Entry(name, b"", "text/plain")])


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a/B", "A/b"), ("a", "a/b"), ("A/b", "a")])
def test_names_that_a_file_system_confuses_are_not_written(one: str, other: str) -> None:
    with pytest.raises(Untrusted, match="duplicate_entry"):
        sealed([Entry(one, b"", "text/plain"), Entry(other, b"", "text/plain")])


def test_a_source_that_changes_between_the_readings_is_refused() -> None:
    contents = iter([b"first", b"other"])

    def source() -> BinaryIO:
        return io.BytesIO(next(contents))

    with pytest.raises(Refused, match="source_changed"):
        sealed([Entry("data/a", source, "text/plain")])


# What an attacker can build who is able to write any ZIP, but cannot seal.


def rebuilt(names: list[str], edit: Callable[[dict[str, bytes]], None]) -> bytes:
    """The sealed container's files, edited and zipped again in our own layout."""
    container = opened(sealed())
    files = {name: container.view(name).read() for name in container.names()}
    edit(files)
    return zipped([(name, files[name]) for name in names or list(files)])


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    out, members = bytearray(), []
    for name, data in files:
        crc = zlib.crc32(data)
        members.append(ziplayout.Member(name, len(data), crc, len(out)))
        out += ziplayout.local_header(name, size=len(data), crc32=crc) + data
    return bytes(out) + ziplayout.directory(members, len(out))


def test_an_unlisted_entry_is_refused() -> None:
    def add(files: dict[str, bytes]) -> None:
        tail = {name: files.pop(name) for name in (manifests.MANIFEST, manifests.SIGNATURE)}
        files["zz.txt"] = b"not signed"
        files.update(tail)

    assert refusal(rebuilt([], add)) == "container.unlisted_entry"


def test_a_missing_entry_is_refused() -> None:
    gone = "data/E-000002/original.bin"
    assert refusal(rebuilt([], lambda files: files.pop(gone))) == "container.missing_entry"


def test_a_changed_entry_is_named() -> None:
    def edit(files: dict[str, bytes]) -> None:
        files["data/E-000001/original.bin"] = b"a photograf"

    container = opened(rebuilt([], edit))
    wrong = [each for each in container.check([], [], NOW) if each.ok is False]
    assert next((each.code, each.subject) for each in wrong) == (
        "container.entry",
        "data/E-000001/original.bin",
    )
    with pytest.raises(Untrusted, match="entry_changed"):
        container.read("data/E-000001/original.bin", 100)
    with pytest.raises(Untrusted, match="entry_changed"):
        container.open("data/E-000001/original.bin").read()


def test_a_list_changed_with_its_entry_breaks_the_signature() -> None:
    def edit(files: dict[str, bytes]) -> None:
        new = b"an other file"
        files["comity/package.json"] = new
        listed = [
            entry
            if entry.name != "comity/package.json"
            else manifests.Listed(entry.name, entry.media_type, hashlib.sha256(new).digest())
            for entry in manifests.parse_manifest(files[manifests.MANIFEST], {})
        ]
        files[manifests.MANIFEST] = manifests.write_manifest(listed)

    findings = opened(rebuilt([], edit)).check([PAIR.certificate_pem], [], NOW)
    wrong = {each.code: each.facts.get("reason") for each in findings if each.ok is False}
    assert wrong["seal.signature"] == "cms.digest_mismatch"
    assert wrong["bag.lists"] == "bag.tag_list"


def test_a_duplicate_entry_is_refused() -> None:
    container = opened(sealed())
    files = [(name, container.view(name).read()) for name in container.names()]
    assert refusal(zipped([files[0], *files])) == "container.duplicate_entry"


def test_a_traversal_in_the_directory_is_refused() -> None:
    data = sealed().replace(b"comity/package.json", b"../../package.jsonx"[:19])
    assert refusal(data) == "container.bad_name"


def test_a_local_header_that_differs_from_the_directory_is_refused() -> None:
    data = bytearray(sealed())
    at = data.index(b"\x13\0\0\0comity/package.json") + 4  # after both lengths
    data[at : at + 6] = b"COMITY"
    assert refusal(bytes(data)) == "container.local_header"


def test_overlapping_entries_are_refused() -> None:
    data = b"x" * 100
    crc = zlib.crc32(data)
    header = ziplayout.local_header("a", size=100, crc32=crc)
    members = [ziplayout.Member("a", 100, crc, 0), ziplayout.Member("b", 100, crc, 0)]
    body = header + data
    assert refusal(body + ziplayout.directory(members, len(body))) == "container.gap_or_overlap"


def test_a_prefix_a_comment_or_a_tail_is_refused() -> None:
    data = sealed()
    assert refusal(b"x" + data) == "container.directory"
    assert refusal(data + b"x") == "container.not_a_zip"
    commented = data[:-2] + struct.pack("<H", 1) + b"c"
    assert refusal(commented) == "container.not_a_zip"


def test_compressed_entries_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", b"0" * 100_000_000)
    assert refusal(target.getvalue()) == "container.compressed"


def test_a_directory_that_claims_far_more_than_there_is_costs_nothing() -> None:
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 0, 0, 0)
    assert refusal(b"\0" * 50_000_000 + end) == "container.directory"


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"x" * 1000])
def test_what_is_no_container_is_refused(data: bytes) -> None:
    refusal(data)


@given(st.binary(max_size=400))
def test_rubbish_is_untrusted_and_nothing_else(data: bytes) -> None:
    for candidate in (data, data + b"PK\x05\x06" + data[:18]):
        with pytest.raises(Untrusted):
            opened(candidate)


PACKAGE = sealed()


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(PACKAGE) - 1), st.integers(1, 255))
def test_any_changed_byte_fails_the_whole(position: int, difference: int) -> None:
    data = bytearray(PACKAGE)
    data[position] ^= difference
    try:
        findings = opened(bytes(data)).check([PAIR.certificate_pem], [], NOW)
    except Untrusted:
        return
    assert grade(findings) is Verdict.FAILED


def test_every_single_byte_is_covered() -> None:
    for position in range(len(PACKAGE)):
        data = bytearray(PACKAGE)
        data[position] ^= 0x20
        try:
            findings = opened(bytes(data)).check([PAIR.certificate_pem], [], NOW)
        except Untrusted:
            continue
        assert grade(findings) is Verdict.FAILED, position


def test_more_entries_than_sixteen_bits_hold() -> None:
    # The seal is not needed to prove the layout; Python's zipfile is the oracle.
    files = [(f"n/{number}", b"") for number in range(66_000)]
    data = zipped(files)

    assert len(ziplayout.read_members(io.BytesIO(data))) == 66_000
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert len(archive.infolist()) == 66_000


def test_sizes_beyond_four_gigabytes_are_written_as_zip64() -> None:
    size = 5 << 30
    member = ziplayout.Member("data/video.bin", size, 7, 6 << 30)
    header = ziplayout.local_header("data/video.bin", size=size, crc32=7)
    assert header.endswith(struct.pack("<HHQQ", 1, 16, size, size))
    tail = ziplayout.directory([member], 11 << 30)
    record = zipfile._EndRecData(io.BytesIO(b"\0" * 100 + tail))  # type: ignore[attr-defined]
    assert record[6] == 11 << 30


@pytest.mark.slow
def test_a_container_of_five_gigabytes(tmp_path: Path) -> None:
    size = (4 << 30) + 12345
    source = tmp_path / "video.bin"
    with source.open("wb") as file:
        file.truncate(size)
    target = tmp_path / "large.asice"
    with target.open("wb") as file:
        entry = Entry("data/video.bin", lambda: source.open("rb"), "video/mp4")
        tail = Entry("data/z.bin", b"after it", "text/plain")
        write_container(file, [entry, tail], SEAL, NOW, {})
    run("unzip", "-t", target)
    with target.open("rb") as file:
        assert grade(open_container(file).check([PAIR.certificate_pem], [], NOW)) is Verdict.SEALED


def test_an_expired_seal_is_not_trusted_without_trusted_time() -> None:
    later = NOW + timedelta(days=301)
    findings = opened(sealed()).check([PAIR.certificate_pem], [], later)
    (signer,) = [each for each in findings if each.code == "seal.signer"]
    assert (signer.ok, signer.facts["reason"]) == (None, "expired")


def test_a_key_that_is_not_the_certificates_makes_no_valid_seal() -> None:
    other: KeyPair = make_certificate(CA, "other.example", "seal", [], NOW, 300)
    data = sealed(seal=Seal(other.key_pem, PAIR.certificate_pem))
    assert verdict(data, [PAIR.certificate_pem]) is Verdict.FAILED
