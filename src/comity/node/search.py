"""The search box in the header: what the officer may open, and nothing else."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from comity.accounts.models import Officer, officer_of
from comity.assistance.models import LetterOfRequest
from comity.cases.models import Case, Incident
from comity.core.access import Act
from comity.evidence.models import Item
from comity.hub import actions as hub

AT_MOST = 20


def find(officer: Officer, text: str) -> list[dict[str, Any]]:
    """Rows {kind, number, title, url} in the order cases, incidents, letters, items, people."""
    digits = "".join(each for each in text if each.isdigit())
    key = Q(pk=int(digits)) if digits and len(digits) < 12 else Q(pk=None)
    rows: list[dict[str, Any]] = [
        _row(_("Case"), case.number, case.title, "case", case.pk)
        for case in Case.objects.visible_to(officer).filter(
            Q(number__icontains=text) | Q(title__icontains=text)
        )[:AT_MOST]
    ]
    rows += [
        _row(_("Incident"), incident.number, incident.title, "incident", incident.pk)
        for incident in Incident.objects.visible_to(officer).filter(key | Q(title__icontains=text))[
            :AT_MOST
        ]
    ]
    rows += [
        _row(_("Letter"), letter.number, letter.title, "letter", letter.pk)
        for letter in LetterOfRequest.objects.visible_to(officer).filter(
            key | Q(title__icontains=text)
        )[:AT_MOST]
    ]
    rows += [
        _row(_("Item"), item.number, item.title, "item", item.pk)
        for item in Item.objects.visible_to(officer).filter(key | Q(title__icontains=text))[
            :AT_MOST
        ]
    ]
    if officer.may(Act.SEE_PEOPLE):
        rows += [
            _row(_("Person"), person.code, "", "person", person.pk)
            for person in hub.search_people(officer, text)
        ]
    return rows


def _row(kind: str, number: str, title: str, url_name: str, key: int) -> dict[str, Any]:
    return {"kind": kind, "number": number, "title": title, "url": reverse(url_name, args=[key])}


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """What the officer may open that fits the text."""
    # By POST: a name that is searched for must not stand in an address, a history or a log.
    text = request.POST.get("q", "").replace("\x00", "").strip()[:100]
    rows = find(officer_of(request), text) if text else []
    return render(request, "node/search.html", {"rows": rows, "text": text})
