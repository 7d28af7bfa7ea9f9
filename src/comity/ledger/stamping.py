"""Asks time-stamp authorities over HTTP (RFC 3161, 3.4); the only network code of the ledger."""

from __future__ import annotations

import hashlib
import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from comity.core import certificates, revocation, timestamps
from comity.core.errors import Untrusted
from comity.ledger import actions
from comity.ledger.models import Checkpoint, RevocationRecord

# Why an authority gave no stamp: its address, a code, the bytes that it answered.
Reason = tuple[str, str, bytes]


@dataclass(frozen=True)
class Answer:
    """What an authority answered to one query, as it was sent and received (DER)."""

    authority: str
    request: bytes
    response: bytes
    stamp: timestamps.Stamp


class NoStamp(Exception):
    """No authority gave a usable stamp; `reasons` holds (authority, code, response bytes)."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__("no stamp")
        self.reasons = reasons


def roots() -> list[bytes]:
    """The PEM certificates under which this node believes a time-stamp."""
    return [path.read_bytes() for path in settings.COMITY_TSA_ROOTS]


def ask(digest: bytes) -> Answer:
    """Return a good stamp over a SHA-256 digest from the first configured authority that gives one.

    No look at the database: signers ask from an event loop, where Django allows none.
    Raises NoStamp when none is configured, reachable or believable. Never call in a transaction.
    """
    reasons: list[Reason] = []
    for answer in ask_several(settings.COMITY_TSA_URLS, digest, 1):
        if isinstance(answer, Answer):
            return answer
        reasons.append(answer)
    raise NoStamp(reasons)


def ask_several(
    authorities: Sequence[str], digest: bytes, wanted: int
) -> Iterator[Answer | Reason]:
    """Yield what authorities answer, as it comes, until so many gave a good stamp.

    As many are asked at once as stamps are wanted, the next one for each that fails; a slow one
    holds up none but itself. Never call in a transaction.
    """
    waiting, running = deque(authorities), set[Future[Answer | Reason]]()
    pool = ThreadPoolExecutor(max(1, len(authorities)), thread_name_prefix="stamping")
    try:
        while wanted > 0:
            while waiting and len(running) < wanted:
                running.add(pool.submit(_ask_one, waiting.popleft(), digest))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                answer = each.result()
                wanted -= isinstance(answer, Answer)
                yield answer
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _ask_one(url: str, digest: bytes) -> Answer | Reason:
    import httpx2  # only who asks an authority needs it

    nonce = secrets.randbits(63)
    request = timestamps.make_request(digest, nonce)
    response = b""
    try:
        reply = httpx2.post(
            url,
            content=request,
            headers={"Content-Type": "application/timestamp-query"},
            timeout=settings.COMITY_TSA_TIMEOUT_SECONDS,
        )
        response = reply.content
        reply.raise_for_status()
        stamp = timestamps.verify_response(response, digest, nonce, roots(), timezone.now())
        if settings.COMITY_TSA_POLICIES and stamp.policy not in settings.COMITY_TSA_POLICIES:
            raise Untrusted("timestamp.wrong_policy")
    except httpx2.HTTPError as failure:
        return url, f"http.{type(failure).__name__}", response
    except Untrusted as doubt:
        return url, doubt.code, response
    return Answer(url, request, response, stamp)


def fetch(address: str, question: bytes = b"") -> revocation.Statement:
    """Fetch a list of revoked certificates, or ask a responder; in the time of an authority.

    Follows no redirect. Who signed it is not judged.
    Raises httpx2.HTTPError, Untrusted("revocation.…").
    """
    import httpx2  # only who asks an authority needs it

    received = b""
    headers = {"Content-Type": "application/ocsp-request"} if question else {}
    with httpx2.stream(
        "POST" if question else "GET",
        address,
        content=question or None,
        headers=headers,
        timeout=settings.COMITY_TSA_TIMEOUT_SECONDS,
        follow_redirects=False,
    ) as reply:
        reply.raise_for_status()
        for piece in reply.iter_bytes():
            received += piece
            if len(received) > revocation.MAX_LIST_BYTES:
                raise Untrusted("revocation.malformed")
    return (revocation.read_answer if question else revocation.read)(received)


def signed_pdf(
    pdf: bytes, stamper: Callable[[bytes], bytes] | None, now: datetime, reason_code: str
) -> bytes:
    """Return the PDF with the node's seal (PAdES), stamped if there is a stamper.

    Raises NoStamp if no authority answers.
    """
    from comity.core.documents.signing import sign_pdf  # what it needs is large

    keys = actions.keyring()
    return sign_pdf(
        pdf,
        key_pem=keys.seal_key_pem,
        cert_pem=keys.seal_certificate_pem,
        stamper=stamper,
        now=now,
        reason_code=reason_code,
    )


def chains(head: Checkpoint) -> list[tuple[datetime, list[x509.Certificate]]]:
    """The time of each token and renewal over a checkpoint, and the certificates it rests on."""
    replies = [(each.gen_time, each.response) for each in head.tokens.order_by("pk")]
    replies += [(each.gen_time, each.response) for each in head.renewals.order_by("number")]
    return [(moment, chain_of(bytes(response))) for moment, response in replies]


def chain_of(response: bytes) -> list[x509.Certificate]:
    """The certificates that a kept reply rests on, the authority's own first."""
    token = timestamps.token_of(response)
    return timestamps.chain_of(timestamps.stamp_of(token), roots())


def statements_about(head: Checkpoint) -> list[revocation.Statement]:
    """What is kept on whether a checkpoint's tokens rest on revoked certificates."""
    found: dict[bytes, revocation.Statement] = {}
    for moment, chain in chains(head):
        for certificate, issuer in revocation.pairs(chain):
            rows = kept_about(certificate)
            best = rows.filter(this_update__gte=moment).first() or rows.last()
            if best and best.statement.speaks_of(certificate, issuer):
                found[best.statement.der] = best.statement
    return list(found.values())


def kept_about(certificate: x509.Certificate) -> QuerySet[RevocationRecord]:
    """What is kept about a certificate, by the moments of which it speaks."""
    lists = Q(certificate="", address__in=revocation.addresses(certificate))
    answers = Q(certificate=certificates.fingerprint(certificate))
    return RevocationRecord.objects.filter(lists | answers)


def have_stamped(head: Checkpoint) -> bool:
    """Get the tokens that a checkpoint still lacks; say whether it has one now.

    Each token is kept when it comes, and so is what an authority answered wrongly. Authorities
    that failed just now are left alone. Never call in a transaction.
    """
    missing, authorities = actions.missing_stamps(head)
    if missing and authorities:
        digest = hashlib.sha256(bytes(head.note)).digest()
        for answer in ask_several(authorities, digest, missing):
            if isinstance(answer, Answer):
                actions.keep_stamp(
                    head,
                    authority=answer.authority,
                    request=answer.request,
                    response=answer.response,
                    gen_time=answer.stamp.gen_time,
                )
            else:
                actions.keep_stamp_failures(head, [answer])
    return head.tokens.exists()


def stamper(digest: bytes) -> bytes:
    """Return a token over a digest: the form that `core.cms` and `core.documents` take.

    Raises NoStamp. Work that must not wait for trusted time catches it and goes on without a
    token; the next checkpoint's stamp covers what the ledger has of it.
    """
    return ask(digest).stamp.token
