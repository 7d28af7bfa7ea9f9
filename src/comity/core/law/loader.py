"""Facts of law: what the data files say, where it comes from and how sure it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from comity.core.errors import Untrusted

DATA = Path(__file__).parent / "data"
LANGUAGES = ("uk", "ja", "en")

Node = Mapping[str, Any]
Words = Mapping[str, str]

_SOURCE_ID = re.compile(r"\b(?:SRC_[A-Z0-9_]+|SETTLED)\b")
_CERTAINTIES = frozenset({"high", "medium", "low"})
_BASES = frozenset({"read", "excerpt", "recalled", "convention"})


@dataclass(frozen=True)
class Citation:
    """One source of a fact: its title, where it is published and the place in it."""

    source_id: str
    title: str
    ref: str
    place: str


@dataclass(frozen=True)
class Fact:
    """A statement of law with its source and how sure it is.

    value: text, or words by language, or a list. certainty: high, medium or low.
    basis: read in the official text, excerpt, recalled, or convention (how Comity settles a doubt).
    """

    value: Any
    source: str
    certainty: str
    basis: str
    note: str
    citations: tuple[Citation, ...]

    @property
    def signable(self) -> bool:
        """Whether the fact may stand in a signed text without a lawyer's confirmation.

        Whatever cites a treaty's own text (SRC_TEXT) was recalled, whatever its `basis` says.
        """
        recalled = any(citation.source_id == "SRC_TEXT" for citation in self.citations)
        return self.certainty == "high" and self.basis in {"read", "excerpt"} and not recalled

    def text(self, language: str) -> str:
        """Return the statement in a language, in English where the data has no other."""
        if isinstance(self.value, Mapping):
            return str(self.value.get(language) or self.value["en"])
        if isinstance(self.value, tuple):
            return ", ".join(str(part) for part in self.value)
        return str(self.value)


class _StrictLoader(yaml.CSafeLoader):
    """YAML where a repeated key is an error, not a silent replacement."""


def _strict_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    if len(keys) != len(set(keys)):
        raise yaml.constructor.ConstructorError(None, None, "repeated key", node.start_mark)
    return loader.construct_mapping(node, deep=True)


_StrictLoader.add_constructor("tag:yaml.org,2002:map", _strict_mapping)


def parse(content: bytes, name: str) -> Node:
    """Read one data file into immutable mappings and tuples.

    Raises Untrusted("law.malformed_data") for whatever is not YAML with a mapping at the top.
    """
    try:
        loaded = yaml.load(content, Loader=_StrictLoader)  # noqa: S506 - a subclass of CSafeLoader
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Untrusted("law.malformed_data", file=name) from error
    if not isinstance(loaded, dict):
        raise Untrusted("law.malformed_data", file=name)
    frozen: Node = _frozen(loaded)
    return frozen


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


@cache
def load(name: str) -> Node:
    """Return a data file by its name without ending, read once per process.

    Raises Untrusted if it is missing or malformed.
    """
    path = DATA / f"{name}.yaml"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Untrusted("law.missing_data", file=name) from error
    return parse(content, name)


@lru_cache(maxsize=1)
def data_version() -> str:
    """Return the SHA-256 (64 hex digits) over the names and bytes of all data files."""
    digest = hashlib.sha256()
    for path in sorted(DATA.glob("*.yaml")):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@cache
def _sources(file: str) -> Node:
    own: Node = load(file).get("sources", MappingProxyType({}))
    if file in {"request_types", "settled"}:
        own = MappingProxyType({**load("instruments")["sources"], **own})
    return own


@cache
def cite(source: str, file: str = "instruments") -> tuple[Citation, ...]:
    """Resolve a source string such as "SRC_UA_CPC art 544(5); SRC_JP_AIAI art 3".

    file: the data file whose list of sources the ids belong to.
    Raises Untrusted("law.unknown_source") if it names no source of that file.
    """
    known = _sources(file)
    if source in known:
        return (_citation(source, known[source], ""),)
    parts = []
    for match, following in _spans(source):
        if match not in known:
            raise Untrusted("law.unknown_source", file=file, source=match)
        parts.append(_citation(match, known[match], following))
    if not parts:
        raise Untrusted("law.unknown_source", file=file, source=source)
    return tuple(parts)


def _spans(source: str) -> list[tuple[str, str]]:
    found = list(_SOURCE_ID.finditer(source))
    starts = [match.start() for match in found] + [len(source)]
    return [
        (match.group(), source[match.end() : end].strip(" ;,"))
        for match, end in zip(found, starts[1:], strict=True)
    ]


def _citation(source_id: str, node: Node, place: str) -> Citation:
    ref = node.get("ref") or node.get("url") or node.get("kind", "")
    return Citation(source_id, str(node["title"]), str(ref), place)


def fact(node: Node, file: str = "instruments", *, value: Any = None) -> Fact:
    """Read a mapping with v, source, certainty and basis as a Fact.

    value: what the fact states where the mapping itself has no `v`.
    Raises Untrusted if source or certainty is missing or unknown.
    """
    try:
        source, certainty = node["source"], node["certainty"]
    except (KeyError, TypeError) as error:
        raise Untrusted("law.fact_without_source", file=file) from error
    sources = (source,) if isinstance(source, str) else source
    citations = tuple(one for name in sources for one in cite(name, file))
    stated = node.get("basis")  # in the vocabularies the word means the legal basis
    basis = stated if isinstance(stated, str) else _basis_of(citations, file)
    if certainty not in _CERTAINTIES or basis not in _BASES:
        raise Untrusted("law.fact_without_certainty", file=file)
    return Fact(
        value=node.get("v", value),
        source="; ".join(sources),
        certainty=certainty,
        basis=basis,
        note=str(node.get("note", "")),
        citations=citations,
    )


def _basis_of(citations: tuple[Citation, ...], file: str) -> str:
    """Say how far the sources of the vocabulary files were read (they carry no `basis`)."""
    nodes = [_sources(file)[citation.source_id] for citation in citations]
    kinds = " ".join(f"{node.get('kind', '')} {node['title']}" for node in nodes)
    if re.search(r"\bread\b", kinds):
        return "read"
    return "recalled" if re.search(r"recall|RECALL", kinds) else "excerpt"


def words(node: Any, file: str) -> Words:
    """Read labels in the three languages.

    Raises Untrusted if one of them is missing or empty.
    """
    if not isinstance(node, Mapping) or not all(
        isinstance(node.get(language), str) and node[language] for language in LANGUAGES
    ):
        raise Untrusted("law.label_missing", file=file)
    return MappingProxyType({language: str(node[language]) for language in LANGUAGES})


@dataclass(frozen=True)
class Term:
    """One entry of a controlled vocabulary: an id, its labels and where they come from."""

    id: str
    group: str
    labels: Words
    fact: Fact | None


@cache
def terms(file: str, part: str) -> tuple[Term, ...]:
    """Return a vocabulary in the order of its file, e.g. `needs` of victim_needs.

    part: a list at the top of the file, or one under its `lists`.
    Raises Untrusted if there is no such list or an entry has no label.
    """
    document = load(file)
    entries = document.get(part) or document.get("lists", {}).get(part)
    if not isinstance(entries, tuple):
        raise Untrusted("law.unknown_vocabulary", file=file, part=part)
    return tuple(
        Term(
            id=str(entry["id"]),
            group=str(entry.get("group", "")),
            labels=words(entry.get("label") or entry.get("name"), file),
            fact=fact(entry, file, value=entry["id"]) if "source" in entry else None,
        )
        for entry in entries
    )
