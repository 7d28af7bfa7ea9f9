"""`comity verify_ledger`: recompute the whole ledger from its entries."""

from __future__ import annotations

import argparse
import os
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string

from comity.core.errors import Untrusted
from comity.ledger import actions
from comity.ui.labels import label


class Command(BaseCommand):
    help = (
        "Recompute every leaf, commitment, tile, checkpoint and time-stamp, and what other parts "
        "tie to entries. Says each finding in words; exit 1 when something does not hold."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--pending-minutes", type=int, default=10,
            help="how long an entry may wait for its number",
        )  # fmt: skip
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1,
            help="how many read and judge entries; as many as there are processors by default",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.perf_counter()
        report = actions.examine(
            timedelta(minutes=options["pending_minutes"]), options["processes"]
        )
        for path in settings.COMITY_LEDGER_CHECKS:
            for finding in import_string(path)():
                report.found(finding)
        seconds = max(time.perf_counter() - began, 0.001)
        for doubt in report.doubts:
            self.stdout.write(f"Not settled: {self._said(doubt)}")
        for fault in report.faults:
            self.stderr.write(self._said(fault))
        self.stdout.write(
            f"{report.seen} of {report.size} entries, {report.checkpoints} checkpoints, "
            f"{report.tokens} time-stamps, {report.erased} erased details: {seconds:.1f} s, "
            f"{report.seen / seconds:.0f} entries a second."
        )
        if report.fault_count:
            raise CommandError(f"The ledger does not hold: {report.fault_count} findings.")
        self.stdout.write(f"It holds. {actions.pending_count()} wait for their number.")

    @staticmethod
    def _said(finding: Untrusted) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in finding.facts.items())
        return f"{label(finding)} [{finding.code}; {facts}]"
