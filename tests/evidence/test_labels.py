"""Every code that evidence and the vault show has words; damaged items are work for their team."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import translation

from comity.core.archives import Thing
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.kinds import known_kinds, ways_obtained
from comity.evidence.models import work_for
from comity.evidence.rules import BasisKind, CustodyEvent, Derived, Origin, Purpose, Use
from comity.evidence.rules.tools import Attested, Reader
from comity.ui.labels import has_label, label
from comity.vault.models import StoredFile
from tests.evidence.conftest import World

SOURCE = Path(__file__).resolve().parents[2] / "src/comity"


@pytest.mark.parametrize(
    "codes",
    [Origin, CustodyEvent, Use, BasisKind, Purpose, Derived, Reader, Attested, Thing],
)
def test_every_code_has_words(codes: type) -> None:
    assert [code for code in codes if not has_label(code)] == []


def test_every_kind_has_words_in_three_languages() -> None:
    ids = [("ItemKind", each) for each in known_kinds()]
    ids += [("Obtained", term.id) for term in ways_obtained()]
    assert [pair for pair in ids if not has_label(pair[1], pair[0])] == []
    said = set()
    for language in ("uk", "ja", "en"):
        with translation.override(language):
            said.add(label("photo", "ItemKind"))
    assert len(said) == 3


@pytest.mark.parametrize("app", ["evidence", "vault"])
def test_every_refusal_and_every_entry_has_words(app: str) -> None:
    text = "".join(path.read_text("utf-8") for path in (SOURCE / app).rglob("*.py"))
    raised = set(re.findall(rf'(?:Refused|Incomplete|Untrusted)\(\s*"({app}\.[a-z_]+)"', text))
    entries = set(re.findall(rf'"({app}\.[a-z]+_[a-z]+)",\s*[a-z_.]*(?:subject|actor_id)', text))
    assert len(raised) > 2
    assert len(entries) > 2
    assert [code for code in raised if not has_label(code)] == []
    assert [kind for kind in entries if not has_label(kind, "Entry")] == []


@pytest.mark.django_db
def test_a_damaged_item_is_work_for_its_team_alone(world: World) -> None:
    item = world.item()
    world.item(b"whole")
    assert work_for(world.prosecutor) == []
    StoredFile.objects.filter(items=item).update(damage="vaultfile.altered")
    (row,) = work_for(world.prosecutor)
    assert item.number in row.title
    assert item.title not in row.title + row.detail + row.url
    assert work_for(world.stranger) == []


@pytest.mark.django_db
def test_a_partners_own_code_of_a_condition_is_never_shown(world: World, sign_in) -> None:
    item = world.item()
    condition = actions.attach_condition(
        world.prosecutor, item, code="zu_treuen_haenden", texts={"en": "Keep it safe."},
        forbids=[Use.PUBLICATION], set_by_node="moj.jp.example",
    )  # fmt: skip
    client = sign_in(world.prosecutor)
    for address in (
        reverse("item", args=[item.pk]),
        reverse("item_use", args=[item.pk, condition.pk]),
        reverse("items"),
    ):
        page = client.get(address).content.decode()
        assert "zu_treuen_haenden" not in page, address
    assert "Condition in own words" in client.get(reverse("item", args=[item.pk])).content.decode()
    assert not has_label("zu_treuen_haenden", "UseCondition")


@pytest.mark.parametrize(
    ("code", "shown"),
    [("zu_treuen_haenden", "Condition in own words"), ("no_publication", "Not published")],
)
def test_a_refusal_names_a_condition_in_words(code: str, shown: str) -> None:
    refusal = Refused("evidence.use_forbidden", item="E-000001", condition=code)
    assert shown in label(refusal)
    assert code not in label(refusal)


def test_what_was_found_damaged_is_not_called_a_condition() -> None:
    assert label("vaultfile.altered") != label("zu_treuen_haenden", "UseCondition")


def test_the_conditions_of_the_demonstration_have_words_of_their_own() -> None:
    text = (SOURCE / "node/demo/letters.py").read_text("utf-8")
    codes = re.findall(r'bodies\.Condition\(\s*"([a-z_]+)"', text)
    assert codes
    assert [code for code in codes if not has_label(code, "UseCondition")] == []
