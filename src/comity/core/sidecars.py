"""Small files that state the SHA-256 of another one, as capture apps write them beside a recording.

CSV, JSON and XML as ProofMode, eyeWitness and their like write them. What is read here is what
somebody stated; whether it holds is for the caller to compare.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from comity.core.errors import Untrusted

MOST_BYTES = 4 << 20
MOST_PAIRS = 200
_MOST_VALUE = 300
_MOST_DEPTH = 30
_SHA256 = re.compile(r"(?:sha-?256[:=])?([0-9a-fA-F]{64})")
_NAMED = re.compile(r"hash|sha-?256|digest|checksum", re.IGNORECASE)


@dataclass(frozen=True)
class Sidecar:
    """What a sidecar states. form: "csv", "json" or "xml". hashes: SHA-256 (hex) under such names.

    pairs: names and values, cut to what fits on a page.
    """

    form: str
    hashes: frozenset[str]
    pairs: tuple[tuple[str, str], ...]


def read(data: bytes) -> Sidecar:
    """Read a sidecar. Raises Untrusted("sidecar.malformed") for what is none of these forms."""
    if len(data) > MOST_BYTES:
        raise Untrusted("sidecar.malformed", size_bytes=len(data))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Untrusted("sidecar.malformed") from error
    start = text.lstrip()[:1]
    form, reader = _FORMS.get(start, ("csv", _from_csv))
    try:
        pairs = list(reader(text))
    except (ValueError, csv.Error, expat.ExpatError, RecursionError) as error:
        raise Untrusted("sidecar.malformed") from error
    hashes = frozenset(
        found[1].lower()
        for name, value in pairs
        if _NAMED.search(name) and (found := _SHA256.fullmatch(value.strip()))
    )
    shown = tuple((name[:_MOST_VALUE], value[:_MOST_VALUE]) for name, value in pairs if value)
    return Sidecar(form, hashes, shown[:MOST_PAIRS])


def _from_csv(text: str) -> Iterator[tuple[str, str]]:
    rows = list(csv.reader(io.StringIO(text), strict=True))
    if len(rows) < 2 or len(rows[0]) < 2:
        raise ValueError("no table")
    for row in rows[1:]:
        yield from zip(rows[0], row, strict=False)


def _from_json(text: str) -> Iterator[tuple[str, str]]:
    yield from _flat("", json.loads(text), 0)


def _flat(name: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _MOST_DEPTH:
        raise ValueError("too deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(name, inner, depth + 1)
    elif value is not None:
        yield name, str(value)


def _from_xml(text: str) -> list[tuple[str, str]]:
    """Elements and attributes; a document type is refused, and with it every entity."""
    pairs: list[tuple[str, str]] = []
    path: list[str] = []
    words: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        path.append(name.rpartition(":")[2])
        words.clear()
        pairs.extend((f"{'.'.join(path)}.{key}", value) for key, value in attributes.items())
        if len(path) > _MOST_DEPTH:
            raise ValueError("too deep")

    def end(_name: str) -> None:
        value = "".join(words).strip()
        if value:
            pairs.append((".".join(path), value))
        words.clear()
        path.pop()

    def refuse(*_parts: Any) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words.append
    parser.Parse(text.encode(), True)
    return pairs


_FORMS = {"{": ("json", _from_json), "[": ("json", _from_json), "<": ("xml", _from_xml)}
