"""Pages of evidence: who sees what, what is recorded, how bytes reach a browser."""

from __future__ import annotations

import io
import os
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Role
from comity.evidence import actions
from comity.evidence.models import Item, custody_of
from comity.evidence.rules import CustodyEvent, Origin, Use
from comity.evidence.views import items
from comity.ledger.actions import sequence_pending
from comity.ledger.models import Entry
from tests.evidence.conftest import ACQUIRED_AT, World, acquisition, damage, stored_path

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
HOSTILE = "<script>alert(1)</script> {{ 7|add:7 }} ' \" &"
SignIn = Callable[[Officer], Client]


def url(name: str, *args: object) -> str:
    return reverse(name, args=args)


def body(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def opened(client: Client, item: Item) -> HttpResponse:
    return client.post(url("item_open", item.pk), {"purpose": "case_work"})


def test_the_list_shows_only_the_items_of_the_officers_teams(world: World, sign_in: SignIn) -> None:
    ours, hers = world.item(title="Ours"), world.item(title="Hers", origin=Origin.PERSON)
    page = sign_in(world.prosecutor).get(url("items"))
    assert ours.number.encode() in page.content
    assert hers.number.encode() not in page.content
    assert b"Hers" not in page.content
    stranger = sign_in(world.stranger).get(url("items"))
    assert ours.number.encode() not in stranger.content


def test_the_list_filters_by_kind_origin_and_number(world: World, sign_in: SignIn) -> None:
    photo = world.item()
    statement = world.item(kind="victim-statement", origin=Origin.PARTNER)
    client = sign_in(world.prosecutor)
    for query, shown, hidden in (
        ({"kind": "photo"}, photo, statement),
        ({"origin": "partner"}, statement, photo),
        ({"number": statement.number}, statement, photo),
        ({"number": str(photo.pk)}, photo, statement),
    ):
        page = client.get(url("items"), query)
        assert shown.number.encode() in page.content, query
        assert hidden.number.encode() + b"</a>" not in page.content, query
    assert client.get(url("items"), {"number": "x", "page": "99"}).status_code == 200


def test_the_newest_item_comes_first(world: World, sign_in: SignIn) -> None:
    numbers = [world.item(bytes([number])).pk for number in range(3)]
    page = sign_in(world.prosecutor).get(url("items"))
    assert [item.pk for item in page.context["page_obj"]] == numbers[::-1]


def test_the_list_asks_as_often_for_sixty_items_as_for_one(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.prosecutor)
    client.get(url("items"))
    counts = []
    for how_many in (1, 59):
        for number in range(how_many):
            world.item(bytes([number, how_many]))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(url("items"))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert len(page.context["page_obj"]) == 50
    assert b"?page=2" in page.content


def test_an_items_page_asks_as_often_for_many_events_as_for_few(
    world: World, sign_in: SignIn
) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    client.get(url("item", item.pk))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(url("item", item.pk))
        counts.append(len(queries))
        for _ in range(10):
            actions.verify_item(world.investigator, item)
    assert counts[0] == counts[1]


def test_a_page_shows_custody_conditions_and_digest_and_is_recorded(
    world: World, sign_in: SignIn
) -> None:
    item = world.item(title=HOSTILE, original_name=HOSTILE)
    actions.attach_condition(
        world.prosecutor, item, code="only_this", texts={"en": HOSTILE, "ja": "この手続のみ"},
        forbids=[Use.PUBLICATION], set_by_node="moj.jp.example",
    )  # fmt: skip
    page = sign_in(world.prosecutor).get(url("item", item.pk)).content.decode()
    assert "<script>alert" not in page
    assert "{{ 7|add:7 }}" in page
    assert item.sha256 in page
    assert "Taken into the vault" in page
    assert world.investigator.name in page
    assert "この手続のみ" in page
    assert Entry.objects.filter(kind="access.looked", subject=item.subject).count() == 1


def test_custody_says_in_words_from_whom_and_to_whom(world: World, sign_in: SignIn) -> None:
    item = world.item(
        acquisition=replace(
            acquisition(), acquired_by=world.investigator.actor_id, method="letter_reply"
        )
    )
    for counterparty in ("court", f"case:{world.case}", "partner:moj.jp.example", "A courier"):
        custody_of(world.investigator, item, CustodyEvent.SHARED, counterparty=counterparty).save()
    page = sign_in(world.prosecutor).get(url("item", item.pk)).content.decode()
    notes = " ".join(page.split())
    for words in ("Court", "moj.jp.example", "A courier", "With the reply to a letter of request"):
        assert words in notes, words
    for code in ("· court ·", "case:", "partner:", "officer:", "letter_reply"):
        assert code not in notes, code


def test_nothing_identifying_is_in_the_pages_title_or_address(
    world: World, sign_in: SignIn
) -> None:
    item = world.item(title="Olena's photo")
    page = sign_in(world.prosecutor).get(url("item", item.pk)).content.decode()
    assert "Olena" not in re.findall(r"<title>(.*?)</title>", page)[0]
    assert not [
        address for address in re.findall(r'(?:href|src)="([^"]*)"', page) if "Olena" in address
    ]


def addresses(item: Item) -> list[tuple[str, str]]:
    entry = Entry.objects.filter(subject=item.subject, index__isnull=False).first()
    assert entry is not None
    by_entry = ("item_entry", "item_proof", "item_entry_body", "item_entry_details")
    return [
        *(("get", url(name, item.pk)) for name in ("item", "item_open", "item_file", "item_show")),
        *(("post", url(name, item.pk)) for name in ("item_verify", "item_open", "item_close")),
        *(("get", url(name, item.pk, entry.index)) for name in by_entry),
    ]


def test_nobody_outside_the_team_reaches_anything_of_an_item(world: World, sign_in: SignIn) -> None:
    item = world.item()
    sequence_pending()
    client = sign_in(world.stranger)
    for method, address in addresses(item):
        before = Entry.objects.filter(kind="access.refused").count()
        hidden = getattr(client, method)(address)
        absent = getattr(client, method)(address.replace(f"/{item.pk}/", "/99999/"))
        assert (hidden.status_code, absent.status_code) == (404, 404), address
        assert hidden.content == absent.content or b"Photo of" not in hidden.content
        assert Entry.objects.filter(kind="access.refused").count() == before + 2
    assert not Entry.objects.filter(kind="access.looked").exists()


def test_the_team_reaches_everything_of_an_item(world: World, sign_in: SignIn) -> None:
    item = world.item(PNG)
    sequence_pending()
    client = sign_in(world.prosecutor)
    for method, address in addresses(item):
        assert getattr(client, method)(address).status_code in {200, 302}, address


def test_nobody_who_has_not_signed_in_sees_a_page(world: World) -> None:
    item = world.item()
    for address in (url("items"), url("item", item.pk), url("item_file", item.pk)):
        assert Client().get(address).status_code == 302


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR, Role.CENTRAL_AUTHORITY])
def test_who_keeps_the_machine_or_audits_sees_no_list(officer, sign_in: SignIn, role: Role) -> None:
    assert sign_in(officer(role)).get(url("items")).status_code == 403


@pytest.fixture
def case_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the app of cases names the case to its team."""
    monkeypatch.setattr(items, "case_names", lambda _actor: {world.case: "UA-17/2026 · Verbivka"})


@pytest.mark.usefixtures("case_is_named")
def test_the_list_finds_by_words_name_digest_case_and_day(world: World, sign_in: SignIn) -> None:
    crater = world.item(b"one", title="Воронка біля школи", original_name="DCIM/100/IMG_7.jpg")
    gate = world.item(b"two", title="The gate")
    world.item(b"three", title="Of a person", origin=Origin.PERSON)
    Item.objects.filter(pk=gate.pk).update(created_at=ACQUIRED_AT)
    client = sign_in(world.prosecutor)

    def found(**wanted: str) -> set[str]:
        answer = client.post(url("items"), wanted, follow=True)
        assert not any(text in answer.request["QUERY_STRING"] for text in wanted.values())
        return set(re.findall(r">(E-\d+)<", answer.content.decode()))

    assert found() == {crater.number, gate.number}
    today = f"{timezone.localdate():%Y-%m-%d}"
    for wanted in (
        {"words": "ШКОЛИ"}, {"words": "img_7"}, {"words": "школи dcim"},
        {"sha256": crater.sha256}, {"sha256": crater.sha256[:8].upper()},
        {"since": today}, {"since": today, "words": "біля"},
    ):  # fmt: skip
        assert found(**wanted) == {crater.number}, wanted
    assert found(until="2026-11-21") == {gate.number}
    assert found(case="ua-17") == {crater.number, gate.number}
    assert found(case="UA-18") == set()
    assert found(words="none such") == set()
    wrong = client.post(url("items"), {"sha256": "abc"}, follow=True).content.decode()
    assert "at least the first 8 digits" in wrong
    assert found(words="gate") == {gate.number}
    again = client.get(url("items"), {"found": "1", "page": "1"})  # as the pages below lead
    assert crater.number not in again.content.decode()
    assert crater.number in client.get(url("items")).content.decode()


def test_the_search_box_finds_an_item_by_its_file_and_its_digest(
    world: World, sign_in: SignIn
) -> None:
    item = world.item(b"one", original_name="DCIM/100/Знімок_7.jpg")
    for who, is_found in ((world.prosecutor, True), (world.stranger, False)):
        client = sign_in(who)
        for text in ("знімок_7", item.sha256, item.sha256[:10].upper()):
            page = client.post(url("search"), {"q": text}).content.decode()
            assert (item.number in page) is is_found, text


def test_a_list_asks_no_more_for_more_items(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.prosecutor)
    asked = []
    for _time in range(2):
        world.item(), world.item(b"another")
        with CaptureQueriesContext(connection) as seen:
            client.get(url("items"))
        asked.append(len(seen))
        assert not any("GROUP BY" in each["sql"] for each in seen.captured_queries)
    assert asked[0] == asked[1]


# Opening


def test_an_image_is_not_loaded_before_somebody_says_why(world: World, sign_in: SignIn) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    page = client.get(url("item", item.pk)).content.decode()
    assert url("item_show", item.pk) not in page
    for name in ("item_show", "item_file"):
        assert client.get(url(name, item.pk)).headers["Location"] == url("item_open", item.pk)
    assert client.post(url("item_open", item.pk), {"purpose": ""}).status_code == 200
    assert not item.custody.filter(event=CustodyEvent.ACCESSED).exists()
    opened(client, item)
    assert url("item_show", item.pk) in client.get(url("item", item.pk)).content.decode()
    shown = client.get(url("item_show", item.pk))
    assert (shown.status_code, shown["Content-Type"], body(shown)) == (200, "image/png", PNG)
    assert item.custody.filter(event=CustodyEvent.ACCESSED).count() == 1


def test_what_was_hidden_again_needs_a_new_reason(world: World, sign_in: SignIn) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    opened(client, item)
    client.post(url("item_close", item.pk))
    assert client.get(url("item_show", item.pk)).status_code == 302


def test_an_opening_is_one_officers_alone(world: World, sign_in: SignIn) -> None:
    item = world.item(PNG)
    opened(sign_in(world.prosecutor), item)
    assert sign_in(world.investigator).get(url("item_show", item.pk)).status_code == 302


def test_a_file_is_saved_under_a_neutral_name_and_never_run(world: World, sign_in: SignIn) -> None:
    item = world.item(b"<html><script>alert(1)</script>", original_name="Olena.html")
    client = sign_in(world.prosecutor)
    assert opened(client, item).headers["Location"] == url("item", item.pk) + "#content"
    saved = client.get(url("item_file", item.pk))
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"] == f'attachment; filename="{item.number}.txt"'
    assert saved["X-Content-Type-Options"] == "nosniff"
    assert saved["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in saved["Cache-Control"]
    assert body(saved) == b"<html><script>alert(1)</script>"
    assert client.get(url("item_show", item.pk)).status_code == 404  # a browser would save it


def saves(item: Item) -> int:
    looks = Entry.objects.filter(kind="access.looked", subject=item.subject)
    return sum(b'"saved"' in bytes(look.committed.details) for look in looks)


def test_no_part_is_saved_without_a_trace(world: World, sign_in: SignIn) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    opened(client, item)
    client.head(url("item_file", item.pk))
    assert saves(item) == 0
    for asked in ("bytes=0-", "bytes=1-", "bytes=100-"):  # goes on after a break
        assert client.get(url("item_file", item.pk), headers={"range": asked}).status_code == 206
    assert saves(item) == 1
    client.get(url("item_file", item.pk))
    assert saves(item) == 2
    opened(client, item)
    client.get(url("item_file", item.pk), headers={"range": "bytes=5-"})
    assert saves(item) == 3


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=16000-50000", 16000, 50000),
        ("bytes=76000-", 76000, len(PNG) - 1),
        ("bytes=-5", len(PNG) - 5, len(PNG) - 1),
        ("bytes=-999999", 0, len(PNG) - 1),
        ("bytes=10-999999", 10, len(PNG) - 1),
    ],
)
def test_a_part_is_sent_as_asked(
    world: World, sign_in: SignIn, asked: str, first: int, last: int
) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    opened(client, item)
    part = client.get(url("item_show", item.pk), headers={"range": asked})
    assert part.status_code == 206
    assert part["Content-Range"] == f"bytes {first}-{last}/{len(PNG)}"
    assert body(part) == PNG[first : last + 1]
    assert int(part["Content-Length"]) == last - first + 1


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (f"bytes={len(PNG)}-", 416),
        ("bytes=-0", 416),
        ("bytes=5-4", 200),
        ("bytes=-", 200),
        ("bytes=0-1,4-5", 200),
        ("lines=0-1", 200),
        ("bytes=" + "9" * 30 + "-", 200),
        ("bytes=a-b", 200),
    ],
)
def test_an_odd_range_is_refused_or_ignored(
    world: World, sign_in: SignIn, asked: str, status: int
) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    opened(client, item)
    answer = client.get(url("item_show", item.pk), headers={"range": asked})
    assert answer.status_code == status
    if status == 200:
        assert body(answer) == PNG


def test_a_range_of_another_version_is_ignored(world: World, sign_in: SignIn) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    opened(client, item)
    headers = {"range": "bytes=0-1", "if-range": '"other"'}
    assert client.get(url("item_show", item.pk), headers=headers).status_code == 200


def test_a_range_decrypts_only_the_chunks_it_needs(
    world: World, sign_in: SignIn, vault: Path
) -> None:
    item, client = world.item(b"RIFF0000WAVE" + os.urandom(400_000)), sign_in(world.prosecutor)
    opened(client, item)
    damage(stored_path(vault, item))  # in the middle: a part before it is still served
    part = client.get(url("item_show", item.pk), headers={"range": "bytes=0-1000"})
    assert body(part)[:12] == b"RIFF0000WAVE"
    with pytest.raises(Exception, match=r"vaultfile\.altered"):
        body(client.get(url("item_show", item.pk)))
    assert item.custody.filter(event=CustodyEvent.ANOMALY).count() == 1


def test_an_empty_file_is_sent(world: World, sign_in: SignIn) -> None:
    item, client = world.item(b""), sign_in(world.prosecutor)
    opened(client, item)
    assert body(client.get(url("item_file", item.pk))) == b""


def test_a_damaged_item_says_so_on_its_page(world: World, sign_in: SignIn, vault: Path) -> None:
    item, client = world.item(PNG), sign_in(world.prosecutor)
    stored_path(vault, item).unlink()
    opened(client, item)
    page = client.get(url("item", item.pk)).content.decode()
    assert f"{item.number} cannot be opened." in page
    assert client.post(url("item_verify", item.pk)).status_code == 302
    assert item.custody.filter(event=CustodyEvent.ANOMALY).count() == 2


def test_a_changed_custody_record_is_announced(world: World, sign_in: SignIn) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    assert (
        "is not what the ledger committed to"
        not in client.get(url("item", item.pk)).content.decode()
    )
    item.custody.filter(event=CustodyEvent.RECEIVED).update(place="Elsewhere")
    assert (
        "is not what the ledger committed to" in client.get(url("item", item.pk)).content.decode()
    )


# Adding


def filled(world: World, **fields: object) -> dict[str, object]:
    return {
        "title": "Video of the yard",
        "kind": "osint-video",
        "holder": f"case:{world.case}",
        "origin": "investigation",
        "compartment": "disclosable",
        "acquired_by": "R. Melnyk",
        "day_0": "20",
        "day_1": "11",
        "day_2": "2026",
        "hour": "18:40",
        "place": "Verbivka",
        "device": "Camera 1",
        "method": "open-source",
        "legal_authority": "Decision 17",
    } | fields


def test_a_file_is_taken_in_by_the_form(world: World, sign_in: SignIn) -> None:
    client = sign_in(world.investigator)
    page = client.get(url("item_add"), {"team": f"case:{world.case}"})
    assert b'enctype="multipart/form-data"' in page.content
    upload = SimpleUploadedFile("../Olena.png", PNG, content_type="image/png")
    answer = client.post(url("item_add"), filled(world, file=upload))
    item = Item.objects.get()
    assert answer.headers["Location"] == url("item", item.pk)
    assert (item.media_type_sniffed, item.original_name) == ("image/png", "Olena.png")
    received = item.custody.get(event=CustodyEvent.RECEIVED)
    assert received.at.isoformat() == "2026-11-20T16:40:00+00:00"
    assert received.method == "open-source"


def test_an_upload_leaves_no_plain_bytes_in_the_spool(
    world: World, sign_in: SignIn, tmp_path: Path
) -> None:
    upload = SimpleUploadedFile("x.bin", os.urandom(3_000_000))
    sign_in(world.investigator).post(url("item_add"), filled(world, file=upload))
    assert Item.objects.get().size == 3_000_000
    assert list((tmp_path / "spool").iterdir()) == []


def test_an_empty_upload_is_an_item(world: World, sign_in: SignIn) -> None:
    upload = SimpleUploadedFile("empty.txt", b"")
    sign_in(world.investigator).post(url("item_add"), filled(world, file=upload))
    assert Item.objects.get().size == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"kind": "nothing"},
        {"holder": "case:00000000-0000-0000-0000-000000000000"},
        {"compartment": "support"},
        {"origin": "person"},
        {"day_0": "31", "day_1": "2"},
        {"day_2": "2126"},
    ],
)
def test_a_form_that_is_not_right_takes_nothing_in(
    world: World, sign_in: SignIn, wrong: dict
) -> None:
    upload = SimpleUploadedFile("x.bin", b"x")
    answer = sign_in(world.investigator).post(url("item_add"), filled(world, file=upload, **wrong))
    assert answer.status_code == 422
    assert b"There is a problem" in answer.content
    assert not Item.objects.exists()


def test_an_upload_that_would_fill_the_disk_is_stopped_and_explained(
    world: World, sign_in: SignIn, settings
) -> None:
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    upload = SimpleUploadedFile("x.bin", b"x" * 100)
    answer = sign_in(world.investigator).post(url("item_add"), filled(world, file=upload))
    assert "There is no room on the disk" in answer.content.decode()
    assert not Item.objects.exists()


def test_a_stranger_cannot_fill_the_spool(settings, tmp_path: Path) -> None:
    upload = SimpleUploadedFile("x.bin", b"x" * 100_000)
    answer = Client().post(url("item_add"), {"file": upload})
    assert answer.status_code in {302, 400, 403}
    assert not (tmp_path / "spool").exists()


# Packages and proofs


def test_a_package_is_saved_from_the_page(world: World, sign_in: SignIn, tmp_path: Path) -> None:
    item, client = world.item(), sign_in(world.prosecutor)
    page = client.get(url("item_package"), {"item": item.pk})
    assert page.status_code == 200
    answer = client.post(
        url("item_package"),
        {
            "items": [item.pk],
            "case_ref": "2211/24",
            "of_others": "on",
            "purpose": "Trial",
            "legal_basis": "CPC art. 290",
            "recipient": "court",
            "language": "uk",
        },
    )
    assert re.fullmatch(
        r'attachment; filename="package-\d{4}-\d\d-\d\d-[0-9a-f]{8}\.asice"',
        answer["Content-Disposition"],
    )
    with zipfile.ZipFile(io.BytesIO(body(answer))) as package:
        assert package.testzip() is None
        assert f"data/{item.number}/original.bin" in package.namelist()
    assert list((tmp_path / "spool/packages").iterdir()) == []


def test_a_package_for_a_recipient_is_saved_encrypted(world: World, sign_in: SignIn) -> None:
    item, client = world.item(b"secret bytes" * 50), sign_in(world.prosecutor)
    identity = pyrage.x25519.Identity.generate()
    fields = {
        "items": [item.pk],
        "case_ref": "2211/24",
        "of_others": "on",
        "purpose": "Trial",
        "legal_basis": "CPC art. 290",
        "recipient": "court",
        "language": "uk",
    }
    wrong = client.post(url("item_package"), fields | {"keys": "age1nonsense"})
    assert wrong.status_code == 422
    assert "age1nonsense…" in wrong.content.decode()
    answer = client.post(url("item_package"), fields | {"keys": f"\n {identity.to_public()} \n"})
    assert re.search(r'\.asice\.age"$', answer["Content-Disposition"])
    assert answer["Content-Type"] == "application/octet-stream"
    data = body(answer)
    assert b"secret bytes" not in data
    with zipfile.ZipFile(io.BytesIO(pyrage.decrypt(data, [identity]))) as package:
        assert package.read(f"data/{item.number}/original.bin") == b"secret bytes" * 50


def test_nobody_exports_what_they_do_not_see(world: World, sign_in: SignIn) -> None:
    hidden = world.item(origin=Origin.PERSON)
    client = sign_in(world.prosecutor)
    answer = client.post(
        url("item_package"),
        {
            "items": [hidden.pk],
            "case_ref": "1",
            "of_others": "on",
            "purpose": "x",
            "legal_basis": "y",
            "recipient": "court",
            "language": "uk",
        },
    )
    assert answer.status_code == 422
    assert b"Photo of" not in answer.content
    assert sign_in(world.investigator).get(url("item_package")).status_code == 403


def test_proof_entry_and_details_fit_together(world: World, sign_in: SignIn) -> None:
    import hashlib
    import json

    from comity.core import logproof
    from comity.ledger.actions import signer

    item, client = world.item(), sign_in(world.prosecutor)
    sequence_pending()
    index = Entry.objects.get(kind="evidence.item_ingested").index
    proof, entry, details = (
        body(client.get(url(name, item.pk, index)))
        for name in ("item_proof", "item_entry_body", "item_entry_details")
    )
    logproof.verify(logproof.parse(proof), entry, [signer().verifier])
    assert json.loads(entry)["commitment"] == hashlib.sha256(details).hexdigest()
    assert client.get(url("item_entry", item.pk, index)).status_code == 200


def test_an_entry_of_another_thing_is_not_shown_through_an_item(
    world: World, sign_in: SignIn
) -> None:
    mine, other = world.item(), world.item(origin=Origin.PERSON)
    sequence_pending()
    index = Entry.objects.filter(subject=other.subject).order_by("index")[0].index
    assert sign_in(world.prosecutor).get(url("item_entry", mine.pk, index)).status_code == 404


@pytest.mark.parametrize(
    ("year", "said"),
    [("0001", "lies before 1900"), ("1899", "lies before 1900"), ("9998", "not come")],
)
def test_an_impossible_day_of_acquisition_is_refused_in_words(
    world: World, sign_in: SignIn, year: str, said: str
) -> None:
    client = sign_in(world.investigator)
    upload = SimpleUploadedFile("a.png", PNG, content_type="image/png")
    answer = client.post(url("item_add"), filled(world, file=upload, day_2=year))
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Item.objects.exists()
