"""`comity verify_ledger`: recompute the whole ledger from its entries."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.core.errors import Untrusted
from comity.ledger import actions


class Command(BaseCommand):
    help = "Recompute every leaf, commitment, tile and the root; exit 1 naming what does not hold."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            size = actions.verify_all()
        except Untrusted as broken:
            stated = f"The ledger does not hold: {broken.code} {broken.facts}"
            raise CommandError(stated) from broken
        waiting = actions.pending_count()
        self.stdout.write(f"{size} entries hold; {waiting} wait for their number.")
