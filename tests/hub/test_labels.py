"""Every code that the hub and the cases can show has words of its own."""

import importlib
import itertools
import pkgutil
import re
from enum import StrEnum
from pathlib import Path

import pytest

from comity.cases import rules as case_rules
from comity.core.law import offences
from comity.core.law.letter_facts import Stage
from comity.hub import rules as hub_rules
from comity.ui.labels import has_label

SOURCE = Path(hub_rules.__file__).parents[2]
HUB_RULES = [
    hub_rules,
    *(
        importlib.import_module(f"{hub_rules.__name__}.{each.name}")
        for each in pkgutil.iter_modules(hub_rules.__path__)
    ),
]
# Shown under another kind, since evidence has a Purpose of its own.
KINDS = {"Purpose": "ConsentPurpose"}


def enums(module) -> list[type[StrEnum]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, StrEnum)
        and value.__module__ == module.__name__
    ]


@pytest.mark.parametrize(
    "kind",
    [*enums(case_rules), *itertools.chain(*map(enums, HUB_RULES)), offences.Layer, Stage],
    ids=lambda k: k.__name__,
)
def test_every_code_has_words(kind) -> None:
    for code in kind:
        assert has_label(code, KINDS.get(kind.__name__, "")), code


@pytest.mark.parametrize("app", ["cases", "hub"])
def test_every_refusal_and_entry_has_words(app) -> None:
    text = "\n".join(path.read_text("utf-8") for path in (SOURCE / app).rglob("*.py"))
    refusals = set(re.findall(rf'(?:Refused|Incomplete|WrongState)\(\s*f?"({app}\.\w+)"', text))
    assert len(refusals) > 8
    assert not [code for code in refusals if not has_label(code)]
    entries = set(re.findall(rf'ledger\.append\(\s*actor,\s*"({app}\.\w+)"', text))
    assert len(entries) > 5
    assert not [code for code in entries if not has_label(code, "Entry")]


def test_every_kind_of_element_has_words() -> None:
    kinds = {
        row.element.kind
        for offence in offences.offences()
        for row in offences.elements_matrix(offence.id)
    }
    kinds |= {
        element.kind for one in offences.provisions() for element in offences.elements_of(one.id)
    }
    assert not [kind for kind in kinds if not has_label(kind, "ElementKind")]
