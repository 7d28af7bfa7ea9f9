"""Text out of items: read by a machine and marked as that, or typed by a person."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from comity.accounts.models import Membership
from comity.core.access import NodeActor
from comity.core.errors import Incomplete, NotAllowed, NotVisible, Refused
from comity.evidence import actions
from comity.evidence.models import Derivation, Item, TextJob
from comity.evidence.rules import CustodyEvent, Derived
from comity.evidence.rules.tools import Writing
from comity.ledger.models import Entry
from tests.evidence import made_media
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db
NODE = NodeActor("examiner")
PLUG_IN = """#!/usr/bin/python3
import json, sys
if "--version" in sys.argv:
    print("hearer 0.3")
else:
    heard = len(open(sys.argv[-1], "rb").read())
    print(json.dumps({"text": f"{heard} bytes were heard", "model": "small-1"}))
"""


def content(item: Item) -> str:
    with actions.read_item(NODE, item) as reader:
        return reader.read().decode()


def made_of(job: TextJob) -> Item:
    assert actions.text_is_due()
    assert actions.make_due_texts(NODE) == 1
    job.refresh_from_db()
    assert (job.failed, job.ended_at is None) == ("", False)
    assert job.made is not None
    return job.made


def test_recognised_text_is_an_item_that_names_tool_and_model(world: World) -> None:
    item = world.item(made_media.photo())
    job = actions.recognise_text(world.investigator, item, ["uk", "en"])
    made = made_of(job)
    assert "Decision of the court" in content(made)
    line = Derivation.objects.get(item=made)
    assert (line.original, line.how, line.machine_made) == (item, Derived.RECOGNISED_TEXT, True)
    assert line.tool.startswith("tesseract ")
    assert line.model.startswith("tessdata ukr ")
    assert line.detail == {"languages": "uk+en"}
    assert made.created_by == world.investigator.actor_id
    assert actions.check_custody(world.investigator, made).holds


def test_the_pages_of_a_document_are_read_in_order(world: World) -> None:
    item = world.item(made_media.document())
    made = made_of(actions.recognise_text(world.investigator, item, ["en"]))
    first, second = content(made).split("\f")
    assert "number 1" in first
    assert "number 2" in second


def test_the_same_wish_waits_once_and_only_what_has_text_is_read(world: World) -> None:
    item = world.item(made_media.photo())
    job = actions.recognise_text(world.investigator, item, ["en"])
    assert actions.recognise_text(world.investigator, item, ["en"]) == job
    assert Entry.objects.filter(kind="evidence.text_asked").count() == 1
    sound = world.item(made_media.sound())
    for wrong, languages in ((sound, ["en"]), (item, []), (item, ["de"]), (item, ["en; id"])):
        with pytest.raises(Refused):
            actions.recognise_text(world.investigator, wrong, languages)
    with pytest.raises(NotVisible):
        actions.recognise_text(world.stranger, item, ["en"])


def test_it_is_made_under_the_right_that_the_officer_has_then(world: World) -> None:
    item = world.item(made_media.photo())
    job = actions.recognise_text(world.investigator, item, ["en"])
    Membership.objects.filter(officer=world.investigator).update(ended_at=timezone.now())
    assert actions.make_due_texts(NODE) == 1
    job.refresh_from_db()
    assert (job.failed, job.made) == ("refused", None)
    assert not actions.text_is_due()


def test_what_cannot_be_read_is_said(world: World) -> None:
    item = world.item(made_media.photo()[:300])
    job = actions.recognise_text(world.investigator, item, ["en"])
    assert actions.make_due_texts(NODE) == 1
    job.refresh_from_db()
    assert job.failed == "tool_failed"
    assert Entry.objects.filter(kind="evidence.text_not_made").count() == 1


@pytest.fixture
def plug_in(tmp_path: Path, settings: LazySettings) -> str:
    folder = tmp_path / "hearer"
    folder.mkdir()
    program = folder / "hear"
    program.write_text(PLUG_IN.replace("/usr/bin/python3", sys.executable))
    program.chmod(0o755)
    folder.chmod(0o755)
    settings.COMITY_TOOL_FOLDERS = [folder]
    return str(program)


def test_speech_is_written_down_by_what_the_installation_plugs_in(
    world: World, settings: LazySettings, plug_in: str
) -> None:
    item = world.item(made_media.sound())
    assert actions.ways_to_write(item) == []
    with pytest.raises(Refused, match=r"no_such_writing"):
        actions.ask_for_text(world.investigator, item, Writing.SPEECH, ["uk"])
    settings.COMITY_SPEECH_COMMAND = [plug_in]
    made = made_of(actions.ask_for_text(world.investigator, item, Writing.SPEECH, ["uk"]))
    assert content(made) == f"{item.size} bytes were heard"
    line = Derivation.objects.get(item=made)
    assert (line.how, line.machine_made) == (Derived.TRANSCRIPT, True)
    assert (line.tool, line.model) == ("hearer 0.3", "small-1")


def test_a_translation_gets_its_language_and_plain_text_is_enough(
    world: World, settings: LazySettings
) -> None:
    settings.COMITY_TRANSLATE_COMMAND = ["/usr/bin/sed", "s/^/[{to}] /"]
    item = world.item(b"An order.\n")
    assert actions.ways_to_write(item) == [Writing.TRANSLATION]
    made = made_of(actions.ask_for_text(world.investigator, item, Writing.TRANSLATION, ["ja"]))
    assert content(made) == "[ja] An order.\n"
    assert Derivation.objects.get(item=made).tool.startswith("/usr/bin/sed (GNU sed)")


def test_a_transcript_that_a_person_typed_is_no_machines(world: World) -> None:
    item = world.item(made_media.sound())
    made = actions.add_transcript(
        world.investigator, item, "First line\r\nдругий", how=Derived.TRANSCRIPT, title="Typed"
    )
    assert content(made) == "First line\nдругий\n"
    line = Derivation.objects.get(item=made)
    assert (line.machine_made, line.how) == (False, Derived.TRANSCRIPT)
    assert made.custody.filter(event=CustodyEvent.DERIVED).exists()
    with pytest.raises(Incomplete):
        actions.add_transcript(
            world.investigator, item, " \n", how=Derived.TRANSCRIPT, title="Typed"
        )
    with pytest.raises(NotAllowed):
        actions.add_transcript(NodeActor("x"), item, "words", how=Derived.TRANSCRIPT, title="Typed")
