"""What an officer says of a suggestion that two items look alike."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from comity.accounts.models import fetch, officer_of
from comity.core.access import Act, require
from comity.evidence import actions
from comity.evidence.models import Item, Likeness


@login_required
@require_POST
def dismiss(request: HttpRequest, pk: int, likeness: int) -> HttpResponse:
    """Say that two items do not show the same."""
    actor = officer_of(request)
    require(actor, Act.ADD_ITEM)
    item = fetch(Item.objects.visible_to(actor), pk=pk)
    found = fetch(Likeness.objects.filter(Q(first=item) | Q(second=item)), pk=likeness)
    actions.dismiss_likeness(actor, found)
    messages.success(request, _("The suggestion is gone. That you said so is recorded."))
    return redirect(reverse("item", args=[pk]))
