"""The PDQ fingerprint of a picture, or of an early frame of a film."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import version
from typing import Any, BinaryIO

import av
import numpy as np
from PIL import Image

from comity.evidence.tools import Unfit
from comity.evidence.tools.pixels import pixels

LONGEST_SIDE = 1024
_EARLY_SECONDS = 1  # the very first frame is often black


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Argument: "image" or "video". Writes JSON: bits (64 hex digits), quality, tool."""
    picture = pixels(source) if arguments[0] == "image" else _frame(source)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    pdqhash: Any = importlib.import_module("pdqhash")  # without types
    bits, quality = pdqhash.compute(np.asarray(picture))
    found = {
        "bits": np.packbits(bits).tobytes().hex(),
        "quality": int(quality),
        "tool": f"pdqhash {version('pdqhash')}",
    }
    target.write(json.dumps(found).encode())


def _frame(source: BinaryIO) -> Image.Image:
    last: Any = None
    with av.open(source, "r") as film:
        if not film.streams.video:
            raise Unfit("range_outside")
        for last in film.decode(film.streams.video[0]):
            if last.time is not None and last.time >= _EARLY_SECONDS:
                break
    if last is None:
        raise Unfit("range_outside")
    found: Image.Image = last.to_image()
    return found
