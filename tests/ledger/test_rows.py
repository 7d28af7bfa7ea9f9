"""Rows stored past the object mapper are what the mapper would have stored."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from comity.evidence.models import Derivation, Item
from comity.ledger import rows
from comity.vault.models import Pack, StoredFile

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
KEPT_APART = {"id", "uid", "lookup", "stored_name"}


def file(number: int, **fields: Any) -> StoredFile:
    return StoredFile(
        lookup=number.to_bytes(32), size=number, stored_name=f"{number:064x}", stored_size=99,
        wrapped_key=bytes(range(60)), created_at=AT, **fields,
    )  # fmt: skip


def columns(row: Any) -> dict[str, Any]:
    fresh = type(row).objects.get(pk=row.pk)
    return {
        field.attname: bytes(value) if isinstance(value, memoryview) else value
        for field in row._meta.concrete_fields
        if (value := getattr(fresh, field.attname)) is not None or True
    }


def test_what_is_stored_reads_as_what_the_mapper_stores() -> None:
    pack = Pack.objects.create(stored_name="f" * 64, stored_size=7)
    mapped, fast = file(1, pack=pack, offset=3, checked_at=AT), file(2, pack=pack, offset=3)
    fast.checked_at = AT
    mapped.save()
    rows.insert([fast])
    assert not fast._state.adding
    ours, theirs = columns(fast), columns(mapped)
    different = {name for name in ours if ours[name] != theirs[name]}
    assert different == KEPT_APART | {"size"}
    assert ours["uid"] == fast.uid
    assert ours["lookup"] == (2).to_bytes(32)


def test_json_flags_and_empty_values_are_stored_as_the_mapper_stores_them() -> None:
    first, second, third = (file(number) for number in (1, 2, 3))
    rows.insert([first, second, third])
    common = {"kind": "photo", "size": 1, "sha256": "0" * 64, "compartment": "disclosable"}
    items = [
        Item(title="Знімок «вирви» 100 % \x1b", stored_file=one, origin="person", **common)
        for one in (first, second, third)
    ]
    rows.insert(items)
    detail = {"from_ms": 0, "regions": [[1, 2], None], "name": 'a "б" 証'}
    made = Derivation(item=items[1], original=items[0], how="excerpt", tool="t", detail=detail)
    made.machine_made = True
    rows.insert([made])
    kept = Derivation.objects.get(pk=made.pk)
    assert (kept.detail, kept.machine_made, kept.model) == (detail, True, "")
    assert Item.objects.get(pk=items[2].pk).title == items[2].title
    assert [one.pk for one in items] == sorted(one.pk for one in items)


def test_only_what_is_new_is_stored_and_the_rest_has_no_key() -> None:
    there = file(7)
    there.save()
    wanted = [file(6), file(7), file(8)]
    rows.insert_missing(wanted, "lookup")
    assert [one.pk is None for one in wanted] == [False, True, False]
    assert StoredFile.objects.count() == 3
    assert StoredFile.objects.get(pk=wanted[2].pk).size == 8
    rows.insert_missing([file(6), file(7)], "lookup")
    assert StoredFile.objects.count() == 3
    rows.insert_missing([], "lookup")
    rows.insert([])


def test_a_batch_that_breaks_a_rule_stores_nothing() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert([file(1), file(1)])
    assert not StoredFile.objects.exists()


def test_the_keys_of_the_mapper_go_on_after_ours() -> None:
    fast = [file(number) for number in range(1, 6)]
    rows.insert(fast)
    later = file(9)
    later.save()
    assert later.pk > max(one.pk for one in fast)


def test_objects_alike_differ_in_what_they_are_given_only() -> None:
    make = rows.alike(file(1), size=5)
    one, other = make(uid=uuid.uuid4(), size=1), make(uid=uuid.uuid4(), lookup=b"x")
    assert (one.size, other.size, one.stored_size, other.stored_size) == (1, 5, 99, 99)
    assert (one.pk, one._state.adding, one._state is not other._state) == (None, True, True)
    assert len(set(rows.new_uids(500))) == 500
    assert {uid.version for uid in rows.new_uids(3)} == {4}
