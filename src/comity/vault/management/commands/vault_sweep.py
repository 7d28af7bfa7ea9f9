"""Remove what stopped ingests left behind; the worker does it by itself once a day."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from comity.core.access import NodeActor
from comity.vault import actions


class Command(BaseCommand):
    help = "Remove files of the vault that no row names and that are older than --hours."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=float, default=24.0)

    def handle(self, *args: Any, hours: float, **options: Any) -> None:
        seconds = hours * 3600
        done = actions.sweep(
            NodeActor("command"),
            incoming_seconds=min(seconds, actions.INCOMING_IS_OLD_SECONDS),
            object_seconds=seconds,
        )
        self.stdout.write(f"{done.incoming} unfinished and {done.objects} unnamed files removed.")
