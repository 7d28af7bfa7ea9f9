"""Redacted copies and excerpts: what goes is gone, the original stays, consent decides."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from PIL import Image, PngImagePlugin

from comity.core.access import Compartment
from comity.core.errors import Incomplete, NotVisible, Refused, Untrusted
from comity.evidence import actions, untrusted
from comity.evidence.actions import Phrase, Region, Stretch
from comity.evidence.models import Derivation, Item, ReleaseGrant
from comity.evidence.rules import Derived, Origin, milliseconds, time_code
from comity.ledger.models import Entry
from tests.evidence.conftest import World
from tests.evidence.test_pages import SignIn, opened, url

pytestmark = pytest.mark.django_db
SECRET = (250, 10, 200)


def picture(form: str = "png", **options: object) -> bytes:
    """White, with a patch of one colour at 40,30 to 69,49."""
    made = Image.new("RGB", (200, 100), "white")
    made.paste(SECRET, (40, 30, 70, 50))
    held = io.BytesIO()
    made.save(held, form, **options)
    return held.getvalue()


def content(world: World, item: Item) -> bytes:
    with actions.read_item(world.investigator, item) as reader:
        return reader.read()


def decoded(world: World, item: Item) -> Image.Image:
    return Image.open(io.BytesIO(content(world, item)))


def film(folder: Path, *extra: str) -> bytes:
    """Four seconds of a moving test picture, with a tone."""
    target = folder / "film.mp4"
    subprocess.run(
        ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", "-i",
         "testsrc=size=160x120:rate=25:duration=4", "-f", "lavfi", "-i",
         "sine=frequency=440:duration=4", "-c:v", "libx264", "-preset", "ultrafast",
         "-g", "100", "-c:a", "aac", *extra, str(target)],
        check=True,
    )  # fmt: skip
    return target.read_bytes()


def loudness(data: bytes, folder: Path, start: float, length: float) -> tuple[int, int]:
    """The brightest sample and the loudest one of a part, by ffmpeg."""
    path = folder / "made"
    path.write_bytes(data)
    cut = ["-ss", str(start), "-t", str(length), "-i", str(path)]
    seen = subprocess.run(
        ["ffmpeg", "-v", "error", *cut, "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    heard = subprocess.run(
        ["ffmpeg", "-v", "error", *cut, "-f", "s8", "-"], capture_output=True, check=True
    ).stdout
    return max(seen), max(abs(int.from_bytes(heard[at : at + 1], "big", signed=True))
                          for at in range(len(heard)))  # fmt: skip


def test_the_pixels_under_a_box_are_gone_and_so_is_what_was_written_about_the_picture(
    world: World,
) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "R. Melnyk")
    original = world.item(picture(pnginfo=notes))
    region = Region(38, 28, 34, 24, "Face of a bystander")
    copy = actions.redact(world.investigator, original, [region], title="Copy")
    shown = decoded(world, copy)
    assert shown.size == (200, 100)
    assert SECRET not in {color for _, color in shown.getcolors()}
    assert shown.getpixel((50, 40)) == (0, 0, 0)
    assert shown.getpixel((5, 5)) == (255, 255, 255)
    assert b"Melnyk" not in content(world, copy)
    line = Derivation.objects.get(item=copy)
    assert (line.how, line.reason) == (Derived.REDACTION, "Face of a bystander")
    assert line.detail["regions"] == [
        {"x": 38, "y": 28, "width": 34, "height": 24, "page": 1, "reason": "Face of a bystander"}
    ]
    assert decoded(world, original).getpixel((50, 40)) == SECRET
    assert actions.check_custody(world.investigator, copy).holds


def test_a_turned_photo_is_covered_where_it_is_shown_and_its_thumbnail_and_place_are_gone(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(picture("jpeg", quality=95, comment=b"seen by R. Melnyk"))
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-n", "-Orientation=6", "-GPSLatitude=50.4501",
         "-GPSLatitudeRef=N", "-Artist=R. Melnyk", str(path)],
        check=True,
    )  # fmt: skip
    original = world.item(path.read_bytes())
    # Turned clockwise, the patch of 40,30 to 69,49 stands at 50,40 to 69,69.
    region = Region(46, 36, 28, 38, "Face")
    copy = actions.redact(world.investigator, original, [region], title="Copy")
    shown = decoded(world, copy)
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (100, 200), {})
    brightest = max(max(shown.getpixel((x, y))) for x in range(50, 70) for y in range(40, 70))
    assert brightest < 30
    assert b"Melnyk" not in content(world, copy)


def test_what_lies_under_full_transparency_does_not_come_to_light(world: World) -> None:
    made = Image.new("RGBA", (20, 20), (250, 10, 200, 0))
    held = io.BytesIO()
    made.save(held, "png")
    copy = actions.redact(
        world.investigator, world.item(held.getvalue()), [Region(0, 0, 1, 1, "x")], title="Copy"
    )
    assert decoded(world, copy).getpixel((9, 9)) == (255, 255, 255)


def document(folder: Path) -> bytes:
    """A PDF of two pages with text and an author."""
    parts = []
    for number in (1, 2):
        drawing = f"BT /F 24 Tf 72 700 Td (Witness Oksana on page {number}) Tj ET".encode()
        parts.append(drawing)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 2 /Kids [4 0 R 6 0 R] >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for index, drawing in enumerate(parts):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R"
            b" >> >> /Contents %d 0 R >>" % (5 + 2 * index)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R /Info << /Author "
        b"(R. Melnyk) >> >>\nstartxref\n%d\n%%%%EOF\n"
        % (len(objects) + 1, table, len(objects) + 1, len(body))
    )


def text_of(data: bytes, folder: Path) -> str:
    path = folder / "made.pdf"
    path.write_bytes(data)
    done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_a_redacted_pdf_holds_no_text_at_all_and_the_box_is_black(
    world: World, tmp_path: Path
) -> None:
    data = document(tmp_path)
    assert "Oksana" in text_of(data, tmp_path)
    original = world.item(data, kind="photo")
    region = Region(100, 200, 800, 150, "Name of a witness", page=2)
    copy = actions.redact(world.investigator, original, [region], title="Copy")
    made = content(world, copy)
    assert copy.media_type_sniffed == "application/pdf"
    assert text_of(made, tmp_path) == ""
    assert b"Melnyk" not in made
    pages = []
    for page in ("1", "2"):
        drawn = subprocess.run(
            ["pdftoppm", "-r", "150", "-f", page, "-l", page, str(tmp_path / "made.pdf")],
            capture_output=True, check=True,
        ).stdout  # fmt: skip
        pages.append(Image.open(io.BytesIO(drawn)).convert("L").crop((110, 210, 890, 340)))
    assert pages[0].getextrema()[1] > 240
    assert pages[1].getextrema()[1] < 20


def test_film_is_black_and_silent_in_the_stretch_and_nowhere_else(
    world: World, tmp_path: Path
) -> None:
    original = world.item(film(tmp_path, "-metadata", "title=R. Melnyk at home"))
    assert b"Melnyk" in content(world, original)
    copy = actions.redact(
        world.investigator, original, [Stretch(1000, 2000, "Voice of a child")], title="Copy"
    )
    made = content(world, copy)
    assert b"Melnyk" not in made
    bright, loud = loudness(made, tmp_path, 1.1, 0.8)
    assert bright < 20
    assert loud <= 1
    assert min(loudness(made, tmp_path, 2.5, 1)) > 5
    assert min(loudness(made, tmp_path, 0.1, 0.7)) > 5


def test_words_are_taken_out_of_a_text_and_the_record_does_not_repeat_them(world: World) -> None:
    text = "Oksana said that OKSANA saw it. Пані Оксана бачила."
    original = world.item(text.encode())
    copy = actions.redact(
        world.investigator,
        original,
        [Phrase("oksana", "Witness"), Phrase("Оксана", "Witness")],
        title="Copy",
    )
    assert content(world, copy).decode() == "█████ said that █████ saw it. Пані █████ бачила."
    line = Derivation.objects.get(item=copy)
    assert [span["from"] for span in line.detail["spans"]] == [0, 17, 37]
    assert "ksana" not in str(line.detail) + line.reason
    hidden = world.item("Oksa\u00adna  Ко\u0438\u0306.\nOKSANA\nКой".encode())
    copy = actions.redact(world.investigator, hidden, [Phrase("Oksana кой", "x")], title="Copy")
    assert content(world, copy).decode() == "█████.\n█████"
    with pytest.raises(Refused, match=r"evidence\.phrase_missing"):
        actions.redact(world.investigator, original, [Phrase("Ivan", "x")], title="Copy")


def test_a_mark_needs_a_place_inside_and_a_reason(world: World) -> None:
    original = world.item(picture())
    redact = actions.redact
    with pytest.raises(Incomplete, match=r"evidence\.marks_missing"):
        redact(world.investigator, original, [], title="Copy")
    with pytest.raises(Incomplete, match=r"evidence\.reason_missing"):
        redact(world.investigator, original, [Region(0, 0, 5, 5, " ")], title="Copy")
    with pytest.raises(Refused, match=r"evidence\.region_outside"):
        redact(world.investigator, original, [Region(500, 0, 5, 5, "x")], title="Copy")
    with pytest.raises(Refused, match=r"evidence\.not_redacted"):
        redact(world.investigator, original, [Stretch(0, 5, "x")], title="Copy")
    broken = world.item(picture()[:60])
    with pytest.raises(Untrusted, match=r"evidence\.unreadable_media"):
        redact(world.investigator, broken, [Region(0, 0, 5, 5, "x")], title="Copy")
    with pytest.raises(NotVisible):
        redact(world.stranger, original, [Region(0, 0, 5, 5, "x")], title="Copy")
    assert not Derivation.objects.exists()


def granted(world: World, item: Item, recipient: str, scope: str = "media") -> ReleaseGrant:
    return actions.grant_release(
        world.coordinator, item, source_ref="consent:7", recipient=recipient,
        purpose="investigation", scope=scope, mode="name_withheld",
        valid_from=timezone.localdate(),
    )  # fmt: skip


def test_a_copy_goes_where_the_person_agreed_that_its_scope_goes_and_ends_with_it(
    world: World,
) -> None:
    her = world.item(picture(), origin=Origin.PERSON, compartment=Compartment.DISCLOSABLE)
    granted(world, her, "court")
    granted(world, her, "researchers", scope="statement")
    granted(world, her, "register_of_damage")
    actions.narrow_release(
        world.coordinator, source_ref="consent:7", recipient="register_of_damage"
    )
    today = timezone.localdate()
    marks = [Region(38, 28, 34, 24, "Her face")]

    def goes(item: Item, recipient: str) -> bool:
        try:
            return bool(
                actions.require_release(
                    item, recipient=recipient, purpose="investigation", on=today
                )
            )
        except Refused:
            return False

    copy = actions.redact(world.coordinator, her, marks, title="Copy", scope="media")
    again = actions.redact(world.coordinator, copy, marks, title="Again", scope="media")
    apart = actions.redact(world.coordinator, her, marks, title="No scope")
    assert [goes(each, "court") for each in (copy, again, apart)] == [True, True, False]
    assert copy.release_grants.get().mode == "name_withheld"
    assert goes(her, "researchers")
    assert not goes(copy, "researchers")
    assert not goes(copy, "register_of_damage")
    assert Entry.objects.filter(kind="evidence.release_followed", subject=copy.subject).count() == 1
    with pytest.raises(Refused, match=r"evidence\.unknown_scope"):
        actions.redact(world.coordinator, her, marks, title="Copy", scope="medical")
    # What she agrees to later holds for the copy too, and a withdrawal ends all of it.
    granted(world, her, "defence")
    granted(world, her, "icc", scope="statement")
    assert [goes(copy, each) for each in ("defence", "icc")] == [True, False]
    assert goes(again, "defence")
    actions.narrow_release(world.coordinator, source_ref="consent:7", recipient="defence")
    assert not goes(copy, "defence")
    assert goes(copy, "court")
    actions.withdraw_release(world.coordinator, source_ref="consent:7")
    assert not any(goes(each, "court") for each in (her, copy, again))


def test_an_excerpt_takes_packets_over_where_it_can_and_says_which(
    world: World, tmp_path: Path
) -> None:
    original = world.item(film(tmp_path))
    for span, copied in (((0, 1500), True), ((1300, 2500), False)):
        made = actions.excerpt(
            world.investigator, original, first=span[0], last=span[1], title="Excerpt"
        )
        line = Derivation.objects.get(item=made)
        assert line.how == Derived.EXCERPT
        assert line.detail == {"from_ms": span[0], "to_ms": span[1], "copied": copied}
        path = tmp_path / "excerpt.mp4"
        path.write_bytes(content(world, made))
        told = subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0",
             str(path)], capture_output=True, check=True,
        ).stdout  # fmt: skip
        assert abs(float(told) * 1000 - (span[1] - span[0])) < 80
    with pytest.raises(Refused, match=r"evidence\.range_outside"):
        actions.excerpt(world.investigator, original, first=9000, last=9500, title="Excerpt")
    with pytest.raises(Refused, match=r"evidence\.past_the_end"):
        actions.excerpt(world.investigator, original, first=0, last=362_439_000, title="Excerpt")


def test_pages_of_a_pdf_are_an_excerpt(world: World, tmp_path: Path) -> None:
    original = world.item(document(tmp_path))
    made = actions.excerpt(world.investigator, original, first=2, last=2, title="Page two")
    assert text_of(content(world, made), tmp_path) == "Witness Oksana on page 2"
    both = actions.excerpt(world.investigator, original, first=1, last=2, title="Both")
    assert "page 1" in text_of(content(world, both), tmp_path)
    assert Derivation.objects.get(item=made).detail == {"from_page": 2, "to_page": 2}
    with pytest.raises(Refused, match=r"evidence\.page_missing"):
        actions.excerpt(world.investigator, original, first=2, last=3, title="x")
    with pytest.raises(Refused, match=r"evidence\.no_excerpt"):
        actions.excerpt(world.investigator, world.item(picture()), first=1, last=1, title="x")


def test_a_tool_has_a_clean_environment_and_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "not for tools")
    assert "SECRET_KEY" not in str(untrusted._environment())
    with pytest.raises(Untrusted, match=r"evidence\.took_too_long"):
        untrusted.run("redact_image", ["png", "[]"], io.BytesIO(picture()), seconds=0.01)
    monkeypatch.setitem(untrusted.LIMITS, "memory_bytes", 1 << 20)
    with pytest.raises(Untrusted, match=r"evidence\.unreadable_media"):
        untrusted.run("redact_image", ["png", "[]"], io.BytesIO(picture()))
    monkeypatch.setattr(untrusted, "INPUT_AT_MOST_BYTES", 10)
    with pytest.raises(Refused, match=r"evidence\.too_large_for_tools"):
        untrusted.run("redact_image", ["png", "[]"], io.BytesIO(picture()))


@pytest.mark.parametrize(
    ("text", "ms"),
    [("95", 95_000), ("1:35", 95_000), ("0:01:35.250", 95_250), ("1.5", 1500), ("1:x", None),
     ("-1", None), ("", None)],
)  # fmt: skip
def test_times_are_read_as_people_write_them(text: str, ms: int | None) -> None:
    assert milliseconds(text) == ms
    if ms is not None:
        assert milliseconds(time_code(ms)) == ms


def rows(**fields: object) -> dict[str, object]:
    fixed = {"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "0", "title": "Copy"}
    return fixed | {f"form-0-{name}": value for name, value in fields.items()}


def test_the_page_makes_a_copy_of_an_opened_item_without_scripts(
    world: World, sign_in: SignIn
) -> None:
    original, client = world.item(picture()), sign_in(world.investigator)
    asked = client.get(url("item_redact", original.pk))
    assert asked.url == url("item_open", original.pk)
    opened(client, original)
    page = client.get(url("item_redact", original.pk)).content.decode()
    assert url("item_show", original.pk) in page
    typed = rows(page="1", x="38", y="28", width="34", height="24", reason="Face")
    more = client.post(url("item_redact", original.pk), typed | {"more": "1"})
    assert more.status_code == 200
    assert more.content.decode().count('name="form-7-x"') == 1
    assert 'value="38"' in more.content.decode()
    wrong = client.post(url("item_redact", original.pk), typed | {"form-0-reason": ""})
    assert wrong.status_code == 422
    made = client.post(url("item_redact", original.pk), typed)
    copy = Derivation.objects.get(original=original).item
    assert made.url == url("item", copy.pk)
    assert sign_in(world.stranger).get(url("item_redact", original.pk)).status_code == 404


def test_the_page_shows_pages_of_a_pdf_to_who_opened_it_and_makes_excerpts(
    world: World, sign_in: SignIn, tmp_path: Path
) -> None:
    original, client = world.item(document(tmp_path)), sign_in(world.investigator)
    assert client.get(url("item_drawn", original.pk, 1)).url == url("item_open", original.pk)
    opened(client, original)
    answer = client.get(url("item_drawn", original.pk, 2))
    assert (answer["Content-Type"], answer.content[:4]) == ("image/png", b"\x89PNG")
    assert "no-store" in answer["Cache-Control"]
    assert client.get(url("item_drawn", original.pk, 9)).status_code == 404
    page = client.get(url("item_redact", original.pk) + "?page=2").content.decode()
    assert url("item_drawn", original.pk, 2) in page
    assert re.search(r'name="form-0-page"[^>]*value="2"|value="2"[^>]*name="form-0-page"', page)
    made = client.post(
        url("item_excerpt", original.pk), {"title": "Second", "first": "2", "last": "2"}
    )
    assert made.url == url("item", Derivation.objects.get().item.pk)
    wrong = client.post(
        url("item_excerpt", original.pk), {"title": "Second", "first": "2", "last": "7"}
    )
    assert wrong.status_code == 422
    assert "There is no such page" in wrong.content.decode()
    assert client.get(url("item_excerpt", world.item(picture()).pk)).status_code == 404
    assert client.get(url("item_redact", world.item(b"\x00\x01").pk)).status_code == 404


def test_an_expired_agreement_offers_no_scope(world: World) -> None:
    her = world.item(picture(), origin=Origin.PERSON)
    grant = granted(world, her, "court")
    assert actions.scopes_of(her) == ["media"]
    grant.valid_until = timezone.localdate() - timedelta(days=1)
    grant.save()
    assert actions.scopes_of(her) == []


@pytest.mark.parametrize("typed", ["0:99", "99:10", "0:99:00", "99:99:99", "1:75"])
def test_no_minute_and_no_second_is_above_59(typed: str) -> None:
    assert milliseconds(typed) is None


def test_a_time_is_read_as_it_is_written() -> None:
    assert [milliseconds(text) for text in ("95", "1:35", "0:01:35.250", "59:59")] == [
        95_000, 95_000, 95_250, 3_599_000,
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["item_excerpt", "item_redact"])
def test_film_is_shown_muted_and_only_to_who_opened_it(
    world: World, sign_in, tmp_path: Path, page: str
) -> None:
    original = world.item(film(tmp_path))
    client = sign_in(world.prosecutor)
    assert b"<video" not in client.get(url(page, original.pk)).content
    client.post(url("item_open", original.pk), {"purpose": "case_work"})
    shown = client.get(url(page, original.pk)).content.decode()
    assert "<video controls muted" in shown
    assert "It starts without sound" in shown


def test_what_was_left_out_and_why_stands_on_the_page_in_custody_and_in_what_leaves(
    world: World, sign_in
) -> None:
    original = world.item(picture())
    marks = [Region(38, 28, 34, 24, "A child’s face"), Region(0, 0, 5, 5, "A number plate")]
    copy = actions.redact(world.investigator, original, marks, title="Copy")
    client = sign_in(world.prosecutor)
    for page in ("item", "item_custody"):
        shown = client.get(url(page, copy.pk)).content.decode()
        assert "A child’s face" in shown
        assert "A number plate" in shown
        assert "p. 1: 38, 28, 34 × 24" in shown
    record = copy.custody.get(event="derived")
    assert record.facts["marks_why"] == "A child’s face; A number plate"
    stated = record.entry.committed.as_mapping()  # in the package beside the entry
    assert stated["reason"] == "A child’s face; A number plate"
    assert [each["reason"] for each in stated["detail"]["regions"]] == [
        "A child’s face", "A number plate",
    ]  # fmt: skip
