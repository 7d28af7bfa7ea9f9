"""Administration: officers, roles, teams, and the review of emergency openings."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts import actions
from comity.accounts.forms import OfficerForm, ReviewForm, RolesForm, TeamForm
from comity.accounts.models import BreakGlass, Membership, Officer, fetch, officer_of
from comity.core.access import Act, Role, require
from comity.core.errors import NotVisible, Refused
from comity.ui.labels import label


@login_required
def officers(request: HttpRequest) -> HttpResponse:
    """Who works here and what they may do."""
    require(officer_of(request), Act.SEE_OFFICERS)
    rows = Officer.objects.prefetch_related("held_roles")
    may_add = officer_of(request).may(Act.MANAGE_OFFICERS)
    return render(request, "accounts/officers.html", {"officers": rows, "may_add": may_add})


@login_required
def add_officer(request: HttpRequest) -> HttpResponse:
    """The form that makes an officer."""
    require(officer_of(request), Act.MANAGE_OFFICERS)
    form = OfficerForm(request.POST or None)
    if form.is_valid():
        fields = form.cleaned_data
        roles = [Role(role) for role in fields.pop("roles")]
        try:
            actions.add_officer(officer_of(request), roles=roles, **fields)
        except Refused as refusal:
            form.add_error(None, _explained(refusal))
        else:
            messages.success(request, _("The officer can sign in now."))
            return redirect("officers")
    return render(request, "accounts/add_officer.html", {"form": form})


def _explained(refusal: Refused) -> str:
    reasons = refusal.facts.get("reasons")
    return " ".join([label(refusal), *reasons]) if reasons else label(refusal)


@login_required
def officer(request: HttpRequest, pk: int) -> HttpResponse:
    """One officer's roles."""
    require(officer_of(request), Act.SEE_OFFICERS)
    found = fetch(Officer.objects.all(), pk=pk)
    form = RolesForm(request.POST or None, initial={"roles": sorted(found.roles)})
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_roles(
                officer_of(request), found, [Role(role) for role in form.cleaned_data["roles"]]
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The roles are set."))
            return redirect("officer", pk=pk)
    may_manage = officer_of(request).may(Act.MANAGE_OFFICERS)
    shown = {"officer": found, "form": form, "may_manage": may_manage}
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
