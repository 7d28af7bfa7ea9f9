"""A process that acts again and again in children of its own, each of which may be killed.

The modules are read once, by the parent; a child is there at once and has its own connections.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

Act = Callable[[dict[str, Any], random.Random], Iterator[dict[str, Any]]]


def keep_acting(act: Act) -> None:
    """Say each child's pid, then what it has done; begin the next run whenever a child ends."""
    asked = json.loads(sys.argv[1])
    for run in itertools.count(1):
        child = os.fork()
        if child == 0:
            say({"pid": os.getpid(), "run": run})
            for done in act(asked | {"run": run}, random.Random(f"{asked['seed']}:{run}")):
                say({"done": done})
            os._exit(0)
        os.waitpid(child, 0)


def say(what: dict[str, Any]) -> None:
    """One write of one line: whole, or not at all."""
    os.write(sys.stdout.fileno(), json.dumps(what).encode() + b"\n")
