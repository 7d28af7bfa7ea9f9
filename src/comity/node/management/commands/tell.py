"""`comity tell`: plays the officers of one node in the demonstration; JSON lines in and out."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from comity.core.errors import Stated
from comity.node.demo import story
from comity.ui.labels import label


class Command(BaseCommand):
    help = "Play the officers of a training node, one step a line. Used by `comity demo`."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.COMITY_TRAINING_NODE:
            raise CommandError(
                "Only a training node has invented officers (comity init --training)."
            )
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                answer = story.STEPS[asked["step"]](**asked["arguments"])
            except Stated as refusal:
                answer = {
                    "refused": f"{refusal.code}: {label(refusal)}",
                    "facts": str(refusal.facts),
                }
            sys.stdout.write(json.dumps(answer or {}, default=str) + "\n")
            sys.stdout.flush()
