"""Documents of letters: printed and signed before a transaction, kept in one."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from comity.assistance.models import LetterDocument, LetterOfRequest
from comity.core.access import Actor
from comity.ledger import stamping
from comity.vault import actions as vault
from comity.vault.storage import TakenIn, take_in

LANGUAGES = ("uk", "ja", "en", "all")


@dataclass(frozen=True)
class Printed:
    """A signed document that lies in the vault and that no row names yet. pdf: its bytes."""

    kind: str
    language: str
    taken: TakenIn
    pdf: bytes


def print_all(
    kind: str, render: Callable[[str, datetime], bytes], *, reason_code: str
) -> list[Printed]:
    """Print a document in three languages and side by side, sign each, and take it in.

    render: gives the PDF of a language at a moment. Slow; never call it in a transaction. Without
    a reachable time-stamp authority the signature goes without a stamp.
    Raises what render raises.
    """
    now = timezone.now()
    printed = []
    stamper: Callable[[bytes], bytes] | None = stamping.stamper
    for language in LANGUAGES:
        plain = render(language, timezone.localtime(now))
        try:
            signed = stamping.signed_pdf(plain, stamper, now, reason_code)
        except stamping.NoStamp:
            stamper = None  # one long wait is enough for all of them
            signed = stamping.signed_pdf(plain, None, now, reason_code)
        taken = take_in(io.BytesIO(signed), expected_size=len(signed))
        printed.append(Printed(kind, language, taken, signed))
    return printed


def keep_printed(
    actor: Actor, letter: LetterOfRequest, printed: list[Printed]
) -> list[LetterDocument]:
    """Give printed documents their rows, in the caller's transaction."""
    return [
        LetterDocument.objects.create(
            letter=letter,
            kind=one.kind,
            language=one.language,
            revision=letter.revision,
            stored_file=vault.keep(actor, one.taken),
            sha256=one.taken.sha256,
            size=one.taken.size,
        )
        for one in printed
    ]


def take_in_received(
    actor: Actor, letter: LetterOfRequest, kind: str, human: dict[str, bytes]
) -> None:
    """Keep a partner's documents as they came, by the language in their names."""
    for name, pdf in sorted(human.items()):
        language, dot, kind_of_file = name.partition(".")
        if language not in LANGUAGES or dot + kind_of_file != ".pdf":
            continue
        taken = take_in(io.BytesIO(pdf), expected_size=len(pdf))
        LetterDocument.objects.create(
            letter=letter,
            kind=kind,
            language=language,
            stored_file=vault.keep(actor, taken),
            sha256=taken.sha256,
            size=taken.size,
        )


def human_of(printed: list[Printed]) -> dict[str, bytes]:
    """Name printed documents as they travel beside message.json."""
    return {f"{one.language}.pdf": one.pdf for one in printed}


def documents_of(actor: Actor, letter: LetterOfRequest, kind: str) -> dict[str, bytes]:
    """Read a letter's documents of its present revision, named as they travel."""
    found = {}
    for one in letter.documents.filter(kind=kind, revision=letter.revision):
        with vault.open_file(actor, one.stored_file) as file:
            found[f"{one.language}.pdf"] = file.read()
    return found
