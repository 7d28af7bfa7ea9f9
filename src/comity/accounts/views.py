"""Administration: officers, roles, proposals, teams, and the review of emergency openings."""

from __future__ import annotations

import uuid

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from comity.accounts import actions, rules
from comity.accounts.adapters import address_digest
from comity.accounts.forms import InvitationForm, OfficerForm, ReviewForm, RolesForm, TeamForm
from comity.accounts.models import (
    BreakGlass,
    Membership,
    Officer,
    Proposal,
    fetch,
    may_decide,
    officer_of,
    waiting_proposals,
)
from comity.core.access import Act, NodeActor, Role, require
from comity.core.errors import NotVisible, Refused
from comity.ui.labels import label

# Guessing a code of 80 bits is hopeless; this keeps the ledger readable while somebody tries.
INVITATION_RATES = {"invitation": "20/m/ip,10/5m/key"}


@login_required
def officers(request: HttpRequest) -> HttpResponse:
    """Who works here and what they may do; what waits for a second person."""
    actor = officer_of(request)
    require(actor, Act.SEE_OFFICERS)
    shown = {
        "officers": Officer.objects.prefetch_related("held_roles"),
        "may_add": actor.may(Act.MANAGE_OFFICERS),
        "waiting": waiting_proposals(),
    }
    return render(request, "accounts/officers.html", shown)


@never_cache
@login_required
def add_officer(request: HttpRequest) -> HttpResponse:
    """The form that proposes an officer; its answer shows the first code once."""
    actor = officer_of(request)
    require(actor, Act.MANAGE_OFFICERS)
    form = OfficerForm(request.POST or None)
    if form.is_valid():
        fields = form.cleaned_data
        roles = [Role(role) for role in fields.pop("roles")]
        try:
            proposal, code = actions.propose_officer(actor, actions.Card(**fields), roles)
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            return _show_code(request, proposal, code, first=True)
    return render(request, "accounts/add_officer.html", {"form": form})


def _show_code(request: HttpRequest, proposal: Proposal, code: str, *, first: bool) -> HttpResponse:
    """A code is shown in the answer that made it and nowhere again: no redirect, no store."""
    shown = {
        "proposal": proposal,
        "code": code,
        "first": first,
        "where": settings.COMITY_PAGES_URL + reverse("invitation"),
        "hours": int(rules.INVITATION_LASTS.total_seconds() // 3600),
    }
    return render(request, "accounts/code.html", shown)


@login_required
def officer(request: HttpRequest, pk: int) -> HttpResponse:
    """One officer's roles: fewer at once, others by a second person."""
    actor = officer_of(request)
    require(actor, Act.SEE_OFFICERS)
    found = fetch(Officer.objects.all(), pk=pk)
    form = RolesForm(request.POST or None, initial={"roles": sorted(found.roles)})
    if request.method == "POST" and form.is_valid():
        wanted = [Role(role) for role in form.cleaned_data["roles"]]
        try:
            if rules.widens(found.roles, wanted):
                actions.propose_roles(actor, found, wanted)
                said = _("Proposed. The roles change when a second person confirms it.")
            else:
                actions.narrow_roles(actor, found, wanted)
                said = _("The roles are set. What they no longer allow has ended.")
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, said)
            return redirect("officer", pk=pk)
    if request.method == "GET":
        actions.record_look(actor, found.subject, part="officer")
    shown = {
        "officer": found,
        "form": form,
        "may_manage": actor.may(Act.MANAGE_OFFICERS) and actor.pk != found.pk,
        "waiting": waiting_proposals().filter(officer=found),
    }
    return render(request, "accounts/officer.html", shown)


@login_required
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """End an officer's sign-in."""
    try:
        actions.deactivate_officer(officer_of(request), fetch(Officer.objects.all(), pk=pk))
    except Refused as refusal:
        messages.error(request, label(refusal))
    return redirect("officers")


@never_cache
@login_required
@require_POST
def new_way_in(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a new way in for an officer; the answer shows the first code once."""
    actor = officer_of(request)
    require(actor, Act.MANAGE_OFFICERS)
    found = fetch(Officer.objects.all(), pk=pk)
    try:
        proposal, code = actions.propose_new_way_in(actor, found)
    except Refused as refusal:
        messages.error(request, label(refusal))
        return redirect("officer", pk=pk)
    return _show_code(request, proposal, code, first=True)


@login_required
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """What is proposed, for those who may confirm it and for those who see officers."""
    actor = officer_of(request)
    found = _proposal(actor, pk)
    actions.record_look(actor, found.subject, part="proposal")
    waits = found.state == rules.ProposalState.WAITING
    shown = {
        "proposal": found,
        "waits": waits,
        "added": sorted(found.roles - _held(found)),
        "removed": sorted(_held(found) - found.roles) if found.roles else [],
        "may_decide": waits and may_decide(actor, found),
        "may_withdraw": waits and actor.pk == found.proposed_by_id,
    }
    return render(request, "accounts/proposal.html", shown)


def _held(found: Proposal) -> frozenset[Role]:
    return frozenset(Role(role) for role in found.facts.get("held", []))


def _proposal(actor: Officer, pk: int) -> Proposal:
    rows = Proposal.objects.select_related("officer", "proposed_by", "decided_by")
    found = fetch(rows, pk=pk)
    if not (actor.may(Act.SEE_OFFICERS) or may_decide(actor, found)):
        raise NotVisible("access.not_visible", act="see_proposal")
    return found


@never_cache
@login_required
@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a proposal as its second person; where somebody is invited, show the second code."""
    actor = officer_of(request)
    found = _proposal(actor, pk)
    try:
        code = actions.confirm_proposal(actor, found)
    except Refused as refusal:
        messages.error(request, label(refusal))
        return redirect("officer_proposal", pk=pk)
    if code:
        return _show_code(request, found, code, first=False)
    messages.success(request, _("Confirmed. It has taken effect."))
    return redirect("today")


@login_required
@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Reject a proposal, or withdraw one's own."""
    actor = officer_of(request)
    try:
        actions.reject_proposal(actor, _proposal(actor, pk))
    except Refused as refusal:
        messages.error(request, label(refusal))
    else:
        messages.success(request, _("The proposal has ended. Nothing has changed."))
    return redirect("today")


@never_cache
def invitation(request: HttpRequest) -> HttpResponse:
    """The door for an invited officer: two codes and a password of their own."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        limited = _limited(request, fields["email"])
        if limited is not None:
            return limited
        door = NodeActor("sign-in")
        try:
            actions.take_up_invitation(
                door,
                email=fields["email"],
                first=fields["first"],
                second=fields["second"],
                password=fields["password"],
            )
        except Refused as refusal:
            if refusal.code == "accounts.no_invitation":
                actions.record_failed_sign_in(door, address_digest=address_digest(fields["email"]))
            form.add_error(None, _explained(refusal))
        else:
            messages.success(
                request, _("Your password is set. Sign in with it and set up the second step.")
            )
            return redirect("account_login")
    return render(request, "accounts/invitation.html", {"form": form})


def _limited(request: HttpRequest, email: str) -> HttpResponse | None:
    answer: HttpResponse | None = ratelimit.consume_or_429(
        request,
        app="comity.accounts",
        action="invitation",
        config=INVITATION_RATES,
        key=email.strip().lower(),
    )
    return answer


def _explained(refusal: Refused) -> str:
    reasons = refusal.facts.get("reasons")
    return " ".join([label(refusal), *reasons]) if reasons else label(refusal)


@login_required
def team(request: HttpRequest, kind: str, record: uuid.UUID) -> HttpResponse:
    """Who may open a record, and letting one more officer in. Members only."""
    if not actions.is_member(officer_of(request), kind=kind, record=record):
        raise NotVisible("access.not_visible", act="see_team")
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.add_to_team(
                officer_of(request), form.cleaned_data["officer"], kind=kind, record=record
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            return redirect("team", kind=kind, record=record)
    actions.record_look(officer_of(request), f"{kind}:{record}", part="team")
    members = (
        Membership.objects.filter(kind=kind, record=record, ended_at=None)
        .select_related("officer", "glass")
        .prefetch_related("officer__held_roles")
        .order_by("granted_at")
    )
    return render(
        request,
        "accounts/team.html",
        {"form": form, "members": members, "may_add": officer_of(request).may(Act.ADD_TO_TEAM)},
    )


@login_required
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """What a second person concludes about an emergency opening."""
    require(officer_of(request), Act.REVIEW_BREAK_GLASS)
    glass = fetch(BreakGlass.objects.select_related("membership__officer", "reviewed_by"), pk=pk)
    actions.record_look(officer_of(request), glass.subject, part="reason")
    form = ReviewForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.review_break_glass(
                officer_of(request), glass, justified=form.cleaned_data["finding"] == "justified"
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("Your finding is recorded."))
            return redirect("today")
    return render(request, "accounts/review.html", {"glass": glass, "form": form})
