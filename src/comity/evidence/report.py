"""The custody of items on paper, in the language of whoever reads it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from comity.accounts.models import actor_names
from comity.core import canonical
from comity.core.documents.custody import (
    CustodyEntry,
    CustodyReport,
    Findings,
    render_custody_reports,
)
from comity.core.documents.wording import in_groups
from comity.core.law.letter_facts import Authority
from comity.evidence.models import TEAM_KINDS, CustodyRecord, Item, ReleaseGrant
from comity.evidence.rules import ORDER, CustodyEvent, ErasureState, Fact, Recipient, plain_digest
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
    for entry in entries_about(shown, head):
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


def print_item_report(
    item: Item,
    entries: Sequence[Entry],
    head: Checkpoint,
    findings: Findings,
    *,
    language: str,
    created: datetime,
    with_words: bool,
    names: Mapping[str, str],
    spelled: bool = False,
) -> bytes:
    """Return the custody of one item as PDF, with every field. entries: as `print_report`.

    with_words: what was typed about people and places is shown; without, it stays out.
    names: what the reader calls cases, by their uids; officers are named too, with their roles,
    unless with_words is false. spelled: signs of scripts and pictures that
    the typeface may lack stand as their numbers. Raises Refused("documents.…").
    """
    with translation.override(language):
        names = {**names, item.sha256: pgettext("digest", "as above")}
        people = _people(entries) if with_words else {}
        names |= people
        received = _received([item]).get(item.pk, item.created_at)
        plain = _report(item, entries, head, language, received)
        detailed = replace(
            plain,
            title={language: f"{label(item.kind, 'ItemKind')}{f' · {item.title}' * with_words}"},
            findings=findings,
            erased=_erased(item),
            entries=tuple(
                replace(
                    shown,
                    actor={language: _actor(entry, people)},
                    details=_details(entry, names, with_words=with_words),
                )
                for shown, entry in zip(plain.entries, entries, strict=True)
            ),
        )
        shown = _spelled(detailed) if spelled else detailed
        return render_custody_reports(
            [shown], language=language, reference=item.number, created=created
        )


def _spelled(report: CustodyReport) -> CustodyReport:
    return replace(
        report,
        title={language: spell_out(words) for language, words in report.title.items()},
        entries=tuple(
            replace(one, details=tuple((name, spell_out(text)) for name, text in one.details))
            for one in report.entries
        ),
    )


_SCRIPTS = ("LATIN", "CYRILLIC", "CJK UNIFIED", "HIRAGANA", "KATAKANA", "FULLWIDTH", "IDEOGRAPHIC")


def spell_out(text: str) -> str:
    """Write signs outside the scripts of the three languages as numbers: `[U+1F512]`."""
    return "".join(
        char
        if char.isascii()
        or unicodedata.name(char, "").startswith(_SCRIPTS)
        or unicodedata.category(char) in {"Po", "Pd", "Ps", "Pe", "Pi", "Pf", "Zs"}
        else f"[U+{ord(char):04X}]"
        for char in text
    )


def _details(
    entry: Entry, names: Mapping[str, str], *, with_words: bool
) -> tuple[tuple[str, str], ...]:
    record = getattr(entry, "custody_record", None)
    if record is None:
        return ()
    stated = f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    fields = fields_of(record, names, with_words=with_words)
    shown = ((name, names.get(text) or _grouped(text)) for name, text in fields)
    return ((label("at", "Column"), stated), *shown)


def _grouped(text: str) -> str:
    """A digest in groups, so that it breaks at the end of a line; any other text as it is."""
    return in_groups(text) if len(text) > 31 and plain_digest(text) == text else text


def fields_of(
    record: CustodyRecord, names: Mapping[str, str], *, with_words: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield each field of a custody record that states something: its name and its words.

    names: of cases, by their uids. with_words: also what somebody typed, which can name people
    and places.
    """
    for name in COLUMNS:
        text = str(getattr(record, name))
        if text and (with_words or name not in TYPED):
            is_package = name == "note" and plain_digest(text) == text
            title = label("package" if is_package else name, "Column")
            yield title, names.get(text) or _column(record, name, text)
    for fact in Fact:
        said = record.facts.get(fact.value, "")
        if said and (with_words or fact not in TYPED):
            yield label(fact), names.get(said, say_fact(fact, said))


def _column(record: CustodyRecord, name: str, text: str) -> str:
    if name == "condition":
        return label(text, "" if record.event == CustodyEvent.ANOMALY else "UseCondition")
    if name == "counterparty":
        return recipient_words(text)
    if name == "legal_authority":
        return basis_words(text, record.item_id)
    if name == "method" and record.event == CustodyEvent.DERIVED:
        return label(text, "Derived")
    return label(text, {"method": "Obtained", "purpose": "Purpose"}.get(name, ""))


def basis_words(said: str, item: int) -> str:
    """By what authority: what was typed, or a person's consent and a legal order in words.

    A consent is named by the day from which it holds: its number says nothing to a reader.
    """
    if said.startswith(ORDER):
        return gettext("Legal order: %(reference)s") % {"reference": said.removeprefix(ORDER)}
    if not said.startswith("consent:"):
        return said
    grant = ReleaseGrant.objects.filter(item=item, source_ref=said).order_by("pk").first()
    if grant is None:
        return gettext("The person’s consent")
    day = date_format(grant.valid_from, "DATE_FORMAT")
    return gettext("The person’s consent, valid from %(day)s") % {"day": day}


def recipient_words(said: str) -> str:
    """From whom or to whom: what was typed, or a code of the node in words."""
    kind, colon, rest = said.partition(":")
    if kind in TEAM_KINDS and colon:
        return label(kind, "Team")
    if kind == "officer" and colon:
        return rest[:8]  # as whoever acts is shown
    if kind in {Recipient.OTHER, "partner"} and colon:
        return rest
    return said if colon else label(said, "Recipient")


def say_fact(fact: Fact, said: str) -> str:
    """A fact in words."""
    if fact is Fact.AUTHENTICATION:
        return " + ".join(label(each, "SignedIn") for each in said.split("+"))
    if fact is Fact.NOT_STATED:
        return ", ".join(label(each, "NotStated") for each in said.split())
    kinds = {Fact.CLOCK: "Clock", Fact.DIGEST_MATCH: "DigestMatch", Fact.SEAL_INTACT: "SealIntact"}
    return label(said, kinds[fact]) if fact in kinds else said


# What a record states in columns of its own, in the order in which it is read.
COLUMNS = (
    "counterparty", "place", "device", "method", "legal_authority", "purpose", "digest_before",
    "digest_after", "condition", "note",
)  # fmt: skip
TYPED = frozenset(
    {
        "counterparty", "place", "device", "legal_authority", "purpose", "note",
        Fact.COLLECTOR_CLOCK, Fact.TOOL, Fact.EARLIER_CUSTODIAN, Fact.DAMAGE, Fact.CHANGES,
        Fact.CHANGES_REASON, Fact.CHANGES_BY, Fact.MARKS_WHY,
        Fact.ORIGINATOR_CONTROL, Fact.RETENTION, Fact.CASE,
        Fact.RECEIPT, Fact.SEAL,
    }
)  # fmt: skip


def entries_about(items: Sequence[Item], head: Checkpoint) -> list[Entry]:
    """Return every entry about the items that the checkpoint covers, in the ledger's order."""
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


def _erased(item: Item) -> tuple[datetime, str] | None:
    order = item.erasure_orders.filter(state=ErasureState.EXECUTED).first()
    return (order.decided_at, order.legal_basis) if order and order.decided_at else None


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


def _people(entries: Sequence[Entry]) -> dict[str, str]:
    """The names of the officers in these entries, by how the ledger names them."""
    records = [getattr(entry, "custody_record", None) for entry in entries]
    others = {record.counterparty for record in records if record is not None}
    return actor_names({entry.actor for entry in entries} | others)


def _actor(entry: Entry, people: Mapping[str, str] | None = None) -> str:
    """The role in which somebody acted, with their name where it is given.

    people: names by how the ledger names them; else the first digits of that.
    """
    kind, _colon, name = entry.actor.partition(":")
    record = getattr(entry, "custody_record", None)
    roles = [each for each in record.role.split(", ") if each] if record else []
    said = ", ".join(label(each, "Role") for each in roles if each != "node")
    shown = (people or {}).get(entry.actor, name[:8])
    return f"{said} {shown}".strip() if kind == "officer" else label(entry.actor, "Actor")
