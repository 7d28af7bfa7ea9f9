"""Checks the trusted time in a package: tokens over its checkpoint, and their renewals."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from comity.core import notes, renewals, revocation, timestamps
from comity.core import package_form as form
from comity.core.container import Container
from comity.core.errors import Untrusted
from comity.core.findings import Finding, failure, moment

MAX_TIME_BYTES = 1 << 20
_MAX_COSIGNATURES = 100
_RENEWAL = re.compile(r"renewal-([0-9]{1,4})")
_LIST = re.compile(r"revocation-[0-9]{1,4}\.(?:crl|ocsp)")
_MAX_LISTS = 64


@dataclass(frozen=True)
class _Token:
    """A token that is believed. reply: the digest of the file that holds it."""

    stamp: timestamps.Stamp
    reply: str
    end: datetime


def check_time(container: Container, roots: Sequence[bytes], now: datetime) -> Iterator[Finding]:
    """Check each time token over the checkpoint, and each renewal: bytes, imprint, authority.

    A certificate is judged at the time of its token. now: to say what has ended and what was
    renewed before; it lowers no verdict.
    """
    try:
        digests = _stamped_digests(container.read(form.CHECKPOINT, notes.NOTE_SIZE_LIMIT))
    except Untrusted:
        return  # said by check_ledger
    files = [name for name in container.names() if name.startswith(form.TIME)]
    lists: list[revocation.Statement] = []
    yield from _lists(container, [name for name in files if _LIST.fullmatch(_short(name))], lists)
    files = [name for name in files if not _LIST.fullmatch(_short(name))]
    stems = sorted({name.rpartition(".")[0] for name in files})
    names = [name for name in stems if not _RENEWAL.fullmatch(_short(name))]
    replies: dict[str, str] = {}
    held: list[_Token] = []
    for name in names:
        yield from _token(container, name, digests, roots, replies, held, lists)
    authorities = sorted({each.stamp.authority for each in held})
    if authorities:
        facts = {"count": len(authorities), "names": "; ".join(authorities)}
        yield Finding("log.authorities", True, facts=facts)
    renewed: list[_Token] = []
    numbered = sorted(set(stems) - set(names), key=_number)
    for place, name in enumerate(numbered, 1):
        yield _renewal(container, name, place, digests, roots, [*replies.values()], renewed)
    yield from _ended(held, renewed, now)


def _token(
    container: Container,
    name: str,
    digests: set[bytes],
    roots: Sequence[bytes],
    replies: dict[str, str],
    held: list[_Token],
    lists: Sequence[revocation.Statement],
) -> Iterator[Finding]:
    try:
        stamp, reply = _stamp(container, name, digests)
    except Untrusted as error:
        yield failure("log.time", error, name)
        return
    replies[name] = reply
    facts = {"time": moment(stamp.gen_time), "authority": stamp.authority}
    try:
        believed = _believed(stamp, reply, roots)
    except Untrusted as error:
        yield Finding("log.time", None, name, {**facts, "reason": error.code})
        return
    standing = _standing(believed, name, roots, lists)
    if standing is not None:
        yield standing
    if standing is None or standing.ok:
        held.append(believed)
        yield Finding("log.time", True, name, facts)


def _lists(
    container: Container, names: Sequence[str], lists: list[revocation.Statement]
) -> Iterator[Finding]:
    for name in names[:_MAX_LISTS]:
        try:
            data = container.read(name, revocation.MAX_LIST_BYTES)
            read = revocation.read if name.endswith(".crl") else revocation.read_answer
            lists.append(read(data))
        except Untrusted as error:
            yield failure("log.revocation", error, name)


def _standing(
    token: _Token,
    name: str,
    roots: Sequence[bytes],
    lists: Sequence[revocation.Statement],
) -> Finding | None:
    """Say what the enclosed lists say of the certificates behind a token; None if none does."""
    at, said = token.stamp.gen_time, []
    for certificate, issuer in revocation.pairs(timestamps.chain_of(token.stamp, roots)):
        found = revocation.covering(lists, certificate, issuer, at)
        if found is None:
            continue
        facts = {"authority": token.stamp.authority, "listed": moment(found.this_update)}
        if revocation.revoked_for(found, certificate, at):
            return Finding("log.revocation", None, name, {**facts, "reason": "revocation.revoked"})
        said.append(found.this_update)
    if not said:
        return None
    facts = {"authority": token.stamp.authority, "listed": moment(min(said))}
    return Finding("log.revocation", True, name, facts)


def _believed(stamp: timestamps.Stamp, reply: str, roots: Sequence[bytes]) -> _Token:
    trusted = timestamps.trust_stamp(stamp, roots)
    return _Token(trusted, reply, timestamps.end_of(timestamps.chain_of(stamp, roots)))


def _stamp(container: Container, name: str, digests: set[bytes]) -> tuple[timestamps.Stamp, str]:
    query = timestamps.read_request(container.read(f"{name}.tsq", MAX_TIME_BYTES))
    reply = container.read(f"{name}.tsr", MAX_TIME_BYTES)
    if query.digest not in digests:
        raise Untrusted("timestamp.wrong_imprint")
    stamp = timestamps.read_response(reply, query.digest, query.nonce)
    return stamp, renewals.digest(reply)


def _renewal(
    container: Container,
    name: str,
    place: int,
    digests: set[bytes],
    roots: Sequence[bytes],
    replies: Sequence[str],
    renewed: list[_Token],
) -> Finding:
    try:
        raw = container.read(f"{name}.json", renewals.MAX_RECORD_BYTES)
        record = renewals.read(raw)
        renewals.require_over(record, notes=[each.hex() for each in digests], tokens=replies)
        _require_chain(record, container.read(f"{name}.pem", MAX_TIME_BYTES))
        stamp, reply = _stamp(container, name, {hashlib.sha256(raw).digest()})
        if _number(name) != place or record.renewals != tuple(each.reply for each in renewed):
            raise Untrusted("renewal.order")
    except Untrusted as error:
        return failure("log.renewal", error, name)
    facts = {
        "time": moment(stamp.gen_time),
        "authority": stamp.authority,
        "count": len(record.tokens),
    }
    try:
        renewed.append(_believed(stamp, reply, roots))
    except Untrusted as error:
        return Finding("log.renewal", None, name, {**facts, "reason": error.code})
    return Finding("log.renewal", True, name, facts)


def _require_chain(record: renewals.Record, pem: bytes) -> None:
    if renewals.chain_digests(pem) != record.chain:
        raise Untrusted("renewal.other_chain")


def _ended(held: Sequence[_Token], renewed: Sequence[_Token], now: datetime) -> Iterator[Finding]:
    """Say which tokens rest on certificates that have ended, and were not renewed before."""
    later = [(each.stamp.gen_time, each.end) for each in renewed]
    for token in held:
        until = renewals.kept_until(token.end, later)
        if until < now:
            facts = {"ended": moment(until), "authority": token.stamp.authority}
            yield Finding("log.renewal", None, facts=facts | {"reason": "renewal.ended"})


def _stamped_digests(note: bytes) -> set[bytes]:
    """Give the digests of the note as it is and as it was before later cosignatures."""
    text, gap, signatures = note.rpartition(b"\n\n")
    lines = signatures.splitlines(keepends=True)[: _MAX_COSIGNATURES + 1]
    noted = [text + gap + b"".join(lines[:count]) for count in range(1, len(lines) + 1)]
    return {hashlib.sha256(each).digest() for each in [note, *noted]}


def _short(name: str) -> str:
    return name.removeprefix(form.TIME)


def _number(name: str) -> int:
    found = _RENEWAL.fullmatch(_short(name))
    return int(found[1]) if found else 0


def unexpected(names: Sequence[str]) -> Iterator[str]:
    """Give the names under comity/time/ that no token and no renewal has."""
    for name in names:
        if name.startswith(form.TIME) and _LIST.fullmatch(_short(name)):
            continue
        stem, _dot, kind = _short(name).rpartition(".")
        allowed = {"tsq", "tsr"} | ({"json", "pem"} if _RENEWAL.fullmatch(stem) else set())
        if name.startswith(form.TIME) and kind not in allowed:
            yield name


def without_revoked(findings: Sequence[Finding]) -> list[Finding]:
    """Believe no stamp over the seal by an authority that an enclosed list says is revoked."""
    revoked = {
        each.facts.get("authority")
        for each in findings
        if each.code == "log.revocation" and each.ok is None
    }
    return [
        replace(each, ok=None, facts={**each.facts, "reason": "revocation.revoked"})
        if each.code == "seal.time" and each.ok and each.facts.get("authority") in revoked
        else each
        for each in findings
    ]
