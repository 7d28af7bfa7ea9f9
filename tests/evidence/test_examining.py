"""Tools look at items by themselves: what they find is kept, and no failure touches an item."""

from __future__ import annotations

import io
import itertools
import random
import zipfile
from functools import partial

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone
from PIL import Image

from comity.core.access import NodeActor
from comity.evidence import actions, sandbox
from comity.evidence.actions import examining, turns
from comity.evidence.models import Examination, Item, Rendition
from comity.evidence.rules import CustodyEvent
from comity.evidence.rules.tools import Examiner, NotExaminedWhy
from comity.ledger.models import Entry
from comity.vault import actions as vault
from tests.evidence import made_media
from tests.evidence.conftest import World, acquisition, damage, stored_path

pytestmark = pytest.mark.django_db
NODE = NodeActor("examiner")


def examined(world: World, content: bytes) -> Item:
    item = world.item(content)
    assert actions.examine_due(NODE) == 1
    return item


def facts_of(item: Item, tool: Examiner) -> dict[str, str]:
    row = item.examinations.get(tool=tool)
    assert row.failed == ""
    assert row.version
    return {f"{group}:{name}": value for group, name, value in row.facts}


def picture_of(row: Rendition) -> Image.Image:
    with vault.open_file(NODE, row.stored_file) as reader:
        return Image.open(io.BytesIO(reader.read()))


def failures(item: Item) -> dict[str, str]:
    return dict(item.examinations.values_list("tool", "failed"))


def test_a_photographs_own_words_are_kept_with_their_source(world: World) -> None:
    item = examined(world, made_media.photo())
    facts = facts_of(item, Examiner.EXIFTOOL)
    assert facts["EXIF:Make"] == "Nomura"
    assert facts["EXIF:GPSLatitude"].startswith("50 deg 27'")
    assert facts["EXIF:ModifyDate"] == "2001:01:01 00:00:00"
    assert not any("/tmp" in value or "FileModifyDate" in name for name, value in facts.items())
    entry = Entry.objects.get(kind="evidence.item_examined")
    assert (entry.subject, entry.actor) == (item.subject, "node:examiner")


def test_the_picture_of_a_list_is_small_grey_blurred_and_says_nothing(world: World) -> None:
    item = examined(world, made_media.photo())
    (row,) = item.renditions.all()
    assert row.kind == "thumbnail"
    drawn = picture_of(row)
    assert (drawn.mode, drawn.width, drawn.size) == ("L", 240, (row.width, row.height))
    assert not drawn.getexif()
    with vault.open_file(NODE, row.stored_file) as reader:
        assert b"Nomura" not in reader.read()
    sharp = Image.open(io.BytesIO(made_media.photo())).convert("L").resize(drawn.size)
    assert contrast(drawn) < contrast(sharp) / 4


def contrast(picture: Image.Image) -> int:
    """The largest step between neighbours in a row."""
    points = picture.tobytes()
    return max(abs(a - b) for a, b in itertools.pairwise(points))


def test_documents_become_pictures_of_their_pages(world: World, settings: LazySettings) -> None:
    settings.COMITY_PAGES_AT_MOST = 2
    item = examined(world, made_media.document(3))
    assert list(item.renditions.filter(kind="page").values_list("number", flat=True)) == [1, 2]
    page = item.renditions.get(kind="page", number=2)
    assert max(page.width, page.height) == 1754
    assert picture_of(page).format == "JPEG"
    assert item.renditions.filter(kind="thumbnail").count() == 1
    scanned = examined(world, made_media.scan())
    assert scanned.renditions.filter(kind="page").count() == 1


def test_an_office_document_becomes_pictures_too(world: World) -> None:
    item = examined(world, made_media.letter())
    assert item.media_type_sniffed.endswith("wordprocessingml.document")
    assert failures(item)["pictures"] == ""
    assert item.renditions.filter(kind="page").count() == 1
    assert "LibreOffice" in item.examinations.get(tool="pictures").version


def test_film_and_sound_have_their_streams_a_poster_and_a_wave(world: World) -> None:
    film, sound = world.item(made_media.film()), world.item(made_media.sound())
    assert actions.examine_due(NODE) == 2
    facts = facts_of(film, Examiner.STREAMS)
    assert facts["Stream 0:Size"] == "320 x 180"
    assert facts["Container:Duration"] == "1.000 s"
    assert set(film.renditions.values_list("kind", flat=True)) == {"thumbnail", "poster"}
    assert facts_of(sound, Examiner.STREAMS)["Stream 0:Codec"] == "pcm_s16le"
    (wave,) = sound.renditions.all()
    drawn = picture_of(wave).convert("L")
    middle, edge = drawn.getpixel((400, 60)), drawn.getpixel((400, 1))
    assert (wave.kind, middle < 128, edge > 200) == ("waveform", True, True)


def test_every_item_is_looked_at_once_and_a_second_look_changes_nothing(world: World) -> None:
    item = examined(world, made_media.photo())
    assert not actions.examination_is_due()
    assert actions.examine_due(NODE) == 0
    actions.examine(NODE, item)
    assert item.examinations.count() == 2
    assert item.renditions.count() == 1


def test_two_workers_do_not_take_the_same_item(world: World) -> None:
    item = world.item(made_media.photo())
    Item.objects.filter(pk=item.pk).update(
        examine_after=timezone.now() + timezone.timedelta(minutes=5)
    )
    assert actions.examine_due(NODE) == 0


def test_what_kills_workers_is_given_up_after_three(world: World) -> None:
    item = world.item(made_media.photo())
    Item.objects.filter(pk=item.pk).update(examine_tries=3)
    assert actions.examine_due(NODE) == 1
    assert set(failures(item).values()) == {NotExaminedWhy.GAVE_UP}


def test_who_opens_an_item_or_asks_for_it_has_it_looked_at_first(world: World) -> None:
    items = [world.item(b"text %d" % number) for number in range(4)]
    opened = items[2]
    actions.open_item(world.prosecutor, opened, purpose="case_work").close()
    assert turns._due().first() == opened
    call_command("evidence_examine", items[3].number, stdout=io.StringIO())
    assert [item.pk for item in turns._due()[:2]] == [items[2].pk, items[3].pk]


def test_a_large_intake_lets_what_comes_later_go_between(world: World) -> None:
    many = [
        actions.Incoming(opened=partial(io.BytesIO, b"%d" % number), title="One of many")
        for number in range(5)
    ]
    shared = actions.Shared(
        kind="photo", access=[("case", world.case)], origin="investigation",
        acquisition=acquisition(),
    )  # fmt: skip
    first, *_others = actions.ingest_many(world.investigator, many, shared)
    archive = world.item(archive_of([f"{number}.txt" for number in range(5)]))
    asked = actions.ask_expansion(world.investigator, archive)
    actions.expand(world.investigator, asked)
    alone = world.item(b"alone")
    order = [item.pk for item in turns._due()]
    assert isinstance(first, Item)
    assert order.index(alone.pk) == 3  # behind the first of each
    assert order[0] == first.pk


def archive_of(names: list[str]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return held.getvalue()


def test_empty_files_wait_for_nobody(world: World) -> None:
    world.item(b"")
    assert not actions.examination_is_due()


def test_bytes_that_were_looked_at_are_not_looked_at_again(
    world: World, settings: LazySettings
) -> None:
    first = examined(world, made_media.photo())
    settings.COMITY_SANDBOX = "off"  # no tool can run now
    second = examined(world, made_media.photo())
    assert failures(second) == {"exiftool": "", "pictures": ""}
    assert facts_of(second, Examiner.EXIFTOOL)["EXIF:Make"] == "Nomura"
    assert second.renditions.get().stored_file == first.renditions.get().stored_file
    assert Entry.objects.filter(kind="evidence.item_examined", subject=second.subject).count() == 1
    call_command("evidence_examine", second.number, stdout=io.StringIO())
    actions.examine_due(NODE)
    assert set(failures(second).values()) == {NotExaminedWhy.NO_SANDBOX}
    third = examined(world, made_media.photo())  # what was found in the first is still good
    assert set(failures(third).values()) == {""}
    Examination.objects.update(failed=NotExaminedWhy.TIMED_OUT)
    fourth = examined(world, made_media.photo())
    assert set(failures(fourth).values()) == {NotExaminedWhy.NO_SANDBOX}


def test_many_files_are_read_in_one_run_and_keep_apart(world: World, monkeypatch) -> None:
    runs: list[int] = []
    run_tool = sandbox.run_tool

    def counted(tool: str, arguments: list[str], *rest: object) -> object:
        runs.append(len(arguments))
        return run_tool(tool, arguments, *rest)

    monkeypatch.setattr(sandbox, "run_tool", counted)
    words = [world.item(b"text of %d letters" % number + b"x" * number) for number in range(6)]
    other = world.item(b"of another compartment", compartment="investigation")
    assert actions.examine_due(NODE) == 7
    assert runs == [6, 1]
    for number, item in enumerate(words):
        assert facts_of(item, Examiner.EXIFTOOL)["File:WordCount"] == "4"
        assert item.examinations.get().facts
        assert facts_of(item, Examiner.EXIFTOOL)["File:LineCount"] == "1", number
    assert failures(other) == {"exiftool": ""}


def test_one_damaged_file_among_many_is_recorded_once_and_the_others_are_read(
    world: World, settings: LazySettings
) -> None:
    sound = [world.item(b"sound %d" % number) for number in range(3)]
    bad = world.item(b"bad" * 500_000)
    damage(stored_path(settings.COMITY_VAULT, bad))
    assert actions.examine_due(NODE) == 4
    assert failures(bad) == {"exiftool": "damaged"}
    assert bad.custody.filter(event=CustodyEvent.ANOMALY).count() == 1
    assert all(failures(item) == {"exiftool": ""} for item in sound)


def test_what_was_tried_before_is_read_alone(world: World, monkeypatch) -> None:
    items = [world.item(b"text %d" % number) for number in range(3)]
    Item.objects.filter(pk=items[0].pk).update(examine_tries=1)
    together: list[list[Item]] = []
    monkeypatch.setattr(turns, "read_statements", lambda _actor, some: together.append(some) or {})
    assert actions.examine_due(NODE) == 3
    assert together == [items[1:]]
    assert all(failures(item) == {"exiftool": ""} for item in items)


@pytest.mark.parametrize("seed", range(6))
def test_malformed_files_are_taken_in_and_only_the_look_fails(world: World, seed: int) -> None:
    chance = random.Random(seed)
    make = [made_media.photo, made_media.document, made_media.film,
            made_media.sound, made_media.scan, made_media.photo][seed]  # fmt: skip
    content = bytearray(make())
    for _ in range(len(content) // 50 + 20):
        content[chance.randrange(16, len(content))] = chance.randrange(256)
    item = examined(world, bytes(content[: chance.randrange(200, len(content))]))
    assert Examination.objects.filter(item=item).exists()
    assert set(failures(item).values()) <= {"", "tool_failed"}
    assert actions.verify_item(world.investigator, item)
    assert actions.check_custody(world.investigator, item).holds


def test_a_picture_that_unpacks_to_very_much_is_refused_by_the_limits(world: World) -> None:
    content = io.BytesIO()
    Image.new("1", (30000, 30000)).save(content, "PNG")
    item = examined(world, content.getvalue())
    assert failures(item)["pictures"] == "tool_failed"
    assert item.renditions.count() == 0


def test_what_is_too_large_to_copy_is_named_and_film_is_read_where_it_lies(
    world: World, settings: LazySettings
) -> None:
    settings.COMITY_EXAMINE_AT_MOST_BYTES = 1000
    film = examined(world, made_media.film())
    assert failures(film) == {"exiftool": "too_large", "streams": "", "pictures": ""}
    photo = examined(world, made_media.photo())
    assert set(failures(photo).values()) == {"too_large"}


def test_without_a_sandbox_it_is_said_and_made_good_when_there_is_one(
    world: World, settings: LazySettings
) -> None:
    settings.COMITY_SANDBOX = "off"
    item = examined(world, made_media.photo())
    assert set(failures(item).values()) == {"no_sandbox"}
    assert not actions.examination_is_due()
    settings.COMITY_SANDBOX = "bwrap"
    Item.objects.update(examine_after=timezone.now())
    assert actions.examination_is_due()
    assert actions.examine_due(NODE) == 1
    assert set(failures(item).values()) == {""}


def test_the_operator_has_failed_items_looked_at_again(
    world: World, settings: LazySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.COMITY_EXAMINE_AT_MOST_BYTES = 1000
    photo, text = world.item(made_media.photo()), world.item(b"short")
    assert actions.examine_due(NODE) == 2
    settings.COMITY_EXAMINE_AT_MOST_BYTES = 10**9
    call_command("evidence_examine")
    assert "at 1 items" in capsys.readouterr().out
    assert actions.examine_due(NODE) == 1
    assert set(failures(photo).values()) == {""}
    call_command("evidence_examine", text.number)
    assert actions.examine_due(NODE) == 1
    with pytest.raises(CommandError):
        call_command("evidence_examine", "E-999999")


def test_a_damaged_item_is_recorded_once_and_not_shown(
    world: World, settings: LazySettings
) -> None:
    item = world.item(made_media.film(2) + bytes(2_000_000))
    damage(stored_path(settings.COMITY_VAULT, item))
    assert actions.examine_due(NODE) == 1
    assert "damaged" in failures(item).values()
    assert item.custody.filter(event=CustodyEvent.ANOMALY).count() == 1


def test_a_tool_that_answers_nonsense_has_failed() -> None:
    """What stands between a hostile answer and the database is asked with such an answer."""
    for answers in (
        [],
        [({"facts": "x"}, b"")],
        [({"facts": [["a", "b"]]}, b"")],
        [({"facts": [["a", "b", 5]]}, b"")],
    ):
        with pytest.raises(sandbox.NotExamined):
            examining._facts(Examiner.EXIFTOOL, answers)
    good = {"kind": "page", "number": 1, "width": 1, "height": 1}
    png = b"\x89PNG\r\n\x1a\n"
    assert examining._is_picture(good, png)
    for wrong in ({"kind": "script"}, {"number": -1}, {"width": "9"}, {"height": 10**9}):
        assert not examining._is_picture(good | wrong, png)
    assert not examining._is_picture(good, b"<svg onload=alert(1)>")
    made_by = ({"kind": "made_by", "tool": "x"}, b"")
    assert len(examining._drawn([(good, png), made_by]).pictures) == 1
    twice, unsigned = [(good, png), (good, png), made_by], [(good, png)]
    listed = [({"kind": ["page"], "number": {}}, png), made_by]
    for hostile in (twice, unsigned, listed):
        with pytest.raises(sandbox.NotExamined):
            examining._drawn(hostile)
