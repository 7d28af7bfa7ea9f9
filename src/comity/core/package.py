"""Verifies what a node hands out: a court package, a message container, a bundle of receipts.

Pure: bytes, trust and the moment come from the caller. The form is in package_form.py and
docs/protocol/package.md; writing is in package_writer.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO

from comity.core import growth, manifests, notes, package_exchange, package_ledger
from comity.core import package_form as form
from comity.core.container import Container, open_container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, Report, Verdict, failure, grade, moment
from comity.core.messages import Message
from comity.core.package_case import Description
from comity.core.package_conditions import check_conditions, check_receipted
from comity.core.package_form import About
from comity.core.package_ledger import LedgerView
from comity.core.package_time import check_time, without_revoked
from comity.core.package_writer import (
    PackageItem,
    PackageMessage,
    PackageRenewal,
    PackageSpec,
    ProvenEntry,
    write_package,
)
from comity.core.trust import Directory, Trust, judge_signer

__all__ = [
    "Finding",
    "PackageItem",
    "PackageMessage",
    "PackageRenewal",
    "PackageSpec",
    "ProvenEntry",
    "Report",
    "Trust",
    "Verdict",
    "verify_package",
    "verify_receipts",
    "write_package",
]

AGE = b"age-encryption.org/v1\n"  # how a file that age encrypted begins
MAX_BUNDLE_BYTES = 64 << 20
MAX_BUNDLE_LINES = 100_000


def verify_package(source: BinaryIO, trust: Trust, now: datetime) -> Report:
    """Verify a court package, a message container, or any other container of this form.

    source: seekable. now: aware; only for certificates that no trusted stamp dates.
    Never raises for what the bytes are: whatever does not hold is a finding.
    """
    start = source.read(len(AGE))
    source.seek(0)
    if start == AGE:
        closed = failure("container.open", Untrusted("container.encrypted"))
        return Report("container", Verdict.UNVERIFIABLE, (closed,))
    try:
        container = open_container(source)
    except Untrusted as error:
        finding = failure("container.open", error)
        unsealed = error.code == "container.not_sealed"
        return Report("container", Verdict.UNVERIFIABLE if unsealed else Verdict.FAILED, (finding,))
    if form.ABOUT in container:
        return _court_package(container, trust, now)
    if package_exchange.MESSAGE in container:
        findings, _ = package_exchange.check_message(container, Directory(trust), now)
        return _report("message", findings)
    anybody = [each.seal_certificate.encode("ascii") for each in trust.descriptors]
    return _report("container", container.check(anybody, trust.stamp_roots, now))


def verify_receipts(source: BinaryIO, trust: Trust) -> Report:
    """Verify a bundle: text with one receipt or descriptor (compact JWS) on each line.

    SEALED if every receipt is by a trusted node, INTEGRITY_ONLY if by an enclosed descriptor.
    Never raises for what the bytes are.
    """
    data = source.read(MAX_BUNDLE_BYTES + 1)
    lines = data.removesuffix(b"\n").split(b"\n")
    if len(data) > MAX_BUNDLE_BYTES or len(lines) > MAX_BUNDLE_LINES:
        return _report("receipts", [failure("bundle.form", Untrusted("bundle.too_large"))])
    named = {f"line {number}": line for number, line in enumerate(lines, 1)}
    claims = {name: line for name, line in named.items() if _is_descriptor(line)}
    findings, enclosed = package_exchange.read_descriptors(claims, trust)
    directory = Directory(trust, tuple(enclosed))
    texts = {name: line for name, line in named.items() if name not in claims}
    findings += package_exchange.check_receipts(texts, directory, containers={}, heads={})
    unknown = [each for each in findings if each.facts.get("reason") == "receipt.unknown_node"]
    if unknown and all(each in unknown for each in findings if each.ok is False):
        return Report("receipts", Verdict.UNVERIFIABLE, tuple(findings))
    if any(finding.ok is False for finding in findings):
        return Report("receipts", Verdict.FAILED, tuple(findings))
    if not texts:
        return Report("receipts", Verdict.UNVERIFIABLE, tuple(findings))
    doubts = [each for each in findings if each.code == "receipt" and each.ok is None]
    return Report("receipts", Verdict.INTEGRITY_ONLY if doubts else Verdict.SEALED, tuple(findings))


def verify_growth(data: bytes, old_note: bytes, trust: Trust) -> Report:
    """Verify that a ledger only grew since an older checkpoint: see `growth`.

    SEALED if it holds by the key of a trusted node. Never raises for what the bytes are.
    """
    keys = [notes.Verifier.parse(each.ledger_key) for each in trust.descriptors]
    try:
        old, new = growth.verify(growth.parse(data), old_note, keys)
    except Untrusted as error:
        unknown = error.code == "note.no_known_signature"
        finding = failure("log.growth", error)
        return Report("growth", Verdict.UNVERIFIABLE if unknown else Verdict.FAILED, (finding,))
    facts = {
        "origin": new.checkpoint.origin,
        "old": old.checkpoint.size,
        "size": new.checkpoint.size,
    }
    found = Finding("log.growth", True, new.checkpoint.origin, facts)
    return Report("growth", Verdict.SEALED, (found,))


def _is_descriptor(line: bytes) -> bool:
    # The header of a descriptor holds a certificate; a receipt's is short.
    return len(line.partition(b".")[0]) > 300


def _report(kind: str, findings: Iterable[Finding]) -> Report:
    found = tuple(findings)
    return Report(kind, grade(found), found)


def _court_package(container: Container, trust: Trust, now: datetime) -> Report:
    try:
        about = form.read_about(container.read(form.ABOUT, form.MAX_ABOUT_BYTES))
    except Untrusted as error:
        findings = container.check([], trust.stamp_roots, now)
        if error.code == "package.unknown_format" and grade(findings).holds:
            unknown = Finding("package.form", None, form.ABOUT, {"reason": error.code})
            return Report("package", Verdict.UNVERIFIABLE, (*findings, unknown))
        return _report("package", [*findings, failure("package.form", error, form.ABOUT)])
    return _report("package", without_revoked(list(_findings(container, about, trust, now))))


def _findings(container: Container, about: About, trust: Trust, now: datetime) -> Iterable[Finding]:
    claimed, enclosed = package_exchange.read_descriptors(
        _readable(container, _under(container, form.DESCRIPTORS)), trust
    )
    directory = Directory(trust, tuple(enclosed))
    sender = directory.of(about.from_node)
    examination = container.examine(
        sender.seals if sender.is_trusted else [], trust.stamp_roots, now
    )
    yield from judge_signer(examination, sender)
    yield _about_finding(about)
    yield from claimed
    if not any(each.node_id == about.from_node for each in enclosed):
        yield Finding("descriptor", False, about.from_node, {"reason": "descriptor.missing"})
    description = Description(container, about)
    ledger = package_ledger.check_ledger(
        container,
        about,
        beside=description.watching,
        ledger_keys=sender.ledger_keys,
        witnesses=directory.witnesses(about.from_node),
    )
    yield from ledger.findings
    yield from check_time(container, trust.stamp_roots, now)
    yield from package_ledger.check_items(container, about, ledger)
    yield from description.findings()
    opened: list[Message] = []
    yield from package_exchange.check_messages(container, about.messages, directory, now, opened)
    yield from check_conditions(about, ledger, opened)
    receipts = list(_receipts(container, about, directory, ledger))
    yield from receipts
    yield from check_receipted(
        about,
        frozenset(str(each.facts["message"]) for each in receipts if "message" in each.facts),
    )
    yield from package_ledger.check_entries(container, about, ledger)


def _receipts(
    container: Container, about: About, directory: Directory, ledger: LedgerView
) -> Iterator[Finding]:
    yield from package_exchange.check_receipts(
        _readable(container, about.receipts),
        directory,
        containers={
            identifier: container.listed(path).sha256.hex()
            for path, identifier in about.messages
            if path in container
        },
        heads={} if ledger.head is None else {about.from_node: ledger.head},
    )


def _about_finding(about: About) -> Finding:
    facts = {
        "from": about.from_node,
        "case_ref": about.case_ref,
        "purpose": about.purpose,
        "legal_basis": about.legal_basis,
        "created": moment(about.created),
        "items": len(about.items),
        "messages": len(about.messages),
        "receipts": len(about.receipts),
    }
    return Finding("package.form", True, about.from_node, facts)


def _under(container: Container, folder: str) -> list[str]:
    return [name for name in container.names() if name.startswith(folder)]


def _readable(container: Container, names: Iterable[str]) -> dict[str, bytes]:
    """Give the bytes of small entries; one that changed is read as it is and fails where it is."""
    limit = package_exchange.MAX_STATEMENT_BYTES
    found = {}
    for name in names:
        if name in container and name != manifests.MANIFEST:
            with container.view(name) as stream:
                found[name] = stream.read(limit + 1)
    return found
