"""Offences and their elements: Rome Statute provisions, Ukrainian and Japanese offences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from comity.core.errors import Refused
from comity.core.law.loader import Fact, Node, Words, fact, load, words

_FILE = "crimes"


class Layer(StrEnum):
    """Where a row of the matrix comes from."""

    NATIONAL = "national"
    CONTEXT = "context"
    GUIDANCE = "guidance"


@dataclass(frozen=True)
class Element:
    """One element to prove. kind: conduct, consequence, circumstance, mental or contextual.

    text: an English paraphrase for linking evidence, never for quoting in a charge.
    """

    id: str
    kind: str
    text: str
    layer: Layer


@dataclass(frozen=True)
class RomeProvision:
    """A provision of the Rome Statute with the elements it adds to its contexts.

    ukrainian, japanese: ids of offences that may match; japanese_fit: strong, partial, weak, none.
    """

    id: str
    article: str
    family: str
    conflict: str
    titles: Words
    contexts: tuple[str, ...]
    elements: tuple[Element, ...]
    ukrainian: tuple[str, ...]
    japanese: tuple[str, ...]
    japanese_fit: str
    selectable: bool
    fact: Fact


@dataclass(frozen=True)
class NationalOffence:
    """An offence of Ukraine or Japan. penalty: in English, for orientation, never for sentencing.

    titles: by language, English and the law's own language.
    """

    id: str
    state: str
    article: str
    law: str
    titles: Mapping[str, str]
    penalty: str
    fact: Fact


@dataclass(frozen=True)
class MatrixRow:
    """A row of the elements matrix. question: not an element but what a lawyer must answer."""

    element: Element
    provision_id: str
    question: bool


@lru_cache(maxsize=1)
def provisions() -> tuple[RomeProvision, ...]:
    """Return the provisions of the Rome Statute in the order of the Statute."""
    return tuple(_provision(entry) for entry in load(_FILE)["provisions"])


@lru_cache(maxsize=1)
def offences() -> tuple[NationalOffence, ...]:
    """Return the offences of Ukraine, then of Japan, in the order of the data."""
    document = load(_FILE)
    ukrainian = [_offence(entry, "UA") for entry in document["ua_offences"]]
    japanese = [_offence(entry, "JP") for entry in document["jp_offences"]]
    return (*ukrainian, *japanese)


def provision(provision_id: str) -> RomeProvision:
    """Return one provision. Raises Refused("offences.unknown_provision")."""
    found = _by_id().get(provision_id)
    if not isinstance(found, RomeProvision):
        raise Refused("offences.unknown_provision", provision=provision_id)
    return found


def offence(offence_id: str) -> NationalOffence:
    """Return one national offence. Raises Refused("offences.unknown_offence")."""
    found = _by_id().get(offence_id)
    if not isinstance(found, NationalOffence):
        raise Refused("offences.unknown_offence", offence=offence_id)
    return found


@lru_cache(maxsize=1)
def _by_id() -> Mapping[str, RomeProvision | NationalOffence]:
    found: dict[str, RomeProvision | NationalOffence] = {one.id: one for one in provisions()}
    found.update({one.id: one for one in offences()})
    return found


@cache
def elements_of(provision_id: str) -> tuple[Element, ...]:
    """Return what must be proved for a provision or a national offence.

    A Rome Statute provision: its context sets first, then its own elements. A national offence:
    its own elements, none where the data have no set. Raises Refused for an unknown id.
    """
    found = _by_id().get(provision_id)
    if found is None:
        raise Refused("offences.unknown_provision", provision=provision_id)
    if isinstance(found, RomeProvision):
        contexts = [element for name in found.contexts for element in _contexts()[name]]
        return (*contexts, *found.elements)
    return _national_elements().get(_set_of(provision_id), ())


def _set_of(offence_id: str) -> str:
    """Return the offence that carries the element set: both parts of article 438 share one."""
    sets = _national_elements()
    if offence_id in sets:
        return offence_id
    sibling = f"{offence_id.rpartition('-')[0]}-1"
    return sibling if sibling in sets else offence_id


def elements_matrix(offence_id: str, provision_id: str | None = None) -> tuple[MatrixRow, ...]:
    """Return the rows of the matrix for a charge: national elements first.

    provision_id: the Rome Statute provision whose elements guide a blanket norm such as article
    438; its contexts and elements follow. Each element appears once. Raises Refused for an
    unknown id and for a provision that the data do not connect with the offence.
    """
    national = offence(offence_id)
    rows = [_row(element, national.id) for element in elements_of(national.id)]
    if provision_id is not None:
        guide = provision(provision_id)
        if offence_id not in (*guide.ukrainian, *guide.japanese):
            raise Refused("offences.not_connected", offence=offence_id, provision=provision_id)
        rows += [_row(element, guide.id) for element in elements_of(guide.id)]
    return tuple(rows)


def _row(element: Element, provision_id: str) -> MatrixRow:
    asked = element.id in load("settled")["questions"]
    return MatrixRow(element, provision_id, asked)


def matches(offence_id: str) -> tuple[RomeProvision, ...]:
    """Return the provisions that the data connect with a national offence."""
    offence(offence_id)
    return tuple(
        entry for entry in provisions() if offence_id in (*entry.ukrainian, *entry.japanese)
    )


@lru_cache(maxsize=1)
def _contexts() -> Mapping[str, tuple[Element, ...]]:
    return MappingProxyType(
        {
            entry["id"]: _elements(entry["elements"], Layer.CONTEXT)
            for entry in load(_FILE)["contexts"]
        }
    )


@lru_cache(maxsize=1)
def _national_elements() -> Mapping[str, tuple[Element, ...]]:
    return MappingProxyType(
        {
            entry["offence"]: _elements(entry["elements"], Layer.NATIONAL)
            for entry in load(_FILE)["national_elements"]
        }
    )


def _elements(entries: tuple[Node, ...], layer: Layer) -> tuple[Element, ...]:
    return tuple(
        Element(str(entry["id"]), str(entry["kind"]), str(entry["text"]), layer)
        for entry in entries
    )


def _provision(entry: Node) -> RomeProvision:
    return RomeProvision(
        id=str(entry["id"]),
        article=str(entry["article"]),
        family=str(entry["family"]),
        conflict=str(entry["conflict"]),
        titles=words(entry["title"], _FILE),
        contexts=tuple(entry["context"]),
        elements=_elements(entry["elements"], Layer.GUIDANCE),
        ukrainian=tuple(entry["ua"]),
        japanese=tuple(entry["jp"]),
        japanese_fit=str(entry["jp_fit"]),
        selectable=bool(entry["selectable"]),
        fact=fact(entry, _FILE, value=entry["article"]),
    )


def _offence(entry: Node, state: str) -> NationalOffence:
    titles: Mapping[str, Any] = entry["title"]
    return NationalOffence(
        id=str(entry["id"]),
        state=state,
        article=str(entry["article"]),
        law=str(entry.get("law", "")),
        titles=MappingProxyType({key: str(value) for key, value in titles.items()}),
        penalty=str(entry["penalty"]),
        fact=fact(entry, _FILE, value=entry["article"]),
    )
