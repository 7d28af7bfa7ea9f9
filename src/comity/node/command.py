"""The `comity` command: Django's runner with the node's settings; `demo` and `init` without."""

from __future__ import annotations

import os
import sys

from comity.node.env import MissingSetting

WITHOUT_A_NODE = {"demo", "init"}
# Commands that are said in two words: `comity evidence add PATH...`.
TWO_WORDS = {
    ("evidence", name): f"evidence_{name}" for name in ("add", "check", "examine", "package")
}


def in_one_word(arguments: list[str]) -> list[str]:
    """Return the arguments with a command of two words in the one that Django knows."""
    name = TWO_WORDS.get((arguments[1], arguments[2])) if len(arguments) > 2 else None
    return arguments if name is None else [arguments[0], name, *arguments[3:]]


def main() -> None:
    """Run one command; `comity help` lists them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "comity.node.settings")
    if len(sys.argv) > 1 and sys.argv[1] == "demo":
        from comity.node.demo.command import main as demo

        sys.exit(demo(sys.argv[2:]))
    if len(sys.argv) > 1 and sys.argv[1] == "init":
        from comity.node.making import main as init

        sys.exit(init(sys.argv[2:]))
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(in_one_word(sys.argv))
    except MissingSetting as missing:
        sys.exit(str(missing))
