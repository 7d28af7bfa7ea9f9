"""Pages for looking safely: grey before asking, clear after, facts behind the look, calm limits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from comity.accounts import actions as accounts
from comity.accounts.models import Officer
from comity.core.access import NodeActor, Role
from comity.evidence import actions
from comity.evidence.models import Derivation, Item, TextJob
from comity.ledger.models import Entry
from tests.evidence import made_media
from tests.evidence.conftest import World

pytestmark = pytest.mark.django_db
NODE = NodeActor("examiner")
SignIn = Callable[[Officer], Client]


def url(name: str, *args: object) -> str:
    return reverse(name, args=args)


def looked_at(world: World, content: bytes) -> Item:
    item = world.item(content)
    actions.examine_due(NODE)
    return item


def opened(client: Client, item: Item, **more: str) -> int:
    return client.post(url("item_open", item.pk), {"purpose": "case_work"} | more).status_code


def page_of(client: Client, item: Item) -> str:
    return client.get(url("item", item.pk)).content.decode()


def test_before_asking_only_the_grey_picture_is_in_the_pages(world: World, sign_in: SignIn) -> None:
    item = looked_at(world, made_media.photo())
    client = sign_in(world.prosecutor)
    assert url("item_thumbnail", item.pk) in client.get(url("items")).content.decode()
    page = page_of(client, item)
    assert url("item_thumbnail", item.pk) in page
    assert url("item_show", item.pk) not in page
    assert "50 deg" not in page
    assert "Nomura" not in page
    picture = client.get(url("item_thumbnail", item.pk))
    assert picture["Content-Type"] == "image/jpeg"
    assert "sandbox" in picture["Content-Security-Policy"]
    assert "no-store" in picture["Cache-Control"]
    assert sign_in(world.stranger).get(url("item_thumbnail", item.pk)).status_code == 404


def test_what_the_file_says_stands_behind_the_look_with_a_warning(
    world: World, sign_in: SignIn
) -> None:
    item = looked_at(world, made_media.photo())
    client = sign_in(world.prosecutor)
    assert opened(client, item) == 302
    page = page_of(client, item)
    assert "50 deg" in page
    assert "exiftool" in page
    assert "clock can be wrong" in page


def test_a_document_is_shown_as_pictures_of_its_pages(world: World, sign_in: SignIn) -> None:
    item = looked_at(world, made_media.document())
    client = sign_in(world.prosecutor)
    closed = client.get(url("item_page", item.pk, 1))
    assert (closed.status_code, closed.url) == (302, url("item_open", item.pk))
    assert url("item_page", item.pk, 1) not in page_of(client, item)
    opened(client, item)
    page = page_of(client, item)
    assert url("item_page", item.pk, 2) in page
    assert f'src="{url("item_show", item.pk)}"' not in page
    picture = client.get(url("item_page", item.pk, 2))
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert client.get(url("item_page", item.pk, 3)).status_code == 404
    client.post(url("item_close", item.pk))
    assert client.get(url("item_page", item.pk, 2)).status_code == 302


def test_what_is_not_drawn_yet_is_prepared_first_and_not_sent(
    world: World, sign_in: SignIn
) -> None:
    other, item = world.item(made_media.document()), world.item(made_media.letter())
    client = sign_in(world.prosecutor)
    answer = client.post(url("item_open", item.pk), {"purpose": "case_work"})
    assert answer.headers["Location"] == url("item", item.pk) + "#content"
    page = page_of(client, item)
    assert "It is being prepared" in page
    assert "can harm the machine" in page
    assert page.index("can harm") < page.index(url("item_file", item.pk))
    assert actions.examine_due(NODE, at_most=1) == 1
    assert item.renditions.exists()
    assert not other.renditions.exists()
    page = page_of(client, item)
    assert url("item_page", item.pk, 1) in page
    assert "It is being prepared" not in page


def test_what_cannot_be_shown_is_saved_by_its_own_button_after_a_warning(
    world: World, sign_in: SignIn
) -> None:
    item = looked_at(world, bytes(range(256)))
    client = sign_in(world.prosecutor)
    answer = client.post(url("item_open", item.pk), {"purpose": "case_work"})
    assert answer.headers["Location"] == url("item", item.pk) + "#content"
    page = page_of(client, item)
    assert "It cannot be shown in a page." in page
    assert page.index("can harm") < page.index(url("item_file", item.pk))


def test_a_copy_is_not_called_the_original(world: World, sign_in: SignIn) -> None:
    original, copy = world.item(made_media.photo()), world.item(made_media.photo(), title="Copy")
    Derivation.objects.create(item=copy, original=original, how="redaction", tool="x")
    client = sign_in(world.prosecutor)
    for item, said in ((original, "Save the original"), (copy, "Save this copy")):
        opened(client, item)
        page = page_of(client, item)
        assert said in page
    assert "Save the original" not in page


def test_an_analyst_sees_grey_pictures_and_no_clear_ones(world: World, officer, sign_in) -> None:
    analyst = officer(Role.ANALYST)
    accounts.add_to_team(world.prosecutor, analyst, kind="case", record=world.case)
    item = world.item(made_media.document(), compartment="investigation")
    actions.examine_due(NODE)
    client = sign_in(analyst)
    assert client.get(url("item_thumbnail", item.pk)).status_code == 200
    assert "Your roles do not include opening items." in page_of(client, item)
    session = client.session
    session["opened_items"] = {str(item.pk): "2999-01-01T00:00:00+00:00"}
    session.save()
    assert client.get(url("item_page", item.pk, 1)).status_code == 403


def test_film_and_sound_are_muted_and_play_only_when_asked(world: World, sign_in) -> None:
    film, sound = looked_at(world, made_media.film()), looked_at(world, made_media.sound())
    client = sign_in(world.prosecutor)
    for item, picture in ((film, "item_poster"), (sound, "item_waveform")):
        assert client.get(url(picture, item.pk)).status_code == 302
        opened(client, item)
        page = page_of(client, item)
        assert "controls muted" in page
        assert "autoplay" not in page
        assert url(picture, item.pk) in page
        assert client.get(url(picture, item.pk)).status_code == 200


def test_text_is_shown_as_text(world: World, sign_in: SignIn) -> None:
    item = looked_at(world, "<script>alert(1)</script> Наказ".encode())
    client = sign_in(world.prosecutor)
    assert "Наказ" not in page_of(client, item)
    opened(client, item)
    page = page_of(client, item)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Наказ" in page
    assert "<script>alert" not in page


def test_why_no_tool_looked_is_said(world: World, sign_in, settings: LazySettings) -> None:
    settings.COMITY_SANDBOX = "off"
    item = looked_at(world, made_media.photo())
    assert "this node has no sandbox" in page_of(sign_in(world.prosecutor), item)


def test_past_the_limit_the_page_asks_calmly_and_lets_go_on(world: World, sign_in) -> None:
    item = looked_at(world, made_media.photo())
    client = sign_in(world.prosecutor)
    client.post(url("item_mark", item.pk))
    assert "An officer marked it as distressing." in page_of(client, item)
    assert "Distressing" in client.get(url("items")).content.decode()
    assert client.post(url("exposure"), {"views_a_day": "1"}).status_code == 302
    assert "going_on" not in client.get(url("item_open", item.pk)).content.decode()
    assert opened(client, item) == 302
    page = client.get(url("item_open", item.pk)).content.decode()
    assert "A break is a good choice now" in page
    assert opened(client, item) == 200
    assert item.custody.filter(event="accessed").count() == 1
    assert opened(client, item, going_on="The hearing is tomorrow") == 302
    own = client.get(url("exposure")).content.decode()
    assert "You have reached it." in own
    assert url("exposure") in page_of(client, item)
    client.post(url("item_unmark", item.pk))
    assert not Item.objects.get(pk=item.pk).distressing


def test_a_supervisor_sees_and_sets_the_limit_of_colleagues(world, officer, sign_in) -> None:
    supervisor = officer(Role.SUPERVISOR)
    accounts.add_to_team(world.prosecutor, supervisor, kind="case", record=world.case)
    client = sign_in(supervisor)
    assert world.investigator.name in client.get(url("exposure")).content.decode()
    address = url("exposure_of", world.investigator.pk)
    assert client.post(address, {"views_a_day": "4"}).status_code == 302
    assert actions.exposure_of(world.investigator).limit == 4
    assert client.get(url("exposure_of", world.stranger.pk)).status_code == 404
    assert sign_in(world.prosecutor).get(address).status_code == 403
    own = sign_in(world.investigator)
    assert supervisor.name in own.get(url("exposure")).content.decode()
    assert own.post(url("exposure"), {"views_a_day": "9"}).status_code == 422


def test_recognised_text_is_asked_for_and_marked_as_a_machines(world: World, sign_in) -> None:
    item = looked_at(world, made_media.photo())
    client = sign_in(world.investigator)
    assert f"{url('item_text', item.pk)}?how=recognition" in page_of(client, item)
    assert client.get(url("item_text", item.pk)).status_code == 200
    asked = {"how": "recognition", "languages": []}
    assert client.post(url("item_text", item.pk), asked).status_code == 422
    asked["languages"] = ["en"]
    assert client.post(url("item_text", item.pk), asked).status_code == 302
    assert "The worker makes it." in page_of(client, item)
    assert actions.make_due_texts(NODE) == 1
    made = TextJob.objects.get().made
    assert made is not None
    assert made.number in page_of(client, item)
    assert "recognised_text" not in page_of(client, item)
    page = page_of(client, made)
    assert "Made by a machine. Not checked by a person." in page
    assert "tesseract" in page
    assert item.number in page
    assert "Made by a machine" in client.get(url("items")).content.decode()
    sound = looked_at(world, made_media.sound())
    assert client.get(url("item_text", sound.pk)).status_code == 404


def test_a_transcript_is_typed_in_a_form(world: World, sign_in: SignIn) -> None:
    item = looked_at(world, made_media.sound())
    client = sign_in(world.investigator)
    assert client.get(url("item_transcript", item.pk)).status_code == 200
    typed = {"how": "transcript", "title": "Call, typed", "text": "- Hello\r\n- Who speaks?"}
    assert client.post(url("item_transcript", item.pk), typed | {"text": " "}).status_code == 422
    assert client.post(url("item_transcript", item.pk), typed).status_code == 302
    made = Derivation.objects.get(original=item)
    assert not made.machine_made
    assert "Made by a machine" not in page_of(client, made.item)
    assert sign_in(world.stranger).post(url("item_transcript", item.pk), typed).status_code == 404


def test_a_title_or_fact_cannot_write_into_the_page(world: World, sign_in: SignIn) -> None:
    item = looked_at(world, made_media.photo())
    row = item.examinations.get(tool="exiftool")
    row.facts = [["<b>x</b>", "<i>y</i>", "<script>z</script>"]]
    row.save()
    client = sign_in(world.prosecutor)
    opened(client, item)
    page = page_of(client, item)
    assert "<script>z" not in page
    assert "&lt;script&gt;z" in page


def test_grey_pictures_of_lists_write_no_look_and_the_list_does(world: World, sign_in) -> None:
    item = looked_at(world, made_media.photo())
    client = sign_in(world.prosecutor)
    looks = Entry.objects.filter(kind="access.looked")
    client.get(url("item_thumbnail", item.pk))
    assert looks.count() == 0
    client.get(url("items"))
    assert looks.count() == 1
