"""Officers in processes of their own who wait for a line, then send the same letter at once."""

from __future__ import annotations

import os
import sys

import django

django.setup()

from django.db import connection  # noqa: E402

from comity.accounts.models import Officer  # noqa: E402
from comity.assistance import actions  # noqa: E402
from comity.assistance.models import LetterOfRequest  # noqa: E402
from comity.core.errors import Refused  # noqa: E402
from tests.faults.acting import say  # noqa: E402


def send(email: str, begin: int) -> None:
    officer, letter = Officer.objects.get(email=email), LetterOfRequest.objects.get()
    connection.ensure_connection()
    say({"ready": email})
    os.read(begin, 1)  # returns when the parent closes the other end
    try:
        actions.send_letter(officer, letter)
    except Refused as refusal:
        say({"refused": refusal.code})
    else:
        say({"sent": True})


def main(emails: list[str]) -> None:
    begin, hold = os.pipe()
    children = []
    for email in emails:
        child = os.fork()
        if child == 0:
            os.close(hold)
            send(email, begin)
            os._exit(0)
        children.append(child)
    sys.stdin.readline()
    os.close(hold)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
