"""Storing many rows at once past the object mapper's statements: COPY, or prepared statements.

The mapper makes one statement text with every value of a batch in it; for twenty thousand items
with custody and entries that was two thirds of the time. Models stay what they are: each object
gets its key as from `bulk_create`. Defaults are those of the model; `auto_now` is not known here.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

Convert = Callable[[Any], Any]
Row = TypeVar("Row", bound=models.Model)
_ASKED_AT_ONCE = 500


class _Table(NamedTuple):
    """How a model is written. columns: without the key; types: PostgreSQL's names of them."""

    name: str
    key: str
    columns: tuple[str, ...]
    attributes: tuple[str, ...]
    types: tuple[str, ...]
    converts: tuple[Convert | None, ...]

    def written(self, columns: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """Return columns of values, each as the database takes them."""
        return [
            column if convert is None else _converted(convert, column)
            for column, convert in zip(columns, self.converts, strict=True)
        ]

    def columns_of(self, rows: Sequence[models.Model]) -> list[Sequence[Any]]:
        """Return the columns of these objects as the database takes them."""
        taken = itemgetter(*self.attributes)
        return self.written(list(zip(*(taken(row.__dict__) for row in rows), strict=True)))


def insert(rows: Sequence[models.Model]) -> None:
    """Store new objects of one model and give each its key, ascending in the order given.

    Must run in a transaction. Raises IntegrityError as `bulk_create` does.
    """
    if not rows:
        return
    table = _table(type(rows[0]), connection.vendor)
    _have_keys(zip(rows, _stored(table, table.columns_of(rows)), strict=True))


def insert_alike(first: models.Model, **own: Sequence[Any]) -> list[int]:
    """Store new rows that are like `first` but for these columns, by attribute; return their keys.

    For rows that nobody needs as objects. first: not saved, and not stored itself. The keys ascend
    in the order of the values. Must run in a transaction. Raises IntegrityError as `insert`.
    """
    count = len(next(iter(own.values())))
    if not count:
        return []
    table, fixed = _table(type(first), connection.vendor), first.__dict__
    columns = [own[name] if name in own else [fixed[name]] * count for name in table.attributes]
    return _stored(table, table.written(columns))


@contextmanager
def many_rows() -> Iterator[None]:
    """For an act of many transactions: SQLite keeps fewer pages in memory and tidies up less often.

    The log of 32 MiB is written back at once, in place of one of 4 MiB after each transaction. What
    is committed is durable as ever. PostgreSQL's server knows what to do.
    """
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        before = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _SPARING}
        for name, value in _SPARING.items():
            cursor.execute(f"PRAGMA {name}={value}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for name, value in before.items():
                cursor.execute(f"PRAGMA {name}={value}")


# mmap_size: pages of the file that were looked at stay in memory, beside those in the cache.
_SPARING = {"cache_size": -4000, "mmap_size": 0, "wal_autocheckpoint": 8000}


def _stored(table: _Table, columns: list[Sequence[Any]]) -> list[int]:
    values = list(zip(*columns, strict=True))
    store = _with_keys if connection.vendor == "postgresql" else _prepared
    return store(table, values)


def alike(first: Row, **common: Any) -> Callable[..., Row]:
    """Return what makes objects that are like `first` but for what it is given, by attribute.

    Ten times faster than the model's own way, that works every default out again. first: not
    saved. common: what differs from it in all of them.
    """
    made, fields = type(first), {**first.__dict__, **common, str(first._meta.pk.attname): None}
    del fields["_state"]
    fields = {name: _plain(value) for name, value in fields.items()}

    def make(**own: Any) -> Row:
        row = made.__new__(made)
        row.__dict__.update(fields, **own)
        row._state = ModelState()
        return row

    return make


def new_uids(count: int) -> list[uuid.UUID]:
    """Return so many random identifiers (RFC 9562, 5.4) from one draw of chance."""
    drawn = os.urandom(16 * count)
    return [uuid.UUID(bytes=drawn[at : at + 16], version=4) for at in range(0, 16 * count, 16)]


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def insert_missing(rows: Sequence[models.Model], by: str) -> None:
    """Store those objects whose value of a unique column is new; the others keep no key.

    by: the field's name. On PostgreSQL a second writer of the same values waits here until the
    first has ended; give the rows in one order, so that two never wait for each other.
    """
    if not rows:
        return
    table = _table(type(rows[0]), connection.vendor)
    place = table.attributes.index(by)
    values = list(zip(*table.columns_of(rows), strict=True))
    store = _missing_copied if connection.vendor == "postgresql" else _missing_prepared
    keys = store(table, values, table.columns[place])
    found = ((row, keys.pop(value[place], None)) for row, value in zip(rows, values, strict=True))
    _have_keys((row, key) for row, key in found if key is not None)


def _have_keys(pairs: Iterable[tuple[models.Model, int]]) -> None:
    alias, name = connection.alias, ""
    for row, key in pairs:
        name = name or str(row._meta.pk.attname)
        row.__dict__[name] = key
        row._state.adding, row._state.db = False, alias


@lru_cache
def _table(model: type[models.Model], vendor: str) -> _Table:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return _Table(
        name=model._meta.db_table,
        key=str(model._meta.pk.column),
        columns=tuple(str(field.column) for field in fields),
        attributes=tuple(field.attname for field in fields),
        types=tuple(_type_name(field) for field in fields),
        converts=tuple(_convert(field, vendor) for field in fields),
    )


_PLAIN = (models.BinaryField, models.IntegerField, models.BooleanField)


def _convert(field: models.Field[Any, Any], vendor: str) -> Convert | None:
    """How a value of a field is written; None: as it is."""
    related = field
    while isinstance(related, models.ForeignKey):
        related = related.target_field
    if isinstance(related, _PLAIN):
        return None
    if isinstance(related, (models.CharField, models.TextField)):
        return _text
    if isinstance(related, models.DateTimeField) and vendor == "postgresql":
        return None
    if isinstance(related, models.DateTimeField):
        return connection.ops.adapt_datetimefield_value
    if isinstance(related, models.UUIDField):
        return None if vendor == "postgresql" else _hex
    return lambda value: field.get_db_prep_save(value, connection)


def _converted(convert: Convert, column: Sequence[Any]) -> Sequence[Any]:
    """Objects alike share most values: what all of them have is written once."""
    if len(set(map(id, column))) == 1:
        return [convert(column[0])] * len(column)
    if convert is _text and set(map(type, column)) == {str}:
        return column
    return [convert(value) for value in column]


def _text(value: Any) -> str | None:
    return value if type(value) is str or value is None else str(value)


def _hex(value: uuid.UUID | None) -> str | None:
    return None if value is None else value.hex


def _type_name(field: models.Field[Any, Any]) -> str:
    stated = (field.db_type(connection) or "").partition("(")[0]
    return _SHORT.get(stated, stated)


_SHORT = {
    "bigint": "int8",
    "integer": "int4",
    "smallint": "int2",
    "timestamp with time zone": "timestamptz",
    "boolean": "bool",
}


def _place_of(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _with_keys(table: _Table, values: Sequence[tuple[Any, ...]]) -> list[int]:
    """PostgreSQL: draw the keys, then one COPY."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [table.name, table.key, len(values)],
        )
        keys = sorted(key for (key,) in cursor.fetchall())
        named = _place_of((table.key, *table.columns))
        rows = ((key, *row) for key, row in zip(keys, values, strict=True))
        copied(cursor, f"{table.name} ({named})", ("int8", *table.types), rows)
    return keys


def copied(cursor: Any, into: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """One binary COPY. cursor: of Django; its own hands out COPY only as an attribute."""
    statement = f"COPY {into} FROM STDIN (FORMAT BINARY)"
    with connection.wrap_database_errors, cursor.copy(statement) as target:
        target.set_types(types)
        for row in rows:
            target.write_row(row)


def _prepared(table: _Table, values: Sequence[tuple[Any, ...]]) -> list[int]:
    """SQLite: the transaction holds the write lock, so the next keys are nobody else's."""
    marks = ", ".join(["%s"] * len(table.columns))
    named = _place_of(table.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {table.name} ({named}) VALUES ({marks}) RETURNING "{table.key}"',  # noqa: S608
            values[0],
        )
        first = int(cursor.fetchone()[0])
        keys = list(range(first, first + len(values)))
        cursor.executemany(
            f'INSERT INTO {table.name} ("{table.key}", {named}) VALUES (%s, {marks})',  # noqa: S608
            [(key, *row) for key, row in zip(keys[1:], values[1:], strict=True)],
        )
    return keys


def _missing_copied(table: _Table, values: Sequence[tuple[Any, ...]], by: str) -> dict[Any, int]:
    passing, named = f"new_{table.name}", _place_of(table.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {passing} ON COMMIT DELETE ROWS AS "  # noqa: S608
            f"SELECT {named} FROM {table.name} WITH NO DATA"
        )
        cursor.execute(f"TRUNCATE {passing}")
        copied(cursor, f"{passing} ({named})", table.types, values)
        cursor.execute(
            f"INSERT INTO {table.name} ({named}) SELECT {named} FROM {passing} "  # noqa: S608
            f'ORDER BY "{by}" ON CONFLICT ("{by}") DO NOTHING RETURNING "{table.key}", "{by}"'
        )
        return {_as_key(value): key for key, value in cursor.fetchall()}


def _missing_prepared(table: _Table, values: Sequence[tuple[Any, ...]], by: str) -> dict[Any, int]:
    """SQLite: nobody else writes meanwhile, so what is not there now is new."""
    place = table.columns.index(by)
    wanted, there = [row[place] for row in values], set()
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _ASKED_AT_ONCE):
            some = wanted[start : start + _ASKED_AT_ONCE]
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(f'SELECT "{by}" FROM {table.name} WHERE "{by}" IN ({marks})', some)  # noqa: S608
            there |= {_as_key(value) for (value,) in cursor.fetchall()}
    new = {row[place]: row for row in values if row[place] not in there}
    return dict(zip(new, _prepared(table, list(new.values())), strict=True)) if new else {}


def _as_key(value: Any) -> Any:
    return bytes(value) if isinstance(value, (memoryview, bytearray)) else value
