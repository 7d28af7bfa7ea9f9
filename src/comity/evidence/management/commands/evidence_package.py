"""Seal a package for a court or a partner in an officer's name: any number of items of one case."""

from __future__ import annotations

import os
import shutil
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.accounts.models import Officer
from comity.core.errors import Refused, Untrusted
from comity.evidence import actions
from comity.evidence.management.commands.evidence_check import key_of
from comity.evidence.management.officers import officer_of_command
from comity.evidence.models import Item
from comity.evidence.report import LANGUAGES
from comity.evidence.rules import Recipient
from comity.ui.labels import label


class Command(BaseCommand):
    help = "Seal a package: evidence_package FILE --proceeding N --purpose … --basis … --officer …"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("output", type=Path, metavar="FILE", help="must not exist yet")
        parser.add_argument("--officer", required=True, metavar="EMAIL")
        parser.add_argument("--proceeding", required=True, metavar="NUMBER")
        parser.add_argument(
            "--item", action="append", default=[], metavar="E-NUMBER",
            help="may be given often; without it every item of the proceeding goes in",
        )  # fmt: skip
        parser.add_argument("--purpose", required=True)
        parser.add_argument("--basis", required=True, help="article or order of the handover")
        parser.add_argument(
            "--recipient", default=str(Recipient.COURT), choices=[str(each) for each in Recipient]
        )
        parser.add_argument("--name", default="", help="who that is, for the recipient “other”")
        parser.add_argument("--order", default="", help="what compels it, for a person’s items")
        parser.add_argument("--appearance", default="", help="how the person’s name is kept out")
        parser.add_argument("--key", action="append", default=[], help="age public key; often")
        parser.add_argument("--language", default="", choices=["", *LANGUAGES])

    def handle(self, *args: Any, output: Path, officer: str, **options: Any) -> None:
        actor = officer_of_command(officer)
        if output.exists() or not output.parent.is_dir():
            raise CommandError("Name a new file in a folder that exists.")
        items = self._chosen(actor, options["proceeding"], options["item"])
        try:
            path = actions.export_package(
                actor,
                items,
                purpose=options["purpose"],
                legal_basis=options["basis"],
                case_ref=options["proceeding"],
                to=actions.Handover(
                    recipient=Recipient(options["recipient"]),
                    name=options["name"],
                    order=options["order"],
                    appearance=options["appearance"],
                    keys=tuple(options["key"]),
                ),
                language=options["language"],
            )
        except (Refused, Untrusted) as refusal:
            raise CommandError(str(label(refusal))) from refusal
        _moved(path, output)
        self.stdout.write(f"{len(items)} items are in {output.name}.")

    def _chosen(self, actor: Officer, proceeding: str, numbers: list[str]) -> list[Item]:
        held = actions.items_of_proceeding(actor, proceeding)
        if numbers:
            keys = {key_of(number) for number in numbers}
            found = list(Item.objects.visible_to(actor).filter(pk__in=keys))
            if len(found) != len(keys):
                raise CommandError("This officer does not see all of these items.")
            return found
        if held is None:
            raise CommandError("This officer sees no case with this number. Name the items.")
        return list(held)


def _moved(path: Path, output: Path) -> None:
    """Put the package where it was asked for, whole or not at all."""
    part = output.with_name(f".{output.name}.part")
    try:
        with path.open("rb") as source, part.open("xb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        part.rename(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CommandError(f"The package could not be written there: {error.strerror}.") from error
    finally:
        path.unlink()
