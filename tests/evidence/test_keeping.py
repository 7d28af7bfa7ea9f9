"""Legal hold, moves, erasure by two officers: what is destroyed stays so, the ledger holds."""

from __future__ import annotations

import io
import subprocess
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.assistance.models.parts import LetterPaper
from comity.core.access import NodeActor, Role
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused, WrongState
from comity.evidence import actions
from comity.evidence.actions import erasing_trees
from comity.evidence.models import ErasureOrder, Item, LegalHold, work_for
from comity.evidence.rules import CustodyEvent, Derived, ErasureState, Origin
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault import actions as vault_actions
from comity.vault import erasures
from comity.vault.models import StoredFile
from tests.assistance.conftest import Kyiv, kyiv, tokyo_keys  # noqa: F401 - fixtures
from tests.evidence import made_media
from tests.evidence.conftest import World, acquisition, stored_path
from tests.officers import just_confirmed

pytestmark = pytest.mark.django_db
SignIn = Callable[[Officer], Client]
BASIS = "Article 100, order of 20 November 2026"
LARGE = b"a film of the crater " * 60_000  # an object of its own, however it is taken in
NODE = NodeActor("test")


@pytest.fixture(autouse=True)
def list_of_erasures(tmp_path: Path, settings: LazySettings) -> Path:
    settings.COMITY_ERASURES = tmp_path / "erasures.jsonl"
    return tmp_path / "erasures.jsonl"


@pytest.fixture
def supervisor(world: World, officer: Callable[..., Officer]) -> Officer:
    made = officer(Role.SUPERVISOR, name="O. Hrytsenko")
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=made)
    return made


def ordered(world: World, item: Item) -> ErasureOrder:
    return actions.order_erasure(world.prosecutor, item, legal_basis=BASIS, reason="Not relevant.")


def erased(world: World, supervisor: Officer, item: Item) -> Item:
    actions.execute_erasure(supervisor, ordered(world, item))
    return Item.objects.get(pk=item.pk)


@pytest.fixture
def third(world: World, officer: Callable[..., Officer]) -> Officer:
    made = officer(Role.PROSECUTOR, name="M. Bondar")
    accounts.add_to_team(world.prosecutor, kind="case", record=world.case, officer=made)
    return made


def events(item: Item) -> list[str]:
    return [record.event for record in item.custody.order_by("pk")][2:]


def test_erasing_destroys_key_and_object_and_the_ledger_still_holds(
    world, supervisor, vault, django_capture_on_commit_callbacks
) -> None:
    item = world.item(LARGE)
    ledger.sequence_pending()
    first = Entry.objects.get(subject=item.subject, kind="evidence.item_received")
    path = stored_path(vault, item)
    with django_capture_on_commit_callbacks(execute=True):
        item = erased(world, supervisor, item)
    row = item.stored_file
    assert (bytes(row.wrapped_key), path.exists()) == (b"", False)
    assert row.shredded_at
    assert item.erased_at
    assert erasures.destroyed() == {row.uid}
    assert events(item) == [CustodyEvent.ERASURE_ORDERED, CustodyEvent.ERASED]
    assert actions.check_custody(world.prosecutor, item).holds
    while ledger.sequence_pending():
        pass
    assert ledger.verify_all() > 0
    assert ledger.prove(first)
    last = item.custody.last()
    assert (last.legal_authority, last.counterparty) == (BASIS, world.prosecutor.actor_id)


@pytest.mark.parametrize("verb", ["open", "verify", "package", "share", "read"])
def test_nothing_is_done_with_an_erased_item(world, supervisor, verb) -> None:
    item = erased(world, supervisor, world.item())
    verbs = {
        "open": lambda: actions.open_item(world.prosecutor, item, purpose="court"),
        "verify": lambda: actions.verify_item(world.prosecutor, item),
        "package": lambda: actions.export_package(
            world.prosecutor, [item], purpose="p", legal_basis="b", case_ref="1"
        ),
        "share": lambda: actions.share_item(world.prosecutor, item, kind="case", record=world.case),
        "read": lambda: actions.read_item(NODE, item),
    }
    with pytest.raises(Refused, match=r"evidence\.item_erased") as refused:
        verbs[verb]()
    assert refused.value.facts["day"] == timezone.localdate().isoformat()


def test_who_ordered_it_does_not_carry_it_out(world) -> None:
    order = ordered(world, world.item())
    with pytest.raises(NotAllowed, match=r"evidence\.not_second_person"):
        actions.execute_erasure(world.prosecutor, order)
    with pytest.raises(IntegrityError), transaction.atomic():
        ErasureOrder.objects.filter(pk=order.pk).update(
            state=ErasureState.EXECUTED, decided_by=world.prosecutor, decided_at=timezone.now()
        )
    assert Item.objects.get(pk=order.item_id).erased_at is None


def test_only_those_who_may_and_see_the_item_order_and_erase(world, supervisor, officer) -> None:
    item = world.item()
    with pytest.raises(NotAllowed):
        actions.order_erasure(world.investigator, item, legal_basis=BASIS, reason="r")
    with pytest.raises(NotAllowed):
        actions.order_erasure(supervisor, item, legal_basis=BASIS, reason="r")
    with pytest.raises(NotVisible):
        actions.execute_erasure(officer(Role.PROSECUTOR), ordered(world, item))
    with pytest.raises(Incomplete):
        actions.order_erasure(world.prosecutor, item, legal_basis=" ", reason="r")


def test_what_a_case_holds_is_not_erased_by_two_who_support_people(world, officer) -> None:
    second = officer(Role.HUB_COORDINATOR)
    accounts.add_to_team(world.coordinator, kind="person", record=world.person, officer=second)
    item = world.item(origin=Origin.PERSON)
    order = actions.order_erasure(world.coordinator, item, legal_basis=BASIS, reason="Her wish.")
    assert [row.url for row in work_for(second)] == [reverse("item_erasure", args=[item.pk])]
    actions.share_item(world.coordinator, item, kind="case", record=world.case)
    assert not work_for(second)
    with pytest.raises(NotAllowed, match=r"evidence\.not_second_person"):
        actions.execute_erasure(second, order)
    assert actions.execute_erasure(world.prosecutor, order)


def test_a_hold_forbids_to_order_and_to_carry_out_and_both_attempts_are_kept(
    world, supervisor, third
) -> None:
    item = world.item()
    order = ordered(world, item)
    hold = actions.place_hold(supervisor, item, legal_basis="Order 7", reason="Appeal is open.")
    with pytest.raises(Refused, match=r"evidence\.under_hold"):
        actions.execute_erasure(supervisor, order)
    with pytest.raises(Refused, match=r"evidence\.under_hold"):
        actions.order_erasure(world.prosecutor, item, legal_basis=BASIS, reason="r")
    assert events(item) == [
        CustodyEvent.ERASURE_ORDERED,
        CustodyEvent.HOLD_SET,
        CustodyEvent.ERASURE_REFUSED,
        CustodyEvent.ERASURE_REFUSED,
    ]
    assert actions.verify_item(world.prosecutor, item)
    actions.lift_hold(supervisor, hold, reason="The appeal is over.")
    with pytest.raises(WrongState, match=r"evidence\.hold_lifted_already"):
        actions.lift_hold(supervisor, hold, reason="again")
    with pytest.raises(NotAllowed, match=r"evidence\.not_second_person"):
        actions.execute_erasure(supervisor, order)  # who lifted it does not erase
    assert actions.execute_erasure(third, order)
    assert actions.check_custody(world.prosecutor, item).holds


def test_another_officers_hold_is_lifted_by_two_and_neither_of_them_erases(
    world, supervisor, third
) -> None:
    item = world.item()
    hold = actions.place_hold(supervisor, item, legal_basis="Order 7", reason="Appeal is open.")
    assert not actions.lift_hold(world.prosecutor, hold, reason="It seems to be over.")
    with pytest.raises(Refused, match=r"evidence\.hold_lift_waits"):
        actions.lift_hold(world.prosecutor, hold, reason="It is over.")
    with pytest.raises(Refused, match=r"evidence\.under_hold"):
        ordered_by(third, item)
    assert actions.lift_hold(third, hold, reason="It is over.")
    for officer in (world.prosecutor, third):
        with pytest.raises(Refused, match=r"evidence\.lifted_its_hold"):
            ordered_by(officer, item)
    assert actions.check_custody(world.prosecutor, item).holds


def ordered_by(officer: Officer, item: Item) -> ErasureOrder:
    return actions.order_erasure(officer, item, legal_basis=BASIS, reason="Not relevant.")


def test_a_hold_on_an_original_keeps_what_was_made_out_of_it(world, supervisor) -> None:
    archive = world.item(b"an archive")
    made = actions.derive(
        world.investigator, archive, io.BytesIO(b"a member"),
        actions.Making(Derived.MEMBER, "by hand"), title="Member",
    )  # fmt: skip
    hold = actions.place_hold(supervisor, archive, legal_basis="Order 7", reason="Appeal.")
    with pytest.raises(Refused, match=r"evidence\.under_hold"):
        ordered(world, made)
    actions.lift_hold(supervisor, hold, reason="The appeal is over.")
    order = ordered(world, made)
    with pytest.raises(NotAllowed):
        actions.execute_erasure(supervisor, order)


def test_an_archive_and_its_members_are_erased_in_one_form_each_with_its_entry(
    world, supervisor, sign_in
) -> None:
    archive = world.item(b"an archive")
    members = [
        actions.derive(
            world.investigator, archive, io.BytesIO(b"member %d" % number),
            actions.Making(Derived.MEMBER, "by hand"), title="Member",
        )
        for number in range(3)
    ]  # fmt: skip
    kept, *others = members
    actions.place_hold(world.prosecutor, kept, legal_basis="Order 7", reason="Appeal.")
    client = just_confirmed(sign_in(world.prosecutor), world.prosecutor)
    address = reverse("item_erase", args=[archive.pk])
    assert "Also the 3 items that were made out of it" in client.get(address).content.decode()
    typed = {"legal_basis": BASIS, "reason": "Not relevant.", "whole_tree": "on"}
    assert client.post(address, typed).status_code == 302
    assert ErasureOrder.objects.count() == 3  # none for what is under hold
    second = just_confirmed(sign_in(supervisor), supervisor)
    address = reverse("item_erasure", args=[archive.pk])
    assert "Erase it and the 2 items" in second.get(address).content.decode()
    assert second.post(address, {"decision": "execute_tree"}).status_code == 302
    gone = set(Item.objects.exclude(erased_at=None))
    assert gone == {archive, *others}
    for item in (archive, *members):
        assert actions.check_custody(world.prosecutor, item).holds
    erased_entries = Entry.objects.filter(kind="evidence.item_erased").values_list("subject")
    assert {subject for (subject,) in erased_entries} == {one.subject for one in gone}


def test_work_on_a_tree_that_was_stopped_goes_on_and_doubles_nothing(world, supervisor) -> None:
    archive = world.item(b"an archive")
    for number in range(2):
        actions.derive(
            world.investigator, archive, io.BytesIO(b"member %d" % number),
            actions.Making(Derived.MEMBER, "by hand"), title="Member",
        )  # fmt: skip
    said = {"legal_basis": BASIS, "reason": "Not relevant."}
    erasing_trees.TOGETHER, before = 1, erasing_trees.TOGETHER
    try:
        first = actions.order_erasure_of_tree(world.prosecutor, archive, seconds=0, **said)
        assert (first.done, first.left) == (1, 2)
        assert actions.order_erasure_of_tree(world.prosecutor, archive, **said).done == 2
        assert actions.execute_erasure_of_tree(supervisor, archive, seconds=0).left == 2
        assert actions.execute_erasure_of_tree(supervisor, archive).done == 2
    finally:
        erasing_trees.TOGETHER = before
    assert not Item.objects.filter(erased_at=None)


def test_title_and_file_name_go_with_the_item_and_what_stays_is_said(
    world, supervisor, sign_in, django_capture_on_commit_callbacks
) -> None:
    item = world.item(title="A title of hers", original_name="her name.jpg")
    call_command("keys_export", out=Path(settings.COMITY_VAULT).parent / "copy.jsonl")
    salt = bytes(item.salt)
    with django_capture_on_commit_callbacks(execute=True):
        item = erased(world, supervisor, item)
    assert (item.title, item.original_name) == ("–", "")
    assert bytes(item.salt) != salt
    assert actions.check_custody(world.prosecutor, item).holds
    page = sign_in(world.prosecutor).get(reverse("item", args=[item.pk])).content.decode()
    assert "A title of hers" not in page
    assert "her name.jpg" not in page
    assert "Its title and file name are gone" in page
    assert "copy.jsonl" in page
    assert reverse("item_text", args=[item.pk]) not in page


def test_a_hold_that_was_deleted_past_the_ledger_still_forbids(world, supervisor) -> None:
    item = world.item()
    order = ordered(world, item)
    hold = actions.place_hold(supervisor, item, legal_basis="Order 7", reason="Appeal.")
    LegalHold.objects.filter(pk=hold.pk).delete()
    with pytest.raises(Refused, match=r"evidence\.rows_differ"):
        actions.execute_erasure(supervisor, order)
    assert Item.objects.get(pk=item.pk).erased_at is None


def test_one_of_two_holds_is_enough(world, supervisor) -> None:
    item = world.item()
    first = actions.place_hold(supervisor, item, legal_basis="Order 7", reason="a")
    actions.place_hold(world.prosecutor, item, legal_basis="Order 8", reason="b")
    actions.lift_hold(supervisor, first, reason="c")
    with pytest.raises(Refused, match=r"evidence\.under_hold"):
        ordered(world, item)


def test_the_file_stays_for_another_item_and_goes_with_the_last(world, supervisor) -> None:
    first, second = world.item(), world.item()
    assert first.stored_file_id == second.stored_file_id
    assert not actions.execute_erasure(supervisor, ordered(world, first))
    with pytest.raises(Refused, match=r"evidence\.item_erased"):
        actions.open_item(world.prosecutor, first, purpose="court")
    with actions.open_item(world.prosecutor, second, purpose="court") as reader:
        assert reader.read() == b"a crater"
    assert actions.execute_erasure(supervisor, ordered(world, second))
    assert StoredFile.objects.get().shredded_at


def test_a_file_that_another_app_needs_stays(world, supervisor, kyiv) -> None:  # noqa: F811
    assert LetterPaper in {
        field.related_model for field in StoredFile._meta.get_fields(include_hidden=True)
    }
    item = world.item()
    LetterPaper.objects.create(
        letter=kyiv.complete(), kind="law", stored_file=item.stored_file, size=8, sha256=item.sha256
    )
    assert not actions.execute_erasure(supervisor, ordered(world, item))
    assert StoredFile.objects.get(pk=item.stored_file_id).shredded_at is None


def test_the_same_bytes_taken_in_again_are_a_new_file(world, supervisor) -> None:
    old = erased(world, supervisor, world.item())
    new = world.item()
    assert new.stored_file_id != old.stored_file_id
    with actions.open_item(world.prosecutor, new, purpose="court") as reader:
        assert reader.read() == b"a crater"


def test_scrub_and_sweep_pass_over_what_is_erased(world, supervisor, vault) -> None:
    item = world.item(LARGE)
    path = stored_path(vault, item)
    erased(world, supervisor, item)
    assert path.exists()  # as if the node had stopped before it removed the object
    assert vault_actions.scrub(NODE).files == 0
    assert vault_actions.sweep(NODE, object_seconds=0).objects == 1
    assert not path.exists()


def test_of_a_pack_one_file_is_erased_and_the_others_open(world, supervisor) -> None:
    made = list(
        actions.ingest_many(
            world.investigator,
            [
                actions.Incoming(lambda c=content: io.BytesIO(c), f"Photo {content[:1]!r}")
                for content in (b"first", b"second")
            ],
            actions.Shared(
                kind="photo",
                access=[("case", world.case)],
                origin=Origin.INVESTIGATION,
                acquisition=acquisition(),
            ),
        )
    )
    first, second = made
    assert first.stored_file.pack_id == second.stored_file.pack_id is not None
    actions.execute_erasure(supervisor, ordered(world, first))
    assert vault_actions.scrub(NODE).files == 1
    with actions.open_item(world.prosecutor, second, purpose="court") as reader:
        assert reader.read() == b"second"
    assert vault_actions.sweep(NODE, object_seconds=0).objects == 0
    actions.execute_erasure(supervisor, ordered(world, second))
    assert vault_actions.objects_count() == 0
    assert vault_actions.sweep(NODE, object_seconds=0).objects == 1


def test_an_old_database_brings_no_key_back(
    world, supervisor, django_capture_on_commit_callbacks
) -> None:
    item = world.item(LARGE)
    old = StoredFile.objects.values().get(pk=item.stored_file_id)
    with django_capture_on_commit_callbacks(execute=True):
        erased(world, supervisor, item)
    StoredFile.objects.filter(pk=old["id"]).update(**old)  # the restored copy
    Item.objects.filter(pk=item.pk).update(erased_at=None)
    with pytest.raises(Refused, match=r"vault\.key_destroyed"):
        actions.open_item(world.prosecutor, item, purpose="court")
    assert vault_actions.erasures_to_replay() == 1
    assert vault_actions.replay_erasures(NODE) == 1
    assert bytes(StoredFile.objects.get(pk=old["id"]).wrapped_key) == b""
    assert vault_actions.replay_erasures(NODE) == 0


def test_a_stop_before_the_list_was_written_is_made_good(world, supervisor) -> None:
    item = erased(world, supervisor, world.item())  # in a test nothing runs on commit
    assert vault_actions.erasures_unlisted()
    vault_actions.replay_erasures(NODE)
    assert erasures.destroyed() == {item.stored_file.uid}
    assert not vault_actions.erasures_unlisted()


def test_the_list_is_only_lengthened_and_survives_a_line_cut_off(list_of_erasures) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    assert erasures.note([(first, uuid.uuid4())]) == 1
    assert erasures.note([(first, uuid.uuid4())]) == 0
    with list_of_erasures.open("ab") as file:
        file.write(b'{"file": "cut')
    assert erasures.note([(second, uuid.uuid4())]) == 1
    assert erasures.destroyed() == {first, second}


def test_an_order_is_withdrawn_or_rejected_and_given_anew(world, supervisor) -> None:
    item = world.item()
    order = ordered(world, item)
    with pytest.raises(Refused, match=r"evidence\.erasure_waits"):
        ordered(world, item)
    actions.reject_erasure(world.prosecutor, order)
    again = ordered(world, item)
    actions.reject_erasure(supervisor, again)
    with pytest.raises(WrongState, match=r"evidence\.erasure_decided"):
        actions.execute_erasure(supervisor, again)
    states = list(item.erasure_orders.values_list("state", flat=True))
    assert states == [ErasureState.WITHDRAWN, ErasureState.REJECTED]


def test_a_move_of_the_carrier_stands_in_custody(world) -> None:
    item = world.item()
    actions.move_item(
        world.investigator, item, holder="Expert office 2", place="Room 14", purpose="Examination"
    )
    record = item.custody.last()
    assert (record.event, record.counterparty, record.place) == (
        CustodyEvent.MOVED,
        "Expert office 2",
        "Room 14",
    )
    assert actions.check_custody(world.prosecutor, item).holds


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Erased under"), ("uk", "Підстава знищення"), ("ja", "消去の根拠")],
)
def test_the_custody_report_says_when_and_under_what(
    world, supervisor, tmp_path, language, said
) -> None:
    def printed(item: Item) -> str:
        path = tmp_path / "report.pdf"
        path.write_bytes(actions.report_custody(world.investigator, item, language=language))
        command = ["pdftotext", "-layout", str(path), "-"]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout

    item = world.item()
    assert said not in printed(item)
    text = printed(erased(world, supervisor, item))
    assert said in text
    assert BASIS in " ".join(text.split())
    assert timezone.now().strftime("%Y-%m-%d") in text
    with pytest.raises(NotVisible):
        actions.report_custody(world.stranger, item, language=language)


# --- pages ------------------------------------------------------------------------------------


def text(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def test_the_pages_lead_from_the_order_to_the_erased_item(world, supervisor, sign_in) -> None:
    item = world.item()
    first = just_confirmed(sign_in(world.prosecutor), world.prosecutor)
    second = just_confirmed(sign_in(supervisor), supervisor)
    form = {"legal_basis": BASIS, "reason": "Not relevant."}
    assert first.post(reverse("item_erase", args=[item.pk]), form).status_code == 302
    assert "another officer carries it out" in text(first, "item_erasure", item.pk)
    assert f"{item.number} is to be erased" in text(second, "today")
    assert f"{item.number} is to be erased" not in text(first, "today")
    page = text(second, "item_erasure", item.pk)
    assert BASIS in page
    assert "cannot be undone" in page
    second.post(reverse("item_erasure", args=[item.pk]), {"decision": "execute"})
    page = text(first, "item", item.pk)
    assert "This item was erased" in page
    assert f"under {BASIS}" in page
    assert reverse("item_open", args=[item.pk]) not in page
    report = first.post(reverse("item_custody_report", args=[item.pk]), {"language": "en"})
    assert report.content.startswith(b"%PDF")
    first.post(reverse("item_verify", args=[item.pk]))
    assert "was erased on" in text(first, "item", item.pk)


def test_the_screen_says_when_the_bytes_stay(world, supervisor, sign_in) -> None:
    item = world.item()
    world.item()
    ordered(world, item)
    client = just_confirmed(sign_in(supervisor), supervisor)
    assert "needs the same bytes" in text(client, "item_erasure", item.pk)
    client.post(reverse("item_erasure", args=[item.pk]), {"decision": "execute"})
    assert "the stored file stays" in text(client, "item", item.pk)


def test_hold_and_move_have_pages(world, supervisor, sign_in) -> None:
    item = world.item()
    client = just_confirmed(sign_in(supervisor), supervisor)
    form = {"legal_basis": "Order 7", "reason": "Appeal."}
    assert client.post(reverse("item_hold", args=[item.pk]), form).status_code == 302
    hold = LegalHold.objects.get()
    assert "Legal hold in force" in text(client, "item", item.pk)
    assert (
        client.post(reverse("item_hold_lift", args=[item.pk, hold.pk]), {"reason": ""}).status_code
        == 422
    )
    client.post(reverse("item_hold_lift", args=[item.pk, hold.pk]), {"reason": "Over."})
    assert "Legal hold, lifted" in text(client, "item", item.pk)
    moved = {"holder": "Office 2", "place": "Room 1", "purpose": "Examination"}
    move = reverse("item_move", args=[item.pk])
    assert sign_in(world.investigator).post(move, moved).status_code == 302
    assert client.get(move).status_code == 403


def test_what_tools_drew_and_read_goes_with_the_item(world, supervisor) -> None:
    item = world.item(made_media.photo())
    actions.examine(NodeActor("worker"), item)
    drawn = [row.stored_file for row in item.renditions.all()]
    assert drawn
    assert item.examinations.exists()
    actions.execute_erasure(supervisor, ordered(world, item))
    assert not item.renditions.exists()
    assert not item.examinations.exists()
    for file in drawn:
        file.refresh_from_db()
        assert file.shredded_at is not None
    assert item not in actions.unprinted()
    assert actions.examine_due(NodeActor("worker")) == 0
    assert not item.renditions.exists()
