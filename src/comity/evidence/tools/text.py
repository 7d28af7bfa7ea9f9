"""The text that stands in an image or on the pages of a document, as Tesseract reads it.

Arguments: what it is and its ending, as `pictures`; pages at most; Tesseract's language codes,
joined by "+". The model is named by the digest of its language data: two versions of it may read
differently.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from comity.evidence.tools import pictures, remote

PAGE_LONGEST = 3508  # A4 at 300 dpi
DATA = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract-ocr/tessdata",
)


def main(what: str, ending: str, pages_at_most: int, languages: str) -> None:
    """Answer with a frame for each page, and a last one with tool and model."""
    target = remote.answers()
    made_by: list[str] = []
    for number, path in enumerate(_pages(what, ending, pages_at_most, made_by), start=1):
        command = ["tesseract", str(path), "stdout", "-l", languages]
        ended = subprocess.run(command, capture_output=True, check=True)
        remote.write_frame(target, {"page": number}, ended.stdout)
    said = subprocess.run(["tesseract", "--version"], capture_output=True, check=True)
    version = (said.stdout or said.stderr).decode().splitlines()[0]
    remote.write_frame(
        target, {"tool": ", ".join([version, *made_by]), "model": _model(languages.split("+"))}
    )


def _pages(what: str, ending: str, at_most: int, made_by: list[str]) -> Iterator[Path]:
    if what in {"pdf", "office"}:
        yield from pictures.rendered(what, ending, at_most, made_by, PAGE_LONGEST)
        return
    pictures.PAGE_LONGEST = PAGE_LONGEST
    for _, number, picture in pictures.images("page", at_most):
        path = remote.room() / f"image-{number}.png"
        picture.save(path)
        yield path


def _model(languages: list[str]) -> str:
    named = []
    for language in languages:
        for folder in DATA:
            path = Path(folder, f"{language}.traineddata")
            if path.is_file():
                named.append(f"{language} {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}")
                break
    return "tessdata " + ", ".join(named)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
