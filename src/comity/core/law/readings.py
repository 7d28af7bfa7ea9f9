"""Facts by their place in the data files, with the words that settled.yaml adds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from comity.core.errors import Untrusted
from comity.core.law.loader import Fact, fact, load


@cache
def fact_at(path: str) -> Fact:
    """Return the fact at a dotted path, e.g. "jurisdictions.UA.channel.with_treaty".

    A path names keys, ids of list entries or positions, in instruments.yaml unless it starts
    with another file's name and a colon. Raises Untrusted if nothing stands there.
    """
    file, _, inside = path.rpartition(":")
    file = file or "instruments"
    node = node_at(file, inside)
    if not isinstance(node, Mapping):
        raise Untrusted("law.unknown_path", path=path)
    added: Mapping[str, str] = load("settled")["words"].get(path, MappingProxyType({}))
    stated = node.get("v", node.get("note", node.get("id")))
    if added and isinstance(stated, str):
        stated = MappingProxyType({"en": stated, **added})
    return fact(MappingProxyType({**node, "v": stated}), file)


def node_at(file: str, inside: str) -> Any:
    """Return the raw entry at a dotted path inside one file.

    Raises Untrusted("law.unknown_path") if nothing stands there.
    """
    node: Any = load(file)
    for part in inside.split("."):
        node = _step(node, part)
        if node is None:
            raise Untrusted("law.unknown_path", path=f"{file}:{inside}")
    return node


def _step(node: Any, part: str) -> Any:
    if isinstance(node, Mapping):
        return node.get(part)
    if isinstance(node, tuple):
        if part.isdecimal():
            return node[int(part)] if int(part) < len(node) else None
        return next((entry for entry in node if entry.get("id") == part), None)
    return None
