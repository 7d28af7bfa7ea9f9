"""What a partner's node can call: docs/protocol/exchange.md, section 7. Bodies are streamed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone

from comity.core import canonical, httpsig
from comity.core.errors import Refused, Untrusted
from comity.core.findings import plain
from comity.core.httpsig import VerifiedCall
from comity.core.sealing import envelope
from comity.core.sealing.fields import Fields, moment_text
from comity.exchange import actions, arriving, spool
from comity.exchange.actions.calls import refuse_repeated
from comity.exchange.models import IncomingBlob, OwnDescriptor, Partner
from comity.exchange.rules import PartnerStatus

OCTETS = "application/octet-stream"
JOSE = "application/jose"
JSON = "application/json"
TEXT = "text/plain"
MAX_STATEMENT_BYTES = 64 * 1024
RETRY_SECONDS = {"blob.busy": 1, "partner.busy": 5, "call.slow": 5, "partner.storage": 3600}
RETRY_SECONDS_ELSE = 30

STATUS = {
    "call.malformed": 400,
    "call.signature": 401,
    "call.unknown_key": 401,
    "call.skew": 401,
    "partner.suspended": 403,
    "call.unknown": 404,
    "receipt.unknown_message": 404,
    "call.method": 405,
    "call.slow": 408,
    "call.replayed": 409,
    "digest_conflict": 409,
    "receipt.chain": 409,
    "blob.offset": 409,
    "blob.length": 409,
    "witness.other_size": 409,
    "call.length": 411,
    "call.too_large": 413,
    "call.content_type": 415,
    "blob.busy": 423,
    "partner.quota": 429,
    "partner.busy": 429,
    "partner.storage": 507,
    "storage.full": 507,
}
UNPROCESSABLE = 422
# How two nodes find each other's place again: no sign of anything wrong, so not recorded.
ORDINARY = frozenset(
    {
        "witness.other_size",
        "blob.offset",
        "blob.busy",
        "receipt.chain",
        "storage.full",
        "partner.busy",
        "call.slow",
    }
)
WHAT = {"receipt": "receipt", "blob": "blob", "envelope": "message", "digest_conflict": "message"}


@dataclass
class Caller:
    """Who calls, as far as the call has been checked. Filled in while a view works."""

    partner: Partner | None = None
    message_id: uuid.UUID | None = None


View = Callable[..., HttpResponse]


def answered(view: View) -> View:
    """Turn what cannot be believed into a recorded rejection and an answer with its code."""

    @wraps(view)
    def wrapped(request: HttpRequest, **arguments: Any) -> HttpResponse:
        caller = Caller(message_id=arguments.get("message_id"))
        try:
            return view(request, caller, **arguments)
        except (Untrusted, Refused) as doubt:
            return _refuse(caller, doubt)
        except (spool.ShortBody, UnreadablePostError):
            return _refuse(caller, Untrusted("call.length"), record=False)

    return wrapped


def _refuse(caller: Caller, doubt: Untrusted | Refused, *, record: bool = True) -> HttpResponse:
    if record and doubt.code not in ORDINARY:
        what = WHAT.get(doubt.code.split(".")[0], "call")
        actions.record_rejection(
            what=what, doubt=doubt, partner=caller.partner, message_id=caller.message_id
        )
    facts = plain(doubt.facts)
    if doubt.code == "call.skew":
        facts["now"] = moment_text(timezone.now())
    status = STATUS.get(doubt.code, UNPROCESSABLE)
    response = _json({"error": doubt.code, "facts": facts}, status)
    if status in {408, 423, 429, 507}:
        wait = facts.get("seconds") or RETRY_SECONDS.get(doubt.code, RETRY_SECONDS_ELSE)
        response["Retry-After"] = str(wait)
    if "offset" in facts:
        response["Upload-Offset"] = str(facts["offset"])
    return response


def _json(value: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(canonical.encode(value), status=status, content_type=JSON)


def _identify(request: HttpRequest, caller: Caller) -> VerifiedCall:
    """Check that an active partner signed this call; its nonce is used up with what it does.

    Raises Untrusted: codes of `httpsig`, "partner.suspended", "call.replayed".
    """

    def public_key_for(keyid: str) -> Ed25519PublicKey | None:
        caller.partner = actions.partner_of_key(keyid)
        if caller.partner is None:
            return None
        return Ed25519PublicKey.from_public_bytes(caller.partner.described().http_key.public)

    try:
        call = httpsig.verify_headers(
            method=request.method or "",
            target_uri=settings.COMITY_EXCHANGE_URL.rstrip("/") + request.get_full_path(),
            headers=request.headers,
            public_key_for=public_key_for,
            now=timezone.now(),
            max_skew_seconds=settings.COMITY_CLOCK_SKEW_SECONDS,
        )
    except Untrusted as doubt:
        if doubt.code == "call.signature":
            caller.partner = None  # whoever it was, the key's owner did not say this
        raise
    if _partner(caller).status != PartnerStatus.ACTIVE:
        raise Untrusted("partner.suspended")
    refuse_repeated(call)
    return call


def _partner(caller: Caller) -> Partner:
    if caller.partner is None:
        raise Untrusted("call.unknown_key")
    return caller.partner


def _length(request: HttpRequest, most: int) -> int:
    text = request.headers.get("Content-Length", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise Untrusted("call.length")
    if int(text) > most:
        raise Untrusted("call.too_large", max_bytes=most)
    return int(text)


def _require_type(call: VerifiedCall, wanted: str) -> None:
    if call.content_type != wanted:
        raise Untrusted("call.content_type")


def _statement(request: HttpRequest, call: VerifiedCall, partner: Partner, wanted: str) -> bytes:
    """Read a short signed body and compare it with its digest."""
    _require_type(call, wanted)
    length = _length(request, MAX_STATEMENT_BYTES)
    with arriving.place(partner.pk) as place:
        body = _whole(place.body(request, length))
    if len(body) != length:
        raise spool.ShortBody
    if hashlib.sha256(body).hexdigest() != call.body_sha256:
        raise Untrusted("call.digest")
    return body


def _whole(body: arriving.Body) -> bytes:
    pieces = []
    while piece := body.read(MAX_STATEMENT_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


# Messages


@answered
def message(request: HttpRequest, caller: Caller, *, message_id: uuid.UUID) -> HttpResponse:
    """`PUT /x/1/messages/{id}`: read to stable storage, check, record, and only then answer."""
    _require_method(request, "PUT")
    call = _identify(request, caller)
    _require_type(call, OCTETS)
    length = _length(request, settings.COMITY_MAX_MESSAGE_BYTES)
    partner = _partner(caller)
    actions.require_message_allowed(partner, message_id, length)
    with arriving.place(partner.pk) as place:
        arrived = spool.take_body(place.body(request, length), length)
    try:
        if arrived.sha256 != call.body_sha256:
            raise Untrusted("call.digest")
        refusal = _look_at(arrived, partner, message_id)
        with transaction.atomic():
            actions.use_nonce(call)
            kept = actions.keep_message(
                partner, message_id=message_id, arrived=arrived, refusal=refusal
            )
    finally:
        spool.remove_path(arrived.path)
    if kept.new and refusal is not None:
        actions.record_rejection(
            what="message", doubt=refusal, partner=partner, message_id=message_id, apart=True
        )
    refused = kept.receipt.event.startswith("F")
    status = UNPROCESSABLE if refused else (201 if kept.new else 200)
    return HttpResponse(kept.receipt.text, status=status, content_type=JOSE)


def _look_at(arrived: spool.Arrived, partner: Partner, message_id: uuid.UUID) -> Untrusted | None:
    """Look at what can be read without a key; return why an envelope to us is refused unopened.

    Raises Untrusted when it is no envelope, or not the one that the call says.
    """
    with arrived.path.open("rb") as source:
        header = envelope.read_header(source)
    if header.payload["message_id"] != str(message_id) or header.payload["kind"] != "message":
        raise Untrusted("envelope.other_message")
    if header.payload["from"] != partner.node_id:
        raise Untrusted("envelope.other_sender")
    if header.payload["to"] != settings.COMITY_NODE_ID:
        raise Untrusted("envelope.not_for_us")
    held = actions.keyring().kem_private()
    if not any(one.key_id in held for one in header.recipients):
        return Untrusted("envelope.not_for_us")
    return None


# Blobs


@answered
def blob(request: HttpRequest, caller: Caller, *, sealed_sha256: str) -> HttpResponse:
    """`HEAD` and `PUT /x/1/blobs/{sha256}`: how far a blob has come, and the next part of it."""
    _require_method(request, "HEAD", "PUT")
    call = _identify(request, caller)
    partner = _partner(caller)
    if request.method == "HEAD":
        actions.use_nonce(call)
        return _how_far(partner, sealed_sha256)
    return _put_part(request, call, partner, sealed_sha256)


def _how_far(partner: Partner, sealed_sha256: str) -> HttpResponse:
    row = IncomingBlob.objects.filter(partner=partner, sealed_sha256=sealed_sha256).first()
    if row is None:
        return HttpResponse(status=404)
    return HttpResponse(
        status=200,
        content_type=OCTETS,
        headers={"Upload-Offset": str(row.offset), "Upload-Length": str(row.size)},
    )


def _number(request: HttpRequest, name: str) -> int:
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise Untrusted("call.malformed", field=name.lower())
    return int(text)


def _put_part(
    request: HttpRequest, call: VerifiedCall, partner: Partner, sealed_sha256: str
) -> HttpResponse:
    _require_type(call, OCTETS)
    start, size = _number(request, "Upload-Offset"), _number(request, "Upload-Length")
    if size > settings.COMITY_MAX_BLOB_BYTES:
        raise Untrusted("call.too_large", max_bytes=settings.COMITY_MAX_BLOB_BYTES)
    length = _length(request, size)
    if start + length > size or size == 0:
        raise Untrusted("call.malformed", field="upload-length")
    row = actions.announce_blob(partner, sealed_sha256, size)
    if row.size != size:
        raise Untrusted("blob.length", length=row.size)
    if row.complete:
        actions.use_nonce(call)
        return _stands_at(row)
    if row.offset != start:
        raise Untrusted("blob.offset", offset=row.offset)
    _write_part(request, call, row, length)
    with transaction.atomic():
        actions.use_nonce(call)
        row = actions.note_part(row, start=start, end=start + length)
    if row.offset != start + length:
        raise Untrusted("blob.offset", offset=row.offset)
    return _stands_at(_finished(row, sealed_sha256) if row.offset == size else row)


def _write_part(request: HttpRequest, call: VerifiedCall, row: IncomingBlob, length: int) -> None:
    """Write a part behind what is held. Raises Untrusted, ShortBody, Refused("storage.full")."""
    path = spool.blob_path(row.partner.uid, row.sealed_sha256)
    with arriving.place(row.partner_id) as place:
        try:
            good = spool.write_part(
                path,
                source=lambda: place.body(request, length),
                offset=row.offset,
                length=length,
                expected_sha256=call.body_sha256,
            )
        except spool.BlobBusy:
            raise Untrusted("blob.busy") from None
    if not good:
        raise Untrusted("call.digest")


def _finished(row: IncomingBlob, sealed_sha256: str) -> IncomingBlob:
    """Compare the whole blob with its name, now that every byte is on stable storage."""
    path = spool.blob_path(row.partner.uid, sealed_sha256)
    spool.cut_to(path, row.size)
    whole = spool.blob_digest(path, row.size) == sealed_sha256
    if not whole:
        spool.remove_path(path)
    row = actions.finish_blob(row, whole=whole)
    if not row.complete:
        raise Untrusted("blob.digest", offset=0)
    return row


def _stands_at(row: IncomingBlob) -> HttpResponse:
    offset = row.size if row.complete else row.offset
    return HttpResponse(status=204, headers={"Upload-Offset": str(offset)})


# Receipts, ping, descriptor


@answered
def receipts(request: HttpRequest, caller: Caller) -> HttpResponse:
    """`POST /x/1/receipts`: what the partner states about a message of ours."""
    _require_method(request, "POST")
    call = _identify(request, caller)
    body = _statement(request, call, _partner(caller), JOSE)
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        raise Untrusted("receipt.malformed") from None
    with transaction.atomic():
        actions.use_nonce(call)
        actions.keep_receipt(_partner(caller), text)
    return _json({"held": True})


@answered
def ping(request: HttpRequest, caller: Caller) -> HttpResponse:
    """`POST /x/1/ping`: TLS, keys and clocks without a message."""
    _require_method(request, "POST")
    call = _identify(request, caller)
    body = _statement(request, call, _partner(caller), JSON)
    fields = Fields(canonical.decode(body), "call")
    theirs = fields.moment("at")
    fields.done()
    actions.use_nonce(call)
    now = timezone.now()
    ahead = round((theirs - now).total_seconds())
    actions.note_answer(_partner(caller), ahead_seconds=ahead)
    actions.own_descriptor()
    newest = OwnDescriptor.objects.order_by("-serial").first()
    return _json(
        {
            "at": moment_text(now),
            "ahead_seconds": ahead,
            "node_id": settings.COMITY_NODE_ID,
            "serial": newest.serial if newest else 0,
        }
    )


@answered
def witness(request: HttpRequest, caller: Caller) -> HttpResponse:
    """`POST /x/1/witness`: cosign the partner's newer ledger head if its ledger only grew."""
    _require_method(request, "POST")
    call = _identify(request, caller)
    body = _statement(request, call, _partner(caller), TEXT)
    actions.use_nonce(call)
    line = actions.witness_head(actions.NODE, _partner(caller), body)
    return HttpResponse(line, content_type=TEXT)


@answered
def descriptor(request: HttpRequest, _caller: Caller) -> HttpResponse:
    """`GET /.well-known/comity`: what this node says about itself."""
    _require_method(request, "GET", "HEAD")
    return HttpResponse(actions.own_descriptor(), content_type=JOSE)


@answered
def unknown(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Any other address: refused, and recorded with whoever called if the call says so."""
    try:
        _identify(request, caller)
    except Untrusted:
        caller.partner = None
    raise Untrusted("call.unknown")


def _require_method(request: HttpRequest, *allowed: str) -> None:
    if request.method not in allowed:
        raise Untrusted("call.method")
