"""Several writers of the same small files at once: one place each, nothing waits for ever."""

import io
from functools import partial

import pytest
from django.db import transaction

from comity.core.access import NodeActor
from comity.vault import actions
from comity.vault.models import Pack, StoredFile
from tests.cases.test_concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NODE = NodeActor("test")


def test_sixteen_writers_of_the_same_bytes_in_other_orders_keep_them_once(vault) -> None:
    contents = [b"page %d" % number for number in range(40)]

    def write(turn: int) -> list[int]:
        order = contents[turn:] + contents[:turn]
        (group,) = actions.take_in_many([partial(io.BytesIO, one) for one in order])
        with transaction.atomic():
            rows = actions.keep_many(NODE, group)
        return [row.pk for row in rows]

    results = at_once(*(partial(write, turn) for turn in range(16)))
    assert not [one for one in results if isinstance(one, Exception)], results
    assert len({key for keys in results for key in keys}) == StoredFile.objects.count() == 40
    for row in StoredFile.objects.select_related("pack"):
        with actions.open_file(NODE, row) as reader:
            assert reader.read() in contents
    objects = {path.name for path in (vault / "objects").rglob("*") if path.is_file()}
    assert objects == set(Pack.objects.values_list("stored_name", flat=True))
