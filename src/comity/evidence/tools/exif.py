"""What a file says of itself, as exiftool reads it."""

from __future__ import annotations

import json
import subprocess
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


def main() -> None:
    """Answer with one frame: the version, and each fact with its group, name and value."""
    target = remote.answers()
    path = remote.copied(remote.room() / "item")
    version = _said(["exiftool", "-ver"]).strip()
    read = json.loads(_said(["exiftool", "-json", "-G", "-charset", "utf8", str(path)]))
    facts = [fact for name, value in read[0].items() if (fact := _fact(name, value))]
    remote.write_frame(target, {"version": f"exiftool {version}", "facts": facts[:FACTS_AT_MOST]})


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
    main()
