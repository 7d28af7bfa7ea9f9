"""`comity worker`: do the work that is due, again and again."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand

from comity.node import working


class Command(BaseCommand):
    help = "Do whatever is due: number the ledger, deliver and open messages, sweep."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then stop")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            working.work_once()
        else:
            working.work_until_stopped()
