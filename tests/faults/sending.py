"""A process that sends note after note and says each id when the message is queued."""

from __future__ import annotations

import json
import random
import sys
import time
import uuid


def main() -> None:
    import django

    django.setup()
    from tests.two_nodes import steps

    asked = json.loads(sys.argv[1])
    chance = random.Random(f"{asked['seed']}:{asked['run']}")
    conversations = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2)]
    for number in range(asked["at_most"]):
        sizes = chance.choice([[], [1], [200_000], [0, 3_000_000]])
        uid = steps.send_note(f"{asked['run']}.{number}", chance.choice(conversations), sizes)
        sys.stdout.write(json.dumps({"uid": uid, "sizes": sizes}) + "\n")
        sys.stdout.flush()
        time.sleep(asked["pause"])
    time.sleep(3600)


if __name__ == "__main__":
    main()
