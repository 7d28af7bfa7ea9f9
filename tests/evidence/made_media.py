"""Small real files of each family, made by the tools that people use."""

from __future__ import annotations

import io
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont


@cache
def photo() -> bytes:
    """A JPEG with a place, a camera and a serial number in its EXIF, and words to read."""
    picture = _words("Decision of the court")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Nomura", "K-2"
    exif[0x0132] = "2001:01:01 00:00:00"
    exif.get_ifd(0x8825)[1], exif.get_ifd(0x8825)[2] = "N", (50.0, 27.0, 0.0)
    return _saved(picture, "JPEG", exif=exif)


def _words(text: str) -> Image.Image:
    picture = Image.new("RGB", (700, 160), "white")
    font = ImageFont.load_default(44)
    ImageDraw.Draw(picture).text((20, 50), text, fill="black", font=font)
    return picture


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return content.getvalue()


@cache
def document(pages: int = 2) -> bytes:
    """A PDF with so many pages."""
    drawn = [_words(f"Page number {number}") for number in range(1, pages + 1)]
    return _saved(drawn[0], "PDF", save_all=True, append_images=drawn[1:])


@cache
def scan() -> bytes:
    """A TIFF, which no browser draws."""
    return _saved(_words("A scan"), "TIFF")


@cache
def film(seconds: int = 1) -> bytes:
    """An MP4 whose index stands at its end, as cameras write it."""
    return _ffmpeg(
        "-f", "lavfi", "-i", f"testsrc=duration={seconds}:size=320x180:rate=10",
        "-c:v", "libx264", "-pix_fmt", "yuv420p", ending="mp4",
    )  # fmt: skip


@cache
def sound(seconds: int = 1) -> bytes:
    """A WAV with one tone."""
    return _ffmpeg("-f", "lavfi", "-i", f"sine=duration={seconds}", ending="wav")


def _ffmpeg(*arguments: str, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made.{ending}")
        subprocess.run(["ffmpeg", "-loglevel", "error", *arguments, str(path)], check=True)
        return path.read_bytes()


@cache
def letter() -> bytes:
    """A word-processor document, small and real."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as parts:
        parts.writestr("[Content_Types].xml", _TYPES)
        parts.writestr("_rels/.rels", _RELATIONS)
        parts.writestr("word/document.xml", _BODY)
    return content.getvalue()


_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_TYPES = f"""<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="{_PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType="{_MAIN}"/></Types>"""
_RELATIONS = f"""<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="{_PACKAGE}/relationships">
<Relationship Id="a" Type="{_OFFICE}" Target="word/document.xml"/></Relationships>"""
_BODY = """<?xml version="1.0" encoding="UTF-8"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:body><w:p><w:r><w:t>An order of the invented unit</w:t></w:r></w:p></w:body></w:document>"""
