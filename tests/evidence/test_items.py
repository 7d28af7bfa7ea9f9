"""Items: taken in once, seen by their teams, opened with a reason; every event in custody."""

from __future__ import annotations

import hashlib
import io
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.core.access import Act, Compartment, NodeActor, Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, Untrusted
from comity.evidence import actions
from comity.evidence.models import CustodyRecord, Item
from comity.evidence.rules import CustodyEvent, Origin, Purpose
from comity.ledger.models import Entry
from comity.vault.models import StoredFile
from tests.evidence.conftest import ACQUIRED_AT, World, acquisition, damage, stored_path

pytestmark = pytest.mark.django_db


def test_a_file_becomes_an_item_with_custody_and_entries(world: World) -> None:
    content = b"\x89PNG\r\n\x1a\n rest"
    item = world.item(content, declared_type="image/png; name=x")
    assert (item.sha256, item.size) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (item.media_type_sniffed, item.media_type_declared) == ("image/png", "image/png")
    received, ingested = item.custody.all()
    assert (received.event, received.at) == (CustodyEvent.RECEIVED, ACQUIRED_AT)
    assert received.counterparty == "R. Melnyk"
    assert received.place == "School yard, Verbivka"
    assert ingested.event == CustodyEvent.INGESTED
    assert ingested.entry.kind == "evidence.item_ingested"
    assert ingested.entry.committed.as_mapping()["sha256"] == item.sha256


def test_no_words_of_an_item_reach_the_ledger(world: World) -> None:
    world.item(title="Crater at the school", original_name="Olena at home.jpg")
    said = b"".join(
        bytes(entry.body) + bytes(entry.committed.details) for entry in Entry.objects.all()
    )
    for word in (b"Crater", b"Olena", b"Melnyk", b"Verbivka", b"Camera"):
        assert word not in said


def test_an_empty_file_is_an_item_too(world: World) -> None:
    item = world.item(b"")
    assert (item.size, item.media_type_sniffed) == (0, "inode/x-empty")
    with actions.open_item(world.prosecutor, item, purpose=Purpose.CASE_WORK) as file:
        assert file.read() == b""
    assert actions.verify_item(world.prosecutor, item)


def test_the_same_bytes_twice_are_one_object_and_two_custodies(world: World) -> None:
    first, second = world.item(b"same"), world.item(b"same")
    assert first.stored_file_id == second.stored_file_id
    assert StoredFile.objects.count() == 1
    assert CustodyRecord.objects.filter(event=CustodyEvent.INGESTED).count() == 2


def test_a_foreign_name_is_only_data(world: World, vault: Path) -> None:
    name = "../../etc/\x00pass\u202ewd\n.png"
    item = world.item(original_name=name)
    item.refresh_from_db()
    assert item.original_name == "../../etc/\\x00pass\\xe2\\x80\\xaewd\\x0a.png"
    assert world.item(original_name=b"caf\xe9.txt").original_name == "caf\\xe9.txt"
    assert not [path for path in vault.rglob("*") if "pass" in path.name or "etc" in path.name]


def test_a_hostile_title_is_one_plain_line(world: World) -> None:
    item = world.item(title=" <script>\u202e\n\x00 alert(1)</script> ")
    assert item.title == "<script> alert(1)</script>"


YEAR_ONE, EARLY = datetime(1, 1, 1, tzinfo=UTC), datetime(1899, 12, 31, 23, 59, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": " \u202e "}, "evidence.incomplete"),
        ({"access": []}, "evidence.incomplete"),
        ({"title": "x" * 201}, "evidence.too_long"),
        ({"kind": "no-such-kind"}, "evidence.unknown_kind"),
        ({"access": [("diary", uuid.uuid4())]}, "evidence.not_in_team"),
        ({"access": [("case", uuid.uuid4())]}, "evidence.not_in_team"),
        ({"acquisition": actions.Acquisition("x" * 121, ACQUIRED_AT)}, "evidence.too_long"),
        ({"acquisition": actions.Acquisition("x", YEAR_ONE)}, "evidence.too_early"),
        ({"acquisition": actions.Acquisition("x", EARLY)}, "evidence.too_early"),
        ({"acquisition": actions.Acquisition("x", timezone.now() + DAY)}, "evidence.not_yet"),
    ],
)
def test_what_is_not_sound_changes_nothing(world: World, fields: dict, code: str) -> None:
    entries = Entry.objects.count()
    with pytest.raises(Refused) as refused:
        world.item(**fields)
    assert refused.value.code == code
    assert not Item.objects.exists()
    assert not StoredFile.objects.exists()
    assert Entry.objects.count() == entries


def test_only_who_may_adds_items(world: World, officer) -> None:
    for role in (Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR, Role.CENTRAL_AUTHORITY):
        with pytest.raises(NotAllowed):
            world.item(actor=officer(role))


def test_the_node_takes_in_what_a_partner_sent(world: World) -> None:
    node = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
    item = world.item(actor=node, origin=Origin.PARTNER, access=[("case", world.case)])
    assert item.created_by == "node:exchange"
    assert Item.objects.visible_to(world.prosecutor).get() == item


def test_nobody_outside_the_team_sees_or_opens_it(world: World, officer) -> None:
    item = world.item()
    assert list(Item.objects.visible_to(world.prosecutor)) == [item]
    assert not Item.objects.visible_to(world.stranger).exists()
    for act in (
        lambda: actions.open_item(world.stranger, item, purpose="case_work"),
        lambda: actions.verify_item(world.stranger, item),
        lambda: actions.read_opened(world.stranger, item),
    ):
        with pytest.raises(NotVisible):
            act()
    with pytest.raises(NotAllowed):
        actions.open_item(officer(Role.ADMINISTRATOR), item, purpose="case_work")
    assert not item.custody.filter(event=CustodyEvent.ACCESSED).exists()


def test_a_compartment_is_a_wall_inside_a_team(world: World, officer) -> None:
    executing, letter = officer(Role.EXECUTING_OFFICER), uuid.uuid4()
    accounts.found_team(executing, kind="letter", record=letter)
    node = NodeActor("exchange", frozenset({Act.ADD_ITEM}))
    held = [("letter", letter), ("case", world.case)]
    shown = world.item(b"1", actor=node, access=held)
    walled = world.item(b"2", actor=node, access=held, compartment=Compartment.INVESTIGATION)
    assert list(Item.objects.visible_to(executing)) == [shown]
    assert set(Item.objects.visible_to(world.prosecutor)) == {shown, walled}


def test_a_person_who_left_the_team_sees_nothing(world: World, officer) -> None:
    world.item()
    admin = officer(Role.ADMINISTRATOR)
    accounts.deactivate_officer(admin, world.investigator)
    world.investigator.refresh_from_db()
    fresh = type(world.investigator).objects.get(pk=world.investigator.pk)
    assert not Item.objects.visible_to(fresh).exists()


def test_opening_needs_a_purpose_and_leaves_a_mark(world: World) -> None:
    item = world.item(b"abc")
    with pytest.raises(Incomplete):
        actions.open_item(world.prosecutor, item, purpose=" ")
    with actions.open_item(world.prosecutor, item, purpose=Purpose.COURT) as file:
        assert file.seek(1) == 1
        assert file.read() == b"bc"
    opened = item.custody.get(event=CustodyEvent.ACCESSED)
    assert (opened.actor, opened.role, opened.purpose) == (
        world.prosecutor.actor_id,
        "prosecutor",
        "court",
    )
    assert Entry.objects.filter(kind="access.looked", subject=item.subject).count() == 1


def test_a_whole_item_is_verified(world: World) -> None:
    item = world.item()
    assert actions.verify_item(world.prosecutor, item) is True
    held = item.custody.get(event=CustodyEvent.VERIFIED)
    assert held.digest_before == held.digest_after == item.sha256


def test_damage_names_the_item_and_is_an_anomaly(world: World, vault: Path) -> None:
    item = world.item(b"evidence" * 9000)
    damage(stored_path(vault, item))
    with pytest.raises(Untrusted) as doubt:
        actions.verify_item(world.prosecutor, item)
    assert doubt.value.facts == {"item": item.number}
    anomaly = item.custody.get(event=CustodyEvent.ANOMALY)
    assert anomaly.condition == "vaultfile.altered"
    stored_path(vault, item).unlink()
    with pytest.raises(Untrusted) as doubt:
        actions.open_item(world.prosecutor, item, purpose="court")
    assert doubt.value.code == "vault.object_missing"
    assert item.custody.filter(event=CustodyEvent.ANOMALY).count() == 2
    assert not item.custody.filter(event=CustodyEvent.ACCESSED).exists()


def test_a_changed_custody_record_no_longer_matches_its_entry(world: World) -> None:
    item = world.item()
    assert all(record.matches_entry for record in item.custody.all())
    item.custody.filter(event=CustodyEvent.RECEIVED).update(place="Somewhere else")
    received, ingested = item.custody.all()
    assert not received.matches_entry
    assert ingested.matches_entry


def test_a_broken_source_makes_no_item(world: World) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        actions.ingest(
            world.investigator,
            Broken(),
            title="x",
            kind="photo",
            access=[("case", world.case)],
            origin=Origin.INVESTIGATION,
            acquisition=acquisition(),
        )
    assert not Item.objects.exists()
