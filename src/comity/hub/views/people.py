"""Searching, registering and the person's page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from comity.accounts import actions as accounts
from comity.accounts.models import Officer, fetch, made_once, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.evidence.models import Item
from comity.hub import actions, record
from comity.hub.forms import PersonForm, SearchForm
from comity.hub.models import Person, known_recipients
from comity.hub.views import shared
from comity.ui.labels import label

PER_PAGE = 25
SEARCHED = "hub_searched"


@never_cache
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Search first; below it the officer's own people, by code."""
    actor = officer_of(request)
    require(actor, Act.SEE_PEOPLE)
    form, found = SearchForm(request.POST or None), None
    if form.is_valid():
        try:
            found = actions.search_people(actor, form.cleaned_data["text"])
        except Refused as refusal:
            form.add_error("text", label(refusal))
        else:
            request.session[SEARCHED] = True
    rows = Person.objects.visible_to(actor).listed()
    accounts.record_look(actor, actor.subject, part="list.people")
    return render(
        request,
        "hub/people.html",
        {
            "form": form,
            "found": found,
            "page_obj": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "may_register": actor.may(Act.REGISTER_PERSON),
            "searched": request.session.get(SEARCHED, False),
        },
    )


@never_cache
@login_required
def person_new(request: HttpRequest) -> HttpResponse:
    """Register a person; closed until a search was made."""
    actor = officer_of(request)
    require(actor, Act.REGISTER_PERSON)
    searched = bool(request.session.get(SEARCHED))
    form = PersonForm(request.POST or None)
    if form.is_valid():
        once = Person.objects.visible_to(actor).filter(uid=form.cleaned_data["once"])
        try:
            made, is_new = made_once(
                once, lambda: actions.register_person(actor, searched=searched, **form.facts())
            )
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            if is_new:
                request.session.pop(SEARCHED, None)
                messages.success(request, _("The file is open. Only its team sees it."))
            return redirect("person", pk=made.pk)
    crumbs = [(_("People"), reverse("people")), (_("Register a person"), None)]
    shown = {"form": form, "searched": searched, "crumbs": crumbs, "nav_current": "people"}
    return render(request, "hub/person_new.html", shown)


@never_cache
@login_required
@require_GET
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One person; opening the page is recorded before anything sealed is opened."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor).select_related("created_by"), pk=pk)
    named = not found.name_never_shown or request.GET.get("show") == "name"
    by_itself = found.name_never_shown and named
    accounts.record_look(actor, found.subject, part="name" if by_itself else "file")
    look_count, looks = record.who_looked(found)
    return render(
        request,
        "hub/person.html",
        shared.heading(found, named)
        | shared.beside(found, actor)
        | {
            "person": found,
            "named": named,
            "identity": found.opened_identity,
            "answers": record.answer_rows(found, known_recipients(), timezone.localdate()),
            "told": record.accounts_of(found, Item.objects.visible_to(actor)),
            "left": record.what_left(found),
            "looks": looks,
            "look_count": look_count,
            "may": _may(actor),
            "tabs": shared.tabs(found, actor, "person"),
        },
    )


def _may(actor: Officer) -> dict[str, bool]:
    return {
        "consent": actor.may(Act.RECORD_CONSENT),
        "withdraw": actor.may(Act.WITHDRAW_CONSENT),
        "add": actor.may(Act.ADD_ITEM),
        "share": actor.may(Act.SHARE_ACCOUNT),
    }
