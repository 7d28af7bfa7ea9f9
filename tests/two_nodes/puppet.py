"""Runs in a live node's own process: one JSON line {"call", "arguments"} in, one line out."""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.two_nodes.node_settings")
    import django

    django.setup()
    from django.db import close_old_connections
    from django.utils.module_loading import import_string

    from comity.core.errors import Refused, Untrusted

    for line in sys.stdin:
        asked = json.loads(line)
        answer: dict[str, Any]
        try:
            answer = {"value": import_string(asked["call"])(**asked["arguments"])}
        except (Refused, Untrusted) as doubt:
            answer = {"refused": doubt.code, "facts": {k: str(v) for k, v in doubt.facts.items()}}
        finally:
            close_old_connections()
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
