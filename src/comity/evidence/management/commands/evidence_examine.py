"""Have items looked at again by the tools: those named, or all on which a tool failed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.core.access import NodeActor
from comity.evidence import actions
from comity.evidence.management.commands.evidence_check import key_of
from comity.evidence.models import Item


class Command(BaseCommand):
    help = (
        "Look again: evidence_examine [E-000123 ...], these before all others; "
        "all on which a tool failed if none is named."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("numbers", nargs="*", metavar="E-NUMBER")

    def handle(self, *args: Any, numbers: list[str], **options: Any) -> None:
        items = Item.objects.filter(pk__in=[key_of(number) for number in numbers])
        if items.count() != len(set(numbers)):
            raise CommandError("There is no such item.")
        if not numbers:
            items = Item.objects.filter(examinations__in=actions.failed_examinations())
        count = actions.look_again(NodeActor("console"), items, first=bool(numbers))
        self.stdout.write(f"The worker looks at {count} items again.")
