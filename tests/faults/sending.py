"""A process that sends note after note and says each id when the message is queued."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from typing import Any

import django

django.setup()

from tests.faults.acting import keep_acting  # noqa: E402
from tests.two_nodes import steps  # noqa: E402


def send(asked: dict[str, Any], chance: random.Random) -> Iterator[dict[str, Any]]:
    conversations = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(2)]
    for number in range(asked["at_most"]):
        sizes = chance.choice([[], [1], [200_000], [0, 3_000_000]])
        uid = steps.send_note(f"{asked['run']}.{number}", chance.choice(conversations), sizes)
        yield {"uid": uid, "sizes": sizes}
        time.sleep(asked["pause"])
    time.sleep(3600)


if __name__ == "__main__":
    keep_acting(send)
