"""No string of the interface lacks its Ukrainian or Japanese words, none is fuzzy, none is stale.

The template of messages is extracted anew with xgettext when it is there; placeholders must agree.
`--update` writes new and removed messages into the catalogues.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "src/comity/locale"
LANGUAGES = ("uk", "ja")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


def extract() -> None:
    """Bring the .po files to the sources (django's makemessages; needs xgettext)."""
    environment = os.environ | {"COMITY_HOME": "var/lint", "SECRET_KEY": "only-for-messages"}
    command = [
        sys.executable, "-m", "django", "makemessages", "--settings", "comity.node.settings",
        "--no-location", "--no-wrap", "--no-obsolete", "-v", "0",
        *(part for language in LANGUAGES for part in ("-l", language)),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT / "src/comity", check=True, env=environment)
    for language in LANGUAGES:
        path = LOCALE / language / "LC_MESSAGES/django.po"
        catalogue = polib.pofile(str(path), wrapwidth=0)
        for name in ("POT-Creation-Date", "Report-Msgid-Bugs-To"):
            catalogue.metadata.pop(name, None)
        catalogue.save(str(path))


def problems(language: str) -> list[str]:
    wrong = []
    for entry in polib.pofile(str(LOCALE / language / "LC_MESSAGES/django.po")):
        if entry.obsolete:
            continue
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy:
            wrong.append(f"{language}: fuzzy: {entry.msgid[:70]!r}")
        if not texts or not all(texts):
            wrong.append(f"{language}: missing: {entry.msgid[:70]!r}")
            continue
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
        for text in texts:
            found = set(PLACEHOLDER.findall(text))
            if found - wanted or (not entry.msgid_plural and wanted - found):
                wrong.append(f"{language}: other placeholders: {entry.msgid[:70]!r}")
                break
    return wrong


def main() -> int:
    update = "--update" in sys.argv
    if shutil.which("xgettext"):
        before = {lang: (LOCALE / lang / "LC_MESSAGES/django.po") for lang in LANGUAGES}
        kept = {lang: path.read_bytes() if path.exists() else b"" for lang, path in before.items()}
        extract()
        if not update:
            changed = [lang for lang, path in before.items() if _messages(path) != _ids(kept[lang])]
            for lang, path in before.items():
                missing = problems(lang)
                path.write_bytes(kept[lang])
                if missing:
                    print("\n".join(missing))
            if changed:
                print(f"behind the sources: {', '.join(changed)}; run this with --update")
                return 1
    wrong = [each for language in LANGUAGES for each in problems(language)]
    print("\n".join(wrong) or "Ukrainian and Japanese are complete.")
    return 1 if wrong else 0


def _messages(path: Path) -> set:
    return {(e.msgctxt, e.msgid) for e in polib.pofile(str(path)) if not e.obsolete}


def _ids(data: bytes) -> set:
    if not data:
        return set()
    return {(e.msgctxt, e.msgid) for e in polib.pofile(data.decode("utf-8")) if not e.obsolete}


if __name__ == "__main__":
    sys.exit(main())
