"""Writes the court package from bytes and keys that the caller has gathered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from comity.core import case_uco
from comity.core import package_form as form
from comity.core.checkpoint import parse as parse_checkpoint
from comity.core.container_writer import (
    ContainerDigest,
    Entry,
    Pieces,
    Seal,
    Source,
    write_container,
)
from comity.core.package_form import About, CustodyLine, Item
from comity.core.parts import Kept
from comity.core.revocation import RevocationList, Statement

_FILES = Path(__file__).with_name("package_files")
_JSON, _TEXT = "application/json", "text/plain"


@dataclass(frozen=True, slots=True)
class PackageItem:
    """An item to hand over.

    number: such as "E-000123". source: its plaintext, bytes or a function that opens it (called
    twice if it is large). sha256: what the ledger recorded, 64 hex digits; the bytes must have it.
    size: bytes.
    conditions: use conditions. entries: indexes of its ledger entries; among them one of kind
    evidence.item_ingested whose details hold the same sha256.
    """

    number: str
    source: Source
    sha256: str
    size: int
    media_type: str
    conditions: tuple[str, ...]
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A ledger entry with the `.tlog-proof` file for it under the package's checkpoint.

    proof: the file, or the pieces of it; several may share one.
    """

    line: CustodyLine
    proof: bytes | Pieces


@dataclass(frozen=True)
class PackageMessage:
    """A letter or reply. identifier: the message's UUID. source: its whole `.asice` container."""

    identifier: str
    source: Source


@dataclass(frozen=True)
class PackageRenewal:
    """A later token over the record of earlier ones. record: of `renewals`. chain: PEM."""

    record: bytes
    chain: bytes
    request: bytes
    response: bytes


@dataclass(frozen=True)
class PackageSpec:
    """Everything that a court package holds.

    created: aware. checkpoint: the signed note; every proof is under the same tree head.
    custody: by ascending index; gone through once, and never held as a whole.
    time: (request, response) in DER over SHA-256 of the note. renewals: of those, oldest first.
    revocations: what the issuers behind those tokens said of revocation.
    receipts, descriptors: JWS texts;
    descriptors include the sender's own. report: PDF or None.
    """

    from_node: str
    purpose: str
    legal_basis: str
    case_ref: str
    created: datetime
    seal: Seal
    items: Sequence[PackageItem]
    custody: Iterable[ProvenEntry]
    checkpoint: bytes
    descriptors: Sequence[str]
    time: Sequence[tuple[bytes, bytes]] = ()
    renewals: Sequence[PackageRenewal] = ()
    revocations: Sequence[Statement] = ()
    messages: Sequence[PackageMessage] = ()
    receipts: Sequence[str] = ()
    report: bytes | None = None


def write_package(target: BinaryIO, spec: PackageSpec) -> ContainerDigest:
    """Write a sealed court package; memory does not grow with the size of the items.

    target needs write() only; discard it when this raises.
    Raises Refused("container.source_changed") if an item's bytes are not those of its digest,
    ValueError or Untrusted for a spec that no package can hold.
    """
    info = {"Source-Organization": spec.from_node, "External-Identifier": form.FORMAT}
    return write_container(target, _entries(spec), spec.seal, spec.created, info)


def _entries(spec: PackageSpec) -> Iterator[Entry]:
    about = _about(spec)
    yield Entry(form.ABOUT, form.write_about(about), _JSON)
    yield from _custody_entries(spec, about)
    for item, packed in zip(about.items, spec.items, strict=True):
        yield Entry(item.path, packed.source, item.media_type, item.sha256, item.size)
    yield Entry(form.CHECKPOINT, spec.checkpoint, _TEXT)
    yield Entry(form.INSTRUCTIONS, (_FILES / "VERIFY.txt").read_bytes(), _TEXT)
    yield Entry(form.SCRIPT, (_FILES / "verify.sh").read_bytes(), "text/x-shellscript")
    yield from _time_entries(spec)
    for message in spec.messages:
        yield Entry(form.message_path(message.identifier), message.source, _ASICE)
    yield from _statements(form.RECEIPTS, spec.receipts)
    yield from _statements(form.DESCRIPTORS, spec.descriptors)
    if spec.report is not None:
        yield Entry(form.REPORT, spec.report, "application/pdf")


_ASICE = "application/vnd.etsi.asic-e+zip"


def _about(spec: PackageSpec) -> About:
    head = parse_checkpoint(spec.checkpoint.decode("utf-8").rpartition("\n\n")[0] + "\n")
    return About(
        from_node=spec.from_node,
        purpose=spec.purpose,
        legal_basis=spec.legal_basis,
        case_ref=spec.case_ref,
        created=spec.created,
        items=tuple(
            Item(
                number=item.number,
                path=form.item_path(item.number),
                sha256=item.sha256,
                size=item.size,
                media_type=item.media_type,
                conditions=tuple(item.conditions),
                entries=tuple(sorted(item.entries)),
            )
            for item in spec.items
        ),
        messages=tuple(
            (form.message_path(message.identifier), message.identifier) for message in spec.messages
        ),
        receipts=tuple(_statement_path(form.RECEIPTS, each) for each in range(len(spec.receipts))),
        origin=head.origin,
        size=head.size,
    )


def _custody_entries(spec: PackageSpec, about: About) -> Iterator[Entry]:
    """Go through the custody once: its lines, what describes them, and a proof for each."""
    lines, case, describer = Kept(), Kept(), case_uco.Describer(about)
    for piece in describer.start():
        case.add(piece)
    before = -1
    for proven in spec.custody:
        if proven.line.index <= before:
            raise ValueError("custody must ascend")
        before = proven.line.index
        lines.add(form.write_line(proven.line))
        case.add(describer.act_of(proven.line))
        yield Entry(form.proof_path(before), proven.proof, _TEXT)
    case.add(case_uco.END)
    lines.close()
    case.close()
    yield Entry(form.CUSTODY, lines, "application/jsonl")
    yield Entry(form.CASE, case, "application/ld+json")


def _time_entries(spec: PackageSpec) -> list[Entry]:
    entries = []
    for number, (request, response) in enumerate(spec.time, 1):
        entries.append(Entry(f"{form.TIME}{number}.tsq", request, "application/timestamp-query"))
        entries.append(Entry(f"{form.TIME}{number}.tsr", response, "application/timestamp-reply"))
    for number, renewal in enumerate(spec.renewals, 1):
        stem = f"{form.TIME}renewal-{number}"
        entries += [
            Entry(f"{stem}.json", renewal.record, _JSON),
            Entry(f"{stem}.pem", renewal.chain, "application/x-pem-file"),
            Entry(f"{stem}.tsq", renewal.request, "application/timestamp-query"),
            Entry(f"{stem}.tsr", renewal.response, "application/timestamp-reply"),
        ]
    for number, said in enumerate(spec.revocations, 1):
        is_list = isinstance(said, RevocationList)
        kind, media_type = ("crl", "pkix-crl") if is_list else ("ocsp", "ocsp-response")
        name = f"{form.TIME}revocation-{number}.{kind}"
        entries.append(Entry(name, said.der, f"application/{media_type}"))
    return entries


def _statements(folder: str, texts: Sequence[str]) -> list[Entry]:
    return [
        Entry(_statement_path(folder, number), text.encode("ascii"), "application/jose")
        for number, text in enumerate(texts)
    ]


def _statement_path(folder: str, number: int) -> str:
    """Give names that sort in the order of the texts."""
    return f"{folder}{number + 1:06}.jws"
