"""Re-hash stored files, without their keys, repair them from the replica, name what is damaged."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from comity.core.access import NodeActor
from comity.vault import actions
from comity.vault.stores import StoreAway


class Command(BaseCommand):
    help = (
        "Re-hash stored files (all of them, or --at-most N of the least recently checked); with "
        "--replica their copies. What is damaged is repaired from the other side if that is whole."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at-most", type=int, default=None)
        parser.add_argument("--replica", action="store_true", help="the copies in COMITY_REPLICA")

    def handle(self, *args: Any, at_most: int | None, replica: bool, **options: Any) -> None:
        done = self._replica(at_most) if replica else self._own(at_most)
        self.stdout.write(
            f"{done.files} stored files checked, {done.stored_bytes} bytes, "
            f"{done.repaired} repaired, {len(done.damaged)} damaged."
        )
        for file in done.damaged:
            self.stderr.write(f"Damaged: {file.stored_name}. Restore it from a copy of the vault.")
        if done.unseen:
            self.stderr.write(f"{done.unseen} not checked: the object store does not answer.")
        if done.damaged or done.unseen:
            sys.exit(1)

    @staticmethod
    def _own(at_most: int | None) -> actions.Scrubbed:
        count = actions.objects_count() if at_most is None else at_most
        return actions.scrub(NodeActor("command"), at_most=count, at_once=os.cpu_count() or 1)

    @staticmethod
    def _replica(at_most: int | None) -> actions.Scrubbed:
        if not settings.COMITY_REPLICA:
            raise CommandError("COMITY_REPLICA is not set.")
        try:
            return actions.check_replica(NodeActor("command"), at_most=at_most)
        except StoreAway as failure:
            raise CommandError(f"{failure}.") from None
