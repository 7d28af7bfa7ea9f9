"""What a file is, by real files of real tools and by rubbish; names that only look like names."""

from __future__ import annotations

import io
import shutil
import subprocess
import unicodedata
import wave
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from comity.evidence import media
from comity.evidence.rules import kept_name, plain_line, plain_media_type

HEADS = [
    (b"", "inode/x-empty"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
    (b"GIF89a", "image/gif"),
    (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"ID3\x04\x00", "audio/mpeg"),
    (b"\xff\xfb\x90\x64\x00", "audio/mpeg"),
    (b"OggS\x00\x02" + bytes(22) + b"\x01\x1e\x01vorbis", "audio/ogg"),
    (b"OggS\x00\x02" + bytes(22) + b"\x80theora", "video/ogg"),
    (b"fLaC\x00", "audio/flac"),
    (b"\x00\x00\x00\x20ftypisom", "video/mp4"),
    (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
    (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
    (b"\x00\x00\x00\x18ftypheic", "image/heic"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
    (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
    (b"PK\x05\x06" + bytes(18), "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    ("Свідок бачив".encode(), "text/plain"),
    ("目撃者" .encode("utf-16"), "text/plain"),
    (b"<html><script>", "text/plain"),
    (b"\xff\xff\xff\xff", "application/octet-stream"),
    (b"\x00" * 100, "application/octet-stream"),
    (b"caf\xe9", "application/octet-stream"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "media_type"), HEADS)
def test_first_bytes_tell(head: bytes, media_type: str) -> None:
    assert media.sniff(head) == media_type


def test_text_cut_in_the_middle_of_a_character_is_text() -> None:
    text = ("a" + "я" * media.HEAD_BYTES).encode()
    assert media.sniff(text[: media.HEAD_BYTES]) == "text/plain"
    assert media.sniff(b"a\xd1") == "application/octet-stream"


def zipped(*members: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def test_what_is_inside_a_zip_tells_more() -> None:
    docx = zipped(("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>"))
    asice = zipped(("mimetype", b"application/vnd.etsi.asic-e+zip"), ("a", b""))
    strange = zipped(("mimetype", b"text/html"), ("a", b""))
    assert media.sniff(docx).endswith("wordprocessingml.document")
    assert media.sniff(asice) == "application/vnd.etsi.asic-e+zip"
    assert media.sniff(strange) == media.sniff(zipped(("a", b""))) == "application/zip"


def test_files_of_other_tools_are_what_the_file_command_says(tmp_path: Path) -> None:
    if shutil.which("file") is None:
        pytest.skip("the file command is not installed")
    with wave.open(str(tmp_path / "tone"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(bytes(100))
    (tmp_path / "zip").write_bytes(zipped(("a", b"x")))
    (tmp_path / "text").write_text("Слово\n", "utf-8")
    (tmp_path / "empty").write_bytes(b"")
    same = {"audio/x-wav": "audio/wav"}
    for path in tmp_path.iterdir():
        said = subprocess.run(
            ["file", "--brief", "--mime-type", path], capture_output=True, text=True, check=True
        ).stdout.strip()
        assert media.sniff(path.read_bytes()) == same.get(said, said)


@given(st.binary(max_size=5000))
@example(b"PK\x03\x04" + b"\xff" * 60)
@example(b"RIFF")
@example(b"\xff\xe0")
def test_rubbish_has_a_type_and_a_name(head: bytes) -> None:
    media_type = media.sniff(head[: media.HEAD_BYTES])
    assert plain_media_type(media_type) == media_type
    assert media.neutral_name("E-000001", media_type).startswith("E-000001.")


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/pdf", ""])
def test_what_can_run_is_never_shown(media_type: str) -> None:
    assert media.shown_as(media_type) == ""


@given(st.text(max_size=300) | st.binary(max_size=300))
@example("\ud800")
@example("\udcff")
@example("報告\u3000書.pdf")
def test_a_kept_name_can_be_stored_and_shown(name: str | bytes) -> None:
    kept = kept_name(name)
    kept.encode("utf-8")
    assert all(char.isprintable() or unicodedata.category(char) == "Zs" for char in kept)
    assert kept_name(kept) == kept


@given(st.text(max_size=300))
def test_a_plain_line_is_one_line_and_stays_so(text: str) -> None:
    plain = plain_line(text)
    plain.encode("utf-8")
    assert plain_line(plain) == plain
    assert "\n" not in plain
    assert "\x00" not in plain
    assert "\u202e" not in plain


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("IMAGE/PNG; charset=x", "image/png"),
        ("text/html\r\nX-Evil: 1", ""),
        ("nonsense", ""),
        ("a/b/c", ""),
        ("x" * 300 + "/y", ""),
    ],
)
def test_a_declared_type_is_a_type_or_nothing(declared: str, kept: str) -> None:
    assert plain_media_type(declared) == kept
