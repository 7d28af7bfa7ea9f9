"""What the tools on pictures have in common: decoding to plain pixels, and boxes over them."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageOps

from comity.evidence.tools import Unfit

MOST_PIXELS = 200_000_000
DOTS_PER_INCH = 150
SOURCE = "/proc/self/fd/0"
Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses what has twice as many
Region = Sequence[int]


def pixels(source: BinaryIO) -> Image.Image:
    """Decode the first frame as a browser shows it: turned, without alpha, without metadata."""
    with Image.open(source) as opened:
        turned = ImageOps.exif_transpose(opened)
        if turned.has_transparency_data:
            turned = turned.convert("RGBA")
            ground = Image.new("RGBA", turned.size, "white")
            ground.alpha_composite(turned)
            turned = ground
        decoded = turned.convert("RGB")
    # Bytes and size alone: comments, colour profiles and thumbnails stay behind.
    return Image.frombytes("RGB", decoded.size, decoded.tobytes())


def cover(picture: Image.Image, regions: Sequence[Region]) -> None:
    """Draw black boxes: x, y, width, height in pixels. Raises Unfit("region_outside")."""
    draw = ImageDraw.Draw(picture)
    for x, y, width, height in regions:
        inside = 0 <= x < picture.width and 0 <= y < picture.height
        if not inside or width < 1 or height < 1:
            raise Unfit("region_outside")
        draw.rectangle((x, y, x + width - 1, y + height - 1), fill="black")


def page_count() -> int:
    """How many pages the PDF on standard input has (poppler's pdfinfo)."""
    said = subprocess.run(["pdfinfo", SOURCE], capture_output=True, check=True, stdin=0).stdout
    lines = said.decode("utf-8", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pages:"))


def page(number: int) -> Image.Image:
    """Draw a page of the PDF on standard input, from 1 (poppler's pdftoppm)."""
    drawn = subprocess.run(
        ["pdftoppm", "-r", str(DOTS_PER_INCH), "-f", str(number), "-l", str(number), SOURCE],
        capture_output=True,
        check=True,
        stdin=0,
    ).stdout
    if not drawn:
        raise Unfit("page_missing")
    return pixels(io.BytesIO(drawn))
