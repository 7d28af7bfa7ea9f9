"""Build the binary catalogues (.mo) from the committed .po files; also hatch's build hook."""

from __future__ import annotations

import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent


def build(root: Path = ROOT) -> list[str]:
    built = []
    for source in sorted((root / "src/comity").glob("**/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
        built.append(str(target.relative_to(root)))
    return built


try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run as a script in a node's environment
    pass
else:

    class CatalogueHook(BuildHookInterface):  # type: ignore[misc]
        def initialize(self, version: str, build_data: dict) -> None:
            build_data.setdefault("artifacts", []).extend(build(Path(self.root)))


if __name__ == "__main__":
    sys.exit(0 if build() is not None else 1)
