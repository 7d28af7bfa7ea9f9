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
        parser.add_argument(
            "--lists-into",
            type=Path,
            metavar="FOLDER",
            help="write each officer's list into a file of its own there, and show none",
        )

    def handle(
        self,
        *args: Any,
        shares: int,
        needed: int,
        out: Path,
        lists_into: Path | None = None,
        **options: Any,
    ) -> None:
        self._require_apart(out, lists_into)
        try:
            bundle, lists = actions.escrow_keys(NodeActor("command"), shares=shares, needed=needed)
        except ValueError:
            raise CommandError(
                "At least two officers of at most sixteen: 2 <= needed <= shares <= 16."
            ) from None
        _write(out, bundle)
        for number, words in enumerate(lists, start=1):
            if lists_into is None:
                self._show(number, words, needed)
            else:
                _write(lists_into / f"officer-{number}.txt", f"{words}\n".encode())
        self.stdout.write(f"{out.name} is sealed. Try it now: comity keys_drill {out.name}")

    def _require_apart(self, out: Path, lists_into: Path | None) -> None:
        """No two officers' lists into one place, and nothing over what is there."""
        if lists_into is None and not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise CommandError(
                "This is no terminal: all officers' lists would stand in one output. Run it at a "
                "terminal, or name an empty folder for one file each: --lists-into FOLDER."
            )
        if out.exists():
            raise CommandError("The file exists. Name another one; nothing is written over.")
        if not out.parent.is_dir():
            raise CommandError("The folder of --out is not there.")
        if lists_into is not None and (not lists_into.is_dir() or any(lists_into.iterdir())):
            raise CommandError("--lists-into is not an empty folder.")

    def _show(self, number: int, words: str, needed: int) -> None:
        self.stdout.write(f"\nOfficer {number}. Any {needed} lists open the file. Write down:\n")
        every = words.split()
        for start in range(0, len(every), 4):
            row = (
                f"{at + 1:2}. {every[at]:<10}" for at in range(start, min(start + 4, len(every)))
            )
            self.stdout.write("  ".join(row).rstrip())
        input("Enter clears the screen for the next officer. ")
        self.stdout.write("\x1b[2J\x1b[3J\x1b[H")


def _write(path: Path, content: bytes) -> None:
    """Write a new file that nobody else on this machine reads."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
