"""A page of a PDF, or an image that browsers do not draw, as a PNG to look at."""

from __future__ import annotations

from typing import BinaryIO

from comity.evidence.tools import Unfit
from comity.evidence.tools.pixels import page, page_count, pixels


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: "pdf" or "image", and the page, from 1."""
    form, number = arguments[0], int(arguments[1])
    if form == "pdf" and not 1 <= number <= page_count():
        raise Unfit("page_missing")
    picture = page(number) if form == "pdf" else pixels(source)
    picture.save(target, "png", compress_level=1)
