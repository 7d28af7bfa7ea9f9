"""Describes a package in CASE/UCO, the vocabulary by which forensic tools exchange custody.

A view for other software, in JSON-LD, one node a line: it says nothing that package.json and
custody.jsonl do not say. So a reader writes it again from those two and compares, and no JSON-LD
reader meets bytes from outside. Source: CASE 1.4 and UCO 1.4 (https://caseontology.org).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from comity.core import canonical
from comity.core.package_form import About, CustodyLine, Item

FORM = "comity-case/1"
_NAMES = uuid.UUID("0b7c8b0e-6c0f-5d53-9f0e-2d0b6a1f6a55")  # drawn once; uuid5 hangs under it
_NODE = "Comity"
_CONTEXT = {
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
    "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
    "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
    "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
    "uco-role": "https://ontology.unifiedcyberontology.org/uco/role/",
    "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
    "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def describe(about: About, custody: Iterable[CustodyLine]) -> Iterator[bytes]:
    """Give the description as lines of bytes, in its only form; memory grows with the items only.

    custody: the lines of custody.jsonl in their order; their entries and details are canonical.
    An officer appears by role and by the pseudonym that the ledger has; nobody's name is in it.
    """
    names = _Names(about.from_node)
    yield _head(about, names)
    yield _line(names.investigation(about)).removeprefix(b",")
    for item in about.items:
        yield from map(_line, _item_nodes(item, names))
    numbers: dict[int, list[str]] = {}
    for item in about.items:
        for index in item.entries:
            numbers.setdefault(index, []).append(item.number)
    for line in custody:
        yield from map(_line, _action_nodes(line, numbers.get(line.index, ()), names))
    yield b"]}\n"


def _head(about: About, names: _Names) -> bytes:
    context = _CONTEXT | {"kb": f"https://{about.from_node}/kb/"}
    bundle = {
        "@context": context,
        "@id": names.id("Bundle", about.case_ref),
        "@type": "uco-core:Bundle",
        "uco-core:name": FORM,
        "uco-core:object": [],
    }
    return _json(bundle).removesuffix(b"]}") + b"\n"


def _line(node: Mapping[str, object]) -> bytes:
    return b"," + _json(node) + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


class _Names:
    """The names of things in the node's own name space, and which of them were said already."""

    def __init__(self, node_id: str) -> None:
        self._space = uuid.uuid5(_NAMES, node_id)
        self._seen: dict[tuple[str, str], str] = {}

    def id(self, kind: str, name: str) -> str:
        """Give the name of a thing; the same for the same thing in every package of the node."""
        return f"kb:{kind}-{uuid.uuid5(self._space, f'{kind}/{name}')}"

    def once(self, kind: str, name: str) -> tuple[str, bool]:
        """Give the name, and whether it is asked for the first time."""
        known = self._seen.get((kind, name))
        if known is None:
            known = self._seen[kind, name] = self.id(kind, name)
            return known, True
        return known, False

    def investigation(self, about: About) -> dict[str, object]:
        """Give the node for the proceeding that the package is for."""
        return {
            "@id": self.id("Investigation", about.case_ref),
            "@type": "case-investigation:Investigation",
            "uco-core:name": about.case_ref,
            "uco-core:description": about.purpose,
        }


def _item_nodes(item: Item, names: _Names) -> Iterator[dict[str, object]]:
    file = names.id("File", item.number)
    digest = {
        "@id": names.id("Hash", item.number),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": _typed("xsd:hexBinary", item.sha256),
    }
    yield {
        "@id": file,
        "@type": "uco-observable:File",
        "uco-core:hasFacet": [
            {
                "@id": names.id("FileFacet", item.number),
                "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": item.path.rpartition("/")[2],
                "uco-observable:filePath": item.path,
                "uco-observable:sizeInBytes": _typed("xsd:integer", str(item.size)),
            },
            {
                "@id": names.id("ContentDataFacet", item.number),
                "@type": "uco-observable:ContentDataFacet",
                "uco-observable:mimeType": item.media_type,
                "uco-observable:sizeInBytes": _typed("xsd:integer", str(item.size)),
                "uco-observable:hash": [digest],
            },
        ],
    }
    yield {
        "@id": names.id("ProvenanceRecord", item.number),
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": item.number,
        "uco-core:object": [{"@id": file}],
    }


def _action_nodes(
    line: CustodyLine, numbers: Sequence[str], names: _Names
) -> Iterator[dict[str, object]]:
    entry: dict[str, Any] = canonical.decode(line.entry)
    details = {} if line.details is None else canonical.decode(line.details)
    performer, is_new = names.once("Identity", entry["actor"])
    if is_new:
        yield {"@id": performer, "@type": "uco-identity:Identity", "uco-core:name": entry["actor"]}
    for role in _words(details, "role").split(", "):
        yield from _role_nodes(role, performer, entry["actor"], names)
    tool, is_new = names.once("Tool", _words(details, "tool") or _NODE)
    if is_new:
        yield {
            "@id": tool,
            "@type": "uco-tool:Tool",
            "uco-core:name": _words(details, "tool") or _NODE,
        }
    at = _typed("xsd:dateTime", entry["at"])
    action: dict[str, object] = {
        "@id": names.id("InvestigativeAction", entry["id"]),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": entry["kind"],
        "uco-core:description": f"leaf {line.index}, entry {entry['id']}",
        "uco-action:startTime": at,
        "uco-action:endTime": at,
        "uco-action:performer": {"@id": performer},
        "uco-action:instrument": [{"@id": tool}],
    }
    if numbers:
        action["uco-action:object"] = [{"@id": names.id("File", each)} for each in numbers]
        records = [{"@id": names.id("ProvenanceRecord", each)} for each in numbers]
        action["uco-action:result"] = records
    yield action


def _role_nodes(
    role: str, performer: str, actor: str, names: _Names
) -> Iterator[dict[str, object]]:
    if not role:
        return
    named, is_new = names.once("Role", role)
    if is_new:
        yield {"@id": named, "@type": "uco-role:Role", "uco-core:name": role}
    held, is_new = names.once("Relationship", f"{actor} {role}")
    if is_new:
        yield {
            "@id": held,
            "@type": "uco-core:Relationship",
            "uco-core:source": [{"@id": performer}],
            "uco-core:target": [{"@id": named}],
            "uco-core:kindOfRelationship": "Has_Role",
            "uco-core:isDirectional": _typed("xsd:boolean", "true"),
        }


def _words(details: object, name: str) -> str:
    found = details.get(name) if isinstance(details, dict) else None
    return found if isinstance(found, str) else ""


def _typed(kind: str, value: str) -> dict[str, str]:
    return {"@type": kind, "@value": value}
