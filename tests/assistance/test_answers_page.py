"""The examples of docs/protocol/answers.md are bodies that this node reads and writes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from comity.assistance import bodies
from comity.core import canonical
from comity.core.errors import Untrusted

PAGE = Path(__file__).resolve().parents[2] / "docs/protocol/answers.md"
EXAMPLES = re.findall(r"^```json ([a-z/0-9-]+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
KINDS = {
    "acknowledgement/1": bodies.Acknowledgement,
    "conditions/1": bodies.Conditions,
    "conditions-accepted/1": bodies.Acceptance,
    "reply/1": bodies.Reply,
}


def bodies_of(kind: str) -> list[dict]:
    return [json.loads(text) for name, text in EXAMPLES if name == kind]


def test_every_answer_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_is_read_and_written_again_byte_for_byte(kind: str, text: str) -> None:
    example = json.loads(text)
    read = bodies.read(KINDS[kind], canonical.decode(canonical.encode(example)))
    assert canonical.encode(bodies.write(read)) == canonical.encode(example)


@pytest.mark.parametrize(("kind", "text"), EXAMPLES)
def test_an_example_with_another_name_is_refused(kind: str, text: str) -> None:
    with pytest.raises(Untrusted):
        bodies.read(KINDS[kind], json.loads(text) | {"unknown": "x"})


def test_the_accepted_digest_is_that_of_the_conditions() -> None:
    (conditions,) = bodies_of("conditions/1")
    (accepted,) = bodies_of("conditions-accepted/1")
    read = bodies.read(bodies.Conditions, conditions)
    assert accepted["conditions_sha256"] == bodies.digest_of(read.conditions)
    assert accepted["conditions_sha256"] == canonical.digest_hex(conditions["conditions"])
    assert accepted["count"] == len(conditions["conditions"])
    report = next(one for one in bodies_of("reply/1") if one["reports"])
    assert report["conditions"] == conditions["conditions"]
