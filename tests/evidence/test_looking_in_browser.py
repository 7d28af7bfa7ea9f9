"""Looking safely in a real browser: grey pictures, pages, a film and what tools found."""

from __future__ import annotations

import pytest
from django.test import Client

from comity.core.access import NodeActor
from comity.evidence import actions
from comity.evidence.models import Item, TextJob
from comity.ledger.actions import sequence_pending
from tests.evidence import made_media
from tests.evidence.conftest import World
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    AXE,
    Open,
    chromium,
    page_at,
    seen,
)
from tests.evidence.test_pages import SignIn, url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NODE = NodeActor("examiner")


def looked_at(world: World, content: bytes, title: str) -> Item:
    item = world.item(content, title=title)
    assert actions.examine_due(NODE) == 1
    return item


def opened(client: Client, item: Item) -> None:
    client.post(url("item_open", item.pk), {"purpose": "case_work"})


def test_pages_for_looking_are_whole_readable_and_quiet(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
) -> None:
    film = looked_at(world, made_media.film(), "Film of the yard")
    document = looked_at(world, made_media.document(), "Decision of the court")
    photo = looked_at(world, made_media.photo(), "Photo of the notice")
    sound = looked_at(world, made_media.sound(), "Intercepted call")
    actions.mark_distressing(world.investigator, film)
    actions.recognise_text(world.investigator, photo, ["en"])
    assert actions.make_due_texts(NODE) == 1
    made = TextJob.objects.get().made
    assert made is not None
    actions.set_exposure_limit(world.investigator, world.investigator, 1)
    while sequence_pending():
        pass
    client = sign_in(world.investigator)
    places = [
        ("list", url("items")),
        ("closed", url("item", document.pk)),
        ("distressing", url("item", film.pk)),
    ]
    look(page_at, client, places)
    for item in (film, document, photo, sound, made):
        opened(client, item)
    look(
        page_at,
        client,
        [
            ("document", url("item", document.pk)),
            ("photo", url("item", photo.pk)),
            ("film", url("item", film.pk)),
            ("sound", url("item", sound.pk)),
            ("machine", url("item", made.pk)),
            ("reached", url("item_open", film.pk)),
            ("exposure", url("exposure")),
            ("text", url("item_text", photo.pk)),
            ("transcript", url("item_transcript", sound.pk)),
        ],
    )


def look(page_at: Open, client: Client, places: list[tuple[str, str]]) -> None:  # noqa: F811
    for name, path in places:
        page = page_at(path, client)
        page.wait_for_load_state("networkidle")
        for fold in page.locator("details.govuk-details summary").all():
            fold.click()
        seen(page, f"looking-{name}")
        broken = page.evaluate(
            "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
        )
        assert broken == [], name
        assert page.complaints == [], name  # type: ignore[attr-defined]
        page.evaluate(AXE.read_text("utf-8"))
        found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.help))")
        assert found == [], name
        page.context.close()


def test_a_film_plays_from_the_middle_without_sound(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
) -> None:
    film = world.item(made_media.film(3))
    client = sign_in(world.prosecutor)
    opened(client, film)
    page = page_at(url("item", film.pk), client)
    state = page.evaluate(
        """async () => {
            const film = document.querySelector("video");
            const before = [film.muted, film.paused];
            if (film.readyState < 1) await new Promise(done => film.onloadedmetadata = done);
            film.currentTime = 2;
            await new Promise(done => film.onseeked = done);
            return [...before, film.videoWidth, film.currentTime];
        }"""
    )
    assert state == [True, True, 320, 2]
