"""Describes a package in CASE/UCO, the vocabulary by which forensic tools exchange custody.

A view for other software, in JSON-LD, one node a line: it says nothing that package.json and
custody.jsonl do not say. So a reader writes it again from those two and compares, and no JSON-LD
reader meets bytes from outside. Source: CASE 1.4 and UCO 1.4 (https://caseontology.org).
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

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


END = b"]}\n"


class Describer:
    """Gives the description in pieces, in its only form: `start`, each `act`, and END.

    Memory grows with the items only. An officer appears by role and by the pseudonym that the
    ledger has; nobody's name is in it.
    """

    def __init__(self, about: About) -> None:
        self._about, self._names = about, _Names(about.from_node)
        self._of_items: dict[int, tuple[_Named, ...]] = {}

    def start(self) -> Iterator[bytes]:
        """Give what stands before the acts."""
        about, names = self._about, self._names
        yield _head(about, names)
        yield _investigation(about, names).encode("utf-8")
        for item in about.items:
            named = _Named(names.id("File", item.number), names.id("ProvenanceRecord", item.number))
            yield _item(item, named, names).encode("utf-8")
            for index in item.entries:
                self._of_items[index] = (*self._of_items.get(index, ()), named)

    def act(self, index: int, entry: Mapping[str, str], details: object) -> bytes:
        """Give the nodes for the next line of custody.jsonl, from its decoded values."""
        acts = _acts(index, entry, details, self._of_items.get(index, ()), self._names)
        return acts.encode("utf-8")

    def act_of(self, line: CustodyLine) -> bytes:
        """Give the same from a line whose entry and details are canonical."""
        details = None if line.details is None else _value(line.details.decode("utf-8"))[0]
        return self.act(line.index, _value(line.entry.decode("utf-8"))[0], details)


def _head(about: About, names: _Names) -> bytes:
    context = _CONTEXT | {"kb": f"https://{about.from_node}/kb/"}
    bundle = {
        "@context": context,
        "@id": names.id("Bundle", about.case_ref),
        "@type": "uco-core:Bundle",
        "uco-core:name": FORM,
        "uco-core:object": [],
    }
    return _text(bundle).removesuffix("]}").encode("utf-8") + b"\n"


class _Named(NamedTuple):
    """The names of an item's two nodes."""

    file: str
    record: str


# Sixty thousand nodes are written in a second only as text; what others chose goes through _text.
_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_value = json.JSONDecoder().raw_decode  # what is canonical has no spaces around it


class _Names:
    """The names of things in the node's own name space, and which of them were said already."""

    def __init__(self, node_id: str) -> None:
        self._space = uuid.uuid5(_NAMES, node_id).bytes
        self._seen: dict[tuple[str, str], str] = {}
        self._met: set[tuple[str, str, str]] = set()

    def met(self, actor: str, roles: str, tool: str) -> tuple[str, str, str]:
        """Give the names of an officer and a tool, and the nodes of what is met the first time."""
        new = ""
        if (actor, roles, tool) not in self._met:
            self._met.add((actor, roles, tool))
            new = "".join(_new(actor, roles, tool, self))
        return self._seen["Identity", actor], self._seen["Tool", tool], new

    def id(self, kind: str, name: str) -> str:
        """Give the name of a thing; the same for the same thing in every package of the node.

        It ends in a UUID of version 5 (RFC 9562, 5.5) over kind and name.
        """
        digest = hashlib.sha1(self._space + f"{kind}/{name}".encode(), usedforsecurity=False)
        raw = digest.hexdigest()
        variant = "89ab"[int(raw[16], 16) & 3]
        return f"kb:{kind}-{raw[:8]}-{raw[8:12]}-5{raw[13:16]}-{variant}{raw[17:20]}-{raw[20:32]}"

    def once(self, kind: str, name: str) -> tuple[str, bool]:
        """Give the name, and whether it is asked for the first time."""
        known = self._seen.get((kind, name))
        if known is None:
            known = self._seen[kind, name] = self.id(kind, name)
            return known, True
        return known, False


def _investigation(about: About, names: _Names) -> str:
    node = {
        "@id": names.id("Investigation", about.case_ref),
        "@type": "case-investigation:Investigation",
        "uco-core:name": about.case_ref,
        "uco-core:description": about.purpose,
    }
    return _text(node) + "\n"


def _item(item: Item, named: _Named, names: _Names) -> str:
    number, file = item.number, named.file
    size = _typed("xsd:integer", str(item.size))
    return (
        f',{{"@id":"{file}","@type":"uco-observable:File","uco-core:hasFacet":['
        f'{{"@id":"{names.id("FileFacet", number)}","@type":"uco-observable:FileFacet",'
        f'"uco-observable:fileName":"{item.path.rpartition("/")[2]}",'
        f'"uco-observable:filePath":"{item.path}","uco-observable:sizeInBytes":{size}}},'
        f'{{"@id":"{names.id("ContentDataFacet", number)}",'
        f'"@type":"uco-observable:ContentDataFacet",'
        f'"uco-observable:mimeType":"{item.media_type}","uco-observable:sizeInBytes":{size},'
        f'"uco-observable:hash":[{{"@id":"{names.id("Hash", number)}","@type":"uco-types:Hash",'
        f'"uco-types:hashMethod":"SHA256",'
        f'"uco-types:hashValue":{_typed("xsd:hexBinary", item.sha256)}}}]}}]}}\n'
        f',{{"@id":"{named.record}",'
        f'"@type":"case-investigation:ProvenanceRecord",'
        f'"case-investigation:exhibitNumber":"{number}","uco-core:object":[{{"@id":"{file}"}}]}}\n'
    )


def _acts(
    index: int,
    entry: Mapping[str, str],
    details: object,
    items: Sequence[_Named],
    names: _Names,
) -> str:
    """Give the nodes for one entry: who and what is met for the first time, then the act."""
    actor, roles, by_tool = entry["actor"], _words(details, "role"), _words(details, "tool")
    performer, tool, new = names.met(actor, roles, by_tool or _NODE)
    at = _typed("xsd:dateTime", entry["at"])
    shown = ""
    if items:
        files = ",".join([f'{{"@id":"{each.file}"}}' for each in items])
        kept = ",".join([f'{{"@id":"{each.record}"}}' for each in items])
        shown = f',"uco-action:object":[{files}],"uco-action:result":[{kept}]'
    return (
        f'{new},{{"@id":"{names.id("InvestigativeAction", entry["id"])}",'
        f'"@type":"case-investigation:InvestigativeAction","uco-core:name":"{entry["kind"]}",'
        f'"uco-core:description":"leaf {index}, entry {entry["id"]}",'
        f'"uco-action:startTime":{at},"uco-action:endTime":{at},'
        f'"uco-action:performer":{{"@id":"{performer}"}},'
        f'"uco-action:instrument":[{{"@id":"{tool}"}}]{shown}}}\n'
    )


def _new(actor: str, roles: str, tool: str, names: _Names) -> Iterator[str]:
    """Give the nodes of an officer, their roles and a tool, as far as they are new."""
    performer, is_new = names.once("Identity", actor)
    if is_new:
        yield _node(performer, "uco-identity:Identity", actor)
    for role in roles.split(", "):
        yield from _role(role, performer, actor, names)
    named, is_new = names.once("Tool", tool)
    if is_new:
        yield _node(named, "uco-tool:Tool", tool)


def _role(role: str, performer: str, actor: str, names: _Names) -> Iterator[str]:
    if not role:
        return
    named, is_new = names.once("Role", role)
    if is_new:
        yield _node(named, "uco-role:Role", role)
    held, is_new = names.once("Relationship", f"{actor} {role}")
    if is_new:
        node = {
            "@id": held,
            "@type": "uco-core:Relationship",
            "uco-core:source": [{"@id": performer}],
            "uco-core:target": [{"@id": named}],
            "uco-core:kindOfRelationship": "Has_Role",
            "uco-core:isDirectional": {"@type": "xsd:boolean", "@value": "true"},
        }
        yield f",{_text(node)}\n"


def _node(identifier: str, kind: str, name: str) -> str:
    return f",{_text({'@id': identifier, '@type': kind, 'uco-core:name': name})}\n"


def _words(details: object, name: str) -> str:
    found = details.get(name) if isinstance(details, dict) else None
    return found if isinstance(found, str) else ""


def _typed(kind: str, value: str) -> str:
    return f'{{"@type":"{kind}","@value":"{value}"}}'
