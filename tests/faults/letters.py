"""A process of one officer: waits for a line, then sends the letter at once with the others."""

from __future__ import annotations

import json
import sys


def main() -> None:
    import django

    django.setup()
    from django.db import connection

    from comity.accounts.models import Officer
    from comity.assistance import actions
    from comity.assistance.models import LetterOfRequest
    from comity.core.errors import Refused

    officer, letter = Officer.objects.get(email=sys.argv[1]), LetterOfRequest.objects.get()
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    try:
        actions.send_letter(officer, letter)
    except Refused as refusal:
        sys.stdout.write(json.dumps({"refused": refusal.code}) + "\n")
    else:
        sys.stdout.write(json.dumps({"sent": True}) + "\n")


if __name__ == "__main__":
    main()
