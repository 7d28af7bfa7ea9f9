"""Recompute the custody and the rows of items: exit 1 naming each that does not hold."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.evidence.actions.custody import CustodyCheck, compare_each, items_gone
from comity.evidence.models import Item
from comity.ui.labels import label


class Command(BaseCommand):
    help = "Recompute custody and rows: evidence_check [E-000123 ...]; all items if none is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("numbers", nargs="*", metavar="E-NUMBER")
        parser.add_argument("--all", action="store_true", help="all items, as without a number")

    def handle(self, *args: Any, numbers: list[str], **options: Any) -> None:
        items = Item.objects.all()
        if numbers and not options["all"]:
            items = items.filter(pk__in=[key_of(number) for number in numbers])
            if items.count() != len(set(numbers)):
                raise CommandError("There is no such item.")
        broken = count = 0
        for item, found in compare_each(items):
            count += 1
            if not found.holds:
                broken += 1
                self.stderr.write(f"{item.number}: {'; '.join(_said(found))}")
        if options["all"] or not numbers:
            for subject in items_gone():
                broken += 1
                self.stderr.write(f"{subject}: {label('gone', 'ItemRow')}")
        if broken:
            raise CommandError(f"The custody of {broken} items does not hold.")
        self.stdout.write(f"The custody of {count} items holds.")


def _said(found: CustodyCheck) -> list[str]:
    """What does not hold of one item, in words."""
    said = [f"records changed: {list(found.altered)}"] if found.altered else []
    if found.removed:
        gone = ", ".join(entry.number for entry in found.removed)
        said.append(f"records gone of entries: {gone}")
    for row in found.rows:
        said.append(
            f"{label(row.what, 'Protected')} ({label(row.name, 'ItemColumn')}): {label(row.state)}"
        )
    return said


def key_of(number: str) -> int:
    """Return the key of an item from its number; raises CommandError."""
    digits = number.upper().removeprefix("E-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise CommandError(f"Write a number such as E-000123, not {number!r}.")
    return int(digits)
