"""Make the document fonts: Noto Serif and Noto Serif JP, cut to what letters need.

Only a maintainer runs this; the four files it writes are committed. It needs fontTools and the two
npm packages, neither of which Comity depends on:

    npm install --ignore-scripts @expo-google-fonts/noto-serif@0.4.2 \
        @expo-google-fonts/noto-serif-jp@0.4.3
    uv venv fonttools && uv pip install --python fonttools/bin/python fonttools
    fonttools/bin/python scripts/subset_fonts.py node_modules/@expo-google-fonts

The order in a document is Noto Serif first: Noto Serif JP has no Ґ, Є, І, Ї.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fontTools import subset  # type: ignore[import-not-found]

TARGET = Path(__file__).resolve().parent.parent / "src/comity/core/documents/fonts"
WEIGHTS = (("400Regular", "Regular"), ("700Bold", "Bold"))

# Latin with every European letter, combining marks, Greek, Cyrillic with supplements,
# punctuation, currency, letter-like signs, arrows, mathematics and boxes that letters use.
EUROPEAN = [
    *range(0x20, 0x250),
    *range(0x2B0, 0x370),
    *range(0x370, 0x530),
    *range(0x1E00, 0x1F00),
    *range(0x2000, 0x2070),
    *range(0x2070, 0x20D0),
    *range(0x2100, 0x2150),
    *range(0x2150, 0x2200),
    *range(0x2200, 0x2300),
    *range(0x25A0, 0x2600),
]
# Narrow forms of these look wrong between Japanese words, so the Japanese font keeps its own.
SHARED_PUNCTUATION = "·–—‘’“”‥…‧※†‡‖′″〝〟"
# Personal and place names outside JIS X 0208 and its vendor rows.
NAMES = "髙﨑𠮷濵瀨邉邊德"


def japanese() -> set[int]:
    """Every character of JIS X 0208 with the vendor rows of Windows code page 932."""
    found = set()
    for lead in [*range(0x81, 0xA0), *range(0xE0, 0xFD)]:
        for trail in range(0x40, 0xFD):
            try:
                text = bytes((lead, trail)).decode("cp932")
            except UnicodeDecodeError:
                continue
            found.update(ord(character) for character in text)
    found.update(ord(character) for character in NAMES + SHARED_PUNCTUATION)
    found.update(range(0x3000, 0x3100))
    found.update(range(0xFF00, 0xFFF0))
    # Private use is no text; Cyrillic and Greek always come from Noto Serif.
    return {point for point in found if not (0xE000 <= point < 0xF900 or 0x370 <= point < 0x530)}


def cut(source: Path, target: Path, points: set[int], features: list[str]) -> None:
    """Write the subset of one font, without hinting, glyph names and times."""
    options = subset.Options()
    options.layout_features = features
    options.hinting = False
    options.desubroutinize = True
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.drop_tables += ["DSIG", "STAT", "vhea", "vmtx", "BASE"]
    font = subset.load_font(str(source), options)
    font.recalcTimestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=points)
    subsetter.subset(font)
    subset.save_font(font, str(target), options)
    print(
        f"{target.name}: {target.stat().st_size / 1e6:.2f} MB, {len(font.getBestCmap())} characters"
    )


def main() -> None:
    """Cut both families in both weights and copy their licences."""
    packages = Path(sys.argv[1])
    TARGET.mkdir(parents=True, exist_ok=True)
    western = ["kern", "liga", "mark", "mkmk", "ccmp", "locl", "tnum", "lnum"]
    for folder, name in WEIGHTS:
        cut(
            packages / f"noto-serif/{folder}/NotoSerif_{folder}.ttf",
            TARGET / f"NotoSerif-{name}.ttf",
            set(EUROPEAN),
            western,
        )
        cut(
            packages / f"noto-serif-jp/{folder}/NotoSerifJP_{folder}.ttf",
            TARGET / f"NotoSerifJP-{name}.ttf",
            japanese() | set(range(0x20, 0x7F)),
            ["kern", "palt", "locl", "ccmp"],
        )
    for family in ("noto-serif", "noto-serif-jp"):
        shutil.copyfile(packages / family / "LICENSE_FONT", TARGET / f"OFL-{family}.txt")


if __name__ == "__main__":
    main()
