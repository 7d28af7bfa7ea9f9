"""An image with black boxes: decoded, covered, and encoded anew, so nothing lies under a box."""

from __future__ import annotations

import json
from typing import BinaryIO

from comity.evidence.tools.pixels import cover, pixels


def main(arguments: list[str], source: BinaryIO, target: BinaryIO) -> None:
    """Arguments: "jpeg" or "png", and the regions as JSON."""
    form, regions = arguments
    picture = pixels(source)
    cover(picture, json.loads(regions))
    options = {"quality": 92} if form == "jpeg" else {}
    picture.save(target, form, **options)
