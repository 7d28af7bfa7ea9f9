"""How much harm an officer looks at: own page, a colleague's limit, the mark on an item."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import Officer, actor_names, fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence import actions
from comity.evidence.forms import ExposureForm
from comity.evidence.models import Item
from comity.ui.labels import label


@login_required
def own(request: HttpRequest) -> HttpResponse:
    """What the officer opened today, their limit, and for supervisors their colleagues."""
    actor = officer_of(request)
    require(actor, Act.OPEN_ITEM)
    return _page(request, actor, actor)


@login_required
def colleague(request: HttpRequest, pk: int) -> HttpResponse:
    """The limit of an officer in one of the supervisor's teams."""
    actor = officer_of(request)
    require(actor, Act.REVIEW_BREAK_GLASS)
    seen = [officer.pk for officer in actions.colleagues_of(actor)]
    return _page(request, actor, fetch(Officer.objects.filter(pk__in=seen), pk=pk))


def _page(request: HttpRequest, actor: Officer, officer: Officer) -> HttpResponse:
    exposure = actions.exposure_of(officer)
    form = ExposureForm(request.POST or None, initial={"views_a_day": exposure.limit})
    if form.is_valid():
        try:
            actions.set_exposure_limit(actor, officer, form.cleaned_data["views_a_day"])
        except Refused as refusal:
            form.add_error("views_a_day", label(refusal))
        else:
            messages.success(request, _("The limit is set."))
            return redirect("exposure")
    is_own = actor.pk == officer.pk
    lead = is_own and actor.may(Act.REVIEW_BREAK_GLASS)
    title = _("Distressing items") if is_own else officer.name
    shown = {
        "title": title,
        "crumbs": [(title, None)],
        "exposure": exposure,
        "set_by": actor_names({exposure.set_by}).get(exposure.set_by, ""),
        "is_own": is_own,
        "form": form,
        "colleagues": [
            (each, actions.exposure_of(each)) for each in actions.colleagues_of(actor)
        ] if lead else [],
    }  # fmt: skip
    return render(request, "evidence/exposure.html", shown, status=422 if form.errors else 200)


@login_required
@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """Warn colleagues that the item is hard to look at."""
    actor = officer_of(request)
    actions.mark_distressing(actor, fetch(Item.objects.visible_to(actor), pk=pk))
    return redirect("item", pk=pk)


@login_required
@require_POST
def unmark(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the warning away."""
    actor = officer_of(request)
    actions.unmark_distressing(actor, fetch(Item.objects.visible_to(actor), pk=pk))
    return redirect("item", pk=pk)
