"""What one administrator proposes about an officer, and what a second person decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from comity.accounts.actions import _writing, invitations
from comity.accounts.models import Officer, Proposal, may_decide
from comity.accounts.rules import ProposalKind, ProposalState
from comity.core.access import Act, Role, require
from comity.core.errors import NotAllowed, Refused, WrongState
from comity.ledger import actions as ledger


@dataclass(frozen=True)
class Card:
    """Who a new officer is. email: what they sign in with. language: uk, ja or en."""

    email: str
    name: str
    name_latin: str = ""
    title: str = ""
    office: str = ""
    language: str = "en"


@transaction.atomic
def propose_officer(actor: Officer, card: Card, roles: Iterable[Role]) -> tuple[Proposal, str]:
    """Propose a new officer; return the proposal and the first code of their invitation.

    Nobody can sign in before another officer confirms. The code is not kept, only its digest.
    Raises NotAllowed; Refused("accounts.incompatible_roles" | "accounts.email_taken" |
    "accounts.already_proposed").
    """
    require(actor, Act.MANAGE_OFFICERS)
    wanted = frozenset(roles)
    _writing.require_compatible(wanted)
    email = card.email.strip().lower()
    if Officer.objects.filter(email=email).exists():
        raise Refused("accounts.email_taken")
    code = invitations.new_code()
    facts = asdict(card) | {"email": email, "roles": sorted(wanted)}
    proposal = Proposal(
        kind=ProposalKind.NEW_OFFICER,
        email=email,
        facts=facts,
        code_digest=invitations.digest(code),
        proposed_by=actor,
    )
    _store(proposal)
    ledger.append(
        actor, "accounts.change_proposed", proposal.subject,
        change=proposal.kind, roles=sorted(wanted),
    )  # fmt: skip
    return proposal, code


@transaction.atomic
def propose_roles(actor: Officer, officer: Officer, roles: Iterable[Role]) -> Proposal:
    """Propose exactly these roles for an officer; they change when another officer confirms.

    Raises NotAllowed; Refused("accounts.own_roles" | "accounts.incompatible_roles" |
    "accounts.already_proposed" | "accounts.officer_gone").
    """
    require(actor, Act.MANAGE_OFFICERS)
    officer = _subject(actor, officer)
    wanted = frozenset(roles)
    _writing.require_compatible(wanted)
    proposal = Proposal(
        kind=ProposalKind.ROLES,
        officer=officer,
        facts={"roles": sorted(wanted), "held": sorted(officer.roles)},
        proposed_by=actor,
    )
    _store(proposal)
    ledger.append(
        actor, "accounts.change_proposed", proposal.subject,
        change=proposal.kind, officer=officer.actor_id,
        added=sorted(wanted - officer.roles), removed=sorted(officer.roles - wanted),
    )  # fmt: skip
    return proposal


@transaction.atomic
def propose_new_way_in(actor: Officer, officer: Officer) -> tuple[Proposal, str]:
    """Propose to end an officer's password and second step and to invite them anew.

    Returns the proposal and the first code. Nothing ends before another officer confirms.
    Raises NotAllowed; Refused("accounts.own_roles" | "accounts.already_proposed" |
    "accounts.officer_gone").
    """
    require(actor, Act.MANAGE_OFFICERS)
    officer = _subject(actor, officer)
    code = invitations.new_code()
    proposal = Proposal(
        kind=ProposalKind.NEW_WAY_IN,
        officer=officer,
        code_digest=invitations.digest(code),
        proposed_by=actor,
    )
    _store(proposal)
    ledger.append(
        actor, "accounts.change_proposed", proposal.subject,
        change=proposal.kind, officer=officer.actor_id,
    )  # fmt: skip
    return proposal, code


def _subject(actor: Officer, officer: Officer) -> Officer:
    if actor.pk == officer.pk:
        raise Refused("accounts.own_roles")
    officer = Officer.objects.select_for_update().get(pk=officer.pk)
    if not officer.is_active:
        raise Refused("accounts.officer_gone")
    return officer


def _store(proposal: Proposal) -> None:
    try:
        proposal.save()
    except IntegrityError as waiting:
        raise Refused("accounts.already_proposed") from waiting


@transaction.atomic
def confirm_proposal(actor: Officer, proposal: Proposal) -> str:
    """Let a proposal take effect as its second person; return the second code, or nothing.

    The code comes where the officer is invited: each of the two hands over their own. Both names
    are in the entry. Raises NotAllowed; WrongState("accounts.proposal_decided");
    Refused("accounts.proposer_gone" | "accounts.roles_changed" | "accounts.email_taken" …).
    """
    require(actor, Act.CONFIRM_OFFICERS)
    proposal = _to_decide(actor, proposal)
    proposer = proposal.proposed_by
    if not (proposer.is_active and proposer.may(Act.MANAGE_OFFICERS)):
        raise Refused("accounts.proposer_gone")
    if proposal.kind == ProposalKind.ROLES:
        code, changed = "", _set_roles(actor, proposal)
    elif proposal.kind == ProposalKind.NEW_OFFICER:
        code, changed = _add(actor, proposal)
    else:
        code, changed = invitations.renew(actor, _present(proposal), proposal.code_digest)
    _decide(actor, proposal, ProposalState.CONFIRMED)
    kind, details = changed
    officer = _present(proposal)
    ledger.append(
        actor, kind, officer.subject,
        proposed_by=proposer.actor_id, confirmed_by=actor.actor_id,
        proposal=str(proposal.uid), **details,
    )  # fmt: skip
    return code


Changed = tuple[str, dict[str, Any]]  # the entry's kind and what it says besides


def _set_roles(actor: Officer, proposal: Proposal) -> Changed:
    officer = Officer.objects.select_for_update().get(pk=_present(proposal).pk)
    held, wanted = officer.roles, proposal.roles
    if sorted(held) != proposal.facts["held"]:
        raise Refused("accounts.roles_changed")
    if not officer.is_active:
        raise Refused("accounts.officer_gone")
    _writing.require_compatible(wanted)
    officer.held_roles.filter(role__in=held - wanted).delete()
    _writing.give_roles(officer, wanted - held, granted_by=actor.actor_id)
    ended = _writing.end_unfitting(actor, officer, wanted) if held - wanted else 0
    _writing.end_sessions(officer)
    details = {
        "added": sorted(wanted - held),
        "removed": sorted(held - wanted),
        "memberships_ended": ended,
    }
    return "accounts.roles_set", details


def _add(actor: Officer, proposal: Proposal) -> tuple[str, Changed]:
    card = {name: proposal.facts[name] for name in Card.__dataclass_fields__}
    officer = Officer(**card)
    officer.set_unusable_password()
    _writing.require_compatible(proposal.roles)
    _writing.store_officer(officer, proposal.roles, granted_by=actor.actor_id)
    proposal.officer = officer
    code = invitations.invite(actor, officer, proposal.code_digest)
    return code, ("accounts.officer_added", {"roles": sorted(proposal.roles)})


@transaction.atomic
def reject_proposal(actor: Officer, proposal: Proposal) -> None:
    """End a proposal without effect: its proposer withdraws it, or a second person rejects it.

    Raises NotAllowed; WrongState("accounts.proposal_decided").
    """
    require(actor, Act.CONFIRM_OFFICERS)
    if actor.pk == proposal.proposed_by_id:
        proposal, state = _waiting(proposal), ProposalState.WITHDRAWN
    else:
        proposal, state = _to_decide(actor, proposal), ProposalState.REJECTED
    _decide(actor, proposal, state)
    ledger.append(
        actor, f"accounts.change_{state}", proposal.subject,
        change=proposal.kind, proposed_by=proposal.proposed_by.actor_id,
    )  # fmt: skip


def _waiting(proposal: Proposal) -> Proposal:
    proposal = Proposal.objects.select_for_update().get(pk=proposal.pk)
    if proposal.state != ProposalState.WAITING:
        raise WrongState("accounts.proposal_decided")
    return proposal


def _to_decide(actor: Officer, proposal: Proposal) -> Proposal:
    proposal = _waiting(proposal)
    if not may_decide(actor, proposal):
        raise NotAllowed("accounts.not_second_person", act="confirm_officers")
    return proposal


def _decide(actor: Officer, proposal: Proposal, state: ProposalState) -> None:
    proposal.state = state
    proposal.decided_by, proposal.decided_at = actor, timezone.now()
    proposal.save(update_fields=["state", "decided_by", "decided_at", "officer"])


def _present(proposal: Proposal) -> Officer:
    if proposal.officer is None:
        raise Refused("accounts.officer_gone")
    return proposal.officer
