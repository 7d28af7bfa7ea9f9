"""Take files of this machine into evidence, one item each, for a case and in an officer's name."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Compartment
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.models import Item
from comity.evidence.rules import OTHER_KIND, Origin, plain_line
from comity.ui.labels import label
from comity.vault.storage import open_regular


class Command(BaseCommand):
    help = "Take files into evidence: evidence_add PATH... --case UID --officer EMAIL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--case", required=True, type=uuid.UUID)
        parser.add_argument("--officer", required=True, metavar="EMAIL")
        parser.add_argument("--kind", default=OTHER_KIND, help="an id of evidence_types.yaml")
        parser.add_argument("--title", help="for every file; by default its name")
        parser.add_argument("--authority", default="", help="decision or order, with its number")
        parser.add_argument("--compartment", default=Compartment.INVESTIGATION, choices=Compartment)

    def handle(self, *args: Any, paths: list[Path], officer: str, **options: Any) -> None:
        actor = Officer.objects.filter(email__iexact=officer, is_active=True).first()
        if actor is None:
            raise CommandError("No officer signs in with this address.")
        refused = 0
        for number, path in enumerate(paths, 1):
            try:
                item = self._add(actor, path, options)
            except (Refused, OSError) as failure:
                refused += 1
                why = label(failure) if isinstance(failure, Refused) else failure.strerror
                self.stderr.write(f"File {number}: {why}")
            else:
                self.stdout.write(f"File {number}: {item.number} {item.sha256} {item.size}")
        if refused:
            raise CommandError(f"{refused} of {len(paths)} files were not taken in.")

    @staticmethod
    def _add(actor: Officer, path: Path, options: dict[str, Any]) -> Item:
        with open_regular(path) as source:
            return actions.ingest(
                actor,
                source,
                title=options["title"] or plain_line(path.name) or "-",
                kind=options["kind"],
                access=[("case", options["case"])],
                origin=Origin.INVESTIGATION,
                acquisition=actions.Acquisition(
                    acquired_by=actor.name,
                    acquired_at=timezone.now(),
                    method="command line",
                    legal_authority=options["authority"],
                ),
                original_name=str(path.name),
                compartment=options["compartment"],
            )
