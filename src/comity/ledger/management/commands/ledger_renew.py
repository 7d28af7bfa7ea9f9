"""`comity ledger_renew`: have the newest time-stamps renewed now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.core.errors import Refused
from comity.ledger import renewing
from comity.ledger.models import TokenRenewal
from comity.ui.labels import label


class Command(BaseCommand):
    help = (
        "Ask the time-stamp authorities for a stamp over the newest time-stamps of the ledger, so "
        "that they can be believed after their certificates have ended. The worker does this by "
        "itself COMITY_TSA_RENEW_DAYS before that; exit 1 if no stamp lasts longer."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made: TokenRenewal = renewing.renew()
        except Refused as refusal:
            raise CommandError(str(label(refusal))) from refusal
        self.stdout.write(
            f"Renewed: the time-stamps of the ledger's {made.checkpoint.size} entries, "
            f"at {made.gen_time:%Y-%m-%d %H:%M} UTC."
        )
