# ruff: noqa: S608 - the statements are the test's own
"""An insider edits each table of evidence by hand: both checks say so, and name the row."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from comity.accounts import actions as accounts
from comity.core import canonical
from comity.core.access import Role
from comity.evidence import actions
from comity.evidence.actions.custody import compare_each
from comity.evidence.actions.deriving import Making, derive
from comity.evidence.actions.release import Basis
from comity.evidence.models import Item, ItemAccess, LegalHold
from comity.evidence.rules import BasisKind, Derived
from comity.ledger.models import Entry, EntryDetails
from comity.node.custody import custody_findings
from tests.evidence.conftest import World

pytestmark = [pytest.mark.django_db, pytest.mark.breaks_ledger]
# Table, what is done to the rows of the item, how the check names it.
EDITS = [
    ("legalhold", "DELETE", "Legal hold"),
    ("legalhold", "lifted_at = placed_at, lifted_by_id = placed_by_id", "Legal hold"),
    ("legalhold", "legal_basis = 'another'", "Legal hold"),
    ("usecondition", "DELETE", "Condition of use"),
    ("usecondition", "forbids = '[]'", "Condition of use"),
    ("usecondition", "last_day = '2030-01-01'", "Condition of use"),
    ("useconfirmation", "DELETE", "Confirmation of a use"),
    ("useconfirmation", "target = 'court'", "Confirmation of a use"),
    ("item", "sha256 = '" + "0" * 64 + "'", "sha256"),
    ("item", "compartment = 'support'", "compartment"),
    ("item", "origin = 'partner'", "origin"),
    ("item", "title = 'Another title'", "title, file name"),
    ("item", "original_name = 'other.jpg'", "title, file name"),
    ("item", "created_at = '2020-01-01 00:00:00'", "day of intake"),
    ("item", "kind = 'video'", "(kind)"),
    ("item", "size = 1", "size"),
    ("item", "media_type_sniffed = 'image/png'", "media_type"),
    ("item", "created_by = 'officer:x'", "created_by"),
    ("item", "erased_at = created_at", "erased_at"),
    ("item", "distressing = {true}", "distressing"),
    ("item", "uid = '{uid}'", "no entry says that it was taken in"),
    ("item", "stored_file_id = (SELECT max(id) FROM vault_storedfile)", "stored file"),
    ("itemaccess", "DELETE", "Team that holds the item"),
    ("itemaccess", "record = '{uid}'", "Team that holds the item"),
    ("derivation", "DELETE", "Line to the original"),
    ("derivation", "reason = 'none'", "Line to the original"),
    ("disclosure", "DELETE", "Record of what left"),
    ("disclosure", "recipient = 'nobody'", "Record of what left"),
    ("disclosure", "acknowledged_at = at", "Record of what left"),
    ("releasegrant", "DELETE", "Release"),
    ("releasegrant", "withdrawn_at = NULL", "Release"),
    ("releasegrant", "valid_until = '2040-01-01'", "Release"),
    ("erasureorder", "DELETE", "Order to erase"),
    ("erasureorder", "state = 'rejected'", "Order to erase"),
    ("custodyrecord", "DELETE", "records gone of entries"),
    ("custodyrecord", "place = 'elsewhere'", "records changed"),
]
WAYS = {
    "useconfirmation": "condition_id IN (SELECT id FROM evidence_usecondition WHERE item_id = %s)"
}


@pytest.fixture
def item(world: World) -> Item:
    """What was made out of an original, with a row in every table that is protected."""
    original = world.item(b"the original")
    condition = actions.attach_condition(
        world.investigator,
        original,
        code="no_onward_transfer",
        texts={"en": "Not to a third state."},
        forbids=["onward_transfer"],
        set_by_node="tokyo.test",
    )
    lawyer = world.prosecutor
    actions.confirm_use(lawyer, condition, target="case:" + str(uuid.uuid4()), reason="Read.")
    making = Making(Derived.EXCERPT, "by hand", reason="The part that matters.")
    item = derive(world.investigator, original, io.BytesIO(b"a part"), making, title="Part")
    actions.place_hold(world.prosecutor, item, legal_basis="Order 7", reason="Asked for.")
    actions.grant_release(
        world.coordinator, item, source_ref="consent:1", recipient="tokyo.test", purpose="trial",
        scope="whole", mode="named", valid_from=date(2026, 11, 1),
    )  # fmt: skip
    actions.withdraw_release(world.coordinator, source_ref="consent:1")
    actions.record_disclosure(
        world.prosecutor, item, recipient="tokyo.test", purpose="trial",
        basis=Basis(BasisKind.INVESTIGATION), message_id=uuid.uuid4(),
    )  # fmt: skip
    other = world.item(b"another, with a file of its own")
    assert other.stored_file_id > item.stored_file_id
    return item


@pytest.fixture
def ordered(world: World, item: Item) -> Item:
    """As `item`, and its erasure is ordered; that none waits under a hold is not asked here."""
    hold = LegalHold.objects.get(item=item)
    free = world.item(b"without a hold")
    actions.order_erasure(world.prosecutor, free, legal_basis="Article 100", reason="Asked for.")
    assert hold
    return free


def edit(table: str, what: str, item: Item) -> None:
    where = WAYS.get(table, "id = %s" if table == "item" else "item_id = %s")
    uid = uuid.uuid4()
    words = {"uid": str(uid) if connection.vendor == "postgresql" else uid.hex, "true": "true"}
    done = f"DELETE FROM evidence_{table}" if what == "DELETE" else ""
    done = done or f"UPDATE evidence_{table} SET {what.format(**words)}"
    with connection.cursor() as cursor:
        if (table, what) == ("usecondition", "DELETE"):
            cursor.execute(
                f"DELETE FROM evidence_useconfirmation WHERE {WAYS['useconfirmation']}", [item.pk]
            )
        cursor.execute(f"{done} WHERE {where}", [item.pk])
        assert cursor.rowcount


def said_by(command: str, *arguments: str) -> str:
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command(command, *arguments, stdout=io.StringIO(), stderr=said)
    return said.getvalue()


def is_sound() -> None:
    call_command("evidence_check", "--all", stdout=io.StringIO())
    assert not list(custody_findings())


@pytest.mark.parametrize(("table", "what", "named"), EDITS)
def test_an_insider_who_edits_a_row_is_found_out(
    item: Item, ordered: Item, table: str, what: str, named: str
) -> None:
    is_sound()
    about = ordered if table == "erasureorder" else item
    edit(table, what, about)
    for arguments in ([about.number], ["--all"]):
        said = said_by("evidence_check", *arguments)
        assert named in said
        assert about.number in said
    assert list(custody_findings())


def test_verify_ledger_says_it_too_and_so_does_the_page(world: World, item: Item, sign_in) -> None:
    edit("legalhold", "DELETE", item)
    assert f"of {item.number}: Legal hold" in said_by("verify_ledger")
    page = sign_in(world.prosecutor).get(reverse("item", args=[item.pk])).content.decode()
    assert "The database is not what the ledger committed to" in page


@pytest.mark.parametrize("table", ["legalhold", "usecondition", "releasegrant", "disclosure"])
def test_a_row_that_is_added_is_found_out(item: Item, table: str) -> None:
    columns = [
        row.name
        for row in connection.introspection.get_table_description(
            connection.cursor(), f"evidence_{table}"
        )
        if row.name not in {"id", "uid"}
    ]
    with connection.cursor() as cursor:
        named = ", ".join(f'"{each}"' for each in columns)
        uid = uuid.uuid4()
        extra = ("uid, ", "%s, ") if table == "legalhold" else ("", "")
        stated = uid if connection.vendor == "postgresql" else uid.hex
        cursor.execute(
            f"INSERT INTO evidence_{table} ({extra[0]}{named}) "
            f"SELECT {extra[1]}{named} FROM evidence_{table} WHERE item_id = %s LIMIT 1",
            [stated, item.pk] if table == "legalhold" else [item.pk],
        )
    assert "added to the database" in said_by("evidence_check", item.number)


def test_a_team_that_is_given_an_item_past_the_ledger_is_found_out(item: Item) -> None:
    ItemAccess.objects.create(item=item, kind="case", record=uuid.uuid4())
    assert "Team that holds the item" in said_by("evidence_check", item.number)


def test_an_item_whose_rows_are_all_gone_is_found_out(world: World) -> None:
    gone = world.item(b"unwelcome")
    with connection.cursor() as cursor:
        for table in ("custodyrecord", "itemaccess"):
            cursor.execute(f"DELETE FROM evidence_{table} WHERE item_id = %s", [gone.pk])
        cursor.execute("DELETE FROM evidence_item WHERE id = %s", [gone.pk])
    assert gone.subject in said_by("evidence_check", "--all")
    assert [each.code for each in custody_findings()] == ["ledger.item_gone"]


def test_acts_of_every_kind_leave_rows_as_the_ledger_says(
    world: World, item: Item, ordered: Item, officer: Callable
) -> None:
    second = officer(Role.SUPERVISOR)
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=second)
    order = ordered.erasure_orders.get()
    actions.execute_erasure(second, order)
    disclosure = item.disclosures.get()
    actions.acknowledge_disclosures(world.prosecutor, message_id=disclosure.message_id)
    actions.mark_distressing(world.investigator, item)
    condition = item.conditions.get()
    actions.set_last_day(
        world.prosecutor, condition, last_day=date(2030, 1, 1), reason="In the letter."
    )
    is_sound()


def test_rows_of_before_rows_were_committed_to_stay_valid(world: World, item: Item) -> None:
    """As the node of before left them: the same entries, without what they commit to now."""
    with connection.cursor() as cursor:
        _without_triggers(cursor)
    for kept in EntryDetails.objects.select_related("entry"):
        names = ("rows", "teams", "words", "file", "declared_type", "distressing")
        stated = {n: v for n, v in kept.as_mapping().items() if n not in names}
        kept.details = canonical.encode(stated)
        kept.save(update_fields=["details"])
        body = canonical.decode(bytes(kept.entry.body)) | {"commitment": kept.commitment_hex}
        Entry.objects.filter(pk=kept.entry_id).update(body=canonical.encode(body))
    is_sound()
    edit("legalhold", "DELETE", item)
    assert "Legal hold (?)" in said_by("evidence_check", item.number)


def test_details_that_were_changed_with_the_row_are_found_out(item: Item) -> None:
    with connection.cursor() as cursor:
        _without_triggers(cursor)
    entry = Entry.objects.get(subject=item.subject, kind="evidence.hold_set")
    details = dict(entry.committed.as_mapping()) | {"rows": {}}
    EntryDetails.objects.filter(entry=entry).update(details=canonical.encode(details))
    edit("legalhold", "DELETE", item)
    assert "records changed" in said_by("evidence_check", item.number)


def _without_triggers(cursor) -> None:
    if connection.vendor == "postgresql":
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no table is altered while one waits
        for table in ("entry", "entrydetails"):
            cursor.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER")
        return
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP TRIGGER "{name}"')


def test_the_questions_to_the_database_do_not_grow_with_the_items(world: World, item: Item) -> None:
    """Hundreds of items are compared in as many questions as a few."""

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert all(found.holds for _, found in compare_each(Item.objects.all()))
        return len(queries)

    few = asked()
    for number in range(20):
        world.item(b"one more %d" % number)
    assert asked() == few
