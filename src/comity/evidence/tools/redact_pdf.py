"""A PDF of pictures of pages, with black boxes: no text, link, layer or attachment is left."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from typing import BinaryIO

from comity.evidence.tools import Unfit
from comity.evidence.tools.pixels import DOTS_PER_INCH, cover, page, page_count

MOST_PAGES = 500


def main(arguments: list[str], _source: BinaryIO, target: BinaryIO) -> None:
    """Argument: the regions as JSON, each page, x, y, width, height in pixels at 150 an inch."""
    regions = defaultdict(list)
    for number, *region in json.loads(arguments[0]):
        regions[number].append(region)
    count = page_count()
    if count > MOST_PAGES or any(not 1 <= number <= count for number in regions):
        raise Unfit("page_missing")
    writer = Writer(target)
    for number in range(1, count + 1):
        picture = page(number)
        cover(picture, regions[number])
        held = io.BytesIO()
        picture.save(held, "jpeg", quality=88)
        writer.add(held.getvalue(), picture.width, picture.height)
    writer.close()


class Writer:
    """A PDF of one JPEG for each page (ISO 32000-1, 7.5 and 8.9), written page by page."""

    def __init__(self, target: BinaryIO) -> None:
        self._target, self._at = target, 0
        self._places: dict[int, int] = {}
        self._pages: list[int] = []
        self._write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def add(self, jpeg: bytes, width: int, height: int) -> None:
        """Add a page that is this picture, of so many pixels."""
        first = 3 + 3 * len(self._pages)
        wide, high = (72 * side / DOTS_PER_INCH for side in (width, height))
        self._stream(
            first,
            f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
            "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
            jpeg,
        )
        drawing = f"q {wide:.2f} 0 0 {high:.2f} 0 0 cm /I Do Q".encode()
        self._stream(first + 1, "", drawing)
        self._object(
            first + 2,
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide:.2f} {high:.2f}] "
            f"/Resources << /XObject << /I {first} 0 R >> >> /Contents {first + 1} 0 R >>".encode(),
        )
        self._pages.append(first + 2)

    def close(self) -> None:
        """Write the list of pages and the table of objects."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(1, b"<< /Type /Catalog /Pages 2 0 R >>")
        listed = f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>"
        self._object(2, listed.encode())
        start, size = self._at, len(self._places) + 1
        rows = "".join(f"{self._places[number]:010} 00000 n \n" for number in range(1, size))
        self._write(f"xref\n0 {size}\n0000000000 65535 f \n{rows}".encode())
        trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._write(trailer.encode())

    def _stream(self, number: int, entries: str, data: bytes) -> None:
        head = f"<< {entries} /Length {len(data)} >>\nstream\n".encode()
        self._object(number, head + data + b"\nendstream")

    def _object(self, number: int, body: bytes) -> None:
        self._places[number] = self._at
        self._write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")

    def _write(self, data: bytes) -> None:
        self._target.write(data)
        self._at += len(data)
