"""Recompute the custody of items: exit 1 naming each that does not hold."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.evidence.actions.custody import compare
from comity.evidence.models import Item


class Command(BaseCommand):
    help = "Recompute custody: evidence_check [E-000123 ...]; all items if none is named."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("numbers", nargs="*", metavar="E-NUMBER")

    def handle(self, *args: Any, numbers: list[str], **options: Any) -> None:
        items = Item.objects.order_by("pk")
        if numbers:
            items = items.filter(pk__in=[key_of(number) for number in numbers])
            if items.count() != len(set(numbers)):
                raise CommandError("There is no such item.")
        broken = 0
        for item in items.iterator():
            found = compare(item)
            if found.holds:
                continue
            broken += 1
            altered = f"records changed: {list(found.altered)}" if found.altered else ""
            gone = [entry.number for entry in found.removed]
            removed = f"records gone of entries: {', '.join(gone)}" if gone else ""
            self.stderr.write(f"{item.number}: {'; '.join(filter(None, (altered, removed)))}")
        if broken:
            raise CommandError(f"The custody of {broken} items does not hold.")
        self.stdout.write(f"The custody of {items.count()} items holds.")


def key_of(number: str) -> int:
    """Return the key of an item from its number; raises CommandError."""
    digits = number.upper().removeprefix("E-")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 16):
        raise CommandError(f"Write a number such as E-000123, not {number!r}.")
    return int(digits)
