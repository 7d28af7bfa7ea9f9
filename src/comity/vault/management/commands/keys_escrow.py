"""Seal the root keys for several officers, and show each of them their word list once."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.core.access import NodeActor
from comity.vault import actions


class Command(BaseCommand):
    help = (
        "Seal vault-root and person-root into a file that opens with the word lists of --needed "
        "of --shares officers. Each list is shown once and kept nowhere: write it down."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shares", type=int, required=True)
        parser.add_argument("--needed", type=int, required=True)
        parser.add_argument("--out", type=Path, required=True, help="the sealed file to write")

    def handle(self, *args: Any, shares: int, needed: int, out: Path, **options: Any) -> None:
        if out.exists():
            raise CommandError("The file exists. Name another one; nothing is written over.")
        try:
            bundle, lists = actions.escrow_keys(NodeActor("command"), shares=shares, needed=needed)
        except ValueError:
            raise CommandError(
                "At least two officers of at most sixteen: 2 <= needed <= shares <= 16."
            ) from None
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(bundle)
            file.flush()
            os.fsync(file.fileno())
        for number, words in enumerate(lists, start=1):
            self._show(number, words, needed)
        self.stdout.write(f"{out.name} is sealed. Try it now: comity keys_drill {out.name}")

    def _show(self, number: int, words: str, needed: int) -> None:
        self.stdout.write(f"\nOfficer {number}. Any {needed} lists open the file. Write down:\n")
        every = words.split()
        for start in range(0, len(every), 4):
            row = (
                f"{at + 1:2}. {every[at]:<10}" for at in range(start, min(start + 4, len(every)))
            )
            self.stdout.write("  ".join(row).rstrip())
        if sys.stdin.isatty():
            input("Enter clears the screen for the next officer. ")
            self.stdout.write("\x1b[2J\x1b[3J\x1b[H")
