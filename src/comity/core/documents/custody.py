"""The custody report: every recorded act on one item of evidence, on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.core.documents.letter import letterhead_of
from comity.core.documents.pages import Paragraph, Rows, Section, Sheet, Signature, Table
from comity.core.documents.typesetting import typeset
from comity.core.documents.wording import (
    in_groups,
    say,
    say_count,
    say_date,
    say_time,
    word,
    wording,
)
from comity.core.law import letter_facts as law


@dataclass(frozen=True)
class CustodyEntry:
    """One recorded act. index: position in the ledger. at: aware. commitment: 64 hex digits.

    actor: the role as it may be shown, never a protected name. details: what else is stated, each
    with its name, in the language of the report.
    """

    index: int
    at: datetime
    act: Mapping[str, str]
    actor: Mapping[str, str]
    commitment: str
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Findings:
    """What was found when the report was made.

    checked_at: when the stored bytes were compared with the digest; aware. records: how many
    records of custody were recomputed; altered, removed: how many of them do not hold, or are gone.
    stamps: authority and aware time of each time-stamp over the state of the ledger.
    """

    checked_at: datetime | None
    records: int
    altered: int
    removed: int
    stamps: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True)
class CustodyReport:
    """Every recorded act on one item, with the state of the ledger that proves it.

    sha256, root: 64 hex digits. tree_size: entries in the ledger when the report was made.
    erased: when, and under which provision or order, if the item is no longer there.
    """

    authority: law.Authority
    number: str
    title: Mapping[str, str]
    media_type: str
    size_bytes: int
    sha256: str
    received_at: datetime
    entries: tuple[CustodyEntry, ...]
    ledger_origin: str
    tree_size: int
    root: str
    signatory: law.Signatory | None = None
    findings: Findings | None = None
    erased: tuple[datetime, str] | None = None


def render_custody_report(
    facts: CustodyReport, *, language: str, reference: str, created: datetime
) -> bytes:
    """Return the custody report of an item as PDF in uk, ja or en; times are in UTC.

    Raises Refused if words are missing in that language or a character is in no font.
    """
    return render_custody_reports((facts,), language=language, reference=reference, created=created)


def render_custody_reports(
    reports: Sequence[CustodyReport],
    *,
    language: str,
    reference: str,
    created: datetime,
    of_items: int = 0,
) -> bytes:
    """Return the custody of one item or several as one PDF, under one state of the ledger.

    reports: one or more, of the same authority and the same ledger. of_items: how many the package
    holds; if that is more than there are reports, the PDF says where the others are. Raises as the
    report of one.
    """
    first = reports[0]
    sheet = Sheet(
        language=language,
        title=say(language, "custody.title"),
        letterhead=letterhead_of(first.authority, language),
        addressee=(),
        marks=(
            (say(language, "common.reference"), reference),
            (say(language, "common.date"), say_date(created.date(), language)),
        ),
        opening=say(language, "custody.opening"),
        sections=(
            *_of_more(len(reports), of_items, language),
            *(section for facts in reports for section in _of_item(facts, language)),
            _of_ledger(first, language),
        ),
        closing=say(language, _statement(reports)),
        signatures=_signatures(first.signatory, language),
        footer=reference,
        page=wording(language)["common"]["page"],
    )
    return typeset((sheet,), created=created, author=word(first.authority.names, language))


def _statement(reports: Sequence[CustodyReport]) -> str:
    """A copy can be compared while there is one: of what is erased, none is handed over."""
    all_erased = all(facts.erased for facts in reports)
    return "custody.statement_erased" if all_erased else "custody.statement"


def _signatures(signatory: law.Signatory | None, language: str) -> tuple[Signature, ...]:
    if signatory is None:
        return ()
    seal = say(language, "common.seal")
    position, names = word(signatory.position, language), word(signatory.names, language)
    return (Signature("", position, names, seal),)


def _of_item(facts: CustodyReport, language: str) -> Iterator[Section]:
    rows = [
        ("custody.item_number", facts.number),
        ("custody.item_title", word(facts.title, language)),
        ("common.media_type", facts.media_type),
        ("common.size_bytes", say_count(facts.size_bytes, language)),
        ("custody.received_at", say_time(facts.received_at)),
        ("common.sha256", in_groups(facts.sha256)),
    ]
    if facts.erased is not None:
        at, under = facts.erased
        rows += [("custody.erased_at", say_time(at)), ("custody.erased_under", under)]
    labelled = tuple((say(language, key), value) for key, value in rows)
    yield Section(say(language, "custody.item"), (Rows(labelled),))
    if facts.findings is not None:
        yield Section(say(language, "custody.findings"), (_found(facts.findings, language),))
    yield Section(say(language, "custody.entries"), (_entries(facts, language),))
    details = tuple(
        Rows(
            entry.details,
            f"{entry.index} · {say_time(entry.at)} · {word(entry.act, language)}",
        )
        for entry in facts.entries
        if entry.details
    )
    if details:
        yield Section(say(language, "custody.details"), details)


def _found(findings: Findings, language: str) -> Rows:
    if findings.altered or findings.removed:
        counts = {"altered": findings.altered, "removed": findings.removed}
        held = say(
            language,
            "custody.broken",
            **{name: say_count(count, language) for name, count in counts.items()},
        )
    else:
        held = say(language, "custody.holds", count=say_count(findings.records, language))
    rows = [("custody.records", held)]
    if findings.checked_at is not None:
        rows = [
            ("custody.checked_at", say_time(findings.checked_at)),
            ("common.sha256", say(language, "custody.unchanged")),
            *rows,
        ]
    return Rows(tuple((say(language, key), value) for key, value in rows))


def _of_more(shown: int, of_items: int, language: str) -> Iterator[Section]:
    if of_items > shown:
        text = say(
            language,
            "custody.more",
            shown=say_count(shown, language),
            items=say_count(of_items, language),
        )
        yield Section(say(language, "custody.scope"), (Paragraph(text),))


def _of_ledger(facts: CustodyReport, language: str) -> Section:
    ledger = (
        ("origin", facts.ledger_origin),
        ("tree_size", say_count(facts.tree_size, language)),
        ("root", in_groups(facts.root)),
    )
    stated = tuple((say(language, f"custody.{key}"), value) for key, value in ledger)
    if facts.findings is not None:
        stated += _stamps(facts.findings, language)
    return Section(say(language, "custody.checkpoint"), (Rows(stated),))


def _stamps(findings: Findings, language: str) -> tuple[tuple[str, str], ...]:
    name = say(language, "custody.stamp")
    if not findings.stamps:
        return ((name, say(language, "custody.no_stamp")),)
    return tuple((name, f"{say_time(at)} · {authority}") for authority, at in findings.stamps)


def _entries(facts: CustodyReport, language: str) -> Table:
    head = tuple(
        say(language, f"custody.{key}") for key in ("entry", "at", "act", "actor", "commitment")
    )
    body = tuple(
        (
            str(entry.index),
            say_time(entry.at),
            word(entry.act, language),
            word(entry.actor, language),
            in_groups(entry.commitment),
        )
        for entry in facts.entries
    )
    return Table(head, body, (3, 4, 6, 4, 11), small=True)
