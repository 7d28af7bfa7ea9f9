"""Items: taken in once, seen by their teams, released only on a basis, every event in custody."""

import io
import uuid
from datetime import date, timedelta

import pytest
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.core.access import Compartment, Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, Untrusted
from comity.evidence import actions
from comity.evidence.models import CustodyRecord, Disclosure, Item
from comity.evidence.rules import CustodyEvent, Origin, Use
from comity.ledger.models import Entry
from comity.vault.models import StoredFile

pytestmark = pytest.mark.django_db


def acquisition(actor) -> actions.Acquisition:
    return actions.Acquisition(actor.actor_id, timezone.now(), place="Hub, room 2")


def ingest(actor, data: bytes, case: uuid.UUID, **fields) -> Item:
    return actions.ingest(
        actor,
        io.BytesIO(data),
        **(
            {
                "title": "Yard",
                "kind": "photo",
                "access": [("case", case)],
                "origin": Origin.INVESTIGATION,
                "acquisition": acquisition(actor),
                "compartment": Compartment.INVESTIGATION,
                "original_name": "../../etc/пароль\u202egnp.exe",
            }
            | fields
        ),
    )


@pytest.fixture
def team(officer):
    investigator, case = officer(Role.INVESTIGATOR), uuid.uuid4()
    accounts.found_team(investigator, kind="case", record=case)
    return investigator, case


def test_a_file_becomes_an_item_with_custody_and_entries(team) -> None:
    investigator, case = team
    item = ingest(investigator, b"\x89PNG\r\n\x1a\n rest", case)
    assert item.media_type_sniffed == "image/png"
    events = list(item.custody.values_list("event", flat=True))
    assert events == [CustodyEvent.RECEIVED, CustodyEvent.INGESTED]
    entry = Entry.objects.get(kind="evidence.item_ingested")
    assert entry.committed.as_mapping()["sha256"] == item.sha256
    assert all("Yard" not in bytes(each.body).decode() for each in Entry.objects.all())


def test_an_empty_file_is_an_item_too(team) -> None:
    item = ingest(*team[:1], b"", team[1])
    assert item.size == 0
    with actions.open_item(team[0], item, purpose="look") as file:
        assert file.read() == b""


def test_the_same_bytes_twice_are_one_file_and_two_custodies(team) -> None:
    first, second = (ingest(team[0], b"same", team[1]) for _ in range(2))
    assert StoredFile.objects.count() == 1
    assert first.stored_file_id == second.stored_file_id
    assert CustodyRecord.objects.filter(event=CustodyEvent.INGESTED).count() == 2


def test_nobody_outside_the_team_sees_or_opens_it(team, officer) -> None:
    item = ingest(team[0], b"x", team[1])
    other, administrator = officer(Role.INVESTIGATOR), officer(Role.ADMINISTRATOR)
    assert list(Item.objects.visible_to(team[0])) == [item]
    assert not Item.objects.visible_to(other).exists()
    with pytest.raises(NotVisible):
        actions.open_item(other, item, purpose="look")
    with pytest.raises(NotAllowed):
        actions.open_item(administrator, item, purpose="look")


def test_a_compartment_is_a_wall_inside_a_team(team, officer) -> None:
    analyst = officer(Role.CENTRAL_AUTHORITY)
    accounts.found_team(analyst, kind="case", record=team[1])
    item = ingest(team[0], b"x", team[1])
    assert not Item.objects.visible_to(analyst).filter(pk=item.pk).exists()


def test_opening_needs_a_purpose_and_leaves_a_mark(team) -> None:
    item = ingest(team[0], b"abc", team[1])
    with pytest.raises(Incomplete):
        actions.open_item(team[0], item, purpose=" ")
    with actions.open_item(team[0], item, purpose="preparing the charge") as file:
        assert file.read() == b"abc"
    assert item.custody.filter(event=CustodyEvent.ACCESSED).count() == 1


def test_a_damaged_object_is_found_and_recorded(team, settings) -> None:
    item = ingest(team[0], b"evidence" * 1000, team[1])
    name = item.stored_file.stored_name
    path = settings.COMITY_VAULT / "objects" / name[:2] / name
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Untrusted):
        actions.verify_item(team[0], item)
    assert item.custody.get(event=CustodyEvent.ANOMALY).digest_before == item.sha256
    path.unlink()
    with pytest.raises(Untrusted):
        actions.verify_item(team[0], item)


def test_a_whole_object_is_verified(team) -> None:
    item = ingest(team[0], b"evidence", team[1])
    actions.verify_item(team[0], item)
    assert item.custody.get(event=CustodyEvent.VERIFIED).digest_after == item.sha256


RELEASE = {"recipient": "partner:jp", "purpose": "legal_assistance"}
TODAY = date(2026, 11, 25)


def grant(actor, item, **fields):
    return actions.grant_release(
        actor,
        item,
        **(
            RELEASE
            | {
                "source_ref": "consent:1",
                "scope": "media",
                "mode": "name_withheld",
                "valid_from": TODAY,
                "valid_until": TODAY,
            }
            | fields
        ),
    )


def test_a_persons_item_leaves_only_under_her_live_grant(team) -> None:
    item = ingest(team[0], b"x", team[1], origin=Origin.PERSON)
    with pytest.raises(Refused, match="no_release"):
        actions.require_release(item, **RELEASE, on=TODAY)
    grant(team[0], item)
    assert actions.require_release(item, **RELEASE, on=TODAY).ref == "consent:1"
    for other in (
        {"recipient": "partner:xx", "purpose": "legal_assistance", "on": TODAY},
        {"recipient": "partner:jp", "purpose": "statistics", "on": TODAY},
        RELEASE | {"on": TODAY + timedelta(days=1)},
        RELEASE | {"on": TODAY - timedelta(days=1)},
    ):
        with pytest.raises(Refused):
            actions.require_release(item, **other)
    assert actions.withdraw_release(team[0], source_ref="consent:1") == 1
    with pytest.raises(Refused):
        actions.require_release(item, **RELEASE, on=TODAY)


def test_what_left_is_listed_and_acknowledged_once(team) -> None:
    item, message = ingest(team[0], b"x", team[1]), uuid.uuid4()
    basis = actions.require_release(item, **RELEASE, on=TODAY)
    actions.record_disclosure(team[0], item, **RELEASE, basis=basis, message_id=message)
    assert actions.acknowledge_disclosures(team[0], message_id=message) == 1
    assert actions.acknowledge_disclosures(team[0], message_id=message) == 0
    assert Disclosure.objects.get().acknowledged_at is not None


def test_a_condition_blocks_the_use_it_forbids_and_no_other(team) -> None:
    item = ingest(team[0], b"x", team[1])
    actions.attach_condition(
        team[0],
        item,
        code="only_this_proceeding",
        texts={"en": "Only in proceeding 2211/24."},
        forbids=[Use.OTHER_PROCEEDING, Use.ONWARD_TRANSFER],
        set_by_node="moj.jp.example",
    )
    actions.require_use(item, Use.THIS_PROCEEDING)
    with pytest.raises(Refused, match="use_forbidden"):
        actions.require_use(item, Use.ONWARD_TRANSFER)


def test_an_item_shared_with_a_case_is_seen_by_its_team(team, officer) -> None:
    prosecutor, other_case = officer(Role.PROSECUTOR), uuid.uuid4()
    accounts.found_team(prosecutor, kind="case", record=other_case)
    item = ingest(team[0], b"x", team[1])
    actions.share_item(team[0], item, kind="case", record=other_case)
    actions.share_item(team[0], item, kind="case", record=other_case)
    assert Item.objects.visible_to(prosecutor).get() == item
    assert item.custody.filter(event=CustodyEvent.SHARED).count() == 1
