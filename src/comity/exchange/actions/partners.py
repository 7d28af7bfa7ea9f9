"""The verbs on partners: propose, confirm, revoke, learn newer descriptors and how they answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from comity.accounts.models import Officer
from comity.core.access import Act, Actor, require
from comity.core.errors import Incomplete, NotAllowed, Refused, Untrusted, WrongState
from comity.core.sealing import descriptor as descriptors
from comity.core.sealing.descriptor import Descriptor
from comity.exchange.actions.own import NODE, write_partners_bundle
from comity.exchange.actions.rejections import record_rejection
from comity.exchange.models import KnownDescriptor, Partner
from comity.exchange.rules import PartnerStatus, fingerprints_equal
from comity.ledger import actions as ledger

LEAST_HOW_CHARACTERS = 10
# Consents and disclosures name a partner as "partner:<node id>" in columns of 200.
LONGEST_NODE_ID = 190


@transaction.atomic
def propose_partner(actor: Officer, descriptor_text: str, allowed_types: Iterable[str]) -> Partner:
    """Keep another node's descriptor until a second officer has compared its fingerprint.

    For a partner that is active, new keys wait beside those in force. allowed_types: message types
    that may be exchanged, from settings.MESSAGE_HANDLERS.
    Raises NotAllowed; Untrusted("descriptor.…"); Refused("exchange.own_descriptor" |
    "exchange.node_id_too_long" | "exchange.key_taken" | "exchange.type_unknown" |
    "exchange.nothing_new").
    """
    require(actor, Act.PAIR_PARTNER)
    text = descriptor_text.strip()
    described = descriptors.parse(text)
    types = _known_types(allowed_types)
    if described.node_id == settings.COMITY_NODE_ID:
        raise Refused("exchange.own_descriptor")
    if len(described.node_id) > LONGEST_NODE_ID:
        raise Refused("exchange.node_id_too_long", most=LONGEST_NODE_ID)
    _require_free_key(described)
    fingerprint = descriptors.fingerprint(described)
    partner = Partner.objects.select_for_update().filter(node_id=described.node_id).first()
    if partner is None:
        partner = Partner(node_id=described.node_id)
    if partner.status == PartnerStatus.ACTIVE:
        if fingerprint == partner.fingerprint:
            raise Refused("exchange.nothing_new")
        partner.proposed_descriptor, partner.proposed_fingerprint = text, fingerprint
    else:
        partner.status = PartnerStatus.PROPOSED
        _put_in_force(partner, text, described)
    partner.allowed_types = types
    partner.proposed_by = actor
    partner.proposed_at = timezone.now()
    partner.save()
    ledger.append(
        actor, "exchange.partner_proposed", partner.subject, fingerprint=fingerprint, types=types
    )
    return partner


def _known_types(wanted: Iterable[str]) -> list[str]:
    types = sorted(set(wanted))
    unknown = [name for name in types if name not in settings.MESSAGE_HANDLERS]
    if unknown or not types:
        raise Refused("exchange.type_unknown", types=unknown)
    return types


def _require_free_key(described: Descriptor) -> None:
    """Two partners may not sign calls under one key name: a call must belong to one of them."""
    others = Partner.objects.exclude(node_id=described.node_id)
    if others.filter(http_keyid=described.http_key.keyid).exists():
        raise Refused("exchange.key_taken")


def _put_in_force(partner: Partner, text: str, described: Descriptor) -> None:
    partner.descriptor = text
    partner.fingerprint = descriptors.fingerprint(described)
    partner.http_keyid = described.http_key.keyid
    partner.names = described.names
    partner.state = described.state
    partner.proposed_descriptor = partner.proposed_fingerprint = ""


@transaction.atomic
def confirm_partner(
    actor: Officer, partner: Partner, fingerprint_typed: str, verified_how: str
) -> None:
    """Let messages pass: another officer has compared the fingerprint with the other side.

    fingerprint_typed: as heard or read, all 64 digits in any grouping. verified_how: a sentence.
    Raises NotAllowed; WrongState("exchange.nothing_to_confirm"); Refused("exchange.same_officer" |
    "exchange.fingerprint_differs" | "exchange.key_taken"); Incomplete.
    """
    require(actor, Act.CONFIRM_PARTNER)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    if not partner.waits_for_confirmation:
        raise WrongState("exchange.nothing_to_confirm")
    if partner.proposed_by_id == actor.pk:
        raise Refused("exchange.same_officer")
    if len(verified_how.strip()) < LEAST_HOW_CHARACTERS:
        raise Incomplete("exchange.how_too_short", missing=["verified_how"])
    if not fingerprints_equal(fingerprint_typed, partner.fingerprint_to_confirm):
        raise Refused("exchange.fingerprint_differs")
    text = partner.proposed_descriptor or partner.descriptor
    described = descriptors.parse(text, partner.fingerprint_to_confirm)
    _require_free_key(described)
    _put_in_force(partner, text, described)
    partner.status = PartnerStatus.ACTIVE
    partner.confirmed_by = actor
    partner.verified_how = verified_how.strip()
    partner.verified_at = timezone.now()
    partner.revoked_at = None
    partner.failures, partner.next_attempt_at, partner.last_error = 0, None, ""
    partner.save()
    _remember(partner, described)
    ledger.append(
        actor, "exchange.partner_confirmed", partner.subject, fingerprint=partner.fingerprint
    )
    transaction.on_commit(write_partners_bundle)


def _remember(partner: Partner, described: Descriptor) -> None:
    KnownDescriptor.objects.create(
        partner=partner,
        text=partner.descriptor,
        fingerprint=partner.fingerprint,
        serial=described.serial,
    )


@transaction.atomic
def revoke_partner(actor: Officer, partner: Partner) -> None:
    """Stop every exchange with a partner at once; what waits to go out stays and waits.

    Raises NotAllowed, WrongState("exchange.already_revoked").
    """
    if not (actor.may(Act.CONFIRM_PARTNER) or actor.may(Act.PAIR_PARTNER)):
        raise NotAllowed("access.not_allowed", act=Act.CONFIRM_PARTNER)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    if partner.status == PartnerStatus.REVOKED:
        raise WrongState("exchange.already_revoked")
    partner.status = PartnerStatus.REVOKED
    partner.revoked_at = timezone.now()
    partner.proposed_descriptor = partner.proposed_fingerprint = ""
    partner.save()
    ledger.append(
        actor, "exchange.partner_revoked", partner.subject, fingerprint=partner.fingerprint
    )
    transaction.on_commit(write_partners_bundle)


@transaction.atomic
def update_descriptor(actor: Actor, partner: Partner, text: str) -> bool:
    """Take a newer descriptor with the same keys from a partner; say whether it was newer.

    Raises Untrusted: "descriptor.fingerprint" when keys have changed (two officers compare again),
    "descriptor.replayed", "descriptor.other_node" and what `descriptor.parse` raises.
    """
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    known, new = partner.described(), descriptors.parse(text)
    descriptors.check_update(known, new)
    if new == known:
        return False
    _put_in_force(partner, text, new)
    partner.save()
    _remember(partner, new)
    ledger.append(actor, "exchange.descriptor_updated", partner.subject, serial=new.serial)
    if new.tls_ca != known.tls_ca:
        transaction.on_commit(write_partners_bundle)
    return True


@transaction.atomic
def note_answer(partner: Partner, *, ahead_seconds: int | None = None) -> None:
    """Remember that a partner's node answers, and how far its clock is ahead if it said so."""
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    partner.answered_at = timezone.now()
    partner.failures, partner.next_attempt_at, partner.last_error = 0, None, ""
    if ahead_seconds is not None:
        partner.ahead_seconds = ahead_seconds
    partner.save(
        update_fields=["answered_at", "failures", "next_attempt_at", "last_error", "ahead_seconds"]
    )


def note_described(partner: Partner) -> None:
    """Remember that the partner's published descriptor was looked at now."""
    Partner.objects.filter(pk=partner.pk).update(described_at=timezone.now())


@transaction.atomic
def keep_diagnosis(actor: Actor, partner: Partner, steps: list[dict[str, Any]]) -> None:
    """Keep what a test of the connection found: [{code, ok, facts}], codes and numbers only."""
    require(actor, Act.SEE_EXCHANGE)
    partner = Partner.objects.select_for_update().get(pk=partner.pk)
    partner.diagnosis = steps
    partner.diagnosed_at = timezone.now()
    partner.save(update_fields=["diagnosis", "diagnosed_at"])
    failed = [step["code"] for step in steps if step["ok"] is False]
    ledger.append(actor, "exchange.connection_tested", partner.subject, failed=failed)


def partner_of_key(keyid: str) -> Partner | None:
    """Return the partner whose descriptor in force names this HTTP key, whatever its status."""
    return Partner.objects.filter(http_keyid=keyid).first()


def learn(partner: Partner, text: str) -> bool:
    """Take a descriptor that a partner's node published; say whether it replaced the known one.

    One that may not replace it, such as one with other keys, is recorded as a rejection instead.
    """
    try:
        return update_descriptor(NODE, partner, text)
    except Untrusted as doubt:
        record_rejection(what="call", doubt=doubt, partner=partner)
        return False
