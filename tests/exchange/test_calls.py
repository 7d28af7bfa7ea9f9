"""Calls of a partner: what is kept, what is answered again, what is refused and leaves no trace."""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from comity.core.sealing import envelope, receipts
from comity.core.sealing import keys as hpke
from comity.exchange import spool, tasks
from comity.exchange.actions import own_descriptor, revoke_partner
from comity.exchange.models import IncomingBlob, IncomingMessage, Receipt, Rejection, SeenNonce
from comity.ledger import actions as ledger
from comity.ledger.models import Entry
from comity.vault.models import StoredFile
from tests.exchange.conftest import notes_received
from tests.exchange.other_node import JOSE, OCTETS, OtherNode, late, now, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("listener")]


def reasons() -> list[str]:
    return list(Rejection.objects.order_by("id").values_list("reason", flat=True))


def nothing_changed() -> bool:
    return not (IncomingMessage.objects.exists() or StoredFile.objects.exists() or notes_received())


def test_a_message_is_answered_with_e2_and_reaches_its_handler_once(partner, tokyo, open_inbox):
    message = tokyo.message()
    answer = tokyo.put(message)
    assert answer.status_code == 201
    stated = receipts.verify(answer.content.decode(), ledger.keyring().seal_certificate_pem)
    assert (stated.event, stated.message_id) == ("E2", message.id)
    kept = IncomingMessage.objects.get()
    assert kept.status == "received"
    assert hashlib.sha256(spool.absolute(kept.sealed_path).read_bytes()).hexdigest() == (
        stated.sealed_sha256
    )
    assert open_inbox() == 1
    assert open_inbox() == 0
    assert notes_received() == [str(message.id)]
    kept.refresh_from_db()
    assert (kept.status, kept.type, kept.seq) == ("handled", "note/1", 0)
    assert list(Receipt.objects.about(message.id).values_list("event", flat=True)) == ["E2", "E3"]


def test_the_same_bytes_again_get_the_same_receipt(partner, tokyo, open_inbox):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    first = tokyo.put(message, sealed)
    again = tokyo.put(message, sealed)
    open_inbox()
    later = tokyo.put(message, sealed)
    assert (first.status_code, again.status_code, later.status_code) == (201, 200, 200)
    assert first.content == again.content == later.content
    open_inbox()
    assert notes_received() == [str(message.id)]


def test_other_bytes_under_a_used_id_are_refused_and_the_first_stay(partner, tokyo, open_inbox):
    message = tokyo.message()
    first = tokyo.sealed(message)
    tokyo.put(message, first)
    other = tokyo.put(message, tokyo.sealed(message))
    assert other.status_code == 409
    assert other.json() == {
        "error": "digest_conflict",
        "facts": {"sealed_sha256": hashlib.sha256(first).hexdigest()},
    }
    assert reasons() == ["digest_conflict"]
    open_inbox()
    assert notes_received() == [str(message.id)]


def test_a_repeated_call_is_refused(partner, tokyo):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    path = f"/x/1/messages/{message.id}"
    fields = tokyo.signed("PUT", path, sealed, OCTETS)
    assert send("PUT", path, sealed, fields).status_code == 201
    repeated = send("PUT", path, sealed, fields)
    assert (repeated.status_code, repeated.json()["error"]) == (409, "call.replayed")
    assert reasons() == ["call.replayed"]


def test_a_stranger_a_forger_and_a_late_clock_are_told_apart(partner, tokyo, hague):
    message = tokyo.message()
    strange = hague.put(message)
    assert (strange.status_code, strange.json()["error"]) == (401, "call.unknown_key")
    forged = hague.put(message, keyid=tokyo.keyid)
    assert (forged.status_code, forged.json()["error"]) == (401, "call.signature")
    slow = tokyo.put(message, created=late(1000))
    assert slow.status_code == 401
    assert slow.json()["error"] == "call.skew"
    assert -1002 <= slow.json()["facts"]["seconds"] <= -998
    assert "now" in slow.json()["facts"]
    fast = tokyo.put(message, created=now() + timedelta(seconds=1000))
    assert fast.json()["facts"]["seconds"] >= 998
    assert nothing_changed()
    assert reasons() == ["call.unknown_key", "call.signature", "call.skew"]
    assert Rejection.objects.get(reason="call.signature").partner is None
    assert Rejection.objects.get(reason="call.skew").times == 2


@pytest.mark.parametrize("changed", ["method", "path", "body", "type", "unsigned"])
def test_whatever_the_signature_covers_cannot_be_changed(partner, tokyo, changed):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    path = f"/x/1/messages/{message.id}"
    fields = tokyo.signed("PUT", path, sealed, OCTETS)
    method = "PUT"
    if changed == "method":
        method = "POST"
    if changed == "path":
        path = f"/x/1/messages/{uuid.uuid4()}"
    if changed == "body":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    if changed == "type":
        fields["Content-Type"] = JOSE
    if changed == "unsigned":
        fields = {"Content-Type": OCTETS}
    answer = send(method, path, sealed, fields)
    assert answer.status_code in {401, 405, 422}
    assert nothing_changed()
    assert len(reasons()) == 1


def test_a_partner_that_is_not_confirmed_or_was_revoked_is_refused(
    partner, tokyo, lawyer, administrator, hague
):
    from comity.exchange.actions import propose_partner

    propose_partner(administrator, hague.descriptor(), ["note/1"])
    assert hague.put(hague.message()).status_code == 403
    revoke_partner(lawyer, partner)
    assert tokyo.put(tokyo.message()).status_code == 403
    assert nothing_changed()
    assert reasons() == ["partner.suspended", "partner.suspended"]


def test_a_message_that_arrived_before_the_revocation_is_not_handed_on(
    partner, tokyo, lawyer, open_inbox
):
    tokyo.put(tokyo.message())
    revoke_partner(lawyer, partner)
    open_inbox()
    assert notes_received() == []
    assert IncomingMessage.objects.get().status == "rejected"


def test_too_much_no_length_and_another_type_are_refused_before_the_body(partner, tokyo, settings):
    settings.COMITY_MAX_MESSAGE_BYTES = 1000
    large = tokyo.put(tokyo.message())
    assert large.status_code == 413
    assert large.json() == {"error": "call.too_large", "facts": {"max_bytes": 1000}}
    odd = tokyo.call("PUT", f"/x/1/messages/{uuid.uuid4()}", b"x", kind="text/plain")
    assert (odd.status_code, odd.json()["error"]) == (415, "call.content_type")
    none = tokyo.call(
        "PUT", f"/x/1/messages/{uuid.uuid4()}", b"x", headers={"Content-Length": "many"}
    )
    assert none.status_code == 411
    assert nothing_changed()


def test_a_full_disk_is_said_before_anything_is_written(partner, tokyo, settings):
    settings.COMITY_RESERVED_DISK_BYTES = 1 << 60
    answer = tokyo.put(tokyo.message())
    assert (answer.status_code, answer.json()["error"]) == (507, "storage.full")
    assert answer["Retry-After"]
    assert nothing_changed()


@pytest.mark.parametrize(
    "path",
    [
        "/x/1/messages/../../etc/passwd",
        "/x/1/messages/%2e%2e%2fetc",
        "/x/1/blobs/../../../keys/seal.key",
        "/x/1/blobs/" + "A" * 64,
        "/x/2/messages/1",
        "/administration/",
    ],
)
def test_other_addresses_are_refused_and_recorded(partner, tokyo, path):
    answer = tokyo.call("PUT", path, b"x")
    assert (answer.status_code, answer.json()["error"]) == (404, "call.unknown")
    assert reasons() == ["call.unknown"]


def test_an_envelope_for_another_node_is_refused(partner, tokyo):
    message = tokyo.message()
    plain = tokyo.container(message)
    answer = tokyo.put(message, tokyo.seal(plain, message.id, to="hague.test.comity.example"))
    assert (answer.status_code, answer.json()["error"]) == (422, "envelope.not_for_us")
    assert nothing_changed()
    assert reasons() == ["envelope.not_for_us"]


def test_an_envelope_that_names_us_but_is_sealed_to_another_key_gets_f1(partner, tokyo):
    message = tokyo.message()
    _, public, key_id = hpke.generate(1)
    stranger = envelope.Recipient("kyiv.test.comity.example", 1, key_id, public)
    target = io.BytesIO()
    header = {
        "message_id": str(message.id),
        "from": tokyo.node_id,
        "to": "kyiv.test.comity.example",
        "kind": "message",
    }
    envelope.seal_stream(io.BytesIO(b"plain"), target, header, [stranger])
    answer = tokyo.put(message, target.getvalue())
    assert answer.status_code == 422
    assert answer["Content-Type"] == JOSE
    stated = receipts.verify(answer.content.decode(), ledger.keyring().seal_certificate_pem)
    assert (stated.event, stated.details) == ("F1", {"reason": "envelope.not_for_us"})
    assert tokyo.put(message, target.getvalue()).content == answer.content
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("field", ["message_id", "from", "kind"])
def test_an_envelope_that_says_something_else_than_the_call_is_refused(partner, tokyo, field):
    message = tokyo.message()
    values = {"message_id": str(uuid.uuid4()), "from": "x.example", "kind": "blob"}
    header = {field: values[field]}
    plain = tokyo.container(message)
    kind = header.pop("kind", "message")
    sealed = tokyo.seal(plain, message.id, kind, **header)
    answer = tokyo.put(message, sealed)
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("envelope.other_")
    assert nothing_changed()


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


def rejected_after_opening(open_inbox) -> str:
    """Have the worker look, check that nothing came of it but F3 and a rejection; the reason."""
    open_inbox()
    kept = IncomingMessage.objects.get()
    assert kept.status == "rejected"
    assert not StoredFile.objects.exists()
    assert notes_received() == []
    last = Receipt.objects.about(kept.uid).last()
    assert (last.event, last.details) == ("F3", {"reason": kept.reason})
    assert last.delivered_at is None
    assert Rejection.objects.get(message_id=kept.uid).reason == kept.reason
    assert Entry.objects.filter(kind="exchange.message_rejected").count() == 1
    return kept.reason


def test_a_damaged_envelope_is_refused_when_it_is_opened(partner, tokyo, open_inbox):
    message = tokyo.message()
    sealed = tokyo.sealed(message)
    assert tokyo.put(message, damaged(sealed, len(sealed) - 9)).status_code == 201
    assert rejected_after_opening(open_inbox) == "envelope.chunk"


@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_container_with_a_flipped_bit_is_refused(partner, tokyo, open_inbox, part):
    message = tokyo.message()
    plain = tokyo.container(message)
    tokyo.put(message, tokyo.seal(damaged(plain, int(len(plain) * part)), message.id))
    assert rejected_after_opening(open_inbox)


def test_a_container_sealed_by_another_authority_is_refused(partner, tokyo, hague, open_inbox):
    message = tokyo.message()
    plain = hague.container(message)
    tokyo.put(message, tokyo.seal(plain, message.id))
    assert rejected_after_opening(open_inbox) == "seal.other_signer"


def test_a_letter_that_a_partner_seals_again_for_us_is_noticed(
    paired, partner, tokyo, hague, open_inbox
):
    """The Hague wrote to Tokyo; Tokyo passes the signed letter on as if it were meant for us."""
    letter = hague.message(to_node=tokyo.node_id)
    tokyo.put(letter, tokyo.seal(hague.container(letter), letter.id))
    assert rejected_after_opening(open_inbox).startswith("seal.")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"from_node": "hague.test.comity.example"}, "message.other_sender"),
        ({"to_node": "hague.test.comity.example"}, "message.other_addressee"),
        ({"type": "reply/1"}, "message.type_not_agreed"),
        ({"type": "unheard-of/1"}, "message.type_not_agreed"),
    ],
)
def test_a_message_that_says_the_wrong_thing_inside_is_refused(
    partner, tokyo, open_inbox, changes, reason
):
    message = tokyo.message(**changes)
    tokyo.put(message)
    assert rejected_after_opening(open_inbox) == reason


def test_a_message_with_another_id_than_its_envelope_is_refused(partner, tokyo, open_inbox):
    inner, outer = tokyo.message(), tokyo.message()
    tokyo.put(outer, tokyo.seal(tokyo.container(inner), outer.id))
    assert rejected_after_opening(open_inbox) == "message.other_id"


def test_what_a_handler_refuses_is_refused_with_its_reason(partner, tokyo, open_inbox):
    tokyo.put(tokyo.message("refuse me"))
    assert rejected_after_opening(open_inbox) == "note.refused"


def test_a_fault_of_a_handler_rejects_nothing_and_tells_no_content(
    partner, tokyo, open_inbox, caplog
):
    message = tokyo.message("break me")
    words = b"this sentence must stay out of the log"
    tokyo.put(message, tokyo.seal(tokyo.container(message, words), message.id))
    open_inbox()
    kept = IncomingMessage.objects.get()
    assert (kept.status, kept.reason) == ("received", "exchange.fault")
    assert kept.next_attempt_at is not None
    assert not StoredFile.objects.exists()
    assert "RuntimeError" in caplog.text
    assert "must stay out" not in caplog.text


def test_a_rejected_message_sent_again_gets_another_look(partner, tokyo, open_inbox):
    message = tokyo.message(type="reply/1")
    sealed = tokyo.sealed(message)
    first = tokyo.put(message, sealed)
    open_inbox()
    partner.refresh_from_db()
    partner.allowed_types = ["note/1", "reply/1"]
    partner.save()
    assert tokyo.put(message, sealed).content == first.content
    assert IncomingMessage.objects.get().status == "received"


def test_order_is_kept_in_a_conversation_and_only_there(partner, tokyo, open_inbox):
    conversation = uuid.uuid4()
    parts = [tokyo.message(f"{n}", conversation=conversation, seq=n) for n in range(3)]
    other = tokyo.message("other")
    tokyo.put(parts[2])
    tokyo.put(parts[1])
    tokyo.put(other)
    open_inbox()
    assert notes_received() == [str(other.id)]
    held = IncomingMessage.objects.filter(status="held")
    assert {each.reason for each in held} == {"message.out_of_turn"}
    tokyo.put(parts[0])
    open_inbox()
    assert notes_received() == [str(each.id) for each in (other, *parts)]


def test_a_second_message_at_the_same_place_is_refused(partner, tokyo, open_inbox):
    first = tokyo.message()
    second = tokyo.message(conversation=first.conversation)
    tokyo.put(first)
    tokyo.put(second)
    open_inbox()
    assert notes_received() == [str(first.id)]
    assert reasons() == ["message.place_taken"]


def test_two_partners_cannot_disturb_each_others_ids_and_blobs(
    paired, partner, tokyo, hague, open_inbox
):
    paired(hague)
    message = tokyo.message()
    rival = hague.message(id=message.id)
    assert hague.put(rival).status_code == 201
    assert tokyo.put(message).status_code == 201
    open_inbox()
    assert notes_received() == [str(message.id)] * 2
    blob = tokyo.seal(b"x" * 100, message.id, "blob")
    hague.put_blob(blob, 0, 50)
    assert tokyo.put_blob(blob).status_code == 204


# Blobs


def with_blob(node: OtherNode, data: bytes = b"evidence" * 1000):
    message = node.message()
    sealed = node.seal(data, message.id, "blob")
    from comity.core.messages import Attachment

    attachment = Attachment(
        "exhibit-1.bin",
        len(data),
        OCTETS,
        hashlib.sha256(data).hexdigest(),
        hashlib.sha256(sealed).hexdigest(),
        "evidence",
    )
    return node.message(id=message.id, attachments=(attachment,)), sealed


def test_a_blob_arrives_in_parts_and_goes_straight_into_the_vault(partner, tokyo, open_inbox):
    message, sealed = with_blob(tokyo)
    path = f"/x/1/blobs/{hashlib.sha256(sealed).hexdigest()}"
    assert tokyo.call("HEAD", path).status_code == 404
    assert tokyo.put_blob(sealed, 0, 1000)["Upload-Offset"] == "1000"
    head = tokyo.call("HEAD", path)
    assert (head["Upload-Offset"], head["Upload-Length"]) == ("1000", str(len(sealed)))
    wrong = tokyo.put_blob(sealed, 500, 2000)
    assert (wrong.status_code, wrong["Upload-Offset"]) == (409, "1000")
    done = tokyo.put_blob(sealed, 1000)
    assert (done.status_code, done["Upload-Offset"]) == (204, str(len(sealed)))
    assert tokyo.put_blob(sealed, 0, 10)["Upload-Offset"] == str(len(sealed))
    tokyo.put(message)
    open_inbox()
    assert notes_received() == [str(message.id)]
    stored = {file.size for file in StoredFile.objects.all()}
    assert message.attachments[0].size in stored


def test_a_part_played_again_is_refused_before_and_after_the_blob_is_whole(partner, tokyo):
    _, sealed = with_blob(tokyo)
    path = f"/x/1/blobs/{hashlib.sha256(sealed).hexdigest()}"
    for start, end in ((0, 1000), (1000, len(sealed)), (0, 1000)):
        size = {"Upload-Offset": str(start), "Upload-Length": str(len(sealed))}
        fields = tokyo.signed("PUT", path, sealed[start:end], OCTETS) | size
        assert send("PUT", path, sealed[start:end], fields).status_code == 204
        repeated = send("PUT", path, sealed[start:end], fields)
        assert (repeated.status_code, repeated.json()["error"]) == (409, "call.replayed")
    assert IncomingBlob.objects.get().complete


def test_a_message_waits_for_its_blob(partner, tokyo, open_inbox):
    message, sealed = with_blob(tokyo)
    tokyo.put(message)
    open_inbox()
    kept = IncomingMessage.objects.get()
    assert (kept.status, kept.reason) == ("held", "message.blob_missing")
    tokyo.put_blob(sealed)
    IncomingMessage.objects.update(next_attempt_at=None)
    open_inbox()
    assert notes_received() == [str(message.id)]


def test_a_blob_with_other_bytes_than_its_name_begins_again(partner, tokyo):
    _, sealed = with_blob(tokyo)
    path = f"/x/1/blobs/{hashlib.sha256(sealed).hexdigest()}"
    lie = damaged(sealed, 700)
    headers = {"Upload-Offset": "0", "Upload-Length": str(len(sealed))}
    answer = tokyo.call("PUT", path, lie, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (422, "blob.digest")
    assert answer["Upload-Offset"] == "0"
    assert tokyo.put_blob(sealed).status_code == 204
    assert IncomingBlob.objects.get().complete


def test_a_part_that_is_not_the_signed_one_is_not_counted(partner, tokyo):
    _, sealed = with_blob(tokyo)
    path = f"/x/1/blobs/{hashlib.sha256(sealed).hexdigest()}"
    headers = {"Upload-Offset": "0", "Upload-Length": str(len(sealed))}
    fields = tokyo.signed("PUT", path, sealed[:100], OCTETS) | headers
    answer = send("PUT", path, damaged(sealed[:100], 5), fields)
    assert (answer.status_code, answer.json()["error"]) == (422, "call.digest")
    assert IncomingBlob.objects.get().offset == 0


def test_a_blob_that_is_not_the_file_the_message_names_is_refused(partner, tokyo, open_inbox):
    message, _ = with_blob(tokyo)
    other = tokyo.seal(b"something else", message.id, "blob")
    from dataclasses import replace

    swapped = replace(message.attachments[0], sealed_sha256=hashlib.sha256(other).hexdigest())
    message = tokyo.message(id=message.id, attachments=(swapped,))
    tokyo.put_blob(other)
    tokyo.put(message)
    assert rejected_after_opening(open_inbox) == "message.attachment_differs"


@pytest.mark.parametrize("fields", [{"Upload-Offset": "-1"}, {"Upload-Length": "0"},
                                    {"Upload-Length": "1"}, {"Upload-Offset": "x"}])  # fmt: skip
def test_odd_blob_fields_are_refused(partner, tokyo, fields):
    _, sealed = with_blob(tokyo)
    assert tokyo.put_blob(sealed, **fields).status_code in {400, 413}
    assert not IncomingBlob.objects.exists()


# Rubbish


@given(st.binary(min_size=1, max_size=400))
@example(envelope.MAGIC)
@example(envelope.MAGIC + b"\xff\xff\xff\xff")
@hypothesis_settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_rubbish_is_refused_and_changes_nothing(partner, tokyo, rubbish):
    answer = tokyo.put(tokyo.message(), rubbish)
    assert answer.status_code == 422
    assert json.loads(answer.content)["error"].startswith(("envelope.", "canonical."))
    assert nothing_changed()


@given(st.text(max_size=200))
@hypothesis_settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_rubbish_receipts_are_refused(partner, tokyo, rubbish):
    answer = tokyo.call("POST", "/x/1/receipts", rubbish.encode(), kind=JOSE)
    assert answer.status_code in {411, 422}


# Ping, descriptor, housekeeping


def test_a_ping_tells_both_clocks(partner, tokyo):
    from comity.core import canonical
    from comity.core.sealing.fields import moment_text

    body = canonical.encode({"at": moment_text(late(40))})
    answer = tokyo.call("POST", "/x/1/ping", body, kind="application/json")
    assert answer.status_code == 200
    assert -42 <= answer.json()["ahead_seconds"] <= -39
    partner.refresh_from_db()
    assert partner.ahead_seconds == answer.json()["ahead_seconds"]


def test_the_descriptor_needs_no_signature(partner, client):
    answer = client.get("/.well-known/comity")
    assert answer.content.decode() == own_descriptor()
    assert answer["Content-Type"] == JOSE


def test_a_quota_protects_the_inbox(partner, tokyo, monkeypatch):
    monkeypatch.setattr("comity.exchange.actions.quotas.MOST_WAITING", 1)
    assert tokyo.put(tokyo.message()).status_code == 201
    full = tokyo.put(tokyo.message())
    assert (full.status_code, full.json()["error"]) == (429, "partner.quota")
    assert full["Retry-After"]


def test_tidying_forgets_what_is_old_and_keeps_what_is_not(partner, tokyo, open_inbox):
    tokyo.put(tokyo.message())
    open_inbox()
    kept = IncomingMessage.objects.get()
    path = spool.absolute(kept.sealed_path)
    assert path.exists()
    SeenNonce.objects.update(seen_at=now() - timedelta(days=1))
    tasks.tidy()
    assert not path.exists()
    assert not SeenNonce.objects.exists()
    assert not tasks._tidy_is_due()
