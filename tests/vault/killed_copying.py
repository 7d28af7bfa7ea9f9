"""Run as a program: copies three objects, and is killed in the second; or goes on after that."""

from __future__ import annotations

import io
import os
import signal
import sys
from datetime import UTC, datetime
from typing import Any, BinaryIO

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from comity.core import keyring  # noqa: E402
from comity.core.access import NodeActor  # noqa: E402
from comity.vault import actions, storage, stores, tasks  # noqa: E402
from comity.vault.models import StoredFile  # noqa: E402

_put = stores.Store.put


def killing(self: stores.Store, name: str, source: BinaryIO, **options: Any) -> None:
    """Copy one object; die with the next one half there, as a plain copy leaves it."""
    assert self.folder is not None
    if any(path.is_file() for path in self.folder.rglob("*")):
        half = self.folder / name[:2] / name
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(source.read(100))
        os.kill(os.getpid(), signal.SIGKILL)
    _put(self, name, source, **options)


def copied() -> int:
    """How many are marked as copied."""
    return StoredFile.objects.exclude(replicated_at=None).count()


if sys.argv[1] == "kill":
    call_command("migrate", verbosity=0)
    keys, now = settings.COMITY_KEYS, datetime.now(UTC)
    keyring.create(keys, node_id="kill.test", hosts=["localhost"], now=now)
    for _number in range(3):
        with transaction.atomic():
            actions.keep(NodeActor("test"), storage.take_in(io.BytesIO(os.urandom(1 << 20))))
    stores.Store.put = killing  # type: ignore[method-assign]
    tasks.copy_objects.func()
else:
    print(copied())
    print(tasks.copy_objects.func())
    print(copied())
