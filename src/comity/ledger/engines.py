"""What differs between SQLite and PostgreSQL: append-only triggers, the sequencer's lock."""

from __future__ import annotations

from django.db import connection

from comity.core.tiles import TileWrite
from comity.ledger.models import Entry, Tile

APPEND_ONLY_TABLES = ("ledger_checkpoint", "ledger_timetoken", "ledger_stampfailure")
SEQUENCER_LOCK = 0x0C0317

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


def lock_sequencer() -> bool:
    """Take the one-sequencer lock until the transaction ends; say whether it was free.

    On SQLite the write transaction itself is the lock: another writer waits for its commit.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        return bool(cursor.fetchone()[0])


def store_numbers(entries: list[Entry]) -> None:
    """Write index and leaf hash of just numbered entries, in one statement a batch."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                'UPDATE ledger_entry SET "index" = new.index, leaf_hash = new.leaf '
                "FROM unnest(%s::bigint[], %s::bigint[], %s::bytea[]) AS new(id, index, leaf) "
                "WHERE ledger_entry.id = new.id",
                [
                    [entry.pk for entry in entries],
                    [entry.index for entry in entries],
                    [entry.leaf_hash for entry in entries],
                ],
            )
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            'UPDATE ledger_entry SET "index" = %s, leaf_hash = %s WHERE id = %s',
            [(entry.index, bytes(entry.leaf_hash or b""), entry.pk) for entry in entries],
        )


def store_tiles(written: list[TileWrite]) -> None:
    """Insert new tiles and let grown ones replace their shorter selves."""
    Tile.objects.bulk_create(
        [Tile(level=tile.level, index=tile.index, hashes=tile.data) for tile in written],
        update_conflicts=True,
        unique_fields=["level", "index"],
        update_fields=["hashes"],
    )
