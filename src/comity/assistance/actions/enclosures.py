"""The verbs on what goes with a letter: exhibits of evidence, papers such as the law's text."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer, fetch
from comity.assistance.actions.course import draft_of, touch
from comity.assistance.models import LetterItem, LetterOfRequest, LetterPaper
from comity.core.access import Actor
from comity.core.errors import Incomplete, Refused
from comity.core.law.loader import LANGUAGES
from comity.evidence import actions as evidence
from comity.evidence.models import Item
from comity.evidence.rules import Use
from comity.ledger import actions as ledger
from comity.vault import actions as vault
from comity.vault.storage import TakenIn

PURPOSE = "legal_assistance"
PAPER_KINDS = ("provisions", "order", "document", "other")
# What a court's reader opens without a special programme.
PAPER_TYPES = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})


@transaction.atomic
def attach_item(
    actor: Officer,
    letter: LetterOfRequest,
    item: Item,
    *,
    title: Mapping[str, str],
    pages: int | None = None,
    once: uuid.UUID | None = None,
) -> LetterItem:
    """Let an item of evidence that the officer sees go with the letter, if it may leave.

    title: neutral words by language. What it rests on, consent or law, is kept with it.
    once: of the form that was sent.
    Raises NotAllowed, NotVisible, WrongState, Incomplete, Refused("evidence.no_release" |
    "evidence.use_forbidden" | "letter.item_attached" | "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    item = fetch(Item.objects.visible_to(actor), pk=item.pk)
    _require_words(title)
    if letter.exhibits.filter(item=item).exists():
        raise Refused("letter.item_attached")
    basis = require_free(item, recipient=letter.recipient)
    exhibit = LetterItem.objects.create(
        letter=letter,
        item=item,
        title=dict(title),
        pages=pages,
        basis_kind=basis.kind,
        basis_ref=basis.ref,
        attached_by=actor,
    )
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.item_attached",
        letter.subject,
        item=str(item.uid),
        sha256=item.sha256,
        basis=basis.kind,
        revision=revision,
    )
    return exhibit


def require_free(item: Item, *, recipient: str) -> evidence.Basis:
    """Check that an item may go to an authority for legal assistance today; say on which basis.

    recipient: `partner:<node id>`; what a lawyer confirmed for somebody else does not serve.
    Raises Refused("evidence.no_release" | "evidence.use_…").
    """
    basis = evidence.require_release(
        item, recipient=recipient, purpose=PURPOSE, on=timezone.localdate()
    )
    evidence.require_use(item, Use.ONWARD_TRANSFER, target=recipient)
    return basis


def free_exhibits(letter: LetterOfRequest) -> list[tuple[LetterItem, evidence.Basis]]:
    """Check for each exhibit that it may leave today. Raises Refused("evidence.…")."""
    return [
        (exhibit, require_free(exhibit.item, recipient=letter.recipient))
        for exhibit in letter.exhibits.select_related("item")
    ]


def _require_words(words: Mapping[str, str]) -> None:
    if not all(words.get(language) for language in LANGUAGES):
        raise Incomplete("letter.incomplete", missing=["title"])


@transaction.atomic
def detach_item(actor: Actor, exhibit: LetterItem) -> None:
    """Take an exhibit out of a draft. Raises NotAllowed, WrongState."""
    letter = draft_of(actor, exhibit.letter)
    letter.exhibits.filter(pk=exhibit.pk).delete()
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.item_detached",
        letter.subject,
        item=str(exhibit.item.uid),
        revision=revision,
    )


@transaction.atomic
def add_paper(
    actor: Actor,
    letter: LetterOfRequest,
    taken: TakenIn,
    *,
    kind: str,
    title: Mapping[str, str],
    media_type: str,
    pages: int | None = None,
    once: uuid.UUID | None = None,
) -> LetterPaper:
    """Put a paper with the letter: the text of the provisions, an order, a document.

    taken: its bytes, already in the vault. kind: one of PAPER_KINDS.
    once: of the form that was sent.
    Raises NotAllowed, WrongState, Incomplete, Refused("letter.paper_kind" | "letter.paper_type" |
    "letter.sent_twice").
    """
    letter = draft_of(actor, letter, once)
    _require_words(title)
    if kind not in PAPER_KINDS:
        raise Refused("letter.paper_kind")
    if media_type not in PAPER_TYPES:
        raise Refused("letter.paper_type")
    paper = LetterPaper.objects.create(
        letter=letter,
        kind=kind,
        title=dict(title),
        pages=pages,
        stored_file=vault.keep(actor, taken),
        sha256=taken.sha256,
        size=taken.size,
        media_type=media_type,
    )
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.paper_added",
        letter.subject,
        paper=kind,
        sha256=taken.sha256,
        revision=revision,
    )
    return paper


@transaction.atomic
def remove_paper(actor: Actor, paper: LetterPaper) -> None:
    """Take a paper out of a draft; its bytes stay in the vault. Raises NotAllowed, WrongState."""
    letter = draft_of(actor, paper.letter)
    letter.papers.filter(pk=paper.pk).delete()
    revision = touch(letter)
    ledger.append(
        actor,
        "assistance.paper_removed",
        letter.subject,
        paper=paper.kind,
        sha256=paper.sha256,
        revision=revision,
    )
