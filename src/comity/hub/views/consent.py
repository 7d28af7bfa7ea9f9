"""Recording and withdrawing consent, and the sheet that the person takes home."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from comity.accounts import actions as accounts
from comity.accounts.models import fetch, officer_of
from comity.core.access import Act, require
from comity.core.errors import Refused
from comity.hub import actions, record
from comity.hub.forms import ConsentForm
from comity.hub.models import ConsentGrant, Person, known_recipients
from comity.hub.sheet import print_sheet
from comity.hub.words import LANGUAGES, recipient_words
from comity.ui.labels import label

# The text that is read to the person: the sheet's own words (core/documents/strings), by edition.
TEXT_VERSION = "2026-11"


def _crumbs(found: Person, here: str) -> list[tuple[str, str | None]]:
    return [
        (_("People"), reverse("people")),
        (found.code, reverse("person", args=[found.pk])),
        (here, None),
    ]


@never_cache
@login_required
def person_consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask and record the answer. Nothing is ticked beforehand."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor), pk=pk)
    require(actor, Act.RECORD_CONSENT)
    asked = {"recipient": request.GET.get("recipient", "")}
    form = ConsentForm(request.POST or None, initial=asked)
    if form.is_valid():
        try:
            actions.record_consent(actor, found, text_version=TEXT_VERSION, **form.facts())
        except Refused as refusal:
            form.add_error(None, label(refusal))
        else:
            messages.success(request, _("The answer is recorded and holds from now."))
            return redirect("person", pk=pk)
    accounts.record_look(actor, found.subject, part="consent")
    shown = {
        "person": found,
        "form": form,
        "crumbs": _crumbs(found, _("Consent")),
        "nav_current": "people",
    }
    return render(request, "hub/consent.html", shown)


@never_cache
@login_required
def consent_withdraw(request: HttpRequest, pk: int, grant: int) -> HttpResponse:
    """Say what already left, then take the agreement back."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor), pk=pk)
    answer = fetch(ConsentGrant.objects.filter(person=found), pk=grant)
    require(actor, Act.WITHDRAW_CONSENT)
    if request.method == "POST":
        try:
            actions.withdraw_consent(actor, answer)
        except Refused as refusal:
            messages.error(request, label(refusal))
        else:
            messages.success(
                request, _("The agreement is withdrawn. Nothing more leaves under it.")
            )
        return redirect("person", pk=pk)
    accounts.record_look(actor, found.subject, part="consent")
    shown = {
        "person": found,
        "answer": answer,
        "recipient": recipient_words(answer.recipient, known_recipients()),
        "left": record.what_left(found, source=answer.subject),
        "crumbs": _crumbs(found, _("Withdraw")),
        "nav_current": "people",
    }
    return render(request, "hub/withdraw.html", shown)


@never_cache
@login_required
@require_GET
def consent_sheet(request: HttpRequest, pk: int, language: str) -> HttpResponse:
    """The person's own sheet as PDF; the name is left out when it is never to be shown."""
    actor = officer_of(request)
    found = fetch(Person.objects.visible_to(actor), pk=pk)
    if language not in LANGUAGES:
        raise Http404
    accounts.record_look(actor, found.subject, part="consent_sheet")
    name = found.code if found.name_never_shown else found.opened_identity["preferred_name"]
    try:
        pdf = print_sheet(found, name, record.newest_answers(found), actor, language)
    except Refused as refusal:
        messages.error(request, label(refusal))
        return redirect("person", pk=pk)
    disposition = f'attachment; filename="{found.code}-{language}.pdf"'
    return HttpResponse(
        pdf, content_type="application/pdf", headers={"Content-Disposition": disposition}
    )
