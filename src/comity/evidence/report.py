"""The custody of the items of a package on paper, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.utils import translation

from comity.core import canonical
from comity.core.documents.custody import CustodyEntry, CustodyReport, render_custody_reports
from comity.core.law.letter_facts import Authority
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.rules import CustodyEvent
from comity.ledger import actions as ledger
from comity.ledger.models import Checkpoint, Entry
from comity.ui.labels import label

LANGUAGES = ("uk", "ja", "en")
SHOWN_AT_MOST = 100  # items in the report; a page or two each
_OF_STATE = {"UA": "uk", "JP": "ja"}


def language_of_node() -> str:
    """The language in which the courts of this node's state read."""
    return _OF_STATE.get(settings.COMITY_STATE, "en")


def print_report(
    items: Sequence[Item],
    head: Checkpoint,
    *,
    language: str,
    reference: str,
    created: datetime,
) -> bytes:
    """Return the report as PDF; of many items it shows the first ones, and says so.

    Titles, places and names stay out: an item is named by number and kind, an officer by role.
    What a person reads on paper ends somewhere; everything is in custody.jsonl beside it.
    Raises Refused("documents.…").
    """
    shown = items[:SHOWN_AT_MOST]
    by_subject: dict[str, list[Entry]] = {}
    for entry in _entries_about(shown, head):
        by_subject.setdefault(entry.subject, []).append(entry)
    received = _received(shown)
    with translation.override(language):
        reports = [
            _report(
                item,
                by_subject.get(item.subject, []),
                head,
                language,
                received.get(item.pk, item.created_at),
            )
            for item in shown
        ]
    return render_custody_reports(
        reports, language=language, reference=reference, created=created, of_items=len(items)
    )


def _entries_about(items: Sequence[Item], head: Checkpoint) -> list[Entry]:
    rows = Entry.objects.filter(
        subject__in=[item.subject for item in items], index__lt=head.size
    ).select_related("custody_record")
    return list(rows.order_by("index"))


def _received(items: Sequence[Item]) -> dict[int, datetime]:
    rows = CustodyRecord.objects.filter(item__in=items, event=CustodyEvent.RECEIVED)
    return dict(rows.order_by("-pk").values_list("item_id", "at"))  # the first one stays


def _report(
    item: Item, entries: Sequence[Entry], head: Checkpoint, language: str, received_at: datetime
) -> CustodyReport:
    return CustodyReport(
        authority=Authority(
            settings.COMITY_NODE_ID, settings.COMITY_STATE, settings.COMITY_NODE_NAMES
        ),
        number=item.number,
        title={language: label(item.kind, "ItemKind")},
        media_type=item.media_type_sniffed,
        size_bytes=item.size,
        sha256=item.sha256,
        received_at=received_at,
        entries=tuple(_entry(entry, language) for entry in entries),
        ledger_origin=ledger.origin(),
        tree_size=head.size,
        root=bytes(head.root).hex(),
    )


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
