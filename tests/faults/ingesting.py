"""A process that takes file after file into evidence and says each digest when the item exists."""

from __future__ import annotations

import itertools
import json
import random
import sys
import tempfile


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from comity.accounts.models import Officer
    from comity.core.access import Compartment
    from comity.evidence import actions as evidence
    from comity.evidence.rules import Origin
    from comity.hub.models import Person

    asked = json.loads(sys.argv[1])
    officer = Officer.objects.get(email=asked["email"])
    person = Person.objects.get(pk=asked["person"])
    chance = random.Random(f"{asked['seed']}:{asked['run']}")
    for number in itertools.count():
        name = f"{asked['seed']}:{asked['run']}:{number}:".encode()
        with tempfile.TemporaryFile() as source:
            source.write(name + chance.randbytes(chance.choice([1, 70_000, 1_500_000, 6_000_000])))
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
        sys.stdout.write(json.dumps({"sha256": item.sha256, "size": item.size}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
