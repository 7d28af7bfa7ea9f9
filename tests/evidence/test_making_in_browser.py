"""Drawing a redaction in a real browser, and the new parts of an item's page by the rules."""

from __future__ import annotations

import pytest

from comity.evidence import actions
from comity.evidence.models import Derivation
from comity.evidence.rules import Origin
from tests.core.test_archives import zipped
from tests.evidence.c2pa_files import chain, signed
from tests.evidence.conftest import World
from tests.evidence.test_attestations import PHOTO
from tests.evidence.test_in_browser import (  # noqa: F401 - fixtures
    Open,
    chromium,
    page_at,
    seen,
    violations,
)
from tests.evidence.test_likeness import encoded, scene, work
from tests.evidence.test_pages import SignIn, opened, url
from tests.evidence.test_redaction import granted

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_box_is_drawn_and_its_numbers_are_those_of_the_picture(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
) -> None:
    original = world.item(encoded(scene().resize((1600, 1200)), "jpeg"), origin=Origin.PERSON)
    granted(world, original, "court")
    client = sign_in(world.coordinator)
    opened(client, original)
    page = page_at(url("item_redact", original.pk), client)
    frame = page.locator("[data-redact]")
    frame.locator("img").evaluate("(img) => img.decode()")
    place = frame.bounding_box()
    assert place is not None
    ratio = 1600 / frame.locator("img").evaluate("(img) => img.clientWidth")
    for left, top in ((40, 30), (300, 100)):
        page.mouse.move(place["x"] + left, place["y"] + top)
        page.mouse.down()
        page.mouse.move(place["x"] + left + 100, place["y"] + top + 60, steps=3)
        page.mouse.up()
        page.keyboard.type("A face")
    assert frame.locator(".cm-redact__box").count() == 2
    scope = page.get_by_label("Scope of consent that it follows from")
    scope.select_option(label="Photos, audio and video")
    seen(page, "redact")
    assert violations(page) == []
    page.get_by_role("button", name="Make the redacted copy").click()
    page.get_by_text("The copy is in the vault").wait_for()
    seen(page, "redacted")
    assert page.complaints == []  # type: ignore[attr-defined]
    regions = Derivation.objects.get().detail["regions"]
    assert [region["reason"] for region in regions] == ["A face", "A face"]
    assert abs(regions[0]["x"] - 40 * ratio) <= ratio + 1
    assert abs(regions[1]["width"] - 100 * ratio) <= ratio + 1


def test_the_parts_of_an_items_page_stand_by_the_rules_on_a_telephone_too(
    world: World,
    sign_in: SignIn,
    page_at: Open,  # noqa: F811
) -> None:
    files = [(f"DCIM/IMG_{number}.jpg", PHOTO if number else b"x") for number in range(3)]
    archive = world.item(zipped([("DCIM/", b""), *files, files[1]]), title="Export of a telephone")
    actions.expand(world.investigator, actions.ask_expansion(world.investigator, archive))
    item = world.item(signed(PHOTO, "image/jpeg", chain()), title="Photo from the square")
    actions.read_attestations(world.investigator, item)
    work()
    client = sign_in(world.investigator)
    for name, target in (("item", item), ("item", archive), ("item_contents", archive)):
        for width in (1360, 390):
            page = page_at(url(name, target.pk), client, width=width)
            seen(page, f"{name}-{target.pk}-{width}")
            assert violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
