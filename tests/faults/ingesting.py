"""A process that takes file after file into evidence and says each digest when the item exists."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from django.utils import timezone  # noqa: E402

from comity.accounts.models import Officer  # noqa: E402
from comity.core.access import Compartment  # noqa: E402
from comity.evidence import actions as evidence  # noqa: E402
from comity.evidence.rules import Origin  # noqa: E402
from comity.hub.models import Person  # noqa: E402
from tests.faults.acting import keep_acting  # noqa: E402


def ingest(asked: dict[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    officer = Officer.objects.get(email=asked["email"])
    person = Person.objects.get(pk=asked["person"])
    for number in itertools.count():
        name = f"{asked['seed']}:{asked['run']}:{number}:".encode()
        with tempfile.TemporaryFile() as source:
            source.write(name + chance.randbytes(chance.choice([1, 70_000, 1_500_000, 4_000_000])))
            source.seek(0)
            item = evidence.ingest(
                officer,
                source,
                title="File of the tests",
                kind=asked["kind"],
                access=[("person", person.uid)],
                origin=Origin.PERSON,
                acquisition=evidence.Acquisition(
                    acquired_by=officer.actor_id, acquired_at=timezone.now(), method="handed_over"
                ),
                compartment=Compartment.DISCLOSABLE,
            )
        time.sleep(0.1)  # the machine has others to serve
        yield {"sha256": item.sha256, "size": item.size}


if __name__ == "__main__":
    keep_acting(ingest)
