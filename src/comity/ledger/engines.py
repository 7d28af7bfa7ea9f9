"""What differs between SQLite and PostgreSQL: append-only triggers, the sequencer's lock."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from comity.core.tiles import TileWrite
from comity.ledger.models import Entry, Tile
from comity.ledger.rows import copied

APPEND_ONLY_TABLES = ("ledger_checkpoint", "ledger_timetoken", "ledger_stampfailure")
LEDGER_TABLES = ("ledger_entry", "ledger_entrydetails", "ledger_tile", *APPEND_ONLY_TABLES)
SEQUENCER_LOCK = 0x0C0317


class Row(NamedTuple):
    """A pending entry as it is stored. details, salt: what the body's commitment is over."""

    uid: uuid.UUID
    kind: str
    actor: str
    subject: str
    at: datetime
    body: bytes
    details: bytes
    salt: bytes


class Numbered(NamedTuple):
    """What the sequencer decides of an entry. key: of its row; leaf: its hash, 32 bytes."""

    key: int
    place: int
    leaf: bytes


_SQLITE = [
    """CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE ON ledger_entry
       WHEN OLD."index" IS NOT NULL OR OLD.body IS NOT NEW.body OR OLD.uid IS NOT NEW.uid
         OR OLD.kind IS NOT NEW.kind OR OLD.actor IS NOT NEW.actor
         OR OLD.subject IS NOT NEW.subject OR OLD.at IS NOT NEW.at
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_details_no_change BEFORE UPDATE ON ledger_entrydetails
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_details_no_delete BEFORE DELETE ON ledger_entrydetails
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_tile_only_grows BEFORE UPDATE ON ledger_tile
       WHEN substr(NEW.hashes, 1, length(OLD.hashes)) IS NOT OLD.hashes
         OR OLD.level IS NOT NEW.level OR OLD."index" IS NOT NEW."index"
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_tile_no_delete BEFORE DELETE ON ledger_tile
       BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    *(
        f"""CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"""
        for table in APPEND_ONLY_TABLES
        for verb in ("UPDATE", "DELETE")
    ),
]

_POSTGRESQL = [
    """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$""",
    """CREATE FUNCTION ledger_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF OLD."index" IS NOT NULL OR OLD.body <> NEW.body OR OLD.uid <> NEW.uid
            OR OLD.kind <> NEW.kind OR OLD.actor <> NEW.actor OR OLD.subject <> NEW.subject
            OR OLD.at <> NEW.at
         THEN RAISE EXCEPTION 'the ledger is append-only'; END IF;
         RETURN NEW;
       END $$""",
    """CREATE FUNCTION ledger_tile_check() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN
         IF substring(NEW.hashes FROM 1 FOR length(OLD.hashes)) <> OLD.hashes
            OR OLD.level <> NEW.level OR OLD."index" <> NEW."index"
         THEN RAISE EXCEPTION 'the ledger is append-only'; END IF;
         RETURN NEW;
       END $$""",
    """CREATE TRIGGER ledger_entry_no_change BEFORE UPDATE ON ledger_entry
       FOR EACH ROW EXECUTE FUNCTION ledger_entry_check()""",
    """CREATE TRIGGER ledger_entry_no_delete BEFORE DELETE ON ledger_entry
       FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_details_no_change BEFORE UPDATE OR DELETE ON ledger_entrydetails
       FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_tile_only_grows BEFORE UPDATE ON ledger_tile
       FOR EACH ROW EXECUTE FUNCTION ledger_tile_check()""",
    """CREATE TRIGGER ledger_tile_no_delete BEFORE DELETE ON ledger_tile
       FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    *(
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION ledger_refuse()"""
        for table in APPEND_ONLY_TABLES
    ),
]


def trigger_statements(vendor: str) -> list[str]:
    """Return the statements that make the ledger's tables append-only on this engine."""
    return _POSTGRESQL if vendor == "postgresql" else _SQLITE


def truncate_statements(vendor: str) -> list[str]:
    """Return the statements that refuse to empty the ledger's tables at a stroke.

    Row triggers do not see TRUNCATE. SQLite has none: its DELETE without WHERE meets the others.
    """
    if vendor != "postgresql":
        return []
    return [
        f"""CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name}
            FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"""
        for name in LEDGER_TABLES
    ]


def lock_sequencer() -> bool:
    """Take the one-sequencer lock until the transaction ends; say whether it was free.

    On SQLite the write transaction itself is the lock: another writer waits for its commit.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        return bool(cursor.fetchone()[0])


def store_pending(rows: Sequence[Row]) -> list[int]:
    """Store new entries and their details; return their keys, ascending in the order given.

    Past the object mapper, which takes most of the time of a large batch: a COPY on PostgreSQL,
    prepared statements on SQLite. Must run in the transaction of the acts that are recorded.
    """
    if not rows:
        return []
    return _copied(rows) if connection.vendor == "postgresql" else _inserted(rows)


def _copied(rows: Sequence[Row]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('ledger_entry', 'id')) "
            "FROM generate_series(1, %s)",
            [len(rows)],
        )
        keys = sorted(key for (key,) in cursor.fetchall())
        types = ["int8", "uuid", "varchar", "varchar", "varchar", "timestamptz", "bytea"]
        entries = ((key, *row[:6]) for key, row in zip(keys, rows, strict=True))
        copied(cursor, "ledger_entry (id, uid, kind, actor, subject, at, body)", types, entries)
        details = ((key, row.details, row.salt) for key, row in zip(keys, rows, strict=True))
        copied(
            cursor,
            "ledger_entrydetails (entry_id, details, salt)",
            ["int8", "bytea", "bytea"],
            details,
        )
    return keys


def _inserted(rows: Sequence[Row]) -> list[int]:
    """SQLite: the transaction holds the write lock, so the next keys are nobody else's."""
    with connection.cursor() as cursor:
        # As Django's SQLite backend stores them: UUID as 32 digits, a moment as naive UTC text.
        written = lru_cache(64)(connection.ops.adapt_datetimefield_value)
        values = [
            (uid.hex, kind, actor, subject, written(at), body)
            for uid, kind, actor, subject, at, body, _details, _salt in rows
        ]
        cursor.execute(
            "INSERT INTO ledger_entry (uid, kind, actor, subject, at, body) "
            "VALUES (%s, %s, %s, %s, %s, %s) RETURNING id",
            values[0],
        )
        first = int(cursor.fetchone()[0])
        keys = list(range(first, first + len(rows)))
        cursor.executemany(
            "INSERT INTO ledger_entry (id, uid, kind, actor, subject, at, body) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [(key, *row) for key, row in zip(keys[1:], values[1:], strict=True)],
        )
        cursor.executemany(
            "INSERT INTO ledger_entrydetails (entry_id, details, salt) VALUES (%s, %s, %s)",
            [(key, row.details, row.salt) for key, row in zip(keys, rows, strict=True)],
        )
    return keys


def pending(limit: int) -> list[tuple[int, bytes]]:
    """Return key and body of the oldest entries without a number."""
    rows = Entry.objects.filter(index__isnull=True).order_by("id").values_list("id", "body")
    return [(key, bytes(body)) for key, body in rows[:limit]]


def store_numbers(numbered: Sequence[Numbered]) -> None:
    """Write index and leaf hash of just numbered entries, in one statement a batch."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMPORARY TABLE IF NOT EXISTS ledger_numbered "
                "(id bigint, place bigint, leaf bytea) ON COMMIT DELETE ROWS"
            )
            cursor.execute("TRUNCATE ledger_numbered")
            copied(cursor, "ledger_numbered (id, place, leaf)", ["int8", "int8", "bytea"], numbered)
            cursor.execute(
                'UPDATE ledger_entry SET "index" = new.place, leaf_hash = new.leaf '
                "FROM ledger_numbered AS new WHERE ledger_entry.id = new.id"
            )
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE ledger_entry SET "index" = %s, leaf_hash = %s WHERE id = %s',
            [(each.place, each.leaf, each.key) for each in numbered],
        )


def store_tiles(written: list[TileWrite]) -> None:
    """Insert new tiles and let grown ones replace their shorter selves."""
    Tile.objects.bulk_create(
        [Tile(level=tile.level, index=tile.index, hashes=tile.data) for tile in written],
        update_conflicts=True,
        unique_fields=["level", "index"],
        update_fields=["hashes"],
    )


class Kept(NamedTuple):
    """A numbered entry as an examination reads it.

    before, after: what its columns say a body must be, around the commitment to details and salt.
    """

    number: int
    before: str
    after: str
    body: bytes
    leaf: bytes | None
    details: bytes | None
    salt: bytes | None


# The columns as canonical JSON writes plain words. The database puts them together: what is only
# compared is never made into objects, and in SQLite's columns, that hold any type, is text or
# bytes whatever somebody put there.
_KEPT = """
SELECT entry."index",
       coalesce('{{"actor":"' || entry.actor || '","at":"' || {at} || '","commitment":"', ''),
       coalesce('","id":"' || {uid} || '","kind":"' || entry.kind || '","subject":"'
                || entry.subject || '","v":1}}', ''),
       {body}, {leaf}, {details}, {salt}
FROM ledger_entry AS entry
LEFT JOIN ledger_entrydetails AS committed ON committed.entry_id = entry.id
WHERE entry."index" >= %s AND entry."index" < %s ORDER BY entry."index"
"""
_WRITTEN = {
    "postgresql": {
        "uid": "entry.uid::text",
        "at": "to_char(entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
        "body": "entry.body",
        "leaf": "entry.leaf_hash",
        "details": "committed.details",
        "salt": "committed.salt",
    },
    "sqlite": {  # 32 digits of a uid, and no zero microseconds
        "uid": " || '-' || ".join(
            f"substr(entry.uid, {first}, {count})"
            for first, count in ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        ),
        "at": "substr(entry.at, 1, 10) || 'T' || substr(entry.at, 12) || "
        "CASE length(entry.at) WHEN 26 THEN 'Z' ELSE '.000000Z' END",
        "body": "CAST(entry.body AS BLOB)",
        "leaf": "CAST(entry.leaf_hash AS BLOB)",
        "details": "CAST(committed.details AS BLOB)",
        "salt": "CAST(committed.salt AS BLOB)",
    },
}
READ_AT_ONCE = 2_000


def numbered_rows(start: int, end: int) -> Iterator[list[Kept]]:
    """Yield the entries from one number up to another, in batches, past the object mapper."""
    statement = _KEPT.format(**_WRITTEN[connection.vendor])
    for first in range(start, end, READ_AT_ONCE):
        with connection.cursor() as cursor:
            cursor.execute(statement, [first, min(first + READ_AT_ONCE, end)])
            yield [Kept._make(row) for row in cursor.fetchall()]


def tile_hashes(level: int, first: int, count: int) -> dict[int, bytes]:
    """Return the hashes of some tiles of a level that follow each other, by index."""
    rows = Tile.objects.filter(level=level, index__gte=first, index__lt=first + count)
    return {index: bytes(hashes) for index, hashes in rows.values_list("index", "hashes")}


def tiles_at(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the hashes of tiles by level and index, in one question."""
    wanted = sorted(places)
    if not wanted:
        return {}
    pairs = " OR ".join(['(level = %s AND "index" = %s)'] * len(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT level, "index", hashes FROM ledger_tile WHERE {pairs}',  # noqa: S608 - no values
            [number for place in wanted for number in place],
        )
        return {(level, index): bytes(hashes) for level, index, hashes in cursor.fetchall()}
