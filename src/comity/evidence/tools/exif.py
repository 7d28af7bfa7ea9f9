"""What files say of themselves, as exiftool reads them.

Arguments: the size of each in bytes; they lie one behind the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from comity.evidence.tools import remote

FACTS_AT_MOST = 400
WORDS_AT_MOST = 500
# Facts about our own copy of the bytes, not about what came in.
OWN_GROUPS = frozenset({"ExifTool", "SourceFile"})
OWN_NAMES = frozenset({
    "FileName", "Directory", "FileSize", "FileModifyDate", "FileAccessDate",
    "FileInodeChangeDate", "FilePermissions", "FileTypeExtension",
})  # fmt: skip


def main(sizes: list[int]) -> None:
    """Answer with a frame for each: the version, and each fact with its group, name and value."""
    target = remote.answers()
    paths = remote.copied_parts(remote.room(), sizes)
    read = json.loads(
        _said(["exiftool", "-json", "-G", "-charset", "utf8", *map(str, paths)]), parse_float=str
    )
    found = {one.get("SourceFile"): one for one in read}
    for path in paths:
        said = found[str(path)]
        facts = [fact for name, value in said.items() if (fact := _fact(name, value))]
        version = f"exiftool {said.get('ExifTool:ExifToolVersion', '')}".strip()
        remote.write_frame(target, {"version": version, "facts": facts[:FACTS_AT_MOST]})


def _said(command: list[str]) -> str:
    # exiftool ends with 1 where it warns or does not know the type; what it said still counts.
    ended = subprocess.run(command, capture_output=True, check=False, timeout=120)
    return ended.stdout.decode("utf-8", "replace")


def _fact(name: str, value: Any) -> list[str] | None:
    group, _, tag = name.rpartition(":")
    if group in OWN_GROUPS or tag in OWN_NAMES or name in OWN_GROUPS:
        return None
    said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return [group, tag, said[:WORDS_AT_MOST]]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
