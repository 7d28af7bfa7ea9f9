"""The checkpoint signed last, in a file of its own: an old database does not sign over it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from comity.core import checkpoint
from comity.core.access import Role
from comity.core.errors import NotAllowed, Refused, WrongState
from comity.ledger import actions, epochs, headlock, tasks
from comity.ledger.models import Entry, Epoch
from comity.node import checks
from comity.node.custody import head_findings
from tests.ledger.test_ledger import sequence, write
from tests.node.running import environment, init, run
from tests.officers import give_second_step

real = pytest.mark.django_db(transaction=True)


def note_of(size: int, root: bytes = bytes(32)) -> bytes:
    """A checkpoint that this node signed, and of which its database knows nothing."""
    head = checkpoint.Checkpoint(actions.origin(), size, root)
    return checkpoint.sign(head, [actions.signer()])


@pytest.fixture
def second(officer):
    return officer(Role.SUPERVISOR, name="O. Hrytsenko")


@pytest.fixture
def auditor(officer):
    return officer(Role.AUDITOR, name="P. Vorona")


@real
def test_every_batch_moves_the_file_and_the_ledger_goes_on(head_lock: Path) -> None:
    write(3)
    sequence()
    first = head_lock.read_bytes()
    assert headlock.stated(first, actions.signer().verifier).size == 3
    write(300)
    sequence()
    assert head_lock.read_bytes() == bytes(actions.newest_checkpoint().note) != first
    assert actions.head_trouble() is None
    assert [each.name for each in head_lock.parent.glob("head.lock.*")] == ["head.lock.guard"]


@real
def test_a_file_that_is_one_behind_is_no_trouble(head_lock: Path) -> None:
    """The machine stopped between the commit and the file."""
    write(3)
    sequence()
    behind = head_lock.read_bytes()
    write(2)
    sequence()
    head_lock.write_bytes(behind)
    write(1)
    sequence()
    assert headlock.stated(head_lock.read_bytes(), actions.signer().verifier).size == 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
@pytest.mark.parametrize(
    ("held", "code"),
    [
        (lambda: note_of(10), "ledger.head_ahead"),
        (lambda: note_of(2), "ledger.head_differs"),
        (lambda: b"something else\n", "ledger.head_unreadable"),
    ],
)
def test_nothing_is_signed_over_another_head(head_lock: Path, held, code) -> None:
    write(3)
    sequence()
    head_lock.write_bytes(held())
    write(1)
    with pytest.raises(Refused, match=code):
        actions.sequence_pending()
    assert (actions.size(), actions.pending_count()) == (3, 1)
    assert not tasks.sequence_is_due()
    assert [each.code for each in head_findings()] == [code]
    assert [each.id for each in checks.ledger_goes_on(None)] == ["comity.E007"]
    assert head_lock.read_bytes() == held()


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_two_officers_open_a_new_epoch_and_the_old_head_stands_in_the_ledger(
    head_lock: Path, second, auditor, officer
) -> None:
    write(3)
    sequence()
    head_lock.write_bytes(note_of(10))
    with pytest.raises(NotAllowed):
        epochs.propose_epoch(officer(Role.PROSECUTOR), reason="r")
    epoch = epochs.propose_epoch(auditor, reason="The disk is lost.")
    with pytest.raises(Refused, match=r"ledger\.epoch_proposed_already"):
        epochs.propose_epoch(second, reason="r")
    with pytest.raises(NotAllowed, match=r"ledger\.not_second_person"):
        epochs.confirm_epoch(auditor, epoch)
    with pytest.raises(IntegrityError), transaction.atomic():
        Epoch.objects.update(confirmed_by=auditor.actor_id)
    with pytest.raises(Refused):
        actions.sequence_pending()
    epochs.confirm_epoch(second, epoch)
    sequence()
    assert headlock.stated(head_lock.read_bytes(), actions.signer().verifier).size == 5
    opened = Entry.objects.get(kind="ledger.epoch_opened").committed.as_mapping()
    assert (opened["old_size"], opened["old_root"]) == (10, "00" * 32)
    assert {opened["proposed_by"], opened["confirmed_by"]} == {auditor.actor_id, second.actor_id}
    assert actions.verify_all() == 5
    with pytest.raises(WrongState, match=r"ledger\.head_sound"):
        epochs.propose_epoch(second, reason="r")


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_an_epoch_serves_one_file_and_one_tree(head_lock: Path, second, auditor) -> None:
    write(3)
    sequence()
    head_lock.write_bytes(note_of(10))
    epochs.confirm_epoch(second, epochs.propose_epoch(auditor, reason="r"))
    head_lock.write_bytes(note_of(11))
    with pytest.raises(Refused, match=r"ledger\.head_ahead"):
        actions.sequence_pending()


@pytest.mark.django_db
def test_without_a_file_the_check_warns_and_its_making_is_an_entry(
    head_lock: Path, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    monkeypatch.setattr(actions, "JUST_NOW", timedelta(0))
    write(3)
    sequence()  # in a test nothing runs on commit: as if somebody had removed the file
    assert [each.id for each in checks.ledger_goes_on(None)] == ["comity.W008"]
    write(1)
    with django_capture_on_commit_callbacks(execute=True):
        sequence()
    assert head_lock.exists()
    assert Entry.objects.get(kind="ledger.head_lock_made").subject == "ledger:3"


@real
def test_of_many_writers_the_largest_head_stays(head_lock: Path) -> None:
    verifier = actions.signer().verifier
    notes_ = [note_of(size) for size in range(24, 0, -1)]
    threads = [
        threading.Thread(target=headlock.advance, args=(note, verifier, None)) for note in notes_
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    headlock.advance(note_of(23), verifier, None)
    assert head_lock.read_bytes() == note_of(24)
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.breaks_ledger
def test_the_page_says_it_and_leads_through(head_lock: Path, second, auditor) -> None:
    def page(who) -> tuple[Client, str]:
        client = Client(headers={"accept-language": "en"})
        client.force_login(give_second_step(who))
        return client, client.get(reverse("ledger")).content.decode()

    write(3)
    sequence()
    assert "Nothing is signed" not in page(auditor)[1]
    head_lock.write_bytes(note_of(10))
    client, shown = page(auditor)
    assert "it has 3 entries, 10 were signed" in shown
    client.post(reverse("ledger_epoch"), {"reason": "The disk is lost."})
    assert "It waits for another officer." in page(auditor)[1]
    client, shown = page(second)
    assert "The disk is lost." in shown
    client.post(reverse("ledger_epoch"), {"epoch": Epoch.objects.get().pk})
    assert "Nothing is signed" not in page(second)[1]


def test_an_old_copy_of_a_node_is_noticed(tmp_path: Path) -> None:
    home = tmp_path / "node"
    assert init(home).returncode == 0

    def act() -> None:
        script = (
            "import django; django.setup()\n"
            "from django.db import transaction\n"
            "from comity.core.access import NodeActor\n"
            "from comity.ledger import actions\n"
            "with transaction.atomic():\n"
            "    actions.append(NodeActor('test'), 'test.done', 'thing:1')\n"
            "while actions.sequence_pending():\n"
            "    pass\n"
        )
        told = environment(home, DJANGO_SETTINGS_MODULE="comity.node.settings")
        subprocess.run([sys.executable, "-c", script], env=told, check=True, cwd=home)

    act()
    for path in home.glob("node.sqlite3*"):
        shutil.copy(path, tmp_path)
    act()
    assert "E007" not in run("check", home=home).stderr
    for path in home.glob("node.sqlite3*"):
        path.unlink()
    for path in tmp_path.glob("node.sqlite3*"):
        shutil.copy(path, home)
    checked = run("check", home=home)
    assert "comity.E007" in checked.stderr
    assert checked.returncode == 1
    assert "older than the checkpoint signed last" in run("verify_ledger", home=home).stderr
