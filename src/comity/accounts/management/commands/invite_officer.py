"""`comity invite_officer`: a new way in from the console, when nobody is left to confirm one."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.accounts import actions
from comity.accounts.models import Officer
from comity.core.access import Act, NodeActor
from comity.core.errors import Refused
from comity.ui.labels import label


class Command(BaseCommand):
    help = (
        "End an officer's password, second step and sessions, and print the two codes of a new "
        "way in. Recorded as done on the console."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        officer = Officer.objects.filter(email=options["email"].strip().lower()).first()
        if officer is None:
            raise CommandError("No officer signs in with this address.")
        console = NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS}))
        try:
            first, second = actions.invite_anew(console, officer)
        except Refused as refusal:
            raise CommandError(label(refusal)) from refusal
        self.stdout.write(f"First code:  {first}\nSecond code: {second}")
        self.stdout.write("Good once and for three days, at /invitation/ on this node's pages.")
