"""What looks alike is suggested to who sees both, found fast among many, and never merged."""

from __future__ import annotations

import io
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from comity.core.access import NodeActor
from comity.core.errors import NotVisible
from comity.evidence import actions, likeness, tasks
from comity.evidence.models import Fingerprint, Item, ItemAccess, Likeness, alike, same_origin
from comity.ledger.models import Entry
from tests.evidence.conftest import World, acquisition
from tests.evidence.test_pages import SignIn, url

pytestmark = pytest.mark.django_db
WORKER = NodeActor("worker")


def scene(seed: int = 1) -> Image.Image:
    """A picture with shapes enough to be told from others."""
    chance = np.random.default_rng(seed)
    made = Image.new("RGB", (480, 360), "white")
    draw = ImageDraw.Draw(made)
    for _ in range(60):
        x, y = (int(side) for side in chance.integers(0, 400, 2))
        wide, high = (int(side) for side in chance.integers(20, 160, 2))
        color = tuple(int(part) for part in chance.integers(0, 255, 3))
        draw.rectangle((x, y, x + wide, y + high), fill=color)
    return made


def encoded(picture: Image.Image, form: str = "png", **options: object) -> bytes:
    held = io.BytesIO()
    picture.save(held, form, **options)
    return held.getvalue()


def work() -> None:
    while tasks.likeness_is_due():
        tasks.find_likeness.func()


def test_a_smaller_and_coarser_copy_is_like_its_original_and_another_scene_is_not(
    world: World,
) -> None:
    first = world.item(encoded(scene()))
    copy = world.item(encoded(scene().resize((300, 225)), "jpeg", quality=40))
    other = world.item(encoded(scene(2)))
    work()
    (row,) = Likeness.objects.all()
    assert (row.first, row.second) == (first, copy)
    assert 0 <= row.distance <= likeness.NEAR_BITS
    assert [each for _, each in alike(world.investigator, first)[0]] == [copy]
    assert [each for _, each in alike(world.investigator, copy)[0]] == [first]
    assert alike(world.investigator, other) == ([], 0)
    assert Item.objects.count() == 3
    assert Fingerprint.objects.get(item=first).tool.startswith("pdqhash ")


def test_a_film_is_compared_by_an_early_frame(world: World, tmp_path: Path) -> None:
    scene().save(tmp_path / "scene.png")
    subprocess.run(
        ["ffmpeg", "-y", "-loglevel", "error", "-loop", "1", "-i", str(tmp_path / "scene.png"),
         "-t", "2", "-r", "10", "-pix_fmt", "yuv420p", str(tmp_path / "film.mp4")],
        check=True,
    )  # fmt: skip
    picture = world.item(encoded(scene()))
    film = world.item((tmp_path / "film.mp4").read_bytes())
    work()
    assert [each for _, each in alike(world.investigator, picture)[0]] == [film]


def test_an_empty_picture_and_a_broken_one_are_like_nothing_and_tried_once(world: World) -> None:
    for _ in range(2):
        world.item(encoded(Image.new("RGB", (300, 300), "grey")))
    broken = world.item(b"\x89PNG\r\n\x1a\n no picture")
    work()
    assert not Likeness.objects.exists()
    assert Fingerprint.objects.get(item=broken).failure == "evidence.unreadable_media"
    assert not tasks.likeness_is_due()


def test_the_same_bytes_are_read_once_and_are_alike(world: World) -> None:
    for _ in range(2):
        world.item(encoded(scene()))
    work()
    assert Likeness.objects.get().distance == 0


def test_only_who_sees_both_is_told_and_may_dismiss(world: World, sign_in: SignIn) -> None:
    first, second = world.item(encoded(scene())), world.item(encoded(scene(), "jpeg"))
    work()
    row = Likeness.objects.get()
    client = sign_in(world.investigator)
    assert (
        "Like this one, or obtained with it" in client.get(url("item", first.pk)).content.decode()
    )
    with pytest.raises(NotVisible):
        actions.dismiss_likeness(world.stranger, row)
    ItemAccess.objects.filter(item=second).update(record=world.person)
    assert alike(world.investigator, first) == ([], 0)
    with pytest.raises(NotVisible):
        actions.dismiss_likeness(world.investigator, row)
    ItemAccess.objects.filter(item=second).update(record=world.case)
    client.post(url("item_unlike", first.pk, row.pk))
    client.post(url("item_unlike", second.pk, row.pk))
    assert alike(world.investigator, second) == ([], 0)
    (entry,) = Entry.objects.filter(kind="evidence.likeness_dismissed")
    assert entry.subject == first.subject
    # What was dismissed does not come back when it is compared again.
    Fingerprint.objects.update(compared_at=None)
    work()
    assert alike(world.investigator, first) == ([], 0)


def test_the_nearest_of_many_are_found(world: World) -> None:
    prints = [os.urandom(32) for _ in range(100_000)]
    near = bytearray(prints[777])
    for place in range(31):
        near[place] ^= 1
    far = bytearray(near)
    far[31] ^= 1
    among = likeness.table(prints)
    assert likeness.nearest(bytes(near), among) == [(777, 31)]
    assert likeness.nearest(bytes(far), among) == []
    assert likeness.nearest(prints[5], among)[0] == (5, 0)
    many = likeness.table([prints[0]] * 50)
    assert len(likeness.nearest(prints[0], many)) == likeness.MOST_NEAR
    assert likeness.nearest(prints[0], likeness.table([])) == []


def test_what_was_obtained_at_the_same_moment_from_the_same_device_is_named(
    world: World, sign_in: SignIn
) -> None:
    items = [world.item(bytes([number])) for number in range(3)]
    other = acquisition()
    apart = world.item(b"x", acquisition=actions.Acquisition("R. Melnyk", other.acquired_at))
    found, count = same_origin(world.investigator, items[0])
    assert (found, count) == (items[1:], 2)
    assert same_origin(world.investigator, apart) == ([], 0)
    assert same_origin(world.stranger, items[0]) == ([], 0)
    page = sign_in(world.investigator).get(url("item", items[0].pk)).content.decode()
    assert "2 other items were obtained" in page
