"""`comity add_officer`: the first officers, from the node's console."""

from __future__ import annotations

import argparse
import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from comity.accounts import actions
from comity.core.access import Act, NodeActor, Role
from comity.core.errors import Refused
from comity.ui.labels import label


class Command(BaseCommand):
    help = (
        "Add an officer from the console, recorded as such. Asks for a first password, or reads "
        "it from COMITY_NEW_PASSWORD; the officer must change it at the first sign-in, except on "
        "a training node."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, action="append", choices=[*Role])
        parser.add_argument("--title", default="")
        parser.add_argument("--office", default="")
        parser.add_argument("--language", default="en", choices=["uk", "ja", "en"])

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("COMITY_NEW_PASSWORD") or getpass.getpass("First password: ")
        try:
            officer = actions.add_officer(
                NodeActor("terminal", frozenset({Act.MANAGE_OFFICERS})),
                email=options["email"],
                name=options["name"],
                password=password,
                roles=[Role(role) for role in options["role"]],
                title=options["title"],
                office=options["office"],
                language=options["language"],
            )
        except Refused as refusal:
            reasons = " ".join(refusal.facts.get("reasons", []))
            raise CommandError(f"{label(refusal)} {reasons}".strip()) from refusal
        own = " chooses a password of their own," if officer.must_change_password else ""
        self.stdout.write(f"The officer can sign in:{own} then sets up a second step.")
