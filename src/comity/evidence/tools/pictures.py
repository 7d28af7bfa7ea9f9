"""Safe pictures of a file: grey and blurred for lists, clear pages, a film's first frame, a sound.

Arguments: what it is ("image", "pages", "video", "audio", "pdf" or "office"), the ending of its
name for an office program, and how many pages at most. Every picture is drawn anew from points of
colour: nothing of the file's own structure or metadata is in it.
"""

from __future__ import annotations

import array
import io
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import av
import PIL
from PIL import Image, ImageDraw, ImageFilter, ImageOps, ImageSequence

from comity.evidence.tools import remote

THUMBNAIL = (240, 180)
BLUR = 8
PAGE_LONGEST = 1754  # A4 at 150 dpi; however large a page says it is
Image.MAX_IMAGE_PIXELS = 100_000_000
WAVE = (800, 120)
RATE, SAMPLES_A_PEAK = 8000, 400
SHADE, GROUND = (55, 80, 92), (255, 255, 255)
Picture = tuple[str, int, Image.Image]


def main(what: str, ending: str, pages_at_most: int) -> None:
    """Answer with a frame for each picture, and a last one with what made them."""
    target = remote.answers()
    made_by = [f"Pillow {PIL.__version__}"]
    if what == "audio":
        _send(target, "waveform", 1, waveform())
        made_by.append(f"PyAV {av.__version__}")
    else:
        drawn = _pictures(what, ending, pages_at_most, made_by)
        for at, (kind, number, picture) in enumerate(drawn):
            if at == 0:
                _send(target, "thumbnail", 1, shielded(picture))
            if kind:
                _send(target, kind, number, picture)
    remote.write_frame(target, {"kind": "made_by", "tool": ", ".join(made_by)})


def _pictures(what: str, ending: str, at_most: int, made_by: list[str]) -> Iterator[Picture]:
    if what in {"image", "pages"}:
        yield from images("page" if what == "pages" else "", at_most)
    elif what == "video":
        made_by.append(f"PyAV {av.__version__}")
        with remote.given() as source:
            yield "poster", 1, _within(first_frame(source))
    else:
        for number, path in enumerate(rendered(what, ending, at_most, made_by), start=1):
            with Image.open(path) as page:
                yield "page", number, page.convert("RGB")


def images(kind: str, at_most: int) -> Iterator[Picture]:
    """An image, the pages of a TIFF, or a type that only FFmpeg reads, turned as it is shown."""
    with remote.given() as source:
        try:
            opened = Image.open(source)
        except PIL.UnidentifiedImageError:
            source.seek(0)
            yield kind, 1, _within(first_frame(source))
            return
        for number, frame in enumerate(islice(ImageSequence.Iterator(opened), at_most), start=1):
            yield kind, number, _within(ImageOps.exif_transpose(frame).convert("RGB"))
            if not kind:
                return


def first_frame(source: BinaryIO) -> Image.Image:
    """The first frame that decodes."""
    with av.open(source, "r", metadata_errors="replace") as container:
        frame = next(iter(container.decode(video=0)))
        picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV's own
        return picture.rotate(frame.rotation, expand=True)


def rendered(
    what: str, ending: str, at_most: int, made_by: list[str], longest: int = PAGE_LONGEST
) -> list[Path]:
    """Render a document's pages to picture files; an office document becomes a PDF first."""
    room = remote.room()
    path = remote.copied(room / f"item.{ending}")
    if what == "office":
        made_by.append(_version(["soffice", "--version"]))
        profile = f"-env:UserInstallation=file://{room}/profile"
        command = ["soffice", profile, "--headless", "--norestore", "--nolockcheck"]
        _run([*command, "--convert-to", "pdf", "--outdir", str(room / "out"), str(path)])
        path = room / "out/item.pdf"
    made_by.append(_version(["pdftoppm", "-v"]))
    size = ["-scale-to", str(longest)]
    _run(["pdftoppm", "-l", str(at_most), *size, "-png", str(path), str(room / "page")])
    return sorted(room.glob("page-*.png"))


def _run(command: list[str]) -> None:
    subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL)


def _version(command: list[str]) -> str:
    ended = subprocess.run(command, capture_output=True, check=False)
    said = (ended.stdout or ended.stderr).decode("utf-8", "replace").strip()
    return " ".join(said.splitlines()[0].split()[:3]).replace(" version", "") if said else ""


def waveform() -> Image.Image:
    """A sound as a line over time: the highest sample of each moment."""
    peaks: list[int] = []
    with remote.given() as source, av.open(source, "r", metadata_errors="replace") as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        rest = array.array("h")
        for frame in container.decode(audio=0):
            for piece in resampler.resample(frame):
                rest.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
            whole = len(rest) - len(rest) % SAMPLES_A_PEAK
            for at in range(0, whole, SAMPLES_A_PEAK):
                part = rest[at : at + SAMPLES_A_PEAK]
                peaks.append(max(max(part), -min(part)))
            del rest[:whole]
    return drawn(peaks or [0])


def drawn(peaks: list[int]) -> Image.Image:
    """Draw peaks (0 to 32768) as columns around the middle."""
    width, height = WAVE
    picture = Image.new("RGB", WAVE, GROUND)
    draw = ImageDraw.Draw(picture)
    for column in range(width):
        first = column * len(peaks) // width
        last = max(first + 1, (column + 1) * len(peaks) // width)
        half = max(peaks[first:last]) * (height - 2) // 65536
        draw.line([(column, height // 2 - half), (column, height // 2 + half)], fill=SHADE)
    return picture


def shielded(picture: Image.Image) -> Image.Image:
    """Grey, small and blurred: enough to tell items apart, too little to see harm."""
    grey = picture.convert("L")
    grey.thumbnail(THUMBNAIL)
    return grey.filter(ImageFilter.GaussianBlur(BLUR))


def _within(picture: Image.Image) -> Image.Image:
    picture.thumbnail((PAGE_LONGEST, PAGE_LONGEST))
    return picture


def _send(target: BinaryIO, kind: str, number: int, picture: Image.Image) -> None:
    drawn_anew = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    content = io.BytesIO()
    if kind == "waveform":
        drawn_anew.save(content, "PNG", optimize=True)
    else:
        drawn_anew.save(content, "JPEG", quality=80)
    header: dict[str, Any] = {"kind": kind, "number": number}
    header |= {"width": picture.width, "height": picture.height}
    remote.write_frame(target, header, content.getvalue())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
