"""The styles and scripts of the pages: collected anew when the installed ones are others."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command

MARK = ".collected"


def collect_static() -> bool:
    """Collect the static files if the installed ones differ; return whether they did.

    The mark is written last: what was cut short in the middle is done again.
    """
    mark, installed = Path(settings.STATIC_ROOT) / MARK, _installed()
    if mark.is_file() and mark.read_text("ascii") == installed:
        return False
    # Cleared first: files of a package may be older than those of the version before it, and
    # Django keeps whatever is newer.
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    mark.write_text(installed, "ascii")
    return True


def _installed() -> str:
    """A digest over name and bytes of every static file, and over how they are stored."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            with storage.open(name) as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{content} {name}\n".encode())
    return digest.hexdigest()
