"""Checks descriptors, messages and receipts: what passed between nodes, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.core import canonical, messages
from comity.core.checkpoint import Checkpoint
from comity.core.container import Container, open_container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure, moment
from comity.core.messages import Message
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing import jws, receipts
from comity.core.sealing.descriptor import Descriptor
from comity.core.sealing.receipts import Receipt
from comity.core.trust import Directory, Known, Trust, judge_signer

MESSAGE = "message.json"
MAX_STATEMENT_BYTES = jws.MAX_CHARACTERS


@dataclass(frozen=True)
class Signed:
    """A receipt whose signature holds, and its text."""

    receipt: Receipt
    text: str


def ascii_text(data: bytes) -> str:
    """Give the text of a JWS file, one newline at its end allowed; raises Untrusted."""
    try:
        return data.decode("ascii").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise Untrusted("statement.not_ascii") from error


def read_descriptors(
    texts: Mapping[str, bytes], trust: Trust
) -> tuple[list[Finding], list[Descriptor]]:
    """Read enclosed descriptors, by name; one that nobody confirmed is no more than a claim."""
    findings, found = [], []
    confirmed = {descriptors.fingerprint(each) for each in trust.descriptors}
    for name, data in texts.items():
        try:
            descriptor = descriptors.parse(ascii_text(data))
        except Untrusted as error:
            findings.append(failure("descriptor", error, name))
            continue
        found.append(descriptor)
        fingerprint = descriptors.fingerprint(descriptor)
        facts = {"fingerprint": descriptors.spoken_fingerprint(fingerprint)}
        is_confirmed = True if fingerprint in confirmed else None
        findings.append(Finding("descriptor", is_confirmed, descriptor.node_id, facts))
    return findings, found


def check_message(
    container: Container, directory: Directory, now: datetime
) -> tuple[list[Finding], Message | None]:
    """Check a message container: its bytes, its seal by the node it names, its form."""
    try:
        message = messages.from_bytes(container.read(MESSAGE, messages.MAX_BYTES))
    except Untrusted as error:
        examination = container.examine([], directory.trust.stamp_roots, now)
        return [*examination.findings, failure("message.form", error, MESSAGE)], None
    known = directory.of(message.from_node)
    seals = known.seals if known.is_trusted else []
    examination = container.examine(seals, directory.trust.stamp_roots, now)
    facts = {
        "type": message.type,
        "from": message.from_node,
        "to": message.to_node,
        "created": moment(message.created),
        "attachments": len(message.attachments),
    }
    form = Finding("message.form", True, str(message.id), facts)
    return [*judge_signer(examination, known), form], message


def check_messages(
    container: Container,
    listed: Sequence[tuple[str, str]],
    directory: Directory,
    now: datetime,
    opened: list[Message],
) -> Iterator[Finding]:
    """Open each enclosed message container and say in one finding whether it holds.

    opened: takes the messages that hold.
    """
    for path, identifier in listed:
        try:
            inner = open_container(container.view(path))
            findings, message = check_message(inner, directory, now)
        except Untrusted as error:
            yield failure("message", error, identifier)
            continue
        wrong = [finding for finding in findings if finding.ok is False]
        if wrong:
            facts = {"reason": wrong[0].facts.get("reason", wrong[0].code), "part": wrong[0].code}
            yield Finding("message", False, identifier, facts)
        elif message is None or str(message.id) != identifier:
            yield Finding("message", False, identifier, {"reason": "message.other_id"})
        else:
            held = {finding.code for finding in findings if finding.ok}
            facts = {"type": message.type, "from": message.from_node, "to": message.to_node}
            doubt = {} if "seal.signer" in held else {"reason": "unknown"}
            opened.append(message)
            yield Finding("message", not doubt or None, identifier, {**facts, **doubt})


def check_receipts(
    texts: Mapping[str, bytes],
    directory: Directory,
    *,
    containers: Mapping[str, str],
    heads: Mapping[str, Checkpoint],
) -> Iterator[Finding]:
    """Check receipts, by name: signature, chain, and the message and ledger they speak of.

    containers: SHA-256 of enclosed message containers, by message id. heads: checkpoints that
    hold, by node id.
    """
    signed: list[Signed] = []
    for name, data in texts.items():
        try:
            known, one = _receipt(ascii_text(data), directory)
        except Untrusted as error:
            yield failure("receipt", error, name)
            continue
        receipt = one.receipt
        facts = {
            "event": receipt.event.value,
            "node": receipt.node_id,
            "message": str(receipt.message_id),
            "time": moment(receipt.at),
        }
        doubt = {} if known.is_trusted else {"reason": "unknown"}
        contradiction = _contradiction(receipt, containers, heads)
        if contradiction:
            yield Finding("receipt", False, name, {**facts, "reason": contradiction})
        else:
            yield Finding("receipt", known.is_trusted or None, name, {**facts, **doubt})
        signed.append(one)
    yield from _chains(signed)


def _receipt(text: str, directory: Directory) -> tuple[Known, Signed]:
    """Verify a receipt with the seal certificates of the node that it names."""
    payload = canonical.decode(jws.split(text, "receipt").payload)
    node_id = payload.get("node_id") if isinstance(payload, dict) else None
    if not isinstance(node_id, str):
        raise Untrusted("receipt.malformed")
    known = directory.of(node_id)
    refusal = Untrusted("receipt.unknown_node", node=node_id)
    for certificate in known.seals:
        try:
            return known, Signed(receipts.verify(text, certificate), text)
        except Untrusted as error:
            refusal = error
    raise refusal


def _contradiction(
    receipt: Receipt, containers: Mapping[str, str], heads: Mapping[str, Checkpoint]
) -> str:
    expected = containers.get(str(receipt.message_id))
    if expected and receipt.container_sha256 and receipt.container_sha256 != expected:
        return "receipt.other_container"
    head = heads.get(receipt.node_id)
    if head is not None and receipt.head_size == head.size:
        return "" if receipt.head_root == head.root.hex() else "receipt.other_ledger"
    return ""


def _chains(signed: Sequence[Signed]) -> Iterator[Finding]:
    """Check that receipts which name each other fit, and that no two follow the same one.

    A package holds the receipts of one matter, so a predecessor may be elsewhere: a gap.
    """
    by_digest = {receipts.digest(one.text): one.receipt for one in signed}
    for node_id in sorted({one.receipt.node_id for one in signed}):
        own = [one.receipt for one in signed if one.receipt.node_id == node_id]
        named = [receipt.prev for receipt in own if receipt.prev]
        pairs = [(by_digest[each.prev], each) for each in own if each.prev in by_digest]
        fits = all(
            earlier.node_id == later.node_id and earlier.head_size <= later.head_size
            for earlier, later in pairs
        )
        is_chain = fits and len(set(named)) == len(named)
        facts = {"count": len(own), "gaps": len(named) - len(pairs)}
        reason = {} if is_chain else {"reason": "receipt.chain"}
        yield Finding("receipt.chain", is_chain, node_id, {**facts, **reason})
