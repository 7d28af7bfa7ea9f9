"""Pairing takes two officers on each side and a fingerprint that somebody heard."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings as django_settings

from comity.core.access import Role
from comity.core.errors import Incomplete, NotAllowed, Refused, Untrusted, WrongState
from comity.core.sealing import descriptor as descriptors
from comity.exchange import actions
from comity.exchange.models import KnownDescriptor, OwnDescriptor, Partner, Rejection, work_for
from comity.exchange.rules import PartnerStatus
from comity.ledger.models import Entry

pytestmark = pytest.mark.django_db
HOW = "Video call and paper."


def bundle() -> str:
    return (Path(django_settings.COMITY_KEYS) / "partners-ca.pem").read_text()


def kinds() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("kind", flat=True))


def test_two_officers_connect_a_partner(
    administrator, lawyer, tokyo, django_capture_on_commit_callbacks
):
    partner = actions.propose_partner(administrator, tokyo.descriptor(), ["note/1"])
    assert partner.status == PartnerStatus.PROPOSED
    assert [row.verb for row in work_for(lawyer)] == ["Compare"]
    spoken = descriptors.spoken_fingerprint(tokyo.fingerprint).upper()
    with django_capture_on_commit_callbacks(execute=True):
        actions.confirm_partner(lawyer, partner, spoken, HOW)
    partner.refresh_from_db()
    assert partner.status == PartnerStatus.ACTIVE
    assert (partner.proposed_by, partner.confirmed_by) == (administrator, lawyer)
    assert tokyo.keys.read("ca.pem").decode().strip() in bundle()
    assert kinds() == ["exchange.partner_proposed", "exchange.partner_confirmed"]
    assert work_for(lawyer) == []


def test_nobody_confirms_what_they_proposed(officer, tokyo):
    both = officer(Role.ADMINISTRATOR, Role.CENTRAL_AUTHORITY)
    partner = actions.propose_partner(both, tokyo.descriptor(), ["note/1"])
    with pytest.raises(Refused, match=r"exchange\.same_officer"):
        actions.confirm_partner(both, partner, tokyo.fingerprint, HOW)


def test_a_wrong_or_copied_short_fingerprint_does_not_connect(administrator, lawyer, tokyo, hague):
    partner = actions.propose_partner(administrator, tokyo.descriptor(), ["note/1"])
    for typed in ("", tokyo.fingerprint[:16], hague.fingerprint, "0" * 64):
        with pytest.raises(Refused, match=r"exchange\.fingerprint_differs"):
            actions.confirm_partner(lawyer, partner, typed, HOW)
    with pytest.raises(Incomplete):
        actions.confirm_partner(lawyer, partner, tokyo.fingerprint, "  ok ")
    partner.refresh_from_db()
    assert partner.status == PartnerStatus.PROPOSED
    assert kinds() == ["exchange.partner_proposed"]


def test_only_the_roles_of_the_matrix_pair(officer, administrator, lawyer, tokyo):
    with pytest.raises(NotAllowed):
        actions.propose_partner(lawyer, tokyo.descriptor(), ["note/1"])
    partner = actions.propose_partner(administrator, tokyo.descriptor(), ["note/1"])
    for role in (Role.ADMINISTRATOR, Role.AUDITOR, Role.PROSECUTOR):
        with pytest.raises(NotAllowed):
            actions.confirm_partner(officer(role), partner, tokyo.fingerprint, HOW)
    with pytest.raises(NotAllowed):
        actions.revoke_partner(officer(Role.AUDITOR), partner)


def test_our_own_descriptor_rubbish_and_a_taken_key_are_refused(
    administrator, paired, tokyo, hague
):
    with pytest.raises(Refused, match=r"exchange\.own_descriptor"):
        actions.propose_partner(administrator, actions.own_descriptor(), ["note/1"])
    with pytest.raises(Untrusted):
        actions.propose_partner(administrator, "rubbish", ["note/1"])
    with pytest.raises(Refused, match=r"exchange\.type_unknown"):
        actions.propose_partner(administrator, tokyo.descriptor(), ["nonsense/1"])
    paired(tokyo)
    stolen = hague.descriptor(http_key=tokyo.described().http_key)
    with pytest.raises(Refused, match=r"exchange\.key_taken"):
        actions.propose_partner(administrator, stolen, ["note/1"])
    assert Partner.objects.count() == 1


def test_new_keys_wait_while_the_old_ones_stay_in_force(
    administrator, lawyer, paired, tokyo, foreign_keys
):
    partner = paired(tokyo)
    renewed = foreign_keys("renewed.example")
    renewed.node_id = tokyo.node_id
    with pytest.raises(Refused, match=r"exchange\.nothing_new"):
        actions.propose_partner(administrator, tokyo.descriptor(), ["note/1"])
    actions.propose_partner(administrator, renewed.descriptor(serial=2), ["note/1"])
    partner.refresh_from_db()
    assert partner.status == PartnerStatus.ACTIVE
    assert partner.fingerprint == tokyo.fingerprint
    assert partner.waits_for_confirmation
    actions.confirm_partner(lawyer, partner, renewed.fingerprint, HOW)
    partner.refresh_from_db()
    assert partner.fingerprint == renewed.fingerprint
    assert partner.http_keyid == renewed.keyid
    assert KnownDescriptor.objects.filter(partner=partner).count() == 2


def test_a_revoked_partner_is_connected_again_only_by_two_officers(
    administrator, lawyer, paired, tokyo, django_capture_on_commit_callbacks
):
    partner = paired(tokyo)
    with django_capture_on_commit_callbacks(execute=True):
        actions.revoke_partner(lawyer, partner)
    assert tokyo.keys.read("ca.pem").decode().strip() not in bundle()
    with pytest.raises(WrongState):
        actions.revoke_partner(lawyer, partner)
    with pytest.raises(WrongState):
        actions.confirm_partner(lawyer, partner, tokyo.fingerprint, HOW)
    again = actions.propose_partner(administrator, tokyo.descriptor(), ["note/1"])
    assert again.pk == partner.pk
    assert again.status == PartnerStatus.PROPOSED
    actions.confirm_partner(lawyer, again, tokyo.fingerprint, HOW)


def test_a_newer_descriptor_with_the_same_keys_is_taken_and_an_older_one_is_not(paired, tokyo):
    partner = paired(tokyo)
    moved = tokyo.descriptor(serial=5, endpoint="https://moved.example:8443")
    assert actions.learn(partner, moved)
    partner.refresh_from_db()
    assert partner.described().endpoint == "https://moved.example:8443"
    assert not actions.learn(partner, moved)
    assert not actions.learn(partner, tokyo.descriptor(serial=4))
    assert Rejection.objects.get().reason == "descriptor.replayed"


def test_a_descriptor_with_other_keys_never_replaces_by_itself(paired, tokyo, hague):
    partner = paired(tokyo)
    hague.node_id = tokyo.node_id
    assert not actions.learn(partner, hague.descriptor(serial=9))
    partner.refresh_from_db()
    assert partner.fingerprint == tokyo.fingerprint
    assert Rejection.objects.get().reason == "descriptor.fingerprint"


def test_the_own_descriptor_is_issued_once_and_again_when_something_changes(settings):
    first = actions.own_descriptor()
    assert actions.own_descriptor() == first
    settings.COMITY_EXCHANGE_URL = "https://elsewhere.example:8443"
    second = actions.own_descriptor()
    assert descriptors.parse(second).endpoint == "https://elsewhere.example:8443"
    descriptors.check_update(descriptors.parse(first), descriptors.parse(second))
    assert OwnDescriptor.objects.count() == 2


def test_the_bundle_is_written_only_when_it_changes(paired, tokyo):
    actions.write_partners_bundle()
    assert not actions.write_partners_bundle()
    paired(tokyo)
    assert actions.write_partners_bundle()
    assert not actions.write_partners_bundle()
    Partner.objects.update(status=PartnerStatus.REVOKED)
    assert actions.write_partners_bundle()


def test_a_node_id_that_our_records_cannot_hold_is_not_paired(administrator, foreign_keys):
    node = foreign_keys("tokyo.test.comity.example")
    node.node_id = ".".join(["x" * 60] * 4)
    with pytest.raises(Refused) as refused:
        actions.propose_partner(administrator, node.descriptor(), ["note/1"])
    assert refused.value.code == "exchange.node_id_too_long"
