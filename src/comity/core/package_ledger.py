"""Checks what a court package says of the sender's ledger: checkpoint, custody, items."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from comity.core import checkpoint as checkpoints
from comity.core import logproof, notes, package_time
from comity.core import package_form as form
from comity.core.container import Container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure, moment
from comity.core.package_form import About, CustodyLine, Item, ReadLine

MAX_PROOF_BYTES = 1 << 20
Beside = Callable[[Iterator[ReadLine]], Iterator[ReadLine]]
_OPTIONAL = frozenset({form.REPORT, form.CASE})  # packages of before had no description


class Proven(NamedTuple):
    """What an entry says whose proof and commitment hold. recorded: SHA-256 that details state."""

    kind: str
    subject: str
    at: datetime
    recorded: str | None
    is_withheld: bool


@dataclass(frozen=True)
class LedgerView:
    """What the package proves of the ledger. head: None if the checkpoint does not hold.

    entries: those whose proof and commitment hold, by index. indexes: of all custody lines.
    """

    findings: tuple[Finding, ...]
    head: checkpoints.Checkpoint | None
    entries: dict[int, Proven]
    indexes: frozenset[int] = frozenset()


def check_ledger(
    container: Container,
    about: About,
    *,
    ledger_keys: Sequence[notes.Verifier],
    witnesses: Sequence[notes.Verifier],
    beside: Beside,
) -> LedgerView:
    """Check the checkpoint, the witnesses, and every custody line with its proof.

    beside: gives the lines on, and sees them too, for they are read once.
    Leaves are computed from the entries' bodies, never taken from the file.
    """
    verifiers = [*ledger_keys, *witnesses]
    entries: dict[int, Proven] = {}
    faults: list[Finding] = []
    indexes: set[int] = set()
    try:
        signed = _checkpoint(container, about, ledger_keys, witnesses)
        proofs = _Proofs(container, signed.checkpoint, verifiers)
        with container.open(form.CUSTODY) as stream:
            for read in beside(form.read_lines(stream)):
                index = read.line.index
                indexes.add(index)
                try:
                    entries[index] = proofs.proven(read)
                except Untrusted as error:
                    faults.append(failure("log.entry", error, str(index)))
    except Untrusted as error:
        return LedgerView((failure("log.checkpoint", error),), None, {})
    head = signed.checkpoint
    facts = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
    findings = [Finding("log.checkpoint", True, facts=facts), *_witnesses(signed, witnesses)]
    findings += faults
    if not faults:
        withheld = sum(each.is_withheld for each in entries.values())
        findings.append(
            Finding("log.entries", True, facts={"count": len(entries), "withheld": withheld})
        )
    return LedgerView(tuple(findings), head, entries, frozenset(indexes))


def _checkpoint(
    container: Container,
    about: About,
    ledger_keys: Sequence[notes.Verifier],
    witnesses: Sequence[notes.Verifier],
) -> checkpoints.SignedCheckpoint:
    note = container.read(form.CHECKPOINT, notes.NOTE_SIZE_LIMIT)
    signed = checkpoints.verify(note, [*ledger_keys, *witnesses])
    head = signed.checkpoint
    # Witnesses' keys sign ledgers of their own: theirs is not what the sender vouches for.
    if head.origin not in {key.name for key in ledger_keys}:
        raise Untrusted("package.other_ledger", origin=head.origin)
    if (head.origin, head.size) != (about.origin, about.size):
        raise Untrusted("package.other_checkpoint", origin=head.origin, size=head.size)
    return signed


def _witnesses(
    signed: checkpoints.SignedCheckpoint, witnesses: Sequence[notes.Verifier]
) -> Iterator[Finding]:
    keys = {(key.name, key.key_id) for key in witnesses}
    seen = [each for each in signed.signatures if (each.name, each.key_id) in keys]
    for signature in seen:
        at = None if signature.at is None else moment(signature.at)
        yield Finding("log.witness", True, signature.name, {"time": at})
    if not seen:
        yield Finding("log.witness", None, facts={"reason": "none"})


class _Proofs:
    """Checks custody lines; a signature that stands under many proofs is verified once."""

    def __init__(
        self,
        container: Container,
        head: checkpoints.Checkpoint,
        verifiers: Sequence[notes.Verifier],
    ) -> None:
        self._container, self._head, self._verifiers = container, head, verifiers
        self._held = b""  # the note that was verified last
        self._shown = logproof.Shown(head)

    def proven(self, read: ReadLine) -> Proven:
        """Give what a line's entry says. Raises Untrusted if it is not proven."""
        line = read.line
        raw = self._container.read(form.proof_path(line.index), MAX_PROOF_BYTES)
        if not self._shown.again(raw, line.index, line.entry):
            self._verify(raw, line)
            self._shown.hold()
        body = form.read_leaf(read.entry)
        if (
            line.details is not None
            and line.salt is not None
            and form.commitment(line.details, line.salt) != body.commitment
        ):
            raise Untrusted("custody.commitment")
        recorded = _recorded(read.details) if body.kind == form.INGESTED else None
        return Proven(
            sys.intern(body.kind), sys.intern(body.subject), body.at, recorded, line.details is None
        )

    def _verify(self, raw: bytes, line: CustodyLine) -> None:
        proof = logproof.parse(raw)
        if proof.checkpoint != self._held:
            if checkpoints.verify(proof.checkpoint, self._verifiers).checkpoint != self._head:
                raise Untrusted("package.other_checkpoint")
            self._held = proof.checkpoint
        logproof.verify_under(proof, line.entry, self._head)
        if proof.index != line.index:
            raise Untrusted("package.other_checkpoint")


def check_items(container: Container, about: About, ledger: LedgerView) -> Iterator[Finding]:
    """Check that each item's bytes are those that the ledger recorded when it was taken in."""
    for item in about.items:
        try:
            yield _item(container, item, ledger)
        except Untrusted as error:
            yield failure("item", error, item.number)


def _item(container: Container, item: Item, ledger: LedgerView) -> Finding:
    listed = container.listed(item.path)
    if listed.sha256.hex() != item.sha256 or listed.size != item.size:
        raise Untrusted("item.other_bytes")
    facts = {"sha256": item.sha256, "size_bytes": item.size}
    if ledger.head is None:
        return Finding("item", None, item.number, {**facts, "reason": "log.checkpoint"})
    for index in item.entries:
        if index not in ledger.entries:
            raise Untrusted("item.entry_not_proven", entry=index)
    named = [(index, ledger.entries[index]) for index in item.entries]
    if len({proven.subject for _, proven in named}) > 1:
        raise Untrusted("item.entries_of_others")
    taken_in = [(index, proven) for index, proven in named if proven.kind == form.INGESTED]
    if len({proven.recorded for _, proven in taken_in}) > 1:
        raise Untrusted("item.taken_in_twice")
    for index, proven in taken_in:
        if proven.recorded == item.sha256:
            shown = {"entry": index, "time": moment(proven.at)}
            return Finding("item", True, item.number, {**facts, **shown})
    raise Untrusted("item.not_in_log")


def _recorded(details: object) -> str | None:
    digest = details.get("sha256") if isinstance(details, dict) else None
    return digest if isinstance(digest, str) else None


def check_entries(container: Container, about: About, ledger: LedgerView) -> Iterator[Finding]:
    """Check that the package holds what package.json and the ledger lines call for, no more."""
    allowed = {
        *(form.ABOUT, form.CUSTODY, form.CHECKPOINT, form.INSTRUCTIONS, form.SCRIPT),
        *_OPTIONAL,
        *(item.path for item in about.items),
        *(path for path, _ in about.messages),
        *about.receipts,
        *(form.proof_path(index) for index in ledger.indexes),
    }
    inside = [name for name in container.names() if name.startswith(("data/", "comity/"))]
    outside = [
        name
        for name in container.names()
        if "/" in name and not name.startswith(("data/", "comity/", "META-INF/"))
    ]
    free = (form.TIME, form.DESCRIPTORS)
    extra = [name for name in inside if name not in allowed and not name.startswith(free)]
    if ledger.head is None:
        extra = [name for name in extra if not name.startswith(form.PROOFS)]
    extra += package_time.unexpected(inside)
    for name in [*extra, *outside]:
        yield Finding("package.entry", False, name, {"reason": "package.unexpected_entry"})
    for name in sorted(allowed - _OPTIONAL - set(inside)):
        yield Finding("package.entry", False, name, {"reason": "container.missing_entry"})
