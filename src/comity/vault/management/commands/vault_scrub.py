"""Re-hash stored files, without their keys, and name those that are damaged."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from comity.core.access import NodeActor
from comity.vault import actions


class Command(BaseCommand):
    help = "Re-hash stored files (all of them, or --at-most N of the least recently checked)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at-most", type=int, default=None)

    def handle(self, *args: Any, at_most: int | None, **options: Any) -> None:
        count = actions.objects_count() if at_most is None else at_most
        done = actions.scrub(NodeActor("command"), at_most=count)
        self.stdout.write(
            f"{done.files} stored files checked, {done.stored_bytes} bytes, "
            f"{len(done.damaged)} damaged."
        )
        for file in done.damaged:
            self.stderr.write(f"Damaged: {file.stored_name}. Restore it from a copy of the vault.")
        if done.damaged:
            sys.exit(1)
