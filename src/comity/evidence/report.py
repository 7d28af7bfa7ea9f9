"""The custody of the items of a package on paper, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.utils import translation

from comity.core import canonical
from comity.core.documents.custody import CustodyEntry, CustodyReport, render_custody_reports
from comity.core.law.letter_facts import Authority
from comity.evidence.models import Item
from comity.evidence.rules import CustodyEvent, ErasureState
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint, Entry
from comity.ui.labels import label

LANGUAGES = ("uk", "ja", "en")
_OF_STATE = {"UA": "uk", "JP": "ja"}


def language_of_node() -> str:
    """The language in which the courts of this node's state read."""
    return _OF_STATE.get(settings.COMITY_STATE, "en")


def print_report(
    items: Sequence[Item],
    entries: Sequence[Entry],
    head: Checkpoint,
    *,
    language: str,
    reference: str,
    created: datetime,
) -> bytes:
    """Return the report as PDF. entries: those about the items, numbered, with custody record.

    Titles, places and names stay out: an item is named by number and kind, an officer by role.
    Raises Refused("documents.…").
    """
    by_subject: dict[str, list[Entry]] = {}
    for entry in entries:
        by_subject.setdefault(entry.subject, []).append(entry)
    with translation.override(language):
        reports = [
            _report(item, by_subject.get(item.subject, []), head, language) for item in items
        ]
    return render_custody_reports(reports, language=language, reference=reference, created=created)


def _report(item: Item, entries: Sequence[Entry], head: Checkpoint, language: str) -> CustodyReport:
    return CustodyReport(
        authority=Authority(
            settings.COMITY_NODE_ID, settings.COMITY_STATE, settings.COMITY_NODE_NAMES
        ),
        number=item.number,
        title={language: label(item.kind, "ItemKind")},
        media_type=item.media_type_sniffed,
        size_bytes=item.size,
        sha256=item.sha256,
        received_at=_received_at(item),
        entries=tuple(_entry(entry, language) for entry in entries),
        ledger_origin=ledger.origin(),
        tree_size=head.size,
        root=bytes(head.root).hex(),
        erased=_erased(item),
    )


def _erased(item: Item) -> tuple[datetime, str] | None:
    order = item.erasure_orders.filter(state=ErasureState.EXECUTED).first()
    return (order.decided_at, order.legal_basis) if order and order.decided_at else None


def _received_at(item: Item) -> datetime:
    first = item.custody.filter(event=CustodyEvent.RECEIVED).order_by("pk").first()
    return first.at if first else item.created_at


def _entry(entry: Entry, language: str) -> CustodyEntry:
    body = canonical.decode(bytes(entry.body))
    stated = body.get("commitment", "") if isinstance(body, Mapping) else ""
    return CustodyEntry(
        index=entry.index if entry.index is not None else -1,
        at=entry.at,
        act={language: label(entry.kind, "Entry")},
        actor={language: _actor(entry)},
        commitment=str(stated),
    )


def _actor(entry: Entry) -> str:
    """The role in which somebody acted, and the first digits of their name in the ledger."""
    kind, _colon, name = entry.actor.partition(":")
    record = getattr(entry, "custody_record", None)
    roles = [each for each in record.role.split(", ") if each] if record else []
    said = ", ".join(label(each, "Role") for each in roles if each != "node")
    return f"{said} {name[:8]}".strip() if kind == "officer" else label(entry.actor, "Actor")
