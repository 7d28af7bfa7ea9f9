"""Try the escrow: enough officers type their words, and the sealed keys must be this node's."""

from __future__ import annotations

import getpass
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.core.access import NodeActor
from comity.core.errors import Untrusted
from comity.ui.labels import label
from comity.vault import actions


class Command(BaseCommand):
    help = "Open the escrow with officers' word lists and compare it with this node's keys."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path)

    def handle(self, *args: Any, bundle: Path, **options: Any) -> None:
        lists = self._asked() if sys.stdin.isatty() else _read()
        try:
            actions.drill(NodeActor("command"), bundle.read_bytes(), lists)
        except Untrusted as doubt:
            raise CommandError(str(label(doubt))) from None
        except OSError as failure:
            raise CommandError(
                f"The file cannot be read: {os.strerror(failure.errno or 0)}."
            ) from None
        self.stdout.write(f"The drill passed: {len(lists)} lists open the root keys of this node.")

    def _asked(self) -> list[str]:
        self.stdout.write(
            "Each officer types their words in order; they are not shown. Empty: done."
        )
        lists: list[str] = []
        while words := getpass.getpass(f"Officer {len(lists) + 1}: ").strip():
            lists.append(words)
        return lists


def _read() -> list[str]:
    return [line.strip() for line in sys.stdin if line.strip()]
