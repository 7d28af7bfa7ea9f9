"""`comity check`: keep destroyed keys destroyed, Django's checks, and what only waiting shows."""

from __future__ import annotations

from typing import Any

from django.core.checks import register
from django.core.management.commands.check import Command as DjangoCheck
from django.db import DatabaseError

from comity.core.access import NodeActor
from comity.node.checks import (
    certificates_last,
    copies_are_made,
    ledger_goes_on,
    time_is_stamped,
    watched_folders_are_read,
)
from comity.vault import actions as vault


class Command(DjangoCheck):
    def handle(self, *args: Any, **options: Any) -> None:
        self._replay_erasures()
        register(certificates_last)  # here only: at other starts an end is no reason to stop
        register(watched_folders_are_read)
        register(ledger_goes_on)
        register(copies_are_made)
        register(time_is_stamped)
        super().handle(*args, **options)

    def _replay_erasures(self) -> None:
        """After a restore the old database may hold keys that were destroyed since."""
        try:
            count = vault.replay_erasures(NodeActor("command"))
        except DatabaseError:  # not migrated yet, or away: what needs it says so itself
            return
        if count:
            self.stdout.write(f"{count} destroyed keys had come back and were destroyed again.")
